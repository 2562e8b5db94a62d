"""The hand-off of a lot: two state machines, one at each end, as two tables.

Rules: every change of a lot's state is a row of a table, and nothing changes it
elsewhere. A step without a row is a bug of ours and raises TransitionError; what a
*peer* says may come late, twice or out of order at any time, so the `hear` functions
take it and answer Ignored where it changes nothing. Nothing here sends, keeps or waits:
a row names the message that leaves once the new state is durable.

Theory of operation. A half-made part cannot be rolled back. So capacity (machine time)
and quantity (pieces owed) move by different hands: timers free capacity, but after
CONFIRM only the maker's FINAL frees quantity. Each fact has one writer: the requester
its book, the `Lot`; the facility its machine, the `Making`. (job, epoch) names both, is
durable before the first message, and fences: what has ended is never begun again.

Before CONFIRM the requester may drop a lot on a timer: nothing can have been made.
`dropped` is a vow never to confirm: a LEASE that comes after it is answered by CANCEL.

After CONFIRM the requester believes only the database it confirmed to: statements of
another incarnation of the maker are ignored, because a restored maker would honestly
say "made none" of pieces that lie on its bench. Counts are cumulative and merged by the
greater, so a repeated or late receipt does no harm.

The facility makes one piece at a time. INTENT(k) is durable before the machine acts,
and k is never used twice. While an intent is open nobody may stop the lot: a wish to
stop (CANCEL, a recall, a fault) waits in `reason` until the piece is good or scrap.
After a crash an open intent is in doubt until a controller or a person says what lies
on the bench; nothing runs again by itself. FINAL is then the bench, the same for ever.
The courier carries messages in order, so CANCEL never overtakes its LEASE-REQUEST.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import TransitionError
from fabnet.production import handoff
from fabnet.production.receipt import LotOpened
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import (
    Count,
    DocumentIdText,
    Incarnation,
    PeerId,
    PeerIdText,
    RecordIdText,
    Text,
)

ACCEPTANCE_BYTES_MAX: Final = 32_768
"""Bytes of a licence acceptance; the most that LEASE carries."""
SCRAP_MIN: Final = 2
"""Pieces of scrap that any lot bears; a first layer fails now and then."""

MADE: Final = "made"
CANCELLED: Final = "cancelled"
HOLD_EXPIRED: Final = "hold-expired"
START_MISSED: Final = "start-missed"
TOO_MUCH_SCRAP: Final = "too-much-scrap"

_ASKED: Final = len(handoff.LeaseRequest.__struct_fields__)
_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]

# ------------------------------------------------------------------ the two ends

LotState = Literal["asked", "dropped", "confirmed", "cancelling", "closed"]
MakingState = Literal["queued", "held", "ready", "running", "in-doubt", "final"]

LOT_STATES: Final[dict[LotState, str]] = {
    "asked": "LEASE-REQUEST is on its way; the pieces are set aside for this lot.",
    "dropped": "Vowed never to be confirmed; the pieces are owed again.",
    "confirmed": "The maker may make; only its FINAL frees the pieces.",
    "cancelling": "CANCEL is on its way; the pieces stay set aside until FINAL.",
    "closed": "FINAL came: what is good is booked, the rest is owed again.",
}
MAKING_STATES: Final[dict[MakingState, str]] = {
    "queued": "In the round, or waiting for the design.",
    "held": "Machine and window are held for a while; LEASE was sent.",
    "ready": "Confirmed; waits for its window and the machine.",
    "running": "Being made: at most one piece has an open intent.",
    "in-doubt": "A piece was begun and nobody knows what lies on the bench.",
    "final": "No piece of it will be made from here on.",
}


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
    accepted: Annotated[int, msgspec.Meta(ge=0, le=1)]

    @property
    def reserved(self) -> int:
        """How many of the job's pieces this lot keeps from being owed."""
        if self.state == "dropped":
            return 0
        return self.good if self.state == "closed" else self.pieces


class Making(handoff.LeaseRequest):
    """A lot as the facility holds it: what was asked for, and what came of it."""

    requester: PeerIdText
    state: MakingState
    good: _Pieces
    scrap: _Pieces
    intent: Count | None
    """The piece begun and not accounted for; they count from 1, scrap and all."""
    policy: DocumentIdText | None
    """The version it was leased under, and keeps."""
    acceptance: Annotated[bytes, msgspec.Meta(max_length=ACCEPTANCE_BYTES_MAX)] | None
    """The licence acceptance that LEASE carried."""
    licence: Annotated[str, msgspec.Meta(max_length=200)]
    """The SPDX terms that were elected; empty before the lease."""
    sealed: Annotated[bytes, msgspec.Meta(max_length=handoff.SEALED_BYTES_MAX)] | None
    """Personal data as CONFIRM brought it; nil before."""
    run_s: Count
    energy_wh: Count
    mass_mg: Count
    """Measured, over good pieces and scrap."""
    reason: Annotated[str, msgspec.Meta(max_length=60)]
    """Why it ended, or why it will when the piece under way is done; else empty."""
    detail: Text


@dataclass(frozen=True, slots=True)
class Ignored:
    """What a peer said changes nothing here, and why; most often it came twice."""

    reason: str


# ------------------------------------------------------------------ the two tables

LotStep = Literal[
    "lease", "receipt", "final", "give-up", "unanswered", "record", "accept"
]
MakingStep = Literal[
    "lease-request", "confirm", "cancel", "hold", "refuse", "expire-hold", "miss-start",
    "intend", "finish", "doubt", "count", "stop", "end",
]  # fmt: skip

LOT_TABLE: Final[dict[tuple[LotState, LotStep], tuple[LotState, str | None, str]]] = {
    ("asked", "lease"): ("confirmed", "CONFIRM", "the maker's incarnation is kept"),
    ("asked", "final"): ("dropped", None, "refused: no piece can have been made"),
    ("asked", "give-up"): ("dropped", "CANCEL", "a vow: it is never confirmed"),
    ("asked", "unanswered"): ("dropped", "CANCEL", "the same vow, by the offer timer"),
    ("dropped", "lease"): ("dropped", "CANCEL", "the vow is kept"),
    ("confirmed", "receipt"): ("confirmed", None, "good becomes the greater"),
    ("confirmed", "give-up"): ("cancelling", "CANCEL", "a wish; nothing is freed"),
    ("confirmed", "final"): ("closed", None, "what is not good is owed again"),
    ("confirmed", "record"): ("confirmed", None, "lot-closed came before FINAL"),
    ("cancelling", "receipt"): ("cancelling", None, "good becomes the greater"),
    ("cancelling", "final"): ("closed", None, "what is not good is owed again"),
    ("cancelling", "record"): ("cancelling", None, "lot-closed came before FINAL"),
    ("closed", "record"): ("closed", None, "the maker's account is here"),
    ("closed", "accept"): ("closed", None, "the pieces were taken, minutes granted"),
}
MAKING_TABLE: Final[
    dict[tuple[MakingState, MakingStep], tuple[MakingState, str | None, str]]
] = {
    ("queued", "hold"): ("held", "LEASE", "licence, window, policy, budget allow it"),
    ("queued", "refuse"): ("final", "FINAL", "the reason goes with it"),
    ("queued", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("held", "confirm"): ("ready", None, "only if it cites our incarnation"),
    ("held", "expire-hold"): ("final", "FINAL", "the hold timer, or another boot"),
    ("held", "refuse"): ("final", "FINAL", "recalled or drained before CONFIRM"),
    ("held", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("ready", "intend"): ("running", None, "durable; then the machine acts"),
    ("ready", "miss-start"): ("final", "FINAL", "the start-by timer"),
    ("ready", "stop"): ("final", "FINAL", "withdrawal, ceiling or fault"),
    ("ready", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("running", "intend"): ("running", None, "durable; then the machine acts"),
    ("running", "finish"): ("running", "RECEIPT", "the piece is good, or scrap"),
    ("running", "doubt"): ("in-doubt", "RECEIPT", "the machine is locked"),
    ("running", "stop"): ("running", None, "waits for the piece under way"),
    ("running", "cancel"): ("running", None, "waits for the piece under way"),
    ("running", "end"): ("final", "FINAL", "made, stopped, or too much scrap"),
    ("in-doubt", "finish"): ("running", "RECEIPT", "the controller knew after all"),
    ("in-doubt", "count"): ("running", "RECEIPT", "a person looked at the bench"),
    ("in-doubt", "stop"): ("in-doubt", None, "waits for the piece in doubt"),
    ("in-doubt", "cancel"): ("in-doubt", None, "waits for the piece in doubt"),
    ("final", "lease-request"): ("final", "FINAL", "the same again"),
    ("final", "confirm"): ("final", "FINAL", "the same again"),
    ("final", "cancel"): ("final", "FINAL", "the same again"),
}


def _lot_after(lot: Lot, step: LotStep) -> LotState:
    if (lot.state, step) not in LOT_TABLE:
        raise _out_of_step(lot, step)
    return LOT_TABLE[lot.state, step][0]


def _making_after(making: Making, step: MakingStep) -> MakingState:
    if (making.state, step) not in MAKING_TABLE:
        raise _out_of_step(making, step)
    return MAKING_TABLE[making.state, step][0]


def _out_of_step(lot: Lot | Making, step: str) -> TransitionError:
    return TransitionError(f"{lot.job}/{lot.epoch}: {step} while {lot.state}")


# ------------------------------------------------------------------ the requester's end


def open_lot(opened: LotOpened, *, version: int) -> Lot:
    """Return the lot that a lot-opened record begins; `version` is the offer's."""
    return Lot(
        **msgspec.structs.asdict(opened),
        version=version,
        state="asked",
        good=0,
        scrap=0,
        incarnation=None,
        closed=None,
        accepted=0,
    )


def hear_maker(
    lot: Lot, said: handoff.Lease | handoff.Receipt | handoff.Final, *, author: PeerId
) -> Lot | Ignored:
    """Return the lot after what `author` said of it, or why that changes nothing."""
    assert (said.job, said.epoch) == (lot.job, lot.epoch), "a message of another lot"
    if author != lot.maker:
        return Ignored("not-the-maker")
    if lot.incarnation not in (None, said.maker):
        return Ignored("another-incarnation")
    step: LotStep = "final"
    if not isinstance(said, handoff.Final):
        step = "lease" if isinstance(said, handoff.Lease) else "receipt"
    if (lot.state, step) not in LOT_TABLE:
        return Ignored(f"not-while-{lot.state}")
    return _heard(lot, said, _lot_after(lot, step))


def _heard(
    lot: Lot, said: handoff.Lease | handoff.Receipt | handoff.Final, state: LotState
) -> Lot | Ignored:
    if isinstance(said, handoff.Lease):
        maker = said.maker if state == "confirmed" else None
        return msgspec.structs.replace(lot, state=state, incarnation=maker)
    if state == "dropped":
        return msgspec.structs.replace(lot, state=state)
    if said.good > lot.pieces:
        return Ignored("more-than-asked")
    good, scrap = max(lot.good, said.good), max(lot.scrap, said.scrap)
    return msgspec.structs.replace(lot, state=state, good=good, scrap=scrap)


def give_up(lot: Lot) -> Lot:
    """Return the lot no longer wanted: dropped before CONFIRM, cancelling after."""
    return msgspec.structs.replace(lot, state=_lot_after(lot, "give-up"))


def unanswered(lot: Lot) -> Lot:
    """Return the lot dropped by the offer timer; only before CONFIRM."""
    return msgspec.structs.replace(lot, state=_lot_after(lot, "unanswered"))


def record(lot: Lot, lot_closed: RecordIdText) -> Lot:
    """Return the lot with its maker's lot-closed record; a lower one may replace it."""
    state = _lot_after(lot, "record")
    if lot.accepted:
        raise _out_of_step(lot, "record after accept")
    return msgspec.structs.replace(lot, state=state, closed=lot_closed)


def accept(lot: Lot) -> Lot:
    """Return the lot with its pieces taken."""
    state = _lot_after(lot, "accept")
    if lot.closed is None or lot.accepted:
        raise _out_of_step(lot, "accept, twice or without lot-closed,")
    return msgspec.structs.replace(lot, state=state, accepted=1)


# ------------------------------------------------------------------ the facility's end


def queue(request: handoff.LeaseRequest, requester: PeerId) -> Making:
    """Return the lot that a lease-request asks for, waiting for the round's answer."""
    return Making(
        **msgspec.structs.asdict(request),
        requester=requester,
        state="queued",
        good=0,
        scrap=0,
        intent=None,
        policy=None,
        acceptance=None,
        licence="",
        sealed=None,
        run_s=0,
        energy_wh=0,
        mass_mg=0,
        reason="",
        detail="",
    )


def hear_requester(
    making: Making,
    said: handoff.LeaseRequest | handoff.Confirm | handoff.Cancel,
    *,
    author: PeerId,
    incarnation: Incarnation,
) -> Making | Ignored:
    """Return the lot after what `author` said of it, or why that changes nothing.

    `incarnation` is ours now. A lot that is final stays so, and FINAL goes out again.
    """
    assert (said.job, said.epoch) == (making.job, making.epoch), "of another lot"
    if author != making.requester:
        return Ignored("not-the-requester")
    if isinstance(said, handoff.LeaseRequest):
        if making.state == "final":
            return making
        asked = handoff.LeaseRequest(*msgspec.structs.astuple(making)[:_ASKED])
        return Ignored("duplicate" if asked == said else "contradiction")
    if said.maker not in (None, incarnation):
        return Ignored("another-incarnation")
    if isinstance(said, handoff.Cancel):
        return _stopping(making, _making_after(making, "cancel"), CANCELLED)
    return _confirmed(making, said)


def _confirmed(making: Making, said: handoff.Confirm) -> Making | Ignored:
    if (making.state, "confirm") not in MAKING_TABLE:
        return Ignored(f"not-while-{making.state}")
    state = _making_after(making, "confirm")
    sealed = making.sealed if state == "final" else said.sealed
    return msgspec.structs.replace(making, state=state, sealed=sealed)


def hold(
    making: Making, *, policy: DocumentIdText, acceptance: bytes, licence: str
) -> Making:
    """Return the lot leased under `policy`, its licence terms accepted."""
    return msgspec.structs.replace(
        making,
        state=_making_after(making, "hold"),
        policy=policy,
        acceptance=acceptance,
        licence=licence,
    )


def refuse(making: Making, reason: str, detail: str = "") -> Making:
    """Return the lot refused, or its hold taken back before CONFIRM."""
    return _stopping(making, _making_after(making, "refuse"), reason, detail)


def expire_hold(making: Making) -> Making:
    """Return the lot given up because CONFIRM did not come in time."""
    return _stopping(making, _making_after(making, "expire-hold"), HOLD_EXPIRED)


def miss_start(making: Making) -> Making:
    """Return the lot given up because its machine did not begin in time."""
    return _stopping(making, _making_after(making, "miss-start"), START_MISSED)


def stop(making: Making, reason: str, detail: str = "") -> Making:
    """Return a confirmed lot that we stop, at once or after the piece under way."""
    return _stopping(making, _making_after(making, "stop"), reason, detail)


def next_step(making: Making) -> Literal["intend", "end"] | None:
    """Return what a machine that is free does next with this lot, if anything."""
    if making.state not in ("ready", "running") or making.intent is not None:
        return None
    spoilt = making.scrap > scrap_max(making.pieces)
    if making.good == making.pieces or making.reason or spoilt:
        return "end"
    return "intend"


def scrap_max(pieces: int) -> int:
    """Return how much scrap a lot bears; with more, the machine is at fault."""
    return max(SCRAP_MIN, pieces // 4)


def intend(making: Making) -> Making:
    """Return the lot with the next piece's intent open: durable before the act."""
    state = _making_after(making, "intend")
    if next_step(making) != "intend":
        raise _out_of_step(making, "intend, with a piece or a reason open,")
    piece = making.good + making.scrap + 1
    return msgspec.structs.replace(making, state=state, intent=piece)


def finish(
    making: Making, piece: int, *, good: bool, run_s: int, energy_wh: int, mass_mg: int
) -> Making:
    """Return the lot with its piece accounted for, and what was measured of it."""
    state = _making_after(making, "finish")
    if making.intent != piece:
        raise _out_of_step(making, f"finish of piece {piece}, not {making.intent},")
    return msgspec.structs.replace(
        _accounted(making, state, good=good),
        run_s=making.run_s + run_s,
        energy_wh=making.energy_wh + energy_wh,
        mass_mg=making.mass_mg + mass_mg,
    )


def doubt(making: Making) -> Making:
    """Return the lot with its open intent in doubt: a crash, or a machine gone."""
    state = _making_after(making, "doubt")
    if making.intent is None:
        raise _out_of_step(making, "doubt, with no open intent,")
    return msgspec.structs.replace(making, state=state)


def count(making: Making, *, good: bool) -> Making:
    """Return the lot with the piece in doubt counted by a person."""
    return _accounted(making, _making_after(making, "count"), good=good)


def _accounted(making: Making, state: MakingState, *, good: bool) -> Making:
    goods, scraps = making.good + good, making.scrap + (not good)
    return msgspec.structs.replace(
        making, state=state, good=goods, scrap=scraps, intent=None
    )


def end(making: Making) -> Making:
    """Return the lot final: all made, stopped, or too much scrap."""
    state = _making_after(making, "end")
    if next_step(making) != "end":
        raise _out_of_step(making, "end, with pieces to make or in the machine,")
    if making.good == making.pieces:
        return msgspec.structs.replace(making, state=state, reason=MADE, detail="")
    reason = making.reason or TOO_MUCH_SCRAP
    return msgspec.structs.replace(making, state=state, reason=reason)


def _stopping(
    making: Making, state: MakingState, reason: str, detail: str = ""
) -> Making:
    """Return the lot with a reason to end; the first one stays."""
    if making.reason:
        return msgspec.structs.replace(making, state=state)
    return msgspec.structs.replace(making, state=state, reason=reason, detail=detail)


# ------------------------------------------------------------------ what always holds


def check(lot: Lot | Making) -> None:
    """Assert what no step may break (H4, H5, H7 of the model)."""
    assert 0 <= lot.good <= lot.pieces
    assert lot.scrap >= 0
    if isinstance(lot, Lot):
        begun = lot.state in ("confirmed", "cancelling", "closed")
        assert (lot.incarnation is not None) == begun
        assert begun or lot.good == lot.scrap == 0
        assert not lot.accepted or (lot.state == "closed" and lot.closed is not None)
        return
    begun = lot.state in ("running", "in-doubt", "final")
    assert begun or lot.good == lot.scrap == 0
    assert lot.scrap <= scrap_max(lot.pieces) + 1
    assert lot.intent in (None, lot.good + lot.scrap + 1)
    assert lot.intent is None or lot.state in ("running", "in-doubt")
    assert lot.intent is not None or lot.state != "in-doubt"
    assert lot.state in ("queued", "final") or lot.policy is not None
    assert lot.state in ("queued", "held", "final") or lot.sealed is not None
    assert lot.reason or lot.state != "final"
    assert lot.reason != MADE or lot.good == lot.pieces


def table_markdown() -> str:
    """Return both tables as the pages of the documentation show them."""
    lines: list[str] = []
    for title, states, table in (
        ("Requester", LOT_STATES, LOT_TABLE),
        ("Facility", MAKING_STATES, MAKING_TABLE),
    ):
        lines += [f"### {title}", "", "| State | Meaning |", "|---|---|"]
        lines += [f"| {state} | {meaning} |" for state, meaning in states.items()]
        lines += ["", "| State | Step | Becomes | Sends | |", "|---|---|---|---|---|"]
        lines += [
            f"| {state} | {step} | {to} | {sends or ''} | {why} |"
            for (state, step), (to, sends, why) in table.items()
        ]
        lines.append("")
    return "\n".join(lines)
