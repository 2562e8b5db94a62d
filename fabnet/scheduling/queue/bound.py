"""No plan is cheaper than this: prices for each machine's time, and what they prove.

A Lagrangian of the time-indexed model (Dyer and Wolsey, 1990): each stretch of each
machine's time has a price; each lot answers with the cheapest place for itself alone,
prices included; what all would pay, less what the time is worth, is a lower bound.
Prices move by the volume algorithm (Barahona and Anbil, 2000).

Time is cut into steps. Lengths and releases are rounded down to them, windows outwards,
and a cost is that of the true length after the rounded start: every plan then has an
image that costs no more, so the bound holds for the whole problem. Where all times are
whole steps it is that of the time-indexed linear program. Changing over is left out.
Prices are whole numbers, so the bound is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.fast import FAST, compiled
from fabnet.scheduling.queue.shop import NEVER, Ints, Schedule, Shop, lot_cost

STEPS_MAX: Final = 1_024
"""Steps of time: 8 kB of prices a machine; a longer plan gets longer steps."""
CELLS_MAX: Final = 2**20
"""Pairs times steps that the twin reckons at once: some 40 MB."""
ITERATIONS_MAX: Final = 100_000
"""Moves of prices; more is no use, since the step has long gone to nothing."""
STALE_MAX: Final = 3
"""Moves that prove nothing better before the step is shortened."""
_TOP: Final = 2**61

Floats = NDArray[np.float64]


class Grid(NamedTuple):
    """A shop in steps of time."""

    step_ms: int
    start: Ints
    """`[lot]`: no start before this step."""
    length: Ints
    """`[pair]`: steps that it certainly takes."""
    until: Ints
    """`[slot, step]`: where the window that holds a step ends, or 0; the last step
    stands for all that come after it, and is open."""
    order: Ints
    """`[pair]`: within each lot, what costs least for itself first."""
    shift: int
    """Costs are reckoned in parts of a millisecond, 2 to the power of this."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What no plan can undercut, and the prices that prove it."""

    cost_ms: int
    step_ms: int
    price_ms: Floats
    """`[machine, step]`: what a step of its time is worth."""
    iterations: int


def grid(shop: Shop, horizon_ms: int) -> Grid:
    """Cut time into steps: as fine as all times allow, and at most STEPS_MAX."""
    times = np.concatenate(
        (shop.release_ms, shop.length_ms, shop.open_ms, shop.close_ms)
    )
    common_ms = int(np.gcd.reduce(times)) if times.size else 0
    least_ms = max(1, -(-horizon_ms // (STEPS_MAX - 1)))
    step_ms = max(common_ms, least_ms)
    # Steps must not be longer than lots, or these would take no time at all.
    while common_ms and step_ms > common_ms and step_ms % common_ms:
        step_ms += common_ms - step_ms % common_ms
    steps = max(1, -(-horizon_ms // step_ms))
    of = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    alone_ms = lot_cost(
        shop, of, np.arange(len(of)), shop.release_ms[of] + shop.length_ms
    )
    worst = float(alone_ms.max(initial=0)) + float(shop.unplaced_ms.max(initial=0))
    room = _TOP / (8 * (worst + 1) * (shop.lots + 1))
    return Grid(
        step_ms,
        shop.release_ms // step_ms,
        shop.length_ms // step_ms,
        _until(shop, step_ms, steps),
        np.lexsort((alone_ms, of)),
        int(np.clip(np.log2(max(room, 1)), 0, 12)),
    )


def _until(shop: Shop, step_ms: int, steps: int) -> Ints:
    until = np.zeros((len(shop.machine), steps + 1), np.int64)
    of = np.repeat(np.arange(len(shop.machine)), np.diff(shop.window))
    ends = -(-shop.close_ms // step_ms)
    for slot, first, last in zip(
        of.tolist(), (shop.open_ms // step_ms).tolist(), ends.tolist(), strict=True
    ):
        until[slot, first:last] = np.maximum(until[slot, first:last], last)
    until[:, steps] = NEVER
    return until


@compiled
def _answer(shop: Shop, cut: Grid, paid: Ints, lot: int) -> tuple[int, int, int]:
    """Return the least that a lot pays, prices included, by which pair and when."""
    steps = paid.shape[1] - 1
    best, by, at = shop.unplaced_ms[lot] << cut.shift, -1, 0
    for edge in range(shop.first[lot], shop.first[lot + 1]):
        pair = cut.order[edge]
        slot, length = shop.slot[pair], cut.length[pair]
        machine = shop.machine[slot]
        for step in range(min(cut.start[lot], steps), steps + 1):
            if step + length > cut.until[slot, step]:
                continue
            end_ms = (
                max(step * cut.step_ms, shop.release_ms[lot]) + shop.length_ms[pair]
            )
            if end_ms > shop.deadline_ms[lot]:
                break
            late_ms = max(end_ms - shop.due_ms[lot], 0) * shop.late_permille // 1_000
            cost = shop.fixed_ms[pair] + shop.wait[lot] * end_ms
            cost = (cost + late_ms * shop.need_permille[lot] // 1_000) << cut.shift
            if cost >= best:
                break
            cost += paid[machine, min(step + length, steps)] - paid[machine, step]
            if cost < best:
                best, by, at = cost, pair, step
    return best, by, at


@compiled
def _answers(shop: Shop, cut: Grid, paid: Ints, use: Ints) -> int:
    """Return what all lots pay, and count in `use` what they take of each step."""
    total, steps = 0, paid.shape[1] - 1
    for lot in range(len(shop.release_ms)):
        least, pair, step = _answer(shop, cut, paid, lot)
        total += least
        if pair >= 0:
            machine = shop.machine[shop.slot[pair]]
            for each in range(step, min(step + cut.length[pair], steps)):
                use[machine, each] += 1
    return total


def _answers_together(shop: Shop, cut: Grid, paid: Ints, use: Ints) -> int:
    """Do as `_answers` does, for many pairs and all their steps at once."""
    steps = paid.shape[1] - 1
    count = np.diff(shop.first)
    of = np.repeat(np.arange(shop.lots), count)
    least, at = np.full(len(of), _TOP), np.zeros(len(of), np.int64)
    tile = max(1, CELLS_MAX // (steps + 1))
    for first in range(0, len(of), tile):
        part = slice(first, first + tile)
        value = _values(shop, cut, paid, of[part], cut.order[part])
        at[part] = value.argmin(axis=1)
        least[part] = value[np.arange(len(value)), at[part]]
    total = int(shop.unplaced_ms[count == 0].sum()) << cut.shift
    able = np.flatnonzero(count)
    if not able.size:
        return total
    best = np.minimum.reduceat(least, shop.first[able])
    nowhere = shop.unplaced_ms[able] << cut.shift
    total += int(np.minimum(best, nowhere).sum())
    # Of equals the first in order, as one by one.
    edges = np.flatnonzero(least == np.repeat(best, count[able]))
    edges = edges[np.unique(of[edges], return_index=True)[1]][best < nowhere]
    pair, begin = cut.order[edges], np.minimum(at[edges], steps)
    end = np.minimum(begin + cut.length[pair], steps)
    change = np.zeros((len(use), steps + 1), np.int64)
    np.add.at(change, (shop.machine[shop.slot[pair]], begin), 1)
    np.add.at(change, (shop.machine[shop.slot[pair]], end), -1)
    use += np.cumsum(change, axis=1)[:, :-1]
    return total


def _values(shop: Shop, cut: Grid, paid: Ints, lot: Ints, pair: Ints) -> Ints:
    """Return `[pair, step]`: what a lot pays if it begins then; _TOP if it cannot."""
    steps = paid.shape[1] - 1
    step, slot = np.arange(steps + 1), shop.slot[pair]
    begin_ms = np.maximum(step * cut.step_ms, shop.release_ms[lot, None])
    end_ms = begin_ms + shop.length_ms[pair, None]
    after = step + cut.length[pair, None]
    cannot = after > cut.until[slot]
    cannot |= step < np.minimum(cut.start[lot], steps)[:, None]
    cannot |= end_ms > shop.deadline_ms[lot, None]
    cost = lot_cost(shop, lot[:, None], pair[:, None], end_ms) << cut.shift
    price = paid[shop.machine[slot]]
    cost += np.take_along_axis(price, np.minimum(after, steps), axis=1) - price
    return np.where(cannot, _TOP, cost)


def bound(shop: Shop, known: Schedule, iterations: int, *, fast: bool = FAST) -> Bound:
    """Return a lower bound on the cost of every plan of this shop.

    `known` is any schedule, the better the sooner: the prices begin with what a delay
    would cost it.
    """
    placed = known.pair >= 0
    latest_ms = int(known.end_ms[placed].max(initial=1))
    cut = grid(shop, latest_ms + latest_ms // 8)
    answers = _answers if fast else _answers_together
    prices = _Prices(_delays(shop, known, cut) * 2.0**cut.shift)
    goal = float(known.cost_ms) * 2.0**cut.shift * 1.01
    done = 0
    while done < min(iterations, ITERATIONS_MAX):
        done += 1
        whole = np.rint(prices.price).astype(np.int64)
        paid = np.zeros((len(whole), whole.shape[1] + 1), np.int64)
        np.cumsum(whole, axis=1, out=paid[:, 1:])
        use = np.zeros_like(whole)
        value = int(answers(shop, cut, paid, use)) - int(whole.sum())
        if not prices.learn(value, (use - 1).astype(np.float64), goal):
            break
    best_ms = max(0, -(-prices.best >> cut.shift))
    return Bound(best_ms, cut.step_ms, prices.best_price / 2.0**cut.shift, done)


class _Prices:
    """The volume algorithm: a step from the best prices, along a mean of overuse."""

    def __init__(self, price: Floats) -> None:
        self.price = self.best_price = price
        self.best = -_TOP
        self._mean: Floats | None = None
        self._pace, self._stale = 0.1, 0

    def learn(self, value: int, over: Floats, goal: float) -> bool:
        """Take what the last prices proved, and move on; false if there is no way."""
        mean = over if self._mean is None else self._mean
        apart = over - mean
        square = float((apart * apart).sum())
        share = -float((mean * apart).sum()) / square if square > 0 else 0.0
        mean = self._mean = mean + min(max(share, 0.05), 0.3) * apart
        if value > self.best:
            agrees = float((over * mean).sum()) > 0
            self.best, self.best_price, self._stale = value, self.price, 0
            self._pace = min(self._pace * (1.2 if agrees else 1.05), 2.0)
        else:
            self._stale += 1
            if self._stale >= STALE_MAX:
                self._pace, self._stale = max(self._pace * 0.66, 1e-4), 0
        way = np.where((self.best_price <= 0) & (mean < 0), 0, mean)
        square = float((way * way).sum())
        if square < 1e-9:
            return False
        far = self._pace * max(goal - self.best, 1.0) / square
        self.price = np.maximum(self.best_price + far * way, 0)
        return True


def _delays(shop: Shop, known: Schedule, cut: Grid) -> Floats:
    """Return what a step's delay would cost a schedule, for each machine and step."""
    price = np.zeros((shop.machines, cut.until.shape[1] - 1))
    placed = np.flatnonzero(known.pair >= 0)
    machine = shop.machine[shop.slot[known.pair[placed]]]
    slope = shop.wait + np.where(
        known.end_ms > shop.due_ms, shop.need_permille * shop.late_permille / 1e6, 0.0
    )
    weight, last, next_ms = 0.0, -1, NEVER
    for at in np.lexsort((-known.end_ms[placed], machine)).tolist():
        lot, on = int(placed[at]), int(machine[at])
        if on != last or next_ms > known.end_ms[lot]:
            weight = 0.0
        weight += float(slope[lot])
        last, next_ms = on, int(known.start_ms[lot])
        first, end = next_ms // cut.step_ms, -(-int(known.end_ms[lot]) // cut.step_ms)
        price[on, first:end] = 0.8 * weight * cut.step_ms
    return price


def starts(
    shop: Shop, known: Schedule, proof: Bound, best_ms: int
) -> tuple[Ints, Ints, Ints]:
    """Return the starts that a plan cheaper than `best_ms` can have: lot, pair, step.

    Whoever begins elsewhere pays so much more at the proven prices that the bound
    itself     passes `best_ms`. Steps are those of the proof.
    """
    latest_ms = int(known.end_ms[known.pair >= 0].max(initial=1))
    cut = grid(shop, latest_ms + latest_ms // 8)
    whole = np.rint(proof.price_ms * 2.0**cut.shift).astype(np.int64)
    paid = np.zeros((len(whole), whole.shape[1] + 1), np.int64)
    np.cumsum(whole, axis=1, out=paid[:, 1:])
    of = np.repeat(np.arange(shop.lots), np.diff(shop.first))
    value = _values(shop, cut, paid, of, cut.order)
    least = np.full(shop.lots, _TOP)
    np.minimum.at(least, of, value.min(axis=1))
    total = int(np.minimum(least, shop.unplaced_ms << cut.shift).sum()) - int(
        whole.sum()
    )
    spare = (best_ms << cut.shift) - total
    edge, step = np.nonzero(value - least[of, None] < spare)
    return of[edge], cut.order[edge], step
