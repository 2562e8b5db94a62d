"""How cheap the best outcome could be, by prices alone.

Weak duality: pay every row's cheapest value at these prices, and take back the prices.
A row may also have wanted a slot that is not in the graph. That slot costs at least
`left_out_ms`, and its price is not negative, so the bound holds for the whole problem.
"""

from __future__ import annotations

import numpy as np

from fabnet.scheduling.graph import Graph, Ints


def lower_bound_ms(graph: Graph, price_ms: Ints, postpone_ms: Ints) -> int:
    """Return what no outcome can go below, for any prices of zero or more."""
    return int(row_values_ms(graph, price_ms, postpone_ms).sum()) - int(price_ms.sum())


def best_bound_ms(graph: Graph, price_ms: Ints, postpone_ms: Ints) -> int:
    """Return the highest bound of these prices as they are, or with a ceiling on them.

    Where a row ran out of candidates, its price war says little of slots left out.
    """
    dearest_ms = int(price_ms.max(initial=0))
    ceilings_ms = [
        dearest_ms >> halvings for halvings in range(dearest_ms.bit_length() + 1)
    ]
    return max(
        lower_bound_ms(graph, np.minimum(price_ms, ceiling_ms), postpone_ms)
        for ceiling_ms in ceilings_ms
    )


def row_values_ms(graph: Graph, price_ms: Ints, postpone_ms: Ints) -> Ints:
    """Return `[row]`: the least that the row can come to at these prices."""
    least_ms = np.minimum(postpone_ms, graph.left_out_ms)
    some = np.flatnonzero(np.diff(graph.first))
    if some.size:
        value_ms = graph.cost_ms + price_ms[graph.slot]
        listed_ms = np.minimum.reduceat(value_ms, graph.first[some])
        least_ms[some] = np.minimum(least_ms[some], listed_ms)
    return least_ms
