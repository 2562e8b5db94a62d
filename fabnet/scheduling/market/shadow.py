"""Prices of budgets: what one unit of each pool is worth, and the bound they prove.

Lagrangian relaxation of the capacities, by subgradient steps (Held, Wolfe, Crowder
1974): each row takes its cheapest edge at these prices, and a pool that is asked for
more than it has becomes dearer. Prices are whole 1,024ths of a millisecond a unit, so
that the bound is reckoned in integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.budgets import Budgets

PART: Final = 10
"""Bits of a price below the millisecond."""
DRIFT: Final = 0.7
"""How much of the last step each step keeps, which damps the zigzag."""
STALE_MAX: Final = 10
"""Steps without a better bound before they are halved."""
STEPS: Final = 300
"""Steps of the prices: more of them moves the bound by less than a thousandth."""


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """The best prices found."""

    price: Ints
    """`[pool]`: 1,024ths of a millisecond of waiting for each unit."""
    bound_ms: int
    """No outcome within these budgets costs less, of all that the graph holds."""


def shadow(
    graph: Graph, budgets: Budgets, postpone_ms: Ints, steps: int = STEPS
) -> Shadow:
    """Return prices for the pools, as good as so many steps make them."""
    market = _Relaxed(graph, budgets, postpone_ms)
    price = np.zeros(budgets.capacity.size, np.int64)
    bound_ms, edge = market.answer(price)
    best, best_edge = Shadow(price, bound_ms), edge
    step, stale = 1.0, 0
    drift = np.zeros(price.size)
    for _ in range(steps):
        over = (budgets.load(graph, edge) - budgets.capacity).astype(np.float64)
        over[(over < 0) & (price == 0)] = 0
        drift = over + DRIFT * drift
        # fsum is exact, so that no processor adds in another order.
        norm = math.fsum((drift * drift).tolist())
        if norm == 0:
            break
        move = drift * (step * (max(abs(best.bound_ms), 32) << PART) / 32 / norm)
        price = np.clip(np.rint(price + move), 0, market.price_max).astype(np.int64)
        bound_ms, edge = market.answer(price)
        stale += 1
        if bound_ms > best.bound_ms:
            best, best_edge, stale = Shadow(price, bound_ms), edge, 0
        elif stale == STALE_MAX:
            step, stale, price, edge = step / 2, 0, best.price, best_edge
            drift[:] = 0
    return best


class _Relaxed:
    """The problem without capacities, where rows pay for what they take."""

    def __init__(self, graph: Graph, budgets: Budgets, postpone_ms: Ints) -> None:
        self._graph, self._budgets = graph, budgets
        self._least = np.minimum(postpone_ms, graph.left_out_ms) << PART
        self._some = np.flatnonzero(np.diff(graph.first))
        self._row = np.repeat(np.arange(graph.rows), np.diff(graph.first))
        dearest = max(int(budgets.demand.max(initial=0)), 1) * budgets.kinds
        self.price_max = 2**60 // dearest
        """A price at which no product of it overflows."""

    def answer(self, price: Ints) -> tuple[int, Ints]:
        """Return the bound at these prices, and each row's cheapest edge, or -1."""
        least = self._least.copy()
        edge = np.full(least.size, -1)
        if self._some.size:
            value = reduced(self._graph, self._budgets, price)
            lowest = np.minimum.reduceat(value, self._graph.first[self._some])
            least[self._some] = np.minimum(least[self._some], lowest)
            at = np.flatnonzero(value == least[self._row])
            edge[self._row[at][::-1]] = at[::-1]
        worth = sum(map(int.__mul__, price.tolist(), self._budgets.capacity.tolist()))
        return -((worth - int(least.sum())) >> PART), edge


def reduced(graph: Graph, budgets: Budgets, price: Ints) -> Ints:
    """Return `[edge]`: cost and what its demands are worth, in 1,024ths of a ms."""
    paid = (price[budgets.pool[graph.slot]] * budgets.demand).sum(axis=1)
    value: Ints = (graph.cost_ms << PART) + paid
    return value
