"""A wave is as good as it says, whoever runs it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.market.assignment import Assignment
from fabnet.scheduling.market.bound import lower_bound_ms
from fabnet.scheduling.market.wave import wave
from fabnet.scheduling.model import NEVER
from tests.scheduling.market.graphs import (
    Ints,
    asking,
    both,
    markets,
    optimum,
    sparse,
)

MANY = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def reckoned(dense: Ints, postpone_ms: int, found: Assignment) -> int:
    """Return what an outcome costs, straight from the table; no slot goes twice."""
    given = [slot for slot in found.slot.tolist() if slot >= 0]
    assert len(set(given)) == len(given)
    return sum(
        postpone_ms if slot < 0 else int(dense[row, slot])
        for row, slot in enumerate(found.slot.tolist())
    )


@pytest.mark.usefixtures("either")
@MANY
@given(market=markets(), epsilon_ms=st.sampled_from((None, 1, 7)))
def test_bound_optimum_and_cost_stand_in_this_order(
    market: tuple[Ints, int], epsilon_ms: int | None
) -> None:
    dense, postpone_ms = market
    found = wave(sparse(dense, 9), postpone_ms, epsilon_ms=epsilon_ms)
    sure, best = found.proof, optimum(dense, postpone_ms)

    assert sure.cost_ms == reckoned(dense, postpone_ms, found)
    assert sure.bound_ms <= best <= sure.cost_ms
    if epsilon_ms is not None and found.bids <= 32:  # nobody lost patience
        assert sure.cost_ms <= best + epsilon_ms * len(dense)
        assert sure.gap_ms <= epsilon_ms * len(dense)


@pytest.mark.usefixtures("either")
@MANY
@given(market=markets(), width=st.integers(1, 4))
def test_rows_that_ask_for_more_do_as_well_as_if_they_saw_all(
    market: tuple[Ints, int], width: int
) -> None:
    dense, postpone_ms = market
    found = wave(sparse(dense, width), postpone_ms, epsilon_ms=1, more=asking(dense))
    sure, best = found.proof, optimum(dense, postpone_ms)

    assert sure.cost_ms == reckoned(dense, postpone_ms, found)
    assert sure.bound_ms <= best <= sure.cost_ms
    if found.bids <= 32:
        assert sure.gap_ms <= len(dense)
    placed = found.edge >= 0
    assert (found.graph.slot[found.edge[placed]] == found.slot[placed]).all()


@pytest.mark.usefixtures("either")
@MANY
@given(market=markets(), width=st.integers(1, 4))
def test_a_bound_holds_for_what_was_left_out_too(
    market: tuple[Ints, int], width: int
) -> None:
    dense, postpone_ms = market
    sure = wave(sparse(dense, width), postpone_ms).proof

    assert 0 <= sure.bound_ms <= optimum(dense, postpone_ms) <= sure.cost_ms


@MANY
@given(market=markets(), seed=st.integers(0, 2**32 - 1))
def test_any_prices_bound_the_optimum(market: tuple[Ints, int], seed: int) -> None:
    dense, postpone_ms = market
    graph = sparse(dense, 3)
    price_ms = np.random.default_rng(seed).integers(0, postpone_ms + 2, graph.slots)
    waiting_ms = np.full(graph.rows, postpone_ms)

    assert lower_bound_ms(graph, price_ms, waiting_ms) <= optimum(dense, postpone_ms)


@pytest.mark.usefixtures("either")
@MANY
@given(market=markets())
def test_the_best_outcome_is_found_when_it_is_asked_for(
    market: tuple[Ints, int],
) -> None:
    dense, _ = market
    dense = np.minimum(dense, 60)
    sure = wave(sparse(dense, 9), 61, epsilon_ms=0, bids_per_row_max=10**6).proof

    assert sure.cost_ms == optimum(dense, 61) == sure.bound_ms


@MANY
@given(market=markets(), width=st.integers(1, 9))
def test_kernel_and_twin_agree_to_the_last_bit(
    monkeypatch: pytest.MonkeyPatch, market: tuple[Ints, int], width: int
) -> None:
    dense, postpone_ms = market
    told = set()
    for compiled in both():
        monkeypatch.setattr(fast, "FAST", compiled)
        found = wave(sparse(dense, width), postpone_ms, more=asking(dense))
        sure = found.proof
        told.add((found.slot.tobytes(), found.price_ms.tobytes(), sure, found.bids))

    assert len(told) == 1


@pytest.mark.usefixtures("either")
@MANY
@given(market=markets())
def test_one_more_machine_never_worsens_the_best(market: tuple[Ints, int]) -> None:
    dense, _ = market
    dense = np.minimum(dense, 60)
    fewer = dense[:, :-1]
    costs = [
        wave(sparse(each, 9), 61, epsilon_ms=0, bids_per_row_max=10**6)
        for each in (dense, fewer)
    ]

    assert costs[0].proof.cost_ms <= costs[1].proof.cost_ms


@pytest.mark.usefixtures("either")
def test_other_numbers_for_rows_and_slots_change_nothing_else() -> None:
    dice = np.random.default_rng(5)
    dense = dice.integers(0, 10**12, (40, 30))
    plain = wave(sparse(dense, 30), 10**12)
    rows, slots = dice.permutation(40), dice.permutation(30)
    other = wave(sparse(dense[rows][:, slots], 30), 10**12)

    names = np.append(slots, -1)
    assert (names[other.slot] == plain.slot[rows]).all()
    assert (other.price_ms == plain.price_ms[slots]).all()
    assert other.proof == plain.proof


@pytest.mark.usefixtures("either")
def test_nothing_offered_means_that_all_wait() -> None:
    found = wave(sparse(np.zeros((3, 0), np.int64), 4), 100)

    assert found.slot.tolist() == [-1, -1, -1]
    assert (found.proof.cost_ms, found.proof.gap_ms) == (300, 0)


@pytest.mark.usefixtures("either")
def test_nothing_wanted_costs_nothing() -> None:
    found = wave(sparse(np.zeros((0, 5), np.int64), 4), 100)

    assert (found.proof.cost_ms, found.proof.bound_ms) == (0, 0)


@pytest.mark.usefixtures("either")
def test_when_all_cost_the_same_every_machine_gets_a_row() -> None:
    found = wave(sparse(np.full((30, 12), 500), 12), 9_000)

    assert sorted(found.slot[found.slot >= 0].tolist()) == list(range(12))
    assert found.proof.cost_ms == 12 * 500 + 18 * 9_000
    assert found.proof.gap_ppm <= 4_000


@pytest.mark.usefixtures("either")
def test_of_a_hundred_thousand_rows_one_gets_the_only_machine() -> None:
    rows = 100_000
    cost_ms = np.random.default_rng(1).integers(0, 10**6, (rows, 1))
    found = wave(sparse(cost_ms, 1), 10**6)

    (lucky,) = np.flatnonzero(found.slot == 0)
    assert cost_ms[lucky] == cost_ms.min()
    assert found.bids <= 2 * rows


@pytest.mark.usefixtures("either")
def test_a_price_war_ends() -> None:
    """Forty rows want thirty slots, and waiting costs ten thousand times as much."""
    dense = np.random.default_rng(2).integers(0, 1_000, (40, 30))
    found = wave(sparse(dense, 30), 10**7, epsilon_ms=1)
    sure = found.proof

    assert not sure.stopped
    assert found.bids < 1_000 * 40
    assert sure.bound_ms <= optimum(dense, 10**7) <= sure.cost_ms
    assert (found.slot >= 0).sum() == 30


@pytest.mark.usefixtures("either")
def test_a_wave_that_met_its_limit_says_so_and_wastes_nothing() -> None:
    dense = np.random.default_rng(2).integers(0, 1_000, (40, 30))
    found = wave(sparse(dense, 30), 10**7, epsilon_ms=1, bids_per_row_max=2)

    assert found.proof.stopped
    assert found.proof.cost_ms == reckoned(dense, 10**7, found)
    assert (found.slot >= 0).sum() == 30
    assert found.proof.bound_ms <= optimum(dense, 10**7)


@pytest.mark.usefixtures("either")
def test_what_nobody_holds_is_worth_nothing() -> None:
    dense = np.random.default_rng(3).integers(0, 1_000, (20, 40))
    found = wave(sparse(dense, 40), 2_000)

    idle = np.setdiff1d(np.arange(40), found.slot)
    assert (found.price_ms[idle] == 0).all()


GOOD = sparse(np.array([[5, 7], [6, NEVER]]), 2)


@pytest.mark.parametrize(
    ("graph", "postpone_ms", "field"),
    [
        (replace(GOOD, slot=GOOD.slot + 1), 9, "graph.slot"),
        (replace(GOOD, slot=GOOD.slot - 1), 9, "graph.slot"),
        (replace(GOOD, cost_ms=np.array([7, 5, 6])), 9, "graph.cost_ms"),
        (replace(GOOD, cost_ms=GOOD.cost_ms - 6), 9, "graph.cost_ms"),
        (replace(GOOD, cost_ms=GOOD.cost_ms[:2]), 9, "graph.first"),
        (replace(GOOD, first=np.array([0, 4, 3])), 9, "graph.first"),
        (replace(GOOD, left_out_ms=np.array([3])), 9, "graph.first"),
        (GOOD, -1, "postpone_ms"),
        (GOOD, 2**61, "postpone_ms"),
    ],
)
def test_what_is_amiss_is_refused_by_name(
    graph: Graph, postpone_ms: int, field: str
) -> None:
    with pytest.raises(InputError) as told:
        wave(graph, postpone_ms)

    assert told.value.field == field


def test_an_answer_for_other_rows_is_refused() -> None:
    dense = np.array([[5, 7, 8], [5, 7, 8]])
    with pytest.raises(InputError, match="more"):
        wave(sparse(dense, 1), 9, more=lambda _rows, width: sparse(dense[:0], width))
