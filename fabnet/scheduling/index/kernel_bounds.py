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
from fabnet.scheduling.index.shapes import Facts, Singles, Want, Weighed
from fabnet.scheduling.model import Narrow

NONE_MS, LANES, TRANSPORT_G_PER_T_KM = 1e18, 16, 137
LESS, MORE, SURE = 1 - 2.5e-7, 1 + 2.5e-7, 1 - 2e-6
WORKS_S = (0.0, 3_600.0, 28_800.0, 172_800.0, 24_192_001.0)
NO_LIMIT, OWN, OTHERS = 2**31 - 1, 1, 2
# Columns of rows, of lanes in a branch, of slots in a leaf.
R_SIZE, R_TOLERANCE, R_THICKNESS, R_PLACE, R_CHARTER = 1, 4, 5, 6, 9
R_WORK, R_MASS, R_DUE, R_DEADLINE, R_NEED, R_RADIUS = 10, 11, 12, 13, 14, 15
LOW, HIGH, SIZE, TOLERANCE, THICKNESS, END, MADE = 0, 3, 6, 9, 10, 11, 16
S_SIZE, S_TOLERANCE, S_THICKNESS, S_PLACE, S_CHARTER = 2, 5, 6, 7, 10
S_ACCESS, S_PACE, S_SETUP, S_ENERGY, S_GRID, READY, CAN = 11, 12, 13, 14, 15, 16, 17


@inlined
def facts_of(want: Want, weights: Weighed) -> Facts:
    """Return what every bound of a row needs, moved the safe way, as `Asking` has it.

    The margin is what rounding down can take from a cost: less than a metre, two
    milligrams, a millisecond lost before it is weighed, and one for each term.
    """
    co2 = weights[2] / 1e3
    a_metre = weights[1] + want[R_MASS] * (TRANSPORT_G_PER_T_KM / 1e6 * co2)
    need, work = want[R_NEED] / 1e3, float(want[R_WORK])
    due, radius = float(want[R_DUE]), float(want[R_RADIUS] + 1)
    at = 0
    while at < len(WORKS_S) - 2 and WORKS_S[at + 1] < work:
        at += 1
    part = (work - WORKS_S[at]) / (WORKS_S[at + 1] - WORKS_S[at])
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
def bound_branches(
    facts: Facts, charter: int, needs: Words, row: int, branches: Singles, has: Words,
    whose: Words, branch: int, bounds: Singles,
) -> None:  # fmt: skip
    """Say what a slot below each lane costs at least: NONE_MS if none will do."""
    (
        x, y, z, small, middle, large, tolerance, thickness, _, due, deadline, radius,
        a_metre, late, margin, part, own, at,
    ) = facts  # fmt: skip
    none, zero, bit = np.float32(NONE_MS), np.float32(0), np.uint32(1 << (charter & 31))
    nobody, bits = np.uint32(0), needs[0, row]
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
            & (np.uint32(has[0, branch, lane] & bits) == bits)
        )
        bounds[lane] = bound if fine else none
    for word in range(1, needs.shape[0]):
        bits = needs[word, row]
        for lane in range(LANES):
            able = np.uint32(has[word, branch, lane] & bits) == bits
            bounds[lane] = bounds[lane] if able else none


@inlined
def bound_leaf(
    facts: Facts, want: Want, needs: Words, row: int, lanes: Narrow, co2: float,
    leaf: int, bounds: Singles,
) -> None:  # fmt: skip
    """Say what the slot of each lane costs at least: NONE_MS if it will not do.

    What is left to ask is how far it is and when it is free, and whether it said no.
    """
    (
        x, y, z, _, _, _, _, _, work, due, deadline, radius, a_metre, late, margin, _,
        own, _,
    ) = facts  # fmt: skip
    none, zero, ours = np.float32(NONE_MS), np.float32(0), np.int32(want[R_CHARTER])
    small, middle = np.int32(want[R_SIZE]), np.int32(want[R_SIZE + 1])
    large, tolerance = np.int32(want[R_SIZE + 2]), np.int32(want[R_TOLERANCE])
    thickness, bits = np.int32(want[R_THICKNESS]), np.int32(needs[0, row])
    sure, less, shut = np.float32(SURE), np.float32(LESS), np.int32(0)
    thousand, million = np.float32(1e3), np.float32(1e6)
    own_door, other_door = np.int32(OWN), np.int32(OTHERS)
    # A gram for each kilowatt hour, in milliseconds of a machine of pace 1.
    gram = np.float32(co2 / 3.6e9 * LESS)
    for lane in range(LANES):
        far_x = np.float32(lanes[leaf, S_PLACE, lane]) - x
        far_y = np.float32(lanes[leaf, S_PLACE + 1, lane]) - y
        far_z = np.float32(lanes[leaf, S_PLACE + 2, lane]) - z
        square = far_x * far_x + far_y * far_y + far_z * far_z
        free = np.float32(lanes[leaf, S_SETUP, lane]) * thousand
        free = (free + np.float32(lanes[leaf, READY, lane])) * less
        run = million / np.float32(lanes[leaf, S_PACE, lane]) * work
        grams = np.float32(lanes[leaf, S_ENERGY, lane])
        grams *= np.float32(lanes[leaf, S_GRID, lane])
        end = free + run
        made = end + grams * gram * run
        end *= less
        over = max(zero, end - due)
        is_own = lanes[leaf, S_CHARTER, lane] == ours
        more = zero if is_own else own
        door = own_door if is_own else other_door
        bound = math.sqrt(square) * a_metre + made + over * late + more
        bound = max(zero, bound * sure - margin)
        fine = (
            (small <= lanes[leaf, S_SIZE, lane])
            & (middle <= lanes[leaf, S_SIZE + 1, lane])
            & (large <= lanes[leaf, S_SIZE + 2, lane])
            & (tolerance >= lanes[leaf, S_TOLERANCE, lane])
            & (thickness <= lanes[leaf, S_THICKNESS, lane])
            & (np.int32(lanes[leaf, S_ACCESS, lane] & door) != shut)
            & (lanes[leaf, READY, lane] != np.int32(NO_LIMIT))
            & (square < radius)
            & (end <= deadline)
            & (np.int32(lanes[leaf, CAN, lane] & bits) == bits)
        )
        bounds[lane] = bound if fine else none
    for word in range(1, needs.shape[0]):
        bits = np.int32(needs[word, row])
        for lane in range(LANES):
            able = np.int32(lanes[leaf, CAN + word, lane] & bits) == bits
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
