"""The same in a world large enough for trees of several levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scheduling.plainly import Scan, loop, machines
from benchmarks.scheduling.world import world
from fabnet.scheduling import cost, model
from fabnet.scheduling.feasible import Rule, first_failing, making_ms
from fabnet.scheduling.index import (
    arrange,
    calendar,
    crown,
    kernel,
    kernel_bounds,
    nearness,
    twin,
)
from fabnet.scheduling.index import forest as trees
from fabnet.scheduling.index import topk as topk_room
from fabnet.scheduling.index.forest import build, refresh
from fabnet.scheduling.index.nearness import Asking, Lanes
from fabnet.scheduling.index.state import State
from fabnet.scheduling.index.topk import topk
from fabnet.scheduling.model import Arrays, Rows, Slots
from fabnet.scheduling.wave import Calendar
from tests.scheduling.index.either import EITHER

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


def dense(arrays: Arrays, row: int) -> list[tuple[int, int]]:
    """Return (cost, slot) of every feasible slot, sorted."""
    (failing,) = first_failing(arrays, np.array([row]))
    slots = np.flatnonzero(failing == Rule.COSTLIER)
    length_ms = making_ms(arrays, np.array([row]), slots)
    end_ms = Calendar(arrays).earliest(slots, length_ms) + length_ms
    fine = end_ms <= arrays.rows.deadline_ms[row]
    total = cost.terms(arrays, row, slots[fine], end_ms[fine]).sum(axis=0)
    return sorted(zip(total.tolist(), slots[fine].tolist(), strict=True))


@EITHER
@SEEDS
def test_the_cheapest_of_thousands_are_found(compiled: bool, seed: int) -> None:
    arrays = world(60, 6_000, seed, cities=seed == 2)
    graph = topk(arrays, build(arrays), np.arange(60), 20, compiled=compiled)
    for row in range(60):
        here = slice(graph.first[row], graph.first[row + 1])
        every = dense(arrays, row)
        found = zip(
            graph.cost_ms[here].tolist(), graph.slot[here].tolist(), strict=True
        )
        assert list(found) == every[:20]
        if len(every) > 20:
            assert graph.left_out_ms[row] == every[20][0]


@EITHER
@pytest.mark.parametrize("said_no", [False, True], ids=["nobody", "somebody"])
def test_it_makes_no_difference_which_row_comes_after_which(
    compiled: bool, said_no: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = world(700, 2_000, 6)
    if said_no:
        best = topk(arrays, build(arrays), np.arange(700), 1).slot[:50]
        refused = np.stack((np.arange(50), best))
        arrays = replace(arrays, rows=replace(arrays.rows, refused=refused))
    forest, rows = build(arrays), np.arange(700)[::-3]
    for k in (1, 4):
        plainly = topk(arrays, forest, rows, k, compiled=compiled)
        with monkeypatch.context() as patch:
            # As if there were too many slots for the cache.
            patch.setattr(topk_room, "CACHED_SLOTS", 0)
            ordered = topk(arrays, forest, rows, k, compiled=compiled)
        for name in ("first", "slot", "cost_ms", "left_out_ms"):
            found, expected = getattr(ordered, name), getattr(plainly, name)
            assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("CROWN_BRANCHES", 1),
        ("NEAR_MAX", 1),
        ("TRIES", 1),
        ("GATHERED", 16),
        ("CELLS", 1),
    ],
)
def test_the_best_without_numba_is_the_same_however_it_is_sought(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = world(300, 6_000, 7)
    forest, rows = build(arrays), np.arange(300)
    _, expected, _ = twin.nearest(arrays, forest, Lanes.by_leaf(forest), rows, 1)
    monkeypatch.setattr(crown, limit, value)
    _, found, _ = crown.best(arrays, forest, Lanes.by_leaf(forest), rows)
    assert found.tolist() == expected.tolist()


@EITHER
@SEEDS
def test_a_burst_on_a_standing_tree_is_a_scan_for_each(
    compiled: bool, seed: int
) -> None:
    arrays = world(500, 3_000, seed, cities=seed == 2)
    state, scan = State(arrays, compiled=compiled), Scan(arrays)
    for row, lot in enumerate(state.burst(np.arange(500))):
        cost_ms, slot, end_ms = scan.place(row)
        if lot is None:
            assert slot == -1
        else:
            assert (lot.cost_ms, lot.slot, lot.end_ms) == (cost_ms, slot, end_ms)
    forest = state.settle()
    repaired = forest.branches.tobytes(), forest.lanes.tobytes()
    refresh(forest)
    assert repaired == (forest.branches.tobytes(), forest.lanes.tobytes())


def test_the_plain_loop_finds_what_the_scan_finds() -> None:
    arrays = world(40, 2_000, 4)
    offers, scan = machines(arrays), Scan(arrays)
    for row in range(40):
        assert loop(arrays, offers, row) == scan.best(row)[:2]


def test_kernels_know_the_columns_of_the_tables() -> None:
    rows, slots = vars(Rows), vars(Slots)
    for letter, columns in (("R", rows), ("S", slots)):
        for short, name in (
            ("FAMILY", "family"), ("SIZE", "size_um"), ("TOLERANCE", "tolerance_um"),
            ("THICKNESS", "thickness_um"), ("PLACE", "place_m"), ("CHARTER", "charter"),
            ("WORK", "work_s"), ("MASS", "mass_g"), ("DUE", "due_ms"),
            ("DEADLINE", "deadline_ms"), ("NEED", "need_permille"),
            ("RADIUS", "radius_m"), ("UNIT", "unit"), ("ACCESS", "access"),
            ("PACE", "pace_permille"), ("SETUP", "setup_s"), ("ENERGY", "energy_w"),
            ("GRID", "grid_g_per_kwh"),
        ):  # fmt: skip
            for numbers in (kernel, kernel_bounds):
                known = vars(numbers).get(f"{letter}_{short}")
                assert known is None or known == columns[name].at
    lanes = ("LOW", "HIGH", "SIZE", "TOLERANCE", "THICKNESS", "END", "MADE")
    slots_too = ("NUMBER", "READY", "CAN", "NONE_MS", "LOWER", "WORKS_S")
    for numbers in (kernel, kernel_bounds):
        for name in {*lanes, *slots_too} & vars(numbers).keys():
            assert vars(numbers)[name] == vars(trees)[name]
        for name in {"OWN", "OTHERS", "NO_LIMIT", "NEVER"} & vars(numbers).keys():
            assert vars(numbers)[name] == vars(model)[name]
    # A door is found by adding what is true to the first.
    assert (model.OWN, model.OTHERS) == (1, 2)
    assert calendar.HEAD == kernel.HEAD
    for name in ("LESS", "MORE", "SURE"):
        assert vars(kernel_bounds)[name] == pytest.approx(
            float(vars(nearness)[name]), 1e-7
        )
    assert len(trees.WORKS_S) == kernel.STEPS
    assert arrange.LANES == kernel.LANES == kernel_bounds.LANES
    assert kernel_bounds.TRANSPORT_G_PER_T_KM == cost.TRANSPORT_G_PER_T_KM
    assert kernel.TRANSPORT_G_PER_T_KM == cost.TRANSPORT_G_PER_T_KM


def test_what_one_row_asks_is_what_it_asks_among_many() -> None:
    arrays = world(200, 300, 5)
    for row in range(200):
        one, many = Asking.one(arrays, row), Asking.of(arrays, np.array([row]))
        for name in ("place", "size", "rest", "limits", "step", "charter", "needs"):
            assert getattr(one, name).tolist() == getattr(many, name).tolist()
            assert getattr(one, name).dtype == getattr(many, name).dtype
