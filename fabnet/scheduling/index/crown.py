"""The best slot of each row in numpy, without a walk: all rows, level by level.

Trees are wide and low, so the nodes of one level, the *crown*, are bounded for all rows
of a family at once, and nothing is gathered for that. Each row goes down from its
nearest node to a leaf; what it finds there is a cost that is to be beaten, and only
nodes that could are looked at below. A row that finds nothing on its first few ways
down looks everywhere, and one that has too much to look at walks (`twin.nearest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.scheduling.index import twin
from fabnet.scheduling.index.arrange import LANES
from fabnet.scheduling.index.forest import NONE_MS, WORKS_S, Forest
from fabnet.scheduling.index.nearness import (
    MORE,
    Asking,
    Lanes,
    Span,
    bound_all,
    bound_branches,
    bound_slots,
)
from fabnet.scheduling.index.shapes import Singles
from fabnet.scheduling.index.twin import prices
from fabnet.scheduling.model import NEVER, Arrays, Flags, Ints

CROWN_BRANCHES: Final = 32
"""Branches of a family whose lanes are bounded for every row."""
CELLS: Final = 2**16
"""Rows times lanes reckoned at once: what is added up stays in the cache."""
GATHERED: Final = 2**12
"""Rows beside nodes whose lanes are gathered at once, for the same reason."""
TRIES: Final = 4
"""Ways down to a slot that will do."""
NEAR_MAX: Final = 256
"""Nodes of a level that a row may look below: with more it walks, the best first."""


def best(
    arrays: Arrays, forest: Forest, lanes: Lanes, rows: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return `[row, 1]` costs and slots of the cheapest, and how many each row has."""
    search = _Descent(arrays, forest, lanes, rows)
    left = search.run()
    if left.size:
        costs, slots, _ = twin.nearest(arrays, forest, lanes, rows[left], 1)
        search.cost_ms[left], search.slot[left] = costs[:, 0], slots[:, 0]
    held = (search.slot >= 0).astype(np.int64)
    return search.cost_ms[:, None], search.slot[:, None], held


def _crown(forest: Forest, family: int) -> Span | None:
    """Return the branches of the lowest level that has few enough, or nil if none."""
    first, last = forest.first[family : family + 2].tolist()
    last -= 1
    leaves = forest.leaves
    while first < last:
        first, last = int(forest.parent[first]), int(forest.parent[last])
        if last - first < CROWN_BRANCHES:
            return slice(first - leaves, last - leaves + 1)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Crown:
    """Some rows of one family, and what each node of its crown costs them at least."""

    at: Ints
    base: int
    """The first node; the others follow it."""
    bounds: Singles
    """`[node, row]`."""
    leaves: bool

    def nearest(self, loose: Flags) -> tuple[Ints, Ints]:
        """Return rows that have nothing yet beside the nearest node of each.

        A leaf will be looked at, and is out of the question from now on.
        """
        each = np.flatnonzero(loose[self.at])
        if not each.size:
            return each, each
        bounds = self.bounds if len(each) == len(self.at) else self.bounds[:, each]
        node = bounds.argmin(axis=0)
        there = self.bounds[node, each] < NONE_MS
        each, node = each[there], node[there]
        if self.leaves:
            self.bounds[node, each] = NONE_MS
        return self.at[each], self.base + node

    def near(self, limit: Singles) -> tuple[Ints, Ints]:
        """Return rows beside nodes that could be better."""
        node, each = np.nonzero(self.bounds <= limit[self.at])
        return self.at[each], self.base + node


class _Descent:
    """Some rows on the way down from the crowns of their families."""

    def __init__(
        self, arrays: Arrays, forest: Forest, lanes: Lanes, rows: Ints
    ) -> None:
        self._arrays, self._forest, self._rows = arrays, forest, rows
        self._leaves, self._lanes = forest.leaves, lanes
        self._asking = Asking.of(arrays, rows)
        self.cost_ms = np.full(len(rows), NEVER, np.int64)
        self.slot = np.full(len(rows), -1, np.int64)

    def run(self) -> Ints:
        """Find what is best, and return the rows that are to walk."""
        crowns = list(self._crowns())
        loose = np.zeros(len(self._rows), np.bool_)
        for crown in crowns:
            loose[crown.at] = True
        walks = ~loose
        for _ in range(TRIES):
            at, node = _joined([crown.nearest(loose) for crown in crowns])
            # Who has no node left has no slot; of the others some find none.
            going = np.zeros(len(loose), np.bool_)
            going[at] = True
            loose &= going
            if not at.size:
                break
            self._look(at, self._down(at, node))
            loose &= self.slot < 0
        limit = self._limit()
        limit[loose] = NONE_MS / 2
        at, node = _joined([crown.near(limit) for crown in crowns])
        while at.size:
            walks |= np.bincount(at, minlength=len(walks)) > NEAR_MAX
            fine = ~walks[at]
            at, node = at[fine], node[fine]
            leaf = node < self._leaves
            self._look(at[leaf], node[leaf])
            at, node = self._below(at[~leaf], node[~leaf])
        return np.flatnonzero(walks)

    def _crowns(self) -> Iterator[_Crown]:
        """Yield crowns, with so many rows each that it is reckoned in the cache.

        Rows of one are of one family, and between the same two amounts of work.
        """
        family, step = self._arrays.rows.family[self._rows], self._asking.step
        kind = family * len(WORKS_S) + step
        by_kind = np.argsort(kind, kind="stable")
        for all_ in np.split(by_kind, np.flatnonzero(np.diff(kind[by_kind])) + 1):
            branches = _crown(self._forest, int(family[all_[0]]))
            if branches is None:
                continue
            base = int(self._forest.below[branches.start])
            width = LANES * (branches.stop - branches.start)
            many = max(1, CELLS // width)
            for start in range(0, len(all_), many):
                at = all_[start : start + many]
                bounds = bound_all(self._forest, self._asking.only(at), branches)
                yield _Crown(at, base, bounds, leaves=base < self._leaves)

    def _limit(self) -> Singles:
        """Return what is to be beaten, moved the safe way; -1 without."""
        limit = self.cost_ms.astype(np.float32) * MORE
        limit[self.slot < 0] = -1
        return limit

    def _down(self, at: Ints, node: Ints) -> Ints:
        """Return the leaf that each row comes to, by the nearest node of each level."""
        node = node.copy()
        above = np.flatnonzero(node >= self._leaves)
        while above.size:
            for part in _parts(above):
                branch = node[part] - self._leaves
                asking = self._asking.only(at[part])
                bounds = bound_branches(self._forest, asking, branch)
                node[part] = self._forest.below[branch] + bounds.argmin(axis=0)
            above = above[node[above] >= self._leaves]
        return node

    def _below(self, at: Ints, node: Ints) -> tuple[Ints, Ints]:
        """Return rows beside nodes one level below, of those that could be better."""
        found = []
        for part in _parts(np.arange(len(at))):
            branch, rows = node[part] - self._leaves, at[part]
            bounds = bound_branches(self._forest, self._asking.only(rows), branch)
            pair, lane = np.nonzero((bounds <= self._beaten_by(rows)).T)
            found.append((rows[pair], self._forest.below[branch[pair]] + lane))
        return _joined(found)

    def _look(self, at: Ints, leaf: Ints) -> None:
        """Keep what is best among the slots of leaves."""
        by_row = np.argsort(at, kind="stable")
        at, leaf = at[by_row], leaf[by_row]
        for part in _parts(np.arange(len(at))):
            rows, first = at[part], leaf[part] * LANES
            asking = self._asking.only(rows)
            bounds = bound_slots(self._lanes.of(leaf[part]), asking)
            # The nearest first: most of the others need not be looked at any more.
            lane, pair = bounds.argmin(axis=0), np.arange(len(rows))
            fine = bounds[lane, pair] <= self._beaten_by(rows)
            self._keep(rows[fine], first[fine] + lane[fine])
            bounds[lane, pair] = NONE_MS
            pair, lane = np.nonzero((bounds <= self._beaten_by(rows)).T)
            self._keep(rows[pair], first[pair] + lane)

    def _beaten_by(self, at: Ints) -> Singles:
        """Return the limits of some rows; who has nothing takes whatever will do."""
        limit = self._limit()[at]
        limit[limit < 0] = NONE_MS / 2
        return limit

    def _keep(self, at: Ints, place: Ints) -> None:
        """Keep the cheapest, and of these the least, of each row's and of what it has.

        Rows are in order, each as often as it has a slot here.
        """
        if not at.size:
            return
        costs, slots = prices(self._arrays, self._forest, self._rows[at], place)
        begin = np.flatnonzero(np.diff(at, prepend=-1))
        least = np.minimum.reduceat(costs, begin)
        dearer = costs > np.repeat(least, np.diff(begin, append=len(at)))
        slots[dearer] = len(self._forest.where)
        lesser, at = np.minimum.reduceat(slots, begin), at[begin]
        before, held = self.cost_ms[at], self.slot[at]
        better = (least < before) | ((least == before) & (lesser < held))
        better &= least < NEVER
        self.cost_ms[at[better]], self.slot[at[better]] = least[better], lesser[better]


def _parts(of: Ints) -> Iterator[Ints]:
    """Yield as many at a time as are gathered at once."""
    for start in range(0, len(of), GATHERED):
        yield of[start : start + GATHERED]


def _joined(pairs: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Return rows beside nodes as two arrays."""
    none = np.zeros(0, np.int64)
    rows, nodes = zip((none, none), *pairs, strict=True)
    return np.concatenate(rows), np.concatenate(nodes)
