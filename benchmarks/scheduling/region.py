"""A made-up region for the market alone: towns, workshops, and what people want made.

More machines mean more towns in a wider region, the largest towns growing too. Each
process is wanted as often as it is offered, but not in the same towns.

The candidates come from a search of the towns near each row. It stands in for the
planner's own index, which has benchmarks of its own, and its time is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.model import NEVER

HOUR_MS = 3_600_000
SIDE_M = 2_000_000
"""Of a region of 10,000 machines."""
TOWN_M = 15_000
"""Standard deviation of where people live; nobody lives beyond three of it."""
SLOTS_A_TOWN = 50
NEIGHBOURS = 128
"""Towns looked at for one row; the next one is too far for its price."""
PROCESSES = 24
MATERIALS = 12
MS_PER_M = 60
"""A minute of waiting a kilometre."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What each row needs, and where."""

    town: Ints
    place_m: Ints
    needs: Ints
    work_ms: Ints
    process: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What each slot can do, and where, by process, town, and when it is free."""

    town: Ints
    place_m: Ints
    can: Ints
    free_ms: Ints
    pace_permille: Ints
    process: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """What is wanted and what there is, before anybody looked for anything."""

    town_m: Ints
    wanted: Wanted
    offered: Offered

    def dense(self) -> Ints:
        """Return `[row, slot]`: the cost, or NEVER."""
        wanted, offered = self.wanted, self.offered
        cost_ms = np.full((len(wanted.needs), len(offered.can)), NEVER)
        for process in range(PROCESSES):
            rows = np.flatnonzero(wanted.process == process)
            at = np.flatnonzero(offered.process == process)
            apart = wanted.place_m[:, rows, None] - offered.place_m[:, None, at]
            away_m = np.sqrt((apart * apart).sum(axis=0).astype(np.float64))
            work_ms = wanted.work_ms[rows, None] * 1_000 // offered.pace_permille[at]
            total = away_m.astype(np.int64) * MS_PER_M + offered.free_ms[at] + work_ms
            able = (wanted.needs[rows, None] & ~offered.can[at]) == 0
            cost_ms[np.ix_(rows, at)] = np.where(able, total, NEVER)
        return cost_ms


class Search:
    """The towns near each town, and where their slots are."""

    def __init__(self, region: Region, postpone_ms: int) -> None:
        self.region = region
        self.postpone_ms = postpone_ms
        """What a row pays for waiting: nothing dearer is worth finding."""
        towns = region.town_m.shape[1]
        near = min(NEIGHBOURS, towns - 1)
        away_m = np.empty((towns, near + 1), np.int64)
        order = np.empty((towns, near + 1), np.int64)
        for town in range(towns):
            apart = (region.town_m - region.town_m[:, town, None]).astype(np.float64)
            far_m = np.sqrt((apart * apart).sum(axis=0)).astype(np.int64)
            nearest = np.argpartition(far_m, near)[: near + 1]
            nearest = nearest[np.argsort(far_m[nearest], kind="stable")]
            order[town], away_m[town] = nearest, far_m[nearest]
        # No two places are nearer than their towns less three deviations each.
        self.order, self.least_ms = order, np.maximum(away_m - 6 * TOWN_M, 0) * MS_PER_M
        offered = region.offered
        key = offered.process * towns + offered.town
        self.first = np.searchsorted(key, np.arange(PROCESSES * towns + 1))

    def candidates(self, rows: Ints, width: int) -> Graph:
        """Return the cheapest slots of some rows, ties by slot."""
        wanted, offered = self.region.wanted, self.region.offered
        slot, cost_ms, count, beyond_ms = _search(
            (wanted.town, wanted.place_m, wanted.needs, wanted.work_ms, wanted.process),
            (offered.place_m, offered.can, offered.free_ms, offered.pace_permille),
            (self.order, self.least_ms, self.first),
            rows,
            width + 1,
            self.postpone_ms,
        )
        kept = np.minimum(count, width)
        there = np.arange(width + 1) < kept[:, None]
        next_ms = np.where(count > width, cost_ms[:, width], NEVER)
        first = np.concatenate(([0], np.cumsum(kept)))
        left_out_ms = np.minimum(next_ms, beyond_ms)
        return Graph(first, slot[there], cost_ms[there], left_out_ms, len(offered.can))


def region(rows: int, slots: int, seed: int) -> Region:
    """Return towns of very different sizes, with demand and workshops in them."""
    dice = np.random.default_rng(seed)
    towns = max(slots // SLOTS_A_TOWN, 2)
    side_m = int(SIDE_M * (slots / 10_000) ** 0.5)
    town_m = dice.integers(0, side_m, (2, towns))
    people = 1 / np.arange(1, towns + 1) ** 0.8
    people /= people.sum()
    popular = 1 / np.arange(1, PROCESSES + 1)
    popular /= popular.sum()

    def places(town: Ints) -> Ints:
        scatter = np.clip(dice.normal(size=(2, town.size)), -2, 2) * TOWN_M
        return town_m[:, town] + scatter.astype(np.int64)

    def bits(count: int, rolls: int) -> Ints:
        words = np.zeros(count, np.int64)
        for _ in range(rolls):
            words |= 1 << dice.integers(0, MATERIALS, count)
        return words

    process = dice.choice(PROCESSES, slots, p=popular)
    town = dice.choice(towns, slots, p=people)
    free_ms = dice.integers(0, 8 * HOUR_MS, slots)
    order = np.lexsort((free_ms, town, process))
    process, town, free_ms = process[order], town[order], free_ms[order]
    pace_permille = dice.integers(500, 2_000, slots)
    offered = Offered(
        town, places(town), bits(slots, 9), free_ms, pace_permille, process
    )  # fmt: skip
    town = dice.choice(towns, rows, p=people)
    wanted = Wanted(
        town, places(town), bits(rows, 2),
        dice.integers(HOUR_MS // 4, 4 * HOUR_MS, rows),
        dice.choice(PROCESSES, rows, p=popular),
    )  # fmt: skip
    return Region(town_m, wanted, offered)


@fast.compiled
def _search(  # noqa: C901  # a kernel is one loop: a call costs
    wanted: tuple[Ints, Ints, Ints, Ints, Ints],
    offered: tuple[Ints, Ints, Ints, Ints],
    near: tuple[Ints, Ints, Ints],
    rows: Ints,
    width: int,
    most_ms: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    (town, row_m, needs, work_ms, process) = wanted
    (slot_m, can, free_ms, pace_permille) = offered
    (order, least_ms, first) = near
    slot = np.zeros((len(rows), width), np.int64)
    cost_ms = np.full((len(rows), width), 2**62)
    count = np.zeros(len(rows), np.int64)
    beyond_ms = np.full(len(rows), most_ms)
    for at in range(len(rows)):
        row = rows[at]
        for turn in range(order.shape[1]):
            if turn == order.shape[1] - 1 and turn < len(order) - 1:
                beyond_ms[at] = min(least_ms[town[row], turn], most_ms)
                break
            if least_ms[town[row], turn] >= min(cost_ms[at, width - 1], most_ms):
                break
            bucket = process[row] * len(order) + order[town[row], turn]
            for each in range(first[bucket], first[bucket + 1]):
                # The fastest takes half of the time, and the rest are free later.
                soonest = least_ms[town[row], turn] + free_ms[each] + work_ms[row] // 2
                if soonest > min(cost_ms[at, width - 1], most_ms):
                    break
                if needs[row] & ~can[each]:
                    continue
                full = count[at] == width
                total = free_ms[each] + work_ms[row] * 1_000 // pace_permille[each]
                if total > min(cost_ms[at, width - 1], most_ms):
                    continue
                x_m = row_m[0, row] - slot_m[0, each]
                y_m = row_m[1, row] - slot_m[1, each]
                total += np.int64(np.sqrt(x_m * x_m + y_m * y_m)) * MS_PER_M
                if total > most_ms:
                    continue
                place = width - 1 if full else count[at]
                if full and not _before(
                    total, each, cost_ms[at, place], slot[at, place]
                ):
                    continue
                while place and _before(
                    total, each, cost_ms[at, place - 1], slot[at, place - 1]
                ):
                    cost_ms[at, place] = cost_ms[at, place - 1]
                    slot[at, place] = slot[at, place - 1]
                    place -= 1
                cost_ms[at, place], slot[at, place] = total, each
                count[at] += not full
        while count[at] and cost_ms[at, count[at] - 1] > beyond_ms[at]:
            count[at] -= 1
    return slot, cost_ms, count, beyond_ms


@fast.compiled
def _before(cost_ms: int, slot: int, other_ms: int, other: int) -> bool:
    return cost_ms < other_ms or (cost_ms == other_ms and slot < other)
