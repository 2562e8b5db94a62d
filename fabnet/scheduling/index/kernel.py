"""The search, compiled: depth first, the nearest branch first, each cut by its bound.

Costs are those of `cost.terms`, in whole numbers; only bounds are floating. Numbers are
those of `model`, `arrange` and `forest`, to which a test holds them: a kernel reads no
other file's names, for numba would keep the old ones.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from fabnet.scheduling.fast import compiled, inlined
from fabnet.scheduling.index.kernel_bounds import (
    bound_branches,
    bound_leaf,
    facts_of,
    next_of,
    sign,
)
from fabnet.scheduling.index.shapes import (
    Asked,
    Found,
    Given,
    Singles,
    Stretch,
    Tree,
    Want,
    Weighed,
)
from fabnet.scheduling.model import Ints, Narrow

BUILT_ON: Final = "4eea66fd83e8ae72"
"""The digest of `kernel_bounds.py`: what was compiled of another is not kept."""
NEVER, NONE_MS, LOWER = 2**62, 1e18, 1 - 2e-7
MORE: Final = 1 + 2.5e-7
LANES, STEPS = 16, 5
LEVELS: Final = 9
"""Nodes above each other: sixteen times as many slots with each."""
ENDLESS: Final = 9e17
"""More than any cost, and less than NONE_MS."""
GONE: Final = 2**31 - 1
"""The key of a lane that has had its turn."""
NO_LIMIT, HEAD, TRANSPORT_G_PER_T_KM = 2**31 - 1, 2, 137
WORKS_S = (0.0, 3_600.0, 28_800.0, 172_800.0, 24_192_001.0)
# Columns of rows, of slots in a leaf, of lanes in a branch.
R_FAMILY, R_PLACE, R_CHARTER = 0, 6, 9
R_WORK, R_MASS, R_DUE, R_DEADLINE, R_NEED, R_RADIUS = 10, 11, 12, 13, 14, 15
S_UNIT, NUMBER, S_PLACE, S_CHARTER, S_PACE, S_SETUP = 0, 1, 7, 10, 12, 13
S_ENERGY, S_GRID, READY, END, MADE = 14, 15, 16, 11, 16


@inlined
def root(square: int) -> int:
    """Return the whole root of a number below 2**60."""
    found = int(math.sqrt(float(square)))
    if found * found > square:
        found -= 1
    elif (found + 1) * (found + 1) <= square:
        found += 1
    return found


@inlined
def want_of(rows: Ints, row: int) -> Want:
    """Return the line of a row."""
    return (
        rows[row, 0], rows[row, 1], rows[row, 2], rows[row, 3], rows[row, 4],
        rows[row, 5], rows[row, 6], rows[row, 7], rows[row, 8], rows[row, 9],
        rows[row, 10], rows[row, 11], rows[row, 12], rows[row, 13], rows[row, 14],
        rows[row, 15],
    )  # fmt: skip


@inlined
def refused(refusals: Ints, row: int, slot: int) -> bool:
    """Whether this slot already said no to this row."""
    low, high = 0, refusals.shape[1]
    while low < high:
        middle = (low + high) // 2
        if refusals[0, middle] < row:
            low = middle + 1
        else:
            high = middle
    while low < refusals.shape[1] and refusals[0, low] == row:
        if refusals[1, low] == slot:
            return True
        low += 1
    return False


@inlined
def earliest(span: Narrow, pieces: Narrow, slot: int, length_ms: int) -> int:
    """Return when a slot first has so much time in one piece, or NEVER."""
    best = NEVER
    for at in range(span[slot, 0], span[slot, 0] + span[slot, 1]):
        start = np.int64(pieces[at, 0])
        if start < best and pieces[at, 1] - start >= length_ms:
            best = int(start)
    return best


@inlined
def length_ms(want: Want, lanes: Narrow, leaf: int, lane: int) -> int:
    """Return how long making takes on a slot, set-up included."""
    run_s = running_s(want, lanes, leaf, lane)
    return max(1, (lanes[leaf, S_SETUP, lane] + run_s) * 1_000)


@inlined
def running_s(want: Want, lanes: Narrow, leaf: int, lane: int) -> int:
    """Return how long the pieces alone take, in whole seconds, rounded up."""
    pace = np.int64(lanes[leaf, S_PACE, lane])
    return int((want[R_WORK] * 1_000 + pace - 1) // pace)


@inlined
def cost_ms(
    want: Want, lanes: Narrow, leaf: int, lane: int, weights: Weighed, away_m: int,
    end_ms: int,
) -> int:  # fmt: skip
    """Return the sum of `cost.terms`."""
    late_ms = max(0, end_ms - want[R_DUE])
    late = late_ms * weights[0] // 1_000 * want[R_NEED] // 1_000
    run_s = running_s(want, lanes, leaf, lane)
    carbon_mg = lanes[leaf, S_ENERGY, lane] * run_s * lanes[leaf, S_GRID, lane] // 3_600
    carbon_mg += away_m * (want[R_MASS] * TRANSPORT_G_PER_T_KM) // 1_000_000
    carbon = carbon_mg // 1_000 * weights[2] + carbon_mg % 1_000 * weights[2] // 1_000
    total = late + end_ms + away_m * weights[1] + carbon
    if want[R_CHARTER] != lanes[leaf, S_CHARTER, lane]:
        total += weights[3]
    return int(total)


@inlined
def onward(keys: Narrow, below: Ints, level: int, most: int) -> tuple[int, int]:
    """Return the nearest node that is left on the way back up, and its level; or -1."""
    while level >= 0:
        least = next_of(keys[level])
        if least <= most:
            lane = least & (LANES - 1)
            keys[level, lane] = GONE
            return int(below[level] + lane), level
        level -= 1
    return -1, level


@inlined
def keep(costs: Ints, slots: Ints, at: int, held: int, cost: int, slot: int) -> int:
    """Put a candidate in its place by (cost, slot), and return how many there are."""
    place = held
    if held < costs.shape[1]:
        held += 1
    elif costs[at, held - 1] < cost or (
        costs[at, held - 1] == cost and slots[at, held - 1] < slot
    ):
        return held
    else:
        place = held - 1
    while place > 0 and (
        costs[at, place - 1] > cost
        or (costs[at, place - 1] == cost and slots[at, place - 1] > slot)
    ):
        costs[at, place], slots[at, place] = costs[at, place - 1], slots[at, place - 1]
        place -= 1
    costs[at, place], slots[at, place] = cost, slot
    return held


@inlined
def look(
    want: Want, lanes: Narrow, leaf: int, lane: int, span: Narrow, pieces: Narrow,
    weights: Weighed,
) -> int:  # fmt: skip
    """Return what a row costs on a slot that can do it, or NEVER if it will not do."""
    x = lanes[leaf, S_PLACE, lane] - want[R_PLACE]
    y = lanes[leaf, S_PLACE + 1, lane] - want[R_PLACE + 1]
    z = lanes[leaf, S_PLACE + 2, lane] - want[R_PLACE + 2]
    square, radius = x * x + y * y + z * z, want[R_RADIUS] + 1
    making_ms = length_ms(want, lanes, leaf, lane)
    slot = lanes[leaf, NUMBER, lane]
    end_ms = earliest(span, pieces, slot, making_ms) + making_ms
    if square >= radius * radius or end_ms > want[R_DEADLINE] or end_ms >= NEVER:
        return NEVER
    return cost_ms(want, lanes, leaf, lane, weights, root(int(square)), end_ms)


@inlined
def move(span: Narrow, pieces: Narrow, used: Ints, slot: int, more: int) -> None:
    """Give a slot room for twice as many pieces, behind the halves that wait there."""
    first, count, at = span[slot, 0], span[slot, 1], used[0]
    if first < used[1]:
        pieces[at, 1], pieces[at + 1, 1] = -1 - first, -1 - count
    else:
        pieces[at, 1], pieces[at + 1, 1] = pieces[first - 2, 1], pieces[first - 1, 1]
    for each in range(count):
        target = at + HEAD + more + each
        pieces[target, 0] = pieces[first + each, 0]
        pieces[target, 1] = pieces[first + each, 1]
    span[slot, 0], span[slot, 1] = at + HEAD, 2 * count
    used[0] += HEAD + 2 * count


@inlined
def cut(span: Narrow, pieces: Narrow, used: Ints, slot: int, lot: Stretch) -> None:
    """Take a stretch out of the free time of a slot that has moved already."""
    first, count = span[slot, 0], span[slot, 1]
    empty, more = -1, 0
    for at in range(first, first + count):
        start, end = pieces[at, 0], pieces[at, 1]
        before, after = min(end, lot[0]), max(start, lot[1])
        if start < before and after < end:
            pieces[at, 1] = before
            # The second half goes behind, until it is known where there is room.
            half = used[0] + HEAD + more
            pieces[half, 0], pieces[half, 1] = after, end
            more += 1
        elif start < before:
            pieces[at, 1] = before
        elif after < end:
            pieces[at, 0] = after
        else:
            pieces[at, 0], pieces[at, 1] = 0, 0
    for half in range(used[0] + HEAD, used[0] + HEAD + more):
        empty = max(empty, first - 1) + 1
        while empty < first + count and pieces[empty, 0] < pieces[empty, 1]:
            empty += 1
        if empty >= first + count:
            move(span, pieces, used, slot, more)
            return
        pieces[empty, 0], pieces[empty, 1] = pieces[half, 0], pieces[half, 1]
        pieces[half, 0], pieces[half, 1] = 0, 0


@inlined
def refresh(
    parent: Narrow, below: Narrow, lanes: Narrow, branches: Singles, leaf: int,
    co2: int,
) -> None:  # fmt: skip
    """Say anew when the machines of a leaf are free, and so on up to the root."""
    above = parent[leaf]
    if above < 0:
        return
    leaves = lanes.shape[0]
    branch, here = above - leaves, leaf - below[above - leaves]
    for step in range(STEPS):
        end, made = NONE_MS, NONE_MS
        for lane in range(LANES):
            pace = np.float64(lanes[leaf, S_PACE, lane])
            ready = lanes[leaf, READY, lane]
            free = np.float64(ready) + np.float64(lanes[leaf, S_SETUP, lane]) * 1e3
            free = free if ready < NO_LIMIT else np.float64(NONE_MS)
            grams = np.float64(lanes[leaf, S_ENERGY, lane])
            grams *= np.float64(lanes[leaf, S_GRID, lane])
            carbon = grams * np.float64(co2) / (3_600 * pace)
            now = free + WORKS_S[step] * (1e6 / pace)
            end = min(end, now)
            made = min(made, now + WORKS_S[step] * carbon)
        branches[branch, END + step, here] = end * LOWER
        branches[branch, MADE + step, here] = made * LOWER
    while parent[above] >= 0:
        upper = parent[above] - leaves
        here = above - below[upper]
        for step in range(2 * STEPS):
            best = branches[branch, END + step, 0]
            for lane in range(1, LANES):
                best = min(best, branches[branch, END + step, lane])
            branches[upper, END + step, here] = best
        above, branch = parent[above], upper


@inlined
def take(
    want: Want, slot: int, given: Given, tree: Tree, co2: int, lots: Ints, line: int
) -> bool:
    """Take a row's time on a machine, in all that it does; no if there is no room."""
    span, pieces, used = given
    _, parent, below, where, lanes, branches, _, _ = tree
    leaf, lane = where[slot] // LANES, where[slot] % LANES
    unit, first, last, room = lanes[leaf, S_UNIT, lane], slot, slot + 1, 0
    while first > 0 and unit_of(where, lanes, first - 1) == unit:
        first -= 1
    while last < len(where) and unit_of(where, lanes, last) == unit:
        last += 1
    for each in range(first, last):
        # To move, to wait in halves, and to move again.
        room += 3 * HEAD + 8 * span[each, 1]
    if used[0] + room > len(pieces):
        return False
    making_ms = length_ms(want, lanes, leaf, lane)
    start_ms = earliest(span, pieces, slot, making_ms)
    lots[line, 0], lots[line, 1] = start_ms, start_ms + making_ms
    for each in range(first, last):
        if span[each, 0] < used[1]:
            move(span, pieces, used, each, 0)
        cut(span, pieces, used, each, (start_ms, start_ms + making_ms))
        leaf, lane = where[each] // LANES, where[each] % LANES
        ready = min(earliest(span, pieces, each, 1), NO_LIMIT)
        lanes[leaf, READY, lane] = ready
        refresh(parent, below, lanes, branches, leaf, co2)
    return True


@inlined
def unit_of(where: Narrow, lanes: Narrow, slot: int) -> int:
    """Return which machine a slot is of."""
    return int(lanes[where[slot] // LANES, S_UNIT, where[slot] % LANES])


@compiled
def run(
    asked: Asked, picked: Ints, given: Given, tree: Tree, weigh: Ints, found: Found,
    lots: Ints,
) -> int:  # fmt: skip
    """Find the cheapest slots of each row picked, and take the time if `lots` asks.

    Return for how many rows it is done: all, or those before the room ran out for cut
    pieces. The search is in here, for as a call it would lock what it is given.
    """
    rows, needs, refusals = asked
    span, pieces, _ = given
    roots, _, underneath, _, lanes, branches, has, whose = tree
    costs, slots, many = found
    # What is below each node on the way down, and the cost that is to be beaten.
    bounds, below = np.empty((LEVELS, LANES), np.float32), np.empty(LEVELS, np.int64)
    keys, most = bounds.view(np.int32), np.empty(1, np.float32)
    most_key, leaves, limit = most.view(np.int32), lanes.shape[0], costs.shape[1]
    weights = (weigh[0], weigh[1], weigh[2], weigh[3])
    for line in range(len(picked)):
        row = picked[line]
        want = want_of(rows, row)
        facts = facts_of(want, weights)
        held, level, node = 0, -1, int(roots[want[R_FAMILY]])
        most[0] = ENDLESS
        while node >= 0:
            level += 1
            if node < leaves:
                bound_leaf(
                    facts, want, needs, row, lanes, float(weights[2]), node,
                    bounds[level],
                )  # fmt: skip
                least = sign(keys[level])
                while least <= most_key[0] | (LANES - 1):
                    lane = least & (LANES - 1)
                    keys[level, lane] = GONE
                    slot = lanes[node, NUMBER, lane]
                    cost = look(want, lanes, node, lane, span, pieces, weights)
                    if cost < NEVER and not refused(refusals, row, slot):
                        held = keep(costs, slots, line, held, cost, slot)
                        if held == limit:
                            most[0] = costs[line, limit - 1] * MORE
                    least = next_of(keys[level])
                level -= 1
            else:
                branch = node - leaves
                bound_branches(
                    facts, want[R_CHARTER], needs, row, branches, has, whose, branch,
                    bounds[level],
                )  # fmt: skip
                below[level] = underneath[branch]
                sign(keys[level])
            node, level = onward(keys, below, level, most_key[0] | (LANES - 1))
        many[line] = held
        if (
            held
            and len(lots)
            and not take(want, slots[line, 0], given, tree, weights[2], lots, line)
        ):
            return line
    return len(picked)
