"""A wave: rows by urgency, each taking the cheapest time that is left to it.

Greedy, so a row is never asked to wait for a better whole. A row may queue behind a
more urgent one on the same machine, and a machine's time is taken in all its processes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabnet.scheduling import cost
from fabnet.scheduling.feasible import Rule, Rules, making_ms
from fabnet.scheduling.model import NEVER, Arrays, Encoded, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """How one row stands with every offer, at its turn."""

    row: int
    failing: Rules
    """The first rule that each slot fails; COSTLIER where it would do."""
    slots: Ints
    """The slots that would do, in order."""
    start_ms: Ints
    end_ms: Ints
    terms: Ints
    """`[term, slot that would do]`."""
    total_ms: Ints

    @property
    def best(self) -> int | None:
        """Which of `slots` is cheapest; ties by peer, machine, process; nil if none."""
        return int(self.total_ms.argmin()) if self.slots.size else None


class Calendar:
    """The free time of every slot, from which lots are cut."""

    def __init__(self, arrays: Arrays) -> None:
        self._unit = arrays.slots.unit
        self._first = arrays.slots.first.astype(np.int64)
        self._count = arrays.slots.count.astype(np.int64)
        self._start_ms = arrays.slots.start_ms.astype(np.int64)
        self._end_ms = arrays.slots.end_ms.astype(np.int64)

    def earliest(self, slots: Ints, length_ms: Ints) -> Ints:
        """Return when each slot first has so much time in one piece, or NEVER."""
        if not slots.size:
            return slots
        count = self._count[slots]
        begin = np.cumsum(count) - count
        at = np.arange(count.sum()) + np.repeat(self._first[slots] - begin, count)
        start_ms = self._start_ms[at]
        fits = self._end_ms[at] - start_ms >= np.repeat(length_ms, count)
        return np.minimum.reduceat(np.where(fits, start_ms, NEVER), begin)

    def take(self, slot: int, start_ms: int, end_ms: int) -> None:
        """Cut a stretch out of the machine's time, whatever it was offered for."""
        unit = self._unit[slot]
        first, last = np.searchsorted(self._unit, (unit, unit + 1))
        for each in range(first, last):
            self._cut(each, start_ms, end_ms)

    def _cut(self, slot: int, start_ms: int, end_ms: int) -> None:
        window = slice(self._first[slot], self._first[slot] + self._count[slot])
        rest: list[tuple[int, int]] = []
        for free_start, free_end in zip(
            self._start_ms[window].tolist(), self._end_ms[window].tolist(), strict=True
        ):
            before = free_start, min(free_end, start_ms)
            after = max(free_start, end_ms), free_end
            rest += [piece for piece in (before, after) if piece[0] < piece[1]]
        while len(rest) > self._count[slot]:
            self._widen(slot)
        rest += [(0, 0)] * (int(self._count[slot]) - len(rest))
        window = slice(self._first[slot], self._first[slot] + self._count[slot])
        self._start_ms[window], self._end_ms[window] = zip(*rest, strict=True)

    def _widen(self, slot: int) -> None:
        """Give a slot room for twice as many pieces of time."""
        more = self._count[slot]
        at = np.full(more, self._first[slot] + more)
        self._start_ms = np.insert(self._start_ms, at, 0)
        self._end_ms = np.insert(self._end_ms, at, 0)
        self._first[slot + 1 :] += more
        self._count[slot] += more


class Wave:
    """What was offered, what is left of it, and who took the rest."""

    def __init__(self, arrays: Encoded, like: Wave | None = None) -> None:
        """Begin a wave, or look at one that is under way with the rows of `arrays`."""
        self.arrays = arrays
        self.offered: Calendar = Calendar(arrays) if like is None else like.offered
        self.takers: dict[int, int] = {} if like is None else like.takers
        """For each machine (unit), the row that was last to take time on it."""
        self.left: Calendar = Calendar(arrays) if like is None else like.left

    def survey(self, row: int, failing: Rules) -> Survey:
        """Return how a row stands with every offer, after the rows before it."""
        deadline_ms = self.arrays.rows.deadline_ms[row]
        slots = np.flatnonzero(failing == Rule.COSTLIER)
        length_ms = making_ms(self.arrays, np.array([row]), slots)
        late = self.offered.earliest(slots, length_ms) + length_ms > deadline_ms
        start_ms = self.left.earliest(slots, length_ms)
        end_ms = start_ms + length_ms
        gone = ~late & (end_ms > deadline_ms)  # NEVER is after any deadline
        failing = failing.copy()
        failing[slots[late]] = Rule.AFTER_DEADLINE
        failing[slots[gone]] = Rule.TAKEN
        open_ = ~(late | gone)
        slots, start_ms, end_ms = slots[open_], start_ms[open_], end_ms[open_]
        terms = cost.terms(self.arrays, row, slots, end_ms)
        return Survey(row, failing, slots, start_ms, end_ms, terms, terms.sum(axis=0))

    def take(self, survey: Survey, best: int) -> None:
        """Give a row the time that it found on one of its slots."""
        slot = int(survey.slots[best])
        start_ms, end_ms = int(survey.start_ms[best]), int(survey.end_ms[best])
        self.reserve(survey.row, slot, start_ms, end_ms)

    def reserve(self, row: int, slot: int, start_ms: int, end_ms: int) -> None:
        """Give a row a stretch of a slot's time."""
        self.left.take(slot, start_ms, end_ms)
        self.takers[int(self.arrays.slots.unit[slot])] = row
