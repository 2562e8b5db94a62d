"""The bound lies below every plan, and is nearly the optimum where that is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from fabnet.scheduling.fast import INSTALLED
from fabnet.scheduling.queue.bound import bound
from fabnet.scheduling.queue.search import empty, insert
from fabnet.scheduling.queue.shop import NEVER
from tests.scheduling.queue.shops import Case, Lot, Slot, cases, least, shop_of

KINDS = [False, True] if INSTALLED else [False]
kinds = pytest.mark.parametrize("fast", KINDS, ids=["numpy", "numba"][: len(KINDS)])


@kinds
@settings(max_examples=80, deadline=None)
@given(cases(lots=4))
def test_no_plan_costs_less_than_the_bound(fast: bool, case: Case) -> None:
    shop, optimum = shop_of(case), least(case)
    for known in (empty(shop), insert(shop)):
        assert bound(shop, known, 60, fast=fast).cost_ms <= optimum <= known.cost_ms


@settings(max_examples=40, deadline=None)
@given(cases(lots=4))
def test_it_holds_where_steps_are_longer_than_times_are_fine(case: Case) -> None:
    slots = [
        Slot(each.machine, tuple((a * 1_009, b * 1_009 + 7) for a, b in each.windows))
        for each in case.slots
    ]
    lots = [
        Lot(
            lot.release * 1_009 + 3,
            lot.due * 1_009,
            lot.deadline if lot.deadline == NEVER else lot.deadline * 1_009,
            lot.need,
            lot.family,
            {slot: (a * 1_009 + 1, b) for slot, (a, b) in lot.on.items()},
        )
        for lot in case.lots
    ]
    fine = Case(lots, slots, case.loaded, case.change)
    shop = shop_of(fine)
    found = bound(shop, insert(shop), 60)
    assert found.cost_ms <= least(fine)


@pytest.mark.skipif(not INSTALLED, reason="numba is not installed")
@settings(max_examples=60, deadline=None)
@given(cases())
def test_kernel_and_twin_prove_the_same(case: Case) -> None:
    shop = shop_of(case)
    known = insert(shop)
    one, other = (bound(shop, known, 40, fast=fast) for fast in (True, False))
    assert one.cost_ms == other.cost_ms
    assert one.price_ms.tobytes() == other.price_ms.tobytes()


@kinds
def test_for_lots_that_wait_for_one_machine_it_is_the_optimum(fast: bool) -> None:
    lots = [Lot(0, 0, NEVER, 1_000, 0, {0: (4, 0)}) for _ in range(4)]
    case = Case(lots, [Slot(0, ((0, 60),))], [1])
    shop = shop_of(case)
    found = bound(shop, insert(shop), 400, fast=fast)
    assert found.cost_ms >= least(case) - 1
