"""When talks are cut: rows take what nobody holds, and cities exchange what they hold.

First each row asks for the slot that saves it most of those that nobody holds, at no
price; it goes to whom it saves most, and what he held is free. Then each city makes the
best of what its rows hold, wherever that is, and of what is free at home, in a wave of
its own. Neither makes anything dearer, and what others hold stays theirs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.wave import wave
from fabnet.scheduling.model import NEVER, Flags

MOVES_MAX: Final = 8
"""Times that rows ask for what nobody holds: each is a message there and back, and
after two there is seldom anything left to gain."""


def closed(
    graph: Graph,
    waiting_ms: Ints,
    edge: Ints,
    *,
    home: Ints,
    host: Ints,
    refuses: Flags,
) -> Ints:
    """Return `[row]`: the edge that each row takes in the end, or -1.

    No city's rows cost more than before. `edge` is what they hold; `refuses` is
    `[edge]`: what is not to be had.
    """
    edge = edge.copy()
    for _ in range(MOVES_MAX):
        if not _moved(graph, waiting_ms, edge, refuses):
            break
    holder = np.full(graph.slots, -1)
    held = np.flatnonzero(edge >= 0)
    holder[graph.slot[edge[held]]] = home[held]
    at = np.repeat(np.arange(graph.rows), np.diff(graph.first))
    city = home[at]
    ours = holder[graph.slot] == city
    ours |= (holder[graph.slot] < 0) & (host[graph.slot] == city)
    open_ = ours & ~refuses & (graph.cost_ms <= waiting_ms[at])
    found = edge.copy()
    for each in np.unique(home).tolist():
        rows = np.flatnonzero(home == each)
        edges = np.flatnonzero(open_ & (city == each))
        new = _best(graph, waiting_ms, rows, edges)
        if _cost_ms(graph, waiting_ms, rows, new) < _cost_ms(
            graph, waiting_ms, rows, edge[rows]
        ):
            found[rows] = new
    return found


def _moved(graph: Graph, waiting_ms: Ints, edge: Ints, refuses: Flags) -> bool:
    """Let rows move to slots that nobody holds, each once; whether any did."""
    placed = edge >= 0
    free = np.ones(graph.slots, np.bool_)
    free[graph.slot[edge[placed]]] = False
    now_ms = waiting_ms.copy()
    now_ms[placed] = graph.cost_ms[edge[placed]]
    at = np.repeat(np.arange(graph.rows), np.diff(graph.first))
    saves_ms = now_ms[at] - graph.cost_ms
    better = np.flatnonzero(free[graph.slot] & (saves_ms > 0) & ~refuses)
    # The first of a row is its cheapest; of a slot's, whom it saves most.
    asked = better[np.unique(at[better], return_index=True)[1]]
    asked = asked[np.lexsort((at[asked], -saves_ms[asked], graph.slot[asked]))]
    given = asked[np.unique(graph.slot[asked], return_index=True)[1]]
    edge[at[given]] = given
    return bool(given.size)


def _best(graph: Graph, waiting_ms: Ints, rows: Ints, edges: Ints) -> Ints:
    """Return which of these edges each of these rows takes in a wave of their own."""
    number = np.full(graph.rows, -1)
    number[rows] = np.arange(rows.size)
    own = number[np.searchsorted(graph.first, edges, side="right") - 1]
    slots, slot = np.unique(graph.slot[edges], return_inverse=True)
    part = Graph(
        first=np.searchsorted(own, np.arange(rows.size + 1)),
        slot=slot,
        cost_ms=graph.cost_ms[edges],
        left_out_ms=np.full(rows.size, NEVER),
        slots=slots.size,
    )
    got = wave(part, waiting_ms[rows]).slot
    taken = np.full(rows.size, -1)
    mine = np.flatnonzero(slot == got[own])
    taken[own[mine]] = edges[mine]
    return taken


def _cost_ms(graph: Graph, waiting_ms: Ints, rows: Ints, edge: Ints) -> int:
    placed = edge >= 0
    waits = int(waiting_ms[rows[~placed]].sum())
    return waits + int(graph.cost_ms[edge[placed]].sum())
