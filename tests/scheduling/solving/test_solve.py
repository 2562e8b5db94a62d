"""A plan to act on: never worse than the wave's, and never cheaper than its bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings

from fabnet.errors import InputError
from fabnet.production.plan import Placed, Plan, Problem
from fabnet.scheduling.plan import plan
from fabnet.scheduling.solving.prove import prove
from fabnet.scheduling.solving.solve import Effort, solve
from tests.scheduling.oracle import Taken, judge, machine_of
from tests.scheduling.problems import (
    BARCELONA,
    crowded,
    offered,
    problem,
    problems,
    wanted,
)

both = problems | crowded
LITTLE = Effort(tries=200, passes=20)


def _placed(answers: Plan) -> list[Placed]:
    return [each for each in answers if isinstance(each, Placed)]


def _cheapest_ms(asked: Problem, rows: tuple[int, ...], taken: Taken) -> int | None:
    """Return what these rows cost at best, tried in every way, in this order."""
    if not rows:
        return 0
    want, best = asked.wanted[rows[0]], None
    for each in asked.offered:
        verdict = judge(asked, want, each, taken)
        if verdict.window is None:
            continue
        machine = machine_of(each)
        lots = [*taken.get(machine, []), (verdict.window, want)]
        rest = _cheapest_ms(asked, rows[1:], {**taken, machine: lots})
        if rest is not None and (best is None or rest + verdict.cost_ms < best):
            best = rest + verdict.cost_ms
    return best


@settings(max_examples=100, deadline=None)
@given(both)
def test_a_row_that_is_not_made_is_as_if_nobody_had_asked_for_it(
    asked: Problem,
) -> None:
    found = plan(asked)
    made = [at for at, each in enumerate(found) if isinstance(each, Placed)]
    rest = replace(asked, wanted=tuple(asked.wanted[at] for at in made))
    assert prove(asked, found, 30) == prove(rest, tuple(_placed(found)), 30)


@settings(max_examples=100, deadline=None)
@given(both)
def test_no_plan_of_the_same_rows_undercuts_the_bound_or_is_dearer_than_it_says(
    asked: Problem,
) -> None:
    asked = replace(asked, wanted=asked.wanted[:3], offered=asked.offered[:4])
    greedy = plan(asked)
    sure, made = prove(asked, greedy, 30), _placed(greedy)
    assert sure.cost_ms == sum(each.cost_ms for each in made)
    rows = [at for at, each in enumerate(greedy) if isinstance(each, Placed)]
    costs = [_cheapest_ms(asked, order, {}) for order in permutations(rows)]
    best = min(cost for cost in costs if cost is not None)
    assert sure.bound_ms <= best <= sure.cost_ms


@settings(max_examples=60, deadline=None)
@given(both)
def test_as_many_rows_are_placed_as_one_by_one_and_for_no_more(asked: Problem) -> None:
    before, after = _placed(plan(asked)), _placed(solve(asked, LITTLE).plan)
    assert len(after) >= len(before)
    if len(after) == len(before):
        before_ms = sum(each.cost_ms for each in before)
        assert sum(each.cost_ms for each in after) <= before_ms


def test_one_request_goes_where_it_costs_least_and_is_proven_to() -> None:
    asked = problem([wanted()], [offered("a/far", place=BARCELONA), offered("a/near")])

    solved = solve(asked, Effort())

    assert [each.machine for each in _placed(solved.plan)] == ["a/near"]
    assert solved.certificate.gap_permyriad == 0


def test_where_many_wait_for_one_machine_the_short_go_first_and_it_is_proven() -> None:
    rows = [wanted(f"job-{pieces}", pieces=pieces) for pieces in (9, 1, 5, 2)]

    solved = solve(problem(rows, [offered("shop/only")]), Effort())

    ends = {each.job: each.window.end_ms for each in _placed(solved.plan)}
    assert sorted(ends, key=lambda job: ends[job]) == [
        "job-1",
        "job-2",
        "job-5",
        "job-9",
    ]
    assert solved.certificate.gap_permyriad <= 100


def test_a_problem_without_offers_costs_nothing_and_proves_it() -> None:
    solved = solve(problem([wanted("a"), wanted("b")], []), Effort())

    assert not _placed(solved.plan)
    assert (solved.certificate.cost_ms, solved.certificate.bound_ms) == (0, 0)


def test_the_same_effort_gives_the_same_plan() -> None:
    rows = [wanted(f"job-{at}", pieces=at % 4 + 1) for at in range(12)]
    asked = problem(rows, [offered(f"shop/{at}") for at in range(3)])

    assert solve(asked, LITTLE) == solve(asked, LITTLE)


def test_a_row_that_no_offer_would_do_for_was_not_planned_on_these() -> None:
    made = plan(problem([wanted("a")], [offered()]))

    with pytest.raises(InputError, match="these offers"):
        prove(problem([wanted("a")], []), made, 1)


def test_an_answer_too_few_is_no_plan() -> None:
    asked = problem([wanted("a"), wanted("b")], [offered()])

    with pytest.raises(InputError, match="expected 2 answers"):
        prove(asked, plan(asked)[:1], 1)
