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
    Floats,
    Found,
    Given,
    Singles,
    Stretch,
    Tree,
    Want,
    Weighed,
)
from fabnet.scheduling.model import Ints, Narrow

BUILT_ON: Final = "6386182067455b69"
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
OWN, OTHERS, TRANSPORT_G_PER_T_KM = 1, 2, 137
# Columns of rows, of slots, of lanes in a branch, of lanes in a leaf.
R_FAMILY, R_SIZE, R_TOLERANCE, R_THICKNESS, R_PLACE, R_CHARTER = 0, 1, 4, 5, 6, 9
R_WORK, R_MASS, R_DUE, R_DEADLINE, R_NEED, R_RADIUS = 10, 11, 12, 13, 14, 15
S_UNIT, S_SIZE, S_TOLERANCE, S_THICKNESS, S_PLACE, S_CHARTER = 0, 2, 5, 6, 7, 10
S_ACCESS, S_PACE, S_SETUP, S_ENERGY, S_GRID = 11, 12, 13, 14, 15
LOW, HIGH, SIZE, TOLERANCE, THICKNESS, END, MADE = 0, 3, 6, 9, 10, 11, 16
L_PLACE, L_SIZE, L_TOLERANCE, L_FREE, L_PACE, L_CARBON = 0, 3, 6, 7, 8, 9


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
def fits(want: Want, table: Narrow, slot: int) -> bool:
    """Whether a row fits by size, tolerance and thickness, and may use the slot."""
    door = OWN if want[R_CHARTER] == table[slot, S_CHARTER] else OTHERS
    return (
        want[R_SIZE] <= table[slot, S_SIZE]
        and want[R_SIZE + 1] <= table[slot, S_SIZE + 1]
        and want[R_SIZE + 2] <= table[slot, S_SIZE + 2]
        and want[R_TOLERANCE] >= table[slot, S_TOLERANCE]
        and want[R_THICKNESS] <= table[slot, S_THICKNESS]
        and table[slot, S_ACCESS] & door != 0
    )


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
def running_s(want: Want, table: Narrow, slot: int) -> int:
    """Return how long the pieces alone take, in whole seconds, rounded up."""
    pace = table[slot, S_PACE]
    return (want[R_WORK] * 1_000 + pace - 1) // pace


@inlined
def making_ms(run_s: int, table: Narrow, slot: int) -> int:
    """Return how long making takes on a slot, set-up included."""
    return max(1, (table[slot, S_SETUP] + run_s) * 1_000)


@inlined
def cost_ms(
    want: Want, run_s: int, table: Narrow, slot: int, weights: Weighed, away_m: int,
    end_ms: int,
) -> int:  # fmt: skip
    """Return the sum of `cost.terms`."""
    late_ms = max(0, end_ms - want[R_DUE])
    late = late_ms * weights[0] // 1_000 * want[R_NEED] // 1_000
    carbon_mg = table[slot, S_ENERGY] * run_s * table[slot, S_GRID] // 3_600
    carbon_mg += away_m * (want[R_MASS] * TRANSPORT_G_PER_T_KM) // 1_000_000
    carbon = carbon_mg // 1_000 * weights[2] + carbon_mg % 1_000 * weights[2] // 1_000
    total = late + end_ms + away_m * weights[1] + carbon
    if want[R_CHARTER] != table[slot, S_CHARTER]:
        total += weights[3]
    return total


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
    want: Want, table: Narrow, span: Narrow, pieces: Narrow, weights: Weighed, slot: int
) -> int:
    """Return what a row costs on a slot that can do it, or NEVER if it will not do."""
    if not fits(want, table, slot):
        return NEVER
    x = table[slot, S_PLACE] - want[R_PLACE]
    y = table[slot, S_PLACE + 1] - want[R_PLACE + 1]
    z = table[slot, S_PLACE + 2] - want[R_PLACE + 2]
    square, radius = x * x + y * y + z * z, want[R_RADIUS] + 1
    run_s = running_s(want, table, slot)
    length_ms = making_ms(run_s, table, slot)
    end_ms = earliest(span, pieces, slot, length_ms) + length_ms
    if square >= radius * radius or end_ms > want[R_DEADLINE] or end_ms >= NEVER:
        return NEVER
    return cost_ms(want, run_s, table, slot, weights, root(int(square)), end_ms)


@inlined
def cut(span: Narrow, pieces: Narrow, used: Ints, slot: int, lot: Stretch) -> None:
    """Take a stretch out of a slot's free time; there is room for twice its pieces."""
    first, count = span[slot, 0], span[slot, 1]
    empty, more = -1, 0
    for at in range(first, first + count):
        start, end = pieces[at, 0], pieces[at, 1]
        before, after = min(end, lot[0]), max(start, lot[1])
        if start < before and after < end:
            pieces[at, 1] = before
            # The second half goes behind, until it is known where there is room.
            pieces[used[0] + more, 0], pieces[used[0] + more, 1] = after, end
            more += 1
        elif start < before:
            pieces[at, 1] = before
        elif after < end:
            pieces[at, 0] = after
        else:
            pieces[at, 0], pieces[at, 1] = 0, 0
    for half in range(used[0], used[0] + more):
        empty = max(empty, first - 1) + 1
        while empty < first + count and pieces[empty, 0] < pieces[empty, 1]:
            empty += 1
        if empty >= first + count:
            move(span, pieces, used, slot, more)
            return
        pieces[empty, 0], pieces[empty, 1] = pieces[half, 0], pieces[half, 1]
        pieces[half, 0], pieces[half, 1] = 0, 0


@inlined
def move(span: Narrow, pieces: Narrow, used: Ints, slot: int, more: int) -> None:
    """Give a slot room for twice as many pieces, behind the halves that wait there."""
    first, count = span[slot, 0], span[slot, 1]
    for at in range(count):
        target = used[0] + more + at
        pieces[target, 0], pieces[target, 1] = (
            pieces[first + at, 0],
            pieces[first + at, 1],
        )
        pieces[first + at, 0], pieces[first + at, 1] = 0, 0
    span[slot, 0], span[slot, 1] = used[0], 2 * count
    used[0] += 2 * count


@inlined
def refresh(
    table: Narrow, span: Narrow, pieces: Narrow, parent: Narrow, below: Narrow,
    order: Narrow, lines: Singles, branches: Singles, leaf: int, works: Floats,
) -> None:  # fmt: skip
    """Say anew when the machines of a leaf are free, and so on up to the root."""
    for lane in range(LANES):
        slot = order[leaf, lane]
        if slot >= 0:
            ready = earliest(span, pieces, slot, 1)
            free = float(ready + table[slot, S_SETUP] * 1_000) * LOWER
            lines[leaf, L_FREE, lane] = free if ready < NEVER else NONE_MS
    above = parent[leaf]
    if above < 0:
        return
    leaves = order.shape[0]
    branch, here = above - leaves, leaf - below[above - leaves]
    for step in range(STEPS):
        end, made = NONE_MS, NONE_MS
        for lane in range(LANES):
            now = np.float64(lines[leaf, L_FREE, lane])
            now += works[step] * np.float64(lines[leaf, L_PACE, lane])
            end = min(end, now)
            made = min(
                made, now + works[step] * np.float64(lines[leaf, L_CARBON, lane])
            )
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
    want: Want, slot: int, table: Narrow, span: Narrow, pieces: Narrow, tree: Tree,
    works: Floats, lots: Ints, line: int, used: Ints,
) -> bool:  # fmt: skip
    """Take a row's time on a machine, in all that it does; no if there is no room."""
    unit, first, last, room = table[slot, S_UNIT], slot, slot + 1, 3 * span[slot, 1]
    while first > 0 and table[first - 1, S_UNIT] == unit:
        first -= 1
        room += 3 * span[first, 1]
    while last < table.shape[0] and table[last, S_UNIT] == unit:
        room += 3 * span[last, 1]
        last += 1
    if used[0] + room > pieces.shape[0]:
        return False
    length_ms = making_ms(running_s(want, table, slot), table, slot)
    start_ms = earliest(span, pieces, slot, length_ms)
    lots[line, 0], lots[line, 1] = start_ms, start_ms + length_ms
    for each in range(first, last):
        cut(span, pieces, used, each, (start_ms, start_ms + length_ms))
    for each in range(first, last):
        leaf = tree[4][each]
        if leaf >= 0:
            refresh(
                table, span, pieces, tree[1], tree[2], tree[3], tree[5], tree[8], leaf,
                works,
            )  # fmt: skip
    return True


@compiled
def run(
    asked: Asked, picked: Ints, given: Given, tree: Tree, weigh: Ints, works: Floats,
    found: Found, lots: Ints, used: Ints,
) -> int:  # fmt: skip
    """Find the cheapest slots of each row picked, and take the time if `lots` asks.

    Return for how many rows it is done: all, or those before the room ran out for cut
    pieces. The search is in here, for as a call it would lock what it is given.
    """
    rows, needs, refusals = asked
    table, _, span, pieces = given
    roots, _, underneath, order, _, lines, can, charter, branches, has, whose = tree
    costs, slots, many = found
    # What is below each node on the way down, and the cost that is to be beaten.
    bounds, below = np.empty((LEVELS, LANES), np.float32), np.empty(LEVELS, np.int64)
    keys, most = bounds.view(np.int32), np.empty(1, np.float32)
    most_key, leaves, limit = most.view(np.int32), order.shape[0], costs.shape[1]
    weights = (weigh[0], weigh[1], weigh[2], weigh[3])
    for line in range(len(picked)):
        row = picked[line]
        want = want_of(rows, row)
        facts = facts_of(want, weights, works)
        held, level, node = 0, -1, int(roots[want[R_FAMILY]])
        most[0] = ENDLESS
        while node >= 0:
            level += 1
            if node < leaves:
                bound_leaf(
                    facts, want[R_CHARTER], needs, row, lines, can, charter, node,
                    bounds[level],
                )  # fmt: skip
                least = sign(keys[level])
                while least <= most_key[0] | (LANES - 1):
                    lane = least & (LANES - 1)
                    keys[level, lane] = GONE
                    slot = order[node, lane]
                    cost = look(want, table, span, pieces, weights, slot)
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
        if held and len(lots) and not take(
            want, slots[line, 0], table, span, pieces, tree, works, lots, line, used
        ):  # fmt: skip
            return line
    return len(picked)
