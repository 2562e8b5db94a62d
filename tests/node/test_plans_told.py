"""What a plan says in words: of each machine, each change and each bar."""

from __future__ import annotations

from fabnet.node.api.plans.answers import RowAnswer
from fabnet.node.api.plans.why import Speech
from fabnet.node.planning.plans import Told
from fabnet.production.place import Place
from fabnet.production.plan import Problem, Unplaced
from fabnet.records.ids import CharterId, JobId, MachineId, PeerId
from fabnet.scheduling.explain.changes import MATERIALS_TRIED_MAX
from fabnet.scheduling.explain.explain import explain
from fabnet.scheduling.plan import plan
from tests.scheduling.problems import (
    DETROIT,
    HOUR_MS,
    JACKSON,
    NOW_MS,
    capability,
    offered,
    problem,
    wanted,
    window,
)

NEEDS = {"life-and-health": 5_000, "other": 999}
PEER = PeerId("peer-1")


def told(asked: Problem, machine: str | None = None) -> RowAnswer:
    """Return what is said of the first row, and of one machine if it is asked of."""
    at = None if machine is None else (PEER, MachineId(machine))
    want = asked.wanted[0]
    found = explain(plan(asked), asked, want.job, at, needs=NEEDS)
    (reasons,) = [each for each in found.rows if each.part == want.part]
    return Speech("en").row(Told(NOW_MS, reasons, None))


def changes(asked: Problem) -> dict[str, str]:
    return {each.kind: each.sentence for each in told(asked).changes}


def of_machine(asked: Problem, machine: str) -> str:
    verdict = told(asked, machine).asked
    assert verdict is not None
    return verdict.sentence


def test_the_runner_up_is_told_with_what_tells_it_apart() -> None:
    slow = offered("shop/slow", setup_s=3_600)
    said = told(problem([wanted()], [offered(), slow])).sentences

    assert said[1].startswith("The next best is ")
    assert "counts like 50 min more, most of all for waiting" in said[1]


def test_a_sooner_due_time_and_a_later_deadline_are_told_as_moments() -> None:
    near = offered("shop/near", windows=(window(10, 20),), place=JACKSON)
    far = offered("shop/far", windows=(window(8, 20),), place=DETROIT)
    sooner = changes(problem([wanted(due_ms=NOW_MS + 13 * HOUR_MS)], [near, far]))
    late = offered("shop/late", windows=(window(5, 9),))
    row = wanted(due_ms=NOW_MS + HOUR_MS, deadline_ms=NOW_MS + 2 * HOUR_MS)

    assert sooner["due"].startswith("If it were due 2023-11-1")
    later = changes(problem([row], [late]))["deadline"]
    assert later.startswith("If the deadline were 2023-11-15 0")


def test_another_radius_material_or_need_is_told_by_name() -> None:
    away = offered(place=Place(60_000, 0, 0, 0, 0))
    here = wanted(place=Place(0, 0, 0, 0, 0), radius_m=5_500)
    oak = offered(capability=capability(materials=("oak",)))
    first = wanted("a", need_weight=1_200)
    row = wanted("b", need_weight=1_000)
    taken = problem([row, first], [offered(windows=(window(0, 3),))])

    assert "60 km away" in changes(problem([here], [away]))["radius"]
    assert "might be of oak" in changes(problem([wanted()], [oak]))["material"]
    assert "were for life and health" in changes(taken)["need"]


def test_what_was_not_tried_is_counted() -> None:
    woods = [
        offered(f"shop/{kind}", capability=capability(materials=(f"wood-{kind:02}",)))
        for kind in range(MATERIALS_TRIED_MAX + 5)
    ]

    assert told(problem([wanted()], woods)).change_sentences[-1] == (
        "Possible changes that were not tried: 5."
    )


def test_what_keeps_a_machine_out_is_told_and_whether_it_would_be_chosen() -> None:
    other = CharterId("detroit")
    no = ((PEER, MachineId("shop/c"), 7),)
    offers = [
        offered("shop/a", permitted=False, charter=other),
        offered("shop/b", open_to=()),
        offered("shop/c"),
        offered("shop/e", setup_s=1_800),
    ]
    said = " ".join(told(problem([wanted(refused=no)], offers)).change_sentences)

    assert "if somebody trusted here vouched for" in said
    assert "if it were open to this cooperative." in said
    assert "but said no to this before" in said
    assert "It would then be chosen." in said


def test_a_machine_that_opens_later_is_told_when() -> None:
    later = offered("shop/z", windows=(window(3, 9),))

    said = of_machine(problem([wanted()], [offered(), later]), "shop/z")

    assert "It is closed until 2023-11-15 01:13 UTC." in said


def test_a_taken_machine_is_told_with_what_its_time_is_worth() -> None:
    offers = [offered(windows=(window(0, 3),))]
    asked = problem([wanted("b"), wanted("a")], offers)
    at = PEER, MachineId("shop/printer")
    found = explain(plan(asked), asked, JobId("b"), at, prices={at: 6_480_000})

    verdict = Speech("en").row(Told(NOW_MS, found.rows[0], None)).asked
    assert verdict is not None
    assert "worth 1 h 48 min of waiting" in verdict.sentence


def test_where_nothing_was_chosen_a_machine_that_would_do_is_told() -> None:
    asked = problem([wanted()], [offered()])
    at = PEER, MachineId("shop/printer")
    nothing = (Unplaced(JobId("job-1"), "body", "waiting-costs-less", ()),)
    found = explain(nothing, asked, JobId("job-1"), at)

    verdict = Speech("en").row(Told(NOW_MS, found.rows[0], None)).asked
    assert verdict is not None
    assert "would do, ready 2023-11-15 00:23 UTC" in verdict.sentence


def test_without_a_bound_nothing_is_promised() -> None:
    assert Speech("en").certificate(None).startswith("Requests were placed one by one")
