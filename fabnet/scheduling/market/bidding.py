"""The rounds of the auction: all rows without a slot bid at once, each slot takes one.

Jacobi rather than Gauss-Seidel (Bertsekas, "Linear Network Optimization", 1991, ch. 4):
somewhat more bids, but the outcome depends on nothing except the prices, so the kernel
and its numpy twin agree to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Ints
from fabnet.scheduling.model import NEVER

DOUBLINGS_MAX: Final = 24
"""How often a row doubles its raise; by then one bid ends any war, and it still fits."""


@dataclass(slots=True, eq=False)
class Book:
    """What is on offer to each row, and how the bidding stands."""

    begin: Ints
    """`[row]`: where its edges begin, in `slot` and `cost_ms`."""
    end: Ints
    slot: Ints
    """`[edge]`: within a row by (cost, slot)."""
    cost_ms: Ints
    postpone_ms: Ints
    """`[row]`: what it costs to leave the row to the next wave."""
    unseen_ms: Ints
    """`[row]`: nothing outside its edges that we could still ask for costs less."""
    price_ms: Ints
    """`[slot]`: never falls; zero while nobody holds it."""
    owner: Ints
    """`[slot]`: the row that holds it, or -1."""
    choice: Ints
    """`[row]`: the edge it holds, or -1."""
    tries: Ints
    """`[row]`: how many bids it made."""


def bid(
    book: Book, rows: Ints, epsilon_ms: int, patience: int, bids_max: int
) -> tuple[int, Ints, Ints]:
    """Let `rows` bid until each holds a slot, is postponed, or wants to see more.

    Return how many bids were made, the rows that want to see more, and the rows still
    without a slot when `bids_max` was reached. A row bids by what it would lose on its
    second choice; ties go to the cheaper edge, the lesser slot, the lesser row.
    """
    rounds = _rounds_kernel if fast.FAST else _rounds_numpy
    made, wanting, left = rounds(
        book.begin,
        book.end,
        book.slot,
        book.cost_ms,
        book.postpone_ms,
        book.unseen_ms,
        book.price_ms,
        book.owner,
        book.choice,
        book.tries,
        rows,
        epsilon_ms,
        patience,
        bids_max,
    )
    return int(made), np.sort(wanting), np.sort(left)


@fast.compiled
def _rounds_kernel(
    begin: Ints,
    end: Ints,
    slot: Ints,
    cost_ms: Ints,
    postpone_ms: Ints,
    unseen_ms: Ints,
    price_ms: Ints,
    owner: Ints,
    choice: Ints,
    tries: Ints,
    rows: Ints,
    epsilon_ms: int,
    patience: int,
    bids_max: int,
) -> tuple[int, Ints, Ints]:
    active = rows.copy()
    count = len(active)
    wanting = np.empty(len(begin), np.int64)
    wants = 0
    bidder = np.full(len(price_ms), -1, np.int64)
    highest = np.empty(len(price_ms), np.int64)
    edge_of = np.empty(len(price_ms), np.int64)
    touched = np.empty(min(len(rows), len(price_ms)), np.int64)
    made = 0
    while count and made < bids_max:
        touches = 0
        staying = 0
        for at in range(count):
            row = active[at]
            best, best_edge = postpone_ms[row], -1
            second = min(unseen_ms[row], best)
            for edge in range(begin[row], end[row]):
                if cost_ms[edge] > best and cost_ms[edge] >= second:
                    break  # prices only add: nothing after it is better
                value = cost_ms[edge] + price_ms[slot[edge]]
                if value < best or (value == best and best_edge < 0):
                    second = min(second, best)
                    best, best_edge = value, edge
                else:
                    second = min(second, value)
            if best > unseen_ms[row]:
                wanting[wants] = row
                wants += 1
                continue
            if best_edge < 0:
                continue
            made += 1
            active[staying] = row
            staying += 1
            to = slot[best_edge]
            raise_ms = epsilon_ms << min(tries[row] // patience, DOUBLINGS_MAX)
            tries[row] += 1
            level = price_ms[to] + second - best + raise_ms
            if bidder[to] < 0:
                touched[touches] = to
                touches += 1
            elif level < highest[to] or (level == highest[to] and row > bidder[to]):
                continue
            bidder[to], highest[to], edge_of[to] = row, level, best_edge
        for at in range(touches):
            to = touched[at]
            before, row = owner[to], bidder[to]
            price_ms[to] = highest[to]
            owner[to], choice[row] = row, edge_of[to]
            bidder[to] = -1
            if before >= 0:
                choice[before] = -1
                touched[at] = before
            else:
                touched[at] = -1
        count = 0
        for at in range(staying):
            if choice[active[at]] < 0:
                active[count] = active[at]
                count += 1
        for at in range(touches):
            if touched[at] >= 0:
                active[count] = touched[at]
                count += 1
    return made, wanting[:wants].copy(), active[:count].copy()


def _rounds_numpy(
    begin: Ints,
    end: Ints,
    slot: Ints,
    cost_ms: Ints,
    postpone_ms: Ints,
    unseen_ms: Ints,
    price_ms: Ints,
    owner: Ints,
    choice: Ints,
    tries: Ints,
    rows: Ints,
    epsilon_ms: int,
    patience: int,
    bids_max: int,
) -> tuple[int, Ints, Ints]:
    wanting = [rows[:0]]
    made, active = 0, rows
    while active.size and made < bids_max:
        best, best_edge, second = _two_best(
            begin[active], end[active], slot, cost_ms, price_ms, postpone_ms[active]
        )
        second = np.minimum(second, unseen_ms[active])
        more = best > unseen_ms[active]
        wanting.append(active[more])
        bids = ~more & (best_edge >= 0)
        row, edge = active[bids], best_edge[bids]
        made += row.size
        if not row.size:
            active = row
            break
        raise_ms = epsilon_ms << np.minimum(tries[row] // patience, DOUBLINGS_MAX)
        tries[row] += 1
        level = price_ms[slot[edge]] + (second - best)[bids] + raise_ms
        # The last of a slot's bids in this order is the highest, of the least row.
        order = np.lexsort((-row, level, slot[edge]))
        to = slot[edge[order]]
        wins = order[np.append(to[1:] != to[:-1], True)]  # noqa: FBT003
        taken = slot[edge[wins]]
        before = owner[taken]
        before = before[before >= 0]
        choice[before] = -1
        price_ms[taken], owner[taken] = level[wins], row[wins]
        choice[row[wins]] = edge[wins]
        lost = np.ones(row.size, np.bool_)
        lost[wins] = False
        active = np.concatenate((row[lost], before))
    return made, np.concatenate(wanting), active


def _two_best(
    begin: Ints,
    end: Ints,
    slot: Ints,
    cost_ms: Ints,
    price_ms: Ints,
    postpone_ms: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Return each row's least value, its edge (-1 to postpone), and the next least."""
    width = int((end - begin).max(initial=0))
    best_edge = np.full(begin.size, -1)
    second = np.full(begin.size, NEVER)
    if not width:
        return postpone_ms, best_edge, second
    edge = begin[:, None] + np.arange(width)
    there = edge < end[:, None]
    edge[~there] = 0
    value = np.where(there, cost_ms[edge] + price_ms[slot[edge]], NEVER)
    every = np.arange(begin.size)
    at = value.argmin(axis=1)
    best = value[every, at]
    if width > 1:
        value[every, at] = NEVER
        second = value.min(axis=1)
    placed = best <= postpone_ms
    best_edge[placed] = edge[every, at][placed]
    second = np.where(placed, np.minimum(second, postpone_ms), best)
    return np.where(placed, best, postpone_ms), best_edge, second
