"""The same search in numpy: all rows of a tile walk their trees in step.

In each step every row that is not done takes its nearest node: those at a branch put
what is below aside, those at a leaf look at its slots. Bounds are those of the kernel,
reckoned in float32, for which they are lowered more: they differ in how much is looked
at, and not in what is found.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

import numpy as np

from fabnet.scheduling import cost
from fabnet.scheduling.feasible import making_ms
from fabnet.scheduling.index.arrange import LANES
from fabnet.scheduling.index.calendar import Calendar
from fabnet.scheduling.index.forest import NONE_MS, Forest
from fabnet.scheduling.index.nearness import (
    Asking,
    bound_branches,
    bound_leaves,
    bound_slots,
)
from fabnet.scheduling.model import NEVER, OTHERS, OWN, Arrays, Flags, Ints

STEP_ROWS: Final = 2**12
"""Rows that walk in step: enough to make calls cheap, few enough for the cache."""


def nearest(
    arrays: Arrays, forest: Forest, rows: Ints, k: int
) -> tuple[Ints, Ints, Ints]:
    """Return `[row, k]` costs and slots, cheapest first, and how many each row has."""
    tiles = [
        _Walk(arrays, forest, rows[start : start + STEP_ROWS], k).found()
        for start in range(0, len(rows), STEP_ROWS)
    ]
    costs, slots = (np.concatenate(each) for each in zip(*tiles, strict=True))
    held = (costs < NEVER).sum(axis=1)
    slots[costs == NEVER] = -1
    return costs, slots, held


def cheapest(
    arrays: Arrays, forest: Forest, row: int
) -> tuple[int, int, int, int] | None:
    """Return cost, slot, start and end of what is best for one row, or nil.

    For one row the bounds of all leaves of its family take fewer calls than a walk, and
    the few costs behind them fewer in Python's numbers.
    """
    asking = Asking.one(arrays, row)
    family = int(arrays.rows.family[row])
    leaves = slice(*forest.first[family : family + 2].tolist())
    bounds = bound_slots(forest, asking, leaves)
    near = np.flatnonzero(bounds < NONE_MS)
    slots = forest.order[leaves].ravel()[near]
    order = np.argsort(bounds[near], kind="stable")
    best: tuple[int, int, int, int] | None = None
    for bound, slot in zip(
        bounds[near][order].tolist(), slots[order].tolist(), strict=True
    ):
        if best is not None and bound > best[0]:
            break
        found = price(arrays, forest.calendar, row, slot)
        if found is not None and (best is None or found < best):
            best = found
    return best


def price(
    arrays: Arrays, calendar: Calendar, row: int, slot: int
) -> tuple[int, int, int, int] | None:
    """Return cost, slot, start and end of a row on one slot, or nil if it won't do."""
    want, has = arrays.rows.table[row].tolist(), arrays.slots.table[slot].tolist()
    if not _does(arrays, row, slot, want, has):
        return None
    away_m = isqrt(sum((want[6 + axis] - has[7 + axis]) ** 2 for axis in range(3)))
    run_s = -(want[10] * -1_000 // has[12])
    length_ms = max(1, (has[13] + run_s) * 1_000)
    starts = (start for start, end in calendar.of(slot) if end - start >= length_ms)
    start_ms = next(starts, NEVER)
    end_ms = start_ms + length_ms
    if away_m > want[15] or end_ms > want[13] or start_ms == NEVER:
        return None
    if refused(arrays, np.array([row]), np.array([slot]))[0]:
        return None
    total = cost.total_ms(
        arrays.weights, want, has, run_s=run_s, away_m=away_m, end_ms=end_ms
    )
    return total, slot, start_ms, end_ms


def _does(arrays: Arrays, row: int, slot: int, want: list[int], has: list[int]) -> bool:
    """Whether a slot can do a row and is open to it, as `_able` and `_fits` say."""
    needs, can = arrays.rows.needs[:, row].tolist(), arrays.slots.can[:, slot].tolist()
    if any(need & ~able for need, able in zip(needs, can, strict=True)):
        return False
    door = OWN if want[9] == has[10] else OTHERS
    sizes = zip(want[1:4], has[2:5], strict=True)
    return bool(
        has[11] & door
        and want[4] >= has[5]
        and want[5] <= has[6]
        and all(part <= bed for part, bed in sizes)
    )


def prices(arrays: Arrays, calendar: Calendar, rows: Ints, slots: Ints) -> Ints:
    """Return what each row costs on each slot beside it, or NEVER if it will not do."""
    found = np.full(len(slots), NEVER, np.int64)
    at = np.flatnonzero(_able(arrays, rows, slots))
    rows, slots = rows[at], slots[at]
    fine = _fits(arrays, rows, slots)
    at, rows, slots = at[fine], rows[fine], slots[fine]
    fine = cost.distance_m(arrays, rows, slots) <= arrays.rows.radius_m[rows]
    at, rows, slots = at[fine], rows[fine], slots[fine]
    length_ms = making_ms(arrays, rows, slots)
    end_ms = calendar.earliest(slots, length_ms) + length_ms
    fine = (end_ms <= arrays.rows.deadline_ms[rows]) & (end_ms < NEVER)
    fine &= ~refused(arrays, rows, slots)
    at, rows, slots, end_ms = at[fine], rows[fine], slots[fine], end_ms[fine]
    found[at] = cost.terms(arrays, rows, slots, end_ms).sum(axis=0)
    return found


def _able(arrays: Arrays, rows: Ints, slots: Ints) -> Flags:
    able = np.ones(len(slots), np.bool_)
    for needs, can in zip(arrays.rows.needs, arrays.slots.can, strict=True):
        able &= needs[rows] & ~can[slots] == 0
    return able


def _fits(arrays: Arrays, rows: Ints, slots: Ints) -> Flags:
    want, has = arrays.rows.table[rows], arrays.slots.table[slots]
    door = np.where(want[:, 9] == has[:, 10], OWN, OTHERS)
    fits: Flags = (
        (want[:, 1] <= has[:, 2])
        & (want[:, 2] <= has[:, 3])
        & (want[:, 3] <= has[:, 4])
        & (want[:, 4] >= has[:, 5])
        & (want[:, 5] <= has[:, 6])
        & (has[:, 11] & door != 0)
    )
    return fits


def refused(arrays: Arrays, rows: Ints, slots: Ints) -> Flags:
    """Whether each slot already said no to the row beside it."""
    said = arrays.rows.refused
    if not said.size:
        return np.zeros(len(rows), np.bool_)
    pairs = said[0] * arrays.slots.many + said[1]
    found: Flags = np.isin(rows * arrays.slots.many + slots, pairs)
    return found


class _Walk:
    """Some rows on the way through their trees."""

    def __init__(self, arrays: Arrays, forest: Forest, rows: Ints, k: int) -> None:
        self._arrays, self._forest, self._rows, self._k = arrays, forest, rows, k
        self._asking = Asking.of(arrays, rows)
        many, deep = len(rows), forest.depth * LANES + 1
        self._costs = np.full((many, k), NEVER, np.int64)
        self._slots = np.full((many, k), arrays.slots.many, np.int64)
        self._aside = np.zeros((many, deep), np.int32)
        self._bounds = np.full((many, deep), -np.inf, np.float32)
        self._aside[:, 0] = forest.root[arrays.rows.family[rows]]
        self._top = (self._aside[:, 0] >= 0).astype(np.int64)

    def found(self) -> tuple[Ints, Ints]:
        """Walk to the end, and return costs and slots."""
        going, leaves = np.flatnonzero(self._top), len(self._forest.order)
        while going.size:
            self._top[going] -= 1
            top = self._top[going]
            near = self._bounds[going, top] <= self._costs[going, -1]
            node = self._aside[going, top].astype(np.int64)
            leaf = node < leaves
            here = near & leaf
            if here.any():
                self._look(going[here], node[here])
            here = near & ~leaf
            if here.any():
                self._branch(going[here], node[here] - leaves)
            going = going[self._top[going] > 0]
        return self._costs, self._slots

    def _branch(self, at: Ints, branch: Ints) -> None:
        """Put aside what is below a node, the nearest on top."""
        bounds = bound_branches(self._forest, self._asking.only(at), branch).T
        bounds[bounds > self._costs[at, -1, None]] = NONE_MS
        order = np.argsort(-bounds, axis=1)
        count = (bounds < NONE_MS).sum(axis=1)
        row, rank = np.nonzero(np.arange(LANES) >= LANES - count[:, None])
        lane = order[row, rank]
        place = at[row], self._top[at][row] + rank - LANES + count[row]
        self._aside[place] = self._forest.below[branch[row]] + lane
        self._bounds[place] = bounds[row, lane]
        self._top[at] += count

    def _look(self, at: Ints, leaf: Ints) -> None:
        """Keep what is best among the slots of a leaf."""
        bounds = bound_leaves(self._forest, self._asking.only(at), leaf).T
        if self._k == 1:
            # The nearest first: most of the others need not be looked at any more.
            lane = bounds.argmin(axis=1)
            first = np.flatnonzero(bounds[np.arange(len(at)), lane] < NONE_MS)
            names = self._forest.order[leaf[first], lane[first]].astype(np.int64)
            bounds[first, lane[first]] = NONE_MS
            self._keep(at[first], names[:, None])
        near = (bounds < NONE_MS) & (bounds <= self._costs[at, -1, None])
        some = near.any(axis=1)
        at, leaf, near = at[some], leaf[some], near[some]
        if at.size:
            names = np.where(near, self._forest.order[leaf], self._arrays.slots.many)
            self._keep(at, names)

    def _keep(self, at: Ints, names: Ints) -> None:
        """Keep what is best among some slots of each row, and of what it has."""
        near = names < self._arrays.slots.many
        costs = np.full(near.shape, NEVER, np.int64)
        rows = np.repeat(self._rows[at], near.sum(axis=1))
        costs[near] = prices(self._arrays, self._forest.calendar, rows, names[near])
        better = ((costs < NEVER) & (costs <= self._costs[at, -1, None])).any(axis=1)
        at, costs, names = at[better], costs[better], names[better]
        costs = np.concatenate((self._costs[at], costs), axis=1)
        names = np.concatenate((self._slots[at], names), axis=1)
        if self._k == 1:
            best = costs.min(axis=1, keepdims=True)
            self._costs[at] = best
            names[costs > best] = self._arrays.slots.many
            self._slots[at] = names.min(axis=1, keepdims=True)
            return
        order = np.lexsort((names, costs), axis=1)[:, : self._k]
        self._costs[at] = np.take_along_axis(costs, order, axis=1)
        self._slots[at] = np.take_along_axis(names, order, axis=1)
