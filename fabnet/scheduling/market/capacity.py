"""A wave within budgets: generalised assignment over the sparse graph.

Prices first (`shadow`), which bound the whole problem; then each row keeps its few most
promising edges at these prices, is placed by regret, and chains of moves improve that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market import budgets as budget
from fabnet.scheduling.market.assignment import Proof
from fabnet.scheduling.market.budgets import Budgets
from fabnet.scheduling.market.descent import descend
from fabnet.scheduling.market.kernel_moves import Plan, State, anneal, enter
from fabnet.scheduling.market.shadow import PART, STEPS, Shadow, reduced, shadow
from fabnet.scheduling.market.wave import checked

KEPT: Final = 5
"""Edges of a row that improvement looks at: more of them found worse plans in the same
number of moves."""
MOVES: Final = 1_250_000
"""Moves of one improvement: a second or two of CPU time where numba is installed."""
COST_MS_MAX: Final = 2**49
"""What postponing all rows costs: 1,024ths of it, and penalties, still fit."""
GRAIN: Final = 6
"""Bits of a cost below the millisecond while improving, so that penalties are fine."""
PENALTIES_MAX: Final = 2**58
"""All penalties together, in the unit of costs: twice that still fits."""
WARMTH_MAX: Final = 2**40
"""The first temperature, in 64ths of the grain; its product with a die still fits."""


@dataclass(frozen=True, slots=True, eq=False)
class Allotment:
    """Which rows go where within all budgets, and what the budgets are worth."""

    slot: Ints
    """`[row]`: the slot it got, or -1 if it is postponed."""
    edge: Ints
    """`[row]`: the edge of the graph that it took, or -1."""
    load: Ints
    """`[pool]`: how much is taken."""
    price: Ints
    """`[pool]`: 1,024ths of a millisecond of waiting that one unit is worth."""
    proof: Proof


def allot(
    graph: Graph,
    budgets: Budgets,
    postpone_ms: int | Ints,
    *,
    seed: int = 0,
    moves: int = MOVES,
    steps: int = STEPS,
) -> Allotment:
    """Return who goes where within budgets, with a proof, or raise InputError.

    The bound holds for slots left out of the graph too, whatever they would draw on.
    """
    waiting_ms = checked(graph, postpone_ms)
    budget.check(graph, budgets)
    if int(waiting_ms.max(initial=0)) * max(graph.rows, 1) > COST_MS_MAX:
        raise InputError("postpone_ms", f"expected a sum of at most {COST_MS_MAX}")
    useful = _affordable(graph, waiting_ms)
    priced = shadow(useful, budgets, waiting_ms, steps)
    worth = reduced(useful, budgets, priced.price)
    kept = _promising(useful, worth)
    edge = _by_regret(useful, budgets, waiting_ms, worth, kept)
    edge = _improved(useful, budgets, waiting_ms, priced, worth, kept, edge, (
        moves, seed
    ))  # fmt: skip
    placed = edge >= 0
    slot = np.full(graph.rows, -1)
    slot[placed] = graph.slot[edge[placed]]
    cost_ms = int(graph.cost_ms[edge[placed]].sum() + waiting_ms[~placed].sum())
    return Allotment(
        slot,
        edge,
        budgets.load(graph, edge),
        priced.price,
        Proof(cost_ms, priced.bound_ms, stopped=False),
    )


def _affordable(graph: Graph, waiting_ms: Ints) -> Graph:
    """Return the graph with costs cut where postponing is cheaper."""
    dearest = np.repeat(waiting_ms, np.diff(graph.first)) + 1
    cost_ms = np.minimum(graph.cost_ms, dearest)
    left_out_ms = np.minimum(graph.left_out_ms, waiting_ms + 1)
    return Graph(graph.first, graph.slot, cost_ms, left_out_ms, graph.slots)


def _promising(graph: Graph, worth: Ints) -> Ints:
    """Return the few edges of each row that are best at these prices, by row."""
    row = np.repeat(np.arange(graph.rows), np.diff(graph.first))
    order = np.lexsort((worth, row))
    place = np.arange(order.size) - graph.first[row]
    return order[place < KEPT]


def _by_regret(
    graph: Graph, budgets: Budgets, waiting_ms: Ints, worth: Ints, kept: Ints
) -> Ints:
    """Place rows, those with most to lose first, on the best edge that still fits."""
    edge = np.full(graph.rows, -1)
    if not kept.size:
        return edge
    row = np.searchsorted(graph.first, kept, side="right") - 1
    first = np.searchsorted(row, np.arange(graph.rows + 1))
    best = np.full(graph.rows, -1)
    best[np.diff(first) > 0] = kept[first[:-1][np.diff(first) > 0]]
    second = np.where(np.diff(first) > 1, first[:-1] + 1, -1)
    regret = np.where(second >= 0, worth[kept[second]], waiting_ms << PART)
    regret = np.where(best >= 0, regret - worth[best], 0)
    free = budgets.capacity.copy()
    for at in np.argsort(-regret, kind="stable").tolist():
        for each in kept[first[at] : first[at + 1]].tolist():
            if graph.cost_ms[each] > waiting_ms[at]:
                continue
            pool = budgets.pool[graph.slot[each]]
            np.subtract.at(free, pool, budgets.demand[each])
            if (free[pool] >= 0).all():
                edge[at] = each
                break
            np.add.at(free, pool, budgets.demand[each])
    return edge


def _improved(  # noqa: PLR0917  # one step of `allot`, with what it has so far
    graph: Graph,
    budgets: Budgets,
    waiting_ms: Ints,
    priced: Shadow,
    worth: Ints,
    kept: Ints,
    edge: Ints,
    run: tuple[int, int],
) -> Ints:
    """Return edges no dearer than these, after so many moves from a seed."""
    if not kept.size or not run[0]:
        return edge
    row = np.searchsorted(graph.first, kept, side="right") - 1
    first = np.searchsorted(row, np.arange(graph.rows + 1))
    plan = Plan(
        first,
        graph.slot[kept],
        graph.cost_ms[kept] << GRAIN,
        np.ascontiguousarray(budgets.demand[kept]),
        np.ascontiguousarray(budgets.pool[graph.slot[kept]]),
        budgets.capacity,
        waiting_ms << GRAIN,
    )
    where = np.full(graph.slot.size, -1)
    where[kept] = np.arange(kept.size)
    best = np.where(edge >= 0, where[edge], -1)
    if fast.FAST:
        some = np.flatnonzero(np.diff(first))
        begin, third = first[some], np.minimum(first[some] + 2, first[some + 1] - 1)
        slack = np.sort(worth[kept[third]] - worth[kept[begin]])
        warmth = min(int(slack[slack.size // 2]) >> (PART - GRAIN), WARMTH_MAX) << 5
        cost = int(np.where(best >= 0, plan.cost[best], plan.postpone).sum())
        ceiling = PENALTIES_MAX // max(int(plan.demand.sum()), 1)
        numbers = np.array((warmth, *run, cost, ceiling, priced.bound_ms << GRAIN))
        anneal(plan, _start(plan, graph.slots, priced.price, ceiling), best, numbers)
    else:
        descend(plan, budgets.load(graph, edge), best, *run)
    return np.where(best >= 0, kept[best], -1)


def _start(plan: Plan, slots: int, price: Ints, ceiling: int) -> State:
    """Return the state where each row has its best edge, whatever there is of it."""
    first, cost, postpone = plan.first, plan.cost, plan.postpone
    rows = postpone.size
    dear = np.sort((cost[:, None] // np.maximum(plan.demand, 1)).ravel())
    penalty = (price >> (PART - GRAIN - 1)) + int(dear[dear.size // 2]) // 5 + 1
    state = State(
        np.full(rows, -1),
        np.zeros(plan.capacity.size, np.int64),
        np.minimum(penalty, ceiling),
        np.zeros(3, np.int64),
        np.full(slots, -1),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
    )
    for row in range(rows):
        at = int(first[row])
        if at < first[row + 1] and cost[at] <= postpone[row]:
            enter(row, at, plan, state)
    return state
