"""A standing plan: one job after another finds its machine, and machines come and go.

Costs count from the moment of the problem, which stays; `State.now_ms` is how far time
has gone since, and nothing is planned before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Wanted
from fabnet.scheduling import fast
from fabnet.scheduling.encode import encode
from fabnet.scheduling.index import kernel, twin
from fabnet.scheduling.index.calendar import HEAD
from fabnet.scheduling.index.forest import Forest, build, refresh, set_ready
from fabnet.scheduling.index.growing import Growing
from fabnet.scheduling.index.shapes import Found
from fabnet.scheduling.model import NEVER, Arrays, Encoded, Ints


class Lot(NamedTuple):
    """Where and when a row is made, and at what cost."""

    slot: int
    start_ms: int
    end_ms: int
    cost_ms: int


@dataclass(frozen=True, slots=True)
class Arrive:
    """Somebody wants something more."""

    want: Wanted


@dataclass(frozen=True, slots=True)
class Idle:
    """A machine is there again, with whatever it had offered and not promised."""

    unit: int


@dataclass(frozen=True, slots=True)
class Fail:
    """A machine is gone, and what it was to make with it."""

    unit: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The facility said no to a row, which is not to ask that machine again."""

    row: int


@dataclass(frozen=True, slots=True)
class Finish:
    """A row is made, sooner or later than was planned."""

    row: int
    moment_ms: int
    """After the problem's moment."""


Event = Arrive | Idle | Fail | Refuse | Finish


class State:
    """What is wanted, what is offered, and who has which time."""

    def __init__(self, arrays: Arrays, *, compiled: bool | None = None) -> None:
        self.forest: Forest = build(arrays)
        self._asked = Growing(arrays)
        self.now_ms = 0
        self._compiled = fast.FAST if compiled is None else compiled
        self._gone = set(np.flatnonzero(~arrays.slots.usable).tolist())
        """Slots on which nothing can be planned now."""
        self._stale: list[int] = []
        self._pick: Ints = np.zeros(1, np.int64)
        # Cost, slot, how many, start and end: parts of one array, to be read at once.
        self._answer: Ints = np.zeros(5, np.int64)
        cost_ms, slot, held, lot = np.split(self._answer, (1, 2, 3))
        self._found = cost_ms.reshape(1, 1), slot.reshape(1, 1), held
        self._lot: Ints = lot.reshape(1, 2)
        self._prepare()

    @property
    def arrays(self) -> Arrays:
        """What is wanted so far, and all that is offered: put together for who asks.

        Of windows that have begun, what is left is offered.
        """
        return replace(self._asked.exact, slots=self.forest.offered())

    @property
    def lots(self) -> Ints:
        """`[row, 3]`: slot, start and end of each row; -1 without."""
        return self._asked.lots[: self._asked.many]

    def _prepare(self) -> None:
        """Gather what a kernel is given, anew whenever an array is another one."""
        self._live, calendar = self._asked.live, self.forest.calendar
        rows = self._live.rows
        for array in (rows.table, rows.needs, rows.refused):
            array.setflags(write=False)  # one type, and so compiled once
        self._rows = rows.table, rows.needs, rows.refused
        self._given = calendar.span, calendar.pieces, calendar.used
        self._tree = self.forest.tree

    def place(self, row: int) -> Lot | None:
        """Give a row the cheapest time that is left to it, or nil if there is none."""
        lots = self.lots
        if lots[row, 0] >= 0:
            raise InputError("row", f"row {row} has a lot")
        if not self._compiled:
            return self._place(row)
        self._pick[0] = row
        while not self._run(self._pick, self._found, self._lot):
            self._widen()
        cost_ms, slot, held, start_ms, end_ms = self._answer.tolist()
        if not held:
            return None
        # One by one: of a tuple, numpy would make an array first.
        lots[row, 0], lots[row, 1], lots[row, 2] = slot, start_ms, end_ms
        return Lot(slot, start_ms, end_ms, cost_ms)

    def burst(self, rows: Ints) -> list[Lot | None]:
        """Place rows one after another, as `place` would, in one go."""
        if not self._compiled:
            return [self.place(row) for row in rows.tolist()]
        if (self.lots[rows, 0] >= 0).any() or len(np.unique(rows)) < len(rows):
            raise InputError("rows", "expected rows without a lot, each once")
        many, rows = len(rows), rows.copy()
        costs, slots = np.full((2, many, 1), NEVER, np.int64)
        held, lots = np.zeros(many, np.int64), np.full((many, 2), -1, np.int64)
        done = 0
        while done < many:
            found = costs[done:], slots[done:], held[done:]
            done += self._run(rows[done:], found, lots[done:])
            if done < many:
                self._widen()
        slots[held == 0] = -1
        self.lots[rows, 0], self.lots[rows, 1:] = slots[:, 0], lots
        table = np.concatenate((slots, lots, costs), axis=1).tolist()
        return [Lot(*each) if each[0] >= 0 else None for each in table]

    def _run(self, rows: Ints, found: Found, lots: Ints) -> int:
        weights = self.forest.weights
        return kernel.run(
            self._rows, rows, self._given, self._tree, weights, found, lots
        )

    def _widen(self) -> None:
        calendar = self.forest.calendar
        # More than there was, which was too little; a machine may have many slots.
        left = len(calendar.pieces) - int(calendar.used[0])
        calendar.reserve(left + 8 * (HEAD + int(calendar.span[:, 1].max())))
        self._prepare()

    def _place(self, row: int) -> Lot | None:
        best = twin.cheapest(self._live, self.forest, row)
        if best is None:
            return None
        cost_ms, slot, start_ms, end_ms = best
        lot = Lot(slot, start_ms, end_ms, cost_ms)
        for each in self._together(slot):
            self.forest.calendar.cut(each, lot.start_ms, lot.end_ms)
            set_ready(self.forest, each)
            self._stale.append(each)
        self.lots[row] = lot[:3]
        return lot

    def _together(self, slot: int) -> range:
        """Return all slots of the same machine."""
        unit, many = self.forest.unit(slot), len(self.forest.where)
        first, last = slot, slot + 1
        while first and self.forest.unit(first - 1) == unit:
            first -= 1
        while last < many and self.forest.unit(last) == unit:
            last += 1
        return range(first, last)

    # -------------------------------------------------------------- events

    def apply(self, event: Event) -> tuple[int, ...]:
        """Take in what happened, and return the rows that are to be placed (again)."""
        match event:
            case Arrive(want):
                return (self._arrive(want),)
            case Idle(unit):
                slots = self._slots_of(unit)
                self._gone.difference_update(slots)
                self._restore(slots)
                return ()
            case Fail(unit):
                return self._fail(unit)
            case Refuse(row):
                return self._refuse(row)
            case Finish(row, moment_ms):
                slot = self._slot_of(row)
                self.lots[row] = -1
                self.now_ms = max(self.now_ms, moment_ms)
                self._restore(self._together(slot))
                return ()

    def pass_time(self, moment_ms: int) -> None:
        """Let time go on: nothing is planned before this moment any more."""
        self.now_ms = max(self.now_ms, moment_ms)
        self.forest.calendar.pass_by(self.now_ms)
        refresh(self.forest)
        self._stale.clear()

    def settle(self) -> Forest:
        """Return the forest, repaired wherever the twin has left that for later."""
        if self._stale:
            refresh(self.forest, np.array(self._stale))
            self._stale.clear()
        return self.forest

    def _fail(self, unit: int) -> tuple[int, ...]:
        slots = self._slots_of(unit)
        holding = (self.lots[:, 0] >= slots.start) & (self.lots[:, 0] < slots.stop)
        rows = np.flatnonzero(holding)
        self.lots[rows] = -1
        self._gone.update(slots)
        self._restore(slots)
        return tuple(rows.tolist())

    def _refuse(self, row: int) -> tuple[int, ...]:
        slots = self._together(self._slot_of(row))
        self.lots[row] = -1
        self._restore(slots)
        self._asked.refuse(row, list(slots))
        self._prepare()
        return (row,)

    def _slot_of(self, row: int) -> int:
        slot = int(self.lots[row, 0])
        if slot < 0:
            raise InputError("row", f"row {row} has no lot")
        return slot

    def _slots_of(self, unit: int) -> range:
        slots = self.forest.slots_of(unit)
        if not slots.size:
            raise InputError("unit", f"expected a machine, got {unit}")
        return range(int(slots[0]), int(slots[-1]) + 1)

    def _restore(self, slots: range) -> None:
        """Say anew what is free on a machine: what it offers, less what is promised."""
        calendar = self.forest.calendar
        held = (self.lots[:, 0] >= slots.start) & (self.lots[:, 0] < slots.stop)
        lots = self.lots[held, 1:].tolist()
        begins, counts = calendar.offered(np.array(slots))
        for slot, first, count in zip(
            slots, begins.tolist(), counts.tolist(), strict=True
        ):
            windows = calendar.pieces[first : first + count].tolist()
            left = [(max(start, self.now_ms), end) for start, end in windows]
            calendar.put(slot, () if slot in self._gone else _filled(left))
            for start_ms, end_ms in lots:
                calendar.cut(slot, start_ms, end_ms)
        refresh(self.forest, np.array(slots))
        self._prepare()

    def _arrive(self, want: Wanted) -> int:
        row = self._asked.add(want)
        if row is None:
            return self._begin_anew(want)
        if self._live is not self._asked.live:
            self._prepare()
        return row

    def _begin_anew(self, want: Wanted) -> int:
        """Make bits and trees anew for a row that asks for something novel."""
        row, before = self._asked.many, self._asked.exact
        if not isinstance(before, Encoded):
            raise InputError("event", "expected a state made of an encoded problem")
        problem = before.problem
        anew = encode(replace(problem, wanted=(*problem.wanted, want)))
        self.forest = build(anew, self.forest.calendar)
        self._asked.anew(anew)
        self._prepare()
        return row


def _filled(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(start, end) for start, end in pieces if start < end]
