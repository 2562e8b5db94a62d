"""The index finds what sorting every slot would, with kernels and without."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from fabnet.errors import InputError
from fabnet.production.offer import FreeWindow
from fabnet.production.place import Place
from fabnet.production.plan import Problem, Weights
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import INT_MAX
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import first_failing
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.index.arrange import LANES
from fabnet.scheduling.index.forest import build
from fabnet.scheduling.index.state import State
from fabnet.scheduling.index.topk import K_MAX, nearest, topk
from fabnet.scheduling.model import NEED_PERMILLE_MAX, NEVER, WEIGHTS_MAX, Encoded
from fabnet.scheduling.wave import Wave
from tests.scheduling.index.either import EITHER
from tests.scheduling.problems import (
    capability,
    offered,
    problem,
    problems,
    requirement,
    wanted,
)


def dense(arrays: Encoded, row: int) -> list[tuple[int, int]]:
    """Return every feasible slot of a row on a fresh calendar: (cost, slot), sorted."""
    (failing,) = first_failing(arrays, np.array([row]))
    survey = Wave(arrays).survey(row, failing)
    return sorted(zip(survey.total_ms.tolist(), survey.slots.tolist(), strict=True))


def edges(graph: Graph, at: int) -> list[tuple[int, int]]:
    here = slice(graph.first[at], graph.first[at + 1])
    return list(
        zip(graph.cost_ms[here].tolist(), graph.slot[here].tolist(), strict=True)
    )


@EITHER
@settings(max_examples=300, deadline=None)
@given(problems)
def test_the_cheapest_are_those_of_the_sorted_row(
    compiled: bool, asked: Problem
) -> None:
    arrays = encode(asked)
    rows, forest = np.arange(arrays.rows.many), build(arrays)
    for k in (1, 2, 5):
        graph = topk(arrays, forest, rows, k, compiled=compiled)
        for row in rows.tolist():
            every = dense(arrays, row)
            assert edges(graph, row) == every[:k]
            left_out = every[k][0] if len(every) > k else NEVER
            assert graph.left_out_ms[row] == left_out


@EITHER
def test_more_candidates_than_can_be_are_refused(compiled: bool) -> None:
    arrays = encode(problem([wanted()], [offered()]))
    forest, rows = build(arrays), np.array([0])
    for k in (0, K_MAX + 1):
        with pytest.raises(InputError, match="k"):
            topk(arrays, forest, rows, k, compiled=compiled)
    assert topk(arrays, forest, rows, K_MAX, compiled=compiled).slot.tolist() == [0]


@EITHER
def test_the_largest_of_everything_costs_the_same(compiled: bool) -> None:
    row = wanted(
        pieces=PIECES_MAX,
        reference_s=120,
        requirement=requirement(
            mass_mg=INT_MAX, size_x_um=INT_MAX, tolerance_um=INT_MAX
        ),
        due_ms=0,
        need_weight=NEED_PERMILLE_MAX,
        place=Place(7_000_000, 7_000_000, 7_000_000, 0, 0),
    )
    far = Place(-7_000_000, -7_000_000, -7_000_000, 0, 0)
    offers = [
        offered(
            f"shop/{at}",
            capability=capability(size_x_um=INT_MAX, tolerance_um=INT_MAX),
            energy_w=INT_MAX,
            grid_g_per_kwh=5_000,
            setup_s=9_600 - at,
            charter="elsewhere",
            place=far,
            windows=(FreeWindow(0, INT_MAX),),
        )
        for at in range(40)
    ]
    arrays = encode(problem([row], offers, WEIGHTS_MAX))
    graph = topk(arrays, build(arrays), np.array([0]), 9, compiled=compiled)
    every = dense(arrays, 0)
    assert edges(graph, 0) == every[:9]
    assert graph.left_out_ms[0] == every[9][0] > 2**52
    state = State(arrays, compiled=compiled)
    lot = state.place(0)
    assert lot is not None
    assert (lot.cost_ms, lot.slot) == every[0]


@EITHER
def test_where_all_costs_are_equal_the_least_slots_are_taken(compiled: bool) -> None:
    offers = [offered(f"shop/{at:03}") for at in range(300)]
    arrays = encode(problem([wanted()], offers))
    graph = topk(arrays, build(arrays), np.array([0]), 40, compiled=compiled)
    assert graph.slot.tolist() == list(range(40))
    assert graph.left_out_ms.tolist() == graph.cost_ms[-1:].tolist()


@EITHER
def test_of_the_cheapest_all_over_the_world_the_least_is_taken(compiled: bool) -> None:
    # Neighbours share a leaf, and no leaf holds the least numbers.
    offers = [
        offered(f"shop/{at:03}", place=Place(at * 7 % 300 * 10_000, 0, 0, 0, 0))
        for at in range(300)
    ]
    arrays = encode(problem([wanted()], offers, Weights(0, 0, 0, 0)))
    forest = build(arrays)
    assert (forest.where[:16] // LANES != forest.where[0] // LANES).any()
    _, slots, held = nearest(arrays, forest, np.array([0]), 1, compiled=compiled)
    assert (slots.tolist(), held.tolist()) == ([[0]], [1])


@EITHER
def test_nothing_offered_and_nothing_wanted_are_no_candidates(compiled: bool) -> None:
    for rows, offers in (([wanted()], []), ([], [offered()]), ([], [])):
        arrays = encode(problem(rows, offers))
        every = np.arange(len(rows))
        graph = topk(arrays, build(arrays), every, 3, compiled=compiled)
        assert graph.first.tolist() == [0] * (len(rows) + 1)
        assert graph.left_out_ms.tolist() == [NEVER] * len(rows)
        state = State(arrays, compiled=compiled)
        assert state.burst(every) == [None] * len(rows)
