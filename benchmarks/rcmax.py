"""Finishing a batch soonest, on public instances of R‖Cmax.

`make bench NAME=rcmax DATA=DIR`, where DIR, or its folder `rcmax_*`, holds `*.npz` with
`p1`, `p3`, … as `[job, machine]` and `manifest.csv` with what is best known of each.
QUICK=1 takes every 35th.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure, report
from fabnet.scheduling.queue.soonest import finish, load

ITERATIONS = 30_000_000
"""Tries of one instance: below a CPU second on the machine of docs/SCHEDULING.md."""
SEED = 1
GAP_PERCENT = 1.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One public instance."""

    name: str
    length: NDArray[np.int64]
    best_known: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one, in percent above the best known."""

    gap: float
    listed: float
    """Of putting each job where it ends soonest, the longest first."""
    below: float
    """The bound, below the best known."""
    cpu_s: float


def instances(folder: Path) -> Iterator[Instance]:
    """Yield the instances of a folder, by number."""
    inside = [folder, *sorted(folder.glob("rcmax_*"))]
    found = next((each for each in inside if (each / "manifest.csv").exists()), None)
    if found is None:
        raise SystemExit(f"{folder}: expected manifest.csv and *.npz")
    with (found / "manifest.csv").open(encoding="utf-8") as file:
        known = {
            row["instance"]: int(row["best_known_cmax"]) for row in csv.DictReader(file)
        }
    for path in sorted(found.glob("*.npz")):
        tables = np.load(path)
        for key in tables.files:
            name = key.removeprefix("p")
            yield Instance(name, tables[key].astype(np.int64), known[name])


def soonest_end(length: NDArray[np.int64]) -> int:
    """Return what the usual list gives: the longest first, where it ends soonest."""
    done = np.zeros(length.shape[1], np.int64)
    for job in np.argsort(-length.min(axis=1), kind="stable"):
        done[(done + length[job]).argmin()] += length[
            job, (done + length[job]).argmin()
        ]
    return int(done.max())


def solved(each: Instance) -> Result:
    """Solve one, and check the answer by adding up."""
    free = np.zeros(each.length.shape[1], np.int64)
    start = time.process_time()
    found = finish(each.length, free, ITERATIONS, SEED)
    cpu_s = time.process_time() - start
    assert found.end_ms == load(each.length, free, found.machine).max()

    def above(value: int) -> float:
        return 100 * (value / each.best_known - 1)

    return Result(
        above(found.end_ms),
        above(soonest_end(each.length)),
        -above(found.bound_ms),
        cpu_s,
    )


def run(folder: Path) -> list[Figure]:
    """Solve all, print a line for each, and return the means."""
    every = list(instances(folder))
    if os.environ.get("QUICK") == "1":
        every = every[5::35]
    finish(every[0].length, np.zeros(every[0].length.shape[1], np.int64), 100, SEED)
    results: list[Result] = []
    for each in every:
        result = solved(each)
        results.append(result)
        line = {
            "instance": each.name,
            "jobs": each.length.shape[0],
            "machines": each.length.shape[1],
            "best_known": each.best_known,
            "gap_percent": round(result.gap, 3),
            "bound_below_percent": round(result.below, 3),
            "cpu_s": round(result.cpu_s, 3),
        }
        print(json.dumps(line), flush=True)
    return [
        Figure(
            f"R‖Cmax, {len(every)} public instances: mean above the best known "
            "(baseline: longest first, each where it ends soonest)",
            mean(each.gap for each in results), "%", GAP_PERCENT,
            mean(each.listed for each in results), [SEED],
        ),
        Figure(
            "R‖Cmax: mean CPU time of an instance (no baseline: it is the budget)",
            mean(each.cpu_s for each in results), "s", 1.0, None, [SEED],
        ),
    ]  # fmt: skip


def main() -> None:
    """Read the folder that is named, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    figures = run(parser.parse_args().data)
    for figure in figures:
        print(figure.line())
    report(figures)


if __name__ == "__main__":
    main()
