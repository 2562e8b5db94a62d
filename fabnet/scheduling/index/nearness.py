"""What slots cost at least, for many rows and all lanes of a node at once, in float32.

The twin of `kernel_bounds.bound_branches` and `bound_leaf`. A float32 errs by one part
in sixteen million; whatever a row asks is moved the safe way by four times that, each
difference of moments likewise, and the sum is lowered by two millionths.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from fabnet.scheduling.cost import TRANSPORT_G_PER_T_KM
from fabnet.scheduling.index.forest import (
    END,
    HIGH,
    L_CARBON,
    L_FREE,
    L_PACE,
    L_PLACE,
    L_SIZE,
    L_TOLERANCE,
    LOW,
    MADE,
    NONE_MS,
    SIZE,
    THICKNESS,
    TOLERANCE,
    WORKS_S,
    Forest,
    halves,
)
from fabnet.scheduling.index.shapes import Halves, Singles
from fabnet.scheduling.model import Arrays, Flags, Ints

LESS: Final = np.float32(1 - 2.5e-7)
MORE: Final = np.float32(1 + 2.5e-7)
SURE: Final = np.float32(1 - 2e-6)
"""What a bound is multiplied by after it is reckoned."""
Leaves: TypeAlias = "slice[int, int, None]"
ZERO: Final = np.float32(0)


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """What the bounds of some rows need: `[row, 1]`, moved the safe way."""

    place: Singles
    """`[row, 3]`."""
    size: Singles
    """`[row, 3]`."""
    rest: Singles
    """`[row, 12]`: tolerance, thickness, work, due, deadline, the square of the radius,
    ms a metre, ms a late ms, the margin, how far between two amounts of work, own."""
    step: Ints
    charter: Ints
    needs: Halves
    """`[half word, row]`."""

    @classmethod
    def of(cls, arrays: Arrays, rows: Ints) -> Asking:
        """Return what rows ask."""
        want = arrays.rows.table[rows]
        weights = arrays.weights
        co2 = weights.co2_s_per_kg / 1e3
        a_metre = weights.distance_s_per_km + want[:, 11] * (
            TRANSPORT_G_PER_T_KM / 1e6 * co2
        )
        need = want[:, 14] / 1e3
        work = want[:, 10].astype(np.float64)
        works = np.array(WORKS_S, np.float64)
        step = np.clip(np.searchsorted(works, work) - 1, 0, len(works) - 2)
        part = (work - works[step]) / (works[step + 1] - works[step])
        due = want[:, 12].astype(np.float64)
        radius = (want[:, 15] + 1).astype(np.float64)
        rest = np.empty((len(rows), 11), np.float32)
        rest[:, 0] = want[:, 4] * (1 + 2.5e-7)
        rest[:, 1] = want[:, 5] * (1 - 2.5e-7)
        rest[:, 2] = work * (1 - 2.5e-7)
        rest[:, 3] = due + np.abs(due) * 2.5e-7
        rest[:, 4] = want[:, 13] * (1 + 1e-6) + 1
        rest[:, 5] = radius * radius * (1 + 1e-6)
        rest[:, 6] = a_metre
        rest[:, 7] = weights.late_permille / 1e3 * need
        rest[:, 8] = (a_metre + need + 2 * co2 + 5) * (1 + 2.5e-7)
        rest[:, 9] = part
        rest[:, 10] = weights.own_first_s * 1_000
        return cls(
            place=want[:, 6:9].astype(np.float32),
            size=(want[:, 1:4] * (1 - 2.5e-7)).astype(np.float32),
            rest=rest,
            step=step,
            charter=want[:, 9],
            needs=halves(arrays.rows.needs[:, rows]),
        )

    @classmethod
    def one(cls, arrays: Arrays, row: int) -> Asking:
        """Return the same of one row, in Python's numbers: fewer calls."""
        want, weights = arrays.rows.table[row].tolist(), arrays.weights
        co2, need, work = weights.co2_s_per_kg / 1e3, want[14] / 1e3, float(want[10])
        a_metre = weights.distance_s_per_km + want[11] * (
            TRANSPORT_G_PER_T_KM / 1e6 * co2
        )
        step = min(max(bisect_left(WORKS_S, work) - 1, 0), len(WORKS_S) - 2)
        part = (work - WORKS_S[step]) / (WORKS_S[step + 1] - WORKS_S[step])
        due, radius = float(want[12]), float(want[15] + 1)
        rest = (
            want[4] * (1 + 2.5e-7),
            want[5] * (1 - 2.5e-7),
            work * (1 - 2.5e-7),
            due + abs(due) * 2.5e-7,
            want[13] * (1 + 1e-6) + 1,
            radius * radius * (1 + 1e-6),
            a_metre,
            weights.late_permille / 1e3 * need,
            (a_metre + need + 2 * co2 + 5) * (1 + 2.5e-7),
            part,
            weights.own_first_s * 1_000,
        )
        sizes = [size * (1 - 2.5e-7) for size in want[1:4]]
        return cls(
            place=np.array([want[6:9]], np.float32),
            size=np.array([sizes], np.float32),
            rest=np.array([rest], np.float32),
            step=np.array([step]),
            charter=np.array(want[9:10]),
            needs=halves(arrays.rows.needs[:, row : row + 1]),
        )

    def only(self, at: Ints | list[int]) -> Asking:
        """Return some of the rows."""
        return Asking(
            self.place[at], self.size[at], self.rest[at], self.step[at],
            self.charter[at], self.needs[:, at],
        )  # fmt: skip


def bound_branches(forest: Forest, asking: Asking, branch: Ints) -> Singles:
    """Return `[row, lane]`: what slots below each lane of its branch cost at least."""
    lanes, size, rest = forest.branches[branch], asking.size, asking.rest
    square = np.zeros(lanes[:, 0].shape, np.float32)
    for axis in range(3):
        here = asking.place[:, axis, None]
        apart = np.maximum(lanes[:, LOW + axis] - here, here - lanes[:, HIGH + axis])
        np.maximum(apart, ZERO, out=apart)
        apart *= apart
        square += apart
    each, part = np.arange(len(branch)), rest[:, 9, None]
    end = lanes[each, END + asking.step]
    end += part * (lanes[each, END + asking.step + 1] - end)
    made = lanes[each, MADE + asking.step]
    made += part * (lanes[each, MADE + asking.step + 1] - made)
    bit = (np.uint32(1) << (asking.charter & 31).astype(np.uint32))[:, None]
    ours = forest.whose[branch] & bit != 0
    lacks = rest[:, 0, None] < lanes[:, TOLERANCE]
    lacks |= rest[:, 1, None] > lanes[:, THICKNESS]
    for axis in range(3):
        lacks |= size[:, axis, None] > lanes[:, SIZE + axis]
    for needs, has in zip(asking.needs, forest.has, strict=True):
        lacks |= needs[:, None] & ~has[branch] != 0
    return _sum(rest, square, end=end, made=made, ours=ours, lacks=lacks)


def bound_leaves(forest: Forest, asking: Asking, leaf: Ints | Leaves) -> Singles:
    """Return `[row, lane]`: what the slot of each lane of its leaf costs at least.

    One row may ask many leaves.
    """
    lanes, size, rest = forest.lines[leaf], asking.size, asking.rest
    square = np.zeros(lanes[:, 0].shape, np.float32)
    for axis in range(3):
        apart = lanes[:, L_PLACE + axis] - asking.place[:, axis, None]
        apart *= apart
        square += apart
    work = rest[:, 2, None]
    end = lanes[:, L_FREE] + work * lanes[:, L_PACE]
    made = end + work * lanes[:, L_CARBON]
    ours = forest.charter[leaf] == asking.charter[:, None]
    lacks = rest[:, 0, None] < lanes[:, L_TOLERANCE]
    for axis in range(3):
        lacks |= size[:, axis, None] > lanes[:, L_SIZE + axis]
    for needs, can in zip(asking.needs, forest.can, strict=True):
        lacks |= needs[:, None] & ~can[leaf] != 0
    return _sum(rest, square, end=end, made=made, ours=ours, lacks=lacks)


def _sum(
    rest: Singles,
    square: Singles,
    *,
    end: Singles,
    made: Singles,
    ours: Flags,
    lacks: Flags,
) -> Singles:
    """Return the bounds of what is so far away and ends then, if nothing is lacking."""
    end *= LESS
    lacks |= end > rest[:, 4, None]
    lacks |= square >= rest[:, 5, None]
    end -= rest[:, 3, None]
    # The difference may be off by as much as rounding the moments was.
    np.maximum(end, ZERO, out=end)
    end *= rest[:, 7, None]
    np.sqrt(square, out=square)
    square *= rest[:, 6, None]
    bound: Singles = square + made
    bound += end
    bound += np.where(ours, ZERO, rest[:, 10, None])
    bound *= SURE
    bound -= rest[:, 8, None]
    np.minimum(bound, np.float32(NONE_MS), out=bound)
    bound[lacks] = NONE_MS
    return bound
