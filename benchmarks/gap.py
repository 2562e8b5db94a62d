"""Public instances of the generalised assignment problem, by the wave with budgets.

`python -m benchmarks.gap --data DIR`, or `make bench NAME=gap DATA=DIR`: any folder of
instances in OR-Library form (agents, jobs, costs, demands, capacities) beside a
`best_known.csv` with their paths. The first letter of a name is its type.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.figure import Figure, report
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.market.budgets import Budgets, single
from fabnet.scheduling.market.capacity import Allotment, allot
from fabnet.scheduling.model import NEVER

TARGETS = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 3.0, "e": 3.0}
SEED = 1


def read(path: Path) -> tuple[Graph, Budgets]:
    """Return one instance as a graph in which every row may go everywhere."""
    numbers = np.array(path.read_text().split(), np.int64)
    agents, jobs = map(int, numbers[:2])
    cells = agents * jobs
    costs = numbers[2 : 2 + cells].reshape(agents, jobs).T
    demands = numbers[2 + cells : 2 + 2 * cells].reshape(agents, jobs).T
    slot = np.argsort(costs, axis=1, kind="stable")
    graph = Graph(
        np.arange(jobs + 1) * agents,
        slot.ravel(),
        np.take_along_axis(costs, slot, axis=1).ravel(),
        np.full(jobs, NEVER),
        agents,
    )
    demand = np.take_along_axis(demands, slot, axis=1).ravel()
    return graph, single(graph, demand, numbers[2 + 2 * cells :][:agents])


def solve(graph: Graph, budgets: Budgets) -> Allotment:
    """Return a plan in which leaving a row out is dearer than any plan."""
    found = allot(graph, budgets, 100 * int(graph.cost_ms.max()), seed=SEED)
    assert (budgets.load(graph, found.edge) <= budgets.capacity).all()
    return found


def instances(folder: Path) -> dict[str, tuple[Path, int]]:
    """Return the instances that are there, with their best known values."""
    with (folder / "best_known.csv").open() as lines:
        known = {
            line["Path"]: int(line["Best known solution value"])
            for line in csv.DictReader(lines)
        }
    return {
        name: (folder / name, best)
        for name, best in known.items()
        if (folder / name).is_file()
    }


def measure(folder: Path) -> list[Figure]:
    """Solve each instance and print a line for it; return the means by type."""
    gaps: dict[str, list[float]] = {}
    spent: list[float] = []
    for name, (path, best) in instances(folder).items():
        graph, budgets = read(path)
        if not spent:
            solve(graph, budgets)  # compiles
        start = time.process_time()
        found = solve(graph, budgets)
        spent.append(time.process_time() - start)
        sure = found.proof
        gap = 100 * (sure.cost_ms - best) / best
        gaps.setdefault(path.name[0], []).append(gap)
        print(
            f"{name}: cost {sure.cost_ms}, best known {best}, gap {gap:.3f} %, "
            f"own bound {sure.bound_ms}, {spent[-1]:.2f} s",
            flush=True,
        )
    figures = [
        Figure(
            f"budgets as knapsacks: mean gap to best known, type {kind}, "
            f"{len(each)} instances (no baseline: best known values are proven or "
            "took hours)",
            mean(each), "%", TARGETS.get(kind, 3.0), None, [SEED],
        )
        for kind, each in sorted(gaps.items())
    ]  # fmt: skip
    seconds = Figure(
        "budgets as knapsacks: CPU time of one instance, mean (no baseline: as above)",
        mean(spent), "s", 1.0, None, [SEED],
    )  # fmt: skip
    return [*figures, seconds]


def main() -> None:
    """Measure each instance of a folder, and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of instances")
    figures = measure(parser.parse_args().data)
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
