"""Why this machine, why not that one, and what would let another in."""

from __future__ import annotations

import dataclasses
import re

import msgspec
import pytest
from hypothesis import given, settings

from fabnet.errors import InputError
from fabnet.production.offer import FreeWindow
from fabnet.production.place import distance_m
from fabnet.production.plan import Certificate, Offered, Placed, Plan, Problem, Wanted
from fabnet.records.ids import CharterId, JobId, MachineId, PeerId
from fabnet.scheduling.explain.barred import BARRED_MAX
from fabnet.scheduling.explain.explain import explain
from fabnet.scheduling.explain.explanation import (
    Choice,
    Difference,
    Named,
    Reasons,
    Verdict,
)
from fabnet.scheduling.plan import plan
from tests.scheduling.oracle import (
    Taken,
    judge,
    judged_slowly,
    machine_of,
    one_a_machine,
    turn,
)
from tests.scheduling.oracle import Verdict as Judged
from tests.scheduling.problems import (
    DETROIT,
    HOUR_MS,
    NOW_MS,
    capability,
    crowded,
    offered,
    problem,
    problems,
    wanted,
    window,
)

PEER = PeerId("peer-1")


def why(asked: Problem, row: int = 0) -> Reasons:
    want = asked.wanted[row]
    told = explain(plan(asked), asked, want.job)
    [reasons] = [each for each in told.rows if each.part == want.part]
    return reasons


def about(asked: Problem, machine: str, row: int = 0) -> Verdict:
    at = PEER, MachineId(machine)
    [told] = explain(plan(asked), asked, asked.wanted[row].job, at).rows
    assert told.asked is not None
    return told.asked


# ------------------------------------------------------------------ why this one


def test_the_runner_up_is_the_next_machine_with_the_term_that_tells_them_apart() -> (
    None
):
    near, slow = offered("shop/near"), offered("shop/slow", setup_s=1_200)
    far = offered("shop/far", place=DETROIT)
    told = why(problem([wanted()], [far, slow, near]))
    assert told.chosen is not None
    assert told.runner_up is not None
    assert (told.chosen.at.machine, told.runner_up.at.machine) == (
        "shop/near",
        "shop/slow",
    )
    assert told.difference == Difference("waiting", 7_800_000, 8_400_000)


def test_another_process_of_the_chosen_machine_is_no_runner_up() -> None:
    wide = capability(process="3d-printing.fdm.wide")
    told = why(problem([wanted()], [offered(), offered(capability=wide)]))
    assert told.runner_up is None
    assert told.others == ()


def test_a_row_without_a_machine_is_told_the_nearest_miss_and_no_runner_up() -> None:
    small = offered("shop/small", capability=capability(size_x_um=1))
    shut = offered("shop/shut", state="offline")
    told = why(problem([wanted()], [small, shut]))
    assert (told.chosen, told.runner_up, told.difference) == (None, None, None)
    assert told.unplaced == "offline"
    assert [it.reason for it in told.others] == ["offline", "size"]


# ------------------------------------------------------------------ why not that one


def test_the_chosen_machine_is_told_apart_from_all_others() -> None:
    told = about(problem([wanted()], [offered()]), "shop/printer")
    assert told.reason == "chosen"
    assert told.choice is not None


def test_a_machine_that_opens_later_says_when() -> None:
    asked = problem(
        [wanted()],
        [offered(), offered("shop/later", windows=(window(5, 5), window(7, 9)))],
    )
    assert about(asked, "shop/later").opens_ms == NOW_MS + 7 * HOUR_MS
    assert about(asked, "shop/printer").opens_ms is None


@pytest.mark.parametrize("windows", [(), (window(-5, -2),), (window(400, 500),)])
def test_a_machine_that_does_not_open_within_the_horizon_says_no_moment(
    windows: tuple[FreeWindow, ...],
) -> None:
    told = about(problem([wanted()], [offered(windows=windows)]), "shop/printer")
    assert (told.reason, told.opens_ms) == ("closed", None)


def test_a_taken_machine_names_the_job_and_the_price_that_a_market_gave() -> None:
    asked = problem([wanted("a"), wanted("b")], [offered(windows=(window(0, 3),))])
    at = PEER, MachineId("shop/printer")
    [told] = explain(plan(asked), asked, JobId("b"), at, prices={at: 6_480_000}).rows
    assert told.asked is not None
    assert (told.asked.reason, told.asked.taken_by) == ("taken", "a")
    assert told.asked.price_ms == 6_480_000
    assert about(asked, "shop/printer", 1).price_ms is None


def test_what_is_not_in_the_plan_is_refused_by_name() -> None:
    asked = problem([wanted("a")], [offered()])
    for field, job, at in (
        ("job", "b", None),
        ("machine", "a", (PEER, MachineId("shop/none"))),
        ("machine", "a", (PeerId("peer-2"), MachineId("shop/printer"))),
    ):
        with pytest.raises(InputError) as refused:
            explain(plan(asked), asked, JobId(job), at)
        assert refused.value.field == field


# ------------------------------------------------------------------ who is kept out


def test_machines_that_only_permission_keeps_out_say_what_would_admit_them() -> None:
    other = CharterId("detroit")
    no = ((PEER, MachineId("shop/c"), 7),)
    offers = [
        offered("shop/a", permitted=False, charter=other, open_to=("members",)),
        offered("shop/b", open_to=()),
        offered("shop/c"),
        offered("shop/d", permitted=False, state="offline"),
        offered("shop/e", setup_s=1_800),
    ]
    told = why(problem([wanted(refused=no)], offers))
    assert told.chosen is not None
    assert told.chosen.at.machine == "shop/e"
    assert [(it.at.machine, it.bars, it.flips) for it in told.barred] == [
        ("shop/b", ("not-open",), True),
        ("shop/c", ("refused",), True),
        ("shop/a", ("unvouched", "not-open"), False),
    ]


def test_of_many_machines_kept_out_the_cheapest_are_named() -> None:
    offers = [
        offered(f"shop/{at:02}", open_to=(), setup_s=2_000 - at) for at in range(20)
    ]
    told = why(problem([wanted()], offers))
    assert [it.at.machine for it in told.barred] == [
        f"shop/{at:02}" for at in range(19, 19 - BARRED_MAX, -1)
    ]


@settings(max_examples=30, deadline=None)
@given(problems)
def test_a_machine_let_in_costs_what_was_said(asked: Problem) -> None:
    answers = plan(asked)
    for row, want in enumerate(asked.wanted):
        told = why(asked, row)
        taken = before(asked, answers, want)
        for it in told.barred:
            judged = [
                judge(asked, dataclasses.replace(want, refused=()), opened(each), taken)
                for each in asked.offered
                if machine_of(each) == (it.at.peer, it.at.machine)
            ]
            best = min(judged, key=lambda each: each.nearness)
            assert best.terms == it.choice.terms
            assert best.window == it.choice.window
            mine = best.cost_ms, *machine_of(best.offered)
            assert it.flips == (told.chosen is None or mine < cost_of(told.chosen))


def before(asked: Problem, answers: Plan, want: Wanted) -> Taken:
    """Return what the rows before this one took."""
    taken: Taken = {}
    for other, answer in zip(asked.wanted, answers, strict=True):
        if turn(asked, other) < turn(asked, want) and isinstance(answer, Placed):
            at = answer.peer, answer.machine
            taken.setdefault(at, []).append((answer.window, other))
    return taken


def opened(each: Offered) -> Offered:
    offer = msgspec.structs.replace(each.offer, open_to=("strangers",))
    return dataclasses.replace(each, offer=offer, permitted=True)


def cost_of(chosen: Choice) -> tuple[int, str, str]:
    return chosen.cost_ms, chosen.at.peer, chosen.at.machine


# ------------------------------------------------------------------ the oracle


@settings(max_examples=80, deadline=None)
@given(problems | crowded)
def test_an_explanation_says_what_the_slow_planner_found(asked: Problem) -> None:
    for row, judged in judged_slowly(asked).items():
        told = why(asked, row)
        machines = one_a_machine(judged)
        found = [each for each in machines if each.window is not None]
        chosen, runner_up = [*found, None, None][:2]
        assert [told.chosen, told.runner_up] == [
            None if each is None else as_choice(asked, row, each)
            for each in (chosen, runner_up)
        ]
        others = plan(asked)[row].others
        assert [(it.at.machine, it.reason, it.limit) for it in told.others] == [
            (it.machine, it.reason, it.limit) for it in others
        ]


def as_choice(asked: Problem, row: int, judged: Judged) -> Choice:
    assert judged.window is not None
    offered_ = judged.offered
    away_m = distance_m(asked.wanted[row].place, offered_.place)
    return Choice(
        Named(
            offered_.peer,
            offered_.offer.machine,
            offered_.machine_name,
            offered_.facility_name,
        ),
        judged.window,
        away_m,
        judged.terms,
    )


@settings(max_examples=30, deadline=None)
@given(problems)
def test_other_names_for_all_change_nothing_else(asked: Problem) -> None:
    there = renamed(asked)
    for want in asked.wanted:
        here = explain(plan(asked), asked, want.job)
        also = explain(plan(there), there, JobId(f"x{want.job}"))
        assert repr(also) == RENAMING.sub(r"\1'x\2'", repr(here))


RENAMING = re.compile(r"\b((?:job|peer|machine|taken_by)=)'([^']*)'")


def renamed(asked: Problem) -> Problem:
    """Return a problem in which jobs, peers and machines bear longer names."""
    return dataclasses.replace(
        asked,
        wanted=tuple(
            dataclasses.replace(
                want,
                job=JobId(f"x{want.job}"),
                refused=tuple(
                    (PeerId(f"x{peer}"), MachineId(f"x{machine}"), version)
                    for peer, machine, version in want.refused
                ),
            )
            for want in asked.wanted
        ),
        offered=tuple(
            dataclasses.replace(
                each,
                peer=PeerId(f"x{each.peer}"),
                offer=msgspec.structs.replace(
                    each.offer, machine=MachineId(f"x{each.offer.machine}")
                ),
            )
            for each in asked.offered
        ),
    )


# ------------------------------------------------------------------ the certificate


@pytest.mark.parametrize(
    ("cost_ms", "bound_ms", "permyriad"),
    [(1_000, 992, 80), (1_000, 1_000, 0), (3, 2, 3_334), (0, 0, 0), (5, 7, 0)],
)
def test_a_certificate_never_promises_more_than_it_knows(
    cost_ms: int, bound_ms: int, permyriad: int
) -> None:
    assert Certificate(cost_ms, bound_ms).gap_permyriad == permyriad


def test_a_wave_without_a_bound_has_no_certificate() -> None:
    asked = problem([wanted("a")], [offered()])
    held = Certificate(10, 9)
    assert explain(plan(asked), asked, JobId("a")).certificate is None
    told = explain(plan(asked), asked, JobId("a"), certificate=held)
    assert told.certificate == held
