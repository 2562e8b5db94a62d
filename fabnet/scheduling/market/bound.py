"""How cheap the best outcome could be, by prices alone.

Weak duality: pay every row's cheapest value at these prices, and take back the prices.
A row may also have wanted a slot that is not in the graph. That slot costs at least
`left_out_ms`, and its price is not negative, so the bound holds for the whole problem.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.graph import Graph, Ints

TIGHTENINGS_MAX: Final = 4
"""Times that prices are lowered after a wave: what is left then is a thousandth."""


def lower_bound_ms(graph: Graph, price_ms: Ints, postpone_ms: Ints) -> int:
    """Return what no outcome can go below, for any prices of zero or more."""
    return int(row_values_ms(graph, price_ms, postpone_ms).sum()) - int(price_ms.sum())


def best_bound_ms(
    graph: Graph, price_ms: Ints, postpone_ms: Ints, *, blind: bool
) -> int:
    """Return the highest bound of these prices, of none, and of some between.

    Where rows ran out of candidates (`blind`), a price war says little of slots left
    out, and a ceiling on prices may prove more.
    """
    dearest_ms = int(price_ms.max(initial=0))
    halvings = dearest_ms.bit_length() if blind else 0
    ceilings_ms = [dearest_ms >> halving for halving in range(halvings + 1)] + [0]
    return max(
        lower_bound_ms(graph, np.minimum(price_ms, ceiling_ms), postpone_ms)
        for ceiling_ms in ceilings_ms
    )


def tightened(graph: Graph, price_ms: Ints, postpone_ms: Ints, edge: Ints) -> Ints:
    """Return prices lowered by what each holder paid too much, if that bounds better.

    `edge` is `[row]`: what it holds, or -1. A last bid goes beyond the second best, and
    far beyond in a price war.
    """
    rows = np.flatnonzero(edge >= 0)
    held = edge[rows]
    bound_ms = lower_bound_ms(graph, price_ms, postpone_ms)
    for _ in range(TIGHTENINGS_MAX):
        value_ms = graph.cost_ms[held] + price_ms[graph.slot[held]]
        least_ms = row_values_ms(graph, price_ms, postpone_ms)[rows]
        lower_ms = price_ms.copy()
        lower_ms[graph.slot[held]] -= np.maximum(value_ms - least_ms, 0)
        np.maximum(lower_ms, 0, out=lower_ms)
        lower_bound = lower_bound_ms(graph, lower_ms, postpone_ms)
        if lower_bound <= bound_ms:
            break
        price_ms, bound_ms = lower_ms, lower_bound
    return price_ms


def row_values_ms(graph: Graph, price_ms: Ints, postpone_ms: Ints) -> Ints:
    """Return `[row]`: the least that the row can come to at these prices."""
    least_ms = np.minimum(postpone_ms, graph.left_out_ms)
    some = np.flatnonzero(np.diff(graph.first))
    if some.size:
        value_ms = graph.cost_ms + price_ms[graph.slot]
        listed_ms = np.minimum.reduceat(value_ms, graph.first[some])
        least_ms[some] = np.minimum(least_ms[some], listed_ms)
    return least_ms
