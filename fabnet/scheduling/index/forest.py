"""A tree over the slots of each family, with what the best of each branch can offer.

A branch is known by eight columns of eight *lanes*, one for each node below it: the box
in which the slots stand, the largest sizes, the best tolerance, every capability that
one of them has (the bits or-ed), whose they are, and two lower bounds for so much work:
when it can end, and that with the carbon of making. The least of straight lines is
concave, so between two sampled amounts of work it lies above their chord. A leaf has a
lane for each slot, with the straight line itself. One instruction works on all lanes.

What is in lanes only bounds: float32, moved the safe way by two parts in ten million,
which is more than rounding takes (places are whole metres and exact), reckoned with in
float64 and lowered again (`kernel.facts_of`). Costs are then those of `cost.terms`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.scheduling.bits import Demand, Words
from fabnet.scheduling.index.arrange import LANES, arrange
from fabnet.scheduling.index.calendar import Calendar
from fabnet.scheduling.index.shapes import Floats, Halves, Singles, Tree
from fabnet.scheduling.model import (
    NEVER,
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
# Columns of lanes in a leaf.
L_PLACE, L_SIZE, L_TOLERANCE, L_FREE, L_PACE, L_CARBON, LEAF = 0, 3, 6, 7, 8, 9, 10


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
    """`[family + 1]`: where the leaves of each family begin."""
    parent: Narrow
    """`[node]`: the node above; -1 above a root."""
    below: Narrow
    """`[branch]`: the first node below; the others follow it."""
    order: Narrow
    """`[leaf, lane]`: slots, by number within a leaf; -1 where there is none."""
    leaf: Narrow
    """`[slot]`: its leaf; -1 if nobody wants its family."""
    lines: Singles
    """`[leaf, column, lane]`."""
    can: Halves
    """`[half word, leaf, lane]`."""
    charter: Narrow
    """`[leaf, lane]`."""
    branches: Singles
    """`[branch, column, lane]`."""
    has: Halves
    """`[half word, branch, lane]`: each bit that one of the slots below has."""
    whose: Halves
    """`[branch, lane]`: a bit for the remainder by 32 of each charter below."""

    @property
    def tree(self) -> Tree:
        """The arrays that a kernel walks."""
        return (
            self.root, self.parent, self.below, self.order, self.leaf, self.lines,
            self.can, self.charter, self.branches, self.has, self.whose,
        )  # fmt: skip

    @property
    def bytes(self) -> int:
        """How much memory the trees and the calendar take."""
        held = (*self.tree, self.calendar.span, self.calendar.pieces)
        return sum(array.nbytes for array in held)

    def of_family(self, family: int) -> Ints:
        """Return the slots of a family, leaf after leaf."""
        first, last = self.first[family : family + 2]
        slots = self.order[first:last].ravel()
        return slots[slots >= 0].astype(np.int64)


def build(arrays: Arrays, calendar: Calendar | None = None) -> Forest:
    """Return the trees over all slots of the families that rows may want.

    On what was offered, or on what is left in a calendar.
    """
    slots, free = arrays.slots, calendar or Calendar(arrays.slots)
    wanted = np.flatnonzero(slots.family >= 0)
    order, size = arrange(_groups(arrays, wanted), _sides(arrays, wanted, free))
    order = wanted[order]
    families = arrays.demands.shape[1]
    of_leaf = slots.family[order][np.cumsum(size) - size]
    parent, below, many, root, depth = _tree(of_leaf, families)
    leaves, words = len(size), 2 * len(slots.can)
    of = np.repeat(np.arange(leaves), size)
    lane = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    leaf = np.full(slots.many, -1, np.int32)
    leaf[order] = of
    lanes = aligned((leaves, LANES), np.int32)
    lanes.fill(-1)
    lanes[of, lane] = order
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
        order=lanes,
        leaf=leaf,
        lines=aligned((leaves, LEAF, LANES), np.float32),
        can=aligned((words, leaves, LANES), np.uint32),
        charter=aligned((leaves, LANES), np.int32),
        branches=aligned((len(below), BRANCH, LANES), np.float32),
        has=aligned((words, len(below), LANES), np.uint32),
        whose=aligned((len(below), LANES), np.uint32),
    )
    forest.lines[:, L_FREE], forest.branches[:, END:] = NONE_MS, NONE_MS
    _line(forest, slots, order, of, lane)
    _describe(forest, slots, order, size, many)
    refresh(forest, slots)
    return forest


def halves(words: Words) -> Halves:
    """Return `[half word, entry]`: the lesser half of each word first."""
    parts = np.empty((2 * len(words), *words.shape[1:]), np.uint32)
    parts[0::2] = words & np.uint64(2**32 - 1)
    parts[1::2] = words >> np.uint64(32)
    return parts


def _groups(arrays: Arrays, slots: Ints) -> Ints:
    """Number the slots by family and, within it, by the processes that they can do."""
    family = arrays.slots.family[slots].astype(np.int64)
    # Word by word: a number for each different (number so far, word).
    number = family
    for word, can in enumerate(arrays.slots.can):
        bits = can[slots] & arrays.demands[Demand.PROCESS, family, word]
        both = np.lexsort((bits, number))
        new = np.zeros(len(both), np.int64)
        new[1:] = (np.diff(number[both]) != 0) | (np.diff(bits[both]) != 0)
        number = np.empty_like(new)
        number[both] = np.cumsum(new)
    return number


def _sides(arrays: Arrays, slots: Ints, calendar: Calendar) -> Floats:
    """Return `[4, slot]`: where slots stand and what they cost everybody, in ms."""
    table = arrays.slots
    place_ms = table.place_m[:, slots] * float(max(1, arrays.weights.distance_s_per_km))
    ready_ms = calendar.earliest(slots, np.ones(len(slots), np.int64))
    ready_ms = np.minimum(ready_ms, NO_LIMIT)
    run_s = TYPICAL_S * 1_000 / table.pace_permille[slots]
    carbon_mg = table.energy_w[slots] * run_s * table.grid_g_per_kwh[slots] / 3_600
    carbon_ms = carbon_mg * arrays.weights.co2_s_per_kg / 1_000
    cost_ms = ready_ms + (table.setup_s[slots] + run_s) * 1_000 + carbon_ms
    return np.concatenate((place_ms, cost_ms[None]))


def _tree(of: Narrow, families: int) -> tuple[Narrow, Narrow, Ints, Narrow, int]:
    """Return each node's parent, each branch's first and how many, roots and depth.

    `of` is the family of each leaf.
    """
    root = np.full(families, -1, np.int32)
    parents, firsts, counts = (
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.int64)],
    )
    number = 0
    while len(of):
        # The nodes of a family lie side by side; one that is alone is its root.
        start = np.flatnonzero(np.diff(of, prepend=-1))
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
        root,
        len(parents) - 1,
    )


def _line(forest: Forest, slots: Slots, at: Ints, leaf: Ints, lane: Ints) -> None:
    """Fill in the lanes of leaves, but for when they are free."""
    table, lines = slots.table[at].astype(np.float64), forest.lines
    for axis in range(3):
        lines[leaf, L_PLACE + axis, lane] = table[:, 7 + axis]
        lines[leaf, L_SIZE + axis, lane] = table[:, 2 + axis] * HIGHER
    lines[leaf, L_TOLERANCE, lane] = table[:, 5] * LOWER
    lines[leaf, L_PACE, lane] = 1e6 / table[:, 12] * LOWER
    grams = table[:, 14] * table[:, 15] * float(forest.weights[2])
    lines[leaf, L_CARBON, lane] = grams / (3_600 * table[:, 12]) * LOWER
    forest.charter[leaf, lane] = slots.charter[at]
    forest.can[:, leaf, lane] = halves(slots.can[:, at])


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
    has = np.bitwise_or.reduceat(halves(slots.can[:, order]), begins, axis=1)
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


def refresh(forest: Forest, slots: Slots, touched: Ints | None = None) -> None:
    """Say anew when machines are free: of all, or on the way up from a few slots."""
    leaves = len(forest.order)
    some = np.arange(leaves)
    if touched is not None:
        some = np.unique(forest.leaf[touched])
        some = some[some >= 0]
    if not some.size:
        return
    _free(forest, slots, some)
    work_s = np.array(WORKS_S, np.float64)[:, None]
    line = forest.lines[some].astype(np.float64)
    end_ms = line[:, None, L_FREE] + work_s * line[:, None, L_PACE]
    made_ms = end_ms + work_s * line[:, None, L_CARBON]
    least = np.concatenate((end_ms.min(axis=2), made_ms.min(axis=2)), axis=1)
    least = np.minimum(least, NONE_MS) * LOWER
    while some.size:
        above = forest.parent[some].astype(np.int64)
        some, least, above = some[above >= 0], least[above >= 0], above[above >= 0]
        branch = above - leaves
        forest.branches[branch, END:, some - forest.below[branch]] = least
        some = np.unique(above)
        least = forest.branches[some - leaves, END:].min(axis=2).astype(np.float64)


def _free(forest: Forest, slots: Slots, some: Ints) -> None:
    """Fill in when the slots of some leaves are free and set up."""
    order = forest.order[some]
    there = order >= 0
    at = order[there].astype(np.int64)
    ready_ms = forest.calendar.earliest(at, np.ones(len(at), np.int64))
    free_ms = (ready_ms + slots.setup_s[at] * np.int64(1_000)) * LOWER
    leaf, lane = np.nonzero(there)
    forest.lines[some[leaf], L_FREE, lane] = np.where(
        ready_ms == NEVER, NONE_MS, free_ms
    )


def set_free(forest: Forest, slot: int, setup_s: int) -> None:
    """Say anew when one slot is free, in its leaf alone: `refresh` does the rest."""
    leaf = forest.leaf[slot]
    if leaf < 0:
        return
    free = forest.calendar.of(slot)
    free_ms = (free[0][0] + setup_s * 1_000) * LOWER if free else NONE_MS
    forest.lines[leaf, L_FREE, forest.order[leaf] == slot] = free_ms


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
