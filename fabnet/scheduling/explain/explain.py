"""Why a job is where it is: this machine, not that one, and what would change it.

The plan is taken as it stands and gone through again up to the turn of each row of the
job, so an explanation says what the row found then. Prices and a certificate come from
whoever made the plan with a market; a wave that took row after row has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Certificate, Offered, Placed, Plan, Problem
from fabnet.records.ids import JobId, MachineId, PeerId
from fabnet.scheduling.encode import encode
from fabnet.scheduling.explain.barred import barred
from fabnet.scheduling.explain.changes import Search
from fabnet.scheduling.explain.choosing import choice, difference, named
from fabnet.scheduling.explain.explanation import (
    Choice,
    Explanation,
    Named,
    Reasons,
    Verdict,
)
from fabnet.scheduling.explain.rejections import OTHERS_MAX, nearest_first, rejection
from fabnet.scheduling.explain.replay import Replay
from fabnet.scheduling.explain.thresholds import NOWHERE
from fabnet.scheduling.feasible import Rule, Rules, first_failing
from fabnet.scheduling.model import HORIZON_MS, Encoded

Machine = tuple[PeerId, MachineId]

CHOSEN: Final = "chosen"
"""The reason of a verdict on the machine that the row has."""
NO_NEEDS: Final[Mapping[str, int]] = {}
NO_PRICES: Final[Mapping[Machine, int]] = {}


def explain(
    plan: Plan,
    problem: Problem,
    job: JobId,
    machine: Machine | None = None,
    *,
    needs: Mapping[str, int] = NO_NEEDS,
    prices: Mapping[Machine, int] = NO_PRICES,
    certificate: Certificate | None = None,
) -> Explanation:
    """Return why each row of a job is where it is, or raise InputError.

    `machine` is one to be told of in particular. `needs` are the codes a request could
    assert, with their weights; `prices` what a market asks for machines, in
    milliseconds of waiting.
    """
    rows = [row for row, want in enumerate(problem.wanted) if want.job == job]
    if not rows:
        raise InputError("job", "expected a job of this plan")
    if machine is not None and machine not in map(machine_of, problem.offered):
        raise InputError("machine", "expected a machine of this plan")
    arrays = encode(problem)
    told = [_Row(arrays, plan, row, prices).reasons(machine, needs) for row in rows]
    return Explanation(job, tuple(told), certificate)


class _Row:
    """One row at its turn, and all that can be said of it."""

    def __init__(
        self, arrays: Encoded, plan: Plan, row: int, prices: Mapping[Machine, int]
    ) -> None:
        self.replay = Replay(arrays, plan, row)
        self.failing: Rules = first_failing(arrays, np.array([row]))[0]
        self._arrays, self._prices, self._answer = arrays, prices, plan[row]
        [(_, self._wave)] = self.replay.walk(self.replay.own, self.replay.own)
        self._survey = self._wave.survey(row, self.failing)
        self._units = {
            machine_of(each): int(unit)
            for each, unit in zip(arrays.offered, arrays.slots.unit, strict=True)
        }

    def reasons(self, machine: Machine | None, needs: Mapping[str, int]) -> Reasons:
        """Return why this row is where it is."""
        want, answer = self.replay.want, self._answer
        chosen = _chosen(answer) if isinstance(answer, Placed) else None
        here = NOWHERE if chosen is None else self._units[at_machine(chosen)]
        search = Search(self.replay, here, self.failing, needs)
        runner_up = self._runner_up(here)
        asked = None
        if machine is not None:
            [asked] = self._verdicts(chosen, {self._units[machine]}, 1)
        return Reasons(
            job=want.job,
            revision=want.revision,
            part=want.part,
            pieces=want.pieces,
            chosen=chosen,
            unplaced=None if isinstance(answer, Placed) else answer.reason,
            runner_up=runner_up,
            difference=None
            if chosen is None or runner_up is None
            else difference(chosen, runner_up),
            others=tuple(
                self._verdicts(chosen, set(self._units.values()) - {here}, OTHERS_MAX)
            ),
            asked=asked,
            changes=search.run(),
            barred=barred(self.replay, self._wave, self.failing, chosen),
            untried=search.untried,
        )

    def _runner_up(self, here: int) -> Choice | None:
        units = self._arrays.slots.unit[self._survey.slots]
        for at in self._survey.total_ms.argsort(kind="stable").tolist():
            if units[at] != here:
                return choice(self._arrays, self._survey, at)
        return None

    def _verdicts(
        self, chosen: Choice | None, units: set[int], most: int
    ) -> Iterator[Verdict]:
        """Yield how machines stand with the row, the nearest first, each once."""
        left = set(units)
        for slot in nearest_first(self._survey):
            unit = int(self._arrays.slots.unit[slot])
            if unit in left and len(units) - len(left) < most:
                left.remove(unit)
                yield self._verdict(chosen, slot)

    def _verdict(self, chosen: Choice | None, slot: int) -> Verdict:
        arrays, survey = self._arrays, self._survey
        offered, rule = arrays.offered[slot], Rule(survey.failing[slot])
        machine = machine_of(offered)
        then = apart = None
        reason, wanted, limit = "costlier", "", ""
        if rule == Rule.COSTLIER:
            then = choice(arrays, survey, int(np.searchsorted(survey.slots, slot)))
        else:
            told = rejection(self._wave, survey, None, slot)
            reason, wanted, limit = told.reason, told.wanted, told.limit
        if chosen is not None and machine == at_machine(chosen):
            reason, wanted, limit, then = CHOSEN, "", "", chosen
        elif chosen is not None and then is not None:
            apart = difference(chosen, then)
            wanted, limit = apart.texts
        return Verdict(
            at=named(offered),
            reason=reason,
            wanted=wanted,
            limit=limit,
            choice=then,
            difference=apart,
            taken_by=JobId(limit) if rule == Rule.TAKEN else None,
            price_ms=self._prices.get(machine),
            opens_ms=self._opens_ms(slot),
        )

    def _opens_ms(self, slot: int) -> int | None:
        """Return when a slot's first window begins, if it has not begun."""
        slots = self._arrays.slots
        at = slice(slots.first[slot], slots.first[slot] + slots.count[slot])
        open_ = slots.start_ms[at] < slots.end_ms[at]
        first_ms = int(slots.start_ms[at].min(where=open_, initial=HORIZON_MS))
        if not 0 < first_ms < HORIZON_MS:
            return None
        return self._arrays.problem.moment_ms + first_ms


def find_machine(problem: Problem, name: str) -> Machine:
    """Return the machine on offer that `FACILITY/MACHINE@PEER` names.

    The peer may be cut short or left out where only one fits; otherwise InputError.
    """
    machine, _, peer = name.partition("@")
    found = {
        at
        for at in map(machine_of, problem.offered)
        if at[1] == machine and at[0].startswith(peer)
    }
    if not found:
        raise InputError("machine", "expected FACILITY/MACHINE@PEER of this plan")
    if len(found) > 1:
        raise InputError("machine", "expected more of the peer: several fit")
    return found.pop()


def machine_of(offered: Offered) -> Machine:
    """Return which machine it is that is offered."""
    return offered.peer, offered.offer.machine


def at_machine(chosen: Choice) -> Machine:
    """Return which machine was chosen."""
    return chosen.at.peer, chosen.at.machine


def _chosen(placed: Placed) -> Choice:
    at = Named(placed.peer, placed.machine, placed.machine_name, placed.facility_name)
    return Choice(at, placed.window, placed.distance_m, placed.terms)
