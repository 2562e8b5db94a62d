"""A made-up world, straight into arrays: cooperatives, their machines, what is wanted.

Cooperatives lie all over the globe, or in 200 cities of very different sizes. A machine
stands within 5 km of its cooperative and works in one of twelve families of processes,
the commonest twelve times as common as the rarest, among rows as among machines; a row
comes from within 10 km of one, and asks for a process, a material, a size, seldom
a tolerance, a radius or a deadline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabnet.production.plan import Weights
from fabnet.scheduling.bits import Demand
from fabnet.scheduling.model import (
    HORIZON_MS,
    NO_LIMIT,
    OTHERS,
    OWN,
    RADIUS_M_MAX,
    USABLE,
    Arrays,
    Ints,
    Rows,
    Slots,
)

FAMILIES = 12
MATERIALS = 16
CITIES = 200
EARTH_M = 6_371_000
HOUR_MS = 3_600_000
WEIGHTS = Weights(
    late_permille=2_000, distance_s_per_km=10, co2_s_per_kg=3_600, own_first_s=1_800
)
PROCESS_BIT = 1
MATERIAL_BITS = (2**MATERIALS - 1) << 1


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers from a seed."""

    roll: np.random.Generator

    def sphere(self, count: int) -> NDArray[np.float64]:
        """Return `[3, point]` all over the globe."""
        way = self.roll.normal(size=(3, count))
        where: NDArray[np.float64] = EARTH_M * way / np.sqrt((way * way).sum(axis=0))
        return where

    def near(self, centre: NDArray[np.float64], away_m: float) -> Ints:
        """Return whole metres within a box around each centre."""
        off = self.roll.uniform(-away_m, away_m, centre.shape)
        return np.rint(centre + off).astype(np.int64)

    def among(self, least: int, most: int, count: int) -> Ints:
        """Return whole numbers, both ends among them."""
        return self.roll.integers(least, most, count, endpoint=True)

    def families(self, count: int) -> Ints:
        """Return families of processes, each less common than the one before it."""
        share = 1 / np.arange(1, FAMILIES + 1)
        return self.roll.choice(FAMILIES, count, p=share / share.sum())

    def seldom(self, chance: float, some: Ints, else_: int) -> Ints:
        """Return some of these, and else the same."""
        return np.where(self.roll.random(len(some)) < chance, some, else_)


def world(rows: int, slots: int, seed: int, *, cities: bool = False) -> Arrays:
    """Return what so many rows want of so many machines."""
    dice = Dice(np.random.default_rng(seed))
    charters = max(1, slots // 20)
    if cities:
        share = 1 / np.arange(1, CITIES + 1)
        city = dice.roll.choice(CITIES, charters, p=share / share.sum())
        home = dice.sphere(CITIES)[:, city] + dice.roll.normal(0, 8_000, (3, charters))
    else:
        home = dice.sphere(charters)
    demands = np.zeros((len(Demand), FAMILIES, 1), np.uint32)
    demands[Demand.PROCESS], demands[Demand.MATERIAL] = PROCESS_BIT, MATERIAL_BITS
    return Arrays(WEIGHTS, demands, _rows(dice, home, rows), _slots(dice, home, slots))


def _rows(dice: Dice, home: NDArray[np.float64], many: int) -> Rows:
    charter = dice.among(0, home.shape[1] - 1, many)
    material = np.uint32(1) << dice.among(1, MATERIALS, many).astype(np.uint32)
    radius_m = np.full(many, 3_000_000)
    due_ms = dice.among(0, 96, many) * HOUR_MS
    return Rows.of(
        turn=np.argsort(due_ms, kind="stable"),
        needs=(material | np.uint32(PROCESS_BIT))[None],
        refused=np.zeros((2, 0), np.int64),
        family=dice.families(many),
        size_um=np.sort(dice.among(5_000, 200_000, 3 * many).reshape(3, -1), axis=0),
        tolerance_um=dice.seldom(0.2, dice.among(50, 300, many), NO_LIMIT),
        thickness_um=np.zeros(many, np.int64),
        place_m=dice.near(home[:, charter], 10_000),
        charter=charter,
        work_s=dice.among(300, 40_000, many),
        mass_g=dice.among(10, 20_000, many),
        due_ms=due_ms,
        deadline_ms=dice.seldom(0.1, due_ms + 48 * HOUR_MS, 2**62),
        need_permille=dice.among(1, 10, many) * 500,
        radius_m=dice.seldom(0.1, radius_m, RADIUS_M_MAX),
    )


def _slots(dice: Dice, home: NDArray[np.float64], many: int) -> Slots:
    charter = np.sort(dice.among(0, home.shape[1] - 1, many))
    can = np.full(many, PROCESS_BIT, np.uint32)
    for _ in range(12):
        can |= np.uint32(1) << dice.among(1, MATERIALS, many).astype(np.uint32)
    return Slots.of(
        can=can[None],
        count=np.ones(many, np.int64),
        start_ms=dice.seldom(0.6, dice.among(0, 72 * HOUR_MS, many), 0),
        end_ms=np.full(many, HORIZON_MS),
        unit=np.arange(many),
        family=dice.families(many),
        size_um=np.sort(dice.among(100_000, 400_000, 3 * many).reshape(3, -1), axis=0),
        tolerance_um=dice.among(50, 400, many),
        thickness_um=np.full(many, NO_LIMIT),
        place_m=dice.near(home[:, charter], 5_000),
        charter=charter,
        access=OWN + USABLE + dice.seldom(0.8, np.full(many, OTHERS), 0),
        pace_permille=dice.among(500, 2_000, many),
        setup_s=dice.among(60, 1_800, many),
        energy_w=dice.among(50, 3_000, many),
        grid_g_per_kwh=dice.among(20, 800, many),
    )
