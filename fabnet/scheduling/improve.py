"""A plan made better: its lots moved, swapped and annealed on the same machines.

What comes out answers the same rows, places every row that was placed, and costs no
more; where nothing better is found it is the plan that came in. Windows lie inside what
was offered, and costs are the planner's own, to the millisecond.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Placed, Plan, Problem, Unplaced
from fabnet.scheduling import cost
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import Rule, first_failing, making_ms, tiles
from fabnet.scheduling.model import Encoded, Ints
from fabnet.scheduling.plan import placed, unplaced
from fabnet.scheduling.queue import shop as queue
from fabnet.scheduling.queue.search import anneal, cheaper, descent, insert
from fabnet.scheduling.queue.shop import NEVER, Schedule, Shop
from fabnet.scheduling.wave import Survey, Wave

ROWS_MAX: Final = 5_000
"""Rows that are improved together: a larger plan comes back as it is."""
WIDTH_MAX: Final = 64
"""Machines that are tried for a row, those cheapest for itself; some 100 bytes each."""
LINE_MAX: Final = 1_000
"""Lots on one machine: a try looks at all. A plan with more comes back as it is."""


def improve(problem: Problem, plan: Plan, iterations: int, seed: int) -> Plan:
    """Return a plan of the same rows that costs no more, or raise InputError.

    `plan` is a plan of this problem; `iterations` are tries, some microseconds each
    where numba is installed. The same seed gives the same plan.
    """
    arrays = encode(problem)
    if len(plan) > ROWS_MAX:
        return plan
    pairs = _pairs(arrays, plan)
    given = _given(arrays, pairs, plan)
    if _longest(arrays, pairs, given) > LINE_MAX:
        return plan
    shop = shop_of(arrays, pairs)
    if shop is None:
        return plan
    start = Schedule(*given, queue.evaluate(shop, given[0], given[2]))
    _check_apart(shop, start)
    found = insert(shop, descent(shop, start))
    found = cheaper(found, anneal(shop, found, iterations, seed))
    found = descent(shop, found)
    if found.cost_ms >= start.cost_ms:
        return plan
    return _answers(arrays, pairs, found)


def _check_apart(shop: Shop, start: Schedule) -> None:
    """Raise InputError if two lots are on one machine at once."""
    lots = np.flatnonzero(start.pair >= 0)
    machine = shop.machine[shop.slot[start.pair[lots]]]
    lots = lots[np.lexsort((start.start_ms[lots], machine))]
    machine = np.sort(machine)
    early = start.start_ms[lots[1:]] < start.end_ms[lots[:-1]]
    if (early & (machine[1:] == machine[:-1])).any():
        raise InputError("plan", "expected one lot at a time on each machine")


def _pairs(arrays: Encoded, plan: Plan) -> Ints:
    """Return `[2, pair]`: which row can be made by which slot, by row and slot.

    Of each row the WIDTH_MAX that cost least for itself, and what the plan gives it.
    """
    found: list[Ints] = []
    own = _own(arrays, plan)
    for rows in tiles(arrays):
        at, slot = np.nonzero(first_failing(arrays, rows) == Rule.COSTLIER)
        row = rows[at]
        alone_ms = cost.terms(arrays, row, slot, making_ms(arrays, row, slot)).sum(
            axis=0
        )
        order = np.lexsort((slot, alone_ms, row))
        row, slot = row[order], slot[order]
        # Its place among those of its row, the cheapest first.
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        keep = (rank < WIDTH_MAX) | np.isin(row * arrays.slots.many + slot, own)
        found.append(np.stack((row[keep], slot[keep])))
    every = np.concatenate(found, axis=1) if found else np.zeros((2, 0), np.int64)
    return every[:, np.lexsort((every[1], every[0]))]


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
        need_permille=rows.need_permille,
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


def _given(arrays: Encoded, pairs: Ints, plan: Plan) -> tuple[Ints, Ints, Ints]:
    """Return by which pair each row of a plan is placed, and from when to when."""
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


def _longest(arrays: Encoded, pairs: Ints, given: tuple[Ints, Ints, Ints]) -> int:
    at = given[0][given[0] >= 0]
    return int(np.bincount(arrays.slots.unit[pairs[1][at]]).max(initial=0))


def _answers(arrays: Encoded, pairs: Ints, found: Schedule) -> Plan:
    """Return the plan of a schedule, explained on the time that it leaves."""
    wave = Wave(arrays)
    for row in arrays.rows.turn.tolist():
        if found.pair[row] >= 0:
            slot = int(pairs[1][found.pair[row]])
            wave.reserve(row, slot, int(found.start_ms[row]), int(found.end_ms[row]))
    answers: dict[int, Placed | Unplaced] = {}
    for rows in tiles(arrays):
        every_failing = first_failing(arrays, rows)
        for row, failing in zip(rows.tolist(), every_failing, strict=True):
            survey = wave.survey(row, failing)
            if found.pair[row] < 0:
                answers[row] = unplaced(wave, survey)
                continue
            slot = int(pairs[1][found.pair[row]])
            survey = _with(arrays, survey, slot, int(found.end_ms[row]))
            best = int(np.searchsorted(survey.slots, slot))
            answers[row] = placed(wave, survey, best)
    return tuple(answers[row] for row in range(len(arrays.problem.wanted)))


def _with(arrays: Encoded, survey: Survey, slot: int, end_ms: int) -> Survey:
    """Return a survey in which a slot holds the time that the row itself took there."""
    keep = survey.slots != slot
    at = int(np.searchsorted(survey.slots[keep], slot))
    length_ms = making_ms(arrays, np.array([survey.row]), np.array([slot]))
    terms = cost.terms(arrays, survey.row, np.array([slot]), np.array([end_ms]))
    failing = survey.failing.copy()
    failing[slot] = Rule.COSTLIER
    every = np.insert(survey.terms[:, keep], at, terms[:, 0], axis=1)
    return Survey(
        row=survey.row,
        failing=failing,
        slots=np.insert(survey.slots[keep], at, slot),
        start_ms=np.insert(survey.start_ms[keep], at, end_ms - length_ms[0]),
        end_ms=np.insert(survey.end_ms[keep], at, end_ms),
        terms=every,
        total_ms=every.sum(axis=0),
    )
