"""Insertion, descent and anneal without a compiler: many changes reckoned at once.

A change is a whole line as it would be; a batch of such lines is walked one place at a
time, all lines together. Insertion and descent give what the kernels give, to the byte;
the anneal draws several changes before it looks, so its way is another.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.queue.kernel_line import FORBIDDEN, Lines
from fabnet.scheduling.queue.shop import NEVER, Ints, Shop, lot_cost

Throws = NDArray[np.uint64]
"""The state of the dice: one number."""

BATCH: Final = 32
"""Changes drawn before one is made: more are quicker each, but conflict more often."""


def walk(shop: Shop, head: Ints, lots: Ints, pairs: Ints) -> tuple[Ints, Ints]:
    """Return `[line]` costs and `[line, place]` ends of lines of lots; -1 is no lot.

    Lines in which a lot would miss its deadline or the hours cost FORBIDDEN.
    """
    time = np.zeros(len(head), np.int64)
    cost, last = time.copy(), shop.family[head]
    ends = np.full(lots.shape, NEVER)
    for place in range(lots.shape[1]):
        at = np.flatnonzero(lots[:, place] >= 0)
        lot, pair = lots[at, place], pairs[at, place]
        family = shop.family[lot]
        length = shop.length_ms[pair] + shop.change_ms[last[at], family]
        begin = np.minimum(np.maximum(time[at], shop.release_ms[lot]), NEVER)
        end = _earliest(shop, shop.slot[pair], begin, length) + length
        end = np.where(end > np.minimum(shop.deadline_ms[lot], NEVER - 1), NEVER, end)
        late = end == NEVER
        costs = lot_cost(shop, lot, pair, np.where(late, 0, end))
        cost[at] = np.where(late, FORBIDDEN, np.minimum(cost[at] + costs, FORBIDDEN))
        cost[at[late]] = FORBIDDEN
        time[at], last[at], ends[at, place] = end, family, end
    # A sum that went on after a miss is a miss still.
    missed = ((ends == NEVER) & (lots >= 0)).any(axis=1)
    return np.where(missed, FORBIDDEN, cost), ends


def _earliest(shop: Shop, slot: Ints, from_ms: Ints, length_ms: Ints) -> Ints:
    """Return when each slot first has so much time in one piece, or NEVER."""
    count = shop.window[slot + 1] - shop.window[slot]
    found = np.full(len(slot), NEVER)
    open_ = np.flatnonzero(count > 0)
    for step in range(int(count.max(initial=0))):
        window = shop.window[slot[open_]] + step
        start = np.maximum(from_ms[open_], shop.open_ms[window])
        fits = start + length_ms[open_] <= shop.close_ms[window]
        found[open_[fits]] = start[fits]
        open_ = open_[~fits]
        open_ = open_[count[open_] > step + 1]
        if not open_.size:
            break
    return found


def settle_all(shop: Shop, lines: Lines) -> None:
    """Work out anew when every placed lot ends."""
    heads = np.arange(shop.lots, len(shop.family))
    rows = _rows(lines, heads)
    pairs = np.where(rows >= 0, lines.pair[rows], -1)
    _, ends = walk(shop, heads, rows, pairs)
    placed = rows >= 0
    lots = rows[placed]
    lines.end_ms[lots] = ends[placed]
    lines.cost_ms[lots] = lot_cost(shop, lots, lines.pair[lots], ends[placed])


def _rows(lines: Lines, heads: Ints) -> Ints:
    """Return `[head, place]`: the lots behind each head, -1 where there are no more."""
    places, node = [], lines.after[heads]
    while (node >= 0).any():
        places.append(node)
        node = np.where(node >= 0, lines.after[node], -1)
    return np.stack(places, axis=1) if places else np.zeros((len(heads), 0), np.int64)


class _Batch:
    """Lines as they would be, and what each would cost more than those that are."""

    def __init__(self, shop: Shop, lines: Lines) -> None:
        self.shop, self.lines = shop, lines

    def places(self, lots: Ints, pairs: Ints) -> tuple[Ints, Ints, Ints]:
        """Return what each lot costs at each place of a line, both moves counted.

        The first says which of `lots`, the second behind whom, the third what more; by
        number, then by place.
        """
        shop, lines = self.shop, self.lines
        heads = shop.lots + shop.machine[shop.slot[pairs]]
        rows = _rows(lines, heads)
        rows = np.where(rows == lots[:, None], -1, rows)
        rows = _pushed(rows)
        count = (rows >= 0).sum(axis=1) + 1
        which = np.repeat(np.arange(len(lots)), count)
        place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        wide = np.concatenate((rows, np.full((len(rows), 1), -1)), axis=1)[which]
        column = np.arange(wide.shape[1])
        before = np.take_along_axis(
            wide, np.maximum(column - (column > place[:, None]), 0), axis=1
        )
        line = np.where(column == place[:, None], lots[which, None], before)
        by = np.where(line >= 0, lines.pair[line], -1)
        by = np.where(column == place[:, None], pairs[which, None], by)
        cost, _ = walk(shop, heads[which], line, by)
        own = self._own(lots, heads)
        old = _cost(lines, rows) + np.where(own, lines.cost_ms[lots], 0)
        away = np.where(own, 0, self.gains(lots))
        more = np.where(cost >= FORBIDDEN, FORBIDDEN, cost + (away - old)[which])
        behind = np.where(
            place > 0, line[np.arange(len(which)), place - 1], heads[which]
        )
        return which, behind, more

    def _own(self, lots: Ints, heads: Ints) -> Ints:
        now = self.lines.pair[lots]
        machine = self.shop.machine[self.shop.slot[now]]
        own: Ints = (now >= 0) & (self.shop.lots + machine == heads)
        return own

    def gains(self, lots: Ints) -> Ints:
        """Return what taking each lot out of its line changes."""
        shop, lines = self.shop, self.lines
        gain = -lines.cost_ms[lots]
        placed = np.flatnonzero(lines.pair[lots] >= 0)
        lot = lots[placed]
        heads = shop.lots + shop.machine[shop.slot[lines.pair[lot]]]
        rows = _rows(lines, heads)
        rest = np.where(rows == lot[:, None], -1, rows)
        by = np.where(rest >= 0, lines.pair[rest], -1)
        cost, _ = walk(shop, heads, rest, by)
        gain[placed] = np.where(cost >= FORBIDDEN, FORBIDDEN, cost - _cost(lines, rows))
        return gain

    def swaps(self, lots: Ints, pairs: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return what each placed lot costs more swapped with each of a pair's line.

        Which of `lots`, with whom, by which pair the other comes back, and what more.
        """
        shop, lines = self.shop, self.lines
        mine = shop.machine[shop.slot[lines.pair[lots]]]
        theirs = shop.machine[shop.slot[pairs]]
        rows = _rows(lines, shop.lots + theirs)
        which, place = np.nonzero((rows >= 0) & (mine != theirs)[:, None])
        other = rows[which, place]
        back = np.array(
            [
                self._pair_on(lot, to)
                for lot, to in zip(other, mine[which], strict=True)
            ],
            np.int64,
        )
        which, other, back = which[back >= 0], other[back >= 0], back[back >= 0]
        one = self._replaced(mine[which], lots[which], other, back)
        two = self._replaced(theirs[which], other, lots[which], pairs[which])
        missed = (one >= FORBIDDEN) | (two >= FORBIDDEN)
        more = np.where(missed, FORBIDDEN, one + np.where(missed, 0, two))
        return which, other, back, more

    def _pair_on(self, lot: int, machine: int) -> int:
        shop = self.shop
        first, last = shop.first[lot], shop.first[lot + 1]
        on = shop.machine[shop.slot[first:last]]
        at = int(np.searchsorted(on, machine))
        return int(first) + at if at < len(on) and on[at] == machine else -1

    def _replaced(self, machine: Ints, gone: Ints, lot: Ints, pair: Ints) -> Ints:
        lines, heads = self.lines, self.shop.lots + machine
        rows = _rows(lines, heads)
        here = rows == gone[:, None]
        line = np.where(here, lot[:, None], rows)
        by = np.where(line >= 0, lines.pair[line], -1)
        cost, _ = walk(self.shop, heads, line, np.where(here, pair[:, None], by))
        return np.where(cost >= FORBIDDEN, FORBIDDEN, cost - _cost(lines, rows))

    # -------------------------------------------------------------- making changes

    def move(self, lot: int, pair: int, behind: int) -> None:
        """Put a lot elsewhere, and settle both lines."""
        lines = self.lines
        touched = [self.shop.lots + int(self.shop.machine[self.shop.slot[pair]])]
        if lines.pair[lot] >= 0:
            touched.append(self._leave(lot))
        self._join(lot, pair, behind)
        self._settle(touched)

    def swap(self, lot: int, pair: int, other: int, back: int) -> None:
        """Swap two lots of two lines, and settle both."""
        lines = self.lines
        here, there = int(lines.before[lot]), int(lines.before[other])
        touched = [self._leave(lot), self._leave(other)]
        self._join(lot, pair, there)
        self._join(other, back, here)
        self._settle(touched)

    def _leave(self, lot: int) -> int:
        lines, shop = self.lines, self.shop
        before, after = lines.before[lot], lines.after[lot]
        lines.after[before] = after
        if after >= 0:
            lines.before[after] = before
        return shop.lots + int(shop.machine[shop.slot[lines.pair[lot]]])

    def _join(self, lot: int, pair: int, behind: int) -> None:
        lines = self.lines
        after = lines.after[behind]
        lines.after[behind], lines.before[lot], lines.after[lot] = lot, behind, after
        if after >= 0:
            lines.before[after] = lot
        lines.pair[lot] = pair

    def _settle(self, heads: list[int]) -> None:
        shop, lines = self.shop, self.lines
        at = np.array(heads)
        rows = _rows(lines, at)
        _, ends = walk(shop, at, rows, np.where(rows >= 0, lines.pair[rows], -1))
        lots = rows[rows >= 0]
        lines.end_ms[lots] = ends[rows >= 0]
        lines.cost_ms[lots] = lot_cost(shop, lots, lines.pair[lots], lines.end_ms[lots])


def _pushed(rows: Ints) -> Ints:
    """Return rows with the gap in each, if any, closed from behind."""
    return np.take_along_axis(rows, np.argsort(rows < 0, axis=1, kind="stable"), axis=1)


def _cost(lines: Lines, rows: Ints) -> Ints:
    cost: Ints = np.where(rows >= 0, lines.cost_ms[rows], 0).sum(axis=1)
    return cost


def insert_all(shop: Shop, lines: Lines, turn: Ints) -> None:
    """Put each lot that is not placed where it costs least, in turn; ties by pair."""
    batch = _Batch(shop, lines)
    for lot in turn.tolist():
        pairs = np.arange(shop.first[lot], shop.first[lot + 1])
        if lines.pair[lot] < 0 and len(pairs):
            _relocate(batch, lot, pairs)


def _relocate(batch: _Batch, lot: int, pairs: Ints) -> int:
    """Put a lot at the best of all its places, if better; return by how much."""
    which, behind, more = batch.places(np.full(len(pairs), lot), pairs)
    best = int(more.argmin())
    if more[best] >= 0:
        return 0
    batch.move(lot, int(pairs[which[best]]), int(behind[best]))
    return int(more[best])


def descend(shop: Shop, lines: Lines, order: Ints, rounds: int, width: int) -> int:
    """Move each lot to its best place, then swap it, until a round changes nothing.

    It is swapped along the first `width` of its pairs in `order`, cheapest first.
    Return how many rounds that took.
    """
    batch = _Batch(shop, lines)
    for at in range(rounds):
        better = 0
        for lot in range(shop.lots):
            pairs = np.arange(shop.first[lot], shop.first[lot + 1])
            if len(pairs):
                better += _relocate(batch, lot, pairs)
            if lines.pair[lot] >= 0:
                better += _exchanges(batch, lot, order[pairs][:width])
        if better == 0:
            return at + 1
    return rounds


def _exchanges(batch: _Batch, lot: int, pairs: Ints) -> int:
    """Swap a lot along its pairs, with the best of each line, while that is better."""
    better, first = 0, 0
    while first < len(pairs):
        lots = np.full(len(pairs) - first, lot)
        which, other, back, more = batch.swaps(lots, pairs[first:])
        helps = np.flatnonzero(more < 0)
        if not helps.size:
            break
        line = which[helps[0]]
        here = np.flatnonzero(which == line)
        best = here[more[here].argmin()]
        batch.swap(lot, int(pairs[first + line]), int(other[best]), int(back[best]))
        better += int(more[best])
        first += int(line) + 1
    return better


def anneal_all(
    shop: Shop,
    lines: Lines,
    order: Ints,
    table: Ints,
    hot_ms: int,
    halvings: int,
    iterations: int,
    dice: Throws,
) -> int:
    """Anneal as the kernel does, but look at BATCH draws at once.

    Of these each is made, in turn, whose lines no other has changed before.
    """
    batch, total_ms = _Batch(shop, lines), 0
    for at in range(0, iterations, BATCH):
        level = at * halvings * 256 // iterations
        heat_ms = hot_ms >> (level >> 8)
        heat_ms -= heat_ms * (level & 255) >> 9
        thrown = throws(dice, 5 * BATCH).reshape(5, BATCH)
        limit_ms = table[thrown[0] * len(table) >> 32]
        if heat_ms < 2**42:
            limit_ms = heat_ms * limit_ms >> 16
        else:
            limit_ms = (heat_ms >> 16) * limit_ms
        lot = thrown[1] * shop.lots >> 32
        count = np.diff(shop.first)[lot]
        drawn = np.minimum(thrown[2] * count >> 32, thrown[3] * count >> 32)
        pair = order[np.minimum(shop.first[lot] + drawn, len(order) - 1)]
        if at // BATCH % 4 == 0:
            able = (count > 0) & (lines.pair[lot] >= 0)
            total_ms += _swap_batch(batch, lot[able], pair[able], limit_ms[able])
        else:
            able = count > 0
            total_ms += _move_batch(batch, lot[able], pair[able], limit_ms[able])
    return total_ms


def throws(dice: Throws, count: int) -> Ints:
    """Return so many throws below 2**32, as the kernel would one by one."""
    step = np.uint64(0x9E3779B97F4A7C15)
    mixed = dice[0] + np.arange(1, count + 1, dtype=np.uint64) * step
    dice[0] = mixed[-1]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    thrown: Ints = (mixed >> np.uint64(32)).astype(np.int64)
    return thrown


def _move_batch(batch: _Batch, lot: Ints, pair: Ints, limit_ms: Ints) -> int:
    shop, lines, total_ms = batch.shop, batch.lines, 0
    which, behind, more = batch.places(lot, pair)
    own = (pair == lines.pair[lot])[which] & (behind == lines.before[lot][which])
    more = np.where(own, FORBIDDEN, more)
    touched: set[int] = set()
    first = np.searchsorted(which, np.arange(len(lot) + 1))
    for at in range(len(lot)):
        best = int(first[at] + more[first[at] : first[at + 1]].argmin())
        now = lines.pair[lot[at]]
        machines = {int(shop.machine[shop.slot[pair[at]]])}
        if now >= 0:
            machines.add(int(shop.machine[shop.slot[now]]))
        if more[best] <= limit_ms[at] and touched.isdisjoint(machines):
            batch.move(int(lot[at]), int(pair[at]), int(behind[best]))
            total_ms += int(more[best])
            touched |= machines
    return total_ms


def _swap_batch(batch: _Batch, lot: Ints, pair: Ints, limit_ms: Ints) -> int:
    shop, lines, total_ms = batch.shop, batch.lines, 0
    which, other, back, more = batch.swaps(lot, pair)
    touched: set[int] = set()
    for at in np.unique(which).tolist():
        here = np.flatnonzero(which == at)
        best = int(here[more[here].argmin()])
        now = lines.pair[lot[at]]
        machines = {int(shop.machine[shop.slot[by]]) for by in (now, pair[at])}
        if more[best] <= limit_ms[at] and touched.isdisjoint(machines):
            batch.swap(int(lot[at]), int(pair[at]), int(other[best]), int(back[best]))
            total_ms += int(more[best])
            touched |= machines
    return total_ms
