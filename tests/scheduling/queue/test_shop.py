"""What is no queue problem is refused by the name of its field."""

from __future__ import annotations

import numpy as np
import pytest

from fabnet.errors import InputError
from fabnet.scheduling.queue.shop import NEVER, Shop, check
from tests.scheduling.queue.shops import Case, Lot, Slot, shop_of


def plain() -> Shop:
    lots = [Lot(0, 5, NEVER, 1_000, 0, {0: (4, 1), 1: (3, 2)}) for _ in range(2)]
    return shop_of(
        Case(lots, [Slot(0, ((0, 9), (12, 20))), Slot(1, ((0, 9),))], [1, 1])
    )


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("release_ms", [0, -1]),
        ("release_ms", [0, 2**50]),
        ("due_ms", [0, 2**62]),
        ("need_permille", [0, -1]),
        ("need_permille", [2**59, 2**59]),
        ("length_ms", [4, 3, 4, 0]),
        ("length_ms", [4, 3, 4]),
        ("slot", [0, 0, 0, 1]),
        ("slot", [0, 1, 0, 2]),
        ("slot", [1, 0, 0, 1]),
        ("machine", [1, 0]),
        ("first", [0, 3, 5]),
        ("first", [0, 5, 4]),
        ("open_ms", [0, 8, 0]),
        ("close_ms", [9, 12, 9]),
        ("family", [1, 0, 1, 1]),
        ("change_ms", [0]),
    ],
)
def test_a_value_out_of_bounds_is_named(field: str, values: list[int]) -> None:
    bad = Shop(**plain()._asdict() | {field: np.array(values, np.int64)})
    with pytest.raises(InputError, match=field):
        check(bad)


def test_floats_are_not_taken_for_times() -> None:
    with pytest.raises(InputError, match="due_ms"):
        check(plain()._replace(due_ms=np.array([0.5, 1.0])))


def test_a_year_9999_is_cut_by_whoever_makes_the_arrays() -> None:
    with pytest.raises(InputError, match="close_ms"):
        check(plain()._replace(close_ms=np.array([9, 20, 253_370_764_800_000])))
