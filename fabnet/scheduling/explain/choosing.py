"""From the columns of a survey to one machine, its window and its terms."""

from __future__ import annotations

from fabnet.production.place import distance_m
from fabnet.production.plan import Offered, Term
from fabnet.records.ids import Window
from fabnet.scheduling.cost import TERMS
from fabnet.scheduling.explain.explanation import Choice, Difference, Named
from fabnet.scheduling.model import Encoded
from fabnet.scheduling.wave import Survey


def named(offered: Offered) -> Named:
    """Return whose machine it is that is offered, and what it is called."""
    return Named(
        offered.peer,
        offered.offer.machine,
        offered.machine_name,
        offered.facility_name,
    )


def choice(arrays: Encoded, survey: Survey, at: int) -> Choice:
    """Return one of the slots that would do; `at` is an index of `survey.slots`."""
    problem = arrays.problem
    offered = arrays.offered[int(survey.slots[at])]
    return Choice(
        named(offered),
        Window(
            problem.moment_ms + int(survey.start_ms[at]),
            problem.moment_ms + int(survey.end_ms[at]),
        ),
        distance_m(problem.wanted[survey.row].place, offered.place),
        tuple(map(Term, TERMS, survey.terms[:, at].tolist())),
    )


def difference(chosen: Choice, other: Choice) -> Difference:
    """Return the term in which the other is worse by most; ties to the first."""
    pairs = list(zip(chosen.terms, other.terms, strict=True))
    mine, theirs = max(pairs, key=lambda pair: pair[1].cost_ms - pair[0].cost_ms)
    return Difference(mine.name, mine.cost_ms, theirs.cost_ms)
