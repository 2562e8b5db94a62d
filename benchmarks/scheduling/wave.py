"""The wave: how fast, how near the optimum, and what it can prove.

`python -m benchmarks.scheduling.wave`; QUICK=1 takes one seed of ten. Times are CPU
time, the search for candidates included, also of those that rows ask for on the way.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.figure import Figure, report
from benchmarks.scheduling.region import HOUR_MS, Region, Search, region
from fabnet.scheduling.market.assignment import Assignment
from fabnet.scheduling.market.wave import wave

POSTPONE_MS = 10 * HOUR_MS
WIDTH = 32
SEEDS = (1,) if os.environ.get("QUICK") == "1" else tuple(range(1, 11))
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One wave, and the seconds of it."""

    found: Assignment
    search_s: float
    all_s: float


def run(made: Region) -> Run:
    """Plan one wave from nothing; return the quickest of a few."""
    runs = []
    for _ in range(REPEATS):
        start = time.process_time()
        search = Search(made, POSTPONE_MS)
        graph = search.candidates(np.arange(len(made.wanted.needs)), WIDTH)
        searched_s = time.process_time() - start
        found = wave(graph, POSTPONE_MS, more=search.candidates)
        runs.append(Run(found, searched_s, time.process_time() - start))
    return min(runs, key=lambda each: each.all_s)


def dense(made: Region) -> tuple[int, float]:
    """Return the optimum, and scipy's seconds once the matrix is there."""
    # A slot at the price of waiting is waiting; there are as many slots as rows.
    costs = np.minimum(made.dense(), POSTPONE_MS).astype(np.float64)
    start = time.process_time()
    rows, slots = linear_sum_assignment(costs)
    spent_s = time.process_time() - start
    return int(costs[rows, slots].sum()), spent_s


def main() -> None:
    """Measure each, and print it."""
    figures = small() + large()
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


def small() -> list[Figure]:
    """Return target 3: 10,000 rows and slots against the optimum."""
    run(region(1_000, 1_000, 0))  # compiles
    ratios, seconds, gaps, proven = list[float](), list[float](), list[float](), []
    for seed in SEEDS:
        made = region(10_000, 10_000, seed)
        best, baseline_s = dense(made)
        mine = run(made)
        sure = mine.found.proof
        assert sure.bound_ms <= best <= sure.cost_ms
        seconds.append(mine.all_s)
        ratios.append(baseline_s / mine.all_s)
        gaps.append(100 * (sure.cost_ms - best) / best)
        proven.append(sure.gap_ppm / 10_000)
        print(
            f"seed {seed}: search {mine.search_s:.3f} s, all {mine.all_s:.3f} s, scipy "
            f"{baseline_s:.2f} s, gap {gaps[-1]:.4f} %, proven {proven[-1]:.4f} %, "
            f"{(mine.found.slot < 0).mean():.3f} postponed",
            flush=True,
        )
    base_s = median(ratio * each for ratio, each in zip(ratios, seconds, strict=True))
    return [
        Figure(
            f"wave of 10,000 × 10,000, search included, worst of seeds (median "
            f"{median(ratios):.0f}): times faster than scipy's dense "
            f"linear_sum_assignment without its matrix (baseline: its seconds)",
            min(ratios), "times", 40, base_s, SEEDS, at_least=True,
        ),
        Figure(
            "wave of 10,000 × 10,000: gap to the proven optimum, worst of seeds "
            "(no baseline: the optimum is the baseline)",
            max(gaps), "%", 0.1, None, SEEDS,
        ),
        Figure(
            "wave of 10,000 × 10,000: what it proves of itself for the whole problem, "
            "worst of seeds (no baseline: the true gap stands above)",
            max(proven), "%", 1, None, SEEDS,
        ),
    ]  # fmt: skip


def large() -> list[Figure]:
    """Return target 4: how a wave grows, and what it still proves."""
    ratios, proven, small_s = list[float](), list[float](), list[float]()
    for seed in SEEDS:
        tenth = run(region(10_000, 10_000, seed))
        mine = run(region(100_000, 100_000, seed))
        small_s.append(tenth.all_s)
        ratios.append(mine.all_s / tenth.all_s)
        proven.append(mine.found.proof.gap_ppm / 10_000)
        print(
            f"seed {seed}: 10k {tenth.all_s:.3f} s, 100k search {mine.search_s:.3f} s, "
            f"all {mine.all_s:.3f} s, proof {proven[-1]:.4f} %",
            flush=True,
        )
    return [
        Figure(
            "wave of 100,000 × 100,000, search included: CPU time as a multiple of "
            "10,000 × 10,000, median (baseline: seconds of the smaller)",
            median(ratios), "times", 25, median(small_s), SEEDS,
        ),
        Figure(
            "wave of 100,000 × 100,000: what it proves of itself for the whole "
            "problem, worst of seeds (no baseline: no exact solver ends)",
            max(proven), "%", 1, None, SEEDS,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
