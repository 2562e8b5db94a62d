"""Schedules keep every rule, cost what they say, and only get better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.scheduling.fast import INSTALLED
from fabnet.scheduling.queue import kernel_moves, twin
from fabnet.scheduling.queue.fail import fail
from fabnet.scheduling.queue.search import anneal, descent, empty, insert
from fabnet.scheduling.queue.shop import NEVER, Schedule
from tests.scheduling.queue.shops import Case, Lot, Slot, cases, least, shop_of, told

KINDS = [False, True] if INSTALLED else [False]
kinds = pytest.mark.parametrize("fast", KINDS, ids=["numpy", "numba"][: len(KINDS)])
some = settings(max_examples=80, deadline=None)


def same(one: Schedule, other: Schedule) -> bool:
    return (
        one.pair.tobytes() == other.pair.tobytes()
        and one.end_ms.tobytes() == other.end_ms.tobytes()
    )


@kinds
@some
@given(cases(), st.integers(0, 2**64 - 1))
def test_each_step_keeps_the_rules_and_costs_what_it_says(
    fast: bool, case: Case, seed: int
) -> None:
    shop = shop_of(case)
    inserted = insert(shop, fast=fast)
    lower = descent(shop, inserted, fast=fast)
    annealed = anneal(shop, lower, 60, seed, fast=fast)
    steps = [empty(shop), inserted, lower, annealed]
    costs = [told(case, shop, each) for each in steps]
    assert costs == [each.cost_ms for each in steps]
    assert costs == sorted(costs, reverse=True)


@kinds
@settings(max_examples=60, deadline=None)
@given(cases(lots=4))
def test_no_schedule_undercuts_the_cheapest_that_trying_all_finds(
    fast: bool, case: Case
) -> None:
    shop = shop_of(case)
    found = anneal(shop, insert(shop, fast=fast), 200, 1, fast=fast)
    assert found.cost_ms >= least(case)


@pytest.mark.skipif(not INSTALLED, reason="numba is not installed")
@some
@given(cases())
def test_kernels_and_their_twins_insert_and_descend_to_the_same_bytes(
    case: Case,
) -> None:
    shop = shop_of(case)
    one, other = insert(shop, fast=True), insert(shop, fast=False)
    assert same(one, other)
    assert same(descent(shop, one, fast=True), descent(shop, other, fast=False))


@pytest.mark.skipif(not INSTALLED, reason="numba is not installed")
@given(st.integers(0, 2**64 - 1))
@settings(max_examples=20, deadline=None)
def test_both_throw_the_same_dice(seed: int) -> None:
    kernel, together = np.array([seed], np.uint64), np.array([seed], np.uint64)
    one_by_one = [kernel_moves.roll(kernel, 2**31) for _ in range(20)]
    assert (twin.throws(together, 20) * 2**31 >> 32).tolist() == one_by_one
    assert kernel == together


@kinds
@given(cases(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_bytes(fast: bool, case: Case, seed: int) -> None:
    shop = shop_of(case)
    start = insert(shop, fast=fast)
    one = anneal(shop, start, 100, seed, fast=fast)
    assert same(one, anneal(shop, start, 100, seed, fast=fast))


@kinds
@some
@given(cases(), st.data())
def test_a_machine_that_fails_holds_no_lot(
    fast: bool, case: Case, data: st.DataObject
) -> None:
    shop = shop_of(case)
    machine = data.draw(st.integers(0, shop.machines - 1))
    _, after = fail(shop, insert(shop, fast=fast), machine, fast=fast)
    assert told(case, shop, after) == after.cost_ms
    on = shop.slot[after.pair[after.pair >= 0]]
    assert machine not in shop.machine[on]


def _lot(length: int, **changes: int) -> Lot:
    plain = {"release": 0, "due": 50, "deadline": NEVER, "need": 1_000, "family": 0}
    return Lot(**(plain | changes), on={0: (length, 0)})


@kinds
def test_a_short_lot_fills_the_gap_before_the_morning(fast: bool) -> None:
    case = Case(
        [_lot(30, due=0, need=9_000), _lot(4, due=90)],
        [Slot(0, ((0, 5), (20, 60)))],
        [1],
    )
    found = insert(shop_of(case), fast=fast)
    assert found.start_ms.tolist() == [20, 0]


@kinds
def test_lots_of_one_family_stand_together(fast: bool) -> None:
    lots = [_lot(2, family=family, due=9) for family in (0, 1, 0, 1, 0, 1)]
    change = [[0, 10], [10, 0], [0, 0]]
    case = Case(lots, [Slot(0, ((0, 60),))], [2], change)
    found = descent(shop_of(case), insert(shop_of(case), fast=fast), fast=fast)
    assert found.end_ms.max() == 6 * 2 + 10


@kinds
def test_a_lot_that_cannot_keep_its_deadline_is_not_placed(fast: bool) -> None:
    lots = [_lot(5, deadline=6), _lot(5, deadline=6)]
    found = insert(shop_of(Case(lots, [Slot(0, ((0, 60),))], [1])), fast=fast)
    assert sorted(found.end_ms.tolist()) == [5, NEVER]


@kinds
@pytest.mark.parametrize("lots", [0, 1])
def test_no_lots_or_no_machine_is_no_problem(fast: bool, lots: int) -> None:
    alone = Lot(0, 5, NEVER, 1_000, 0, {})
    shop = shop_of(Case([alone] * lots, [Slot(0, ((0, 9),))], [1]))
    found = anneal(shop, insert(shop, fast=fast), 10, 1, fast=fast)
    assert found.pair.tolist() == [-1] * lots
