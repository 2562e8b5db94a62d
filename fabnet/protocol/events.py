"""Everything that can happen to a peer. The shell makes these; the peer reads them.

An event that a person or a tool asked for carries `ask`, a number of the shell's own;
the peer answers it with an Answer effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fabnet.content.cid import Cid
from fabnet.designs.documents.terms import Terms
from fabnet.designs.documents.withdrawal import Withdrawn
from fabnet.designs.revision import Revision
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.plan import Certificate, Plan
from fabnet.production.receipt import Minutes
from fabnet.production.request import Request
from fabnet.protocol.effects import Weigh
from fabnet.protocol.ranges.words import Said
from fabnet.records.body import Body
from fabnet.records.ids import (
    Incarnation,
    JobId,
    PeerId,
    RecordId,
    Window,
)
from fabnet.records.message import Message
from fabnet.records.proofs.checkpoint import CheckpointBody
from fabnet.records.proofs.fork import Fork
from fabnet.records.record import Record

# ------------------------------------------------------------------ time


@dataclass(frozen=True, slots=True)
class Woke:
    """The node has just started, after what its state rows remember."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; whatever is due may happen."""


# ------------------------------------------------------------------ the disk


DiskState = Literal["ample", "low", "critical"]
"""How full the disk is. `low`: nothing new is begun. `critical`: the room set aside
for the last words is being used, and no piece is begun, for its outcome may not fit."""


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """The disk that all this is kept on is as full as this."""

    state: DiskState


@dataclass(frozen=True, slots=True)
class Placed:
    """Others can reach this node as its own peer record says."""

    peer_record: bytes


# ------------------------------------------------------------------ links


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A link to an authenticated peer is open, in either direction."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link is gone; what was under way on it is void."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class ProbeHeard:
    """A peer asks what we have of its own."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class KnownHeard:
    """A peer shows what it has of ours: authentic records, without their bodies."""

    peer: PeerId
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class SubscribeHeard:
    """A peer wants our records that arrived after `cursor` of our `incarnation`."""

    peer: PeerId
    incarnation: Incarnation
    cursor: int
    brief: bool = False
    """Whether ids go on to be enough of those authors that it named before."""
    sum: bytes = b""
    """Of all that it has."""


@dataclass(frozen=True, slots=True)
class ReconcileHeard:
    """A peer says what finds out how what it has differs from what we have."""

    peer: PeerId
    said: Said


@dataclass(frozen=True, slots=True)
class SupplyHeard:
    """Authentic records arrived that we asked for by their places.

    Of the first `done` of them that is all; more may follow what came of the next.
    """

    peer: PeerId
    step: int
    """Of what we asked."""
    done: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class BatchHeard:
    """A batch of authentic records arrived; it ends at the sender's `cursor`."""

    peer: PeerId
    incarnation: Incarnation
    cursor: int
    records: tuple[Record, ...]
    ids: tuple[RecordId, ...] = ()
    """Of records that others were to bring us."""


@dataclass(frozen=True, slots=True)
class ProofsHeard:
    """A peer sent authentic proofs of forks."""

    peer: PeerId
    proofs: tuple[Fork, ...]


@dataclass(frozen=True, slots=True)
class Brought:
    """Somebody carried authentic records and proofs here; nobody's cursor moves."""

    ask: int
    records: tuple[Record, ...]
    proofs: tuple[Fork, ...]


@dataclass(frozen=True, slots=True)
class GotHeard:
    """A peer has on disk what we served up to `cursor`."""

    peer: PeerId
    cursor: int
    enough: tuple[PeerId, ...] = ()
    """Authors of whom it wants no more than the ids."""


@dataclass(frozen=True, slots=True)
class NothingToServe:
    """All that was kept up to `cursor` since the last batch came from `peer` itself."""

    peer: PeerId
    cursor: int


@dataclass(frozen=True, slots=True)
class MessageHeard:
    """An authentic message arrived."""

    message: Message


# ------------------------------------------------------------------ people here


@dataclass(frozen=True, slots=True)
class Publish:
    """Someone here asks us to carry a body as a log record of `kind`."""

    ask: int
    kind: str
    about: str | None
    body: Body


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A steward here files a request, for a person who may have no account."""

    ask: int
    request: Request
    personal: bytes
    """Who and how to hand over; stays on this disk but for CONFIRM, sealed."""
    seed: bytes
    """32 secret random bytes, from which each seal's one-use key is derived."""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """The requester no longer wants a job's missing pieces."""

    ask: int
    job: JobId


@dataclass(frozen=True, slots=True)
class AcceptLot:
    """The requester took the pieces of a closed lot and grants these minutes."""

    ask: int
    job: JobId
    epoch: int
    minutes: tuple[Minutes, ...]


@dataclass(frozen=True, slots=True)
class CountBench:
    """A person looked at the bench: the piece in doubt is good, or it is scrap."""

    ask: int
    job: JobId
    epoch: int
    good: bool
    person: str


@dataclass(frozen=True, slots=True)
class AttestBench:
    """A person counted the bench of a lot that we lost, and signed `document`."""

    ask: int
    job: JobId
    epoch: int
    document: bytes


@dataclass(frozen=True, slots=True)
class WriteOff:
    """A person here signed `document`: a lot's missing pieces are owed again."""

    ask: int
    job: JobId
    epoch: int
    document: bytes


PruneReason = Literal["personal", "obsolete"]
"""Why a body goes: it is about a person, or nobody needs it any more."""


@dataclass(frozen=True, slots=True)
class PruneBody:
    """An operator wants the body of a kept log record gone from this disk."""

    ask: int
    record: Record
    closed: bool
    """Whether its author has logged that the job it belongs to is over."""
    why: PruneReason


# ------------------------------------------------------------------ machines here


@dataclass(frozen=True, slots=True)
class FacilitySeen:
    """The workshop here is as described."""

    facility: Facility


@dataclass(frozen=True, slots=True)
class MachineSeen:
    """A machine here is as described, and open in these windows.

    `offers` are its capacity offers with no windows yet: the peer cuts them from
    `opened`, less what it has leased.
    """

    machine: Machine
    offers: tuple[CapacityOffer, ...]
    opened: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What an event of a machine is about: one piece of a lot, and who asked for it."""

    requester: PeerId
    job: JobId
    epoch: int
    piece: int


@dataclass(frozen=True, slots=True)
class Progressed(Piece):
    """A machine is so far through a piece."""

    permille: int


@dataclass(frozen=True, slots=True)
class PieceMade(Piece):
    """A machine finished a piece, good or scrap, with what it measured."""

    good: bool
    run_s: int
    energy_wh: int
    mass_mg: int


@dataclass(frozen=True, slots=True)
class PieceLost(Piece):
    """A machine began a piece and nobody can say what became of it."""

    why: str


@dataclass(frozen=True, slots=True)
class PieceHeld(Piece):
    """The controller of a machine says that it has a piece in doubt in hand still."""


@dataclass(frozen=True, slots=True)
class PieceUnbegun(Piece):
    """The controller of a machine says that it never began a piece in doubt."""


# ------------------------------------------------------------------ answers to effects


@dataclass(frozen=True, slots=True)
class Compared:
    """What is kept where records were heard again: pairs of heard and kept.

    Kept is what stands at the heard record's place, or else at the place before it, or
    nil when neither is kept.
    """

    found: tuple[tuple[Record, Record | None], ...]
    pruned: frozenset[RecordId] = frozenset()
    """Kept ones whose body was deleted here, and is not to come back."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A log was weighed: what a true checkpoint of it says."""

    asked: Weigh
    body: CheckpointBody | None
    """Nil when the log is not whole here."""
    after_bytes: int
    """Bytes of bodies after the last place that it speaks of."""
    dead: tuple[RecordId, ...]
    """Records that are not live, and whose bodies were not pruned here yet."""


@dataclass(frozen=True, slots=True)
class Design:
    """A revision whose files are here, with all that is known of its terms."""

    cid: Cid
    revision: Revision
    terms: Terms
    withdrawn: Withdrawn | None
    """The withdrawal that counts, or nil."""

    @property
    def why_withdrawn(self) -> str | None:
        """Why nothing of it may be made any more, or nil."""
        return None if self.withdrawn is None else self.withdrawn.reason


@dataclass(frozen=True, slots=True)
class Recalled:
    """A revision was fetched, verified and read; or it could not be, and why."""

    cid: Cid
    design: Design | None
    why: str


@dataclass(frozen=True, slots=True)
class PlanReady:
    """The planner answered."""

    plan: Plan
    certificate: Certificate | None = None
    """How near it is to the best there can be; nil if the planner does not say."""


Heard = (
    LinkUp
    | LinkDown
    | ProbeHeard
    | KnownHeard
    | SubscribeHeard
    | ReconcileHeard
    | SupplyHeard
    | BatchHeard
    | ProofsHeard
    | Compared
    | Weighed
    | GotHeard
    | NothingToServe
    | MessageHeard
)
"""What comes over links."""

OfPiece = Progressed | PieceMade | PieceLost | PieceHeld | PieceUnbegun
"""What a machine tells of one piece."""

Event = (
    Woke
    | Tick
    | DiskSeen
    | Placed
    | LinkUp
    | LinkDown
    | ProbeHeard
    | KnownHeard
    | SubscribeHeard
    | ReconcileHeard
    | SupplyHeard
    | BatchHeard
    | ProofsHeard
    | GotHeard
    | NothingToServe
    | MessageHeard
    | Brought
    | Publish
    | FileRequest
    | CancelRequest
    | AcceptLot
    | CountBench
    | AttestBench
    | WriteOff
    | PruneBody
    | FacilitySeen
    | MachineSeen
    | Progressed
    | PieceMade
    | PieceLost
    | PieceHeld
    | PieceUnbegun
    | Compared
    | Weighed
    | Recalled
    | PlanReady
)
