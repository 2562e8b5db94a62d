"""What talks between cities begin with, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.records.refusal import Refusal
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.assignment import Proof
from fabnet.scheduling.model import Flags

TOLD_MAX: Final = 2**26
"""Prices remembered, cities × slots: half a gigabyte."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What cities believe of the offers, which may be out of date."""

    version: Ints
    """`[edge]`: the version of the slot's offer that the row's city knows."""
    cost_ms: Ints
    """`[edge]`: what the row would cost by that version."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A row that got nothing, and why: `waiting-costs-less`, `all-offers-refused`,
    `no-offer` or `rounds-spent`."""

    row: int
    refusal: Refusal


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """What the cities came to."""

    edge: Ints
    """`[row]`: the edge of the graph that it took, or -1."""
    slot: Ints
    """`[row]`: the slot it got, or -1."""
    price_ms: Ints
    """`[slot]`: the level at which it is held; zero if nobody holds it."""
    proof: Proof
    """`stopped` says that the limit on rounds was met with rows still free."""
    slack_ms: int
    """How much dearer than the best this can be, if nobody refused but by price."""
    unsettled: tuple[Unsettled, ...]
    rounds: int
    rounds_bound: int
    """Rounds that cannot be exceeded: the limit, or less if so many cannot happen."""
    answers: tuple[int, int, int, int]
    """How many there were of each `Verdict`."""


def check_cities(graph: Graph, home: Ints, host: Ints) -> None:
    """Raise InputError unless each row and each slot has a city."""
    for name, city, count in (("home", home, graph.rows), ("host", host, graph.slots)):
        if city.shape != (count,) or (city.size and int(city.min()) < 0):
            raise InputError(name, f"expected {count} cities, from 0")
    if np.unique(home).size * graph.slots > TOLD_MAX:
        raise InputError("home", f"expected cities × slots up to {TOLD_MAX}")


def check_offers(graph: Graph, version: Ints, known: Known, refuses: Flags) -> None:
    """Raise InputError unless each offer has a version, and each edge is known."""
    if version.shape != (graph.slots,):
        raise InputError("version", f"expected {graph.slots} versions")
    edges = graph.slot.shape
    if known.version.shape != edges or known.cost_ms.shape != edges:
        raise InputError("known", f"expected a version and a cost of {edges[0]} edges")
    if known.cost_ms.size and int(known.cost_ms.min()) < 0:
        raise InputError("known.cost_ms", "expected 0 or more")
    if refuses.shape != edges:
        raise InputError("refuses", f"expected one entry for each of {edges[0]} edges")
