"""The newest plans, kept in memory so that one can still ask why.

A plan is a proposal and no record: what is kept of it for good is the story. Here are
the problem and the answer of the plan that each row of a job was last part of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fabnet.node.clock import Clock
from fabnet.production.plan import Certificate, Placed, Plan, Problem, Solved
from fabnet.records.ids import JobId, MachineId, PeerId
from fabnet.scheduling.explain.explanation import Explanation, Reasons

PLANS_MAX: Final = 16
"""Plans kept; of one that is pushed out nobody can ask why any more."""
ENTRIES_MAX: Final = 250_000
"""Offers and rejections in all plans kept, some 50 MB; the oldest plans go first, and
the newest stays whatever it holds."""

Row = tuple[str, str, str]
"""Job, revision and part."""
Machine = tuple[PeerId, MachineId]


@dataclass(slots=True)
class _Kept:
    problem: Problem
    plan: Plan
    certificate: Certificate | None
    entries: int
    told: dict[JobId, Explanation] = field(default_factory=dict)
    """What was explained already: a page asks again and again."""


@dataclass(frozen=True, slots=True)
class Told:
    """The reasons of one row, and when it was planned."""

    planned_ms: int
    reasons: Reasons
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class Planned:
    """What one plan came to."""

    rows: int
    placed: int
    cost_ms: int
    """Of the rows it placed, in milliseconds of waiting."""
    bound_ms: int
    """What no plan that places these rows can cost less than."""
    took_ms: int


@dataclass(slots=True)
class Plans:
    """Makes plans in a thread, and remembers them."""

    clock: Clock
    made: int = 0
    """Plans made since the start."""
    latest: Planned | None = None
    """What the newest came to; nil before the first."""
    _kept: dict[int, _Kept] = field(default_factory=dict)
    _newest: dict[Row, int] = field(default_factory=dict)
    _last: int = 0

    @property
    def count(self) -> int:
        """How many plans are remembered."""
        return len(self._kept)

    def forget(self) -> None:
        """Remember none, as after a start."""
        self._kept.clear()
        self._newest.clear()

    async def plan(self, problem: Problem) -> Solved:
        """Return the plan of a problem, and remember both."""
        # numpy is loaded when there is something to plan, and not before.
        begun_ms = self.clock.now().tick_ms
        solved = await asyncio.to_thread(_plan_now, problem)
        made, certificate = solved.plan, solved.certificate
        self.made += 1
        self.latest = Planned(
            rows=len(made),
            placed=sum(isinstance(each, Placed) for each in made),
            cost_ms=certificate.cost_ms,
            bound_ms=certificate.bound_ms,
            took_ms=self.clock.now().tick_ms - begun_ms,
        )
        self.remember(problem, made, certificate)
        return solved

    def remember(
        self, problem: Problem, plan: Plan, certificate: Certificate | None = None
    ) -> None:
        """Keep a plan as the newest of all its rows; forget what is beyond bounds."""
        self._last += 1
        entries = len(problem.offered) + sum(len(each.others) for each in plan)
        self._kept[self._last] = _Kept(problem, plan, certificate, entries)
        for want in problem.wanted:
            self._newest[want.job, want.revision, want.part] = self._last
        used = set(self._newest.values())
        for number in [number for number in self._kept if number not in used]:
            del self._kept[number]
        while len(self._kept) > 1 and not self._is_bounded():
            del self._kept[next(iter(self._kept))]
        self._newest = {
            row: number for row, number in self._newest.items() if number in self._kept
        }

    async def explain(
        self,
        job: JobId,
        machine: str | None,
        needs: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> list[Told] | None:
        """Return why each row of a job is where it is; nil when no plan is remembered.

        `machine` is `FACILITY/MACHINE@PEER`; the peer may be left out where it is
        plain. Raises InputError for one that was not on offer. `needs` gives the codes
        that could be asserted, with their weights.
        """
        rows = {row: number for row, number in self._newest.items() if row[0] == job}
        told: list[Told] = []
        for number in sorted(set(rows.values())):
            kept = self._kept[number]
            explanation = None if machine is not None else kept.told.get(job)
            if explanation is None:
                weights = await needs()
                explanation = await asyncio.to_thread(
                    _explain_now, kept, job, machine, weights
                )
            if machine is None:
                kept.told[job] = explanation
            told += [
                Told(kept.problem.moment_ms, reasons, explanation.certificate)
                for reasons in explanation.rows
                if rows.get((job, reasons.revision, reasons.part)) == number
            ]
        return told or None

    def _is_bounded(self) -> bool:
        entries = sum(kept.entries for kept in self._kept.values())
        return len(self._kept) <= PLANS_MAX and entries <= ENTRIES_MAX


def _plan_now(problem: Problem) -> Solved:
    from fabnet.scheduling import fast  # noqa: PLC0415  # see Plans.plan
    from fabnet.scheduling.solving.solve import (  # noqa: PLC0415  # as above
        LITTLE,
        Effort,
        solve,
    )

    return solve(problem, Effort() if fast.FAST else LITTLE)


def _explain_now(
    kept: _Kept, job: JobId, machine: str | None, needs: Mapping[str, int]
) -> Explanation:
    from fabnet.scheduling.explain.explain import (  # noqa: PLC0415  # as above
        explain,
        find_machine,
    )

    at = None if machine is None else find_machine(kept.problem, machine)
    return explain(
        kept.plan, kept.problem, job, at, needs=needs, certificate=kept.certificate
    )
