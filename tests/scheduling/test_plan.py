"""The planner agrees with the oracle, and keeps what every plan must keep."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.production.capability import Fits, fit
from fabnet.production.offer import HORIZON_S, FreeWindow
from fabnet.production.place import Place, distance_m
from fabnet.production.plan import Offered, Placed, Plan, Problem, Unplaced, Wanted
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import INT_MAX, JobId, MachineId, PeerId, Window
from fabnet.scheduling.model import NEED_PERMILLE_MAX, WEIGHTS_MAX
from fabnet.scheduling.plan import plan
from tests.scheduling.oracle import plan_slowly
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    WEIGHTS,
    capability,
    crowded,
    offered,
    problem,
    problems,
    requirement,
    wanted,
    window,
)

both = problems | crowded


@settings(max_examples=200, deadline=None)
@given(problems)
def test_the_planner_and_the_oracle_give_the_same_plan(asked: Problem) -> None:
    assert plan(asked) == plan_slowly(asked)


@settings(max_examples=150, deadline=None)
@given(crowded)
def test_they_agree_where_many_wait_for_few_machines(asked: Problem) -> None:
    assert plan(asked) == plan_slowly(asked)


# ------------------------------------------------------------------ what plans keep


@settings(max_examples=100, deadline=None)
@given(both)
def test_no_machine_makes_two_lots_at_once(asked: Problem) -> None:
    lots: dict[tuple[PeerId, MachineId], list[Window]] = {}
    for answer in plan(asked):
        if isinstance(answer, Placed):
            lots.setdefault((answer.peer, answer.machine), []).append(answer.window)
    for windows in lots.values():
        windows.sort(key=lambda each: each.start_ms)
        assert not any(one.overlaps(next_) for one, next_ in pairwise(windows))


@settings(max_examples=100, deadline=None)
@given(both)
def test_a_lot_keeps_every_limit_of_its_row_and_its_offer(asked: Problem) -> None:
    for want, answer in zip(asked.wanted, plan(asked), strict=True):
        if isinstance(answer, Placed):
            assert any(_kept(want, each, answer) for each in asked.offered)


def _kept(want: Wanted, each: Offered, answer: Placed) -> bool:
    """Whether `answer` is this offer's, and within all that both sides said."""
    run_s = -(-want.pieces * want.reference_s * 1_000 // each.offer.pace_permille)
    length_ms = max(1, 1_000 * (each.offer.setup_s + run_s))
    away_m = distance_m(want.place, each.place)
    named = answer.peer, answer.machine, answer.version
    return all(
        (
            named == (each.peer, each.offer.machine, each.version),
            named not in want.refused,
            isinstance(fit(want.requirement, each.offer.capability), Fits),
            each.permitted and each.state in {"idle", "busy"},
            answer.window.end_ms - answer.window.start_ms == length_ms,
            answer.window.start_ms >= NOW_MS,
            want.deadline_ms is None or answer.window.end_ms <= want.deadline_ms,
            answer.distance_m == away_m,
            want.radius_m is None or away_m <= want.radius_m,
            any(
                Window(free.start_ms, free.end_ms).holds(answer.window)
                for free in each.offer.windows
            ),
        )
    )


# ------------------------------------------------------------------ what changes none


@settings(max_examples=60, deadline=None)
@given(both, st.randoms(use_true_random=False))
def test_the_order_of_asking_and_offering_changes_nothing(
    asked: Problem, dice: random.Random
) -> None:
    order = list(range(len(asked.wanted)))
    dice.shuffle(order)
    offers = list(asked.offered)
    dice.shuffle(offers)
    mixed = dataclasses.replace(
        asked,
        wanted=tuple(asked.wanted[row] for row in order),
        offered=tuple(offers),
    )
    before = plan(asked)
    assert plan(mixed) == tuple(before[row] for row in order)


@settings(max_examples=60, deadline=None)
@given(both)
def test_renaming_changes_nothing_but_the_names(asked: Problem) -> None:
    def job(name: str) -> JobId:
        return JobId(f"job-{name}")

    def peer(name: str) -> PeerId:
        return PeerId(f"peer-{name}")

    def machine(name: str) -> MachineId:
        return MachineId(f"new-{name}")

    renamed = dataclasses.replace(
        asked,
        wanted=tuple(
            dataclasses.replace(
                row,
                job=job(row.job),
                refused=tuple(
                    (peer(p), machine(m), version) for p, m, version in row.refused
                ),
            )
            for row in asked.wanted
        ),
        offered=tuple(
            dataclasses.replace(
                each,
                peer=peer(each.peer),
                offer=msgspec.structs.replace(
                    each.offer, machine=machine(each.offer.machine)
                ),
            )
            for each in asked.offered
        ),
    )
    expected = tuple(
        dataclasses.replace(
            answer,
            job=job(answer.job),
            others=tuple(
                dataclasses.replace(
                    other,
                    peer=peer(other.peer),
                    machine=machine(other.machine),
                    limit=job(other.limit) if other.reason == "taken" else other.limit,
                )
                for other in answer.others
            ),
        )
        for answer in plan(asked)
    )
    expected = tuple(
        dataclasses.replace(
            answer, peer=peer(answer.peer), machine=machine(answer.machine)
        )
        if isinstance(answer, Placed)
        else answer
        for answer in expected
    )
    assert plan(renamed) == expected


def test_a_tie_goes_to_the_lesser_peer_and_then_the_lesser_machine() -> None:
    offers = [
        offered("shop/b", peer=PeerId("p")),
        offered("shop/a", peer=PeerId("q")),
        offered("shop/c", peer=PeerId("p")),
    ]
    [answer] = plan(problem([wanted()], offers))
    assert isinstance(answer, Placed)
    assert (answer.peer, answer.machine) == ("p", "shop/b")


def test_the_same_problem_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib;"
        "from fabnet.scheduling.plan import plan;"
        "from tests.scheduling.test_plan import town;"
        "print(hashlib.sha256(repr(plan(town(40, 30))).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr(plan(town(40, 30))).encode()).hexdigest()
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert there.stdout.strip() == here


# ------------------------------------------------------------------ stories


def test_rows_queue_on_one_machine_the_most_urgent_first() -> None:
    rows = [
        wanted("later", due_ms=NOW_MS + 9 * HOUR_MS),
        wanted("sooner", due_ms=NOW_MS + 8 * HOUR_MS),
        wanted("needed", due_ms=NOW_MS + 9 * HOUR_MS, need_weight=4_000),
    ]
    later, sooner, needed = plan(problem(rows, [offered()]))
    assert isinstance(later, Placed)
    assert isinstance(sooner, Placed)
    assert isinstance(needed, Placed)
    assert needed.window.start_ms == NOW_MS
    assert sooner.window.start_ms == needed.window.end_ms
    assert later.window.start_ms == sooner.window.end_ms


def test_a_row_that_is_late_already_goes_before_one_as_late_and_needed_less() -> None:
    rows = [
        wanted("less", due_ms=NOW_MS - HOUR_MS),
        wanted("more", due_ms=NOW_MS - HOUR_MS, need_weight=4_000),
    ]
    less, more = plan(problem(rows, [offered()]))
    assert isinstance(less, Placed)
    assert isinstance(more, Placed)
    assert more.window.end_ms == less.window.start_ms


def test_a_busy_machine_is_used_in_a_window_that_comes_later() -> None:
    [answer] = plan(
        problem([wanted()], [offered(state="busy", windows=(window(5, 9),))])
    )
    assert isinstance(answer, Placed)
    assert answer.window.start_ms == NOW_MS + 5 * HOUR_MS


def test_time_taken_in_one_process_is_gone_from_the_others() -> None:
    laser = capability(process="cut.laser")
    offers = [
        offered(capability=laser, windows=(window(2, 8),)),
        offered(capability=capability(), windows=(window(0, 12),)),
    ]
    rows = [
        wanted("cut", requirement=requirement(process="cut"), due_ms=NOW_MS),
        wanted("print", pieces=12),
    ]
    cut, printed = plan(problem(rows, offers))
    assert isinstance(cut, Placed)
    assert isinstance(printed, Placed)
    assert cut.window.start_ms == NOW_MS + 2 * HOUR_MS
    assert printed.window.start_ms == cut.window.end_ms


def test_an_idle_machine_far_away_beats_a_long_wait_here() -> None:
    here = offered("shop/near", windows=(window(40, 48),))
    far = offered("shop/far", place=Place(2_000_000, 0, 0, 0, 0))
    [answer] = plan(
        problem(
            [wanted(place=Place(0, 0, 0, 0, 0), due_ms=NOW_MS + 9 * HOUR_MS)],
            [here, far],
        )
    )
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/far"
    assert answer.distance_m == 2_000_000


def test_nothing_wanted_is_an_empty_plan() -> None:
    assert plan(problem([], [offered()])) == ()
    assert plan(problem([], [])) == ()


def test_nothing_offered_leaves_every_row_unplaced() -> None:
    assert plan(problem([wanted("a"), wanted("b")], [])) == (
        Unplaced(JobId("a"), "body", "no-machine", ()),
        Unplaced(JobId("b"), "body", "no-machine", ()),
    )


def test_more_demands_than_a_word_has_bits_are_still_told_apart() -> None:
    rows = [
        wanted(
            f"job-{kind}",
            # Uneven, so that no word of bits looks like another.
            requirement=requirement(
                materials=(f"wood-{kind}",),
                skills=(f"s-{kind}",) if kind % 3 == 1 else (),
                nozzle_um=1_000 + kind if kind % 5 == 1 else None,
            ),
        )
        for kind in range(100)
    ]
    offers = [
        offered(
            f"shop/{kind}",
            capability=capability(
                materials=(f"wood-{kind}", f"wood-{kind + 1}"),
                skills=(f"s-{kind}",),
                nozzles_um=(1_000 + kind,),
            ),
        )
        for kind in range(0, 100, 7)
    ]
    asked = problem(rows, offers)
    answer = plan(asked)
    assert answer == plan_slowly(asked)
    assert sum(isinstance(each, Placed) for each in answer) > len(offers)


def test_the_largest_of_everything_that_the_types_admit_does_not_overflow() -> None:
    row = wanted(
        pieces=PIECES_MAX,
        reference_s=120,
        requirement=requirement(
            mass_mg=INT_MAX, size_x_um=INT_MAX, tolerance_um=INT_MAX
        ),
        due_ms=0,
        need_weight=NEED_PERMILLE_MAX,
        radius_m=INT_MAX,
        place=Place(7_000_000, 7_000_000, 7_000_000, 0, 0),
    )
    hours = HORIZON_S // 3_600
    far = Place(-7_000_000, -7_000_000, -7_000_000, 0, 0)
    most = {
        "capability": capability(size_x_um=INT_MAX, tolerance_um=INT_MAX),
        "energy_w": INT_MAX,
        "grid_g_per_kwh": 5_000,
        "setup_s": 9_600,
        "charter": "elsewhere",
    }
    offers = [
        offered("shop/far", place=far, windows=(FreeWindow(0, INT_MAX),), **most),
        offered("shop/near", windows=(window(0, hours),), **most),
        offered("shop/slow", **(most | {"setup_s": INT_MAX})),
        offered("shop/never", pace_permille=50, windows=(FreeWindow(INT_MAX, 0),)),
    ]
    asked = problem([row], offers, WEIGHTS_MAX)
    answer = plan(asked)
    assert answer == plan_slowly(asked)
    [placed] = answer
    assert isinstance(placed, Placed)
    assert placed.cost_ms > 2**52


def test_a_row_whose_work_no_horizon_holds_is_closed_not_an_error() -> None:
    rows = [
        wanted("a", pieces=PIECES_MAX, reference_s=INT_MAX),
        wanted("b", deadline_ms=0),
    ]
    asked = problem(rows, [offered()])
    endless, useless = plan(asked)
    assert (endless, useless) == plan_slowly(asked)
    assert isinstance(endless, Unplaced)
    assert endless.reason == "closed"
    assert isinstance(useless, Unplaced)
    assert useless.reason == "after-deadline"


# ------------------------------------------------------------------ size


def town(rows: int, offers: int) -> Problem:
    """A problem of any size, the same each time."""
    dice = random.Random(rows)
    kinds = ("3d-printing.fdm", "3d-printing.sla", "cut.laser", "cut.water", "sew")

    def place() -> Place:
        return Place(dice.randrange(200_000), dice.randrange(200_000), 0, 0, 0)

    return problem(
        [
            wanted(
                f"job-{row:05}",
                pieces=dice.randrange(1, 9),
                requirement=requirement(
                    process=dice.choice((*kinds, "cut")),
                    materials=dice.choice((("pla",), ("petg", "ash"), ())),
                    size_x_um=dice.randrange(1_000, 300_000),
                ),
                due_ms=NOW_MS + dice.randrange(200) * HOUR_MS,
                need_weight=dice.choice((1_000, 2_000)),
                radius_m=dice.choice((None, 60_000)),
                place=place(),
            )
            for row in range(rows)
        ],
        [
            offered(
                f"shop/{each:05}",
                peer=PeerId(f"peer-{each % 7}"),
                capability=capability(
                    process=dice.choice(kinds),
                    materials=dice.choice((("pla",), ("petg", "ash"))),
                ),
                place=place(),
                windows=tuple(window(day * 24, day * 24 + 9) for day in range(5)),
            )
            for each in range(offers)
        ],
        WEIGHTS,
    )


def test_a_town_is_planned_as_the_oracle_plans_it() -> None:
    asked = town(60, 50)
    answer = plan(asked)
    assert answer == plan_slowly(asked)
    assert sum(isinstance(each, Placed) for each in answer) > 20


def test_a_thousand_rows_and_machines_are_planned_within_bounded_memory() -> None:
    asked = town(1_000, 1_000)
    tracemalloc.start()
    try:
        answer: Plan = plan(asked)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(isinstance(each, Placed) for each in answer) > 500
    assert peak_bytes < 24 * 2**20
