"""The cheapest slots of each row, exactly, as the graph that a wave is planned on."""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.index import crown, kernel, twin
from fabnet.scheduling.index.forest import Forest
from fabnet.scheduling.index.nearness import Lanes
from fabnet.scheduling.model import NEVER, Arrays, Ints

CACHED_SLOTS: Final = 2**15
"""Among so many slots, some 3 MB, it makes no difference who comes after whom."""
TILE_ROWS: Final = 2**14
"""Rows searched at once: what is found for them is packed before the next."""
K_MAX: Final = 4_096
"""Slots sought for one row; who wants more wants the dense row."""
NOTHING_TAKEN: Final = np.zeros((0, 2), np.int64)
"""Where a kernel would write the lots, if it were to take the time."""


def topk(
    arrays: Arrays, forest: Forest, rows: Ints, k: int, *, compiled: bool | None = None
) -> Graph:
    """Return the k cheapest slots of each row, by (cost, slot), in the order asked.

    `left_out_ms` is the cost of the next one, exactly, or NEVER. `compiled` chooses
    the kernel or its twin, as `fast.FAST` does if nil. Raise InputError if k is out
    of bounds.
    """
    if not 1 <= k <= K_MAX:
        raise InputError("k", f"expected 1 to {K_MAX}, got {k}")
    costs, slots, held = nearest(arrays, forest, rows, k + 1, compiled=compiled)
    full = held > k
    left_out_ms = np.where(full, costs[:, k], NEVER)
    count = np.minimum(held, k)
    inside = np.arange(k) < count[:, None]
    first = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(count, out=first[1:])
    return Graph(
        first=first,
        slot=slots[:, :k][inside],
        cost_ms=costs[:, :k][inside],
        left_out_ms=left_out_ms,
        slots=len(forest.where),
    )


def nearest(
    arrays: Arrays, forest: Forest, rows: Ints, k: int, *, compiled: bool | None = None
) -> tuple[Ints, Ints, Ints]:
    """Return `[row, k]` costs and slots, cheapest first, and how many each row has."""
    costs = np.full((len(rows), k), NEVER, np.int64)
    slots = np.full((len(rows), k), -1, np.int64)
    held = np.zeros(len(rows), np.int64)
    if not len(rows) or not forest.leaves:
        return costs, slots, held
    # Neighbours one after another look at the same few branches.
    large = len(forest.where) > CACHED_SLOTS
    turn = _neighbours(arrays, rows) if large else None
    runs = fast.FAST if compiled is None else compiled
    lanes = None if runs else Lanes.by_leaf(forest)
    for start in range(0, len(rows), TILE_ROWS):
        tile = slice(start, start + TILE_ROWS)
        at = tile if turn is None else turn[tile]
        if lanes is None:
            found = _compiled(arrays, forest, rows[at], k)
        elif k == 1:
            found = crown.best(arrays, forest, lanes, rows[at])
        else:
            found = twin.nearest(arrays, forest, lanes, rows[at], k)
        costs[at], slots[at], held[at] = found
    return costs, slots, held


def _compiled(
    arrays: Arrays, forest: Forest, rows: Ints, k: int
) -> tuple[Ints, Ints, Ints]:
    costs = np.full((len(rows), k), NEVER, np.int64)
    slots = np.full((len(rows), k), -1, np.int64)
    held = np.zeros(len(rows), np.int64)
    calendar, asked = forest.calendar, arrays.rows
    table, needs, picked = asked.table, asked.needs, rows.copy()
    if not asked.refused.size and len(forest.where) > CACHED_SLOTS:
        # In the order in which they are read: a processor sees that, and reads ahead.
        table, needs, picked = table[rows], needs[:, rows], np.arange(len(rows))
        for array in (table, needs):
            array.setflags(write=False)  # one type, and so compiled once
    kernel.run(
        (table, needs, asked.refused),
        picked,
        (calendar.span, calendar.pieces, calendar.used),
        forest.tree,
        forest.weights,
        (costs, slots, held),
        NOTHING_TAKEN,
    )
    return costs, slots, held


def _neighbours(arrays: Arrays, rows: Ints) -> Ints:
    """Return which row to take after which: by family, then along a curve in space."""
    key = arrays.rows.family[rows] << 39
    for axis in range(3):
        near = (arrays.rows.place_m[axis, rows] + 2**23) >> 11
        # Two zeros between any two of the bits, so that three axes alternate.
        for by, mask in _SPREAD:
            near |= near << by
            near &= mask
        key |= near << axis
    return np.argsort(key)


_SPREAD: Final = (
    (16, 0x0000_00FF_0000_FF),
    (8, 0x0000_F00F_00F0_0F),
    (4, 0x000C_30C3_0C30_C3),
    (2, 0x0249_2492_4924_9249),
)
