"""The rounds of the auction: rows without a slot bid at once, each slot takes one.

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
from fabnet.scheduling.market import kernel_bids
from fabnet.scheduling.model import NEVER

DOUBLINGS_MAX: Final = 24
"""How often a row doubles its raise: by then one bid ends any war, and still fits."""


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
    run = kernel_bids.rounds if fast.FAST else rounds
    made, wanting, left = run(
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
        (epsilon_ms, patience, DOUBLINGS_MAX, bids_max),
    )
    return int(made), np.sort(wanting), np.sort(left)


def rounds(  # noqa: PLR0917  # its kernel takes the same, array by array
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
    limits: tuple[int, int, int, int],
) -> tuple[int, Ints, Ints]:
    """Bid as `bid` says, all rows at once in numpy."""
    epsilon_ms, patience, doublings_max, bids_max = limits
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
        raise_ms = epsilon_ms << np.minimum(tries[row] // patience, doublings_max)
        tries[row] += 1
        level = price_ms[slot[edge]] + (second - best)[bids] + raise_ms
        # The last of a slot's bids in this order is the highest, of the least row.
        order = np.lexsort((-row, level, slot[edge]))
        to = slot[edge[order]]
        wins = order[np.append(to[1:] != to[:-1], True)]
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


def _two_best(  # noqa: PLR0917  # the same
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
