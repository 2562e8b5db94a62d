"""The index: exact candidates, one job online, a burst, the world's real workshops.

`python -m benchmarks.scheduling.index`, or `make bench NAME=scheduling`. CPU time of
this thread, the least of a few runs; compare ratios. `QUICK=1` for fewer seeds and no
million machines. What takes minutes in Python is timed on a sample of rows, and the
answers of the sample are compared.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from benchmarks.figure import Figure, report
from benchmarks.scheduling.plainly import Scan, loop, machines
from benchmarks.scheduling.workshops import arrivals, workshops
from benchmarks.scheduling.world import world
from fabnet.scheduling import fast
from fabnet.scheduling.index.forest import Forest, build
from fabnet.scheduling.index.state import Lot, State
from fabnet.scheduling.index.topk import nearest
from fabnet.scheduling.model import Arrays, Ints

QUICK = os.environ.get("QUICK") == "1"
SEEDS = (1, 2) if QUICK else tuple(range(1, 11))
SIZE = 10_000
SAMPLE = 60
EITHER = (True, False) if fast.INSTALLED else (False,)
NAMES = {True: "numba", False: "numpy alone"}


def spent(act: Callable[[], object], runs: int = 3) -> float:
    """Return the least CPU seconds that one run takes this thread."""
    least = float("inf")
    for _ in range(runs):
        start = time.thread_time()
        act()
        least = min(least, time.thread_time() - start)
    return least


def warm() -> None:
    """Compile, or read what was compiled."""
    arrays = world(300, 300, 0)
    for compiled in EITHER:
        nearest(arrays, build(arrays), np.arange(300), 1, compiled=compiled)
        state = State(arrays, compiled=compiled)
        state.place(0)
        state.burst(np.arange(1, 3))


# ------------------------------------------------------------------ 1: best machine


def best_of_all() -> Iterator[Figure]:
    """Yield how often faster than a loop in Python each row's best machine is found."""
    worlds = [_best(seed) for seed in SEEDS]
    for compiled in EITHER:
        ratios = [ratio[compiled] for ratio in worlds]
        yield Figure(
            f"1: exact best machine per job, 10k × 10k, {NAMES[compiled]}: times as "
            f"fast as a pure Python loop ({SAMPLE} rows of it timed, median of seeds; "
            f"worst {min(ratios):.0f})",
            median(ratios), "×", 5_000 if compiled else 500, 1.0, SEEDS,
            at_least=True,
        )  # fmt: skip


def _best(seed: int) -> dict[bool, float]:
    arrays = world(SIZE, SIZE, seed, cities=seed % 2 == 0)
    offers = machines(arrays)
    picked = np.arange(0, SIZE, SIZE // SAMPLE)

    def looking() -> list[tuple[int, int]]:
        return [loop(arrays, offers, row) for row in picked.tolist()]

    found, looped = looking(), spent(looking, 2) / len(picked) * SIZE
    forest, rows = build(arrays), np.arange(SIZE)
    ratios = {}
    for compiled in EITHER:
        search = _search(arrays, forest, rows, 1, compiled=compiled)
        costs, slots, _ = search()
        ours = costs[picked, 0].tolist(), slots[picked, 0].tolist()
        assert list(zip(*ours, strict=True)) == found
        ratios[compiled] = looped / spent(search)
    return ratios


def _search(
    arrays: Arrays, forest: Forest, rows: Ints, k: int, *, compiled: bool = True
) -> Callable[[], tuple[Ints, Ints, Ints]]:
    return lambda: nearest(arrays, forest, rows, k, compiled=compiled)


# ------------------------------------------------------------------ 2: growth


def growth() -> Iterator[Figure]:
    """Yield the exponents with which the time of all rows grows with the machines."""
    if not fast.INSTALLED:
        return
    sizes = (1_000, 10_000, 100_000) if QUICK else (1_000, 10_000, 100_000, 1_000_000)
    seeds = SEEDS[:1] if QUICK else SEEDS
    slopes: dict[int, list[float]] = {1: [], 16: []}
    last: dict[int, list[float]] = {1: [], 16: []}
    for seed in seeds:
        took: dict[int, list[float]] = {1: [], 16: []}
        for size in sizes:
            arrays = world(size, size, seed, cities=seed % 2 == 0)
            forest, rows = build(arrays), np.arange(size)
            for k, times in took.items():
                runs = 20 if size == sizes[0] else 3 if size < 10**6 else 1
                times.append(spent(_search(arrays, forest, rows, k), runs))
        for k, times in took.items():
            slopes[k].append(float(np.polyfit(np.log(sizes), np.log(times), 1)[0]))
            last[k].append(times[-1] / sizes[-1] * 1e6)
    for k, target in ((1, 1.15), (16, 1.25)):
        yield Figure(
            f"2: growth of the time of all rows, {sizes[0]} to {sizes[-1]} machines "
            f"and rows, top-{k}, exponent (median; worst {max(slopes[k]):.3f}; "
            f"{median(last[k]):.2f} µs a row at the end; no baseline: a slope)",
            median(slopes[k]), "", target, None, seeds,
        )  # fmt: skip


# ------------------------------------------------------------------ 5, 6: online


def online() -> Iterator[Figure]:
    """Yield how one job at a time, and a thousand, compare with a full scan."""
    for compiled in EITHER:
        each: dict[int, list[float]] = {50: [], 99: []}
        ours: dict[int, list[float]] = {50: [], 99: []}
        for seed in SEEDS:
            arrays = world(2_000, SIZE, seed, cities=seed % 2 == 0)
            state, scan = State(arrays, compiled=compiled), Scan(arrays)
            took = _one_by_one(state, scan, 2_000)
            for at, ratios in each.items():
                place, scanned = np.percentile(took, at, axis=0)
                ratios.append(float(scanned / place))
                ours[at].append(float(place))
        for at, ratios in each.items():
            yield Figure(
                f"5: one job online, 10k machines, {NAMES[compiled]}, p{at}: times as "
                f"fast as a numpy full scan (median of seeds; worst {min(ratios):.1f}; "
                f"{median(ours[at]):.1f} µs)",
                median(ratios), "×", 12 if compiled else 1, 1.0, SEEDS, at_least=True,
            )  # fmt: skip
    if fast.INSTALLED:
        yield _burst()


def _one_by_one(
    state: State, scan: Scan, count: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return `[row, 2]` microseconds: placed by the tree, and by the scan; the same."""
    took = np.zeros((count, 2))
    for row in range(count):
        start = time.thread_time_ns()
        lot = state.place(row)
        between = time.thread_time_ns()
        cost_ms, slot, end_ms = scan.place(row)
        end = time.thread_time_ns()
        assert _same(lot, cost_ms, slot, end_ms)
        took[row] = (between - start) / 1e3, (end - between) / 1e3
    return took[20:]


def _same(lot: Lot | None, cost_ms: int, slot: int, end_ms: int) -> bool:
    if lot is None:
        return slot < 0
    return (lot.cost_ms, lot.slot, lot.end_ms) == (cost_ms, slot, end_ms)


def _burst() -> Figure:
    ratios = [_bursts(seed) for seed in SEEDS]
    return Figure(
        "6: burst of 1,000, 10k machines, numba: times as fast as the same scan one by "
        f"one (median of seeds; worst {min(ratios):.0f})",
        median(ratios), "×", 50, 1.0, SEEDS, at_least=True,
    )  # fmt: skip


def _bursts(seed: int) -> float:
    arrays = world(1_000, SIZE, seed, cities=seed % 2 == 0)
    rows, states = np.arange(1_000), [State(arrays) for _ in range(3)]
    waiting = iter(states)
    took = spent(lambda: next(waiting).burst(rows), len(states))
    scan = Scan(arrays)
    start = time.thread_time()
    found = [scan.place(row) for row in rows.tolist()]
    scanned = time.thread_time() - start
    lots = states[0].lots[:, [0, 2]].tolist()
    assert lots == [[slot, end if slot >= 0 else -1] for _, slot, end in found]
    return scanned / took


# ------------------------------------------------------------------ 14: memory


def memory() -> Iterator[Figure]:
    """Yield the bytes of a machine and of a row, in tables and in a standing plan."""
    size = 100_000 if QUICK else 1_000_000
    arrays = world(size, size, 1)
    slots, rows = arrays.slots, arrays.rows
    machine = (slots.table, slots.can, slots.span, slots.windows)
    row = (rows.table, rows.needs, rows.turn, rows.refused)
    start = time.thread_time()
    forest = build(arrays)
    took = time.thread_time() - start
    for name, held, target in (
        ("a machine's tables, with one window", sum(a.nbytes for a in machine), 100.0),
        ("a row's arrays", sum(a.nbytes for a in row), 150.0),
        (
            f"a machine in leaves, trees and calendar, which need no tables (built in "
            f"{took:.1f} s)",
            forest.bytes,
            100.0,
        ),
    ):
        yield Figure(
            f"14: memory of {name}, {size} of them (no baseline: a count of bytes)",
            held / size, "B", target, None, (1,),
        )  # fmt: skip


def measure() -> Iterator[Figure]:
    """Yield every figure of this group."""
    warm()
    for group in (best_of_all, growth, online, arrivals, workshops, memory):
        yield from group()


def main() -> None:
    """Print each figure as soon as it is known."""
    figures: list[Figure] = []
    for figure in measure():
        figures.append(figure)
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
