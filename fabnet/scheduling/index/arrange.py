"""Slots in an order in which neighbours in cost are neighbours.

A kd-split: all groups larger than a leaf are cut at once, each across its widest side,
at a whole number of leaves, until none is larger. Sides are what a difference can cost:
three of distance, and one of what a machine costs everybody.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.index.shapes import Floats
from fabnet.scheduling.model import Ints

LANES: Final = 16
"""Slots in one leaf, and nodes below one, at most: as many doubles as fill one register
of a large processor, or two of a smaller one."""
_SIDE_BITS: Final = 22
"""How finely a group is measured along its side; ties go by the order so far."""


def arrange(group: Ints, sides: Floats) -> tuple[Ints, Ints]:
    """Return the order of entries, and how many of them each leaf holds.

    `group` numbers what must not be in one leaf; `sides` is `[side, entry]`.
    """
    order = np.argsort(group, kind="stable")
    size = np.bincount(group) if group.size else group
    size = size[size > 0]
    while (size > LANES).any():
        order, size = _split(order, size, sides)
    # Within a leaf by number, so that the first of the cheapest is the least.
    leaf = np.repeat(np.arange(len(size)), size)
    return order[np.lexsort((order, leaf))], size


def _split(order: Ints, size: Ints, sides: Floats) -> tuple[Ints, Ints]:
    large = size > LANES
    inside = np.repeat(large, size)
    sizes = size[large]
    order = order.copy()
    order[inside] = _sorted(order[inside], sizes, sides)
    left = _left(sizes)
    halves = np.stack((left, sizes - left), axis=1)
    parts = np.where(large, 2, 1)
    at = np.cumsum(parts) - parts
    split = np.empty(parts.sum(), np.int64)
    split[at[~large]] = size[~large]
    split[at[large]], split[at[large] + 1] = halves.T
    return order, split


def _left(sizes: Ints) -> Ints:
    """Return how many go left: half of the largest whole subtrees, rounded down."""
    unit = np.full_like(sizes, LANES)
    while (grow := unit * LANES < sizes).any():
        unit[grow] *= LANES
    left: Ints = -(-sizes // unit) // 2 * unit
    return left


def _sorted(order: Ints, sizes: Ints, sides: Floats) -> Ints:
    """Return entries sorted within each group along the widest side of the group."""
    first = np.cumsum(sizes) - sizes
    # One side after another, so that no more than one of them is gathered at a time.
    widest = np.full(len(sizes), -1.0)
    along = np.zeros(len(order))
    for side in sides:
        here = side[order]
        least = np.minimum.reduceat(here, first)
        extent = np.maximum.reduceat(here, first) - least
        wider = extent > widest
        widest[wider] = extent[wider]
        scale = (2**_SIDE_BITS - 1) / np.maximum(extent, 1e-9)
        spot = (here - np.repeat(least, sizes)) * np.repeat(scale, sizes)
        along = np.where(np.repeat(wider, sizes), spot, along)
    low = max(1, int(len(order) - 1).bit_length())
    key = np.repeat(np.arange(len(sizes)), sizes) << (_SIDE_BITS + low)
    key |= along.astype(np.int64) << low
    key |= np.arange(len(order))
    key.sort()
    by_side: Ints = order[key & ((1 << low) - 1)]
    return by_side
