"""A lot as its facility holds it: a state machine, as a table.

The facility makes one piece at a time. INTENT(k) is durable before the machine acts,
and no k is made twice. While an intent is open nobody may stop the lot: a wish to
stop (CANCEL, FENCE, a recall, a fault) waits in `reason` until the piece is good or
scrap. After a crash an open intent is in doubt until a controller or a person says what
lies on the bench; nothing runs again by itself. A controller that has the piece in hand
still lets it go on; of one that it never began, the intent is void, and k is free
again. FINAL is then the bench, the same for ever, and always said in the name of the
database that the lot was made under.

A database that is not the one a lot was asked of (we were restored) does not go on with
it: it was confirmed, made or ended since, and only a person can say. It becomes a
`Remnant`, see `remnant.py`. Rules and theory are those of `lot.py`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import TransitionError
from fabnet.production import handoff
from fabnet.production.lots.lot import Ignored
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import (
    Count,
    DocumentIdText,
    Incarnation,
    PeerId,
    PeerIdText,
    Text,
)

ACCEPTANCE_BYTES_MAX: Final = 32_768
"""Bytes of a licence acceptance; the most that LEASE carries."""
SCRAP_MIN: Final = 2
"""Pieces of scrap that any lot bears; a first layer fails now and then."""

MADE: Final = "made"
CANCELLED: Final = "cancelled"
FENCED: Final = "fenced"
HOLD_EXPIRED: Final = "hold-expired"
START_MISSED: Final = "start-missed"
TOO_MUCH_SCRAP: Final = "too-much-scrap"

_ASKED: Final = len(handoff.LeaseRequest.__struct_fields__)
_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]

MakingState = Literal["queued", "held", "ready", "running", "in-doubt", "final"]

MAKING_STATES: Final[dict[MakingState, str]] = {
    "queued": "In the round, or waiting for the design.",
    "held": "Machine and window are held for a while; LEASE was sent.",
    "ready": "Confirmed; waits for its window and the machine.",
    "running": "Being made: at most one piece has an open intent.",
    "in-doubt": "A piece was begun and nobody knows what lies on the bench.",
    "final": "No piece of it will be made from here on.",
}


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
    maker: Incarnation
    """The database of ours that took it, and in whose name it is spoken of."""
    asked_by: Incarnation
    """The requester's database that asked; one that is newer fences it."""


# ------------------------------------------------------------------ the table

MakingStep = Literal[
    "lease-request", "confirm", "cancel", "fence", "hold", "refuse", "expire-hold",
    "miss-start", "intend", "finish", "doubt", "resume", "void", "count", "stop", "end",
    "lose",
]  # fmt: skip

MAKING_TABLE: Final[
    dict[tuple[MakingState, MakingStep], tuple[MakingState | None, str | None, str]]
] = {
    ("queued", "hold"): ("held", "LEASE", "licence, window, policy, budget allow it"),
    ("queued", "refuse"): ("final", "FINAL", "the reason goes with it"),
    ("queued", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("queued", "fence"): ("final", "FINAL", "nothing was begun"),
    ("queued", "lose"): (None, "LOST", "it may have been confirmed since"),
    ("held", "confirm"): ("ready", None, "only if it cites our incarnation"),
    ("held", "expire-hold"): ("final", "FINAL", "the hold timer, or another boot"),
    ("held", "refuse"): ("final", "FINAL", "recalled or drained before CONFIRM"),
    ("held", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("held", "fence"): ("final", "FINAL", "nothing was begun"),
    ("held", "lose"): (None, "LOST", "it may have been confirmed since"),
    ("ready", "intend"): ("running", None, "durable; then the machine acts"),
    ("ready", "miss-start"): ("final", "FINAL", "the start-by timer"),
    ("ready", "stop"): ("final", "FINAL", "withdrawal, ceiling or fault"),
    ("ready", "cancel"): ("final", "FINAL", "nothing was begun"),
    ("ready", "fence"): ("final", "FINAL", "nothing was begun"),
    ("ready", "lose"): (None, "LOST", "it may have been made since"),
    ("running", "intend"): ("running", None, "durable; then the machine acts"),
    ("running", "finish"): ("running", "RECEIPT", "the piece is good, or scrap"),
    ("running", "doubt"): ("in-doubt", "RECEIPT", "the machine is locked"),
    ("running", "stop"): ("running", None, "waits for the piece under way"),
    ("running", "cancel"): ("running", None, "waits for the piece under way"),
    ("running", "fence"): ("running", None, "waits for the piece under way"),
    ("running", "end"): ("final", "FINAL", "made, stopped, or too much scrap"),
    ("running", "lose"): (None, "LOST", "more may have been made since"),
    ("in-doubt", "finish"): ("running", "RECEIPT", "the controller knew after all"),
    ("in-doubt", "resume"): ("running", "RECEIPT", "its controller has it in hand"),
    ("in-doubt", "void"): ("running", "RECEIPT", "its controller never began it"),
    ("in-doubt", "count"): ("running", "RECEIPT", "a person looked at the bench"),
    ("in-doubt", "stop"): ("in-doubt", None, "waits for the piece in doubt"),
    ("in-doubt", "cancel"): ("in-doubt", None, "waits for the piece in doubt"),
    ("in-doubt", "fence"): ("in-doubt", None, "waits for the piece in doubt"),
    ("in-doubt", "lose"): (None, "LOST", "more may have been made since"),
    ("final", "lease-request"): ("final", "FINAL", "the same again"),
    ("final", "confirm"): ("final", "FINAL", "the same again"),
    ("final", "cancel"): ("final", "FINAL", "the same again"),
    ("final", "lose"): (None, "LOST", "an earlier database of ours had it"),
}
"""Nil is no state of ours: what a database of ours lost goes on as a `Remnant`."""


def _after(making: Making, step: MakingStep) -> MakingState:
    state = None
    if (making.state, step) in MAKING_TABLE:
        state = MAKING_TABLE[making.state, step][0]
    if state is None:
        raise _out_of_step(making, step)
    return state


def _out_of_step(making: Making, step: str) -> TransitionError:
    return TransitionError(f"{making.job}/{making.epoch}: {step} while {making.state}")


def takes(making: Making, step: MakingStep) -> bool:
    """Whether a step of the table leads on from where the lot is."""
    return (making.state, step) in MAKING_TABLE


# ------------------------------------------------------------------ the requester says


def queue(
    request: handoff.LeaseRequest,
    requester: PeerId,
    *,
    maker: Incarnation,
    asked_by: Incarnation,
) -> Making:
    """Return the lot that a lease-request asks for, waiting for the round's answer.

    `maker` is our incarnation, `asked_by` that of the request.
    """
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
        maker=maker,
        asked_by=asked_by,
    )


def hear_requester(
    making: Making,
    said: handoff.LeaseRequest | handoff.Confirm | handoff.Cancel,
    *,
    author: PeerId,
) -> Making | Ignored:
    """Return the lot after what `author` said of it, or why that changes nothing.

    A lot that is final stays so, and FINAL goes out again.
    """
    assert (said.job, said.epoch) == (making.job, making.epoch), "of another lot"
    if author != making.requester:
        return Ignored("not-the-requester")
    if isinstance(said, handoff.LeaseRequest):
        if making.state == "final":
            return making
        asked = handoff.LeaseRequest(*msgspec.structs.astuple(making)[:_ASKED])
        return Ignored("duplicate" if asked == said else "contradiction")
    is_ours = said.maker in (None, making.maker)
    if isinstance(said, handoff.Cancel):
        is_ours = is_ours or cites_none_before(making, said.maker)
    if not is_ours:
        return Ignored("another-incarnation")
    if isinstance(said, handoff.Cancel):
        return _stopping(making, _after(making, "cancel"), CANCELLED)
    return _confirmed(making, said)


def cites_none_before(making: Making, cited: Incarnation | None) -> bool:
    """Whether what is cited is older than our first database: the requester guesses."""
    return cited is not None and cited < making.maker and making.maker.counter == 1


def _confirmed(making: Making, said: handoff.Confirm) -> Making | Ignored:
    if not takes(making, "confirm"):
        return Ignored(f"not-while-{making.state}")
    state = _after(making, "confirm")
    sealed = making.sealed if state == "final" else said.sealed
    return msgspec.structs.replace(making, state=state, sealed=sealed)


def fence(making: Making, newer: Incarnation) -> Making:
    """Return the lot after its requester spoke as a database `newer` than it asked.

    It ends, at once or after the piece under way; what is over stays as it is.
    """
    if making.state == "final" or newer <= making.asked_by:
        return making
    return _stopping(making, _after(making, "fence"), FENCED)


# ------------------------------------------------------------------ what we do


def hold(
    making: Making, *, policy: DocumentIdText, acceptance: bytes, licence: str
) -> Making:
    """Return the lot leased under `policy`, its licence terms accepted."""
    return msgspec.structs.replace(
        making,
        state=_after(making, "hold"),
        policy=policy,
        acceptance=acceptance,
        licence=licence,
    )


def refuse(making: Making, reason: str, detail: str = "") -> Making:
    """Return the lot refused, or its hold taken back before CONFIRM."""
    return _stopping(making, _after(making, "refuse"), reason, detail)


def expire_hold(making: Making) -> Making:
    """Return the lot given up because CONFIRM did not come in time."""
    return _stopping(making, _after(making, "expire-hold"), HOLD_EXPIRED)


def miss_start(making: Making) -> Making:
    """Return the lot given up because its machine did not begin in time."""
    return _stopping(making, _after(making, "miss-start"), START_MISSED)


def stop(making: Making, reason: str, detail: str = "") -> Making:
    """Return a confirmed lot that we stop, at once or after the piece under way."""
    return _stopping(making, _after(making, "stop"), reason, detail)


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
    state = _after(making, "intend")
    if next_step(making) != "intend":
        raise _out_of_step(making, "intend, with a piece or a reason open,")
    piece = making.good + making.scrap + 1
    return msgspec.structs.replace(making, state=state, intent=piece)


def finish(
    making: Making, piece: int, *, good: bool, run_s: int, energy_wh: int, mass_mg: int
) -> Making:
    """Return the lot with its piece accounted for, and what was measured of it."""
    state = _after(making, "finish")
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
    state = _after(making, "doubt")
    if making.intent is None:
        raise _out_of_step(making, "doubt, with no open intent,")
    return msgspec.structs.replace(making, state=state)


def resume(making: Making) -> Making:
    """Return the lot whose piece in doubt its controller has in hand still."""
    return msgspec.structs.replace(making, state=_after(making, "resume"))


def void(making: Making) -> Making:
    """Return the lot whose piece in doubt its controller never began."""
    return msgspec.structs.replace(making, state=_after(making, "void"), intent=None)


def count(making: Making, *, good: bool) -> Making:
    """Return the lot with the piece in doubt counted by a person."""
    return _accounted(making, _after(making, "count"), good=good)


def _accounted(making: Making, state: MakingState, *, good: bool) -> Making:
    goods, scraps = making.good + good, making.scrap + (not good)
    return msgspec.structs.replace(
        making, state=state, good=goods, scrap=scraps, intent=None
    )


def end(making: Making) -> Making:
    """Return the lot final: all made, stopped, or too much scrap."""
    state = _after(making, "end")
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


def check(making: Making) -> None:
    """Assert what no step may break (H2, H3, H4 of the model)."""
    assert 0 <= making.good <= making.pieces
    assert making.scrap >= 0
    begun = making.state in ("running", "in-doubt", "final")
    assert begun or making.good == making.scrap == 0
    assert making.scrap <= scrap_max(making.pieces) + 1
    assert making.intent in (None, making.good + making.scrap + 1)
    assert making.intent is None or making.state in ("running", "in-doubt")
    assert making.intent is not None or making.state != "in-doubt"
    assert making.state in ("queued", "final") or making.policy is not None
    assert making.state in ("queued", "held", "final") or making.sealed is not None
    assert making.reason or making.state != "final"
    assert making.reason != MADE or making.good == making.pieces
