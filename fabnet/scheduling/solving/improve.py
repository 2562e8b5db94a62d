"""A plan made better: its lots moved, swapped and annealed on the same machines.

What comes out answers the same rows, places every row that was placed, and costs no
more; where nothing better is found it is the plan that came in. Windows lie inside what
was offered, and costs are the planner's own, to the millisecond.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.production.plan import Placed, Plan, Problem, Unplaced
from fabnet.scheduling import cost
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import Rule, first_failing, making_ms, tiles
from fabnet.scheduling.model import Encoded, Ints
from fabnet.scheduling.plan import placed, unplaced
from fabnet.scheduling.queue.search import anneal, cheaper, descent, insert
from fabnet.scheduling.queue.shop import Schedule, evaluate
from fabnet.scheduling.solving.queueing import (
    check_apart,
    narrowed,
    pairs_of,
    placing,
    shop_of,
)
from fabnet.scheduling.wave import Survey, Wave

ROWS_MAX: Final = 5_000
"""Rows that are improved together: a larger plan comes back as it is."""
LINE_MAX: Final = 1_000
"""Lots on one machine: a try looks at all. A plan with more comes back as it is."""


def improve(problem: Problem, plan: Plan, iterations: int, seed: int) -> Plan:
    """Return a plan of the same rows that costs no more, or raise InputError.

    `plan` is a plan of this problem; `iterations` are tries, some microseconds each
    where numba is installed. The same seed gives the same plan.
    """
    return improved(encode(problem), plan, iterations, seed)


def improved(arrays: Encoded, plan: Plan, iterations: int, seed: int) -> Plan:
    """Return the same for a problem that is encoded already."""
    if len(plan) > ROWS_MAX:
        return plan
    pairs = narrowed(arrays, pairs_of(arrays), plan)
    given = placing(arrays, pairs, plan)
    if _longest(arrays, pairs, given) > LINE_MAX:
        return plan
    shop = shop_of(arrays, pairs)
    if shop is None:
        return plan
    start = Schedule(*given, evaluate(shop, given[0], given[2]))
    check_apart(shop, start)
    found = insert(shop, descent(shop, start))
    found = cheaper(found, anneal(shop, found, iterations, seed))
    found = descent(shop, found)
    if found.cost_ms >= start.cost_ms:
        return plan
    return _answers(arrays, pairs, found)


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
