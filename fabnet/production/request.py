"""A request: someone wishes for pieces of a design by a time. Signed, nameless."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.production.place import Place
from fabnet.records.body import Body
from fabnet.records.ids import (
    CharterIdText,
    CidText,
    Count,
    JobIdText,
    Moment,
    Name,
    Text,
    Token,
    spelled,
)

KIND: Final = "request/1"
CLOSED_KIND: Final = "request-closed/1"
ITEMS_MAX: Final = 50
"""Parts in one request; a kit with more is several requests."""
PIECES_MAX: Final = 10_000
"""Pieces of one part in one request; more is a factory's order, not a neighbour's."""
FACTS_MAX: Final = 16
"""Facts stated at once; the terms table knows fewer."""

NeedCode = Literal[
    "life-and-health", "shelter-and-food", "care-and-learning", "livelihood", "other"
]
"""Asserted by the requester's steward; weighed by policy."""
NEED_CODES: Final[tuple[NeedCode, ...]] = (
    "life-and-health",
    "shelter-and-food",
    "care-and-learning",
    "livelihood",
    "other",
)

Act = Literal["make_for_peer_at_cost", "replicate_own"]


class Item(Body):
    """So many pieces of one part."""

    revision: CidText
    part: Name
    pieces: Annotated[int, msgspec.Meta(ge=1, le=PIECES_MAX)]


class Request(Body):
    """What is wanted, by when, near where, and how much it is needed (VF Intent)."""

    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    due_ms: Moment
    """Wanted by."""
    deadline_ms: Moment | None
    """Useless after."""
    need: NeedCode
    act: Act
    facts: Annotated[tuple[Token, ...], msgspec.Meta(max_length=FACTS_MAX)]
    """Facts that the licence's terms ask for, stated by the requester's cooperative."""
    materials: Annotated[tuple[Token, ...], msgspec.Meta(max_length=32)]
    """Materials accepted; none means any that the design allows."""
    radius_m: Count | None
    place: Place
    """Coarse: a town, never a door."""
    charter: CharterIdText
    """The cooperative that asks."""
    person: Annotated[str, spelled("[0-9a-f]{64}")]
    """HMAC of the person under the cooperative's secret: the same person is the same
    here, and nobody elsewhere learns who."""


class RequestClosed(Body):
    """The requester is done with a job."""

    request: JobIdText
    outcome: Literal["fulfilled", "cancelled", "expired", "refused"]
    note: Text
