"""What a facility knows of a lot whose lease-request it does not have, or cannot trust.

Theory of operation. A disk was lost, or brought back from a backup. Under its new
incarnation the facility hears of lots that an earlier database of its own was asked
for: it must never say "made none" of them, since the pieces may lie on its bench. It
says LOST, and a person counts the bench (ATTEST). Only when the requester vows that it
never confirmed a lot (CANCEL that cites no database) was certainly nothing made.

A remnant is also the fence against a CANCEL that overtook its LEASE-REQUEST: what is
remembered as `fenced` is never queued.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import TransitionError
from fabnet.production import handoff
from fabnet.production.lots.lot import Ignored
from fabnet.production.lots.making import CANCELLED, Making, cites_none_before, takes
from fabnet.production.request import PIECES_MAX
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, JobIdText, MachineIdText, PeerId, PeerIdText

_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]

RemnantState = Literal["fenced", "lost", "attested"]
RemnantStep = Literal["lease-request", "confirm", "cancel", "cancel-vow", "attest"]

REMNANT_STATES: Final[dict[RemnantState, str]] = {
    "fenced": "The requester vowed that it never confirmed it: nothing was made.",
    "lost": "An earlier database of ours had it; a person must count the bench.",
    "attested": "A person counted the bench, and signed.",
}

REMNANT_TABLE: Final[
    dict[tuple[RemnantState | None, RemnantStep], tuple[RemnantState, str, str]]
] = {
    (None, "cancel-vow"): ("fenced", "FINAL", "it overtook its lease-request"),
    (None, "confirm"): ("lost", "LOST", "it cites an earlier database of ours"),
    (None, "cancel"): ("lost", "LOST", "it cites an earlier database of ours"),
    ("fenced", "lease-request"): ("fenced", "FINAL", "the same again"),
    ("fenced", "confirm"): ("fenced", "FINAL", "the same again"),
    ("fenced", "cancel"): ("fenced", "FINAL", "the same again"),
    ("fenced", "cancel-vow"): ("fenced", "FINAL", "the same again"),
    ("lost", "lease-request"): ("lost", "LOST", "the same again"),
    ("lost", "confirm"): ("lost", "LOST", "the same again"),
    ("lost", "cancel"): ("lost", "LOST", "the same again"),
    ("lost", "cancel-vow"): ("fenced", "FINAL", "never confirmed: nothing was made"),
    ("lost", "attest"): ("attested", "ATTEST", "what the person counted"),
    ("attested", "lease-request"): ("attested", "ATTEST", "the same again"),
    ("attested", "confirm"): ("attested", "ATTEST", "the same again"),
    ("attested", "cancel"): ("attested", "ATTEST", "the same again"),
    ("attested", "cancel-vow"): ("attested", "ATTEST", "the same again"),
}
"""Nil: nothing at all is known of the lot, neither as a `Making` nor as a remnant."""


class Remnant(Body):
    """A lot by name only, and what is left to say of it."""

    job: JobIdText
    epoch: handoff.Epoch
    requester: PeerIdText
    state: RemnantState
    maker: Incarnation
    """The database that it was asked of or confirmed to, as far as is known."""
    machine: MachineIdText | None
    """Which may have it in work still; nil when none has, or none is known."""
    good: _Pieces
    scrap: _Pieces
    document: Annotated[bytes, msgspec.Meta(max_length=handoff.COUNT_BYTES_MAX)] | None
    """The signed count; nil until it is attested."""

    def holds(self, machine: str) -> bool:
        """Whether that machine does nothing until a person has looked at it."""
        return self.state == "lost" and self.machine == machine


def first_heard(
    said: handoff.Confirm | handoff.Cancel, requester: PeerId, *, ours: Incarnation
) -> Remnant | Ignored:
    """Return what is left of a lot that is heard of but not known.

    `ours` is our incarnation. A lot of our own that is not known was over, was told so
    until the requester had it on disk, and was then forgotten. Before our first there
    was no other, whatever is cited.
    """
    if said.maker is not None and (said.maker == ours or ours.counter == 1):
        return Ignored("forgotten-final")
    step: RemnantStep = "confirm"
    if isinstance(said, handoff.Cancel):
        step = "cancel-vow" if said.maker is None else "cancel"
    state, _, _ = REMNANT_TABLE[None, step]
    maker = said.maker or ours
    return Remnant(said.job, said.epoch, requester, state, maker, None, 0, 0, None)


def lose(making: Making) -> Remnant:
    """Return what is left of a lot that an earlier database of ours was asked for."""
    assert takes(making, "lose"), "a lot may be lost in every state"
    machine = (
        making.machine if making.state in ("ready", "running", "in-doubt") else None
    )
    return Remnant(
        making.job, making.epoch, making.requester, "lost", making.maker, machine,
        making.good, making.scrap, None,
    )  # fmt: skip


def overtaken(
    making: Making, said: handoff.LeaseRequest | handoff.Confirm | handoff.Cancel
) -> Remnant | None:
    """Return what is left of a lot that was confirmed to another database of ours.

    Its lease-request was said again, and came to the one that took it before that
    CONFIRM or CANCEL did. It is never confirmed to that one: a person must count.
    """
    if isinstance(said, handoff.LeaseRequest) or said.maker in (None, making.maker):
        return None
    if making.sealed is not None or cites_none_before(making, said.maker):
        return None
    return msgspec.structs.replace(lose(making), maker=said.maker)


def hear_requester(
    remnant: Remnant,
    said: handoff.LeaseRequest | handoff.Confirm | handoff.Cancel,
    *,
    author: PeerId,
) -> Remnant:
    """Return the remnant after what `author` said of it; its answer goes out again."""
    assert (said.job, said.epoch) == (remnant.job, remnant.epoch), "of another lot"
    assert author == remnant.requester, "remnants are held by who asked"
    step: RemnantStep = "lease-request"
    if isinstance(said, handoff.Confirm):
        step = "confirm"
    elif isinstance(said, handoff.Cancel):
        step = "cancel-vow" if said.maker is None else "cancel"
    state, _, _ = REMNANT_TABLE[remnant.state, step]
    return msgspec.structs.replace(remnant, state=state)


def attest(remnant: Remnant, *, good: int, scrap: int, document: bytes) -> Remnant:
    """Return the remnant as a person counted it, and signed for."""
    if (remnant.state, "attest") not in REMNANT_TABLE:
        raise TransitionError(
            f"{remnant.job}/{remnant.epoch}: attest while {remnant.state}"
        )
    state, _, _ = REMNANT_TABLE[remnant.state, "attest"]
    return msgspec.structs.replace(
        remnant, state=state, good=good, scrap=scrap, document=document
    )


def answer(
    remnant: Remnant, *, ours: Incarnation
) -> handoff.Final | handoff.Lost | handoff.Attest:
    """Return what the facility says of a remnant, now as whenever it is asked."""
    name = remnant.job, remnant.epoch
    match remnant.state:
        case "fenced":
            return handoff.Final(*name, remnant.maker, 0, 0, CANCELLED, "")
        case "lost":
            return handoff.Lost(*name, remnant.maker, ours)
        case "attested":
            assert remnant.document is not None, "an attested count is signed"
            return handoff.Attest(
                *name, ours, remnant.good, remnant.scrap, remnant.document
            )
