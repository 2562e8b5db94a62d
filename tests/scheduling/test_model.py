"""What the planner is given is checked where the arrays are built, by name."""

from __future__ import annotations

import dataclasses
import math
from itertools import permutations

import numpy as np
import pytest

from fabnet.errors import InputError
from fabnet.production.offer import HORIZON_S, FreeWindow
from fabnet.production.place import Place
from fabnet.production.plan import Offered, Wanted, Weights
from fabnet.records.ids import INT_MAX, PeerId
from fabnet.scheduling.bits import CLAUSES_MAX, family_of
from fabnet.scheduling.encode import encode, urgency
from fabnet.scheduling.model import ENERGY_W_MAX, HORIZON_MS
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

NAN_PLACE = Place(math.nan, 0, 0, 0, 0)  # type: ignore[arg-type]  # on purpose
OUTSIDE = Place(7_000_001, 0, 0, 0, 0)

BAD_ROWS = [
    ("pieces", wanted(pieces=0)),
    ("pieces", wanted(pieces=-1)),
    ("pieces", wanted(pieces=10**9)),
    ("pieces", wanted(pieces=True)),
    ("reference_s", wanted(reference_s=-1)),
    ("reference_s", wanted(reference_s=2**62)),
    ("due_ms", wanted(due_ms=2**63)),
    ("due_ms", wanted(due_ms=math.nan)),
    ("deadline_ms", wanted(deadline_ms=-1)),
    ("need_weight", wanted(need_weight=10**6 + 1)),
    ("radius_m", wanted(radius_m=-5)),
    ("place.x_m", wanted(place=OUTSIDE)),
    ("place.x_m", wanted(place=NAN_PLACE)),
    ("requirement.size_y_um", wanted(requirement=requirement(size_y_um=-1))),
    ("requirement.size_z_um", wanted(requirement=requirement(size_z_um=1.5))),
    ("requirement.tolerance_um", wanted(requirement=requirement(tolerance_um=2**60))),
    ("requirement.thickness_um", wanted(requirement=requirement(thickness_um=-2))),
    ("requirement.mass_mg", wanted(requirement=requirement(mass_mg=-2))),
]
BAD_OFFERS = [
    ("offer.pace_permille", offered(pace_permille=0)),
    ("offer.setup_s", offered(setup_s=-1)),
    ("offer.energy_w", offered(energy_w=2**53)),
    ("offer.capability.size_x_um", offered(capability=capability(size_x_um=-1))),
    ("offer.capability.tolerance_um", offered(capability=capability(tolerance_um=-1))),
    ("offer.capability.thickness_um", offered(capability=capability(thickness_um=-1))),
    ("offer.windows", offered(windows=(window(0, 1),) * 65)),
    ("offer.windows[1].end_ms", offered(windows=(window(0, 1), FreeWindow(0, 2**53)))),
    ("offer.windows[0].start_ms", offered(windows=(FreeWindow(-1, 5),))),
    ("grid_g_per_kwh", offered(grid_g_per_kwh=5_001)),
    ("place.x_m", offered(place=NAN_PLACE)),
    ("state", offered(state="asleep")),
]


@pytest.mark.parametrize(("field", "row"), BAD_ROWS)
def test_a_bad_row_is_refused_by_the_name_of_its_field(field: str, row: Wanted) -> None:
    with pytest.raises(InputError) as refused:
        encode(problem([wanted(), row], [offered()]))
    assert refused.value.field == f"wanted[1].{field}"


@pytest.mark.parametrize(("field", "bad"), BAD_OFFERS)
def test_a_bad_offer_is_refused_by_its_place_in_the_problem(
    field: str, bad: Offered
) -> None:
    # The bad one sorts before the good one; its index is the caller's all the same.
    good = offered("shop/a", peer=PeerId("z"))
    with pytest.raises(InputError) as refused:
        encode(problem([wanted()], [good, bad]))
    assert refused.value.field == f"offered[1].{field}"


@pytest.mark.parametrize(
    ("field", "weights"),
    [
        ("late_permille", dataclasses.replace(WEIGHTS, late_permille=-1)),
        ("late_permille", dataclasses.replace(WEIGHTS, late_permille=10**6 + 1)),
        ("distance_s_per_km", dataclasses.replace(WEIGHTS, distance_s_per_km=2**40)),
        ("co2_s_per_kg", dataclasses.replace(WEIGHTS, co2_s_per_kg=10**8)),
        ("own_first_s", dataclasses.replace(WEIGHTS, own_first_s=-1)),
    ],
)
def test_a_weight_that_could_overflow_is_refused(field: str, weights: Weights) -> None:
    with pytest.raises(InputError) as refused:
        encode(problem([], [], weights))
    assert refused.value.field == f"weights.{field}"


def test_a_moment_before_1970_is_refused() -> None:
    with pytest.raises(InputError, match="moment_ms"):
        encode(dataclasses.replace(problem([], []), moment_ms=-1))


def test_of_two_offers_for_one_machine_and_process_the_newer_counts() -> None:
    older, newer = offered(version=7), offered(version=8, windows=(window(4, 9),))
    twin = offered(version=8, windows=(window(0, 9),))
    for offers in permutations((older, newer, twin)):
        arrays = encode(problem([wanted()], list(offers)))
        assert arrays.offered == (newer,)
        assert arrays.slots.start_ms[0] == 4 * HOUR_MS


def test_more_demands_than_the_words_are_for_are_refused() -> None:
    rows = [
        wanted(requirement=requirement(materials=(f"wood-{kind}",)))
        for kind in range(CLAUSES_MAX)
    ]
    assert len(encode(problem(rows[:-1], [])).rows.needs) == CLAUSES_MAX // 32
    with pytest.raises(InputError) as refused:
        encode(problem(rows, []))
    assert refused.value.field == f"wanted[{CLAUSES_MAX - 1}].requirement"


# ------------------------------------------------------------------ what is built


def test_slots_stand_by_peer_machine_and_process() -> None:
    laser = capability(process="cut.laser")
    offers = [
        offered("shop/b", peer=PeerId("p")),
        offered("shop/a", peer=PeerId("q")),
        offered("shop/b", peer=PeerId("o")),
        offered("shop/b", peer=PeerId("p"), capability=laser),
    ]
    arrays = encode(problem([], offers))
    assert arrays.offered == (offers[2], offers[0], offers[3], offers[1])
    assert arrays.slot["p", "shop/b", "cut.laser"] == 2
    assert arrays.slots.unit.tolist() == [0, 1, 1, 2]
    for key, slot in arrays.slot.items():
        each = arrays.offered[slot]
        process = each.offer.capability.process
        assert key == (each.peer, each.offer.machine, process)


def test_one_test_of_bits_says_who_is_able() -> None:
    offers = [
        offered("shop/a"),
        offered("shop/b", capability=capability(materials=("abs",))),
        offered("shop/c", capability=capability(nozzles_um=())),
        offered("shop/d", capability=capability(skills=())),
        offered("shop/e", capability=capability(process="3d-printing")),
    ]
    need = requirement(materials=("petg", "asa"), nozzle_um=400, skills=("slicing",))
    arrays = encode(problem([wanted(requirement=need)], offers))
    missing = arrays.rows.needs[:, 0, None] & ~arrays.slots.can
    assert missing.shape == (1, 5)
    assert (missing[0] == 0).tolist() == [True, False, False, False, False]


def test_bits_are_given_out_anew_for_each_family_of_processes() -> None:
    rows = [
        wanted(requirement=requirement(process=f"kind-{kind}.x", materials=("wool",)))
        for kind in range(200)
    ]
    arrays = encode(problem(rows, []))
    assert arrays.rows.needs.shape == (1, 200)
    assert set(arrays.rows.needs[0].tolist()) == {0b11}


def test_a_process_belongs_to_the_family_of_its_first_word() -> None:
    assert family_of("3d-printing.fdm.large") == family_of("3d-printing")
    assert family_of("cutter") != family_of("cut.laser")


def test_time_before_now_and_beyond_the_horizon_is_cut_off() -> None:
    windows = (window(-5, -2), window(-1, 3), FreeWindow(NOW_MS, INT_MAX), window(4, 3))
    slots = encode(problem([], [offered(windows=windows)])).slots
    lengths = (slots.end_ms - slots.start_ms).tolist()
    assert lengths[:3] == [0, 3 * HOUR_MS, HORIZON_S * 1_000]
    assert lengths[3] < 0
    assert slots.longest_ms.tolist() == [HORIZON_MS]
    assert slots.count.tolist() == [5]


def test_a_stranger_who_claims_a_power_station_is_taken_at_ten_megawatts() -> None:
    slots = encode(problem([], [offered(energy_w=INT_MAX)])).slots
    assert slots.energy_w.tolist() == [ENERGY_W_MAX]


def test_arrays_cannot_be_written() -> None:
    arrays = encode(problem([wanted()], [offered()]))
    with pytest.raises(ValueError, match="read-only"):
        arrays.slots.setup_s[0] = 0
    assert arrays.rows.work_s.dtype == np.int64


def test_need_and_slack_make_urgency() -> None:
    plain = wanted(due_ms=NOW_MS + 10 * HOUR_MS)
    due_later = wanted(due_ms=NOW_MS + 11 * HOUR_MS)
    useless_sooner = wanted(due_ms=NOW_MS + 11 * HOUR_MS, deadline_ms=NOW_MS + HOUR_MS)
    longer = wanted(due_ms=NOW_MS + 10 * HOUR_MS, pieces=7)
    needed = wanted(due_ms=NOW_MS + 10 * HOUR_MS, need_weight=2_000)

    def urgent(row: Wanted) -> int:
        return urgency(row, NOW_MS)

    assert urgent(plain) < urgent(due_later)
    assert urgent(useless_sooner) < urgent(plain)
    assert urgent(longer) < urgent(plain)
    assert urgent(needed) == urgent(plain) // 2
