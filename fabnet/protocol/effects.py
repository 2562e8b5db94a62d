"""Everything a peer can ask of its shell.

What one `handle` returned is one transaction: every Keep, Void, Forget, Prune, Put,
Drop and Note in it is durable before any other effect of it is performed (Keep before
Send).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.content.cid import Cid
from fabnet.production.plan import Problem
from fabnet.protocol.ranges.words import Said
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import (
    Count,
    Incarnation,
    JobId,
    MachineId,
    Now,
    PeerId,
    PeerIdText,
    RecordId,
    RecordIdText,
)
from fabnet.records.message import Message
from fabnet.records.proofs.fork import ForkPair
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal

# ------------------------------------------------------------------ durable


@dataclass(frozen=True, slots=True)
class Keep:
    """Write this record, as the `arrival`-th; a notice replaces the one of its key.

    One that is kept stays where it is, unless it gains the body that it lacked.
    """

    record: Record
    arrival: int
    source: PeerId | None
    """Who brought it; nil for our own. It is not served back to them."""


@dataclass(frozen=True, slots=True)
class Void:
    """Let no view show an author's log records past one place; the bytes stay.

    Those that carry a document which proves itself are not meant.
    """

    author: PeerId
    incarnation: Incarnation
    seq: int
    """The last that counts."""
    onward: bool
    """Whether later incarnations end too, and with them the author's notices."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete a notice: its author speaks of too many things."""

    author: PeerId
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete the body of a log record for good; header and envelope stay.

    Its bytes are overwritten, and a body that comes again is not written.
    """

    record: RecordId


@dataclass(frozen=True, slots=True)
class Put:
    """Write one row of the peer's own state."""

    table: str
    key: str
    row: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete one row of the peer's own state."""

    table: str
    key: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line in the story of one thing: a reason code with its arguments."""

    subject: str
    """A record id, job id, revision CID, machine or peer."""
    code: str
    args: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Unsay:
    """Delete our own records of `incarnation` that nobody has seen.

    Those are log records after `seq`, and every notice.
    """

    incarnation: Incarnation
    seq: int


# ------------------------------------------------------------------ to other peers


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask a peer what it has of ours; it answers with KnownHeard."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class TellKnown:
    """Show a peer these records of its own that we keep, without their bodies."""

    peer: PeerId
    records: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask a peer for its records after `cursor` of its `incarnation` (nil: unknown)."""

    peer: PeerId
    incarnation: Incarnation | None
    cursor: int
    brief: bool = False
    """Whether ids go on to be enough of those authors that we named before."""
    sum: bytes = b""
    """Of all that we have; the peer answers nothing if its own is the same."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Say to a peer what finds out how what we have differs from what it has."""

    peer: PeerId
    said: Said


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody's copy of a log ends, or with no incarnation of its notices."""

    author: PeerId
    incarnation: Incarnation | None
    after: int
    """The last `seq`; of notices, in the order they arrived, how many."""
    most: int
    """How many are wanted; 0 for the next one alone, and only with its body."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Send a peer the records that follow these places, as many as fit in a frame."""

    peer: PeerId
    step: int
    """Of its request, which the answer repeats."""
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class SendProofs:
    """Send a peer proofs of forks, at once: ahead of what it is served."""

    peer: PeerId
    proofs: tuple[ForkPair, ...]
    """At most PROOFS_MAX."""


@dataclass(frozen=True, slots=True)
class Serve:
    """Send a peer a batch of the records kept after `after`; what it brought, not.

    Comes back with NothingToServe, or as GotHeard once the peer has them.
    """

    peer: PeerId
    after: int
    lost: int = 0
    """Up to this arrival it gets back what it brought too: it lost that since."""
    brief: frozenset[PeerId] = frozenset()
    """Authors of whom it is sent the ids only: others bring it their records."""


@dataclass(frozen=True, slots=True)
class SendGot:
    """Tell a peer that its batch up to `cursor` is on our disk."""

    peer: PeerId
    cursor: int
    enough: tuple[PeerId, ...] = ()
    """Authors whom others bring us: from now on their ids will do."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to its recipient, if a link is up; the courier repeats it."""

    message: Message


@dataclass(frozen=True, slots=True)
class Lower:
    """Think less of a peer: it sent something it should have known to be wrong."""

    peer: PeerId
    why: str


# ------------------------------------------------------------------ here


@dataclass(frozen=True, slots=True)
class Restored:
    """Start again under an incarnation above this count: newer ones have spoken."""

    above: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Fetch and verify a revision and its files, and come back with Recalled."""

    cid: Cid
    hints: tuple[PeerId, ...]
    """Peers likely to have it."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Look up what is kept at the places of these log records; answered by Compared."""

    records: tuple[Record, ...]


class Weigh(Body):
    """Read what is kept of one log, and weigh it; answered by Weighed.

    A row as well, since what is being weighed must be asked again after a restart.
    """

    author: PeerIdText
    incarnation: Incarnation
    seq: Count
    """Of the checkpoint to be judged; 0 for one of our own that is to be made."""
    last: RecordIdText
    """The record before it: the chain is read from there back."""
    upto: Count
    """The last place that it speaks of."""
    body_len: Count
    """What the checkpoint itself weighs."""


@dataclass(frozen=True, slots=True)
class AskPlan:
    """Run the planner in a thread, and come back with PlanReady."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Act:
    """Make one piece: its INTENT is durable. Comes back with PieceMade or PieceLost."""

    machine: MachineId
    requester: PeerId
    job: JobId
    epoch: int
    piece: int
    revision: Cid
    part: str
    run_s: int
    """Expected making time."""
    mass_mg: int
    """Expected mass, for machines that cannot weigh."""


@dataclass(frozen=True, slots=True)
class Look:
    """Find out what became of a piece that was begun: its machine may know.

    Comes back with PieceMade, PieceHeld or PieceUnbegun; or with nothing, and a person
    must look.
    """

    act: Act


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an ask: with the record it wrote, or the job it changed, or a refusal."""

    ask: int
    result: RecordId | Refusal


Effect = (
    Keep | Void | Forget | Prune | Put | Drop | Note | Unsay
    | Probe | TellKnown | Restored
    | Subscribe | SendProofs | Serve | SendGot | Send | Lower | Reconcile | Supply
    | Compare | Weigh | Recall | AskPlan | Act | Look | Answer
)  # fmt: skip
DURABLE = (Keep, Void, Forget, Prune, Put, Drop, Note, Unsay)
ENOUGH_MAX: Final = 64
"""Authors named in one confirmation; more of them wait for the next."""
PROOFS_MAX: Final = 40
"""Proofs sent together, 62 KB: what fits in one frame."""


@dataclass(slots=True)
class Turn:
    """One `handle`: the time it was given, and the effects gathered so far."""

    now: Now
    effects: list[Effect] = field(default_factory=list)

    def do(self, effect: Effect) -> None:
        """Ask for one more effect."""
        self.effects.append(effect)

    def put(self, table: str, key: str, row: Body) -> None:
        """Write one row of the peer's state."""
        self.effects.append(Put(table, key, canonical.pack(row)))

    def note(self, subject: str, code: str, **args: str | int) -> None:
        """Write a line in a story."""
        self.effects.append(Note(subject, code, tuple(args.items())))

    def spare(self, peer: PeerId) -> None:
        """Lower nobody who is `peer`: what a stick holds is not its carrier's fault."""
        self.effects = [
            effect
            for effect in self.effects
            if not (isinstance(effect, Lower) and effect.peer == peer)
        ]
