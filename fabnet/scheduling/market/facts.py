"""What a wave can say of itself: why this slot, why not that one, and at what price.

Facts only, in numbers; sentences are made in `node`. A price is waiting that a slot
would cost others, in milliseconds: never money, and never owed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabnet.scheduling.market.assignment import Assignment


@dataclass(frozen=True, slots=True)
class Reason:
    """How one row stands with one slot at the prices of the wave."""

    slot: int
    """-1 for waiting until the next wave."""
    cost_ms: int
    price_ms: int
    """What taking the slot costs the other rows."""
    wanted_by: int
    """The row that got the slot, or -1."""

    @property
    def value_ms(self) -> int:
        """What the row compares: its own cost, and what the others would pay."""
        return self.cost_ms + self.price_ms


@dataclass(frozen=True, slots=True)
class Choice:
    """What a row got, and what it would have taken instead."""

    got: Reason
    runner_up: Reason | None
    """The best of the rest at these prices; nil if the row had no other way."""


def choice(wave: Assignment, row: int) -> Choice:
    """Return why a row got what it got: its slot, and the next best at these prices."""
    graph = wave.graph
    owner = owners(wave)
    ways = [
        _reason(wave, owner, edge)
        for edge in range(int(graph.first[row]), int(graph.first[row + 1]))
    ]
    ways.append(Reason(-1, int(wave.postpone_ms[row]), 0, -1))
    got = next(way for way in ways if way.slot == int(wave.slot[row]))
    rest = [way for way in ways if way is not got]
    return Choice(got, min(rest, key=_rank, default=None))


def _rank(way: Reason) -> tuple[int, bool, int]:
    # Waiting comes last among equals: a slot now is the better news.
    return way.value_ms, way.slot < 0, way.slot


def why_not(wave: Assignment, row: int, slot: int) -> Reason | None:
    """Return how a row stands with a slot that it did not get, or nil if unlisted.

    If `value_ms` is above what the row got, it is dearer for all together; `wanted_by`
    says which row pays its price.
    """
    graph = wave.graph
    for edge in range(int(graph.first[row]), int(graph.first[row + 1])):
        if graph.slot[edge] == slot:
            return _reason(wave, owners(wave), edge)
    return None


def owners(wave: Assignment) -> dict[int, int]:
    """Return which row got each slot that was given."""
    rows = np.flatnonzero(wave.slot >= 0)
    return dict(zip(wave.slot[rows].tolist(), rows.tolist(), strict=True))


def _reason(wave: Assignment, owner: dict[int, int], edge: int) -> Reason:
    slot = int(wave.graph.slot[edge])
    cost_ms, price_ms = int(wave.graph.cost_ms[edge]), int(wave.price_ms[slot])
    return Reason(slot, cost_ms, price_ms, owner.get(slot, -1))
