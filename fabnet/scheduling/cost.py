"""What a placement costs, in milliseconds of waiting: five terms, kept apart.

Every term is a whole number, so that two processors cannot disagree about the least.
No payment is among them, and none can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from fabnet.production.plan import Weights
from fabnet.scheduling.feasible import running_s
from fabnet.scheduling.model import Arrays, Ints

K = TypeVar("K", int, Ints)

TERMS: Final = ("lateness", "waiting", "distance", "carbon", "own-first")
"""The names of the terms, in the order of the first axis of `terms`."""
TRANSPORT_G_PER_T_KM: Final = 137
"""Grams of CO₂e for a tonne over a kilometre, by lorry, in the EU of 2018 (European
Environment Agency, briefing "Rail and waterborne", 2021)."""


def terms(arrays: Arrays, row: int | Ints, slots: Ints, end_ms: Ints) -> Ints:
    """Return `[term, slot]`: what a row costs on each slot, if it ends then.

    `row` is one row for all slots, or one for each.
    """
    rows, weights, row = arrays.rows, arrays.weights, np.atleast_1d(row)
    away_m = distance_m(arrays, row, slots)
    carbon_mg = machine_mg(arrays, row, slots) + transport_mg(arrays, row, away_m)
    elsewhere = arrays.slots.charter[slots] != rows.charter[row]
    return np.stack(
        (
            lateness(arrays, row, end_ms - rows.due_ms[row]),
            end_ms,
            # A second a kilometre is a millisecond a metre.
            away_m * weights.distance_s_per_km,
            _thousandths(carbon_mg, weights.co2_s_per_kg),
            elsewhere * (weights.own_first_s * 1_000),
        )
    )


def lateness(arrays: Arrays, row: int | Ints, after_due_ms: Ints) -> Ints:
    """Return what ending so long after the due time costs a row."""
    late_ms = np.maximum(after_due_ms, 0)
    worse_ms = late_ms * arrays.weights.late_permille // 1_000
    cost_ms: Ints = worse_ms * arrays.rows.need_permille[row] // 1_000
    return cost_ms


def total_ms(
    weights: Weights,
    want: Sequence[K],
    has: Sequence[K],
    *,
    run_s: K,
    away_m: K,
    end_ms: K,
) -> K:
    """Return the sum of the terms, given the columns of rows and of slots.

    Of one row and one slot, or of many beside each other.
    """
    late_ms = (end_ms - want[12]) * (end_ms > want[12]) * weights.late_permille // 1_000
    carbon_mg = has[14] * run_s * has[15] // 3_600
    carbon_mg += away_m * (want[11] * TRANSPORT_G_PER_T_KM) // 1_000_000
    elsewhere = want[9] != has[10]
    total: K = (
        late_ms * want[14] // 1_000
        + end_ms
        + away_m * weights.distance_s_per_km
        + _thousandths(carbon_mg, weights.co2_s_per_kg)
        + elsewhere * (weights.own_first_s * 1_000)
    )
    return total


def distance_m(arrays: Arrays, row: int | Ints, slots: Ints) -> Ints:
    """Return the chord to each slot in whole metres, as `place.distance_m` has it."""
    here_m = arrays.rows.place_m[:, np.atleast_1d(row)]
    apart_m = arrays.slots.place_m[:, slots] - here_m
    return isqrt((apart_m * apart_m).sum(axis=0))


def machine_mg(arrays: Arrays, row: int | Ints, slots: Ints) -> Ints:
    """Return the CO₂ of the power that making takes, from each slot's own grid."""
    energy_j = arrays.slots.energy_w[slots] * running_s(arrays, np.array(row), slots)
    # A joule at one gram a kWh is 1/3,600 of a milligram.
    return energy_j * arrays.slots.grid_g_per_kwh[slots] // 3_600


def transport_mg(arrays: Arrays, row: int | Ints, away_m: Ints) -> Ints:
    """Return the CO₂ of bringing the lot home."""
    return away_m * (arrays.rows.mass_g[row] * TRANSPORT_G_PER_T_KM) // 1_000_000


def _thousandths(count: K, each: int) -> K:
    """Return so many thousandths of `each`, rounded down, without the large product."""
    return count // 1_000 * each + count % 1_000 * each // 1_000


def isqrt(squares: Ints) -> Ints:
    """Return the whole root of each number below 2**60, rounded down, exactly."""
    roots = np.sqrt(squares.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > squares
    roots += (roots + 1) * (roots + 1) <= squares
    return roots
