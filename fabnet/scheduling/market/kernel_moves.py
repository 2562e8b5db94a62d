"""Improvement within budgets: rows shift, swap and eject one another.

Annealing over chains (Yagiura, Ibaraki and Glover 2004: ejection chains): a row goes to
another slot and may throw out one that is there, which goes elsewhere and may throw out
a third. A pool may be overdrawn on the way, at a penalty that grows while it is.

The dice are splitmix64 from the seed, the temperature and the logarithm of a die are
whole numbers: the same seed gives the same bytes on every processor.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Ints

Dice = NDArray[np.uint64]
Plan = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]
"""First edge `[row + 1]`, slot and cost `[edge]`, demand and pool `[edge, kind]`,
capacity `[pool]`, and what postponing costs `[row]`."""
State = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]
"""Edge `[row]` or -1, load and penalty `[pool]`, the sums (overdrawn amounts, cost of
edges, penalties), and the rings of rows on a slot: head `[slot]`, next and last
`[row]`."""

CHAIN_MAX: Final = 3
"""Rows moved in one step: longer chains are found by two of these."""
COOLINGS: Final = 256
"""Temperatures of one run, each 31/32 of the last: the last is 1/3,000 of the first."""


@fast.inlined
def roll(state: Dice) -> np.uint64:
    """Return the next 64 random bits (splitmix64; Steele, Lea and Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@fast.inlined
def below(state: Dice, count: int) -> int:
    """Return a whole number from 0 to `count` - 1."""
    high = roll(state) >> np.uint64(33)
    return int(np.int64((high * np.uint64(count)) >> np.uint64(31)))


@fast.inlined
def exponential(state: Dice) -> int:
    """Return 1,024 times a die of mean about 1: -ln u, its logarithm made of chords."""
    bits = roll(state) | np.uint64(1)
    zeros = 0
    while not bits >> np.uint64(63):
        bits <<= np.uint64(1)
        zeros += 1
    rest = int(np.int64((bits >> np.uint64(53)) & np.uint64(1023)))
    return (((zeros + 1) << 10) - rest) * 710 >> 10


@fast.inlined
def take(
    at: int,
    sign: int,
    pools: Ints,
    demand: Ints,
    capacity: Ints,
    load: Ints,
    penalty: Ints,
    over: Ints,
) -> int:
    """Add an edge's demands (or take them away), and return how penalties change."""
    change = 0
    for kind in range(demand.shape[1]):
        pool = pools[at, kind]
        before = max(load[pool] - capacity[pool], 0)
        load[pool] += sign * demand[at, kind]
        after = max(load[pool] - capacity[pool], 0)
        over[0] += after - before
        change += (after - before) * penalty[pool]
    over[2] += change
    return change


@fast.inlined
def enlist(row: int, slot: int, head: Ints, after: Ints, before: Ints) -> None:
    """Put a row into the ring of those on a slot."""
    if head[slot] < 0:
        head[slot] = after[row] = before[row] = row
        return
    old = head[slot]
    last = before[old]
    after[last], before[row] = row, last
    after[row], before[old] = old, row


@fast.inlined
def dismiss(row: int, slot: int, head: Ints, after: Ints, before: Ints) -> None:
    """Take a row out of the ring of those on a slot."""
    if after[row] == row:
        head[slot] = -1
        return
    after[before[row]], before[after[row]] = after[row], before[row]
    if head[slot] == row:
        head[slot] = after[row]


@fast.inlined
def cheapest(
    row: int,
    held: int,
    first: Ints,
    cost: Ints,
    demand: Ints,
    pools: Ints,
    capacity: Ints,
    postpone: Ints,
    load: Ints,
    penalty: Ints,
) -> int:
    """Return where a row goes best, penalties included, other than where it was."""
    best, least = -1, postpone[row]
    for edge in range(first[row], first[row + 1]):
        if edge == held or cost[edge] >= least:
            continue
        worth = cost[edge]
        for kind in range(demand.shape[1]):
            pool = pools[edge, kind]
            over = load[pool] + demand[edge, kind] - capacity[pool]
            if over > 0:
                worth += min(over, demand[edge, kind]) * penalty[pool]
        if worth < least:
            best, least = edge, worth
    return best


@fast.inlined
def leave(
    row: int,
    slot: Ints,
    cost: Ints,
    demand: Ints,
    pools: Ints,
    capacity: Ints,
    postpone: Ints,
    choice: Ints,
    load: Ints,
    penalty: Ints,
    over: Ints,
    head: Ints,
    after: Ints,
    before: Ints,
) -> int:
    """Take a row off its edge, and return how cost and penalties change."""
    held = choice[row]
    if held < 0:
        return -postpone[row]
    over[1] -= cost[held]
    dismiss(row, slot[held], head, after, before)
    fined = take(held, -1, pools, demand, capacity, load, penalty, over)
    return fined - cost[held]


@fast.inlined
def enter(
    row: int,
    edge: int,
    slot: Ints,
    cost: Ints,
    demand: Ints,
    pools: Ints,
    capacity: Ints,
    postpone: Ints,
    choice: Ints,
    load: Ints,
    penalty: Ints,
    over: Ints,
    head: Ints,
    after: Ints,
    before: Ints,
) -> int:
    """Put a row on an edge (-1 to postpone it), and return how costs change."""
    choice[row] = edge
    if edge < 0:
        return postpone[row]
    over[1] += cost[edge]
    enlist(row, slot[edge], head, after, before)
    fined = take(edge, 1, pools, demand, capacity, load, penalty, over)
    return fined + cost[edge]


@fast.inlined
def step(
    dice: Dice,
    chain: Ints,
    first: Ints,
    slot: Ints,
    cost: Ints,
    demand: Ints,
    pools: Ints,
    capacity: Ints,
    postpone: Ints,
    choice: Ints,
    load: Ints,
    penalty: Ints,
    over: Ints,
    head: Ints,
    after: Ints,
    before: Ints,
) -> tuple[int, int]:
    """Move a row and whom it throws out; return how many, and how costs change.

    `chain` is `[2, link]`: the rows moved, and where each was before.
    """
    row = below(dice, len(first) - 1)
    source = slot[choice[row]] if choice[row] >= 0 else -1
    change = length = 0
    while True:
        held = choice[row]
        chain[0, length], chain[1, length] = row, held
        length += 1
        change += leave(
            row,
            slot,
            cost,
            demand,
            pools,
            capacity,
            postpone,
            choice,
            load,
            penalty,
            over,
            head,
            after,
            before,
        )
        if length > 1:
            edge = cheapest(
                row, held, first, cost, demand, pools, capacity, postpone, load, penalty
            )
        else:
            # The lesser of two dice: a row's first edges are its most promising.
            width = first[row + 1] - first[row] + 1
            edge = first[row] + min(below(dice, width), below(dice, width))
            edge += edge == held
            edge = -1 if edge >= first[row + 1] else edge
        victim = head[slot[edge]] if edge >= 0 else -1
        if victim >= 0:
            head[slot[edge]] = after[victim]
        change += enter(
            row,
            edge,
            slot,
            cost,
            demand,
            pools,
            capacity,
            postpone,
            choice,
            load,
            penalty,
            over,
            head,
            after,
            before,
        )
        if victim < 0 or length == CHAIN_MAX or not roll(dice) & np.uint64(3):
            return length, change
        if victim == chain[0, 0] or slot[edge] == source:
            return length, change
        row = victim


@fast.inlined
def fine(early: bool, ceiling: int, capacity: Ints, load: Ints, penalty: Ints) -> None:
    """Raise the penalties of overdrawn pools, and in the early half lower the rest."""
    for pool in range(len(capacity)):
        if load[pool] > capacity[pool]:
            penalty[pool] = min(penalty[pool] + (penalty[pool] >> 3) + 1, ceiling)
        elif early and penalty[pool] > 1:
            penalty[pool] -= (penalty[pool] >> 5) + 1


@fast.compiled
def anneal(plan: Plan, state: State, best: Ints, run: Ints) -> int:
    """Improve `best`, `[row]` edges within all budgets, and return its cost.

    `state` is where to begin, within budgets or not. `run` is the first temperature in
    64ths of the unit of costs, the moves, the seed, the cost of `best`, the most that a
    penalty may be, and a cost that nothing can be below.
    """
    (first, slot, cost, demand, pools, capacity, postpone) = plan
    (choice, load, penalty, over, head, after, before) = state
    warmth, moves, best_cost = run[0], run[1], run[3]
    dice = np.empty(1, np.uint64)
    dice[0] = np.uint64(run[2])
    chain = np.empty((2, CHAIN_MAX), np.int64)
    waiting = np.int64(0)
    for row in range(len(choice)):
        waiting += postpone[row] if choice[row] < 0 else 0
    now = over[1] + waiting
    for cooling in range(COOLINGS):
        if best_cost <= run[5]:
            break
        for _ in range(moves // COOLINGS + 1):
            fined = over[2]
            length, change = step(
                dice,
                chain,
                first,
                slot,
                cost,
                demand,
                pools,
                capacity,
                postpone,
                choice,
                load,
                penalty,
                over,
                head,
                after,
                before,
            )
            if change <= (warmth * exponential(dice)) >> 16:
                now += change - (over[2] - fined)
                if over[0] == 0 and now < best_cost:
                    best_cost = now
                    best[:] = choice
                continue
            for link in range(length - 1, -1, -1):
                leave(
                    chain[0, link],
                    slot,
                    cost,
                    demand,
                    pools,
                    capacity,
                    postpone,
                    choice,
                    load,
                    penalty,
                    over,
                    head,
                    after,
                    before,
                )
                enter(
                    chain[0, link],
                    chain[1, link],
                    slot,
                    cost,
                    demand,
                    pools,
                    capacity,
                    postpone,
                    choice,
                    load,
                    penalty,
                    over,
                    head,
                    after,
                    before,
                )
        warmth = warmth * 31 >> 5
        over[2] = 0
        fine(cooling < COOLINGS // 2, run[4], capacity, load, penalty)
    return best_cost
