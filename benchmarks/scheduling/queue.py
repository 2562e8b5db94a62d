"""Queues on machines: how near the optimum, our own bound, and a general solver.

`python -m benchmarks.scheduling.queue`; QUICK=1 takes a few seeds and no large shop.
What HiGHS proved and CP-SAT found is read from `proven.json`, which `proven.py` makes.
Times are CPU time; budgets are tries, set to what 0.1 and 10 seconds are worth on the
machine of docs/SCHEDULING.md.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from benchmarks.figure import Figure, report
from benchmarks.scheduling.shops import STEP_MS, STORED, by_due, shop
from fabnet.scheduling.queue.bound import bound
from fabnet.scheduling.queue.search import anneal, insert
from fabnet.scheduling.queue.shop import Schedule, Shop, check, evaluate, lot_cost

QUICK = os.environ.get("QUICK") == "1"
SMALL_SEEDS = tuple(range(5 if QUICK else 20))
SMALL_TRIES = 34_000
LARGE = ((500, 50, 1_250_000, 3.5), (5_000, 500, 600_000, 5.5))
"""Lots, machines, tries, and the target in percent."""
LARGE_SEEDS = (0,) if QUICK else tuple(range(10))
PRICINGS = 300
"""Moves of prices for a bound; its time is reported, and is not the plan's."""


@dataclass(frozen=True, slots=True)
class Run:
    """One plan, and the CPU seconds of it."""

    found: Schedule
    cpu_s: float


def run(each: Shop, tries: int) -> Run:
    """Plan from nothing: insertion, then an anneal."""
    start = time.process_time()
    found = anneal(each, insert(each), tries, seed=1)
    spent_s = time.process_time() - start
    assert found.cost_ms == evaluate(each, found.pair, found.end_ms)
    return Run(found, spent_s)


def dispatched(each: Shop) -> int:
    """Return what dispatching costs: by due date, each lot where it costs least."""
    ready, total = each.open_ms.copy(), 0
    for lot in by_due(each).tolist():
        pairs = np.arange(each.first[lot], each.first[lot + 1])
        slot = each.slot[pairs]
        end_ms = np.maximum(ready[slot], each.release_ms[lot]) + each.length_ms[pairs]
        costs = lot_cost(each, np.full(len(pairs), lot), pairs, end_ms)
        best = int(costs.argmin())
        ready[slot[best]] = end_ms[best]
        total += int(costs[best])
    return total


def percent(cost: int, least: float) -> float:
    """Return how much dearer something is."""
    return 100 * (cost / least - 1)


def small() -> list[Figure]:
    """Return target 7: 50 × 10 against the proven optimum."""
    optima = json.loads(STORED.read_text(encoding="utf-8"))["optimum_50x10_steps"]
    gaps, listed, seconds = list[float](), list[float](), list[float]()
    for seed in SMALL_SEEDS:
        each, least = shop(50, 10, seed), optima[seed] * STEP_MS
        mine = run(each, SMALL_TRIES)
        assert mine.found.cost_ms >= least
        gaps.append(percent(mine.found.cost_ms, least))
        listed.append(percent(dispatched(each), least))
        seconds.append(mine.cpu_s)
    return [
        Figure(
            "queue of 50 × 10: above the optimum that HiGHS proved, mean of seeds "
            "(baseline: dispatching by due date)",
            mean(gaps), "%", 0.5, mean(listed), SMALL_SEEDS,
        ),
        Figure(
            "queue of 50 × 10: the same, worst of seeds",
            max(gaps), "%", 2.0, max(listed), SMALL_SEEDS,
        ),
        Figure(
            "queue of 50 × 10: CPU time, mean (no baseline: it is the budget)",
            mean(seconds), "s", 0.1, None, SMALL_SEEDS,
        ),
    ]  # fmt: skip


def large() -> list[Figure]:
    """Return target 8: larger shops against our own lower bound."""
    figures = []
    for lots, machines, tries, target in LARGE[: 1 if QUICK else 2]:
        gaps, listed, seconds = list[float](), list[float](), list[float]()
        for seed in LARGE_SEEDS:
            each = check(shop(lots, machines, seed))
            mine = run(each, tries)
            start = time.process_time()
            least = bound(each, mine.found, PRICINGS).cost_ms
            spent_s = time.process_time() - start
            gaps.append(percent(mine.found.cost_ms, least))
            listed.append(percent(dispatched(each), least))
            seconds.append(mine.cpu_s)
            print(
                f"{lots} × {machines}, seed {seed}: {gaps[-1]:.2f} % in "
                f"{mine.cpu_s:.1f} s, bound {spent_s:.1f} s",
                flush=True,
            )
        figures += [
            Figure(
                f"queue of {lots:,} × {machines}: above our own bound, worst of seeds, "
                f"median {median(gaps):.2f} (baseline: dispatching by due date)",
                max(gaps), "%", target, max(listed), LARGE_SEEDS,
            ),
            Figure(
                f"queue of {lots:,} × {machines}: CPU time, worst "
                "(no baseline: it is the budget)",
                max(seconds), "s", 10, None, LARGE_SEEDS,
            ),
        ]  # fmt: skip
    return figures


def against_solver() -> list[Figure]:
    """Return target 9: 500 × 50 against CP-SAT's best of a minute."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    theirs = stored["cp_sat_500x50_steps"]
    core_s = stored["cp_sat_wall_s"] * stored["cp_sat_workers"]
    seeds = tuple(range(len(theirs)))
    shares, times = list[float](), list[float]()
    for seed in seeds:
        each, spent_s, found = shop(500, 50, seed), list[float](), None
        for _ in range(5):
            start = time.process_time()
            found = insert(each, orders=1)
            spent_s.append(time.process_time() - start)
        assert found is not None
        shares.append(found.cost_ms / STEP_MS / theirs[seed])
        times.append(core_s / min(spent_s))
    return [
        Figure(
            "queue of 500 × 50, inserted once by due date: share of what CP-SAT's plan "
            "costs, worst of seeds (baseline: CP-SAT, 60 s, 2 workers, unhinted)",
            max(shares), "", 1, 1, seeds,
        ),
        Figure(
            "queue of 500 × 50: CP-SAT's core seconds over ours, worst of seeds "
            "(baseline: its core seconds)",
            min(times), "times", 1_000, core_s, seeds, at_least=True,
        ),
    ]  # fmt: skip


def main() -> None:
    """Measure each, and print it."""
    run(shop(50, 10, 0), 100)  # compiles
    figures = small() + against_solver() + large()
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
