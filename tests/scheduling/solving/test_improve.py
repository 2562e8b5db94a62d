"""An improved plan answers the same rows, keeps every limit, and is never worse."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.production.plan import Offered, Placed, Plan, Problem, Unplaced, Wanted
from fabnet.records.ids import INT_MAX
from fabnet.scheduling.model import WEIGHTS_MAX
from fabnet.scheduling.plan import plan
from fabnet.scheduling.solving.improve import improve
from fabnet.scheduling.solving.queueing import WIDTH_MAX
from tests.scheduling.oracle import costs, judge, machine_of
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    crowded,
    offered,
    problem,
    problems,
    wanted,
    window,
)

both = problems | crowded


def _in_all(answers: Plan) -> tuple[int, int]:
    """Return how many rows are not placed, and what the others cost."""
    lots = [each for each in answers if isinstance(each, Placed)]
    return len(answers) - len(lots), sum(lot.cost_ms for lot in lots)


@settings(max_examples=120, deadline=None)
@given(both, st.integers(0, 99))
def test_every_row_is_answered_and_no_plan_gets_worse(
    asked: Problem, seed: int
) -> None:
    before = plan(asked)
    after = improve(asked, before, 100, seed)
    assert _in_all(after) <= _in_all(before)
    for want, was, answer in zip(asked.wanted, before, after, strict=True):
        assert (answer.job, answer.part) == (want.job, want.part)
        assert isinstance(answer, Placed) or isinstance(was, Unplaced)


@settings(max_examples=120, deadline=None)
@given(both)
def test_what_is_placed_is_what_an_offer_allows_at_the_cost_that_it_has(
    asked: Problem,
) -> None:
    after = improve(asked, plan(asked), 100, 1)
    for want, answer in zip(asked.wanted, after, strict=True):
        if isinstance(answer, Placed):
            assert any(_kept(asked, want, each, answer) for each in asked.offered)


def _kept(asked: Problem, want: Wanted, each: Offered, answer: Placed) -> bool:
    run_s = -(-want.pieces * want.reference_s * 1_000 // each.offer.pace_permille)
    length_ms = max(1, 1_000 * (each.offer.setup_s + run_s))
    return (
        (*machine_of(each), each.version)
        == (answer.peer, answer.machine, answer.version)
        # Alone on that machine, the oracle lets it in.
        and judge(asked, want, each, {}).window is not None
        and answer.window.end_ms - answer.window.start_ms == length_ms
        and any(
            max(free.start_ms, NOW_MS) <= answer.window.start_ms
            and answer.window.end_ms <= free.end_ms
            for free in each.offer.windows
        )
        and (want.deadline_ms is None or answer.window.end_ms <= want.deadline_ms)
        and costs(asked, want, each, answer.window, run_s) == answer.terms
    )


@settings(max_examples=100, deadline=None)
@given(both)
def test_no_machine_makes_two_lots_at_once(asked: Problem) -> None:
    lots: dict[tuple[str, str], list[Placed]] = {}
    for answer in improve(asked, plan(asked), 100, 1):
        if isinstance(answer, Placed):
            lots.setdefault((answer.peer, answer.machine), []).append(answer)
    for line in lots.values():
        line.sort(key=lambda each: each.window.start_ms)
        assert not any(
            one.window.overlaps(next_.window) for one, next_ in pairwise(line)
        )


@settings(max_examples=40, deadline=None)
@given(both, st.integers(0, 99))
def test_the_same_seed_gives_the_same_plan(asked: Problem, seed: int) -> None:
    before = plan(asked)
    assert improve(asked, before, 50, seed) == improve(asked, before, 50, seed)


def _unlucky() -> Problem:
    """Short lots of little need, that the greedy plan lets wait for a long one."""
    long = wanted("long", pieces=40, due_ms=NOW_MS + HOUR_MS)
    short = [
        wanted(f"short-{at}", pieces=1, due_ms=NOW_MS + 15 * HOUR_MS) for at in range(3)
    ]
    return problem([long, *short], [offered(windows=(window(0, 100),))])


def test_short_lots_go_before_a_long_one_where_that_is_cheaper() -> None:
    asked = _unlucky()
    before, after = plan(asked), improve(asked, plan(asked), 0, 1)
    assert _in_all(after) < _in_all(before)
    starts = [each.window.start_ms for each in after if isinstance(each, Placed)]
    assert starts[0] == max(starts)


def test_a_plan_of_other_offers_is_refused_by_its_row() -> None:
    asked = _unlucky()
    newer = dataclasses.replace(asked, offered=(offered(version=8),))
    with pytest.raises(InputError, match=r"plan\[0\]"):
        improve(newer, plan(asked), 10, 1)
    with pytest.raises(InputError, match="plan"):
        improve(asked, (), 10, 1)


def test_a_plan_with_two_lots_at_once_is_refused() -> None:
    tight = problem(
        [wanted("a", pieces=1), wanted("b", pieces=1)],
        [
            offered(windows=(window(0, 0.5),)),
            offered("shop/two", windows=(window(0, 1),)),
        ],
    )
    first, second = plan(tight)
    assert isinstance(first, Placed)
    twice = (first, dataclasses.replace(first, job=second.job))
    with pytest.raises(InputError, match="plan"):
        improve(tight, twice, 10, 1)


def test_costs_that_do_not_fit_leave_the_plan_as_it_is() -> None:
    rows = [
        wanted(f"job-{at}", due_ms=0, need_weight=1_000_000, pieces=1 + at)
        for at in range(300)
    ]
    asked = problem(rows, [offered(energy_w=INT_MAX)], WEIGHTS_MAX)
    before = plan(asked)
    assert improve(asked, before, 10, 1) == before


def test_nothing_wanted_and_nothing_offered_is_no_problem() -> None:
    for asked in (problem([], []), problem([wanted()], []), problem([], [offered()])):
        assert improve(asked, plan(asked), 10, 1) == plan(asked)


def test_a_row_on_the_dearest_of_many_machines_finds_a_cheaper_one() -> None:
    far = offered("shop/slow", pace_permille=100)
    near = [
        offered(f"shop/{at}", pace_permille=1_000 + at) for at in range(WIDTH_MAX + 6)
    ]
    row = wanted("a", pieces=4)
    before = plan(problem([row], [far]))
    (after,) = improve(problem([row], [far, *near]), before, 0, 1)
    assert isinstance(after, Placed)
    assert after.machine == f"shop/{WIDTH_MAX + 5}"
