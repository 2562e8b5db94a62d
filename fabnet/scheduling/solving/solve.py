"""From a problem to a plan that is worth acting on, and how near it is to the best.

One row goes where it costs least, and nothing can beat that. Where several wait, the
wave's plan is improved and held against a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabnet.production.plan import Problem, Solved
from fabnet.scheduling.plan import plan
from fabnet.scheduling.solving.improve import improve
from fabnet.scheduling.solving.prove import prove


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried, in counts and not in seconds: the same gives the same plan."""

    tries: int = 20_000
    """Of taking a lot up and putting it elsewhere."""
    passes: int = 100
    """In which prices for the machines' time are learnt."""
    seed: int = 0


def solve(problem: Problem, effort: Effort) -> Solved:
    """Return a plan of a problem and its certificate, or raise InputError."""
    found = plan(problem)
    if len(found) > 1:
        found = improve(problem, found, effort.tries, effort.seed)
    return Solved(found, prove(problem, found, effort.passes))
