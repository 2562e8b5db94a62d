"""Rounds of asking between cities and facilities, until all agree or the bound is met.

A distributed auction (Bertsekas 1988) of which each city bids as one. A raise is worth
twice as much after every eighth bid of a row and every sixteenth round, so that price
wars end.

**What comes of it.** A level is at most its slack above what would make the row
indifferent to its next choice at the prices it knew; prices never fall; a slot that
nobody holds has price zero, and one that is held stays held. Hence rows that were
settled cost together at most the slack of each one's last ask (`slack_ms`) more than
the best of the *whole* graph, however little each city saw. A refusal other than by
price breaks the argument, for a sibling may have made way: the proof then says
what came of it.

**Bound on rounds.** Each round but the last has an ask, and brings one of these: a city
learns of a version, of a slot that a row will not get, or of a price, or a slot is
taken. From the round on in which a raise is above what waiting costs, a slot taken is
never asked for again. `rounds_bound` adds that up; talks are cut at `ROUNDS_MAX`, if
that comes first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.federated.agreement import (
    Agreement,
    Known,
    Unsettled,
    check_cities,
    check_offers,
)
from fabnet.scheduling.federated.city import ask, begin, hear, renew, why_not
from fabnet.scheduling.federated.closing import closed
from fabnet.scheduling.federated.desk import Desk, answer
from fabnet.scheduling.federated.messages import Answers, Asks, Verdict, joined
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.assignment import Proof
from fabnet.scheduling.market.bound import best_bound_ms, lower_bound_ms, tightened
from fabnet.scheduling.market.wave import EPSILON_PERMILLE, checked
from fabnet.scheduling.model import Flags

ROUNDS_MAX: Final = 128
"""Rounds of asking: each is a message there and back. Ordinary waves take 60 to 100.
Then each city makes the best of what it holds (`closing`); who gets nothing is
unsettled, with a reason."""
DOUBLES_EVERY: Final = 16
"""Rounds after which a raise is worth twice as much for everybody: sooner is quicker
and dearer."""
WAITING_MS_MAX: Final = 2**37
"""What postponing one row may cost, four years: a raise doubled 24 times still fits."""
OFFERS: Final = 8
"""Slots elsewhere that a row is shown."""


def federated(
    graph: Graph,
    postpone_ms: int | Ints,
    home: Ints,
    host: Ints,
    *,
    offers: int = OFFERS,
    version: Ints | None = None,
    known: Known | None = None,
    refuses: Flags | None = None,
    gossip: bool = True,
    epsilon_ms: int | None = None,
    rounds_max: int = ROUNDS_MAX,
) -> Agreement:
    """Return what cities agree on that see `offers` slots elsewhere for each row.

    `home` is `[row]` and `host` `[slot]`: the city of each, from 0. `version` is
    `[slot]`, that of the offer that is; `known` is what cities take it for, by default
    the truth; `refuses` is `[edge]`: what the facility will say no to. With `gossip` a
    new price reaches all cities by the next round, else only those that asked. The
    graph holds all that could be offered. Raise InputError for what is amiss.
    """
    waiting_ms = checked(graph, postpone_ms)
    if int(waiting_ms.max(initial=0)) > WAITING_MS_MAX:
        raise InputError("postpone_ms", f"expected up to {WAITING_MS_MAX} a row")
    check_cities(graph, home, host)
    if offers < 0 or rounds_max < 0:
        raise InputError("offers" if offers < 0 else "rounds_max", "expected 0 or more")
    if epsilon_ms is None:
        none = np.zeros(graph.slots, np.int64)
        least_ms = lower_bound_ms(graph, none, waiting_ms) // max(graph.rows, 1)
        epsilon_ms = max(least_ms * EPSILON_PERMILLE // 1_000, 1)
    if epsilon_ms < 1:
        raise InputError("epsilon_ms", "expected 1 or more")
    if version is None:
        version = np.zeros(graph.slots, np.int64)
    if known is None:
        known = Known(version[graph.slot], graph.cost_ms)
    if refuses is None:
        refuses = np.zeros(graph.slot.size, np.bool_)
    check_offers(graph, version, known, refuses)
    talks = _Talks(graph, waiting_ms, home, host, version, known, refuses)
    talks.run(offers, epsilon_ms, rounds_max, gossip=gossip)
    if talks.free.size:
        talks.close(alone=not offers)
    return talks.outcome(epsilon_ms, rounds_max, gossip=gossip)


class _Talks:
    """All cities and all desks, and the post between them."""

    def __init__(  # noqa: PLR0917  # made once, just above, and kept apart
        self,
        graph: Graph,
        waiting_ms: Ints,
        home: Ints,
        host: Ints,
        version: Ints,
        known: Known,
        refuses: Flags,
    ) -> None:
        self._graph, self._waiting_ms = graph, waiting_ms
        self._home, self._host, self._refuses = home, host, refuses
        self._numbers, city_of = np.unique(home, return_inverse=True)
        self._cities = [
            begin(graph, waiting_ms, known, np.flatnonzero(city_of == each), host == of)
            for each, of in enumerate(self._numbers.tolist())
        ]
        self._city_of = city_of
        none = np.zeros(graph.slots, np.int64)
        self._desk = Desk(version, none, np.full(graph.slots, -1))
        self._edge = np.full(graph.rows, -1)
        self._slack_ms = np.zeros(graph.rows, np.int64)
        self._counts = np.zeros(len(Verdict), np.int64)
        stale = version[graph.slot] != known.version
        pair = np.repeat(city_of, np.diff(graph.first)) * graph.slots + graph.slot
        self._noes = np.unique(pair[stale]).size + int(refuses.sum())
        self._rounds = 0
        self._cut = np.zeros(0, np.int64)

    def run(
        self, offers: int, epsilon_ms: int, rounds_max: int, *, gossip: bool
    ) -> None:
        """Let cities ask and facilities answer until nobody asks, or so many times."""
        longest_ms = int(self._waiting_ms.max(initial=0))
        while self._rounds < rounds_max:
            raise_ms = _raise_ms(epsilon_ms, longest_ms, self._rounds)
            asks = self._asks(offers, raise_ms)
            if not asks.row.size:
                return
            self._rounds += 1
            self._edge[asks.row], self._slack_ms[asks.row] = asks.edge, asks.slack_ms
            self._desk, answers = answer(self._desk, asks, self._refuses[asks.edge])
            self._edge[answers.row[answers.verdict != Verdict.HELD]] = -1
            self._counts += np.bincount(answers.verdict, minlength=len(Verdict))
            self._deliver(answers, gossip=gossip)

    def _asks(self, offers: int, raise_ms: int) -> Asks:
        """Return what all cities ask for, each by its own view."""
        every: list[Asks] = []
        for at, city in enumerate(self._cities):
            if city.free.size:
                self._cities[at], asks = ask(city, offers, raise_ms)
                every.append(asks)
        return joined(every)

    def _deliver(self, answers: Answers, *, gossip: bool) -> None:
        """Bring each city its answers, the prices it hears of, and new offers."""
        changed = np.unique(answers.slot[answers.verdict == Verdict.HELD])
        to = self._city_of[answers.row]
        for at, number in enumerate(self._numbers.tolist()):
            own = to == at
            heard = changed if gossip else changed[self._host[changed] == number]
            if not heard.size and not own.any():
                continue
            post = Answers(
                answers.row[own],
                answers.slot[own],
                answers.verdict[own],
                answers.price_ms[own],
                answers.version[own],
            )
            city = hear(self._cities[at], post, heard, self._desk.price_ms[heard])
            stale = post.slot[post.verdict == Verdict.STALE]
            if stale.size:
                edges = np.flatnonzero(np.isin(city.slot, stale))
                cost_ms = self._graph.cost_ms[city.edge[edges]]
                version = self._desk.version[city.slot[edges]]
                city = renew(city, edges, version, cost_ms)
            self._cities[at] = city

    @property
    def free(self) -> Ints:
        """Rows that are still to be planned."""
        free = [city.row[city.free] for city in self._cities]
        return np.sort(np.concatenate(free)) if free else np.zeros(0, np.int64)

    def close(self, *, alone: bool) -> None:
        """Let cities make the best of it where talks are cut; `alone`, at home."""
        graph, before = self._graph, self._edge
        shut = self._refuses.copy()
        if alone:
            at = np.repeat(np.arange(graph.rows), np.diff(graph.first))
            shut |= self._host[graph.slot] != self._home[at]
        self._edge = closed(
            graph, self._waiting_ms, before,
            home=self._home, host=self._host, refuses=shut,
        )  # fmt: skip
        # Who gave way to a sibling might have found something yet.
        gave = np.flatnonzero((before >= 0) & (self._edge < 0))
        self._cut = np.union1d(self.free, gave)

    def outcome(self, epsilon_ms: int, rounds_max: int, *, gossip: bool) -> Agreement:
        """Return who got what, and what is sure."""
        graph, edge = _without(self._graph, self._refuses, self._edge)
        placed = np.flatnonzero(edge >= 0)
        slot = np.full(graph.rows, -1)
        slot[placed] = graph.slot[edge[placed]]
        cost_ms = int(self._waiting_ms[edge < 0].sum())
        cost_ms += int(graph.cost_ms[edge[placed]].sum())
        price_ms = tightened(graph, self._desk.price_ms, self._waiting_ms, edge)
        bound_ms = best_bound_ms(graph, price_ms, self._waiting_ms, blind=False)
        stale, refused, outbid, held = self._counts.tolist()
        return Agreement(
            edge=self._edge,
            slot=slot,
            price_ms=self._desk.price_ms,
            proof=Proof(cost_ms, bound_ms, stopped=bool(self._cut.size)),
            slack_ms=int(self._slack_ms[placed].sum()),
            unsettled=self._unsettled(),
            rounds=self._rounds,
            rounds_bound=min(rounds_max, self._rounds_bound(epsilon_ms, gossip=gossip)),
            answers=(stale, refused, outbid, held),
        )

    def _unsettled(self) -> tuple[Unsettled, ...]:
        spent = set(self._cut.tolist())
        found: list[Unsettled] = []
        for city in self._cities:
            for at, row in enumerate(city.row.tolist()):
                if self._edge[row] < 0:
                    why = why_not(city, at, self._rounds if row in spent else None)
                    found.append(Unsettled(row, why))
        return tuple(sorted(found, key=lambda each: each.row))

    def _rounds_bound(self, epsilon_ms: int, *, gossip: bool) -> int:
        graph, longest_ms = self._graph, int(self._waiting_ms.max(initial=0))
        war = 0
        while _raise_ms(epsilon_ms, longest_ms, war) <= longest_ms:
            war += DOUBLES_EVERY
        unheard = 0 if gossip else 2 * len(self._cities) * graph.slots
        return war + self._noes + min(graph.rows, graph.slots) + unheard


def _raise_ms(epsilon_ms: int, longest_ms: int, number: int) -> int:
    """Return what a raise is worth in this round, no more than ends every war."""
    return min(epsilon_ms << min(number // DOUBLES_EVERY, 62), longest_ms + 1)


def _without(graph: Graph, refuses: Flags, edge: Ints) -> tuple[Graph, Ints]:
    """Return the graph without what is refused, and the same edges numbered in it."""
    kept = np.concatenate(([0], np.cumsum(~refuses)))
    rest = replace(
        graph,
        first=kept[graph.first],
        slot=graph.slot[~refuses],
        cost_ms=graph.cost_ms[~refuses],
    )
    return rest, np.where(edge >= 0, kept[edge], -1)
