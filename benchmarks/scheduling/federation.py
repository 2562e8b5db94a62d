"""Cities that plan apart, against one planner that sees everything.

`python -m benchmarks.scheduling.federation`; QUICK=1 takes 2 seeds of 10. The places
are those of 2,036 real workshops; what stands there and what is asked is that of
`workshops`, with the product's own rules and costs. Both planners have the same graph
of *all* that is feasible: the all-knowing one sees all of it; in each round a city sees
what is its own and, for each request that it still has to place, eight slots elsewhere.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

import numpy as np

from benchmarks.figure import Figure, report
from benchmarks.scheduling.workshops import DATA, places, problem
from fabnet.production.place import Place
from fabnet.scheduling.encode import encode
from fabnet.scheduling.federated.agreement import Agreement, Known
from fabnet.scheduling.federated.talks import OFFERS, ROUNDS_MAX, federated
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.index.forest import build
from fabnet.scheduling.index.topk import K_MAX, topk
from fabnet.scheduling.market.wave import wave
from fabnet.scheduling.model import Flags

SEEDS = tuple(range(1, 3 if os.environ.get("QUICK") == "1" else 11))
HARDER = SEEDS[:2]
"""What is beside the target takes fewer."""
CITIES = 200
ORDINARY = 2_000
"""Requests of a wave: one for every fifth machine."""
CROWDED = 4_000
"""So many that common machines run out within reach, and prices rise far."""
WAIT_MS = 240 * 3_600_000
"""What it costs to leave a request to the next wave."""
NO_PERMILLE = 100
"""Edges whose facility will refuse, and slots of which cities know an old version."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is wanted and what there is, and the city of each."""

    graph: Graph
    home: Ints
    host: Ints


def cities(at_m: Ints, count: int) -> Ints:
    """Return the city of each workshop: the nearest of some far from each other."""
    centres = [0]
    away_m = _apart_m(at_m, at_m[:1])[:, 0]
    while len(centres) < count:
        centres.append(int(away_m.argmax()))
        away_m = np.minimum(away_m, _apart_m(at_m, at_m[centres[-1:]])[:, 0])
    nearest: Ints = _apart_m(at_m, at_m[centres]).argmin(axis=1)
    return nearest


def _apart_m(here: Ints, there: Ints) -> Ints:
    away = (here[:, None] - there).astype(np.float64)
    apart_m: Ints = np.sqrt((away * away).sum(axis=2)).astype(np.int64)
    return apart_m


@lru_cache(maxsize=len(SEEDS) + 2)
def world(requests: int, seed: int) -> World:
    """Return all that is feasible for so many requests, by the product's own rules."""
    asked = problem(random.Random(seed))
    arrays = encode(replace(asked, wanted=asked.wanted[:requests]))
    graph = topk(arrays, build(arrays), np.arange(requests), K_MAX)
    where = places()
    city = cities(np.array([_axes(place) for place in where]), CITIES).tolist()
    city_of = dict(zip(map(_axes, where), city, strict=True))
    home = [city_of[_axes(want.place)] for want in arrays.problem.wanted]
    host = [city_of[_axes(each.place)] for each in arrays.offered]
    return World(graph, np.array(home), np.array(host))


def _axes(place: Place) -> tuple[int, int, int]:
    return place.x_m, place.y_m, place.z_m


def over(found: Agreement, best_ms: int) -> float:
    """Return how much dearer it is than the all-knowing plan, in per cent."""
    return 100 * (found.proof.cost_ms / best_ms - 1)


@dataclass(frozen=True, slots=True)
class Run:
    """One seed, planned in one way: per cent dearer, and in how many rounds."""

    over: float
    rounds: int
    stopped: bool


def compared(requests: int, seed: int, offers: int, *, gossip: bool) -> Run:
    """Plan one world apart, and say how that stands beside the all-knowing plan."""
    made = world(requests, seed)
    best_ms = wave(made.graph, WAIT_MS).proof.cost_ms
    found = federated(
        made.graph, WAIT_MS, made.home, made.host, offers=offers, gossip=gossip
    )
    done = Run(over(found, best_ms), found.rounds, found.proof.stopped)
    print(
        f"{requests} requests, seed {seed}, {offers} offers, "
        f"{'gossip' if gossip else 'no gossip'}: {done.over:.3f} % dearer, "
        f"{found.proof.gap_ppm / 10_000:.2f} % proven, {done.rounds} rounds"
        f"{' (cut)' if done.stopped else ''}, {sum(found.answers) / requests:.2f} "
        f"answers a request, {len(found.unsettled)} unsettled",
        flush=True,
    )
    return done


def main() -> None:
    """Measure and print."""
    if not DATA.exists():
        print(f"left out: there is no {DATA.name} beside this project")
        return
    figures = [*ordinary(), *crowded(), *refusing()]
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


def ordinary() -> Iterator[Figure]:
    """Yield target 13; the baseline is cities that see only what is their own."""
    alone = [compared(ORDINARY, seed, 0, gossip=True).over for seed in HARDER]
    for gossip, how in ((True, "gossiped"), (False, "told to who asks")):
        runs = [compared(ORDINARY, seed, OFFERS, gossip=gossip) for seed in SEEDS]
        name = f"13: federated, {OFFERS} remote offers a job, {ORDINARY} requests, "
        name += f"prices {how}"
        found = [each.over for each in runs]
        cut = sum(each.stopped for each in runs)
        for part, value in (("median", median(found)), ("worst", max(found))):
            yield Figure(
                f"{name}: dearer than all-knowing, {part} of seeds (baseline: cities "
                f"by themselves)",
                value, "%", 3, median(alone), SEEDS,
            )  # fmt: skip
        yield Figure(
            f"{name}: rounds, worst of seeds; {cut} seeds were cut there (no baseline: "
            f"the target is the bound)",
            max(each.rounds for each in runs), "rounds", ROUNDS_MAX, None, SEEDS,
        )  # fmt: skip


def crowded() -> Iterator[Figure]:
    """Yield the same for a wave in which common machines run out."""
    found = [compared(CROWDED, seed, OFFERS, gossip=True).over for seed in SEEDS]
    alone = [compared(CROWDED, seed, 0, gossip=True).over for seed in HARDER]
    for part, value in (("median", median(found)), ("worst", max(found))):
        yield Figure(
            f"13: federated, {OFFERS} remote offers a job, {CROWDED} requests "
            f"(crowded), prices gossiped: dearer than all-knowing, {part} of seeds "
            f"(baseline: cities by themselves)",
            value, "%", 3, median(alone), SEEDS,
        )  # fmt: skip


def refusing() -> Iterator[Figure]:
    """Yield what refusals and old versions cost, nobody knowing them beforehand."""
    found: list[float] = []
    for seed in HARDER:
        made, dice = world(ORDINARY, seed), np.random.default_rng(seed)
        edges = made.graph.slot.size
        refuses = dice.integers(0, 1_000, edges) < NO_PERMILLE
        known = _stale(made.graph, dice)
        version = np.ones(made.graph.slots, np.int64)
        agreed = federated(
            made.graph, WAIT_MS, made.home, made.host,
            version=version, known=known, refuses=refuses,
        )  # fmt: skip
        best_ms = wave(_without(made.graph, refuses), WAIT_MS).proof.cost_ms
        found.append(over(agreed, best_ms))
        stale, refused, _, _ = agreed.answers
        print(f"seed {seed}: {agreed.rounds} rounds, {stale} stale, {refused} refused")
    yield Figure(
        f"13: federated, {OFFERS} remote offers a job, {ORDINARY} requests, a tenth of "
        f"offers out of date by up to 8 h and a tenth of asks refused: dearer than "
        f"all-knowing, worst of seeds (no baseline: see above)",
        max(found), "%", 3, None, HARDER,
    )  # fmt: skip


def _stale(graph: Graph, dice: np.random.Generator) -> Known:
    """Return what cities know if some machines were promised sooner than they are."""
    old = dice.integers(0, 1_000, graph.slots) < NO_PERMILLE
    sooner_ms = dice.integers(0, 8 * 3_600_000, graph.slots) * old
    cost_ms = np.maximum(graph.cost_ms - sooner_ms[graph.slot], 0)
    return Known(1 - old[graph.slot].astype(np.int64), cost_ms)


def _without(graph: Graph, refuses: Flags) -> Graph:
    kept = np.concatenate(([0], np.cumsum(~refuses)))
    return replace(
        graph,
        first=kept[graph.first],
        slot=graph.slot[~refuses],
        cost_ms=graph.cost_ms[~refuses],
    )


if __name__ == "__main__":
    main()
