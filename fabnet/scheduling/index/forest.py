"""A tree over the slots of each family, with what the best of each branch can offer.

A leaf holds sixteen slots, column by column, so that one instruction works on all of
them: each number of each slot, once, as it is in the tables. Nothing else about a slot
is needed to search, nor to go back to the tables (`Forest.offered`).

A branch is known by columns of sixteen *lanes*, one for each node below it: the box in
which the slots stand, the largest sizes, the best tolerance, every capability that one
of them has (the bits or-ed), whose they are, and two lower bounds for so much work:
when it can end, and that with the carbon of making. The least of straight lines is
concave, so between two sampled amounts of work it lies above their chord.

What is in branches only bounds: float32, moved the safe way by two parts in ten
million, which is more than rounding takes (places are whole metres and exact). Costs
are those of `cost.terms`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.scheduling.bits import Demand, Words
from fabnet.scheduling.index.arrange import LANES, arrange
from fabnet.scheduling.index.calendar import Calendar, ranges
from fabnet.scheduling.index.shapes import Floats, Singles, Tree
from fabnet.scheduling.model import (
    NO_LIMIT,
    WORK_S_MAX,
    Arrays,
    Ints,
    Narrow,
    Slots,
    aligned,
)

WORKS_S: Final = (0, 3_600, 28_800, 172_800, WORK_S_MAX)
"""The amounts of work at which bounds are kept: an hour, a day's, a week's, and all."""
TYPICAL_S: Final = 3_600
"""The work at which slots are compared where branches are made."""
LOWER: Final = 1 - 2e-7
"""What is multiplied with to move a number down before it is rounded to float32."""
HIGHER: Final = 1 + 2e-7
NONE_MS: Final = 1e18
"""The bound where no machine is: more than any cost, and chords with it are finite."""

# Columns of lanes in a branch, which the kernel knows too.
LOW, HIGH, SIZE = 0, 3, 6
TOLERANCE, THICKNESS, END, MADE, BRANCH = 9, 10, 11, 16, 21
# Columns of lanes in a leaf: those of `model.Slots`, but that the number of the slot
# stands where the family did; then when it is first free; then the words of its bits.
UNIT, NUMBER, READY, CAN = 0, 1, 16, 17
PACE, SETUP, ENERGY, GRID = (
    Slots.__dict__[name].at
    for name in ("pace_permille", "setup_s", "energy_w", "grid_g_per_kwh")
)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The trees, and the free time that they were built on and are repaired for.

    Nodes are numbered leaves first, then branch by branch up to the roots.
    """

    calendar: Calendar
    weights: Ints
    """Late permille, seconds a km, seconds a kg, own first in ms."""
    depth: int
    """How many nodes stand above each other, at most."""
    root: Narrow
    """`[family]`: the node on top; -1 if nothing is offered."""
    first: Ints
    """`[family + 1]`: where the leaves of each family begin; before the first, those of
    slots whose family nobody wants, in no tree."""
    parent: Narrow
    """`[node]`: the node above; -1 above a root."""
    below: Narrow
    """`[branch]`: the first node below; the others follow it."""
    where: Narrow
    """`[slot]`: its leaf, sixteen times, and its lane."""
    lanes: Narrow
    """`[leaf, column, lane]`; a lane without a slot has the number -1, and fits none.
    READY is NO_LIMIT where no time is left."""
    branches: Singles
    """`[branch, column, lane]`."""
    has: Words
    """`[word, branch, lane]`: each bit that one of the slots below has."""
    whose: Words
    """`[branch, lane]`: a bit for the remainder by 32 of each charter below."""

    @property
    def tree(self) -> Tree:
        """The arrays that a kernel walks."""
        return (
            self.root, self.parent, self.below, self.where, self.lanes, self.branches,
            self.has, self.whose,
        )  # fmt: skip

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        return len(self.lanes)

    @property
    def bytes(self) -> int:
        """How much memory the slots, the trees and the calendar take."""
        held = (*self.tree, self.calendar.span, self.calendar.pieces)
        return sum(array.nbytes for array in held)

    def unit(self, slot: int) -> int:
        """Return which machine a slot is of."""
        leaf, lane = divmod(int(self.where[slot]), LANES)
        return int(self.lanes[leaf, UNIT, lane])

    def slots_of(self, unit: int) -> Ints:
        """Return the slots of a machine."""
        leaf, lane = np.nonzero(self.lanes[:, UNIT] == unit)
        slots = np.sort(self.lanes[leaf, NUMBER, lane])
        return slots[slots >= 0].astype(np.int64)

    def offered(self) -> Slots:
        """Return the slots as a table again, in their own order."""
        leaf, lane = np.divmod(self.where.astype(np.int64), LANES)
        numbers = self.lanes[leaf, :, lane]
        family = np.searchsorted(self.first, leaf, side="right") - 1
        numbers[:, NUMBER] = family
        first, count = self.calendar.offered(np.arange(len(leaf)))
        windows = self.calendar.pieces[ranges(first, count)]
        span = np.stack((np.cumsum(count) - count, count), axis=1).astype(np.int32)
        can = np.ascontiguousarray(numbers[:, CAN:].T).view(np.uint32)
        table = aligned((len(leaf), READY), np.int32)
        table[:] = numbers[:, :READY]
        for array in (table, can, span, windows):
            array.setflags(write=False)
        return Slots(table, can, span, windows)


def build(arrays: Arrays, calendar: Calendar | None = None) -> Forest:
    """Return the trees over all slots of the families that rows may want.

    On what was offered, or on what is left in a calendar.
    """
    slots, free = arrays.slots, calendar or Calendar(arrays.slots)
    order, size = arrange(_groups(arrays), _sides(arrays, free))
    families = arrays.demands.shape[1]
    of_leaf = slots.family[order][np.cumsum(size) - size]
    parent, below, many, root, depth = _tree(of_leaf, families)
    leaves, words = len(size), len(slots.can)
    leaf = np.repeat(np.arange(leaves), size)
    lane = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    where = np.zeros(slots.many, np.int32)
    where[order] = leaf * LANES + lane
    weights = arrays.weights
    own_ms = weights.own_first_s * 1_000
    forest = Forest(
        calendar=free,
        weights=np.array(
            (
                weights.late_permille,
                weights.distance_s_per_km,
                weights.co2_s_per_kg,
                own_ms,
            )
        ),
        depth=depth,
        root=root,
        first=np.searchsorted(of_leaf, np.arange(families + 1)),
        parent=parent,
        below=below,
        where=where,
        lanes=_lanes(slots, order, leaf, lane),
        branches=aligned((len(below), BRANCH, LANES), np.float32),
        has=aligned((words, len(below), LANES), np.uint32),
        whose=aligned((len(below), LANES), np.uint32),
    )
    forest.branches[:, SIZE : SIZE + 3] = forest.branches[:, THICKNESS] = NONE_MS
    forest.branches[:, END:] = NONE_MS
    _describe(forest, slots, order, size, many)
    refresh(forest)
    return forest


def _lanes(slots: Slots, order: Ints, leaf: Ints, lane: Ints) -> Narrow:
    """Return the lanes of leaves, but for when they are free."""
    leaves = int(leaf[-1]) + 1 if leaf.size else 0
    lanes = aligned((leaves, CAN + len(slots.can), LANES), np.int32)
    lanes[:, :READY] = -1
    lanes[:, PACE] = 1_000
    lanes[:, READY] = NO_LIMIT
    for column in range(READY):
        lanes[leaf, column, lane] = slots.table[order, column]
    lanes[leaf, NUMBER, lane] = order
    for word, can in enumerate(slots.can):
        lanes[leaf, CAN + word, lane] = can[order].view(np.int32)
    return lanes


def _groups(arrays: Arrays) -> Ints:
    """Number the slots by family and, within it, by the processes that they can do."""
    family = arrays.slots.family.astype(np.int64)
    # The last is for what nobody wants, of which no bit counts.
    process = np.pad(arrays.demands[Demand.PROCESS], ((0, 1), (0, 0)))
    # Word by word: a number for each different (number so far, word).
    number = family
    for word, can in enumerate(arrays.slots.can):
        bits = can & process[family, word]
        both = np.lexsort((bits, number))
        new = np.zeros(len(both), np.int64)
        new[1:] = (np.diff(number[both]) != 0) | (np.diff(bits[both]) != 0)
        number = np.empty_like(new)
        number[both] = np.cumsum(new)
    return number


def _sides(arrays: Arrays, calendar: Calendar) -> Floats:
    """Return `[4, slot]`: where slots stand and what they cost everybody, in ms."""
    slots = arrays.slots
    place_ms = slots.place_m * float(max(1, arrays.weights.distance_s_per_km))
    ready_ms = _ready(calendar, np.arange(slots.many))
    run_s = TYPICAL_S * 1_000 / slots.pace_permille
    carbon_mg = slots.energy_w * run_s * slots.grid_g_per_kwh / 3_600
    carbon_ms = carbon_mg * arrays.weights.co2_s_per_kg / 1_000
    cost_ms = ready_ms + (slots.setup_s + run_s) * 1_000 + carbon_ms
    return np.concatenate((place_ms, cost_ms[None]))


def _tree(of: Narrow, families: int) -> tuple[Narrow, Narrow, Ints, Narrow, int]:
    """Return each node's parent, each branch's first and how many, roots and depth.

    `of` is the family of each leaf.
    """
    # The last is for what nobody wants, which has no root.
    root = np.full(families + 1, -1, np.int32)
    parents, firsts, counts = (
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.int64)],
    )
    number = 0
    while len(of):
        # The nodes of a family lie side by side; one that is alone is its root.
        start = np.flatnonzero(np.diff(of, prepend=-2))
        count = np.diff(start, append=len(of))
        root[of[start[count == 1]]] = number + start[count == 1]
        within = np.arange(len(of)) - np.repeat(start, count)
        rest = np.repeat(count > 1, count)
        parent = np.full(len(of), -1)
        parent[rest] = number + len(of) + np.cumsum(within[rest] % LANES == 0) - 1
        parents.append(parent)
        heads = np.flatnonzero(rest & (within % LANES == 0))
        firsts.append(number + heads)
        left = np.repeat(start + count, count)[heads] - heads
        counts.append(np.minimum(left, LANES))
        number, of = number + len(of), of[heads]
    parent, below = np.concatenate(parents), np.concatenate(firsts)
    return (
        parent.astype(np.int32),
        below.astype(np.int32),
        np.concatenate(counts),
        root[:families].copy(),
        len(parents) - 1,
    )


def _describe(
    forest: Forest, slots: Slots, order: Ints, size: Ints, many: Ints
) -> None:
    """Fill in what stays as it is, whatever is taken, from the leaves up."""
    leaves, begins = len(size), np.cumsum(size) - size
    if not leaves:
        return
    table = slots.table[order].astype(np.float64)
    columns = np.stack(
        [
            better.reduceat(table[:, column], begins) * safe
            for column, better, safe in _BEST
        ],
        axis=1,
    ).astype(np.float32)
    charter = np.uint32(1) << (slots.charter[order] % 32).astype(np.uint32)
    whose = np.bitwise_or.reduceat(charter, begins)
    has = np.bitwise_or.reduceat(slots.can[:, order], begins, axis=1)
    begin, end = 0, leaves
    while end > begin:
        # These nodes' own lanes are in the branch above; roots have none.
        above = forest.parent[begin:end].astype(np.int64)
        at = np.flatnonzero(above >= 0)
        branch = above[at] - leaves
        lane = begin + at - forest.below[branch]
        forest.branches[branch, :END, lane] = columns[at]
        forest.whose[branch, lane] = whose[at]
        forest.has[:, branch, lane] = has[:, at]
        branch = np.unique(branch)
        count = many[branch]
        begins = np.cumsum(count) - count
        begin, end = end, end + len(branch)
        columns = np.stack(
            [
                better.reduceat(columns[at, to], begins)
                if len(branch)
                else columns[:0, to]
                for to, (_, better, _) in enumerate(_BEST)
            ],
            axis=1,
        )
        if len(branch):
            whose = np.bitwise_or.reduceat(whose[at], begins)
            has = np.bitwise_or.reduceat(has[:, at], begins, axis=1)


def refresh(forest: Forest, touched: Ints | None = None) -> None:
    """Say anew when machines are free: of all, or on the way up from a few slots."""
    if touched is None:
        slots, some = np.arange(len(forest.where)), np.arange(forest.leaves)
    else:
        slots, some = touched, np.unique(forest.where[touched] // LANES)
    if not some.size:
        return
    leaf, lane = np.divmod(forest.where[slots], LANES)
    forest.lanes[leaf, READY, lane] = _ready(forest.calendar, slots)
    least = _least(forest, some)
    while some.size:
        above = forest.parent[some].astype(np.int64)
        some, least, above = some[above >= 0], least[above >= 0], above[above >= 0]
        branch = above - forest.leaves
        forest.branches[branch, END:, some - forest.below[branch]] = least
        some = np.unique(above)
        least = forest.branches[some - forest.leaves, END:].min(axis=2)


def _ready(calendar: Calendar, slots: Ints) -> Ints:
    """Return when each slot is first free at all, or NO_LIMIT."""
    ready_ms = calendar.earliest(slots, np.ones(len(slots), np.int64))
    return np.minimum(ready_ms, NO_LIMIT)


def _least(forest: Forest, leaves: Ints) -> Singles:
    """Return `[leaf, amount]`: the least ends, and with the carbon of making."""
    lanes, work_s = forest.lanes[leaves], np.array(WORKS_S, np.float64)[:, None]
    ready_ms, pace = lanes[:, READY], lanes[:, PACE].astype(np.float64)
    free_ms = ready_ms + lanes[:, SETUP] * 1e3
    free_ms[ready_ms == NO_LIMIT] = NONE_MS
    grams = lanes[:, ENERGY] * lanes[:, GRID].astype(np.float64)
    carbon_ms = grams * float(forest.weights[2]) / (3_600 * pace)
    end_ms = free_ms[:, None] + work_s * (1e6 / pace)[:, None]
    made_ms = end_ms + work_s * carbon_ms[:, None]
    least = np.concatenate((end_ms.min(axis=2), made_ms.min(axis=2)), axis=1)
    safe: Singles = (np.minimum(least, NONE_MS) * LOWER).astype(np.float32)
    return safe


def set_ready(forest: Forest, slot: int) -> None:
    """Say anew when one slot is free, in its leaf alone: `refresh` does the rest."""
    free = forest.calendar.of(slot)
    leaf, lane = divmod(int(forest.where[slot]), LANES)
    forest.lanes[leaf, READY, lane] = free[0][0] if free else NO_LIMIT


_BEST: Final = (
    (7, np.minimum, 1.0),
    (8, np.minimum, 1.0),
    (9, np.minimum, 1.0),
    (7, np.maximum, 1.0),
    (8, np.maximum, 1.0),
    (9, np.maximum, 1.0),
    (2, np.maximum, HIGHER),
    (3, np.maximum, HIGHER),
    (4, np.maximum, HIGHER),
    (5, np.minimum, LOWER),
    (6, np.maximum, HIGHER),
)
"""For each column of a branch: that of slots, what is best, and which way is safe."""
