"""Levelling loads without a compiler: many draws are looked at together."""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.queue.shop import Ints
from fabnet.scheduling.queue.twin import Throws, throws

BATCH: Final = 256
"""Draws looked at together; those that touch a machine twice wait for another draw."""


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
    dice: Throws,
    best: Ints,
) -> int:
    """Do as the kernel does, in batches: of two draws of a machine the first."""
    longest_ms = int(load_ms.max())
    best[:] = machine
    for at in range(0, iterations, BATCH):
        step = at * halvings * 256 // iterations
        heat = hot >> (step >> 8)
        heat -= heat * (step & 255) >> 9
        thrown = throws(dice, 6 * BATCH).reshape(6, BATCH)
        limit = heat * table[thrown[0] * len(table) >> 32] >> 24
        mark_ms = longest_ms - 1 - slack_ms
        drawn = _drawn(length_ms, cheap, machine, thrown)
        _make(length_ms, machine, load_ms, drawn, limit, mark_ms)
        if load_ms.max() < longest_ms:
            longest_ms = int(load_ms.max())
            best[:] = machine
    return longest_ms


def _drawn(length_ms: Ints, cheap: Ints, machine: Ints, thrown: Ints) -> Ints:
    """Return `[4, draw]`: a lot, its machine, another, a lot there to swap or -1."""
    lots, ranks = cheap.shape
    lot = thrown[1] * lots >> 32
    to = cheap[lot, np.minimum(thrown[2] * ranks >> 32, thrown[3] * ranks >> 32)]
    # A lot of the other machine: lots by machine, counted from a random one.
    by_machine = np.argsort(machine, kind="stable")
    first = np.searchsorted(machine[by_machine], np.arange(length_ms.shape[1] + 1))
    count = np.where(to >= 0, first[to + 1] - first[to], 0)
    swaps = (thrown[4] >> 30 > 0) & (count > 0)
    at = np.minimum(first[to] + (thrown[5] * count >> 32), lots - 1)
    other = np.where(swaps, by_machine[at], -1)
    on = machine[lot]
    able = (to >= 0) & (to != on) & ((other < 0) | (length_ms[other, on] >= 0))
    # What is no change at all stands for a draw that cannot be.
    return np.stack((lot, on, np.where(able, to, on), other))


def _make(
    length_ms: Ints,
    machine: Ints,
    load_ms: Ints,
    drawn: Ints,
    limit: Ints,
    mark_ms: int,
) -> None:
    lot, on, to, other = drawn
    back = np.maximum(other, 0)
    swapped = other >= 0
    on_ms = load_ms[on] - length_ms[lot, on] + swapped * length_ms[back, on]
    to_ms = load_ms[to] + length_ms[lot, to] - swapped * length_ms[back, to]
    over = [np.maximum(each - mark_ms, 0) for each in (on_ms, to_ms)]
    old = [np.maximum(load_ms[each] - mark_ms, 0) for each in (on, to)]
    more = over[0] ** 2 + over[1] ** 2 - old[0] ** 2 - old[1] ** 2
    touched: set[int] = set()
    for at in np.flatnonzero((more <= limit) & (on != to)).tolist():
        pair = {int(on[at]), int(to[at])}
        if touched.isdisjoint(pair):
            touched |= pair
            load_ms[on[at]], load_ms[to[at]] = on_ms[at], to_ms[at]
            machine[lot[at]] = to[at]
            if swapped[at]:
                machine[other[at]] = on[at]
