"""The least at which a row is placed elsewhere, found over all slots at once.

A *machine* is a unit of the arrays, or NOWHERE for a row that has none. A flip is to be
placed, and on another machine than that.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling import cost
from fabnet.scheduling.model import Encoded, Ints
from fabnet.scheduling.wave import Survey

NOWHERE: Final = -1
"""The machine of a row that has none."""
_CELLS_MAX: Final = 2**18
"""Moments times slots reckoned at once; more is done in turn."""


def flips(arrays: Encoded, survey: Survey, machine: int) -> bool:
    """Whether this survey places the row on another machine."""
    best = survey.best
    if best is None:
        return False
    return int(arrays.slots.unit[survey.slots[best]]) != machine


def first_flip(
    arrays: Encoded, survey: Survey, machine: int, reach: Ints
) -> tuple[int, int] | None:
    """Return the least limit that flips the choice, and the slot that it brings.

    `reach` is, for each slot that would do without the limit, the least limit that
    lets it in. The slot is an index of `survey.slots`.
    """
    if not survey.slots.size:
        return None
    cheapest = survey.total_ms.argsort(kind="stable")  # ties by slot
    rank = np.empty_like(cheapest)
    rank[cheapest] = np.arange(len(cheapest))
    inwards = reach.argsort(kind="stable")
    best = cheapest[np.minimum.accumulate(rank[inwards])]
    limits = reach[inwards]
    whole = np.append(limits[1:] > limits[:-1], True)
    other = arrays.slots.unit[survey.slots[best]] != machine
    found = np.flatnonzero(whole & other)
    return (int(limits[found[0]]), int(best[found[0]])) if found.size else None


def first_due(
    arrays: Encoded, survey: Survey, machine: int, due_ms: Ints
) -> tuple[int, int] | None:
    """Return the first of some due times that flips the choice, and the slot.

    The due times count from the problem's moment. The slot is an index of
    `survey.slots`.
    """
    stairs = _unbeaten(survey)
    if not stairs.size:
        return None
    beside_ms = (survey.total_ms - survey.terms[0])[stairs]
    unit = arrays.slots.unit[survey.slots[stairs]]
    step = max(1, _CELLS_MAX // len(stairs))
    for start in range(0, len(due_ms), step):
        some_ms = due_ms[start : start + step]
        after_ms = survey.end_ms[stairs] - some_ms[:, None]
        lateness = cost.lateness(arrays, survey.row, after_ms)
        best = (beside_ms + lateness).argmin(axis=1)
        found = np.flatnonzero(unit[best] != machine)
        if found.size:
            return int(some_ms[found[0]]), int(stairs[best[found[0]]])
    return None


def _unbeaten(survey: Survey) -> Ints:
    """Return the slots that no other beats in both end and cost beside lateness.

    Whenever the row is due, one of these is cheapest. In the order of slots.
    """
    by_cost = (survey.total_ms - survey.terms[0]).argsort(kind="stable")
    end_ms = survey.end_ms[by_cost]
    sooner = np.ones(len(by_cost), np.bool_)
    sooner[1:] = end_ms[1:] < np.minimum.accumulate(end_ms)[:-1]
    kept: Ints = np.sort(by_cost[sooner])
    return kept
