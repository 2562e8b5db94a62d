"""A batch is done soonest, and the bound says how much sooner it could be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling.fast import INSTALLED
from fabnet.scheduling.queue.soonest import finish, load

KINDS = [False, True] if INSTALLED else [False]
kinds = pytest.mark.parametrize("fast", KINDS, ids=["numpy", "numba"][: len(KINDS)])
Table = list[list[int]]


@st.composite
def tables(draw: st.DrawFn, lots: int) -> tuple[Table, list[int]]:
    machines = draw(st.integers(1, 3))
    cell = st.one_of(st.integers(1, 30), st.just(-1))
    row = st.lists(cell, min_size=machines, max_size=machines).filter(
        lambda row: max(row) >= 0
    )
    free = st.lists(st.integers(0, 20), min_size=machines, max_size=machines)
    return draw(st.lists(row, min_size=1, max_size=lots)), draw(free)


@kinds
@settings(max_examples=80, deadline=None)
@given(tables(lots=5))
def test_bound_optimum_and_plan_stand_in_this_order(
    fast: bool, table: tuple[Table, list[int]]
) -> None:
    length, free = (np.array(each, np.int64) for each in table)
    found = finish(length, free, 2_000, 1, fast=fast)
    optimum = min(
        int(load(length, free, np.array(each)).max())
        for each in product(*[np.flatnonzero(row >= 0).tolist() for row in length])
    )
    assert found.bound_ms <= optimum <= found.end_ms
    assert found.end_ms == load(length, free, found.machine).max()
    assert (length[np.arange(len(length)), found.machine] >= 0).all()


@kinds
@settings(max_examples=30, deadline=None)
@given(tables(lots=12), st.integers(0, 99))
def test_the_same_seed_gives_the_same_machines(
    fast: bool, table: tuple[Table, list[int]], seed: int
) -> None:
    length, free = (np.array(each, np.int64) for each in table)
    one, two = (finish(length, free, 1_000, seed, fast=fast) for _ in range(2))
    assert one.machine.tobytes() == two.machine.tobytes()


@kinds
def test_of_a_hundred_lots_it_comes_near_the_bound(fast: bool) -> None:
    dice = np.random.default_rng(1)
    length = dice.integers(1, 1_000, (100, 8)) * 3_600_000
    found = finish(length, np.zeros(8, np.int64), 40_000, 1, fast=fast)
    assert found.end_ms <= found.bound_ms * 1.06


@pytest.mark.parametrize(
    ("length", "free", "field"),
    [
        ([[-1, -1]], [0, 0], "length_ms"),
        ([[2**41, 1]], [0, 0], "length_ms"),
        ([[1, 1]], [0, -1], "free_ms"),
        ([[1, 1]], [0], "length_ms"),
    ],
)
def test_what_is_no_batch_is_refused_by_name(
    length: Table, free: list[int], field: str
) -> None:
    with pytest.raises(InputError, match=field):
        finish(np.array(length, np.int64), np.array(free, np.int64), 10, 1)
