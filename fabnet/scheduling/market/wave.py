"""A wave: each row takes one slot or is postponed, each slot takes one row.

An auction from zero prices in one phase (Bertsekas 1988). No price is carried over: a
slot that nobody holds must be worth nothing, or the guarantee is lost. A row whose best
value may lie outside its candidates asks for more before it bids, so the outcome is
within `epsilon_ms` a row of the best of the *whole* problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.assignment import Assignment, Proof
from fabnet.scheduling.market.bidding import Book, bid
from fabnet.scheduling.market.bound import best_bound_ms, lower_bound_ms, tightened
from fabnet.scheduling.model import NEVER

More = Callable[[Ints, int], Graph]
"""Return a graph of only these rows, in this order, with so many candidates each."""

COST_MS_MAX: Final = 2**61
"""The sum of what postponing all rows costs: twice that, and prices, still fit."""
BIDS_PER_ROW_MAX: Final = 1_000
"""Bids for each row on average, then the rest is served greedily and the proof
says so. Ordinary waves take 2 to 20, and by 800 every price war has ended."""
WIDTH_MAX: Final = 4_096
"""Candidates of one row; then it bids on those it has, and the bound shows it."""
PATIENCE: Final = 32
"""Bids of one row before it raises by twice as much, so that price wars end: by then it
risks more than epsilon, and the proof shows what came of it."""
ASKS_MAX: Final = 256
"""Times that rows may ask for more candidates in one wave; then they bid on those they
have, and the bound shows it. Ordinary waves ask some fifteen times."""
EPSILON_PERMILLE: Final = 10
"""By default the outcome is within so much of the cheapest that each row could hope."""


def wave(
    graph: Graph,
    postpone_ms: int | Ints,
    *,
    epsilon_ms: int | None = None,
    more: More | None = None,
    bids_per_row_max: int = BIDS_PER_ROW_MAX,
) -> Assignment:
    """Return who gets which slot, its prices and its proof, or raise InputError.

    `postpone_ms` is what it costs to leave a row to the next wave: one figure, or one a
    row. `epsilon_ms` is the least raise of a price: nil fits it to the costs, and 0
    asks for the best outcome itself, which may take long.
    """
    waiting_ms = checked(graph, postpone_ms)
    if epsilon_ms == 0:
        return _exact(graph, waiting_ms, more, bids_per_row_max)
    raise_ms = _fitting(graph, waiting_ms) if epsilon_ms is None else epsilon_ms
    if raise_ms < 0:
        raise InputError("epsilon_ms", "expected zero or more")
    market = _Market(graph, waiting_ms, more)
    market.run(raise_ms, PATIENCE, bids_per_row_max * graph.rows)
    return market.outcome()


def checked(graph: Graph, postpone_ms: int | Ints) -> Ints:
    """Return the cost of postponing each row, or raise InputError for what is amiss."""
    first, slot, cost_ms = graph.first, graph.slot, graph.cost_ms
    if first[0] or first[-1] != slot.size or slot.size != cost_ms.size:
        raise InputError("graph.first", "expected to begin at 0 and end at the edges")
    if (np.diff(first) < 0).any() or graph.left_out_ms.size != graph.rows:
        raise InputError("graph.first", "expected one ascending entry a row, and one")
    if slot.size and not 0 <= slot.min() <= slot.max() < graph.slots:
        raise InputError("graph.slot", f"expected slots from 0 to {graph.slots - 1}")
    falls = np.diff(cost_ms) < 0
    falls[first[1:-1][(first[1:-1] > 0) & (first[1:-1] < slot.size)] - 1] = False
    if (slot.size and not 0 <= cost_ms.min() <= cost_ms.max() < NEVER) or falls.any():
        raise InputError("graph.cost_ms", "expected costs from 0 on, rising in a row")
    waiting_ms = np.broadcast_to(np.asarray(postpone_ms, np.int64), graph.rows)
    if waiting_ms.size and not 0 <= waiting_ms.min() <= waiting_ms.max() < NEVER:
        raise InputError("postpone_ms", "expected zero or more")
    if int(waiting_ms.max(initial=0)) * graph.rows > COST_MS_MAX:
        raise InputError("postpone_ms", f"expected a sum of at most {COST_MS_MAX}")
    return waiting_ms


def _fitting(graph: Graph, waiting_ms: Ints) -> int:
    """Return an epsilon that is a small part of what rows cost at the very least."""
    least_ms = lower_bound_ms(graph, np.zeros(graph.slots, np.int64), waiting_ms)
    return max(least_ms * EPSILON_PERMILLE // (1_000 * max(graph.rows, 1)), 1)


def _exact(
    graph: Graph, waiting_ms: Ints, more: More | None, bids_per_row_max: int
) -> Assignment:
    """Bid in parts of a millisecond, so small that those of all rows are below one."""
    parts = graph.rows + 1
    if int(waiting_ms.max(initial=0)) * parts * parts > COST_MS_MAX:
        raise InputError("epsilon_ms", "expected 1 or more for costs so large")

    def scaled(part: Graph) -> Graph:
        # What costs more than postponing is never taken, so it may be cut.
        dearest = 2 * int(waiting_ms.max(initial=0)) + 1
        return replace(
            part,
            cost_ms=np.minimum(part.cost_ms, dearest) * parts,
            left_out_ms=np.minimum(part.left_out_ms, dearest) * parts,
        )

    wider = None if more is None else (lambda rows, k: scaled(more(rows, k)))
    market = _Market(scaled(graph), waiting_ms * parts, wider)
    market.run(1, bids_per_row_max + 1, bids_per_row_max * graph.rows)
    found = market.outcome()
    sure = found.proof
    cost_ms, bound_ms = sure.cost_ms // parts, -(-sure.bound_ms // parts)
    held = replace(
        found.graph,
        cost_ms=found.graph.cost_ms // parts,
        left_out_ms=found.graph.left_out_ms // parts,
    )
    return replace(
        found,
        price_ms=found.price_ms // parts,
        graph=held,
        postpone_ms=waiting_ms,
        proof=Proof(cost_ms, bound_ms, stopped=sure.stopped),
    )


class _Market:
    """One auction, whose rows may ask for more candidates on the way."""

    def __init__(self, graph: Graph, waiting_ms: Ints, more: More | None) -> None:
        self._graph, self._more = graph, more
        self._left_out_ms = graph.left_out_ms.copy()
        self._stopped = False
        self._blind = more is None and bool((graph.left_out_ms < NEVER).any())
        self._bids = self._asks = 0
        self._used = graph.slot.size
        self._book = Book(
            begin=graph.first[:-1].copy(),
            end=graph.first[1:].copy(),
            slot=graph.slot,
            cost_ms=graph.cost_ms,
            postpone_ms=waiting_ms,
            unseen_ms=self._left_out_ms.copy(),
            price_ms=np.zeros(graph.slots, np.int64),
            owner=np.full(graph.slots, -1),
            choice=np.full(graph.rows, -1),
            tries=np.zeros(graph.rows, np.int64),
        )
        if more is None:
            self._book.unseen_ms[:] = NEVER

    def run(self, epsilon_ms: int, patience: int, bids_max: int) -> None:
        """Bid until all rows are content, or so many bids were made."""
        rows = np.arange(self._graph.rows)
        while rows.size:
            left = bids_max - self._bids
            made, rows, stranded = bid(self._book, rows, epsilon_ms, patience, left)
            self._bids += made
            if stranded.size:
                self._stopped = True
                self._serve(np.union1d(stranded, rows))
                return
            self._widen(rows)

    def _serve(self, rows: Ints) -> None:
        """Give each row the cheapest slot that nobody holds, if it beats waiting."""
        book = self._book
        for row in rows.tolist():
            for edge in range(int(book.begin[row]), int(book.end[row])):
                if book.cost_ms[edge] > book.postpone_ms[row]:
                    break
                if book.owner[book.slot[edge]] < 0:
                    book.owner[book.slot[edge]], book.choice[row] = row, edge
                    break

    def _widen(self, rows: Ints) -> None:
        """Fetch twice as many candidates for each of these rows."""
        book = self._book
        width = book.end[rows] - book.begin[rows]
        full = width >= (WIDTH_MAX if self._asks < ASKS_MAX else 0)
        self._asks += 1
        self._blind |= bool(full.any())
        book.unseen_ms[rows[full]] = NEVER
        rows, width = rows[~full], width[~full]
        if not rows.size or self._more is None:
            return
        wider = min(2 * int(width.max()) + 2, WIDTH_MAX)
        found = self._more(rows, wider)
        if found.rows != rows.size or found.slots != self._graph.slots:
            raise InputError("more", f"expected a graph of the {rows.size} rows asked")
        at, self._used = self._used, self._used + found.slot.size
        if self._used > book.slot.size:
            # Half as much again, so that it is copied a few times and not each time.
            room = np.zeros((2, 3 * self._used // 2), np.int64)
            room[:, :at] = book.slot[:at], book.cost_ms[:at]
            book.slot, book.cost_ms = room
        book.begin[rows], book.end[rows] = at + found.first[:-1], at + found.first[1:]
        book.slot[at : self._used] = found.slot
        book.cost_ms[at : self._used] = found.cost_ms
        self._left_out_ms[rows] = found.left_out_ms
        book.unseen_ms[rows] = np.where(
            np.diff(found.first) > width, found.left_out_ms, NEVER
        )

    def outcome(self) -> Assignment:
        """Return who got what, and the proof over all candidates seen."""
        book = self._book
        graph, edge = self._seen()
        placed = edge >= 0
        slot = np.full(graph.rows, -1)
        slot[placed] = graph.slot[edge[placed]]
        cost_ms = np.where(placed, graph.cost_ms[edge], 0) if graph.slot.size else 0
        cost = int(np.where(placed, cost_ms, book.postpone_ms).sum())
        book.price_ms = tightened(graph, book.price_ms, book.postpone_ms, edge)
        bound = best_bound_ms(graph, book.price_ms, book.postpone_ms, blind=self._blind)
        sure = Proof(cost, bound, stopped=self._stopped)
        return Assignment(
            slot, edge, book.price_ms, graph, book.postpone_ms, sure, self._bids
        )

    def _seen(self) -> tuple[Graph, Ints]:
        """Return the graph of all candidates seen, and the edge that each row holds."""
        book, graph = self._book, self._graph
        if book.slot is graph.slot:
            return graph, book.choice
        width = book.end - book.begin
        first = np.concatenate(([0], np.cumsum(width)))
        at = np.arange(first[-1]) + np.repeat(book.begin - first[:-1], width)
        seen = replace(
            graph,
            first=first,
            slot=book.slot[at],
            cost_ms=book.cost_ms[at],
            left_out_ms=self._left_out_ms,
        )
        held = book.choice >= 0
        edge = np.where(held, book.choice - book.begin + first[:-1], -1)
        return seen, edge
