"""Costs are whole numbers of milliseconds, kept apart until the sum."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fabnet.production.place import Place, distance_m
from fabnet.production.plan import Placed, Weights
from fabnet.records.ids import CharterId
from fabnet.scheduling import cost
from fabnet.scheduling.encode import encode
from fabnet.scheduling.plan import plan
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    offered,
    problem,
    requirement,
    wanted,
)

metres = st.integers(-7_000_000, 7_000_000)
places = st.builds(Place, metres, metres, metres, st.just(0), st.just(0))


@given(st.lists(st.integers(0, 2**60 - 1), min_size=1, max_size=50))
def test_roots_are_those_of_whole_numbers(squares: list[int]) -> None:
    found = cost.isqrt(np.array(squares, np.int64)).tolist()
    assert found == [math.isqrt(square) for square in squares]


@given(st.integers(1, 2**30 - 1))
def test_roots_are_right_beside_a_square(root: int) -> None:
    squares = np.array([root * root - 1, root * root, root * root + 1], np.int64)
    assert cost.isqrt(squares).tolist() == [root - 1, root, root]


@given(places, st.lists(places, min_size=1, max_size=8))
def test_distances_are_those_of_production(here: Place, there: list[Place]) -> None:
    offers = [offered(f"shop/{at}", place=place) for at, place in enumerate(there)]
    arrays = encode(problem([wanted(place=here)], offers))
    found = cost.distance_m(arrays, 0, np.arange(len(there)))
    assert found.tolist() == [distance_m(here, place) for place in there]


def test_each_term_is_what_the_policy_says_it_is_worth() -> None:
    row = wanted(
        due_ms=NOW_MS,
        need_weight=1_500,
        place=Place(0, 0, 0, 0, 0),
        requirement=requirement(mass_mg=500_000),
    )
    offer = offered(
        place=Place(300_000, 400_000, 0, 0, 0),
        energy_w=1_000,
        setup_s=600,
        charter=CharterId("detroit"),
    )
    weights = Weights(
        late_permille=2_000, distance_s_per_km=3, co2_s_per_kg=100, own_first_s=900
    )
    [answer] = plan(problem([row], [offer], weights))
    assert isinstance(answer, Placed)
    length_ms = 600_000 + 6 * 1_200_000
    # 2 kWh at 400 g a kWh, and 3 kg over 500 km at 137 g a tonne-kilometre.
    carbon_g = 800 + 205.5
    assert {term.name: term.cost_ms for term in answer.terms} == {
        "lateness": length_ms * 3,
        "waiting": length_ms,
        "distance": 500 * 3 * 1_000,
        "carbon": carbon_g * 100,
        "own-first": 900_000,
    }
    assert answer.cost_ms == sum(term.cost_ms for term in answer.terms)


def test_a_cleaner_grid_is_worth_some_waiting() -> None:
    weights = Weights(
        late_permille=0, distance_s_per_km=0, co2_s_per_kg=36_000, own_first_s=0
    )
    coal = offered("shop/coal", energy_w=1_000, grid_g_per_kwh=900)
    sun = offered("shop/sun", energy_w=1_000, grid_g_per_kwh=20, setup_s=3_600)
    [answer] = plan(problem([wanted()], [coal, sun], weights))
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/sun"


def test_what_is_long_overdue_still_goes_where_it_is_done_first() -> None:
    slow, quick = offered("shop/a", setup_s=900), offered("shop/b")
    [answer] = plan(problem([wanted(due_ms=0)], [slow, quick]))
    assert isinstance(answer, Placed)
    assert answer.machine == "shop/b"
    assert answer.terms[0].cost_ms > 60 * 24 * HOUR_MS
