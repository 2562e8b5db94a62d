"""Small queue problems in which everything that can collide does, and slow answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from fabnet.scheduling.queue.shop import NEVER, Schedule, Shop, check


@dataclass(frozen=True)
class Lot:
    """A lot, in plain numbers; by slot: length and fixed cost."""

    release: int
    due: int
    deadline: int
    need: int
    family: int
    on: dict[int, tuple[int, int]]
    wait: int = 1
    unplaced: int = 1_000_000


@dataclass(frozen=True)
class Slot:
    """A calendar of a machine."""

    machine: int
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Case:
    """A problem as it is told, before it is arrays."""

    lots: list[Lot]
    slots: list[Slot]
    loaded: list[int]
    change: list[list[int]] = field(default_factory=lambda: [[0], [0]])
    late_permille: int = 2_000


def shop_of(case: Case) -> Shop:
    pairs = [
        (slot, *each) for lot in case.lots for slot, each in sorted(lot.on.items())
    ]
    windows = [window for slot in case.slots for window in slot.windows]
    columns = [np.array(column, np.int64) for column in zip(*pairs, strict=True)]
    slot, length, fixed = columns or [np.zeros(0, np.int64)] * 3
    lots = case.lots

    def ints(values: Iterator[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.array(list(values), np.int64)

    return check(
        Shop(
            release_ms=ints(lot.release for lot in lots),
            due_ms=ints(lot.due for lot in lots),
            deadline_ms=ints(lot.deadline for lot in lots),
            need_permille=ints(lot.need for lot in lots),
            wait=ints(lot.wait for lot in lots),
            unplaced_ms=ints(lot.unplaced for lot in lots),
            family=ints(iter([lot.family for lot in lots] + case.loaded)),
            first=np.append(0, np.cumsum([len(lot.on) for lot in lots])).astype(
                np.int64
            ),
            slot=slot,
            length_ms=length,
            fixed_ms=fixed,
            machine=ints(each.machine for each in case.slots),
            window=np.append(0, np.cumsum([len(s.windows) for s in case.slots])),
            open_ms=ints(window[0] for window in windows),
            close_ms=ints(window[1] for window in windows),
            change_ms=np.array(case.change, np.int64),
            late_permille=case.late_permille,
        )
    )


def end_of(case: Case, lot: Lot, slot: int, free: int, last: int) -> int | None:
    """Return when a lot behind one of family `last` ends, or nil if it cannot."""
    length = lot.on[slot][0] + case.change[last][lot.family]
    for opens, closes in case.slots[slot].windows:
        end = max(free, lot.release, opens) + length
        if end <= closes:
            return end if end <= lot.deadline else None
    return None


def cost_of(case: Case, lot: Lot, slot: int, end: int) -> int:
    late = max(0, end - lot.due) * case.late_permille // 1_000
    return lot.on[slot][1] + lot.wait * end + late * lot.need // 1_000


def told(case: Case, shop: Shop, schedule: Schedule) -> int:
    """Return what a schedule costs, lot by lot, and assert that it keeps every rule."""
    total, lines = 0, dict[int, list[tuple[int, int, int]]]()
    for number, lot in enumerate(case.lots):
        pair = int(schedule.pair[number])
        if pair < 0:
            total += lot.unplaced
            continue
        assert shop.first[number] <= pair < shop.first[number + 1]
        slot = int(shop.slot[pair])
        start, end = int(schedule.start_ms[number]), int(schedule.end_ms[number])
        total += cost_of(case, lot, slot, end)
        assert lot.release <= start
        assert end <= lot.deadline
        assert any(a <= start and end <= b for a, b in case.slots[slot].windows)
        lines.setdefault(case.slots[slot].machine, []).append((start, end, number))
    for machine, line in lines.items():
        free, last = 0, case.loaded[machine]
        for start, end, number in sorted(line):
            lot = case.lots[number]
            slot = int(shop.slot[schedule.pair[number]])
            assert free <= start
            assert end - start == lot.on[slot][0] + case.change[last][lot.family]
            free, last = end, lot.family
    return total


def least(case: Case) -> int:
    """Return what the cheapest plan costs, by trying all."""
    free = dict.fromkeys(range(len(case.loaded)), 0)
    return _least(case, frozenset(range(len(case.lots))), free, list(case.loaded))


def _least(
    case: Case, rest: frozenset[int], free: dict[int, int], last: list[int]
) -> int:
    best = sum(case.lots[number].unplaced for number in rest)
    for number in rest:
        lot = case.lots[number]
        for slot in lot.on:
            machine = case.slots[slot].machine
            end = end_of(case, lot, slot, free[machine], last[machine])
            if end is None:
                continue
            then = last.copy()
            then[machine] = lot.family
            cost = cost_of(case, lot, slot, end)
            cost += _least(case, rest - {number}, free | {machine: end}, then)
            best = min(best, cost)
    return best


# ------------------------------------------------------------------ generated


@st.composite
def _slots(draw: st.DrawFn, machines: int) -> list[Slot]:
    slots = []
    for machine in range(machines):
        for _ in range(draw(st.integers(1, 2))):
            edges = draw(
                st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True)
            )
            edges = sorted(edges)[: len(edges) // 2 * 2]
            slots.append(
                Slot(machine, tuple(zip(edges[::2], edges[1::2], strict=True)))
            )
    return slots


@st.composite
def cases(draw: st.DrawFn, lots: int = 7) -> Case:
    """Draw a problem with hours, deadlines, releases, and changing over."""
    machines = draw(st.integers(1, 3))
    slots = draw(_slots(machines))
    families = draw(st.integers(1, 3))
    lot = st.builds(
        Lot,
        release=st.integers(0, 20),
        due=st.integers(-5, 40),
        deadline=st.one_of(st.just(NEVER), st.integers(5, 60)),
        need=st.sampled_from((0, 1_000, 3_000)),
        family=st.integers(0, families - 1),
        on=st.dictionaries(
            st.integers(0, len(slots) - 1),
            st.tuples(st.integers(1, 9), st.integers(0, 9)),
            max_size=3,
        ),
    )
    row = st.lists(st.integers(0, 3), min_size=families, max_size=families)
    return Case(
        lots=draw(st.lists(lot, max_size=lots)),
        slots=slots,
        loaded=draw(
            st.lists(st.integers(0, families), min_size=machines, max_size=machines)
        ),
        change=draw(st.lists(row, min_size=families + 1, max_size=families + 1)),
    )
