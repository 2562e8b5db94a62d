"""What anybody would write: a loop over the machines in Python, and a scan in numpy.

Both ask the same rules in the same order and add up the same terms as the planner, in
whole numbers, on rows and machines that are already numbers; so they find the same.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from fabnet.scheduling import cost
from fabnet.scheduling.feasible import making_ms
from fabnet.scheduling.index.twin import refused
from fabnet.scheduling.model import NEVER, OTHERS, OWN, USABLE, Arrays, Ints, Narrow

Machine = tuple[list[int], int, list[tuple[int, int]]]
"""Its line of the table, what it can, and when it is free."""


def machines(arrays: Arrays) -> list[Machine]:
    """Return the slots as Python's own numbers."""
    slots = arrays.slots
    table, windows = slots.table.tolist(), slots.windows.tolist()
    return [
        (line, can, [(s, e) for s, e in windows[first : first + count]])
        for line, can, (first, count) in zip(
            table, slots.can[0].tolist(), slots.span.tolist(), strict=True
        )
    ]


def loop(arrays: Arrays, offers: list[Machine], row: int) -> tuple[int, int]:
    """Return the cost and the slot of the cheapest machine, one after another."""
    want = arrays.rows.table[row].tolist()
    needs = int(arrays.rows.needs[0, row])
    best, best_slot = NEVER, -1
    for slot, (has, can, windows) in enumerate(offers):
        if want[0] != has[1] or needs & ~can:
            continue
        if want[1] > has[2] or want[2] > has[3] or want[3] > has[4]:
            continue
        if want[4] < has[5] or want[5] > has[6]:
            continue
        own = want[9] == has[10]
        if not has[11] & USABLE or not has[11] & (OWN if own else OTHERS):
            continue
        away_m = isqrt(sum((want[6 + at] - has[7 + at]) ** 2 for at in range(3)))
        if away_m > want[15]:
            continue
        run_s = -(want[10] * -1_000 // has[12])
        length_ms = max(1, (has[13] + run_s) * 1_000)
        starts = [start for start, end in windows if end - start >= length_ms]
        if not starts:
            continue
        end_ms = min(starts) + length_ms
        if end_ms > want[13]:
            continue
        total = cost_ms(arrays, want, has, own=own, away_m=away_m, end_ms=end_ms)
        if total < best:
            best, best_slot = total, slot
    return best, best_slot


def cost_ms(
    arrays: Arrays,
    want: list[int],
    has: list[int],
    *,
    own: bool,
    away_m: int,
    end_ms: int,
) -> int:
    """Return the five terms, added up."""
    weights = arrays.weights
    run_s = -(want[10] * -1_000 // has[12])
    late_ms = max(0, end_ms - want[12]) * weights.late_permille // 1_000
    carbon_mg = has[14] * run_s * has[15] // 3_600
    carbon_mg += away_m * (want[11] * cost.TRANSPORT_G_PER_T_KM) // 1_000_000
    return (
        late_ms * want[14] // 1_000
        + end_ms
        + away_m * weights.distance_s_per_km
        + carbon_mg * weights.co2_s_per_kg // 1_000
        + (0 if own else weights.own_first_s * 1_000)
    )


class Scan:
    """A full scan in numpy: family and bits of all, then the rest of what is left."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        slots = arrays.slots
        self._family: Narrow = slots.family.copy()
        self._can = slots.can[0].copy()
        self._many = slots.many
        self.free_ms: Ints = slots.windows[slots.first].astype(np.int64)
        """`[slot, 2]`: the first window of each, for these worlds have no other."""

    def best(self, row: int) -> tuple[int, int, int]:
        """Return the cost, the slot and the end on the cheapest machine."""
        arrays, rows, table = self._arrays, self._arrays.rows, self._arrays.slots.table
        needs = rows.needs[0, row]
        slots = np.flatnonzero(
            (self._family == rows.family[row]) & (needs & ~self._can == 0)
        )
        want, has = rows.table[row], table[slots]
        door = np.where(has[:, 10] == want[9], OWN, OTHERS) | USABLE
        fine = (has[:, 2] >= want[1]) & (has[:, 3] >= want[2]) & (has[:, 4] >= want[3])
        fine &= (has[:, 5] <= want[4]) & (has[:, 6] >= want[5])
        fine &= has[:, 11] & door == door
        slots = slots[fine]
        length_ms = making_ms(arrays, np.array([row]), slots)
        start_ms, until_ms = self.free_ms[slots].T
        end_ms = start_ms + length_ms
        fine = (end_ms <= until_ms) & (end_ms <= want[13])
        fine &= cost.distance_m(arrays, row, slots) <= want[15]
        if arrays.rows.refused.size:
            fine &= ~refused(arrays, np.full(len(slots), row), slots, self._many)
        slots, end_ms = slots[fine], end_ms[fine]
        if not slots.size:
            return NEVER, -1, 0
        total = cost.terms(arrays, row, slots, end_ms).sum(axis=0)
        best = int(total.argmin())
        return int(total[best]), int(slots[best]), int(end_ms[best])

    def place(self, row: int) -> tuple[int, int, int]:
        """Do the same, and take the time."""
        best = self.best(row)
        if best[1] >= 0:
            self.free_ms[best[1], 0] = best[2]
        return best
