"""What a lot came to: opened by the requester, closed by the facility, then accepted.

These are log records, and only the matched pair of lot-closed and acceptance posts
minutes of credit. For one job and epoch the lowest (incarnation, seq) counts.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.production.request import PIECES_MAX
from fabnet.records.body import Body
from fabnet.records.ids import (
    CidText,
    Count,
    DocumentIdText,
    JobId,
    JobIdText,
    MachineIdText,
    Moment,
    Name,
    PeerIdText,
    RecordIdText,
    Token,
)

LOT_OPENED: Final = "lot-opened/1"
LOT_CLOSED: Final = "lot-closed/1"
ACCEPTANCE: Final = "acceptance/1"
PASSPORT_BYTES_MAX: Final = 32_768
"""Bytes of a passport, so that it fits in a record's body beside its lot."""

MinuteKind = Literal["set-up", "machine", "quality", "teaching", "transport"]
MINUTE_KINDS: Final[tuple[MinuteKind, ...]] = (
    "set-up",
    "machine",
    "quality",
    "teaching",
    "transport",
)
_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]


class Minutes(Body):
    """So many minutes of one kind of work."""

    kind: MinuteKind
    minutes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class LotOpened(Body):
    """The requester allocated pieces to a machine: durable before anything is sent."""

    job: JobIdText
    epoch: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    revision: CidText
    part: Name
    pieces: Annotated[int, msgspec.Meta(ge=1, le=PIECES_MAX)]
    maker: PeerIdText
    machine: MachineIdText
    start_ms: Moment
    end_ms: Moment
    policy: DocumentIdText


class LotClosed(Body):
    """The facility's account of a finished lot (VF EconomicEvent)."""

    job: JobIdText
    epoch: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    requester: PeerIdText
    machine: MachineIdText
    good: _Pieces
    scrap: _Pieces
    reason: Token
    minutes: Annotated[tuple[Minutes, ...], msgspec.Meta(max_length=5)]
    energy_wh: Count
    mass_mg: Count
    policy: DocumentIdText
    """The policy version the lot was leased under."""
    passport: Annotated[bytes, msgspec.Meta(max_length=PASSPORT_BYTES_MAX)] | None
    """A credential for each lot with good pieces."""


class Acceptance(Body):
    """The requester took the pieces, and grants these minutes of what was claimed."""

    job: JobIdText
    epoch: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    lot_closed: RecordIdText
    good: _Pieces
    minutes: Annotated[tuple[Minutes, ...], msgspec.Meta(max_length=5)]


def lot_key(job: JobId, epoch: int) -> str:
    """Return the key under which a lot's records and state are found."""
    return f"{job}/{epoch}"
