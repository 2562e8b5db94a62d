"""What the commons learnt of a design: who made it, and what a piece really took.

Only finished lots count whose pieces the requester accepted, each with the passport
that its facility signed. *Independently* means by another cooperative than the one that
published the design. Whether somebody else than the maker took the pieces is said
beside it: a cooperative may replicate for itself, and then nobody else has looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from fabnet.records.ids import CharterId


@dataclass(frozen=True, slots=True)
class FinishedLot:
    """A lot that was accepted, as both sides signed it."""

    maker: CharterId
    taker: CharterId | None
    """The requester's cooperative; nil when its charter is not known here."""
    part: str
    good: int
    """Pieces accepted, of those that the passport vouches for."""
    of: int
    """Pieces that the figures below are of."""
    minutes: int
    mass_mg: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Maker:
    """A cooperative that made the design."""

    cooperative: CharterId
    is_author: bool
    lots: int
    pieces: int
    witnessed_lots: int
    """Of these lots, how many another cooperative accepted."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one piece of a part took, by the middle of the lots' own means."""

    part: str
    lots: int
    piece_s: int
    """Of people and machines together."""
    piece_mg: int
    piece_wh: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who made a design, and what it took."""

    made_by: tuple[Maker, ...]
    measured: tuple[Measured, ...]

    @property
    def independently(self) -> int:
        """How many cooperatives other than the author's made it."""
        return sum(not maker.is_author for maker in self.made_by)


def evidence(lots: Iterable[FinishedLot], author: CharterId | None) -> Evidence:
    """Return what finished lots of one design come to."""
    counted = [lot for lot in lots if lot.good > 0 and lot.of > 0]
    makers = sorted({lot.maker for lot in counted})
    parts = sorted({lot.part for lot in counted})
    return Evidence(
        tuple(_maker(counted, each, author) for each in makers),
        tuple(_measured(counted, each) for each in parts),
    )


def _maker(
    lots: list[FinishedLot], maker: CharterId, author: CharterId | None
) -> Maker:
    own = [lot for lot in lots if lot.maker == maker]
    witnessed = [lot for lot in own if lot.taker not in (None, maker)]
    pieces = sum(lot.good for lot in own)
    return Maker(maker, maker == author, len(own), pieces, len(witnessed))


def _measured(lots: list[FinishedLot], part: str) -> Measured:
    own = [lot for lot in lots if lot.part == part]
    return Measured(
        part,
        len(own),
        median_low(_each(lot.minutes * 60, lot.of) for lot in own),
        median_low(_each(lot.mass_mg, lot.of) for lot in own),
        median_low(_each(lot.energy_wh, lot.of) for lot in own),
    )


def _each(total: int, pieces: int) -> int:
    """Return the share of one piece, to the nearest."""
    return (2 * total + pieces) // (2 * pieces)
