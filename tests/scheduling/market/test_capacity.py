"""A wave within budgets keeps them, and is as good as it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.market.budgets import Budgets, single
from fabnet.scheduling.market.capacity import Allotment, allot
from fabnet.scheduling.market.shadow import reduced, shadow
from tests.scheduling.market.graphs import sparse

SOME = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def budgeted(draw: st.DrawFn) -> tuple[Graph, Budgets, int]:
    """Draw a few rows, and slots that share pools of two kinds."""
    rows, slots = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    graph = sparse(dice.integers(0, 50, (rows, slots)), slots)
    pool = np.stack((np.arange(slots), slots + np.arange(slots) // 2), axis=1)
    demand = dice.integers(0, 9, (graph.slot.size, 2))
    capacity = dice.integers(0, 20, slots + (slots + 1) // 2)
    return graph, Budgets(pool, demand, capacity), draw(st.integers(1, 90))


def enumerated(graph: Graph, budgets: Budgets, postpone_ms: int) -> int:
    """Return the least cost there is, by looking at every plan."""
    ways = [
        [-1, *range(int(graph.first[row]), int(graph.first[row + 1]))]
        for row in range(graph.rows)
    ]
    return min(
        sum(postpone_ms if edge < 0 else int(graph.cost_ms[edge]) for edge in plan)
        for plan in product(*ways)
        if (budgets.load(graph, np.array(plan)) <= budgets.capacity).all()
    )


def hold(graph: Graph, budgets: Budgets, postpone_ms: int, found: Allotment) -> None:
    """Check an outcome against the graph and the budgets alone."""
    placed = np.flatnonzero(found.edge >= 0)
    edges = found.edge[placed]
    assert (edges >= graph.first[placed]).all()
    assert (edges < graph.first[placed + 1]).all()
    assert (graph.slot[edges] == found.slot[placed]).all()
    assert (budgets.load(graph, found.edge) <= budgets.capacity).all()
    assert (found.load == budgets.load(graph, found.edge)).all()
    waiting_ms = (graph.rows - placed.size) * postpone_ms
    assert found.proof.cost_ms == int(graph.cost_ms[edges].sum()) + waiting_ms


@pytest.mark.usefixtures("either")
@SOME
@given(case=budgeted())
def test_budgets_are_kept_and_the_bound_holds(case: tuple[Graph, Budgets, int]) -> None:
    graph, budgets, postpone_ms = case
    found = allot(graph, budgets, postpone_ms, moves=20_000)
    hold(graph, budgets, postpone_ms, found)
    best = enumerated(graph, budgets, postpone_ms)

    assert found.proof.bound_ms <= best <= found.proof.cost_ms


def test_small_problems_are_solved_to_the_end(either: str) -> None:
    if either == "numpy":
        pytest.skip("the twin never steps uphill, and so stops early")
    dice = np.random.default_rng(7)
    for _ in range(10):
        graph = sparse(dice.integers(1, 50, (5, 3)), 3)
        demand = dice.integers(1, 9, graph.slot.size)
        budgets = single(graph, demand, np.full(3, 10))
        found = allot(graph, budgets, 200, moves=100_000)

        assert found.proof.cost_ms == enumerated(graph, budgets, 200)


@pytest.mark.usefixtures("either")
def test_the_same_seed_gives_the_same_bytes() -> None:
    graph, budgets = town(60, 12)
    told = {
        allot(graph, budgets, 10_000, seed=3, moves=50_000).edge.tobytes()
        for _ in range(2)
    }

    assert len(told) == 1


@pytest.mark.usefixtures("either")
def test_moves_only_ever_help() -> None:
    graph, budgets = town(60, 12)
    costs = [
        allot(graph, budgets, 10_000, moves=moves).proof.cost_ms
        for moves in (0, 200_000)
    ]

    assert costs[1] < costs[0]


def town(rows: int, slots: int) -> tuple[Graph, Budgets]:
    """Return rows that together want nine tenths of what there is."""
    dice = np.random.default_rng(1)
    graph = sparse(dice.integers(10, 1_000, (rows, slots)), slots)
    demand = dice.integers(5, 26, graph.slot.size)
    return graph, single(graph, demand, np.full(slots, 15 * rows * 10 // 9 // slots))


@pytest.mark.usefixtures("either")
def test_machines_of_one_site_share_its_energy() -> None:
    """Two machines, one job each; the site has energy for one of the two jobs."""
    graph = sparse(np.array([[10, 11], [12, 10]]), 2)
    each_takes_one_row = np.ones(4, np.int64)
    budgets = Budgets(
        pool=np.array([[0, 2], [1, 2]]),
        demand=np.stack((each_takes_one_row, np.full(4, 600)), axis=1),
        capacity=np.array([1, 1, 1_000]),
    )
    found = allot(graph, budgets, 100, moves=1_000)

    assert min(found.slot.tolist()) == -1
    assert found.load[2] == 600
    assert found.proof.cost_ms == 110


def test_a_budget_that_is_short_has_a_price_and_others_have_none() -> None:
    graph = sparse(np.array([[10, 50], [10, 60], [10, 70]]), 2)
    budgets = single(graph, np.full(6, 5), np.array([5, 500]))
    found = shadow(graph, budgets, np.full(3, 1_000))

    assert found.price[0] > 0
    assert found.price[1] == 0
    assert (reduced(graph, budgets, found.price) >= graph.cost_ms << 10).all()


def test_what_was_left_out_of_the_graph_is_in_the_bound() -> None:
    dense = np.array([[5, 7], [5, 9]])
    narrow = sparse(dense, 1)
    budgets = single(narrow, np.array([1, 1]), np.array([1, 1]))
    sure = allot(narrow, budgets, 100, moves=100).proof

    assert sure.cost_ms == 105
    assert sure.bound_ms <= 5 + 7


@pytest.mark.usefixtures("either")
def test_no_slots_and_no_rows_are_no_trouble() -> None:
    nothing = sparse(np.zeros((3, 0), np.int64), 1)
    budgets = Budgets(
        np.zeros((0, 1), np.int64), np.zeros((0, 1), np.int64), np.array([4])
    )

    assert allot(nothing, budgets, 7).proof.cost_ms == 21
    nobody = sparse(np.zeros((0, 0), np.int64), 1)
    assert allot(nobody, budgets, 7).proof.cost_ms == 0


GRAPH = sparse(np.array([[5, 7], [6, 8]]), 2)
GOOD = single(GRAPH, np.ones(4, np.int64), np.array([1, 1]))


@pytest.mark.parametrize(
    ("budgets", "postpone_ms", "field"),
    [
        (replace(GOOD, pool=GOOD.pool[:1]), 9, "budgets.pool"),
        (replace(GOOD, pool=GOOD.pool + 1), 9, "budgets.pool"),
        (replace(GOOD, demand=GOOD.demand[:3]), 9, "budgets.demand"),
        (replace(GOOD, demand=-GOOD.demand), 9, "budgets.demand"),
        (replace(GOOD, demand=GOOD.demand << 60), 9, "budgets.demand"),
        (replace(GOOD, capacity=np.array([-1, 1])), 9, "budgets.capacity"),
        (GOOD, 2**49, "postpone_ms"),
    ],
)
def test_what_is_amiss_is_refused_by_name(
    budgets: Budgets, postpone_ms: int, field: str
) -> None:
    with pytest.raises(InputError) as told:
        allot(GRAPH, budgets, postpone_ms)

    assert told.value.field == field
