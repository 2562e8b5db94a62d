"""Improvement within budgets: rows shift, swap and eject one another.

Annealing over chains (Yagiura, Ibaraki and Glover 2004: ejection chains): a row goes to
another slot and may throw out one that is there, which goes elsewhere and may throw out
a third. A pool may be overdrawn on the way, at a penalty that grows while it is.

The dice are splitmix64 from the seed, the temperature and the logarithm of a die are
whole numbers: the same seed gives the same bytes on every processor.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Ints

Dice = NDArray[np.uint64]


class Plan(NamedTuple):
    """What improvement may choose from: one entry an edge, a row or a pool."""

    first: Ints
    """`[row + 1]`: where the edges of each row begin."""
    slot: Ints
    cost: Ints
    demand: Ints
    """`[edge, kind]`: what it takes of each kind."""
    pools: Ints
    """`[edge, kind]`: which pool it takes that from."""
    capacity: Ints
    postpone: Ints
    """`[row]`: what leaving it out costs."""


class State(NamedTuple):
    """Where each row is, what that takes, and who is on each slot."""

    choice: Ints
    """`[row]`: its edge, or -1."""
    load: Ints
    penalty: Ints
    """`[pool]`: the cost of each unit that is overdrawn."""
    over: Ints
    """The sums: overdrawn amounts, cost of edges, penalties."""
    head: Ints
    """`[slot]`: one of the ring of rows on it, or -1."""
    after: Ints
    before: Ints
    """`[row]`: the next and the last of its ring."""


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
def take(edge: int, sign: int, plan: Plan, state: State) -> int:
    """Add an edge's demands (or take them away), and return how penalties change."""
    change = 0
    for kind in range(plan.demand.shape[1]):
        pool = plan.pools[edge, kind]
        before = max(state.load[pool] - plan.capacity[pool], 0)
        state.load[pool] += sign * plan.demand[edge, kind]
        after = max(state.load[pool] - plan.capacity[pool], 0)
        state.over[0] += after - before
        change += (after - before) * state.penalty[pool]
    state.over[2] += change
    return change


@fast.inlined
def enlist(row: int, slot: int, state: State) -> None:
    """Put a row into the ring of those on a slot."""
    head, after, before = state.head, state.after, state.before
    if head[slot] < 0:
        head[slot] = after[row] = before[row] = row
        return
    old = head[slot]
    last = before[old]
    after[last], before[row] = row, last
    after[row], before[old] = old, row


@fast.inlined
def dismiss(row: int, slot: int, state: State) -> None:
    """Take a row out of the ring of those on a slot."""
    head, after, before = state.head, state.after, state.before
    if after[row] == row:
        head[slot] = -1
        return
    after[before[row]], before[after[row]] = after[row], before[row]
    if head[slot] == row:
        head[slot] = after[row]


@fast.inlined
def cheapest(row: int, held: int, plan: Plan, state: State) -> int:
    """Return where a row goes best, penalties included, other than where it was."""
    best, least = -1, plan.postpone[row]
    for edge in range(plan.first[row], plan.first[row + 1]):
        if edge == held or plan.cost[edge] >= least:
            continue
        worth = plan.cost[edge]
        for kind in range(plan.demand.shape[1]):
            pool, need = plan.pools[edge, kind], plan.demand[edge, kind]
            over = state.load[pool] + need - plan.capacity[pool]
            if over > 0:
                worth += min(over, need) * state.penalty[pool]
        if worth < least:
            best, least = edge, worth
    return best


@fast.inlined
def guess(row: int, held: int, plan: Plan, dice: Dice) -> int:
    """Return an edge other than where a row was, or -1 for none.

    The lesser of two dice: a row's first edges are its most promising.
    """
    first, end = plan.first[row], plan.first[row + 1]
    edge = first + min(below(dice, end - first + 1), below(dice, end - first + 1))
    edge += edge == held
    return -1 if edge >= end else edge


@fast.inlined
def leave(row: int, plan: Plan, state: State) -> int:
    """Take a row off its edge, and return how cost and penalties change."""
    held = state.choice[row]
    if held < 0:
        return -plan.postpone[row]
    state.over[1] -= plan.cost[held]
    dismiss(row, plan.slot[held], state)
    return take(held, -1, plan, state) - plan.cost[held]


@fast.inlined
def enter(row: int, edge: int, plan: Plan, state: State) -> int:
    """Put a row on an edge (-1 to postpone it), and return how costs change."""
    state.choice[row] = edge
    if edge < 0:
        return plan.postpone[row]
    state.over[1] += plan.cost[edge]
    enlist(row, plan.slot[edge], state)
    return take(edge, 1, plan, state) + plan.cost[edge]


@fast.inlined
def step(dice: Dice, chain: Ints, plan: Plan, state: State) -> tuple[int, int]:
    """Move a row and whom it throws out; return how many, and how costs change.

    `chain` is `[2, link]`: the rows moved, and where each was before.
    """
    row = below(dice, len(plan.first) - 1)
    source = plan.slot[state.choice[row]] if state.choice[row] >= 0 else -1
    change = length = 0
    while True:
        held = state.choice[row]
        chain[0, length], chain[1, length] = row, held
        length += 1
        change += leave(row, plan, state)
        if length > 1:
            edge = cheapest(row, held, plan, state)
        else:
            edge = guess(row, held, plan, dice)
        victim = state.head[plan.slot[edge]] if edge >= 0 else -1
        if victim >= 0:
            state.head[plan.slot[edge]] = state.after[victim]
        change += enter(row, edge, plan, state)
        if victim < 0 or length == CHAIN_MAX or not roll(dice) & np.uint64(3):
            return length, change
        if victim == chain[0, 0] or plan.slot[edge] == source:
            return length, change
        row = victim


@fast.inlined
def fine(early: bool, ceiling: int, plan: Plan, state: State) -> None:
    """Raise the penalties of overdrawn pools, and in the early half lower the rest."""
    penalty = state.penalty
    for pool in range(len(plan.capacity)):
        if state.load[pool] > plan.capacity[pool]:
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
    warmth, moves, best_cost = run[0], run[1], run[3]
    dice = np.empty(1, np.uint64)
    dice[0] = np.uint64(run[2])
    chain = np.empty((2, CHAIN_MAX), np.int64)
    now = state.over[1]
    for row in range(len(state.choice)):
        now += plan.postpone[row] if state.choice[row] < 0 else 0
    for cooling in range(COOLINGS):
        if best_cost <= run[5]:
            break
        for _ in range(moves // COOLINGS + 1):
            fined = state.over[2]
            length, change = step(dice, chain, plan, state)
            if change <= (warmth * exponential(dice)) >> 16:
                now += change - (state.over[2] - fined)
                if state.over[0] == 0 and now < best_cost:
                    best_cost = now
                    best[:] = state.choice
                continue
            for link in range(length - 1, -1, -1):
                leave(chain[0, link], plan, state)
                enter(chain[0, link], chain[1, link], plan, state)
        warmth = warmth * 31 >> 5
        state.over[2] = 0
        fine(cooling < COOLINGS // 2, run[4], plan, state)
    return best_cost
