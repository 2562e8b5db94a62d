"""Every rule has its own reason, and rules are asked in one order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from fabnet.production.capability import Misfit, fit
from fabnet.production.place import Place
from fabnet.production.plan import Offered, Placed, Problem, Unplaced, Wanted
from fabnet.records.ids import CharterId, MachineId, PeerId
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import TILE_CELLS, Rule, first_failing, tiles
from fabnet.scheduling.plan import plan
from tests.scheduling.problems import (
    DETROIT,
    HOUR_MS,
    JACKSON,
    NOW_MS,
    capability,
    offered,
    problem,
    problems,
    requirement,
    wanted,
    window,
)

CENTRE = Place(0, 0, 0, 0, 0)
DETROITS = CharterId("detroit")
REFUSED = (PeerId("peer-1"), MachineId("shop/printer"), 7)

NOES: list[tuple[str, Wanted, Offered]] = [
    ("process", wanted(), offered(capability=capability(process="cut.laser"))),
    ("process", wanted(), offered(capability=capability(process="3d-printing"))),
    ("material", wanted(), offered(capability=capability(materials=("abs",)))),
    ("size", wanted(requirement=requirement(size_z_um=200_001)), offered()),
    ("tolerance", wanted(requirement=requirement(tolerance_um=199)), offered()),
    (
        "thickness",
        wanted(requirement=requirement(thickness_um=4_000)),
        offered(capability=capability(thickness_um=3_999)),
    ),
    ("nozzle", wanted(requirement=requirement(nozzle_um=600)), offered()),
    ("skill", wanted(requirement=requirement(skills=("welding",))), offered()),
    ("stranger", wanted(), offered(permitted=False)),
    ("stranger", wanted(), offered(open_to=())),
    ("stranger", wanted(), offered(charter=DETROITS, open_to=("members",))),
    ("offline", wanted(), offered(state="offline")),
    ("drained", wanted(), offered(state="drained")),
    ("in-doubt", wanted(), offered(state="in-doubt")),
    ("too-far", wanted(radius_m=9, place=CENTRE), offered()),
    ("too-far", wanted(radius_m=5, place=Place(0, 6, 0, 0, 0)), offered(place=CENTRE)),
    ("refused", wanted(refused=(REFUSED,)), offered()),
    ("closed", wanted(), offered(windows=())),
    ("closed", wanted(), offered(windows=(window(-9, -1),))),
    ("closed", wanted(), offered(windows=(window(0, 2), window(2, 4)))),
    ("closed", wanted(), offered(pace_permille=50, windows=(window(0, 24),))),
    ("busy", wanted(), offered(state="busy", windows=(window(0, 1),))),
    ("after-deadline", wanted(deadline_ms=NOW_MS + 2 * HOUR_MS), offered()),
]


@pytest.mark.parametrize(("reason", "row", "offer"), NOES)
def test_the_limit_that_fails_is_the_reason(
    reason: str, row: Wanted, offer: Offered
) -> None:
    [answer] = plan(problem([row], [offer]))
    assert isinstance(answer, Unplaced)
    assert answer.reason == reason
    assert [other.reason for other in answer.others] == [reason]


YESES: list[tuple[Wanted, Offered]] = [
    (wanted(requirement=requirement(process="3d-printing")), offered()),
    (wanted(requirement=requirement(materials=("asa", "petg"))), offered()),
    (wanted(requirement=requirement(materials=())), offered()),
    (wanted(requirement=requirement(size_z_um=200_000)), offered()),
    (
        wanted(requirement=requirement(size_x_um=10, size_y_um=20, size_z_um=300)),
        offered(capability=capability(size_x_um=300, size_y_um=10, size_z_um=20)),
    ),
    (wanted(requirement=requirement(tolerance_um=200)), offered()),
    (wanted(requirement=requirement(thickness_um=4_000)), offered()),
    (wanted(), offered(open_to=("members",))),
    (wanted(), offered(open_to=("strangers",))),
    (wanted(), offered(charter=DETROITS, open_to=("federation",))),
    (wanted(), offered(charter=DETROITS, open_to=("strangers",))),
    (wanted(radius_m=5, place=Place(3, 4, 0, 0, 0)), offered(place=CENTRE)),
    # 5.83 m are 5 whole metres.
    (wanted(radius_m=5, place=Place(3, 5, 0, 0, 0)), offered(place=CENTRE)),
    (wanted(refused=((*REFUSED[:2], 6),)), offered()),
    (wanted(), offered(pace_permille=20_000, windows=(window(0, 1),))),
    # 600 s of setting up and 7,200 s of work end at this deadline exactly.
    (wanted(deadline_ms=NOW_MS + 7_800_000), offered()),
]


@pytest.mark.parametrize(("row", "offer"), YESES)
def test_what_just_fits_is_placed(row: Wanted, offer: Offered) -> None:
    [answer] = plan(problem([row], [offer]))
    assert isinstance(answer, Placed)


@settings(max_examples=100, deadline=None)
@given(problems)
def test_the_capability_rules_are_those_of_production(asked: Problem) -> None:
    arrays = encode(asked)
    failing = first_failing(arrays, np.arange(len(asked.wanted)))
    for row, want in enumerate(asked.wanted):
        for slot, each in enumerate(arrays.offered):
            rule = Rule(failing[row, slot])
            misfit = fit(want.requirement, each.offer.capability)
            if isinstance(misfit, Misfit):
                assert rule.name.lower() == misfit.reason
            else:
                assert rule > Rule.SKILL


def test_a_row_misses_by_the_machine_that_came_furthest() -> None:
    offers = [
        offered("shop/laser", capability=capability(process="cut.laser")),
        offered("shop/small", capability=capability(size_x_um=10_000)),
        offered("shop/off", state="offline"),
    ]
    [answer] = plan(problem([wanted()], offers))
    assert isinstance(answer, Unplaced)
    assert answer.reason == "offline"
    assert [other.reason for other in answer.others] == ["offline", "size", "process"]


def test_tiles_hold_every_row_once_and_no_more_cells_than_they_may() -> None:
    rows = [wanted(f"job-{row:04}") for row in range(2_000)]
    offers = [offered(f"shop/{each}", place=JACKSON) for each in range(300)]
    arrays = encode(problem(rows, offers))
    seen = list(tiles(arrays))
    assert len(seen) > 1
    assert all(len(tile) * len(offers) <= TILE_CELLS for tile in seen)
    assert sorted(np.concatenate(seen).tolist()) == list(range(2_000))


def test_distance_is_not_asked_of_a_row_without_a_radius() -> None:
    [answer] = plan(problem([wanted()], [offered(place=DETROIT)]))
    assert isinstance(answer, Placed)
    assert answer.distance_m == 1_278_511
