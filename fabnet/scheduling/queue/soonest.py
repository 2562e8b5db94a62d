"""Finishing a batch soonest: the longest load of unrelated machines, R‖Cmax.

Prices by multiplicative weights (Plotkin, Shmoys and Tardos, 1995) solve the linear
program nearly, prove a bound, and say which machines are worth a try for each lot. The
anneal then levels the loads to a mark that falls with each success; how far the mark
lies below what is wanted is tried in several ways, since none serves both short loads
of few lots and long ones of many.

A machine counts with the time of its lots after the first moment that it is open.
Releases, changeovers and hours are left out: `finish` is for machines that stay open
until they are done, and says no where they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.fast import FAST
from fabnet.scheduling.queue import kernel_loads, loads_twin
from fabnet.scheduling.queue.search import TABLE
from fabnet.scheduling.queue.shop import Ints

PRICINGS: Final = 400
"""Rounds of prices: the bound is then a few thousandths below the linear program."""
RANKS_MAX: Final = 8
"""Machines worth a try for each lot, by length times price."""
LOAD_MS_MAX: Final = 2**40
"""The sum of the longest lengths; a square of a median length still fits."""
CELLS_MAX: Final = 2**24
"""Lots times machines: 128 MB of lengths."""
_WHOLE: Final = 2**16

SCHEDULE: Final = ((30, 6, 0), (100, 6, 500), (100, 8, 1_000), (300, 8, 2_000))
"""Rounds of an anneal: heat in permille of a squared length, halvings, and how far
below the wanted load the mark lies, in permille of a length."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Which machine makes each lot, when the last is done, and the bound on that."""

    machine: Ints
    end_ms: int
    bound_ms: int


def finish(
    length_ms: Ints, free_ms: Ints, iterations: int, seed: int, *, fast: bool = FAST
) -> Batch:
    """Return where to make lots so that the last is done soonest.

    `length_ms` is `[lot, machine]`, negative where a machine cannot make it; `free_ms`
    is when each machine is free. Raise InputError if a lot has no machine.
    """
    _check(length_ms, free_ms)
    bound_ms, price = bound(length_ms, free_ms)
    cost = np.where(length_ms < 0, np.inf, length_ms * price)
    order = np.argsort(cost, axis=1, kind="stable")[:, :RANKS_MAX]
    rows = np.arange(len(length_ms))
    cheap = np.where(np.take_along_axis(length_ms, order, axis=1) < 0, -1, order)
    machine = order[:, 0].copy()
    end_ms = int(load(length_ms, free_ms, machine).max())
    if not len(rows) or end_ms <= bound_ms:
        return Batch(machine, end_ms, bound_ms)
    # The kernel squares: an hour is 16 bits to it, and all together 30.
    middle_ms = int(np.median(length_ms[rows, machine]))
    shift = max(0, middle_ms.bit_length() - 16, end_ms.bit_length() - 30)
    short, free = np.where(length_ms < 0, -1, length_ms >> shift), free_ms >> shift
    dice = np.array([seed % 2**64], np.uint64)
    run = kernel_loads.level if fast else loads_twin.level
    for heat, halvings, slack in SCHEDULE:
        middle = max(middle_ms >> shift, 1)
        now, found = machine.copy(), machine.copy()
        run(
            short, cheap, now, load(short, free, now), TABLE,
            heat * middle**2 * 256 // 1_000, halvings, slack * middle // 1_000,
            iterations // len(SCHEDULE), dice, found,
        )  # fmt: skip
        sooner_ms = int(load(length_ms, free_ms, found).max())
        if sooner_ms < end_ms:
            machine, end_ms = found, sooner_ms
        if end_ms <= bound_ms:
            break
    return Batch(machine, end_ms, bound_ms)


def load(length_ms: Ints, free_ms: Ints, machine: Ints) -> Ints:
    """Return when each machine would be done."""
    done_ms = free_ms.copy()
    np.add.at(done_ms, machine, length_ms[np.arange(len(machine)), machine])
    return done_ms


def bound(
    length_ms: Ints, free_ms: Ints, rounds: int = PRICINGS
) -> tuple[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return a moment before which no plan is done, and the prices that prove it.

    Whatever the prices, the dearest machine is done no sooner than their mean; they are
    rounded to whole numbers first, so that the bound is exact.
    """
    lots, machines = length_ms.shape
    rows, able = np.arange(lots), length_ms >= 0
    far = np.where(able, length_ms, 2**42)
    price = np.ones(machines)
    best, mean_ms, best_price = 0, 0.0, price
    for at in range(rounds):
        whole = np.maximum(np.rint(price / price.max() * _WHOLE), 1).astype(np.int64)
        cost = far * whole
        machine = cost.argmin(axis=1)
        total = int(cost[rows, machine].sum()) + int((free_ms * whole).sum())
        best = max(best, -(-total // int(whole.sum())))
        # Rounded up, most prices prove the same: the truest serve the search best.
        if total / int(whole.sum()) > mean_ms:
            mean_ms, best_price = total / int(whole.sum()), whole.astype(np.float64)
        load_ms = load(length_ms, free_ms, machine).astype(np.float64)
        pace = 0.3 / (1 + 0.05 * at) ** 0.8
        mean = max(float(load_ms.mean()), 1e-9)
        price = price * np.exp(np.clip(pace * (load_ms / mean - 1), -2, 2))
        price = np.maximum(price / price.max(), 1e-6)
    shortest = int(far.min(axis=1).max()) if lots else 0
    return max(best, shortest, int(free_ms.min()) if lots else 0), best_price


def _check(length_ms: Ints, free_ms: Ints) -> None:
    if length_ms.ndim != 2 or length_ms.shape[1] != len(free_ms) or not len(free_ms):
        raise InputError("length_ms", "expected [lot, machine], and a machine")
    if length_ms.size > CELLS_MAX:
        raise InputError("length_ms", f"expected at most {CELLS_MAX} cells")
    for name, array in (("length_ms", length_ms), ("free_ms", free_ms)):
        if array.dtype != np.int64:
            raise InputError(name, f"expected int64, got {array.dtype}")
    if free_ms.min() < 0 or free_ms.max() > LOAD_MS_MAX:
        raise InputError("free_ms", f"expected 0 to {LOAD_MS_MAX}")
    longest = length_ms.max(axis=1) if len(length_ms) else np.zeros(1, np.int64)
    if longest.min() < 0:
        raise InputError("length_ms", "expected a machine for each lot")
    if longest.astype(float).sum() > LOAD_MS_MAX:
        raise InputError("length_ms", f"expected at most {LOAD_MS_MAX} together")
