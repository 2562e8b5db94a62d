"""One city: what it was told, what it plans on that, and what it makes of the answers.

It sees all its own slots and, for each row, the few slots elsewhere that are cheapest
at the prices that it was told. On that view its rows bid against each other at home, as
in a wave (`market.bidding`); what comes of it is what the city asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import numpy as np

from fabnet.records.refusal import Refusal
from fabnet.scheduling.federated.agreement import Known
from fabnet.scheduling.federated.messages import Answers, Asks, Verdict
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.bidding import DOUBLINGS_MAX, Book, bid
from fabnet.scheduling.model import NEVER, Flags

BIDS_PER_ROW_MAX: Final = 256
"""Bids at home for each row and round on average; who is without a slot then plans
again in the next round, when a raise is worth more."""
PATIENCE: Final = 8
"""Bids of one row, over all rounds, before it raises by twice as much, so that price
wars end: the central wave waits for 32, but there a bid is no message."""


class Standing(IntEnum):
    """How a row stands with its city."""

    FREE = 0
    HOLDS = 1
    WAITS = 2
    """All that it was offered costs more than waiting; prices do not fall."""


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """All that one city knows; nothing of it is of another's plan."""

    row: Ints
    """`[own row]`: its number in the whole problem, rising."""
    first: Ints
    """`[own row + 1]`: where its edges begin in the columns below."""
    edge: Ints
    """`[own edge]`: its number in the whole graph; within a row by (cost, slot)."""
    slot: Ints
    cost_ms: Ints
    """`[own edge]`: by the version that the city knows."""
    version: Ints
    barred: Flags
    """`[own edge]`: whether the facility said that it will not."""
    away: Flags
    """`[own edge]`: whether the slot is another city's."""
    waiting_ms: Ints
    """`[own row]`: what it costs to leave the row to the next wave."""
    told_ms: Ints
    """`[slot]`: the price last heard of; never above the one that is."""
    standing: Ints
    """`[own row]`: a `Standing`."""
    tries: Ints
    """`[own row]`: how many bids it made, at home and elsewhere."""

    @property
    def free(self) -> Ints:
        """The own rows that are still to be planned."""
        return np.flatnonzero(self.standing == Standing.FREE)


def begin(graph: Graph, waiting_ms: Ints, known: Known, rows: Ints, own: Flags) -> City:
    """Return what one city knows before the first round."""
    width = graph.first[rows + 1] - graph.first[rows]
    first = np.concatenate(([0], np.cumsum(width)))
    edge = np.arange(first[-1]) + np.repeat(graph.first[rows] - first[:-1], width)
    order = np.lexsort(
        (graph.slot[edge], known.cost_ms[edge], np.repeat(np.arange(rows.size), width))
    )
    edge = edge[order]
    return City(
        row=rows,
        first=first,
        edge=edge,
        slot=graph.slot[edge],
        cost_ms=known.cost_ms[edge],
        version=known.version[edge],
        barred=np.zeros(edge.size, np.bool_),
        away=~own[graph.slot[edge]],
        waiting_ms=waiting_ms[rows],
        told_ms=np.zeros(graph.slots, np.int64),
        standing=np.full(rows.size, int(Standing.FREE)),
        tries=np.zeros(rows.size, np.int64),
    )


def ask(city: City, offers: int, epsilon_ms: int) -> tuple[City, Asks]:
    """Return what a city asks for, and the city knowing which of its rows must wait.

    Each free row sees the city's own slots and the `offers` cheapest elsewhere. While
    any row is free and not found to wait, something is asked.
    """
    rows = city.free
    seen, first, unseen_ms = _view(city, rows, offers)
    slot = city.slot[seen]
    book = Book(
        begin=first[:-1].copy(),
        end=first[1:].copy(),
        slot=slot,
        cost_ms=city.cost_ms[seen],
        postpone_ms=city.waiting_ms[rows],
        unseen_ms=unseen_ms,
        price_ms=city.told_ms.copy(),
        owner=np.full(city.told_ms.size, -1),
        choice=np.full(rows.size, -1),
        tries=city.tries[rows],
    )
    most = BIDS_PER_ROW_MAX * rows.size
    _, wanting, left = bid(book, np.arange(rows.size), epsilon_ms, PATIENCE, most)
    waits = book.choice < 0
    # Who would rather have what it does not see looks again when prices are known.
    waits[wanting] = waits[left] = False
    standing = city.standing.copy()
    standing[rows[waits]] = Standing.WAITS
    tries = city.tries.copy()
    tries[rows] = book.tries
    placed = np.flatnonzero(book.choice >= 0)
    at = seen[book.choice[placed]]
    doublings = np.minimum((book.tries[placed] - 1) // PATIENCE, DOUBLINGS_MAX)
    asks = Asks(
        row=city.row[rows[placed]],
        edge=city.edge[at],
        slot=city.slot[at],
        version=city.version[at],
        level_ms=book.price_ms[city.slot[at]],
        slack_ms=epsilon_ms << doublings,
    )
    return replace(city, standing=standing, tries=tries), asks


def _view(city: City, rows: Ints, offers: int) -> tuple[Ints, Ints, Ints]:
    """Return the own edges that rows see, where each row's begin, and what the cheapest
    slot elsewhere that it does not see costs, as far as the city knows."""
    width = city.first[rows + 1] - city.first[rows]
    at = np.repeat(np.arange(rows.size), width)
    edge = np.arange(at.size) + np.repeat(
        city.first[rows] - np.cumsum(width) + width, width
    )
    value_ms = city.cost_ms[edge] + city.told_ms[city.slot[edge]]
    worth = (value_ms <= city.waiting_ms[rows[at]]) & ~city.barred[edge]
    at, edge, value_ms = at[worth], edge[worth], value_ms[worth]
    far = np.flatnonzero(city.away[edge])
    far = far[np.lexsort((city.slot[edge[far]], value_ms[far], at[far]))]
    begin = np.searchsorted(at[far], np.arange(rows.size))
    nth = np.arange(far.size) - begin[at[far]]
    unseen_ms = np.full(rows.size, NEVER)
    if offers:  # Who is never shown anything has nothing to hope for.
        next_one = far[nth == offers]
        unseen_ms[at[next_one]] = value_ms[next_one]
    seen = np.ones(edge.size, np.bool_)
    seen[far[nth >= offers]] = False
    first = np.searchsorted(at[seen], np.arange(rows.size + 1))
    return edge[seen], first, unseen_ms


def hear(city: City, answers: Answers, slots: Ints, price_ms: Ints) -> City:
    """Return the city after these answers to its rows and the prices of these slots."""
    own = np.searchsorted(city.row, answers.row)
    standing, told_ms = city.standing.copy(), city.told_ms.copy()
    held = answers.verdict == Verdict.HELD
    standing[own] = np.where(held, Standing.HOLDS, Standing.FREE)
    told_ms[slots] = price_ms
    told_ms[answers.slot] = answers.price_ms
    city = replace(city, standing=standing, told_ms=told_ms)
    no = answers.verdict == Verdict.REFUSED
    if not no.any():
        return city
    barred = city.barred.copy()
    for row, slot in zip(own[no].tolist(), answers.slot[no].tolist(), strict=True):
        part = slice(city.first[row], city.first[row + 1])
        barred[part] |= city.slot[part] == slot
    return replace(city, barred=barred)


def renew(city: City, edges: Ints, version: Ints, cost_ms: Ints) -> City:
    """Return the city knowing what these of its edges cost by the version that is.

    What was found to wait is planned again: an offer may have become cheaper.
    """
    cost, known = city.cost_ms.copy(), city.version.copy()
    cost[edges], known[edges] = cost_ms, version
    at = np.repeat(np.arange(city.row.size), np.diff(city.first))
    order = np.lexsort((city.slot, cost, at))
    waits = city.standing == Standing.WAITS
    return replace(
        city,
        edge=city.edge[order],
        slot=city.slot[order],
        cost_ms=cost[order],
        version=known[order],
        barred=city.barred[order],
        away=city.away[order],
        standing=np.where(waits, Standing.FREE, city.standing),
    )


def why_not(city: City, own: int, spent: int | None) -> Refusal:
    """Return why a row got nothing."""
    part = slice(city.first[own], city.first[own + 1])
    open_ = ~city.barred[part]
    if not open_.size:
        return Refusal("no-offer")
    if not open_.any():
        return Refusal("all-offers-refused", (("offers", int(open_.size)),))
    if spent is not None:
        return Refusal("rounds-spent", (("rounds", spent),))
    value_ms = (city.cost_ms[part] + city.told_ms[city.slot[part]])[open_]
    return Refusal(
        "waiting-costs-less",
        (
            ("cheapest_ms", int(value_ms.min())),
            ("waiting_ms", int(city.waiting_ms[own])),
        ),
    )
