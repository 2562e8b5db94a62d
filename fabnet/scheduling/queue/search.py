"""Making and improving schedules: insertion, descent, anneal.

Insertion puts lot after lot where it costs least, in several orders, and keeps the
best. Descent moves and swaps lots while that helps. The anneal (Kirkpatrick and others,
1983) takes lots up at random and puts each at the best place of one line, or swaps it
with the best of that line, if what it costs more is below an exponential draw:
Metropolis' rule, with the dice thrown first, so that most places are dismissed early.
All of it is whole numbers: the same seed gives the same schedule on every processor.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.fast import FAST
from fabnet.scheduling.queue import kernel_moves, twin
from fabnet.scheduling.queue.kernel_line import Lines
from fabnet.scheduling.queue.shop import NEVER, Ints, Schedule, Shop, evaluate

ROUNDS_MAX: Final = 64
"""Rounds of a descent: it ends by itself long before, and otherwise here."""
LAST_ROUNDS: Final = 2
"""Rounds of the descent behind an anneal, which leaves it little to do."""
SWAPS_MAX: Final = 6
"""Machines along which a descent swaps a lot; on dearer ones hardly a swap helps."""
ORDERS: Final = 3
"""Orders in which lots are inserted; the first is by due date."""
HALVINGS: Final = 4
"""From hot to cold an anneal cools by so many powers of two."""
HEAT_MAX: Final = 2**50
"""Milliseconds; a draw of the limit still fits."""


def empty(shop: Shop) -> Schedule:
    """Return a schedule in which nothing is placed."""
    nowhere = np.full(shop.lots, -1)
    never = np.full(shop.lots, NEVER)
    return Schedule(nowhere, never, never, int(shop.unplaced_ms.sum()))


def insert(
    shop: Shop,
    start: Schedule | None = None,
    orders: int = ORDERS,
    *,
    fast: bool = FAST,
) -> Schedule:
    """Place what is not placed yet, in several orders, and return the cheapest."""
    start = start or empty(shop)
    found = start
    run = kernel_moves.insert_all if fast else twin.insert_all
    for turn in _turns(shop)[:orders]:
        lines = lines_of(shop, start)
        run(shop, lines, turn)
        found = cheaper(found, schedule_of(shop, lines))
    return found


def descent(
    shop: Shop, start: Schedule, rounds: int = ROUNDS_MAX, *, fast: bool = FAST
) -> Schedule:
    """Return what moving and swapping single lots makes of a schedule: never worse."""
    lines = lines_of(shop, start)
    run = kernel_moves.descend if fast else twin.descend
    run(shop, lines, _cheap_first(shop), min(rounds, ROUNDS_MAX), SWAPS_MAX)
    return cheaper(start, schedule_of(shop, lines))


def anneal(
    shop: Shop,
    start: Schedule,
    iterations: int,
    seed: int,
    *,
    hot_ms: int | None = None,
    fast: bool = FAST,
) -> Schedule:
    """Return the better of a schedule and what so many tries make of it.

    `hot_ms` is the mean extra cost that is taken at first; nil is a tenth of the mean
    cost of a lot.
    """
    if not shop.lots or not len(shop.slot) or iterations < 1:
        return start
    lines = lines_of(shop, start)
    placed = lines.pair >= 0
    if hot_ms is None:
        cost_ms = int(lines.cost_ms[: shop.lots][placed].sum())
        hot_ms = cost_ms // (10 * max(1, int(placed.sum())))
    dice = np.array([seed % 2**64], np.uint64)
    run = kernel_moves.anneal_all if fast else twin.anneal_all
    heat_ms = max(1, min(hot_ms, HEAT_MAX))
    run(shop, lines, _cheap_first(shop), TABLE, heat_ms, HALVINGS, iterations, dice)
    found = descent(shop, schedule_of(shop, lines), LAST_ROUNDS, fast=fast)
    return cheaper(start, found)


def _exponential() -> Ints:
    at = (np.arange(4_096) + 0.5) / 4_096
    # Rounded, so that the last bit of a logarithm decides nothing.
    table: Ints = np.rint(-np.log(at) * 65_536).astype(np.int64)
    return table


TABLE: Final = _exponential()
"""An exponential draw of mean 65,536, by a throw of 4,096."""


def _turns(shop: Shop) -> list[Ints]:
    """Return the orders in which lots are inserted; ties by number."""
    of = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    shortest_ms = np.full(shop.lots, NEVER)
    np.minimum.at(shortest_ms, of, shop.length_ms)
    need = np.maximum(shop.need_permille, 1)
    by_ms = np.minimum(shop.due_ms, shop.deadline_ms)
    keys = (
        by_ms,
        by_ms - shortest_ms,
        shop.release_ms + shortest_ms * 1_000 // need,
    )
    return [np.argsort(key, kind="stable") for key in keys]


def _cheap_first(shop: Shop) -> Ints:
    """Return the pairs of each lot, that which costs least for itself first."""
    of = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    return np.lexsort((shop.fixed_ms + 2 * shop.length_ms, of))


def cheaper(one: Schedule, other: Schedule) -> Schedule:
    """Return the cheaper of two schedules; at a tie the first."""
    return other if other.cost_ms < one.cost_ms else one


# ------------------------------------------------------------------ lines and schedules


def lines_of(shop: Shop, schedule: Schedule) -> Lines:
    """Return a schedule as lines, every lot as early as its line lets it."""
    lots, nodes = shop.lots, len(shop.family)
    lines = Lines(
        after=np.full(nodes, -1),
        before=np.full(nodes, -1),
        pair=schedule.pair.copy(),
        end_ms=np.where(np.arange(nodes) < lots, NEVER, 0),
        cost_ms=np.append(shop.unplaced_ms, np.zeros(nodes - lots, np.int64)),
    )
    placed = np.flatnonzero(schedule.pair >= 0)
    machine = shop.machine[shop.slot[schedule.pair[placed]]]
    in_line = np.lexsort((schedule.start_ms[placed], machine))
    lot, machine = placed[in_line], machine[in_line]
    before = np.append(-1, lot[:-1])
    heads = np.append(True, machine[1:] != machine[:-1])[: len(lot)]
    before = before[: len(lot)]
    before[heads] = lots + machine[heads]
    lines.before[lot] = before
    lines.after[before] = lot
    (kernel_moves.settle_all if FAST else twin.settle_all)(shop, lines)
    return lines


def schedule_of(shop: Shop, lines: Lines) -> Schedule:
    """Return lines as a schedule."""
    lots = shop.lots
    end_ms = lines.end_ms[:lots].copy()
    start_ms = np.full(lots, NEVER)
    placed = np.flatnonzero(lines.pair >= 0)
    pair = lines.pair[placed]
    change_ms = shop.change_ms[shop.family[lines.before[placed]], shop.family[placed]]
    start_ms[placed] = end_ms[placed] - shop.length_ms[pair] - change_ms
    cost_ms = evaluate(shop, lines.pair, end_ms)
    return Schedule(lines.pair.copy(), start_ms, end_ms, cost_ms)
