"""A lot as its requester holds it: a state machine, as a table.

Rules: every change of a lot's state is a row of a table, and nothing changes it
elsewhere. A step without a row is a bug of ours and raises TransitionError; what a
*peer* says may come late, twice or out of order at any time, so the `hear` functions
take it and answer Ignored where it changes nothing. Nothing here sends, keeps or waits:
a row names the message that leaves once the new state is durable.

Theory of operation. A half-made part cannot be rolled back. So capacity (machine time)
and quantity (pieces owed) move by different hands: timers free capacity, but after
CONFIRM only the maker's FINAL or a person frees quantity. Each fact has one writer: the
requester its book, the `Lot`; the facility its machine, the `Making`. (job, epoch)
names both, is durable before the first message, and fences: what has ended is never
begun again.

Before CONFIRM the requester may drop a lot on a timer: nothing can have been made.
`dropped` is a vow never to confirm: a LEASE that comes after it is answered by CANCEL.

After CONFIRM the requester believes only the database it confirmed to: a restored maker
would honestly say "made none" of pieces that lie on its bench. Once anything newer than
that database has spoken, the lot is `lost` until a person has counted the bench and
signed for it (ATTEST), or someone here signs to write the pieces off. What comes to
light after a write-off is never dropped: it is surplus, and shown.

A job never outlives the database that opened it. A restored requester places no more of
an older job, so no two lots are ever given the same pieces. Its lots are `forgotten`
until their makers, fenced, have said what became of them; nothing waits for that, so
nothing is set aside for them, and what they made is booked when it is told.

Counts are cumulative and merged by the greater, so a repeated or late receipt does no
harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import TransitionError
from fabnet.production import handoff
from fabnet.production.receipt import LotOpened
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import Count, Incarnation, PeerId, RecordIdText

_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]
_Flag = Annotated[int, msgspec.Meta(ge=0, le=1)]

LotState = Literal[
    "asked", "dropped", "confirmed", "cancelling",
    "lost", "forgotten", "written-off", "closed",
]  # fmt: skip

LOT_STATES: Final[dict[LotState, str]] = {
    "asked": "LEASE-REQUEST is on its way; the pieces are set aside for this lot.",
    "dropped": "Vowed never to be confirmed; the pieces are owed again.",
    "confirmed": "The maker may make; only its FINAL or a person frees the pieces.",
    "cancelling": "CANCEL is on its way; the pieces stay set aside until FINAL.",
    "lost": "The database it was confirmed to is gone; a person must count the bench.",
    "forgotten": "We were restored; FENCE asks the maker what became of it.",
    "written-off": "A person signed that the pieces missing are owed again.",
    "closed": "What is good is booked for good, the rest is owed again.",
}

OPEN: Final[frozenset[LotState]] = frozenset(
    {"asked", "confirmed", "cancelling", "lost"}
)
"""States in which the pieces are still set aside."""
DOUBTFUL: Final[frozenset[LotState]] = frozenset({"lost", "forgotten"})
"""States that wait for another's word, and show a person what to do."""


class Lot(LotOpened):
    """A lot as the requester holds it: how it was opened, and what came of it."""

    version: Count
    """Of the capacity offer that the plan was made on."""
    state: LotState
    good: _Pieces
    """Booked: the most that the maker said it has."""
    scrap: _Pieces
    incarnation: Incarnation | None
    """Of the maker, as it was confirmed to; nil before CONFIRM."""
    closed: RecordIdText | None
    """The maker's lot-closed record, once it is here."""
    accepted: _Flag
    asked: Incarnation | None
    """Of the maker, when the lot was opened; nil when our own log brought it back."""
    written_off: _Pieces
    """Pieces that a person signed off as missing, whatever comes to light later."""
    surplus: _Pieces
    """Of the good ones, those that the job no longer had a place for."""
    attested: _Flag
    """Counted by a person instead of by FINAL: no account of the maker's follows."""

    @property
    def reserved(self) -> int:
        """How many of the job's pieces this lot keeps from being owed."""
        if self.state == "dropped":
            return 0
        return self.pieces if self.state in OPEN else self.good - self.surplus


@dataclass(frozen=True, slots=True)
class Ignored:
    """What a peer said changes nothing here, and why; most often it came twice."""

    reason: str


# ------------------------------------------------------------------ the table

LotStep = Literal[
    "lease", "receipt", "final", "give-up", "unanswered", "record", "accept",
    "lose", "attest", "write-off",
    "forget", "status", "never-came", "unknown", "recall",
]  # fmt: skip

LOT_TABLE: Final[dict[tuple[LotState, LotStep], tuple[LotState, str | None, str]]] = {
    ("asked", "lease"): ("confirmed", "CONFIRM", "the maker's incarnation is kept"),
    ("asked", "final"): ("dropped", None, "refused: no piece can have been made"),
    ("asked", "give-up"): ("dropped", "CANCEL", "a vow: it is never confirmed"),
    ("asked", "unanswered"): ("dropped", "CANCEL", "the same vow, by the offer timer"),
    ("asked", "forget"): ("forgotten", "FENCE", "it may have been confirmed since"),
    ("dropped", "lease"): ("dropped", "CANCEL", "the vow is kept"),
    ("confirmed", "receipt"): ("confirmed", None, "good becomes the greater"),
    ("confirmed", "give-up"): ("cancelling", "CANCEL", "a wish; nothing is freed"),
    ("confirmed", "final"): ("closed", None, "what is not good is owed again"),
    ("confirmed", "record"): ("confirmed", None, "lot-closed came before FINAL"),
    ("confirmed", "lose"): ("lost", "CANCEL", "a newer database of the maker spoke"),
    ("confirmed", "write-off"): ("written-off", "CANCEL", "the missing, owed again"),
    ("confirmed", "forget"): ("forgotten", "FENCE", "we are the older database now"),
    ("cancelling", "receipt"): ("cancelling", None, "good becomes the greater"),
    ("cancelling", "final"): ("closed", None, "what is not good is owed again"),
    ("cancelling", "record"): ("cancelling", None, "lot-closed came before FINAL"),
    ("cancelling", "lose"): ("lost", "CANCEL", "a newer database of the maker spoke"),
    ("cancelling", "write-off"): ("written-off", "CANCEL", "the missing, owed again"),
    ("cancelling", "forget"): ("forgotten", "FENCE", "we are the older database now"),
    ("lost", "lose"): ("lost", "CANCEL", "whoever was told of it is gone too"),
    ("lost", "receipt"): ("lost", None, "said before it was lost, and still true"),
    ("lost", "final"): ("closed", None, "said before it was lost, and still true"),
    ("lost", "record"): ("lost", None, "the account of it came after all"),
    ("lost", "attest"): ("closed", None, "a person counted the bench"),
    ("lost", "write-off"): ("written-off", "CANCEL", "the missing, owed again"),
    ("lost", "forget"): ("forgotten", "FENCE", "we are the older database now"),
    ("forgotten", "receipt"): ("forgotten", None, "good becomes the greater"),
    ("forgotten", "final"): ("closed", None, "it was not forgotten there"),
    ("forgotten", "status"): ("closed", None, "the fenced maker told its counts"),
    ("forgotten", "never-came"): ("dropped", None, "nor will it: older words are void"),
    ("forgotten", "unknown"): ("forgotten", "CANCEL", "the maker forgot it too"),
    ("forgotten", "recall"): ("closed", None, "our own log says how it ended"),
    ("forgotten", "record"): ("forgotten", None, "the account of it came first"),
    ("forgotten", "attest"): ("closed", None, "a person counted the bench"),
    ("forgotten", "write-off"): ("written-off", "CANCEL", "the missing, owed again"),
    ("written-off", "lose"): ("written-off", "CANCEL", "somebody must count it still"),
    ("written-off", "receipt"): ("written-off", None, "more came to light: surplus"),
    ("written-off", "final"): ("closed", None, "more came to light: surplus"),
    ("written-off", "attest"): ("closed", None, "more came to light: surplus"),
    ("written-off", "status"): ("closed", None, "more came to light: surplus"),
    ("written-off", "never-came"): ("closed", None, "nor will it: nothing was made"),
    ("written-off", "unknown"): ("written-off", "CANCEL", "the maker forgot it too"),
    ("written-off", "record"): ("written-off", None, "the account of it came"),
    ("closed", "record"): ("closed", None, "the maker's account is here"),
    ("closed", "accept"): ("closed", None, "the pieces were taken, minutes granted"),
}  # fmt: skip


def _after(lot: Lot, step: LotStep) -> LotState:
    if (lot.state, step) not in LOT_TABLE:
        raise _out_of_step(lot, step)
    return LOT_TABLE[lot.state, step][0]


def _out_of_step(lot: Lot, step: str) -> TransitionError:
    return TransitionError(f"{lot.job}/{lot.epoch}: {step} while {lot.state}")


def takes(lot: Lot, step: LotStep) -> bool:
    """Whether a step of the table leads on from where the lot is."""
    return (lot.state, step) in LOT_TABLE


def sends(before: Lot, step: LotStep) -> str | None:
    """Return the message that a row of the table has leave, if any."""
    return LOT_TABLE[before.state, step][1]


def open_lot(opened: LotOpened, *, version: int, asked: Incarnation | None) -> Lot:
    """Return the lot that a lot-opened record begins.

    `version` is the offer's, and `asked` the incarnation of the maker that made it.
    """
    return Lot(
        **msgspec.structs.asdict(opened),
        version=version,
        state="asked",
        good=0,
        scrap=0,
        incarnation=None,
        closed=None,
        accepted=0,
        asked=asked,
        written_off=0,
        surplus=0,
        attested=0,
    )


UNKNOWN: Final = Incarnation(1, 0)
"""Cited when a lot may have been confirmed and nobody here knows to which database of
its maker's: older than any that dice make."""


def cites(lot: Lot) -> Incarnation | None:
    """Return which database of the maker's a CANCEL names; nil vows: never confirmed.

    A forgotten lot may have been confirmed, to the one that was asked if to any.
    """
    if lot.state in ("asked", "dropped"):
        return None
    return lot.incarnation or lot.asked or UNKNOWN


# ------------------------------------------------------------------ what the maker says


def hear_maker(
    lot: Lot, said: handoff.Lease | handoff.Receipt | handoff.Final, *, author: PeerId
) -> Lot | Ignored:
    """Return the lot after what `author` said of it, or why that changes nothing.

    Said by a newer database than it was confirmed to, anything at all loses it.
    """
    assert (said.job, said.epoch) == (lot.job, lot.epoch), "a message of another lot"
    if author != lot.maker:
        return Ignored("not-the-maker")
    if not _believes(lot, said.maker):
        after = newer_maker(lot, said.maker)
        return Ignored("another-incarnation") if after == lot else after
    step: LotStep = "final"
    if not isinstance(said, handoff.Final):
        step = "lease" if isinstance(said, handoff.Lease) else "receipt"
    if not takes(lot, step):
        return Ignored(f"not-while-{lot.state}")
    state = _after(lot, step)
    if isinstance(said, handoff.Lease):
        maker = said.maker if state == "confirmed" else None
        return msgspec.structs.replace(lot, state=state, incarnation=maker)
    if state == "dropped":
        return msgspec.structs.replace(lot, state=state)
    return _counted(lot, state, good=said.good, scrap=said.scrap)


def _believes(lot: Lot, maker: Incarnation) -> bool:
    """Whether what a database of the maker's says of the lot is the whole truth.

    After a restore the lot may have been confirmed to any since the one that was asked.
    """
    if lot.state in ("forgotten", "written-off"):
        cited = lot.incarnation or lot.asked
        return maker == cited if cited is not None else maker.counter == 1
    return lot.incarnation in (None, maker)


def hear_lost(lot: Lot, said: handoff.Lost, *, author: PeerId) -> Lot | Ignored:
    """Return the lot after its maker said that it lost what it was confirmed to."""
    assert (said.job, said.epoch) == (lot.job, lot.epoch), "a message of another lot"
    if author != lot.maker:
        return Ignored("not-the-maker")
    if lot.incarnation is not None and said.maker != lot.incarnation:
        return Ignored("another-incarnation")
    after = newer_maker(lot, said.now)
    return Ignored(f"not-while-{lot.state}") if after == lot else after


def newer_maker(lot: Lot, incarnation: Incarnation) -> Lot:
    """Return the lot after its maker spoke as `incarnation`, about whatever it was."""
    if not loses(lot, incarnation):
        return lot
    return msgspec.structs.replace(lot, state=_after(lot, "lose"))


def loses(lot: Lot, incarnation: Incarnation) -> bool:
    """Whether a lot was confirmed to a database that is gone if `incarnation` speaks.

    One that was lost before may be lost again, with all that its maker knew of that.
    """
    confirmed_to = lot.incarnation
    is_older = confirmed_to is not None and confirmed_to < incarnation
    return is_older and takes(lot, "lose")


def attest(lot: Lot, *, author: PeerId, good: int, scrap: int) -> Lot | Ignored:
    """Return the lot after a person at its maker's signed for what is on the bench."""
    if author != lot.maker:
        return Ignored("not-the-maker")
    if not takes(lot, "attest"):
        return Ignored(f"not-while-{lot.state}")
    after = _counted(lot, _after(lot, "attest"), good=good, scrap=scrap)
    if isinstance(after, Ignored):
        return after
    return msgspec.structs.replace(after, attested=1)


def by_account(lot: Lot, *, good: int, scrap: int) -> Lot | Ignored:
    """Return the lot ended by its maker's lot-closed record, logged with FINAL."""
    return _counted(lot, _after(lot, "final"), good=good, scrap=scrap)


def _counted(lot: Lot, state: LotState, *, good: int, scrap: int) -> Lot | Ignored:
    if good > lot.pieces:
        return Ignored("more-than-asked")
    most = max(lot.good, good)
    surplus = lot.surplus
    if lot.state in ("written-off", "forgotten"):
        surplus += most - lot.good
    return msgspec.structs.replace(
        lot, state=state, good=most, scrap=max(lot.scrap, scrap), surplus=surplus
    )


# ------------------------------------------------------------------ what we do


def give_up(lot: Lot) -> Lot:
    """Return the lot no longer wanted: dropped before CONFIRM, cancelling after."""
    return msgspec.structs.replace(lot, state=_after(lot, "give-up"))


def unanswered(lot: Lot) -> Lot:
    """Return the lot dropped by the offer timer; only before CONFIRM."""
    return msgspec.structs.replace(lot, state=_after(lot, "unanswered"))


def record(lot: Lot, lot_closed: RecordIdText) -> Lot:
    """Return the lot with its maker's lot-closed record; a lower one may replace it."""
    state = _after(lot, "record")
    if lot.accepted:
        raise _out_of_step(lot, "record after accept")
    return msgspec.structs.replace(lot, state=state, closed=lot_closed)


def accept(lot: Lot) -> Lot:
    """Return the lot with its pieces taken."""
    state = _after(lot, "accept")
    if lot.closed is None or lot.accepted:
        raise _out_of_step(lot, "accept, twice or without lot-closed,")
    return msgspec.structs.replace(lot, state=state, accepted=1)


def write_off(lot: Lot) -> Lot:
    """Return the lot with what is missing of it written off: a person signed."""
    state = _after(lot, "write-off")
    return msgspec.structs.replace(lot, state=state, written_off=lot.pieces - lot.good)


def needed_after_all(lot: Lot, pieces: int) -> Lot:
    """Return the lot with so much of its surplus booked: its job owed them still."""
    assert 0 <= pieces <= lot.surplus, "no more than there is"
    return msgspec.structs.replace(lot, surplus=lot.surplus - pieces)


# ------------------------------------------------------------------ after a restore


def forget(lot: Lot) -> Lot:
    """Return the lot as a restored requester knows it: it may have gone on since."""
    return msgspec.structs.replace(lot, state=_after(lot, "forget"))


def hear_status(
    lot: Lot, counts: tuple[int, int] | None, *, maker: Incarnation
) -> Lot | Ignored:
    """Return the lot after its maker, fenced, answered as `maker`.

    `counts` are good and scrap, nil when the maker knows no such lot that was confirmed
    to it. Then nothing was made, unless an earlier database of the maker's made it.
    """
    if counts is not None:
        if not takes(lot, "status"):
            return Ignored(f"not-while-{lot.state}")
        good, scrap = counts
        return _counted(lot, _after(lot, "status"), good=good, scrap=scrap)
    step: LotStep = "unknown"
    if lot.incarnation is None and (lot.asked == maker or maker.counter == 1):
        step = "never-came"
    if not takes(lot, step):
        return Ignored(f"not-while-{lot.state}")
    return msgspec.structs.replace(lot, state=_after(lot, step))


def recall(lot: Lot, *, good: int, lot_closed: RecordIdText) -> Lot:
    """Return the lot as our own log says that it was accepted before the restore."""
    after = _counted(lot, _after(lot, "recall"), good=good, scrap=lot.scrap)
    assert not isinstance(after, Ignored), "we never accepted more than we asked for"
    return msgspec.structs.replace(after, closed=lot_closed, accepted=1)


def is_over(lot: Lot) -> bool:
    """Whether nothing is to come of it but the same again."""
    if lot.state == "closed":
        return lot.good == 0 or bool(lot.accepted or lot.attested)
    return lot.state == "dropped"


# ------------------------------------------------------------------ what always holds


def check(lot: Lot) -> None:
    """Assert what no step may break (H5, H7 of the model)."""
    assert 0 <= lot.good <= lot.pieces
    assert lot.scrap >= 0
    assert 0 <= lot.surplus <= lot.good
    assert 0 <= lot.written_off <= lot.pieces
    if lot.state in ("confirmed", "cancelling", "lost"):
        assert lot.incarnation is not None
    if lot.state in ("asked", "dropped"):
        assert lot.good == lot.written_off == 0
        assert lot.incarnation is None
    assert not lot.written_off or lot.state in ("written-off", "closed")
    assert not lot.surplus or lot.state not in OPEN
    assert not lot.accepted or (lot.state == "closed" and lot.closed is not None)
