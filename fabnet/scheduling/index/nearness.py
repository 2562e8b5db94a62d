"""What slots cost at least, for many rows and all lanes of a node at once, in float32.

The twin of `kernel_bounds.bound_branches` and `bound_leaf`. A float32 errs by one part
in sixteen million; whatever a row asks is moved the safe way by four times that, each
difference of moments likewise, and the sum is lowered by two millionths.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from fabnet.scheduling.bits import Words
from fabnet.scheduling.cost import TRANSPORT_G_PER_T_KM
from fabnet.scheduling.index.forest import (
    CAN,
    END,
    ENERGY,
    GRID,
    HIGH,
    LOW,
    MADE,
    NONE_MS,
    PACE,
    READY,
    SETUP,
    SIZE,
    THICKNESS,
    TOLERANCE,
    WORKS_S,
    Forest,
)
from fabnet.scheduling.index.shapes import Singles
from fabnet.scheduling.model import NO_LIMIT, OWN, Arrays, Flags, Ints, Narrow, Slots

LESS: Final = np.float32(1 - 2.5e-7)
MORE: Final = np.float32(1 + 2.5e-7)
SURE: Final = np.float32(1 - 2e-6)
"""What a bound is multiplied by after it is reckoned."""
Span: TypeAlias = "slice[int, int, None]"
"""Leaves, or branches, side by side."""
ZERO, NONE = np.float32(0), np.float32(NONE_MS)
# Columns of slots that are one after another.
_LIMITS: Final = slice(Slots.__dict__["size_um"].at, Slots.__dict__["place_m"].at)
_PLACE: Final = slice(_LIMITS.stop, Slots.__dict__["charter"].at)
_DOORS: Final = slice(_PLACE.stop, Slots.__dict__["pace_permille"].at)


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """What bounds take from slots: the last axis is the slot, or the leaf."""

    floats: Singles
    """`[6, …]`: place; when it is free and set up, ms a second of work, and ms of
    carbon for each of them, moved the safe way."""
    limits: Narrow
    """`[5, …]`: sizes, tolerance, thickness, exactly."""
    doors: Narrow
    """`[2, …]`: charter and access."""
    can: Words
    """`[word, …]`."""

    @classmethod
    def by_leaf(cls, forest: Forest) -> Lanes:
        """Return `[…, lane, leaf]` of all leaves."""
        lanes = forest.lanes.transpose(1, 2, 0)
        return cls._of(forest, np.ascontiguousarray(lanes))

    @classmethod
    def side_by_side(cls, forest: Forest, leaves: Span) -> Lanes:
        """Return `[…, slot]` of some leaves."""
        lanes = forest.lanes[leaves].transpose(1, 0, 2)
        return cls._of(forest, lanes.reshape(lanes.shape[0], -1))

    @classmethod
    def _of(cls, forest: Forest, lanes: Narrow) -> Lanes:
        floats = np.empty((6, *lanes.shape[1:]), np.float32)
        floats[:3] = lanes[_PLACE]
        _, _, _, free, pace, carbon = floats
        np.multiply(lanes[SETUP], np.float32(1e3), out=free, dtype=np.float32)
        free += lanes[READY].astype(np.float32)
        free *= LESS
        gone = lanes[READY] == NO_LIMIT
        np.maximum(free, np.multiply(gone, NONE, dtype=np.float32), out=free)
        np.divide(np.float32(1e6), lanes[PACE], out=pace, dtype=np.float32)
        np.multiply(lanes[ENERGY], lanes[GRID], out=carbon, dtype=np.float32)
        carbon *= np.float32(int(forest.weights[2]) / 3.6e9) * LESS
        carbon *= pace
        can = lanes[CAN:].view(np.uint32)
        return cls(floats, lanes[_LIMITS], lanes[_DOORS], can)

    def of(self, leaf: Ints) -> Lanes:
        """Return `[…, lane, row]`: those of a leaf for each row."""
        return Lanes(
            np.take(self.floats, leaf, axis=-1, mode="clip"),
            np.take(self.limits, leaf, axis=-1, mode="clip"),
            np.take(self.doors, leaf, axis=-1, mode="clip"),
            np.take(self.can, leaf, axis=-1, mode="clip"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """What the bounds of some rows need, moved the safe way; the last axis is the row.

    So rows lie side by side in whatever is reckoned, and one call goes over many.
    """

    place: Singles
    """`[3, row]`."""
    size: Singles
    """`[3, row]`."""
    rest: Singles
    """`[11, row]`: tolerance, thickness, work, due, deadline, the square of the radius,
    ms a metre, ms a late ms, the margin, how far between two amounts of work, own."""
    limits: Narrow
    """`[5, row]`: sizes, tolerance, thickness, exactly."""
    step: Ints
    charter: Narrow
    needs: Words
    """`[word, row]`."""

    @classmethod
    def of(cls, arrays: Arrays, rows: Ints) -> Asking:
        """Return what rows ask."""
        want = arrays.rows.table[rows].T
        weights = arrays.weights
        co2 = weights.co2_s_per_kg / 1e3
        a_metre = weights.distance_s_per_km + want[11] * (
            TRANSPORT_G_PER_T_KM / 1e6 * co2
        )
        need = want[14] / 1e3
        work = want[10].astype(np.float64)
        works = np.array(WORKS_S, np.float64)
        step = np.clip(np.searchsorted(works, work) - 1, 0, len(works) - 2)
        part = (work - works[step]) / (works[step + 1] - works[step])
        due = want[12].astype(np.float64)
        radius = (want[15] + 1).astype(np.float64)
        rest = np.empty((11, len(rows)), np.float32)
        rest[0] = want[4] * (1 + 2.5e-7)
        rest[1] = want[5] * (1 - 2.5e-7)
        rest[2] = work * (1 - 2.5e-7)
        rest[3] = due + np.abs(due) * 2.5e-7
        rest[4] = want[13] * (1 + 1e-6) + 1
        rest[5] = radius * radius * (1 + 1e-6)
        rest[6] = a_metre
        rest[7] = weights.late_permille / 1e3 * need
        rest[8] = (a_metre + need + 2 * co2 + 5) * (1 + 2.5e-7)
        rest[9] = part
        rest[10] = weights.own_first_s * 1_000
        return cls(
            place=want[6:9].astype(np.float32, order="C"),
            size=(want[1:4] * (1 - 2.5e-7)).astype(np.float32, order="C"),
            rest=rest,
            limits=want[1:6].astype(np.int32, order="C"),
            step=step,
            charter=want[9].astype(np.int32),
            needs=arrays.rows.needs[:, rows],
        )

    @classmethod
    def one(cls, arrays: Arrays, row: int) -> Asking:
        """Return the same of one row, in Python's numbers: fewer calls."""
        want, weights = arrays.rows.table[row].tolist(), arrays.weights
        co2, need, work = weights.co2_s_per_kg / 1e3, want[14] / 1e3, float(want[10])
        a_metre = weights.distance_s_per_km + want[11] * (
            TRANSPORT_G_PER_T_KM / 1e6 * co2
        )
        step = min(max(bisect_left(WORKS_S, work) - 1, 0), len(WORKS_S) - 2)
        part = (work - WORKS_S[step]) / (WORKS_S[step + 1] - WORKS_S[step])
        due, radius = float(want[12]), float(want[15] + 1)
        rest = (
            want[4] * (1 + 2.5e-7),
            want[5] * (1 - 2.5e-7),
            work * (1 - 2.5e-7),
            due + abs(due) * 2.5e-7,
            want[13] * (1 + 1e-6) + 1,
            radius * radius * (1 + 1e-6),
            a_metre,
            weights.late_permille / 1e3 * need,
            (a_metre + need + 2 * co2 + 5) * (1 + 2.5e-7),
            part,
            weights.own_first_s * 1_000,
        )
        sizes = [size * (1 - 2.5e-7) for size in want[1:4]]
        return cls(
            place=np.array(want[6:9], np.float32)[:, None],
            size=np.array(sizes, np.float32)[:, None],
            rest=np.array(rest, np.float32)[:, None],
            limits=np.array(want[1:6], np.int32)[:, None],
            step=np.array([step]),
            charter=np.array(want[9:10], np.int32),
            needs=arrays.rows.needs[:, row : row + 1],
        )

    def only(self, at: Ints | list[int]) -> Asking:
        """Return some of the rows."""
        return Asking(
            self.place[:, at], self.size[:, at], self.rest[:, at], self.limits[:, at],
            self.step[at], self.charter[at], self.needs[:, at],
        )  # fmt: skip


def bound_branches(forest: Forest, asking: Asking, branch: Ints) -> Singles:
    """Return `[lane, row]`: what slots below each lane of its branch cost at least."""
    boxes = forest.branches[branch, :END].transpose(1, 2, 0)
    at = END + asking.step
    chords = [forest.branches[branch, at + off].T for off in (0, 1, MADE - END)]
    chords.append(forest.branches[branch, at + MADE - END + 1].T)
    return _bound_boxes(
        asking,
        np.ascontiguousarray(boxes),
        [np.ascontiguousarray(chord) for chord in chords],
        forest.has[:, branch].transpose(0, 2, 1),
        forest.whose[branch].T,
    )


def bound_all(forest: Forest, asking: Asking, branches: Span) -> Singles:
    """Return `[lane, row]`: the same for all lanes of branches side by side.

    All rows are between the same two amounts of work.
    """
    lanes = forest.branches[branches].transpose(1, 0, 2)
    lanes = lanes.reshape(lanes.shape[0], -1, 1)
    step = int(asking.step[0])
    chords = [lanes[first + step + off] for first in (END, MADE) for off in (0, 1)]
    has = forest.has[:, branches].reshape(len(forest.has), -1, 1)
    whose = forest.whose[branches].reshape(-1, 1)
    return _bound_boxes(asking, lanes, chords, has, whose)


def _bound_boxes(
    asking: Asking, lanes: Singles, chords: list[Singles], has: Words, whose: Words
) -> Singles:
    """Return `[lane, row]`, where each row has lanes of its own, or all the same."""
    rest = asking.rest
    square: Singles = np.zeros(1, np.float32)
    for axis in range(3):
        here = asking.place[axis]
        apart = np.maximum(lanes[LOW + axis] - here, here - lanes[HIGH + axis])
        np.maximum(apart, ZERO, out=apart)
        apart *= apart
        square = np.add(square, apart, out=apart)
    begins, ends, made_begins, made_ends = chords
    end = (ends - begins) * rest[9]
    end += begins
    made = (made_ends - made_begins) * rest[9]
    made += made_begins
    bit = np.uint32(1) << (asking.charter & 31).astype(np.uint32)
    lacks = rest[0] < lanes[TOLERANCE]
    for most, column in zip(
        (rest[1], *asking.size), (THICKNESS, SIZE, SIZE + 1, SIZE + 2), strict=True
    ):
        # Two passes over what is short, and seldom two over what is long.
        if most.max(initial=0) > lanes[column].min(initial=NONE):
            lacks |= most > lanes[column]
    _cannot(asking.needs, has, lacks)
    return _sum(rest, square, end=end, made=made, others=whose & bit == 0, lacks=lacks)


def bound_slots(lanes: Lanes, asking: Asking) -> Singles:
    """Return what each row costs at least on the slot of each lane beside it.

    What is left to ask is how far it is and when it is free, and whether it said no.
    """
    rest = asking.rest
    square: Singles = np.zeros(1, np.float32)
    for axis in range(3):
        apart = lanes.floats[axis] - asking.place[axis]
        apart *= apart
        square = np.add(square, apart, out=apart)
    free, pace, carbon = lanes.floats[3:]
    end = rest[2] * pace
    end += free
    made = rest[2] * carbon
    made += end
    small, middle, large, tolerance, thickness = lanes.limits
    lacks = asking.limits[3] < tolerance
    lacks |= asking.limits[4] > thickness
    for size, most in zip(asking.limits, (small, middle, large), strict=False):
        lacks |= size > most
    _cannot(asking.needs, lanes.can, lacks)
    charter, access = lanes.doors
    others = charter != asking.charter
    # The bit of its door: OWN is one, and OTHERS two.
    door = np.add(others, OWN, dtype=np.int32)
    door &= access
    lacks |= door == 0
    return _sum(rest, square, end=end, made=made, others=others, lacks=lacks)


def _cannot(needs: Words, can: Words, lacks: Flags) -> None:
    """Mark what lacks a bit that is needed."""
    for bits, has in zip(needs, can, strict=True):
        if bits.any():
            lacks |= (bits & ~has) != 0


def _sum(
    rest: Singles,
    square: Singles,
    *,
    end: Singles,
    made: Singles,
    others: Flags,
    lacks: Flags,
) -> Singles:
    """Return the bounds of what is so far away and ends then, if nothing is lacking."""
    end *= LESS
    lacks |= end > rest[4]
    lacks |= square >= rest[5]
    end -= rest[3]
    # The difference may be off by as much as rounding the moments was.
    np.maximum(end, ZERO, out=end)
    end *= rest[7]
    bound: Singles = np.sqrt(square, out=square)
    bound *= rest[6]
    bound += made
    bound += end
    # By arithmetic: to choose by a mask takes numpy ten times as long.
    bound += np.multiply(others, rest[10], dtype=np.float32)
    bound *= SURE
    bound -= rest[8]
    np.minimum(bound, NONE, out=bound)
    np.maximum(bound, np.multiply(lacks, NONE, dtype=np.float32), out=bound)
    return bound
