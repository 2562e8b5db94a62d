"""The rounds of the auction as one loop; `bidding` explains them and has the twin."""

from __future__ import annotations

import numpy as np

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Ints


@fast.inlined
def look(
    row: int,
    begin: Ints,
    end: Ints,
    slot: Ints,
    cost_ms: Ints,
    postpone_ms: Ints,
    unseen_ms: Ints,
    price_ms: Ints,
) -> tuple[int, int, int]:
    """Return a row's least value, its edge (-1 to postpone it), and the next least."""
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
    return best, best_edge, second


@fast.inlined
def settle(
    touched: Ints,
    bidder: Ints,
    highest: Ints,
    edge_of: Ints,
    price_ms: Ints,
    owner: Ints,
    choice: Ints,
) -> None:
    """Give each slot that was bid for to its highest bidder, and name who lost it."""
    for at in range(len(touched)):
        to = touched[at]
        before, row = owner[to], bidder[to]
        price_ms[to] = highest[to]
        owner[to], choice[row] = row, edge_of[to]
        bidder[to] = -1
        touched[at] = before
        if before >= 0:
            choice[before] = -1


@fast.inlined
def gather(active: Ints, staying: int, lost: Ints, choice: Ints) -> int:
    """Bring the rows without a slot to the front of `active`, and return how many."""
    count = 0
    for at in range(staying):
        if choice[active[at]] < 0:
            active[count] = active[at]
            count += 1
    for at in range(len(lost)):
        if lost[at] >= 0:
            active[count] = lost[at]
            count += 1
    return count


@fast.compiled
def rounds(
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
    """Bid as `bidding.bid` says; change prices, owners, choices and tries."""
    (epsilon_ms, patience, doublings_max, bids_max) = limits
    active, count = rows.copy(), len(rows)
    wanting, wants = np.empty(len(begin), np.int64), 0
    bidder = np.full(len(price_ms), -1, np.int64)
    highest, edge_of = np.empty_like(bidder), np.empty_like(bidder)
    touched = np.empty(min(len(rows), len(price_ms)), np.int64)
    made = 0
    while count and made < bids_max:
        touches = staying = 0
        for at in range(count):
            row = active[at]
            best, edge, second = look(
                row, begin, end, slot, cost_ms, postpone_ms, unseen_ms, price_ms
            )
            if best > unseen_ms[row]:
                wanting[wants] = row
                wants += 1
                continue
            if edge < 0:
                continue
            made += 1
            active[staying] = row
            staying += 1
            to = slot[edge]
            raise_ms = epsilon_ms << min(tries[row] // patience, doublings_max)
            tries[row] += 1
            level = price_ms[to] + second - best + raise_ms
            if bidder[to] < 0:
                touched[touches] = to
                touches += 1
            elif level < highest[to] or (level == highest[to] and row > bidder[to]):
                continue
            bidder[to], highest[to], edge_of[to] = row, level, edge
        lost = touched[:touches]
        settle(lost, bidder, highest, edge_of, price_ms, owner, choice)
        count = gather(active, staying, lost, choice)
    return made, wanting[:wants].copy(), active[:count].copy()
