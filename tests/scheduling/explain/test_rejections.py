"""Why this machine, and why not the others."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings

from fabnet.production.place import Place
from fabnet.production.plan import Offered, Placed, Problem, Rejection, Unplaced
from fabnet.records.ids import CharterId, MachineId, PeerId
from fabnet.scheduling.explain.rejections import OTHERS_MAX
from fabnet.scheduling.plan import plan
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    WEIGHTS,
    capability,
    offered,
    problem,
    problems,
    requirement,
    wanted,
    window,
)

CENTRE = Place(0, 0, 0, 0, 0)


def _why_not(offer: Offered, **changes: object) -> tuple[str, str, str]:
    [answer] = plan(problem([wanted("job-1", **changes)], [offer]))
    [other] = answer.others
    return other.reason, other.wanted, other.limit


def test_a_capability_that_misses_says_by_how_much() -> None:
    low = offered(capability=capability(size_y_um=90_000, materials=("abs", "pla")))
    cube = requirement(size_x_um=100_000, size_y_um=150_000, size_z_um=100_000)
    resin = requirement(materials=("resin", "wax"))
    fine = requirement(nozzle_um=250)
    assert [
        _why_not(low, requirement=cube),
        _why_not(low, requirement=resin),
        _why_not(low, requirement=fine),
    ] == [
        ("size", "150 × 100 × 100 mm", "200 × 200 × 90 mm"),
        ("material", "resin wax", "abs pla"),
        ("nozzle", "250 µm", "400 µm"),
    ]


def test_the_figures_of_each_other_reason() -> None:
    far = Place(0, 60_500, 0, 0, 0)
    refused = ((PeerId("peer-1"), MachineId("shop/printer"), 7),)
    elsewhere = CharterId("detroit")
    members = offered(charter=elsewhere, open_to=("members",))
    deadline_ms = NOW_MS + 2 * HOUR_MS
    assert [
        _why_not(offered(permitted=False)),
        _why_not(offered(open_to=())),
        _why_not(members),
        _why_not(offered(state="in-doubt")),
        _why_not(offered(place=far), place=CENTRE, radius_m=50_000),
        _why_not(offered(), refused=refused),
        _why_not(offered(windows=(window(0, 2),))),
        _why_not(offered(), deadline_ms=deadline_ms),
        _why_not(offered(), deadline_ms=NOW_MS - 500),
    ] == [
        ("stranger", "members", "unvouched"),
        ("stranger", "members", "none"),
        ("stranger", "federation", "members"),
        ("in-doubt", "idle", "in-doubt"),
        ("too-far", "50 km", "60.5 km"),
        ("refused", "", "7"),
        ("closed", "7800 s", "7200 s"),
        ("after-deadline", "7200 s", "7800 s"),
        ("after-deadline", "-1 s", "7800 s"),
    ]


def test_a_costlier_machine_is_told_the_term_that_differs_most() -> None:
    near = offered("shop/near", place=CENTRE)
    slower = offered("shop/slower", place=CENTRE, setup_s=700)
    further = offered("shop/further", place=Place(30_000, 0, 0, 0, 0))
    [answer] = plan(problem([wanted(place=CENTRE)], [further, slower, near]))
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/near"
    assert [(other.machine, other.wanted, other.limit) for other in answer.others] == [
        ("shop/slower", "waiting 7800000 ms", "waiting 7900000 ms"),
        ("shop/further", "distance 0 ms", "distance 300000 ms"),
    ]
    assert {other.reason for other in answer.others} == {"costlier"}


def test_a_taken_machine_names_the_job_that_took_it() -> None:
    offer = offered(windows=(window(0, 3),))
    first, second = plan(problem([wanted("a"), wanted("b")], [offer]))
    assert isinstance(first, Placed)
    assert isinstance(second, Unplaced)
    assert second.reason == "taken"
    assert second.others == (
        Rejection(
            peer=PeerId("peer-1"),
            machine=MachineId("shop/printer"),
            machine_name="Machine shop/printer",
            facility_name="Workshop",
            reason="taken",
            wanted="7800 s",
            limit="a",
        ),
    )


def test_a_machine_whose_turn_comes_after_the_deadline_is_taken_not_closed() -> None:
    rows = [wanted("a"), wanted("b", deadline_ms=NOW_MS + 4 * HOUR_MS, need_weight=1)]
    _, second = plan(problem(rows, [offered()]))
    assert isinstance(second, Unplaced)
    assert second.reason == "taken"


def test_a_machine_is_named_once_for_the_process_in_which_it_came_furthest() -> None:
    offers = [
        offered("shop/a", capability=capability(process="cut.laser")),
        offered("shop/a", capability=capability(materials=("abs",))),
        offered("shop/b", capability=capability(process="cut.laser")),
        offered("shop/b"),
    ]
    [answer] = plan(problem([wanted()], offers))
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/b"
    assert [(other.machine, other.reason) for other in answer.others] == [
        ("shop/a", "material")
    ]


def test_of_many_machines_the_nearest_misses_are_named() -> None:
    wrong = [
        offered(f"shop/a{at:02}", capability=capability(process="sew"))
        for at in range(OTHERS_MAX)
    ]
    dear = [offered(f"shop/b{at:02}", setup_s=700 + at) for at in range(5)]
    [answer] = plan(problem([wanted()], [*wrong, *reversed(dear), offered("shop/c")]))
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/c"
    assert len(answer.others) == OTHERS_MAX
    assert [other.machine for other in answer.others[:6]] == [
        *(f"shop/b{at:02}" for at in range(5)),
        "shop/a00",
    ]


@settings(max_examples=60, deadline=None)
@given(problems)
def test_every_machine_is_either_chosen_or_explained(asked: Problem) -> None:
    machines = {(each.peer, each.offer.machine) for each in asked.offered}
    for answer in plan(asked):
        named = [(other.peer, other.machine) for other in answer.others]
        if isinstance(answer, Placed):
            named.append((answer.peer, answer.machine))
        assert sorted(named) == sorted(machines)


def test_weights_of_nothing_leave_only_waiting() -> None:
    nothing = dataclasses.replace(
        WEIGHTS, late_permille=0, distance_s_per_km=0, co2_s_per_kg=0, own_first_s=0
    )
    [answer] = plan(problem([wanted(due_ms=0)], [offered()], nothing))
    assert isinstance(answer, Placed)
    assert [term.cost_ms for term in answer.terms] == [0, 7_800_000, 0, 0, 0]
