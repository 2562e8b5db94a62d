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
from fabnet.scheduling.index.arrange import LANES
from fabnet.scheduling.index.forest import NONE_MS, NUMBER, Forest
from fabnet.scheduling.index.nearness import (
    MORE,
    Asking,
    Lanes,
    bound_branches,
    bound_slots,
)
from fabnet.scheduling.model import NEVER, Arrays, Flags, Ints

STEP_ROWS: Final = 2**12
"""Rows that walk in step: enough to make calls cheap, few enough for the cache."""


def nearest(
    arrays: Arrays, forest: Forest, lanes: Lanes, rows: Ints, k: int
) -> tuple[Ints, Ints, Ints]:
    """Return `[row, k]` costs and slots, cheapest first, and how many each row has."""
    tiles = [
        _Walk(arrays, forest, lanes, rows[start : start + STEP_ROWS], k).found()
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
    family = int(arrays.rows.family[row])
    leaves = slice(*forest.first[family : family + 2].tolist())
    lanes = Lanes.side_by_side(forest, leaves)
    bounds = bound_slots(lanes, Asking.one(arrays, row))
    base = leaves.start * LANES
    best: tuple[int, int, int, int] | None = None
    while best is None and bounds.size:
        first = int(bounds.argmin())
        if bounds[first] >= NONE_MS:
            return None
        best = price(arrays, forest, row, base + first)
        bounds[first] = NONE_MS
    if best is not None:
        for near in np.flatnonzero(bounds <= best[0] * float(MORE)).tolist():
            found = price(arrays, forest, row, base + near)
            if found is not None and found < best:
                best = found
    return best


def price(
    arrays: Arrays, forest: Forest, row: int, at: int
) -> tuple[int, int, int, int] | None:
    """Return cost, slot, start and end of a row on a slot that can do it, or nil.

    `at` is its leaf, sixteen times, and its lane.
    """
    want = arrays.rows.table[row].tolist()
    has = forest.lanes[at // LANES, :, at % LANES].tolist()
    slot = has[NUMBER]
    away_m = isqrt(sum((want[6 + axis] - has[7 + axis]) ** 2 for axis in range(3)))
    run_s = -(want[10] * -1_000 // has[12])
    length_ms = max(1, (has[13] + run_s) * 1_000)
    pieces = forest.calendar.of(slot)
    starts = (start for start, end in pieces if end - start >= length_ms)
    start_ms = next(starts, NEVER)
    end_ms = start_ms + length_ms
    if away_m > want[15] or end_ms > want[13] or start_ms == NEVER:
        return None
    if refused(arrays, np.array([row]), np.array([slot]), len(forest.where))[0]:
        return None
    total = cost.total_ms(
        arrays.weights, want, has, run_s=run_s, away_m=away_m, end_ms=end_ms
    )
    return total, slot, start_ms, end_ms


def prices(arrays: Arrays, forest: Forest, rows: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Return what each row costs on the slot beside it, NEVER if it said no, and which.

    Slots can do it; `at` is their leaf, sixteen times, and their lane.
    """
    found = np.full(len(at), NEVER, np.int64)
    has = [*forest.lanes[at // LANES, :, at % LANES].T]
    want = [*arrays.rows.table[rows].T]
    slots = has[NUMBER].astype(np.int64)
    square = np.zeros(len(at), np.int64)
    for axis in range(3):
        apart_m = want[6 + axis] - has[7 + axis]
        square += apart_m * apart_m
    away_m = cost.isqrt(square)
    run_s = -(want[10] * -1_000 // has[12])
    length_ms = np.maximum(1, (has[13] + run_s) * 1_000)
    end_ms = forest.calendar.earliest(slots, length_ms) + length_ms
    fine = (away_m <= want[15]) & (end_ms <= want[13]) & (end_ms < NEVER)
    if arrays.rows.refused.size:
        fine &= ~refused(arrays, rows, slots, len(forest.where))
    # Where there is no time, what is reckoned means nothing, and must not overflow.
    end_ms[~fine] = 0
    total = cost.total_ms(
        arrays.weights, want, has, run_s=run_s, away_m=away_m, end_ms=end_ms
    )
    found[fine] = total[fine]
    return found, slots


def refused(arrays: Arrays, rows: Ints, slots: Ints, many: int) -> Flags:
    """Whether each slot, of so many, already said no to the row beside it."""
    said = arrays.rows.refused
    if not said.size:
        return np.zeros(len(rows), np.bool_)
    found: Flags = np.isin(rows * many + slots, said[0] * many + said[1])
    return found


class _Walk:
    """Some rows on the way through their trees."""

    def __init__(
        self, arrays: Arrays, forest: Forest, lanes: Lanes, rows: Ints, k: int
    ) -> None:
        self._arrays, self._forest, self._rows, self._k = arrays, forest, rows, k
        self._lanes = lanes
        self._asking = Asking.of(arrays, rows)
        many, deep = len(rows), forest.depth * LANES + 1
        self._costs = np.full((many, k), NEVER, np.int64)
        self._slots = np.full((many, k), len(forest.where), np.int64)
        self._aside = np.zeros((many, deep), np.int32)
        self._bounds = np.full((many, deep), -np.inf, np.float32)
        self._aside[:, 0] = forest.root[arrays.rows.family[rows]]
        self._top = (self._aside[:, 0] >= 0).astype(np.int64)

    def found(self) -> tuple[Ints, Ints]:
        """Walk to the end, and return costs and slots."""
        going, leaves = np.flatnonzero(self._top), self._forest.leaves
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
        bounds = bound_slots(self._lanes.of(leaf), self._asking.only(at)).T
        place = leaf[:, None] * LANES + np.arange(LANES)
        if self._k == 1:
            # The nearest first: most of the others need not be looked at any more.
            lane = bounds.argmin(axis=1)
            first = np.flatnonzero(bounds[np.arange(len(at)), lane] < NONE_MS)
            lane = lane[first]
            self._keep(at[first], place[first, lane, None])
            bounds[first, lane] = NONE_MS
        near = (bounds < NONE_MS) & (bounds <= self._costs[at, -1, None])
        some = near.any(axis=1)
        if some.any():
            self._keep(at[some], np.where(near[some], place[some], -1))

    def _keep(self, at: Ints, place: Ints) -> None:
        """Keep what is best among some slots of each row, and of what it has.

        `place` is a slot's leaf, sixteen times, and its lane; -1 is none.
        """
        near = place >= 0
        costs = np.full(near.shape, NEVER, np.int64)
        names = np.full(near.shape, len(self._forest.where), np.int64)
        rows = np.repeat(self._rows[at], near.sum(axis=1))
        costs[near], names[near] = prices(self._arrays, self._forest, rows, place[near])
        better = ((costs < NEVER) & (costs <= self._costs[at, -1, None])).any(axis=1)
        at, costs, names = at[better], costs[better], names[better]
        costs = np.concatenate((self._costs[at], costs), axis=1)
        names = np.concatenate((self._slots[at], names), axis=1)
        if self._k == 1:
            best = costs.min(axis=1, keepdims=True)
            self._costs[at] = best
            names[costs > best] = len(self._forest.where)
            self._slots[at] = names.min(axis=1, keepdims=True)
            return
        order = np.lexsort((names, costs), axis=1)[:, : self._k]
        self._costs[at] = np.take_along_axis(costs, order, axis=1)
        self._slots[at] = np.take_along_axis(names, order, axis=1)
