"""Lots on machines where only the time of each counts: the kernel of `soonest`."""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.fast import compiled
from fabnet.scheduling.queue.kernel_moves import Dice, roll
from fabnet.scheduling.queue.shop import Ints

BUILT_ON: Final = "83924618eb57cdde"
"""The digest of `kernel_moves.py`: what was compiled of another is not kept."""


@compiled
def _over(load_ms: int, mark_ms: int) -> int:
    """Return the square of what a load is over a mark."""
    over_ms = max(load_ms - mark_ms, 0)
    return over_ms * over_ms


@compiled
def level(
    length_ms: Ints,
    cheap: Ints,
    machine: Ints,
    load_ms: Ints,
    table: Ints,
    hot: int,
    halvings: int,
    slack_ms: int,
    iterations: int,
    dice: Dice,
    best: Ints,
) -> int:
    """Anneal until no machine is loaded to the longest load known; then to less.

    `length_ms` is `[lot, machine]`, `cheap` `[lot, rank]` are machines worth a try.
    `machine` and `load_ms` change in place, and `best` is filled with the best found.
    `hot` is in 256ths. What is annealed is the sum of squares of what each load is over
    `slack_ms` less than wanted. Return the longest load of `best`.
    """
    lots, machines = len(machine), len(load_ms)
    count = np.zeros(machines, np.int64)
    lot_on = np.zeros((machines, lots), np.int32)
    place = np.zeros(lots, np.int64)
    for lot in range(lots):
        on = machine[lot]
        place[lot], lot_on[on, count[on]] = count[on], lot
        count[on] += 1
    longest_ms = load_ms.max()
    best[:] = machine
    for at in range(iterations):
        step = at * halvings * 256 // iterations
        heat = hot >> (step >> 8)
        heat -= heat * (step & 255) >> 9
        limit = heat * table[roll(dice, len(table))] >> 24
        lot, ranks = roll(dice, lots), cheap.shape[1]
        on = machine[lot]
        to = cheap[lot, min(roll(dice, ranks), roll(dice, ranks))]
        if to < 0 or to == on:
            continue
        mark_ms = longest_ms - 1 - slack_ms
        on_ms = load_ms[on] - length_ms[lot, on]
        to_ms = load_ms[to] + length_ms[lot, to]
        other = -1
        if roll(dice, 4) and count[to]:
            other = lot_on[to, roll(dice, count[to])]
            if length_ms[other, on] < 0:
                continue
            on_ms += length_ms[other, on]
            to_ms -= length_ms[other, to]
        more = _over(on_ms, mark_ms) + _over(to_ms, mark_ms)
        more -= _over(load_ms[on], mark_ms) + _over(load_ms[to], mark_ms)
        if more > limit:
            continue
        load_ms[on], load_ms[to], machine[lot] = on_ms, to_ms, to
        if other >= 0:
            machine[other] = on
            lot_on[on, place[lot]], lot_on[to, place[other]] = other, lot
            place[lot], place[other] = place[other], place[lot]
        else:
            count[on] -= 1
            last = lot_on[on, count[on]]
            lot_on[on, place[lot]], place[last] = last, place[lot]
            lot_on[to, count[to]], place[lot] = lot, count[to]
            count[to] += 1
        if on_ms < longest_ms and to_ms < longest_ms and load_ms.max() < longest_ms:
            longest_ms = load_ms.max()
            best[:] = machine
    return longest_ms
