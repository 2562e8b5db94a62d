"""What is named as a change does change the plan, and nothing smaller of it does."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.production.place import Place
from fabnet.production.plan import Placed, Plan, Problem, Wanted
from fabnet.records.ids import PeerId
from fabnet.scheduling.explain.changes import (
    MATERIALS_TRIED_MAX,
    MINUTE_MS,
    OVERTAKEN_MAX,
    RADIUS_STEP_M,
)
from fabnet.scheduling.explain.explain import explain
from fabnet.scheduling.explain.explanation import Change, Reasons
from fabnet.scheduling.plan import plan
from tests.scheduling.oracle import plan_slowly
from tests.scheduling.problems import (
    DETROIT,
    HOUR_MS,
    JACKSON,
    NOW_MS,
    capability,
    crowded,
    offered,
    problem,
    problems,
    requirement,
    wanted,
    window,
)

NEEDS = {"life": 5_000, "learning": 1_500, "other": 999}
CENTRE = Place(0, 0, 0, 0, 0)
Machine = tuple[str, str]


def why(asked: Problem, row: int = 0) -> Reasons:
    want = asked.wanted[row]
    told = explain(plan(asked), asked, want.job, needs=NEEDS)
    [reasons] = [each for each in told.rows if each.part == want.part]
    return reasons


def asking(want: Wanted, kind: str, value: int | str) -> Wanted:
    """Return a row that asks for one thing otherwise."""
    match kind, value:
        case "due", int(due_ms):
            return dataclasses.replace(want, due_ms=due_ms)
        case "deadline", int(deadline_ms):
            return dataclasses.replace(want, deadline_ms=deadline_ms)
        case "radius", int(radius_m):
            return dataclasses.replace(want, radius_m=radius_m)
        case "need", str(code):
            return dataclasses.replace(want, need_weight=NEEDS[code])
        case _:
            materials = (*want.requirement.materials, str(value))
            need = msgspec.structs.replace(want.requirement, materials=materials)
            return dataclasses.replace(want, requirement=need)


def instead(asked: Problem, row: int, kind: str, value: int | str) -> Problem:
    rows = list(asked.wanted)
    rows[row] = asking(rows[row], kind, value)
    return dataclasses.replace(asked, wanted=tuple(rows))


def machine_in(answers: Plan, row: int) -> Machine | None:
    answer = answers[row]
    return (answer.peer, answer.machine) if isinstance(answer, Placed) else None


def is_elsewhere(asked: Problem, row: int, kind: str, value: int | str) -> bool:
    """Whether a change places the row, and on another machine than now."""
    then = machine_in(plan(instead(asked, row, kind, value)), row)
    return then is not None and then != machine_in(plan(asked), row)


# ------------------------------------------------------------------ each kind


def test_the_radius_named_is_that_of_the_nearest_machine_that_would_do() -> None:
    at = {name: Place(metres, 0, 0, 0, 0) for name, metres in (("a", 70), ("b", 60))}
    offers = [
        offered(f"shop/{name}", place=Place(place.x_m * 1_000, 0, 0, 0, 0))
        for name, place in at.items()
    ]
    wrong = offered("shop/c", place=Place(10_000, 0, 0, 0, 0), state="offline")
    told = why(problem([wanted(place=CENTRE, radius_m=5_500)], [*offers, wrong]))
    [change] = told.changes
    assert (change.kind, change.was, change.becomes) == ("radius", 5_500, 60_000)
    assert change.choice.at.machine == "shop/b"


def test_the_deadline_named_is_when_the_next_machine_could_be_ready() -> None:
    late = offered("shop/late", windows=(window(5, 9),))
    later = offered("shop/later", windows=(window(6, 9),))
    row = wanted(due_ms=NOW_MS + HOUR_MS, deadline_ms=NOW_MS + 2 * HOUR_MS)
    [change] = why(problem([row], [later, late])).changes
    ready_ms = NOW_MS + 5 * HOUR_MS + 7_800_000
    assert (change.kind, change.choice.at.machine) == ("deadline", "shop/late")
    assert ready_ms <= int(change.becomes) < ready_ms + MINUTE_MS


def test_every_material_that_would_do_is_named_the_cheapest_first() -> None:
    oak = offered("shop/oak", capability=capability(materials=("oak",)), setup_s=900)
    ash = offered("shop/ash", capability=capability(materials=("ash",)))
    small = capability(materials=("elm",), size_x_um=1)
    told = why(problem([wanted()], [oak, ash, offered("shop/s", capability=small)]))
    assert [(it.kind, it.was, it.becomes) for it in told.changes] == [
        ("material", "pla", "ash"),
        ("material", "pla", "oak"),
    ]


def test_a_sooner_due_time_takes_the_faster_machine_that_is_far_away() -> None:
    near = offered("shop/near", windows=(window(10, 20),), place=JACKSON)
    far = offered("shop/far", windows=(window(8, 20),), place=DETROIT)
    told = why(problem([wanted(due_ms=NOW_MS + 13 * HOUR_MS)], [near, far]))
    [change] = told.changes
    assert told.chosen is not None
    assert told.chosen.at.machine == "shop/near"
    assert (change.kind, change.choice.at.machine) == ("due", "shop/far")
    assert int(change.becomes) < int(change.was)


def test_a_greater_need_comes_before_the_row_that_took_the_machine() -> None:
    row = wanted("b", need_weight=1_000)
    first = wanted("a", need_weight=1_200)
    [change] = [
        it
        for it in why(problem([row, first], [offered(windows=(window(0, 3),))])).changes
        if it.kind == "need"
    ]
    assert (change.was, change.becomes) == ("", "learning")
    assert change.choice.window.start_ms == NOW_MS


def test_a_request_that_asks_for_nothing_special_has_nothing_to_change() -> None:
    told = why(problem([wanted()], [offered()]))
    assert told.changes == ()
    assert told.untried == 0


def test_a_row_without_a_radius_or_deadline_is_told_of_neither() -> None:
    told = why(problem([wanted(due_ms=NOW_MS)], [offered(), offered("shop/z")]))
    assert not {"radius", "deadline"} & {it.kind for it in told.changes}


# ------------------------------------------------------------------ limits


def test_of_many_materials_so_many_are_tried_and_the_rest_is_counted() -> None:
    offers = [
        offered(f"shop/{kind}", capability=capability(materials=(f"wood-{kind:02}",)))
        for kind in range(MATERIALS_TRIED_MAX + 5)
    ]
    told = why(problem([wanted()], offers))
    assert len(told.changes) == MATERIALS_TRIED_MAX
    assert told.untried == 5


def test_a_need_that_would_overtake_too_many_is_counted_as_not_tried() -> None:
    def told(before: int) -> Reasons:
        rows = [
            wanted(f"a{at:03}", pieces=1, need_weight=2_000) for at in range(before)
        ]
        asked = problem([wanted("z", need_weight=1_500), *rows], [offered()])
        return why(asked)

    assert told(OVERTAKEN_MAX).untried == 0
    assert told(OVERTAKEN_MAX + 1).untried > 0


# ------------------------------------------------------------------ always


def named_changes(asked: Problem) -> list[tuple[int, Change]]:
    answers = plan(asked)
    return [
        (row, change)
        for row, want in enumerate(asked.wanted)
        for each in explain(answers, asked, want.job, needs=NEEDS).rows
        if each.part == want.part
        for change in each.changes
    ]


@settings(max_examples=30, deadline=None)
@given(problems | crowded)
def test_a_named_change_really_places_the_row_there(asked: Problem) -> None:
    for row, change in named_changes(asked):
        before = machine_in(plan_slowly(asked), row)
        after = plan_slowly(instead(asked, row, change.kind, change.becomes))[row]
        assert isinstance(after, Placed), change
        assert (after.peer, after.machine) != before
        assert (after.peer, after.machine) == (
            change.choice.at.peer,
            change.choice.at.machine,
        )
        assert (after.window, after.terms, after.distance_m) == (
            change.choice.window,
            change.choice.terms,
            change.choice.distance_m,
        )


@settings(max_examples=80, deadline=None)
@given(problems | crowded, st.data())
def test_nothing_smaller_than_what_is_named_would_do(
    asked: Problem, data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, len(asked.wanted) - 1))
    want = asked.wanted[row]
    told = why(asked, row)
    for kind, least, most, step in searched(want):
        named = [
            int(it.becomes)
            for it in told.changes
            if it.kind == kind and (it.becomes > it.was) == (step > 0)  # type: ignore[operator]  # both are numbers here
        ]
        end = named[0] - step if named else most
        count = (end - least) // step
        if count < 0:
            continue
        value = least + step * data.draw(st.integers(0, count))
        assert not is_elsewhere(asked, row, kind, value), (kind, value, named)


def searched(want: Wanted) -> list[tuple[str, int, int, int]]:
    """Return each stretch that was searched: kind, first, last, and step."""
    day_ms = 86_400_000
    least = max(want.due_ms, NOW_MS) // MINUTE_MS * MINUTE_MS + MINUTE_MS
    most = NOW_MS + 14 * day_ms
    if want.deadline_ms is not None:
        most = min(most, want.deadline_ms)
    found = [
        ("due", (want.due_ms - 1) // MINUTE_MS * MINUTE_MS, NOW_MS + 1, -MINUTE_MS),
        ("due", least, most, MINUTE_MS),
    ]
    if want.radius_m is not None:
        near_m = -(-want.radius_m // RADIUS_STEP_M) * RADIUS_STEP_M
        found.append(("radius", near_m, 25_000_000, RADIUS_STEP_M))
    if want.deadline_ms is not None and want.deadline_ms >= want.due_ms:
        near_ms = -(-want.deadline_ms // MINUTE_MS) * MINUTE_MS
        found.append(("deadline", near_ms, NOW_MS + 20 * day_ms, MINUTE_MS))
    return found


@settings(max_examples=20, deadline=None)
@given(problems | crowded)
def test_a_material_or_need_that_is_not_named_would_not_do(asked: Problem) -> None:
    for row, want in enumerate(asked.wanted):
        told = why(asked, row).changes
        named: set[tuple[str, int | str]] = {(it.kind, it.becomes) for it in told}
        for code in nearer_needs(want, named):
            assert not is_elsewhere(asked, row, "need", code)
        for material in ("ash", "oak", "pla") if want.requirement.materials else ():
            if ("material", material) not in named:
                assert not is_elsewhere(asked, row, "material", material)


def nearer_needs(want: Wanted, named: set[tuple[str, int | str]]) -> list[str]:
    """Return the needs that are nearer to the row's own than those named."""
    own = want.need_weight
    apart = [NEEDS[str(value)] - own for kind, value in named if kind == "need"]
    least = max((each for each in apart if each < 0), default=-(10**6))
    most = min((each for each in apart if each > 0), default=10**6)
    return [
        code
        for code, weight in NEEDS.items()
        if weight != own and least < weight - own < most
    ]


@pytest.mark.parametrize("process", ["cut", "sew"])
def test_a_process_is_never_among_what_could_be_changed(process: str) -> None:
    saw = offered(capability=capability(process=process))
    assert why(problem([wanted()], [saw])).changes == ()


def test_the_machines_peer_tells_two_machines_of_one_name_apart() -> None:
    far = offered(place=DETROIT, peer=PeerId("peer-2"))
    told = why(problem([wanted(radius_m=1_000)], [offered(windows=()), far]))
    [change] = told.changes
    assert change.choice.at.peer == "peer-2"
    assert requirement().materials == ("pla",)


def test_sooner_and_later_meet_at_the_same_minute_whatever_is_overtaken() -> None:
    near = offered("shop/near", windows=(window(10, 20),))
    far = offered("shop/far", windows=(window(8, 20),), place=DETROIT)
    loom = offered("shop/loom", capability=capability(process="sew"))
    sewn = [
        wanted(f"b{at}", requirement=requirement(process="sew"), due_ms=NOW_MS + due)
        for at, due in enumerate(range(HOUR_MS, 20 * HOUR_MS, HOUR_MS))
    ]
    sooner, much_sooner, later = (
        why(
            problem([wanted(due_ms=NOW_MS + hours * HOUR_MS), *sewn], [near, far, loom])
        )
        for hours in (14, 10**7, 8)
    )
    assert later.chosen is not None
    assert later.chosen.at.machine == "shop/far"
    [least] = [it for it in later.changes if it.kind == "due"]
    [most] = [it for it in sooner.changes if it.kind == "due"]
    assert [it.becomes for it in much_sooner.changes] == [most.becomes]
    assert int(least.becomes) == int(most.becomes) + MINUTE_MS
