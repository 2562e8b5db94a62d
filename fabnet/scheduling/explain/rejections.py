"""Why not the other machines: the first limit that each fails, with both figures.

Reasons are codes and texts are figures with their units; sentences are made in `node`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import numpy as np

from fabnet.production.capability import Misfit, fit
from fabnet.production.place import distance_m
from fabnet.production.plan import Offered, Rejection, Wanted
from fabnet.scheduling.columns import cut
from fabnet.scheduling.cost import TERMS
from fabnet.scheduling.feasible import Rule, making_ms
from fabnet.scheduling.wave import Survey, Wave

OTHERS_MAX: Final = 32
"""Machines named in one explanation, the nearest misses first; more is not read."""
NO_MACHINE: Final = "no-machine"
"""The reason where nothing at all is offered."""


def others(wave: Wave, survey: Survey, chosen: int | None) -> tuple[Rejection, ...]:
    """Return why each other machine was not chosen, the nearest miss first.

    A machine is named once, for the process in which it came furthest. `chosen` is an
    index of `survey.slots`, or nil.
    """
    unit = wave.arrays.slots.unit
    seen = set() if chosen is None else {int(unit[survey.slots[chosen]])}
    named: list[Rejection] = []
    for slot in nearest_first(survey):
        if unit[slot] in seen:
            continue
        if len(named) == OTHERS_MAX:
            break
        seen.add(int(unit[slot]))
        named.append(rejection(wave, survey, chosen, slot))
    return tuple(named)


def nearest_first(survey: Survey) -> Iterator[int]:
    """Yield slots: those that would do by cost, then by how far they came."""
    would_do = survey.slots[np.argsort(survey.total_ms, kind="stable")]
    short_by = np.uint8(Rule.COSTLIER) - survey.failing
    rest = np.argsort(short_by, kind="stable")[len(would_do) :]
    yield from map(int, chain(would_do, rest))


def rejection(wave: Wave, survey: Survey, chosen: int | None, slot: int) -> Rejection:
    """Return why one slot was not chosen; `chosen` is as in `others`."""
    offered = wave.arrays.offered[slot]
    rule = Rule(survey.failing[slot])
    if rule == Rule.COSTLIER:
        assert chosen is not None
        misfit = _costlier(survey, chosen, slot)
    elif rule >= Rule.CLOSED:
        misfit = _when(wave, survey.row, rule, slot)
    else:
        misfit = _what(wave.arrays.problem.wanted[survey.row], rule, offered)
    return Rejection(
        peer=offered.peer,
        machine=offered.offer.machine,
        machine_name=offered.machine_name,
        facility_name=offered.facility_name,
        reason=misfit.reason,
        wanted=misfit.wanted,
        limit=misfit.limit,
    )


def _what(want: Wanted, rule: Rule, offered: Offered) -> Misfit:
    """Say what the machine cannot do, or who may not use it, or how far it is."""
    match rule:
        case Rule.STRANGER:
            audience = "members" if want.charter == offered.charter else "federation"
            open_to = " ".join(offered.offer.open_to) or "none"
            limit = open_to if offered.permitted else "unvouched"
            return Misfit("stranger", audience, limit)
        case Rule.STATE:
            return Misfit(offered.state, "idle", offered.state)
        case Rule.TOO_FAR:
            away_m = distance_m(want.place, offered.place)
            return Misfit("too-far", _km(want.radius_m or 0), _km(away_m))
        case Rule.REFUSED:
            return Misfit("refused", "", str(offered.version))
        case _:
            misfit = fit(cut(want.requirement), cut(offered.offer.capability))
            assert isinstance(misfit, Misfit)
            return misfit


def _when(wave: Wave, row: int, rule: Rule, slot: int) -> Misfit:
    """Say what there is too little time for, and how much there is."""
    arrays = wave.arrays
    want, offered = arrays.problem.wanted[row], arrays.offered[slot]
    making_s = offered.offer.making_s(want.pieces, want.reference_s)
    match rule:
        case Rule.CLOSED:
            longest_s = int(arrays.slots.longest_ms[slot]) // 1_000
            reason = "busy" if offered.state == "busy" else "closed"
            return Misfit(reason, f"{making_s} s", f"{longest_s} s")
        case Rule.TAKEN:
            taker = arrays.problem.wanted[wave.takers[int(arrays.slots.unit[slot])]]
            return Misfit("taken", f"{making_s} s", taker.job)
        case _:
            length_ms = making_ms(arrays, np.array([row]), np.array([slot]))
            start_ms = wave.offered.earliest(np.array([slot]), length_ms)
            ready_s = -int(-(start_ms + length_ms)[0] // 1_000)
            within_s = int(arrays.rows.deadline_ms[row]) // 1_000
            return Misfit("after-deadline", f"{within_s} s", f"{ready_s} s")


def _costlier(survey: Survey, chosen: int, slot: int) -> Misfit:
    """Name the term that differs most, with the chosen machine's and this one's."""
    other = int(np.searchsorted(survey.slots, slot))
    mine, others_ms = survey.terms[:, chosen], survey.terms[:, other]
    most = int((others_ms - mine).argmax())
    return Misfit(
        "costlier",
        f"{TERMS[most]} {mine[most]} ms",
        f"{TERMS[most]} {others_ms[most]} ms",
    )


def _km(metres: int) -> str:
    return f"{metres / 1_000:g} km"
