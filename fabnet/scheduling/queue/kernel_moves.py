"""Insertion, descent and anneal, compiled: they take lots up and put them elsewhere."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.fast import compiled, inlined
from fabnet.scheduling.queue.kernel_line import (
    Lines,
    best_place,
    change,
    gain,
    join,
    leave,
    move,
    settle,
)
from fabnet.scheduling.queue.shop import Ints, Shop

Dice = NDArray[np.uint64]

BUILT_ON: Final = "dedbbb7afd1c3b81"
"""The digest of `kernel_line.py`: what was compiled of another is not kept."""
_FORBIDDEN = 2**61


@inlined
def roll(dice: Dice, sides: int) -> int:
    """Return a whole number below `sides`; splitmix64 (Steele, Lea and Flood, 2014)."""
    dice[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = dice[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return int(np.int64(mixed >> np.uint64(32)) * sides >> 32)


@inlined
def pair_on(shop: Shop, lot: int, machine: int) -> int:
    """Return the first pair of a lot on a machine, or -1."""
    low, end = shop.first[lot], shop.first[lot + 1]
    high = end
    while low < high:
        middle = (low + high) // 2
        if shop.machine[shop.slot[middle]] < machine:
            low = middle + 1
        else:
            high = middle
    if low < end and shop.machine[shop.slot[low]] == machine:
        return low
    return -1


@compiled
def settle_all(shop: Shop, lines: Lines) -> None:
    """Work out anew when every placed lot ends."""
    for head in range(len(shop.release_ms), len(shop.family)):
        settle(shop, lines, head)


@compiled
def relocate(shop: Shop, lines: Lines, lot: int, pair: int, limit_ms: int) -> int:
    """Put a lot at its best place in one line, if that costs at most `limit_ms` more.

    Return what more it costs; 0 if it stays.
    """
    now = lines.pair[lot]
    own = now >= 0 and shop.machine[shop.slot[now]] == shop.machine[shop.slot[pair]]
    left_ms = 0 if own else gain(shop, lines, lot)
    more_ms, behind = best_place(shop, lines, lot, pair, limit_ms - left_ms + 1)
    if behind < 0:
        return 0
    move(shop, lines, lot, pair, behind)
    return left_ms + more_ms


@compiled
def exchange(shop: Shop, lines: Lines, lot: int, pair: int, limit_ms: int) -> int:
    """Swap a placed lot with the best of another line, if that costs at most so much.

    Return what more it costs; 0 if all stay.
    """
    if lines.pair[lot] < 0:
        return 0
    mine = shop.machine[shop.slot[lines.pair[lot]]]
    theirs = shop.machine[shop.slot[pair]]
    if mine == theirs:
        return 0
    best_ms, best, best_pair, before = limit_ms + 1, -1, -1, lines.before[lot]
    other = lines.after[len(shop.release_ms) + theirs]
    while other >= 0:
        back = pair_on(shop, other, mine)
        if back >= 0:
            one_ms = change(shop, lines, before, lot, other, back, before, _FORBIDDEN)
            if one_ms < _FORBIDDEN:
                node, left_ms = lines.before[other], best_ms - one_ms
                two_ms = change(shop, lines, node, other, lot, pair, node, left_ms)
                if one_ms + two_ms < best_ms:
                    best_ms, best, best_pair = one_ms + two_ms, other, back
        other = lines.after[other]
    if best < 0:
        return 0
    behind = leave(shop, lines, best)
    leave(shop, lines, lot)
    join(lines, lot, pair, behind)
    join(lines, best, best_pair, before)
    settle(shop, lines, behind)
    settle(shop, lines, before)
    return best_ms


@compiled
def insert_all(shop: Shop, lines: Lines, turn: Ints) -> None:
    """Put each lot that is not placed where it costs least, in turn; ties by pair."""
    for lot in turn:
        if lines.pair[lot] >= 0:
            continue
        best_ms, best, place = lines.cost_ms[lot], -1, -1
        for pair in range(shop.first[lot], shop.first[lot + 1]):
            more_ms, behind = best_place(shop, lines, lot, pair, best_ms)
            if behind >= 0:
                best_ms, best, place = more_ms, pair, behind
        if best >= 0:
            move(shop, lines, lot, best, place)


@compiled
def descend(shop: Shop, lines: Lines, order: Ints, rounds: int, width: int) -> int:
    """Move each lot to its best place, then swap it, until a round changes nothing.

    It is swapped along the first `width` of its pairs in `order`, cheapest first.
    Return how many rounds that took.
    """
    for at in range(rounds):
        better = 0
        for lot in range(len(shop.release_ms)):
            left_ms = gain(shop, lines, lot)
            now, best_ms, best, place = lines.pair[lot], 0, -1, -1
            for pair in range(shop.first[lot], shop.first[lot + 1]):
                mine = now >= 0 and (
                    shop.machine[shop.slot[now]] == shop.machine[shop.slot[pair]]
                )
                away_ms = 0 if mine else left_ms
                more_ms, behind = best_place(shop, lines, lot, pair, best_ms - away_ms)
                if behind >= 0:
                    best_ms, best, place = more_ms + away_ms, pair, behind
            if best >= 0:
                move(shop, lines, lot, best, place)
                better += best_ms
            last = min(shop.first[lot] + width, shop.first[lot + 1])
            for at_pair in range(shop.first[lot], last):
                better += exchange(shop, lines, lot, order[at_pair], -1)
        if better == 0:
            return at + 1
    return rounds


@compiled
def anneal_all(
    shop: Shop,
    lines: Lines,
    order: Ints,
    table: Ints,
    hot_ms: int,
    halvings: int,
    iterations: int,
    dice: Dice,
) -> int:
    """Take up lot after lot, and put each where it costs at most a drawn limit more.

    The limit is exponential, its mean falls from `hot_ms` by so many halvings. Return
    what more the lines cost in the end: mostly less.
    """
    total_ms, lots = 0, len(shop.release_ms)
    for at in range(iterations):
        level = at * halvings * 256 // iterations
        heat_ms = hot_ms >> (level >> 8)
        heat_ms -= heat_ms * (level & 255) >> 9
        limit_ms = table[roll(dice, len(table))]
        if heat_ms < 2**42:
            limit_ms = heat_ms * limit_ms >> 16
        else:
            limit_ms = (heat_ms >> 16) * limit_ms
        lot = roll(dice, lots)
        first, count = shop.first[lot], shop.first[lot + 1] - shop.first[lot]
        if count == 0:
            continue
        # The lesser of two throws: what is cheap for the lot itself is tried most.
        pair = order[first + min(roll(dice, count), roll(dice, count))]
        if roll(dice, 4) == 0:
            total_ms += exchange(shop, lines, lot, pair, limit_ms)
        else:
            total_ms += relocate(shop, lines, lot, pair, limit_ms)
    return total_ms
