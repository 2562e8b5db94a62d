"""Bugs, each planted in one place, that the model must find.

Eleven are those of the note on reliability. The others are what the model refuted in
our own tables, kept so that it keeps refuting them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from fabnet.production import handoff
from fabnet.production.handoff import Confirm, LeaseRequest, Receipt
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.lots.making import Making
from fabnet.records.ids import Incarnation, PeerId
from tests.model.bounds import Bounds
from tests.model.calls import Calls

Said = handoff.Lease | Receipt | handoff.Final


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug, the least world that shows it, and how."""

    calls: Calls
    bounds: Bounds
    breaks: str
    """The rule that its shortest trace breaks."""
    steps: int
    """How long that trace is: no longer, or the model has grown deaf."""


def _closes(lot: Lot) -> Lot:
    """End a confirmed lot at once, as if the wish were proof."""
    if lot.state == "confirmed":
        return msgspec.structs.replace(lot, state="closed")
    return lots.give_up(lot)


def _runs_again(
    making: Making, said: LeaseRequest | Confirm | handoff.Cancel, *, author: PeerId
) -> Making | Ignored:
    """Start a lot that is over, for a CONFIRM that came again."""
    if making.state == "final" and isinstance(said, Confirm):
        return msgspec.structs.replace(
            making, state="ready", good=0, scrap=0, reason="", sealed=said.sealed
        )
    return makings.hear_requester(making, said, author=author)


def _not_made(making: Making) -> Making:
    """Take a piece in doubt as not made."""
    return msgspec.structs.replace(making, intent=None)


def _adds(lot: Lot, said: Said, *, author: PeerId) -> Lot | Ignored:
    """Add up receipts, which are cumulative."""
    if isinstance(said, Receipt) and lot.state in ("confirmed", "cancelling"):
        return msgspec.structs.replace(lot, good=min(lot.pieces, lot.good + said.good))
    return lots.hear_maker(lot, said, author=author)


def _drops_late(lot: Lot, said: Said, *, author: PeerId) -> Lot | Ignored:
    """Do not listen any more, once the pieces were written off."""
    if lot.state == "written-off" and isinstance(said, Receipt):
        return Ignored("too late")
    after = lots.hear_maker(lot, said, author=author)
    if lot.state == "written-off" and isinstance(after, Lot):
        return msgspec.structs.replace(lot, state=after.state)
    return after


def _believes_any(lot: Lot, said: Said, *, author: PeerId) -> Lot | Ignored:
    """Take FINAL for FINAL, whichever database says it."""
    if lot.incarnation is not None:
        said = msgspec.structs.replace(said, maker=lot.incarnation)
    return lots.hear_maker(lot, said, author=author)


def _forgotten_believes_any(lot: Lot, said: Said, *, author: PeerId) -> Lot | Ignored:
    """After a restore, take FINAL for FINAL: we forgot whom we confirmed to."""
    if lot.state == "forgotten" and lot.incarnation is None:
        said = msgspec.structs.replace(said, maker=lot.asked or Incarnation(1, 0))
    return lots.hear_maker(lot, said, author=author)


def _deaf(*_: object) -> None:
    """Make nothing of a CANCEL that cites another database."""


def _never(*_: object) -> bool:
    """Lose nothing twice."""
    return False


def _same(lot: Lot, _: Incarnation) -> Lot:
    """Lose nothing, whoever speaks."""
    return lot


def _forgotten_only(
    lot: Lot, counts: tuple[int, int] | None, *, maker: Incarnation
) -> Lot | Ignored:
    """Hear nothing in a STATUS that does not name what was written off."""
    if counts is None and lot.state == "written-off":
        return Ignored("not-while-written-off")
    return lots.hear_status(lot, counts, maker=maker)


PLANTED: Final = {
    "a lease that times out is asked for again": Planted(
        Calls(unanswered=_closes, timed=("confirmed",)), Bounds(1, 1, 1), "H6", 8
    ),
    "our own CANCEL counts as FINAL": Planted(
        Calls(give_up=_closes), Bounds(1, 1, 1), "H6", 8
    ),
    "a CONFIRM that comes again starts the lot again": Planted(
        Calls(hear_requester=_runs_again), Bounds(1, 1, 1), "H6", 9
    ),
    "what is written is on disk some time later": Planted(
        Calls(is_durable_at_once=False), Bounds(1, 1, 1), "H2", 8
    ),
    "the machine acts before its intent is written": Planted(
        Calls(acts_first=True), Bounds(1, 1, 1), "H2", 6
    ),
    "a piece in doubt is made again": Planted(
        Calls(doubt=_not_made), Bounds(1, 1, 1), "H2", 8
    ),
    "a controller that forgot is believed": Planted(
        Calls(forgets=True), Bounds(1, 1, 1), "H2", 9
    ),
    "receipts are added up": Planted(
        Calls(hear_maker=_adds), Bounds(2, 1, 1), "H5", 10
    ),
    "what comes after a write-off is dropped": Planted(
        Calls(hear_maker=_drops_late),
        Bounds(1, 1, 1, has_write_off=True),
        "H6",
        11,
    ),
    "a facility that lost its disk speaks as before": Planted(
        Calls(is_reborn=False), Bounds(1, 1, 1, disks=1), "H2", 8
    ),
    "FINAL of another database is believed": Planted(
        Calls(hear_maker=_believes_any, newer_maker=_same),
        Bounds(1, 1, 1, disks=1),
        "H6",
        11,
    ),
    "a restored requester uses its epochs again": Planted(
        Calls(is_fencing=False), Bounds(1, 2, 2, restores=1), "H6", 10
    ),
    # ---------------------------------------------------------------- our own tables
    "CANCEL of an older database is ignored": Planted(
        Calls(overtaken=_deaf), Bounds(1, 1, 1, disks=1), "L1", 8
    ),
    "a forgotten lot believes any FINAL": Planted(
        Calls(hear_maker=_forgotten_believes_any),
        Bounds(1, 1, 1, disks=1, restores=1),
        "H6",
        12,
    ),
    "STATUS names what was never confirmed to who says it": Planted(
        Calls(tells_unconfirmed=True),
        Bounds(1, 1, 1, disks=1, restores=1),
        "H6",
        13,
    ),
    "a restore forgets what was written off": Planted(
        Calls(hear_status=_forgotten_only),
        Bounds(1, 1, 1, restores=1, has_write_off=True),
        "L1",
        5,
    ),
    "nobody is told twice of what was lost or written off": Planted(
        Calls(loses=_never),
        Bounds(1, 1, 1, disks=1, has_write_off=True, is_acked=True),
        "L1",
        9,
    ),
    "a facility that lost our FENCE is not fenced again": Planted(
        Calls(fences_again=False),
        Bounds(1, 1, 1, disks=1, restores=1, is_acked=True),
        "L1",
        5,
    ),
}
