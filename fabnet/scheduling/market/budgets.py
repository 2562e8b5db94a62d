"""What rows take from pools of limited size, such as a site's kWh of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.graph import Graph, Ints

RESOURCES_MAX: Final = 8
"""Kinds of budget in one wave: time, kWh, kg, waste, and as many again."""
AMOUNT_MAX: Final = 2**40
"""One demand or one pool, in the caller's units: a sum of 2**20 of them still fits."""

TOTAL_MAX: Final = 2**48
"""What all rows may take of one kind, so that penalties for it fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Budgets:
    """For each kind of budget, which pool a slot draws on and what a row takes of it.

    A machine's time is a pool of its own; the energy of a site is one pool for all its
    machines. A slot that takes one row has a pool of 1, of which each row takes 1.
    """

    pool: Ints
    """`[slot, kind]`: the pool that the slot draws on."""
    demand: Ints
    """`[edge, kind]`: how much of it the row would take there."""
    capacity: Ints
    """`[pool]`: how much there is."""

    @property
    def kinds(self) -> int:
        """How many kinds of budget there are."""
        return int(self.pool.shape[1])

    def load(self, graph: Graph, edge: Ints) -> Ints:
        """Return `[pool]`: what rows on these edges take; -1 takes nothing."""
        taken = edge[edge >= 0]
        load = np.zeros(self.capacity.size, np.int64)
        np.add.at(load, self.pool[graph.slot[taken]], self.demand[taken])
        return load


def single(graph: Graph, demand: Ints, capacity: Ints) -> Budgets:
    """Return budgets of one kind, where each slot has a pool of its own."""
    return Budgets(np.arange(graph.slots)[:, None], demand[:, None], capacity)


def check(graph: Graph, budgets: Budgets) -> None:
    """Raise InputError for a shape or an amount that is amiss."""
    pool, demand, capacity = budgets.pool, budgets.demand, budgets.capacity
    kinds = pool.shape[1] if pool.ndim == 2 else 0
    if not 1 <= kinds <= RESOURCES_MAX or len(pool) != graph.slots:
        raise InputError("budgets.pool", f"expected [slot, 1 to {RESOURCES_MAX} kinds]")
    if demand.shape != (graph.slot.size, kinds):
        raise InputError("budgets.demand", "expected one amount an edge and kind")
    if pool.size and not 0 <= pool.min() <= pool.max() < capacity.size:
        raise InputError("budgets.pool", f"expected pools below {capacity.size}")
    if int(demand.max(initial=0)) * graph.rows > TOTAL_MAX:
        raise InputError("budgets.demand", f"expected {TOTAL_MAX} at most in all")
    for name, amount in (("demand", demand), ("capacity", capacity)):
        if amount.size and not 0 <= amount.min() <= amount.max() <= AMOUNT_MAX:
            raise InputError(f"budgets.{name}", f"expected from 0 to {AMOUNT_MAX}")
