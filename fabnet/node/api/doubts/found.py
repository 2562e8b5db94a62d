"""Which lots wait for a person, found in what the peer has written down."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.cooperation.benches import WRITE_OFF_ALONE_S
from fabnet.node.api.handlers.known import Books
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant

Kind = Literal[
    "restored", "in-doubt", "bench-unknown",
    "lot-lost", "lot-forgotten", "waits-there", "maker-silent", "surplus", "stray-lot",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = (
    "restored", "in-doubt", "bench-unknown",
    "lot-lost", "lot-forgotten", "waits-there", "maker-silent", "surplus", "stray-lot",
)  # fmt: skip
"""The most pressing first: what stops a machine here, then what stops a job."""
WRITTEN_OFF: Final[frozenset[Kind]] = frozenset(
    {"lot-lost", "lot-forgotten", "maker-silent"}
)
"""Kinds that a write-off ends."""
START_BY_S: Final = 3_600
"""Seconds after its window in which a lot may begin, where the maker's cooperative has
enacted nothing else."""
SURPLUS_SHOWN_MS: Final = 90 * 86_400_000
"""Surplus that nobody took is shown until so long after its window, and a stray lot
after it was told; the story keeps them."""
RESTORED_SHOWN_MS: Final = 14 * 86_400_000
"""A restore is shown for a fortnight, and on while a lot of before it is open: lots
that an earlier database promised are heard of late."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that waits for a person; of a lot, unless the node was restored."""

    kind: Kind
    side: Literal["requester", "facility", "node"]
    job: str = ""
    epoch: int = 0
    peer: str = ""
    """The node at the other end."""
    machine: str = ""
    pieces: int = 0
    good: int = 0
    scrap: int = 0
    surplus: int = 0
    signers: int = 0
    since_ms: int | None = None


def doubts(
    known: Books,
    now_ms: int,
    restored_ms: int | None,
    standing: Collection[tuple[str, str]] = (),
) -> list[Doubt]:
    """Return all there are, by kind and then by lot.

    `restored_ms` is when this database took over, as far as the story tells. Machines
    that are `standing`, by peer and id, say elsewhere that they are in doubt.
    """
    found = [*_made_here(known), *_asked_here(known, now_ms), *_strays(known, now_ms)]
    found += _waiting(known, standing)
    before = ("bench-unknown", "lot-forgotten")
    is_open = any(doubt.kind in before for doubt in found)
    is_new = restored_ms is not None and now_ms < restored_ms + RESTORED_SHOWN_MS
    if known.restored is not None and (is_open or is_new):
        found.append(Doubt("restored", "node", since_ms=restored_ms))
    return sorted(found, key=lambda it: (KINDS.index(it.kind), it.job, it.epoch))


def _made_here(known: Books) -> Iterator[Doubt]:
    for making in known.makings.values():
        if making.state == "in-doubt":
            yield _of_making(making)
    for remnant in known.remnants.values():
        if remnant.state == "lost":
            yield _of_remnant(remnant)


def _asked_here(known: Books, now_ms: int) -> Iterator[Doubt]:
    for lot in known.lots.values():
        silent_ms = silent_from_ms(known, lot)
        if lot.state == "lost":
            yield _of_lot("lot-lost", lot)
        elif lot.state == "forgotten":
            yield _of_lot("lot-forgotten", lot)
        elif silent_ms is not None and silent_ms <= now_ms:
            yield _of_lot("maker-silent", lot, since_ms=silent_ms)
        is_shown = not lot.accepted and now_ms < lot.end_ms + SURPLUS_SHOWN_MS
        if lot.surplus and is_shown and lot.state in ("written-off", "closed"):
            yield _of_lot("surplus", lot)


def _strays(known: Books, now_ms: int) -> Iterator[Doubt]:
    """Yield lots that our own log has not brought back either."""
    for key, stray in known.strays.items():
        is_shown = now_ms < stray.moment_ms + SURPLUS_SHOWN_MS
        if is_shown and key not in known.lots:
            yield Doubt(
                "stray-lot", "requester", stray.job, stray.epoch, stray.maker,
                good=stray.good, scrap=stray.scrap, since_ms=stray.moment_ms,
            )  # fmt: skip


def _waiting(known: Books, standing: Collection[tuple[str, str]]) -> Iterator[Doubt]:
    for lot in known.lots.values():
        is_under_way = lot.state in ("confirmed", "cancelling")
        if is_under_way and (lot.maker, lot.machine) in standing:
            yield _of_lot("waits-there", lot)


def silent_from_ms(known: Books, lot: Lot) -> int | None:
    """Return from when a lot's silence is an alarm; nil for one that is not expected.

    It may begin so long after its window as the maker's policy says. One that was
    begun may then still take as long as its window is. Nothing follows from this.
    """
    if lot.state not in ("confirmed", "cancelling"):
        return None
    charter = known.nodes.get(lot.maker, "")
    start_by_ms = lot.end_ms + known.start_by_s.get(charter, START_BY_S) * 1_000
    is_begun = bool(lot.good or lot.scrap)
    return start_by_ms + (lot.end_ms - lot.start_ms if is_begun else 0)


def signers_of(lot: Lot) -> int:
    """Return how many must sign to write a lot off, where the charter names so many."""
    if not lots.takes(lot, "write-off"):
        return 0
    missing = lot.pieces - lot.good
    machine_s = (lot.end_ms - lot.start_ms) // 1_000 * missing // lot.pieces
    return 1 if machine_s <= WRITE_OFF_ALONE_S else 2


def _of_making(making: Making) -> Doubt:
    return Doubt(
        "in-doubt", "facility", making.job, making.epoch, making.requester,
        making.machine, making.pieces, making.good, making.scrap,
    )  # fmt: skip


def _of_remnant(remnant: Remnant) -> Doubt:
    return Doubt(
        "bench-unknown", "facility", remnant.job, remnant.epoch, remnant.requester,
        remnant.machine or "", good=remnant.good, scrap=remnant.scrap,
    )  # fmt: skip


def _of_lot(kind: Kind, lot: Lot, since_ms: int | None = None) -> Doubt:
    return Doubt(
        kind, "requester", lot.job, lot.epoch, lot.maker, lot.machine, lot.pieces,
        lot.good, lot.scrap, lot.surplus,
        signers_of(lot) if kind in WRITTEN_OFF else 0, since_ms,
    )  # fmt: skip
