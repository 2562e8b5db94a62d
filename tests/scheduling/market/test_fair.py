"""Fairness moves work away from whoever has more than its share, at a stated cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling.market.fair import (
    balance,
    excess_permille,
    load,
    priced,
    prices_ms,
)
from fabnet.scheduling.market.wave import wave
from tests.scheduling.market.graphs import asking, sparse


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    low_ms=st.integers(0, 40),
    more_ms=st.integers(1, 40),
    which=st.integers(0, 2),
)
def test_a_dearer_cooperative_never_gets_more(
    seed: int, low_ms: int, more_ms: int, which: int
) -> None:
    dice = np.random.default_rng(seed)
    graph = sparse(dice.integers(0, 30, (6, 7)), 7)
    owner = dice.integers(0, 3, 7)
    price_ms = dice.integers(0, 20, 3)
    loads = []
    for each in (low_ms, low_ms + more_ms):
        price_ms[which] = each
        best = wave(
            priced(graph, owner, price_ms), 60, epsilon_ms=0, bids_per_row_max=10**5
        )
        loads.append(int(load(best, owner, 3)[which]))

    assert loads[1] <= loads[0]


def favoured() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], ...]:
    """Return a region where everybody lives near the first cooperative's machines."""
    dice = np.random.default_rng(4)
    dense = dice.integers(1_000, 2_000, (40, 60))
    owner = np.arange(60) % 3
    dense[:, owner > 0] += 300
    return dense, owner[None]


def test_balancing_lowers_the_greatest_load_at_the_cost_it_states() -> None:
    dense, owners = favoured()
    owner, share = owners[0], np.array([20, 20, 20])
    nothing = np.zeros(3, np.int64)
    graph = sparse(dense, 60)
    plain = wave(graph, 10_000)
    found = balance(
        graph, 10_000, owner, share,
        debt_ms=nothing, rounds=12, step_ms=200, extra_permille_max=50,
    )  # fmt: skip
    before = excess_permille(load(plain, owner, 3), share)
    placed = found.outcome.slot

    assert found.excess_permille < before
    assert found.cost_ms == sum(
        10_000 if slot < 0 else int(dense[row, slot])
        for row, slot in enumerate(placed.tolist())
    )
    assert found.extra_ms == found.cost_ms - plain.proof.cost_ms
    assert found.cost_ms * 1_000 <= plain.proof.cost_ms * 1_050
    assert found.excess_permille == excess_permille(
        load(found.outcome, owner, 3), share
    )


def test_who_may_pay_nothing_gets_the_plain_wave_or_a_free_one() -> None:
    dense, owners = favoured()
    found = balance(
        sparse(dense, 60), 10_000, owners[0], np.array([20, 20, 20]),
        debt_ms=np.zeros(3, np.int64), rounds=6, step_ms=500, extra_permille_max=0,
    )  # fmt: skip

    assert found.extra_ms <= 0


def test_balancing_on_few_candidates_asks_for_more_at_the_prices() -> None:
    dense, owners = favoured()
    few, all_ = (
        balance(
            sparse(dense, width), 10_000, owners[0], np.array([20, 20, 20]),
            debt_ms=np.array([900, 0, 0]), rounds=2, step_ms=100,
            extra_permille_max=100, more=asking(dense),
        )
        for width in (2, 60)
    )  # fmt: skip

    assert few.excess_permille <= all_.excess_permille + 100
    assert few.outcome.proof.gap_ppm < 20_000


def test_prices_follow_debts_and_nobody_is_paid() -> None:
    assert prices_ms(np.array([3, 0, -5]), 60_000).tolist() == [180_000, 0, 0]


def test_who_offers_nothing_is_no_measure_of_fairness() -> None:
    assert excess_permille(np.array([4, 2, 0]), np.array([10, 10, 0])) == 1_333
    assert excess_permille(np.array([0, 0]), np.array([10, 10])) == 0


def test_what_is_amiss_is_refused_by_name() -> None:
    graph = sparse(np.array([[5, 7]]), 2)
    with pytest.raises(InputError, match="price_ms"):
        priced(graph, np.array([0, 0]), np.array([-1]))
    with pytest.raises(InputError, match="ms_each"):
        prices_ms(np.array([2**40]), 2**40)
