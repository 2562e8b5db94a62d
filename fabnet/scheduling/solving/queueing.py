"""A problem as a queue problem, and a plan of it as a schedule.

Costs are the planner's own, to the millisecond; windows lie inside what was offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Placed, Plan
from fabnet.scheduling import cost
from fabnet.scheduling.feasible import Rule, first_failing, making_ms, tiles
from fabnet.scheduling.model import Encoded, Ints, Rows
from fabnet.scheduling.queue import shop as queue
from fabnet.scheduling.queue.shop import NEVER, Schedule, Shop

WIDTH_MAX: Final = 64
"""Machines that are tried for a row, those cheapest for itself; some 100 bytes each."""


def check_apart(shop: Shop, start: Schedule) -> None:
    """Raise InputError if two lots are on one machine at once."""
    lots = np.flatnonzero(start.pair >= 0)
    machine = shop.machine[shop.slot[start.pair[lots]]]
    lots = lots[np.lexsort((start.start_ms[lots], machine))]
    machine = np.sort(machine)
    early = start.start_ms[lots[1:]] < start.end_ms[lots[:-1]]
    if (early & (machine[1:] == machine[:-1])).any():
        raise InputError("plan", "expected one lot at a time on each machine")


def of_rows(arrays: Encoded, some: Sequence[int]) -> Encoded:
    """Return a problem of only these rows, rising, over the same offers."""
    rows, problem = arrays.rows, arrays.problem
    number = np.full(rows.many, -1)
    number[some] = np.arange(len(some))
    turn, (refusing, slot) = number[rows.turn], rows.refused
    kept = number[refusing] >= 0
    wanted = tuple(problem.wanted[at] for at in some)
    return replace(
        arrays,
        problem=replace(problem, wanted=wanted),
        rows=Rows.laid(
            rows.table[some],
            turn=turn[turn >= 0],
            needs=rows.needs[:, some],
            refused=np.stack((number[refusing], slot))[:, kept],
        ),
    )


def pairs_of(arrays: Encoded) -> Ints:
    """Return `[2, pair]`: which row can be made by which slot, by row and slot."""
    found: list[Ints] = []
    for rows in tiles(arrays):
        at, slot = np.nonzero(first_failing(arrays, rows) == Rule.COSTLIER)
        found.append(np.stack((rows[at], slot)))
    every = np.concatenate(found, axis=1) if found else np.zeros((2, 0), np.int64)
    return every[:, np.lexsort((every[1], every[0]))]


def narrowed(arrays: Encoded, pairs: Ints, plan: Plan) -> Ints:
    """Return, of each row's pairs, the WIDTH_MAX cheapest and what a plan gives it."""
    row, slot = pairs
    alone_ms = cost.terms(arrays, row, slot, making_ms(arrays, row, slot)).sum(axis=0)
    order = np.lexsort((slot, alone_ms, row))
    row, slot = row[order], slot[order]
    # Its place among those of its row, the cheapest first.
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    own = np.isin(row * arrays.slots.many + slot, _own(arrays, plan))
    kept = pairs[:, order[(rank < WIDTH_MAX) | own]]
    return kept[:, np.lexsort((kept[1], kept[0]))]


def _own(arrays: Encoded, plan: Plan) -> Ints:
    """Return row times slots plus slot, of each machine that a plan gives a row."""
    named: dict[tuple[str, str], list[int]] = {}
    for slot, each in enumerate(arrays.offered):
        named.setdefault((each.peer, each.offer.machine), []).append(slot)
    numbers = [
        row * arrays.slots.many + slot
        for row, answer in enumerate(plan)
        if isinstance(answer, Placed)
        for slot in named.get((answer.peer, answer.machine), ())
    ]
    return np.array(numbers, np.int64)


def shop_of(arrays: Encoded, pairs: Ints) -> Shop | None:
    """Return a problem as a queue problem, or nil where its costs are too large."""
    rows, slots = arrays.rows, arrays.slots
    row, slot = pairs
    first = np.searchsorted(row, np.arange(rows.many + 1))
    fixed_ms = cost.terms(arrays, row, slot, np.zeros_like(row))[2:].sum(axis=0)
    units = int(slots.unit.max(initial=-1)) + 1
    open_, window = _windows(arrays)
    shop = Shop(
        release_ms=np.zeros_like(rows.due_ms),
        due_ms=np.minimum(rows.due_ms, NEVER),
        deadline_ms=np.clip(rows.deadline_ms, -queue.TIME_MS_MAX, NEVER),
        need_permille=rows.need_permille.copy(),
        wait=np.ones_like(rows.due_ms),
        unplaced_ms=np.zeros_like(rows.due_ms),
        family=np.repeat([0, 1], [len(rows.due_ms), units]),
        first=first,
        slot=slot,
        length_ms=_lengths(arrays, pairs),
        fixed_ms=fixed_ms,
        machine=slots.unit.astype(np.int64),
        window=window,
        open_ms=open_[0],
        close_ms=open_[1],
        change_ms=np.zeros((2, 1), np.int64),
        late_permille=arrays.problem.weights.late_permille,
    )
    try:
        queue.check(shop)
        # No row is worth leaving out for all the others together.
        dearest_ms = queue.dearest(shop)
        return queue.check(shop._replace(unplaced_ms=dearest_ms))
    except InputError:
        return None


def _windows(arrays: Encoded) -> tuple[Ints, Ints]:
    """Return `[2, window]` by slot and time, joined where they overlap; where from."""
    slots, joined, count = arrays.slots, list[tuple[int, int]](), [0]
    for first, each in zip(slots.first.tolist(), slots.count.tolist(), strict=True):
        part = slice(first, first + each)
        start, end = slots.start_ms[part].tolist(), slots.end_ms[part].tolist()
        mine: list[tuple[int, int]] = []
        for opens, closes in sorted(zip(start, end, strict=True)):
            # Two windows that only touch are two: a lot lies inside one.
            if closes > opens and (not mine or opens >= mine[-1][1]):
                mine.append((opens, closes))
            elif closes > opens and closes > mine[-1][1]:
                mine.append((mine[-1][1], closes))
        joined += mine
        count.append(len(joined))
    return np.array(joined, np.int64).reshape(-1, 2).T, np.array(count, np.int64)


def _lengths(arrays: Encoded, pairs: Ints) -> Ints:
    # A length that fits no window is cut where it changes nothing.
    return np.minimum(making_ms(arrays, pairs[0], pairs[1]), queue.TIME_MS_MAX)


def placing(arrays: Encoded, pairs: Ints, plan: Plan) -> tuple[Ints, Ints, Ints]:
    """Return by which pair each row of a plan is placed, and from when to when.

    Raise InputError if it is no plan of this problem.
    """
    problem, (row, slot) = arrays.problem, pairs
    if len(plan) != len(problem.wanted):
        raise InputError("plan", f"expected {len(problem.wanted)} answers")
    first = np.searchsorted(row, np.arange(len(plan) + 1))
    lengths = _lengths(arrays, pairs)
    pair, start = np.full(len(plan), -1), np.full(len(plan), NEVER)
    end = start.copy()
    for at, (want, answer) in enumerate(zip(problem.wanted, plan, strict=True)):
        if (answer.job, answer.part) != (want.job, want.part):
            raise InputError(f"plan[{at}]", "expected the answer to this row")
        if not isinstance(answer, Placed):
            continue
        start[at] = answer.window.start_ms - problem.moment_ms
        end[at] = answer.window.end_ms - problem.moment_ms
        mine = range(int(first[at]), int(first[at + 1]))
        fits = (
            each
            for each in mine
            if _is(arrays, int(slot[each]), answer)
            and lengths[each] == end[at] - start[at]
            and _open(arrays, int(slot[each]), int(start[at]), int(end[at]))
        )
        pair[at] = next(fits, -1)
        if pair[at] < 0:
            raise InputError(f"plan[{at}]", "expected an offer of this problem")
    return pair, start, end


def _is(arrays: Encoded, slot: int, answer: Placed) -> bool:
    offered = arrays.offered[slot]
    return (offered.peer, offered.offer.machine, offered.version) == (
        answer.peer,
        answer.machine,
        answer.version,
    )


def _open(arrays: Encoded, slot: int, start_ms: int, end_ms: int) -> bool:
    # One machine may offer two processes at different hours, under one version.
    slots = arrays.slots
    part = slice(slots.first[slot], slots.first[slot] + slots.count[slot])
    holds = (slots.start_ms[part] <= start_ms) & (end_ms <= slots.end_ms[part])
    return bool(holds.any())
