"""What should never be asked is refused by its name, or planned without harm."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import pytest

from fabnet.errors import InputError
from fabnet.production.offer import FreeWindow
from fabnet.production.plan import Placed, Plan, Problem, Unplaced
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import INT_MAX, JobId
from fabnet.scheduling.encode import encode
from fabnet.scheduling.explain.explain import explain
from fabnet.scheduling.model import NEED_PERMILLE_MAX, OFFERS_MAX, ROWS_MAX
from fabnet.scheduling.plan import plan
from tests.scheduling.oracle import plan_slowly
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    WEIGHTS,
    capability,
    offered,
    problem,
    requirement,
    wanted,
    window,
)

YEAR_9999_MS = 253_402_300_799_000


def planned(asked: Problem) -> Plan:
    """Return the plan of a problem, seen to be the slow one's and to be explained."""
    answers = plan(asked)
    assert answers == plan_slowly(asked)
    for want in asked.wanted:
        explain(answers, asked, want.job)
    return answers


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, 1.0, True, None, "1"]
)
@pytest.mark.parametrize("field", ["size_x_um", "size_y_um", "size_z_um", "mass_mg"])
def test_what_is_no_whole_number_is_refused_by_name(field: str, number: object) -> None:
    row = wanted(requirement=requirement(**{field: number}))
    with pytest.raises(InputError) as refused:
        encode(problem([row], [offered()]))
    assert refused.value.field == f"wanted[0].requirement.{field}"


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(WEIGHTS)])
@pytest.mark.parametrize("number", [math.nan, -1, 2**63, 2**64, 10**30])
def test_a_weight_that_is_none_is_refused_by_name(name: str, number: int) -> None:
    weights = dataclasses.replace(WEIGHTS, **{name: number})
    with pytest.raises(InputError) as refused:
        encode(problem([], [], weights))
    assert refused.value.field == f"weights.{name}"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_refused_by_name_and_never_wraps(
    number: int,
) -> None:
    rows = {"due_ms", "deadline_ms", "reference_s", "pieces", "need_weight", "radius_m"}
    for field in sorted(rows):
        with pytest.raises(InputError) as refused:
            encode(problem([wanted(**{field: number})], [offered()]))
        assert refused.value.field == f"wanted[0].{field}"
    for field in ("setup_s", "energy_w", "pace_permille"):
        with pytest.raises(InputError) as refused:
            encode(problem([wanted()], [offered(**{field: number})]))
        assert refused.value.field == f"offered[0].offer.{field}"
    beyond = FreeWindow(NOW_MS, number)
    with pytest.raises(InputError) as refused:
        encode(problem([wanted()], [offered(windows=(beyond,))]))
    assert refused.value.field == "offered[0].offer.windows[0].end_ms"


def test_the_largest_numbers_there_are_do_not_wrap() -> None:
    row = wanted(
        pieces=PIECES_MAX,
        reference_s=INT_MAX,
        due_ms=0,
        deadline_ms=INT_MAX,
        need_weight=NEED_PERMILLE_MAX,
        radius_m=INT_MAX,
        requirement=requirement(mass_mg=INT_MAX),
    )
    offer = offered(
        energy_w=INT_MAX, setup_s=INT_MAX, windows=(FreeWindow(0, INT_MAX),)
    )
    [answer] = planned(problem([row], [offer]))
    assert isinstance(answer, Unplaced)
    assert answer.reason == "closed"


def test_a_request_for_the_year_9999_is_planned_now() -> None:
    row = wanted(due_ms=YEAR_9999_MS, deadline_ms=YEAR_9999_MS)
    [answer] = planned(problem([row], [offered()]))
    assert isinstance(answer, Placed)
    assert answer.window.start_ms == NOW_MS
    far = offered(windows=(FreeWindow(YEAR_9999_MS - HOUR_MS, YEAR_9999_MS),))
    [answer] = planned(problem([row], [far]))
    assert isinstance(answer, Unplaced)
    assert answer.reason == "closed"


def test_without_machines_each_row_says_so() -> None:
    answers = planned(problem([wanted("a"), wanted("b")], []))
    assert [each.reason for each in answers if isinstance(each, Unplaced)] == [
        "no-machine",
        "no-machine",
    ]
    [told] = explain(answers, problem([wanted("a"), wanted("b")], []), JobId("a")).rows
    assert (told.unplaced, told.others, told.changes) == ("no-machine", (), ())


def test_what_fits_nowhere_is_told_the_nearest_miss() -> None:
    offers = [
        offered("shop/wrong", capability=capability(process="sew")),
        offered("shop/small", capability=capability(size_x_um=1)),
        offered("shop/shut", windows=()),
        offered("shop/off", state="offline"),
    ]
    [answer] = planned(problem([wanted()], offers))
    assert isinstance(answer, Unplaced)
    assert answer.reason == "closed"
    assert [other.machine for other in answer.others] == [
        "shop/shut",
        "shop/off",
        "shop/small",
        "shop/wrong",
    ]


def test_a_crowd_before_one_machine_fills_it_and_the_rest_is_told_who_took_it() -> None:
    rows = [wanted(f"job-{at:04}", pieces=1) for at in range(2_000)]
    answers = plan(problem(rows, [offered(windows=(window(0, 336),))]))
    placed = [each for each in answers if isinstance(each, Placed)]
    ends = [each.window.end_ms for each in placed]
    assert len(placed) == 336 * 2
    assert [each.window.start_ms for each in placed[1:]] == ends[:-1]
    left = [each for each in answers if isinstance(each, Unplaced)]
    assert {(each.reason, len(each.others)) for each in left} == {("taken", 1)}


def test_more_than_one_problem_holds_is_refused_by_name() -> None:
    crowd = problem([wanted()] * (ROWS_MAX + 1), [])
    city = problem([], [offered()] * (OFFERS_MAX + 1))
    for name, asked in (("wanted", crowd), ("offered", city)):
        with pytest.raises(InputError) as refused:
            encode(asked)
        assert refused.value.field == name
        assert "expected at most" in refused.value.expected


def test_where_all_costs_are_equal_names_decide_and_each_gets_its_own() -> None:
    nothing = dataclasses.replace(
        WEIGHTS, late_permille=0, distance_s_per_km=0, co2_s_per_kg=0, own_first_s=0
    )
    rows = [wanted(f"job-{at:02}") for at in range(20)]
    offers = [offered(f"shop/{at:02}") for at in range(20)]
    answers = planned(problem(rows[::-1], offers[::-1], nothing))
    placed = [each for each in answers if isinstance(each, Placed)]
    assert [(each.job, each.machine) for each in placed] == [
        (f"job-{at:02}", f"shop/{at:02}") for at in reversed(range(20))
    ]


def test_calendars_that_contradict_themselves_give_no_time_twice() -> None:
    tangled = (
        window(0, 5),
        window(0, 5),
        window(2, 8),
        window(7, 6),
        window(-9, -1),
        window(3, 3),
    )
    wide = capability(process="3d-printing.fdm.wide")
    offers = [
        offered(windows=tangled),
        offered(windows=(window(1, 4),), capability=wide),
    ]
    rows = [wanted(f"job-{at}", pieces=1, reference_s=3_000) for at in range(9)]
    answers = planned(problem(rows, offers))
    windows = sorted(
        (each.window.start_ms, each.window.end_ms)
        for each in answers
        if isinstance(each, Placed)
    )
    assert len(windows) == 8
    assert all(before[1] <= after[0] for before, after in pairwise(windows))
