"""What callers send: every request body of the operator's API.

Dicts in JSON; a field that is not here is an error. Nothing of these is ever signed, so
they may hold what bodies of records may not: a date, a degree, a yes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, dataclass_transform

import msgspec

from fabnet.designs.bom import UNITS_MAX
from fabnet.designs.documents.grant import GRANT_BYTES_MAX
from fabnet.designs.documents.withdrawal import WITHDRAWAL_BYTES_MAX
from fabnet.designs.revision import ORIGINS_MAX, REVISION_BYTES_MAX
from fabnet.node.api.table import Role
from fabnet.production.receipt import MinuteKind
from fabnet.production.receipt import Minutes as SignedMinutes
from fabnet.production.request import FACTS_MAX, ITEMS_MAX, PIECES_MAX
from fabnet.records.ids import CidText, Name, Token
from fabnet.records.record import BODY_BYTES_MAX

RADIUS_KM_MAX: Final = 20_015
"""Half-way round the Earth."""
CONTACT_CHARS_MAX: Final = 400
"""Characters; what is sealed in CONFIRM has 2 KiB for all of it."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339, with its offset."""
PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
TokenName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,39}(?!\n)$")]
Document = Annotated[bytes, msgspec.Meta(min_length=2, max_length=BODY_BYTES_MAX)]
"""A signed document, in base64."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request body."""


class NewDesign(Ask):
    """A revision to publish; its files were uploaded before."""

    manifest: Annotated[
        bytes, msgspec.Meta(min_length=2, max_length=REVISION_BYTES_MAX)
    ]
    """Canonical JSON, in base64."""
    folder: CidText
    """The UnixFS folder of its files."""
    grant: Annotated[bytes, msgspec.Meta(min_length=2, max_length=GRANT_BYTES_MAX)]
    """The signed licence grant, in base64."""
    reviewed: Annotated[tuple[CidText, ...], msgspec.Meta(max_length=ORIGINS_MAX)] = ()
    """Origins whose licence leaves it open, and was read by a person who allows it."""


class NewDocument(Ask):
    """A signed document for this node to carry."""

    kind: Literal["charter/1", "membership/1", "policy/1", "dispute/1"]
    document: Document


class NewWithdrawal(Ask):
    """A withdrawal of a revision that is here, for this node to carry."""

    document: Annotated[
        bytes, msgspec.Meta(min_length=2, max_length=WITHDRAWAL_BYTES_MAX)
    ]
    """Signed by enough of its rightsholders, in base64."""


class NewItem(Ask):
    """So many pieces of one part."""

    revision: CidText
    part: Name
    pieces: Annotated[int, msgspec.Meta(ge=1, le=PIECES_MAX)]


class NewUnits(Ask):
    """So many units of a whole design: every part that is made of it."""

    revision: CidText
    units: Annotated[int, msgspec.Meta(ge=1, le=UNITS_MAX)]


class NewPlace(Ask):
    """A place in decimal degrees; only a town of it is kept."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class NewPerson(Ask):
    """For whom; stays on this node, but for CONFIRM, sealed."""

    name: PersonName
    contact: Annotated[str, msgspec.Meta(max_length=CONTACT_CHARS_MAX)] = ""


class NewRequest(Ask):
    """What someone wishes for."""

    due: Moment
    """Wanted by."""
    need: str
    """One of the five need codes."""
    person: NewPerson = msgspec.field(name="for")
    items: Annotated[tuple[NewItem, ...], msgspec.Meta(max_length=ITEMS_MAX)] = ()
    """Pieces of parts; of the same part, together with what `units` come to."""
    units: Annotated[tuple[NewUnits, ...], msgspec.Meta(max_length=ITEMS_MAX)] = ()
    """Whole designs; at least one of the two says something."""
    deadline: Moment | None = None
    """Useless after."""
    act: Literal["make_for_peer_at_cost", "replicate_own"] = "make_for_peer_at_cost"
    facts: Annotated[tuple[Token, ...], msgspec.Meta(max_length=FACTS_MAX)] = ()
    materials: Annotated[tuple[Token, ...], msgspec.Meta(max_length=32)] = ()
    radius_km: Annotated[int, msgspec.Meta(ge=1, le=RADIUS_KM_MAX)] | None = None
    place: NewPlace | None = None
    """Nil: the town of the facility here."""


class Cancellation(Ask):
    """The missing pieces are no longer wanted."""


class NewMinutes(Ask):
    """So many minutes of one kind of work."""

    kind: MinuteKind
    minutes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

    def signed(self) -> SignedMinutes:
        """Return them as they stand in a record."""
        return SignedMinutes(self.kind, self.minutes)


class NewAcceptance(Ask):
    """The pieces were taken; these minutes are granted, nil for all that is claimed."""

    minutes: Annotated[tuple[NewMinutes, ...], msgspec.Meta(max_length=5)] | None = None


class BenchCount(Ask):
    """What a person found on the bench."""

    good: bool
    person: PersonName


class MachineChange(Ask):
    """What a person says of a machine."""

    state: Literal["idle", "drained", "offline"]


class PieceByHand(Ask):
    """A piece that was finished at a manual station."""

    good: bool


class FirstOperator(Ask):
    """The token printed at the first start, to be exchanged once."""

    one_time_token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    name: TokenName


class NewToken(Ask):
    """Someone who may call the API."""

    name: TokenName
    role: Role
