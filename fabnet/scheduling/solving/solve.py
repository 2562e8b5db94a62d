"""From a problem to a plan that is worth acting on, and how near it is to the best.

One row goes where it costs least, and nothing can beat that. Where several wait, the
wave's plan is improved and held against a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.production.plan import Problem, Solved
from fabnet.scheduling.encode import encode
from fabnet.scheduling.plan import planned
from fabnet.scheduling.solving.improve import improved
from fabnet.scheduling.solving.prove import proven


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried, in counts and not in seconds: the same gives the same plan."""

    tries: int = 20_000
    """Of taking a lot up and putting it elsewhere."""
    passes: int = 100
    """In which prices for the machines' time are learnt."""
    seed: int = 0
    rows: int = 5_000
    """More than these stand as the wave placed them."""


LITTLE: Final = Effort(tries=2_000, passes=20, rows=200)
"""For a node without compiled loops: seconds, where `Effort()` would take minutes."""


def solve(problem: Problem, effort: Effort) -> Solved:
    """Return a plan of a problem and its certificate, or raise InputError."""
    arrays = encode(problem)
    found = planned(arrays)
    if 1 < len(found) <= effort.rows:
        found = improved(arrays, found, effort.tries, effort.seed)
    return Solved(found, proven(arrays, found, effort.passes))
