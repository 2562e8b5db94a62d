"""A made-up region for the market alone: towns, workshops, and what people want made.

Its candidates come from a scan of all machines of a process: simple, and slow beyond
some tens of thousands. It stands in for no index and is timed apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.model import NEVER

HOUR_MS = 3_600_000
SIDE_M = 2_000_000
TOWN_M = 15_000
PROCESSES = 24
MATERIALS = 12
MS_PER_M = 60
"""A minute of waiting a kilometre."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """What is wanted and what there is, sorted by process."""

    row_m: Ints
    row_needs: Ints
    row_work_ms: Ints
    row_process: Ints
    slot_m: Ints
    slot_can: Ints
    slot_free_ms: Ints
    slot_pace_permille: Ints
    first: Ints
    """`[process + 1]`: where the slots of each process begin."""

    @property
    def slots(self) -> int:
        return len(self.slot_can)

    @property
    def rows(self) -> int:
        return len(self.row_needs)

    def candidates(self, rows: Ints, width: int) -> Graph:
        """Return the cheapest slots of some rows, ties by slot."""
        slot, cost_ms, count = _scan(
            self.row_m, self.row_needs, self.row_work_ms, self.row_process,
            self.slot_m, self.slot_can, self.slot_free_ms, self.slot_pace_permille,
            self.first, rows, width + 1,
        )  # fmt: skip
        kept = np.minimum(count, width)
        there = np.arange(width + 1) < kept[:, None]
        left_out_ms = np.where(count > width, cost_ms[:, width], NEVER)
        first = np.concatenate(([0], np.cumsum(kept)))
        return Graph(first, slot[there], cost_ms[there], left_out_ms, self.slots)

    def dense(self) -> Ints:
        """Return `[row, slot]`: the cost, or NEVER."""
        cost_ms = np.full((self.rows, self.slots), NEVER)
        for process in range(PROCESSES):
            rows = np.flatnonzero(self.row_process == process)
            slots = slice(self.first[process], self.first[process + 1])
            apart = self.row_m[:, rows, None] - self.slot_m[:, None, slots]
            away_m = np.sqrt((apart * apart).sum(axis=0).astype(np.float64))
            work_ms = (
                self.row_work_ms[rows, None] * 1_000 // self.slot_pace_permille[slots]
            )
            total = (
                away_m.astype(np.int64) * MS_PER_M + self.slot_free_ms[slots] + work_ms
            )
            can = (self.row_needs[rows, None] & ~self.slot_can[slots]) == 0
            cost_ms[rows, slots] = np.where(can, total, NEVER)
        return cost_ms


def region(rows: int, slots: int, seed: int) -> Region:
    """Return towns of very different sizes, with demand and workshops in them."""
    dice = np.random.default_rng(seed)
    towns = 200
    town_m = dice.integers(0, SIDE_M, (2, towns))
    people = 1 / np.arange(1, towns + 1) ** 0.8
    people /= people.sum()
    popular = 1 / np.arange(1, PROCESSES + 1)
    popular /= popular.sum()

    def places(count: int) -> Ints:
        town = dice.choice(towns, count, p=people)
        scatter = dice.normal(0, TOWN_M, (2, count)).astype(np.int64)
        return town_m[:, town] + scatter

    def bits(count: int, least: int, most: int) -> Ints:
        words = np.zeros(count, np.int64)
        for _ in range(least, most):
            words |= 1 << dice.integers(0, MATERIALS, count)
        return words

    process = np.sort(dice.choice(PROCESSES, slots, p=popular))
    return Region(
        row_m=places(rows),
        row_needs=bits(rows, 0, 2),
        row_work_ms=dice.integers(HOUR_MS // 4, 4 * HOUR_MS, rows),
        row_process=dice.choice(PROCESSES, rows, p=popular),
        slot_m=places(slots),
        slot_can=bits(slots, 0, 9),
        slot_free_ms=dice.integers(0, 8 * HOUR_MS, slots),
        slot_pace_permille=dice.integers(500, 2_000, slots),
        first=np.searchsorted(process, np.arange(PROCESSES + 1)),
    )


@fast.compiled
def _scan(
    row_m: Ints,
    row_needs: Ints,
    row_work_ms: Ints,
    row_process: Ints,
    slot_m: Ints,
    slot_can: Ints,
    slot_free_ms: Ints,
    slot_pace_permille: Ints,
    first: Ints,
    rows: Ints,
    width: int,
) -> tuple[Ints, Ints, Ints]:
    slot = np.zeros((len(rows), width), np.int64)
    cost_ms = np.full((len(rows), width), 2**62)
    count = np.zeros(len(rows), np.int64)
    for at in range(len(rows)):
        row = rows[at]
        for each in range(first[row_process[row]], first[row_process[row] + 1]):
            if row_needs[row] & ~slot_can[each]:
                continue
            full = count[at] == width
            most = cost_ms[at, width - 1]
            soonest = (
                slot_free_ms[each]
                + row_work_ms[row] * 1_000 // slot_pace_permille[each]
            )
            if full and soonest >= most:
                continue
            x_m = row_m[0, row] - slot_m[0, each]
            y_m = row_m[1, row] - slot_m[1, each]
            total = soonest + np.int64(np.sqrt(x_m * x_m + y_m * y_m)) * 60
            if full and total >= most:
                continue
            place = width - 1 if full else count[at]
            while place and cost_ms[at, place - 1] > total:
                cost_ms[at, place] = cost_ms[at, place - 1]
                slot[at, place] = slot[at, place - 1]
                place -= 1
            cost_ms[at, place], slot[at, place] = total, each
            count[at] += not full
    return slot, cost_ms, count
