"""Improvement within budgets without numba: many shifts and swaps tried at once.

The numpy twin of `kernel_moves`: it keeps the same promises (never over budget, never
dearer than before, same seed, same bytes), and gets less far: it never steps uphill.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.graph import Ints
from fabnet.scheduling.market.kernel_moves import Plan

TRIALS: Final = 4_096
"""Moves tried in one round: enough for numpy to be quick, few enough to stay apart."""
TAKEN_MAX: Final = 64
"""Of these, the best that are looked at one by one."""
IDLE_MAX: Final = 24
"""Rounds without a gain before it stops."""
GOLDEN: Final = 0x9E3779B97F4A7C15


def rolls(seed: int, turn: int, count: int) -> NDArray[np.uint64]:
    """Return random bits: splitmix64 at so many places of its counter."""
    at = np.arange(turn * count + 1, (turn + 1) * count + 1, dtype=np.uint64)
    mixed = at * np.uint64(GOLDEN) + np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _below(bits: NDArray[np.uint64], count: Ints | int) -> Ints:
    """Return whole numbers from 0 to `count` - 1, one of each die."""
    high = (bits >> np.uint64(33)).astype(np.int64)
    return high * count >> 31


def descend(plan: Plan, load: Ints, best: Ints, moves: int, seed: int) -> int:
    """Improve `best`, `[row]` edges within all budgets, and return its cost.

    `load` is what `best` takes of each pool; it is kept up to date.
    """
    first, slot, cost, postpone = plan[0], plan[1], plan[2], plan[6]
    rows, idle = first.size - 1, 0
    for turn in range(max(moves // TRIALS, 1) if slot.size else 0):
        dice = rolls(seed, turn, 5 * TRIALS).reshape(5, TRIALS)
        row = _below(dice[0], rows)
        row = row[first[row + 1] > first[row]]
        dice = dice[:, : row.size]
        edge = first[row] + _below(dice[1], first[row + 1] - first[row])
        other, goes = _whom_it_meets(plan, best, edge, dice[2:])
        held = np.where(best >= 0, cost[best], postpone)
        gain = held[row] - cost[edge]
        meets = other >= 0
        elsewhere = np.where(goes >= 0, cost[goes], postpone[other])
        gain += np.where(meets, held[other] - elsewhere, 0)
        good = np.flatnonzero((gain > 0) & (row != other) & (edge != best[row]))
        moved: set[int] = set()
        order = np.argsort(-gain[good], kind="stable")[:TAKEN_MAX]
        for at in good[order].tolist():
            steps = [(int(row[at]), int(edge[at]))]
            if meets[at]:
                steps.append((int(other[at]), int(goes[at])))
            if moved.isdisjoint(who for who, _ in steps) and _fits(
                plan, load, best, steps
            ):
                moved.update(who for who, _ in steps)
        idle = 0 if moved else idle + 1
        if idle == IDLE_MAX:
            break
    return int(np.where(best >= 0, cost[best], postpone).sum())


def _whom_it_meets(
    plan: Plan, best: Ints, edge: Ints, dice: NDArray[np.uint64]
) -> tuple[Ints, Ints]:
    """Return a row on the slot of each edge, or -1 for half, and its new edge."""
    first, slot = plan[0], plan[1]
    on = np.where(best >= 0, slot[best], -1)
    order = np.argsort(on, kind="stable")
    begin = np.searchsorted(on[order], slot[edge])
    count = np.searchsorted(on[order], slot[edge], side="right") - begin
    at = np.minimum(begin + _below(dice[0], count), order.size - 1)
    other = np.where((count > 0) & (dice[1] & np.uint64(1) > 0), order[at], -1)
    width = first[other + 1] - first[other] + 1
    goes = first[other] + _below(dice[2], width)
    return other, np.where((goes == first[other + 1]) | (other < 0), -1, goes)


def _fits(plan: Plan, load: Ints, best: Ints, steps: list[tuple[int, int]]) -> bool:
    """Take these steps if no pool is overdrawn by them, and say whether."""
    (_, _, _, demand, pools, capacity, _) = plan
    was = [(who, int(best[who])) for who, _ in steps]
    for edges, sign in (([e for _, e in was], -1), ([e for _, e in steps], 1)):
        for edge in edges:
            if edge >= 0:
                np.add.at(load, pools[edge], sign * demand[edge])
    touched = [pools[edge] for _, edge in steps if edge >= 0]
    if all((load[pool] <= capacity[pool]).all() for pool in touched):
        for who, edge in steps:
            best[who] = edge
        return True
    for edges, sign in (([e for _, e in steps], -1), ([e for _, e in was], 1)):
        for edge in edges:
            if edge >= 0:
                np.add.at(load, pools[edge], sign * demand[edge])
    return False
