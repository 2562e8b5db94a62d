"""What requester and facility say to each other about one lot, point to point.

Every message names the lot (job, epoch). Counts in a receipt are cumulative, so a
repeated or late one does no harm. A maker's statement carries its incarnation: the
requester believes a FINAL only from the database it confirmed to.
"""

from __future__ import annotations

from typing import Annotated
from typing import Final as Constant

import msgspec

from fabnet.production.request import FACTS_MAX, PIECES_MAX, Act, NeedCode
from fabnet.records.body import Body
from fabnet.records.ids import (
    CharterIdText,
    CidText,
    Count,
    DocumentIdText,
    Incarnation,
    JobIdText,
    MachineIdText,
    Moment,
    Name,
    Text,
    Token,
)

LEASE_REQUEST: Constant = "lease-request/1"
LEASE: Constant = "lease/1"
CONFIRM: Constant = "confirm/1"
CANCEL: Constant = "cancel/1"
RECEIPT: Constant = "receipt/1"
FINAL: Constant = "final/1"
LOST: Constant = "lost/1"
ATTEST: Constant = "attest/1"
FENCE: Constant = "fence/1"
STATUS: Constant = "status/1"
ACK: Constant = "ack/1"

SEALED_BYTES_MAX: Constant = 4_096
"""Bytes of sealed personal data: a name, a way to hand over, a note."""
COUNT_BYTES_MAX: Constant = 16_384
"""Bytes of a signed count of a bench; a few signatures fit."""
STATUS_LOTS_MAX: Constant = 200
"""Lots in one STATUS; the rest follow in the next."""
Epoch = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]


class LeaseRequest(Body):
    """The requester asks for a machine and a window for one lot."""

    job: JobIdText
    epoch: Epoch
    revision: CidText
    part: Name
    pieces: Annotated[int, msgspec.Meta(ge=1, le=PIECES_MAX)]
    machine: MachineIdText
    version: Count
    """Of the capacity offer that the plan was made on."""
    start_ms: Moment
    end_ms: Moment
    due_ms: Moment
    need: NeedCode
    act: Act
    facts: Annotated[tuple[Token, ...], msgspec.Meta(max_length=FACTS_MAX)]
    charter: CharterIdText


class Lease(Body):
    """The facility holds machine and window for a while."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    hold_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    policy: DocumentIdText
    acceptance: Annotated[bytes, msgspec.Meta(max_length=32_768)]
    """The licence acceptance, a credential signed by the facility's node."""


class Confirm(Body):
    """The requester commits: from here only a FINAL or a person frees the pieces."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    sealed: Annotated[bytes, msgspec.Meta(max_length=SEALED_BYTES_MAX)]
    """Personal data, sealed to the facility's sealing key."""


class Cancel(Body):
    """The requester no longer wants the lot; answered by FINAL."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation | None
    """Nil before CONFIRM."""


class Receipt(Body):
    """What there is so far: cumulative counts."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    good: _Pieces
    scrap: _Pieces
    in_doubt: Annotated[int, msgspec.Meta(ge=0, le=1)]


class Final(Body):
    """No piece of this lot will be made from here on; also the refusal, with zeros."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    good: _Pieces
    scrap: _Pieces
    reason: Token
    """`made`, or why not."""
    detail: Text


class Lost(Body):
    """The facility lost the database that this lot was confirmed to."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    """The one that is gone."""
    now: Incarnation


class Attest(Body):
    """A person counted the bench of a lost lot, and signed for it."""

    job: JobIdText
    epoch: Epoch
    maker: Incarnation
    good: _Pieces
    scrap: _Pieces
    document: Annotated[bytes, msgspec.Meta(max_length=COUNT_BYTES_MAX)]
    """An attestation: a credential that an operator of the facility signed."""


class Fence(Body):
    """The requester was restored: end every lot that an older database of it asked."""

    requester: Incarnation


class Counted(Body):
    """One lot as the facility knows it, for a requester that has forgotten it."""

    job: JobIdText
    epoch: Epoch
    good: _Pieces
    scrap: _Pieces


class Status(Body):
    """What became of every lot that an older database asked; in as many as it takes."""

    requester: Incarnation
    """As in the FENCE that this answers."""
    maker: Incarnation
    lots: Annotated[tuple[Counted, ...], msgspec.Meta(max_length=STATUS_LOTS_MAX)]
    more: Annotated[int, msgspec.Meta(ge=0, le=1)]
    """1 when another STATUS follows; a lot that none of them names is not known."""


class Ack(Body):
    """Everything up to `seq` of your `incarnation` is on our disk."""

    incarnation: Incarnation
    seq: Count
