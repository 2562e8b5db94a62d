"""What slots cost at least, compiled: sixteen lanes at once, in float32.

The twin is `nearness`, and every number is moved the safe way as it is there. This is
compiled into `kernel.run`, and numba looks at that file alone to see whether what it
keeps is old: so that file names the digest of this one, to which a test holds it.
"""

from __future__ import annotations

import math

import numpy as np

from fabnet.scheduling.bits import Words
from fabnet.scheduling.fast import inlined
from fabnet.scheduling.index.shapes import (
    Facts,
    Floats,
    Halves,
    Singles,
    Want,
    Weighed,
)
from fabnet.scheduling.model import Narrow

NONE_MS, LANES, TRANSPORT_G_PER_T_KM = 1e18, 16, 137
LESS, MORE, SURE = 1 - 2.5e-7, 1 + 2.5e-7, 1 - 2e-6
# Columns of rows, of lanes in a branch, of lanes in a leaf.
R_SIZE, R_TOLERANCE, R_THICKNESS, R_PLACE = 1, 4, 5, 6
R_WORK, R_MASS, R_DUE, R_DEADLINE, R_NEED, R_RADIUS = 10, 11, 12, 13, 14, 15
LOW, HIGH, SIZE, TOLERANCE, THICKNESS, END, MADE = 0, 3, 6, 9, 10, 11, 16
L_PLACE, L_SIZE, L_TOLERANCE, L_FREE, L_PACE, L_CARBON = 0, 3, 6, 7, 8, 9


@inlined
def facts_of(want: Want, weights: Weighed, works: Floats) -> Facts:
    """Return what every bound of a row needs, moved the safe way, as `Asking` has it.

    The margin is what rounding down can take from a cost: less than a metre, two
    milligrams, a millisecond lost before it is weighed, and one for each term.
    """
    co2 = weights[2] / 1e3
    a_metre = weights[1] + want[R_MASS] * (TRANSPORT_G_PER_T_KM / 1e6 * co2)
    need, work = want[R_NEED] / 1e3, float(want[R_WORK])
    due, radius = float(want[R_DUE]), float(want[R_RADIUS] + 1)
    at = 0
    while at < len(works) - 2 and works[at + 1] < work:
        at += 1
    part = (work - works[at]) / (works[at + 1] - works[at])
    return (
        np.float32(want[R_PLACE]),
        np.float32(want[R_PLACE + 1]),
        np.float32(want[R_PLACE + 2]),
        np.float32(want[R_SIZE] * LESS),
        np.float32(want[R_SIZE + 1] * LESS),
        np.float32(want[R_SIZE + 2] * LESS),
        np.float32(want[R_TOLERANCE] * MORE),
        np.float32(want[R_THICKNESS] * LESS),
        np.float32(work * LESS),
        np.float32(due + abs(due) * 2.5e-7),
        np.float32(want[R_DEADLINE] * (1 + 1e-6) + 1),
        np.float32(radius * radius * (1 + 1e-6)),
        np.float32(a_metre),
        np.float32(weights[0] / 1e3 * need),
        np.float32((a_metre + need + 2 * co2 + 5) * MORE),
        np.float32(part),
        np.float32(weights[3]),
        at,
    )


@inlined
def halves(needs: Words, row: int, word: int) -> tuple[np.uint32, np.uint32]:
    """Return a word of bits as two, as wide as a float32."""
    bits = needs[word, row]
    return np.uint32(bits & np.uint64(2**32 - 1)), np.uint32(bits >> np.uint64(32))


@inlined
def bound_branches(
    facts: Facts, charter: int, needs: Words, row: int, branches: Singles, has: Halves,
    whose: Halves, branch: int, bounds: Singles,
) -> None:  # fmt: skip
    """Say what a slot below each lane costs at least: NONE_MS if none will do."""
    (
        x, y, z, small, middle, large, tolerance, thickness, _, due, deadline, radius,
        a_metre, late, margin, part, own, at,
    ) = facts  # fmt: skip
    none, zero, bit = np.float32(NONE_MS), np.float32(0), np.uint32(1 << (charter & 31))
    nobody = np.uint32(0)
    low, high = halves(needs, row, 0)
    sure, less = np.float32(SURE), np.float32(LESS)
    for lane in range(LANES):
        low_x = branches[branch, LOW, lane] - x
        low_y = branches[branch, LOW + 1, lane] - y
        low_z = branches[branch, LOW + 2, lane] - z
        far_x = max(x - branches[branch, HIGH, lane], low_x)
        far_y = max(y - branches[branch, HIGH + 1, lane], low_y)
        far_z = max(z - branches[branch, HIGH + 2, lane], low_z)
        far_x = max(zero, far_x)
        far_y = max(zero, far_y)
        far_z = max(zero, far_z)
        square = far_x * far_x + far_y * far_y + far_z * far_z
        end = branches[branch, END + at, lane]
        end += part * (branches[branch, END + at + 1, lane] - end)
        made = branches[branch, MADE + at, lane]
        made += part * (branches[branch, MADE + at + 1, lane] - made)
        end *= less
        over = max(zero, end - due)
        more = own if np.uint32(whose[branch, lane] & bit) == nobody else zero
        bound = math.sqrt(square) * a_metre + made + over * late + more
        bound = max(zero, bound * sure - margin)
        fine = (
            (small <= branches[branch, SIZE, lane])
            & (middle <= branches[branch, SIZE + 1, lane])
            & (large <= branches[branch, SIZE + 2, lane])
            & (tolerance >= branches[branch, TOLERANCE, lane])
            & (thickness <= branches[branch, THICKNESS, lane])
            & (square < radius)
            & (end <= deadline)
            & (np.uint32(has[0, branch, lane] & low) == low)
            & (np.uint32(has[1, branch, lane] & high) == high)
        )
        bounds[lane] = bound if fine else none
    for word in range(1, needs.shape[0]):
        low, high = halves(needs, row, word)
        for lane in range(LANES):
            able = (np.uint32(has[2 * word, branch, lane] & low) == low) & (
                has[2 * word + 1, branch, lane] & high == high
            )
            bounds[lane] = bounds[lane] if able else none


@inlined
def bound_leaf(
    facts: Facts, charter: int, needs: Words, row: int, lines: Singles, can: Halves,
    charters: Narrow, leaf: int, bounds: Singles,
) -> None:  # fmt: skip
    """Say what the slot of each lane costs at least: NONE_MS if it will not do."""
    (
        x, y, z, small, middle, large, tolerance, _, work, due, deadline, radius,
        a_metre, late, margin, _, own, _,
    ) = facts  # fmt: skip
    none, zero, ours = np.float32(NONE_MS), np.float32(0), np.int32(charter)
    low, high = halves(needs, row, 0)
    sure, less = np.float32(SURE), np.float32(LESS)
    for lane in range(LANES):
        far_x = lines[leaf, L_PLACE, lane] - x
        far_y = lines[leaf, L_PLACE + 1, lane] - y
        far_z = lines[leaf, L_PLACE + 2, lane] - z
        square = far_x * far_x + far_y * far_y + far_z * far_z
        end = lines[leaf, L_FREE, lane] + work * lines[leaf, L_PACE, lane]
        made = end + work * lines[leaf, L_CARBON, lane]
        end *= less
        over = max(zero, end - due)
        more = zero if charters[leaf, lane] == ours else own
        bound = math.sqrt(square) * a_metre + made + over * late + more
        bound = max(zero, bound * sure - margin)
        fine = (
            (small <= lines[leaf, L_SIZE, lane])
            & (middle <= lines[leaf, L_SIZE + 1, lane])
            & (large <= lines[leaf, L_SIZE + 2, lane])
            & (tolerance >= lines[leaf, L_TOLERANCE, lane])
            & (square < radius)
            & (end <= deadline)
            & (np.uint32(can[0, leaf, lane] & low) == low)
            & (np.uint32(can[1, leaf, lane] & high) == high)
        )
        bounds[lane] = bound if fine else none
    for word in range(1, needs.shape[0]):
        low, high = halves(needs, row, word)
        for lane in range(LANES):
            able = (np.uint32(can[2 * word, leaf, lane] & low) == low) & (
                can[2 * word + 1, leaf, lane] & high == high
            )
            bounds[lane] = bounds[lane] if able else none


@inlined
def sign(keys: Narrow) -> int:
    """Write each lane's number into the last bits of its bound, and return the least.

    A float32 that is not negative orders as its bits do. What it is held against has
    all of these bits set, so that no lane is left out for its number.
    """
    least = np.int32(2**31 - 1)
    for lane in range(LANES):
        key = np.int32((keys[lane] & np.int32(-LANES)) | np.int32(lane))
        keys[lane] = key
        least = min(least, key)
    return int(least)


@inlined
def next_of(keys: Narrow) -> int:
    """Return the least of what is left."""
    least = np.int32(2**31 - 1)
    for lane in range(LANES):
        least = min(least, keys[lane])
    return int(least)
