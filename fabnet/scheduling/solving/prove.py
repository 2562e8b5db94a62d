"""What no plan can undercut: it says how near a plan is to the best there can be.

Two lower bounds, of which the greater counts: what each row would cost alone, and
prices for each machine's time (`queue.bound`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Certificate, Placed, Plan, Problem
from fabnet.scheduling import cost, fast
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import Rule, first_failing, making_ms, tiles
from fabnet.scheduling.model import Encoded
from fabnet.scheduling.queue.bound import STEPS_MAX, bound
from fabnet.scheduling.queue.shop import Schedule, evaluate
from fabnet.scheduling.solving.queueing import of_rows, pairs_of, placing, shop_of
from fabnet.scheduling.wave import Calendar

PAIRS_MAX: Final = 2**22
"""Rows times machines for which prices are learnt, some 200 MB; beyond, each row's cost
alone is the bound."""
CELLS_MAX: Final = 2**33 if fast.FAST else 2**28
"""Pairs, times steps of time, times passes: some seconds. Of a larger problem prices
learn in fewer passes, and the bound is further off."""


def prove(problem: Problem, plan: Plan, passes: int) -> Certificate:
    """Return what a plan costs, and what none that makes the same rows can undercut.

    Rows that it leaves out are left out of both. Raise InputError if it is no plan of
    this problem.
    """
    return proven(encode(problem), plan, passes)


def proven(arrays: Encoded, plan: Plan, passes: int) -> Certificate:
    """Return the same for a problem that is encoded already."""
    if len(plan) != arrays.rows.many:
        raise InputError("plan", f"expected {arrays.rows.many} answers")
    made = [at for at, answer in enumerate(plan) if isinstance(answer, Placed)]
    arrays = of_rows(arrays, made)
    answers = tuple(plan[at] for at in made)
    cost_ms = sum(each.cost_ms for each in plan if isinstance(each, Placed))
    bound_ms = _alone_ms(arrays)
    if bound_ms < cost_ms and len(made) * arrays.slots.many <= PAIRS_MAX:
        bound_ms = max(bound_ms, _priced_ms(arrays, answers, passes))
    return Certificate(cost_ms, bound_ms)


def _alone_ms(arrays: Encoded) -> int:
    """Return what all rows cost if each had every machine to itself."""
    offered, total = Calendar(arrays), 0
    for rows in tiles(arrays):
        for row, failing in zip(rows, first_failing(arrays, rows), strict=True):
            slots = np.flatnonzero(failing == Rule.COSTLIER)
            length_ms = making_ms(arrays, np.array([row]), slots)
            end_ms = offered.earliest(slots, length_ms) + length_ms
            fits = end_ms <= arrays.rows.deadline_ms[row]
            if not fits.any():
                raise InputError("plan", "expected a plan of these offers")
            terms = cost.terms(arrays, int(row), slots[fits], end_ms[fits])
            total += int(terms.sum(axis=0).min())
    return total


def _priced_ms(arrays: Encoded, plan: Plan, passes: int) -> int:
    pairs = pairs_of(arrays)
    pair, start_ms, end_ms = placing(arrays, pairs, plan)
    shop = shop_of(arrays, pairs)
    passes = min(passes, CELLS_MAX // (pairs.shape[1] * STEPS_MAX))
    if shop is None or not passes:
        return 0
    known = Schedule(pair, start_ms, end_ms, evaluate(shop, pair, end_ms))
    return bound(shop, known, passes).cost_ms
