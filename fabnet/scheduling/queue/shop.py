"""A queue problem as arrays: lots, the machines that can make them, and their hours.

A *lot* is made whole on one machine within one window. A *pair* is a lot and a slot
that can make it; a *slot* is one calendar of one machine, as in `model`. What a lot
costs is the sum of its pair's fixed cost, of the waiting until its end, and of the
lateness:

    fixed + wait × end + late × late_permille // 1,000 × need // 1,000

so that it is the product's own cost, to the millisecond. A lot that is not placed costs
`unplaced_ms`. Between two lots of different families the machine is changed over; that
time is spent directly before the lot, in the same window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabnet.errors import InputError

Ints = NDArray[np.int64]

NEVER: Final = 2**61
"""Milliseconds no lot reaches; the sum of two still fits."""
TIME_MS_MAX: Final = 2**44
"""Any moment or length: 557 years, so that slips of the keyboard are found."""
COST_MS_MAX: Final = 2**60
"""What all lots together may cost at the worst; so sums of changes never overflow."""
LOTS_MAX: Final = 2_000_000
"""Lots and heads of machines in one queue: 200 bytes each while it is improved."""


class Shop(NamedTuple):
    """A queue problem, as the kernels take it; `check` says whether it is one."""

    release_ms: Ints
    """`[lot]`: not begun earlier."""
    due_ms: Ints
    deadline_ms: Ints
    """`[lot]`: not ended later, or not placed; NEVER if there is none."""
    need_permille: Ints
    wait: Ints
    """`[lot]`: cost of a millisecond until the end."""
    unplaced_ms: Ints
    family: Ints
    """`[lot + machine]`: what each needs set up, and what each machine has at first."""
    first: Ints
    """`[lot + 1]`: where the pairs of each lot begin; by slot within a lot."""
    slot: Ints
    """`[pair]`."""
    length_ms: Ints
    fixed_ms: Ints
    machine: Ints
    """`[slot]`: whose calendar it is; not descending."""
    window: Ints
    """`[slot + 1]`: where the windows of each slot begin."""
    open_ms: Ints
    close_ms: Ints
    """`[window]`: by time within a slot, and apart."""
    change_ms: Ints
    """`[family + 1, family]`: changing over; the last row is of a bare machine."""
    late_permille: int

    @property
    def lots(self) -> int:
        """How many lots there are."""
        return len(self.release_ms)

    @property
    def machines(self) -> int:
        """How many machines there are."""
        return len(self.family) - len(self.release_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Where and when each lot is made, and what that costs."""

    pair: Ints
    """`[lot]`: the pair it is placed by, or -1."""
    start_ms: Ints
    """`[lot]`: when its block begins, changing over included; NEVER if not placed."""
    end_ms: Ints
    cost_ms: int


def lot_cost(shop: Shop, lots: Ints, pairs: Ints, end_ms: Ints) -> Ints:
    """Return what lots cost on these pairs, if they end then; shapes broadcast."""
    late_ms = np.maximum(end_ms - shop.due_ms[lots], 0)
    late = late_ms * shop.late_permille // 1_000 * shop.need_permille[lots] // 1_000
    cost: Ints = shop.fixed_ms[pairs] + shop.wait[lots] * end_ms + late
    return cost


def check(shop: Shop) -> Shop:
    """Return the shop, or raise InputError naming the field.

    Lengths are a millisecond or more, windows are in order and apart, and the dearest
    plan fits 64 bits with room.
    """
    for name, array in zip(shop._fields, shop, strict=True):
        if isinstance(array, np.ndarray) and array.dtype != np.int64:
            raise InputError(name, f"expected int64, got {array.dtype}")
    _check_shapes(shop)
    _within(shop, "release_ms", 0, TIME_MS_MAX)
    _within(shop, "due_ms", -TIME_MS_MAX, NEVER)
    _within(shop, "deadline_ms", -TIME_MS_MAX, NEVER)
    _within(shop, "length_ms", 1, TIME_MS_MAX)
    _within(shop, "open_ms", 0, TIME_MS_MAX)
    _within(shop, "close_ms", 0, TIME_MS_MAX)
    _within(shop, "change_ms", 0, TIME_MS_MAX)
    for name in ("need_permille", "wait", "unplaced_ms", "fixed_ms"):
        _within(shop, name, 0, COST_MS_MAX)
    _check_order(shop)
    _check_cost(shop)
    # Of arrays laid out otherwise, kernels would be compiled once more.
    plain = {
        name: np.require(array, requirements=("C", "W"))
        for name, array in shop._asdict().items()
        if isinstance(array, np.ndarray)
    }
    return Shop(**shop._asdict() | plain)


def _within(shop: Shop, name: str, least: int, most: int) -> None:
    values: Ints = getattr(shop, name)
    if values.size and (values.min() < least or values.max() > most):
        raise InputError(name, f"expected whole numbers from {least} to {most}")


def _check_shapes(shop: Shop) -> None:
    lots, pairs, slots = shop.lots, len(shop.slot), len(shop.machine)
    if len(shop.family) > LOTS_MAX:
        raise InputError("family", f"expected at most {LOTS_MAX} lots and machines")
    families = shop.change_ms.shape[-1]
    if shop.change_ms.shape != (families + 1, families):
        raise InputError("change_ms", "expected one row more than there are families")
    expected = {
        "due_ms": lots, "deadline_ms": lots, "need_permille": lots, "wait": lots,
        "unplaced_ms": lots, "first": lots + 1, "length_ms": pairs, "fixed_ms": pairs,
        "window": slots + 1, "close_ms": len(shop.open_ms),
    }  # fmt: skip
    for name, count in expected.items():
        if len(getattr(shop, name)) != count:
            raise InputError(name, f"expected {count} entries")
    _within(shop, "slot", 0, slots - 1)
    _within(shop, "machine", 0, shop.machines - 1)
    _within(shop, "family", 0, families)
    if lots and shop.family[:lots].max() == families:
        raise InputError("family", "expected a family for each lot")
    for name, count in (("first", pairs), ("window", len(shop.open_ms))):
        ends = getattr(shop, name)
        if ends[0] != 0 or ends[-1] != count or (np.diff(ends) < 0).any():
            raise InputError(name, f"expected to rise from 0 to {count}")


def _check_order(shop: Shop) -> None:
    if (np.diff(shop.machine) < 0).any():
        raise InputError("machine", "expected slots by machine")
    of_pair = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    if ((np.diff(shop.slot) <= 0) & (np.diff(of_pair) == 0)).any():
        raise InputError("slot", "expected each lot's slots once and rising")
    of_window = np.repeat(np.arange(len(shop.machine)), np.diff(shop.window))
    apart = shop.open_ms[1:] >= shop.close_ms[:-1]
    if (shop.close_ms <= shop.open_ms).any():
        raise InputError("close_ms", "expected after open_ms")
    if (~apart & (np.diff(of_window) == 0)).any():
        raise InputError("open_ms", "expected windows in order and apart")


def _check_cost(shop: Shop) -> None:
    # In float64, since it is the int64 that may overflow; the margin is twofold.
    end_ms = float(shop.close_ms.max(initial=0))
    late_ms = np.maximum(end_ms - shop.due_ms.astype(float), 0)
    if not 0 <= shop.late_permille <= COST_MS_MAX:
        raise InputError("late_permille", f"expected 0 to {COST_MS_MAX}")
    scaled = late_ms * shop.late_permille
    worst = scaled / 1_000 * shop.need_permille + shop.wait * end_ms
    total = worst + _dearest_fixed(shop).astype(float)
    total = np.maximum(total, shop.unplaced_ms.astype(float)).sum()
    if max(total, scaled.max(initial=0), worst.max(initial=0)) > COST_MS_MAX:
        raise InputError("need_permille", "expected costs that fit 60 bits together")


def _dearest_fixed(shop: Shop) -> Ints:
    dearest_ms = np.zeros(shop.lots, np.int64)
    of = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    np.maximum.at(dearest_ms, of, shop.fixed_ms)
    return dearest_ms


def dearest(shop: Shop) -> Ints:
    """Return what leaving out each lot must cost, so that no plan gains by it.

    That is more than all lots together can cost; cut to what fits.
    """
    end_ms = int(shop.close_ms.max(initial=0))
    late_ms = np.maximum(end_ms - shop.due_ms, 0) * shop.late_permille // 1_000
    worst = late_ms * shop.need_permille // 1_000 + shop.wait * end_ms
    total_ms = int((worst + _dearest_fixed(shop)).sum()) + 1
    return np.full(shop.lots, min(total_ms, COST_MS_MAX // (2 * max(shop.lots, 1))))


def evaluate(shop: Shop, pair: Ints, end_ms: Ints) -> int:
    """Return what a schedule costs in all."""
    placed = np.flatnonzero(pair >= 0)
    cost = lot_cost(shop, placed, pair[placed], end_ms[placed]).sum()
    return int(cost) + int(shop.unplaced_ms[pair < 0].sum())
