"""Who can at all: the first rule that each offer fails, for a tile of rows at once.

The rules stand in the order in which a refusal tells most: what the machine cannot do,
then who may use it, then where it is, then when it is free. How far an offer came is
therefore one number, and the nearest miss is the largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.bits import Demand, Words
from fabnet.scheduling.model import Arrays, Flags, Ints

Rules = NDArray[np.uint8]
"""For each offer, the `Rule` that it failed first."""

TILE_CELLS: Final = 2**18
"""Rows times slots reckoned at once: some 15 MB, and few enough calls to be quick."""


class Rule(IntEnum):
    """What an offer can fail, in the order of asking; the last fails nothing."""

    PROCESS = 0
    MATERIAL = 1
    SIZE = 2
    TOLERANCE = 3
    THICKNESS = 4
    NOZZLE = 5
    SKILL = 6
    STRANGER = 7
    """Not vouched for, or not open to this cooperative."""
    STATE = 8
    """Offline, drained or in doubt."""
    TOO_FAR = 9
    REFUSED = 10
    """This version already said no to this row."""
    CLOSED = 11
    """No window is long enough."""
    AFTER_DEADLINE = 12
    TAKEN = 13
    """It would have done, but for a more urgent row."""
    COSTLIER = 14


def tiles(arrays: Arrays) -> Iterator[Ints]:
    """Yield the rows by urgency, as many at a time as make one tile."""
    cells = max(1, arrays.slots.many * len(arrays.slots.can))
    step = max(1, TILE_CELLS // cells)
    turn = arrays.rows.turn
    for start in range(0, len(turn), step):
        yield turn[start : start + step]


def first_failing(arrays: Arrays, rows: Ints) -> Rules:
    """Return `[row, slot]`: the first rule that each offer fails for these rows.

    Whatever depends on what other rows took is left open, as COSTLIER.
    """
    failing = np.full((len(rows), arrays.slots.many), Rule.COSTLIER, np.uint8)
    for rule, fails in _failures(arrays, rows):
        failing[fails & (failing == Rule.COSTLIER)] = rule
    return failing


def _failures(arrays: Arrays, rows: Ints) -> Iterator[tuple[Rule, Flags]]:
    want, slots = arrays.rows, arrays.slots
    missing = _missing(arrays, rows)
    yield Rule.PROCESS, want.family[rows, None] != slots.family
    yield Rule.PROCESS, _lacks(arrays, rows, missing, Demand.PROCESS)
    yield Rule.MATERIAL, _lacks(arrays, rows, missing, Demand.MATERIAL)
    yield Rule.SIZE, _too_big(arrays, rows)
    yield Rule.TOLERANCE, want.tolerance_um[rows, None] < slots.tolerance_um
    yield Rule.THICKNESS, want.thickness_um[rows, None] > slots.thickness_um
    yield Rule.NOZZLE, _lacks(arrays, rows, missing, Demand.NOZZLE)
    yield Rule.SKILL, _lacks(arrays, rows, missing, Demand.SKILL)
    yield Rule.STRANGER, _not_admitted(arrays, rows)
    yield Rule.STATE, np.broadcast_to(~slots.usable, (len(rows), len(slots.usable)))
    yield Rule.TOO_FAR, _too_far(arrays, rows)
    yield Rule.REFUSED, _refused(arrays, rows)
    yield Rule.CLOSED, _no_window(arrays, rows)


def _missing(arrays: Arrays, rows: Ints) -> Words:
    """Return `[word, row, slot]`: the bits needed and not there; 0 is able."""
    return arrays.rows.needs[:, rows, None] & ~arrays.slots.can[:, None, :]


def _lacks(arrays: Arrays, rows: Ints, missing: Words, demand: Demand) -> Flags:
    mask = arrays.demands[demand, arrays.rows.family[rows]].T[:, :, None]
    lacks: Flags = (missing & mask).any(axis=0)
    return lacks


def _too_big(arrays: Arrays, rows: Ints) -> Flags:
    # Sorted by length on both sides, the part fits in some rotation or in none.
    part_um, bed_um = arrays.rows.size_um, arrays.slots.size_um
    fails = np.zeros((len(rows), arrays.slots.many), np.bool_)
    for axis in range(3):
        fails |= part_um[axis, rows, None] > bed_um[axis]
    return fails


def _not_admitted(arrays: Arrays, rows: Ints) -> Flags:
    slots = arrays.slots
    own = arrays.rows.charter[rows, None] == slots.charter
    return ~np.where(own, slots.for_own, slots.for_others)


def _too_far(arrays: Arrays, rows: Ints) -> Flags:
    # isqrt(square) > radius exactly when square >= (radius + 1)².
    square = np.zeros((len(rows), arrays.slots.many), np.int64)
    for axis in range(3):
        apart_m = arrays.rows.place_m[axis, rows, None] - arrays.slots.place_m[axis]
        square += apart_m * apart_m
    radius_m = arrays.rows.radius_m[rows, None]
    return square >= (radius_m + 1) * (radius_m + 1)


def _refused(arrays: Arrays, rows: Ints) -> Flags:
    fails = np.zeros((len(rows), arrays.slots.many), np.bool_)
    refused_row, refused_slot = arrays.rows.refused
    for at, row in enumerate(rows):
        first, last = np.searchsorted(refused_row, (row, row + 1))
        fails[at, refused_slot[first:last]] = True
    return fails


def _no_window(arrays: Arrays, rows: Ints) -> Flags:
    every = np.arange(arrays.slots.many)
    return making_ms(arrays, rows[:, None], every) > arrays.slots.longest_ms


def making_ms(arrays: Arrays, rows: Ints, slots: Ints) -> Ints:
    """Return how long these rows take on these slots, set-up included: 1 ms or more."""
    making_s = arrays.slots.setup_s[slots] + running_s(arrays, rows, slots)
    length_ms: Ints = np.maximum(making_s * 1_000, 1)
    return length_ms


def running_s(arrays: Arrays, rows: Ints, slots: Ints) -> Ints:
    """Return how long the pieces alone take, in whole seconds, rounded up."""
    pace = arrays.slots.pace_permille[slots]
    return -(arrays.rows.work_s[rows] * -1_000 // pace)
