"""Fairness as a price: a cooperative that had more than its share becomes dearer.

The price is milliseconds of waiting for each row that goes to it, added to the costs of
a wave. It is a preference with a known cost, not a quota. How debts fade is the
business of `cooperation`; here they come in as numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.market.assignment import Assignment
from fabnet.scheduling.market.wave import More, wave

PRICE_MS_MAX: Final = 2**50
"""For one row: 35,000 years of waiting, which no row pays, and sums still fit."""
ROUNDS_MAX: Final = 64
"""Waves that one balancing may plan; the best of them is returned."""


def prices_ms(debt: Ints, ms_each: int) -> Ints:
    """Return `[cooperative]`: what one more row there costs, for its debt.

    `debt` is what each had beyond its share; who had less pays nothing and is not paid,
    since prices may not be negative.
    """
    debt = np.maximum(debt, 0)
    if ms_each < 0 or int(debt.max(initial=0)) * ms_each > PRICE_MS_MAX:
        raise InputError("ms_each", f"expected prices from 0 to {PRICE_MS_MAX} ms")
    return debt * ms_each


def priced(graph: Graph, owner: Ints, price_ms: Ints) -> Graph:
    """Return the graph in which each slot costs its cooperative's price more.

    `owner` is `[slot]`: whose it is; `price_ms` is `[cooperative]`. What is left out
    costs no less than before, for no price is negative.
    """
    if price_ms.size and not 0 <= price_ms.min() <= price_ms.max() <= PRICE_MS_MAX:
        raise InputError("price_ms", f"expected from 0 to {PRICE_MS_MAX}")
    cost_ms = graph.cost_ms + price_ms[owner[graph.slot]]
    row = np.repeat(np.arange(graph.rows), np.diff(graph.first))
    order = np.lexsort((graph.slot, cost_ms, row))
    return replace(graph, slot=graph.slot[order], cost_ms=cost_ms[order])


def load(outcome: Assignment, owner: Ints, cooperatives: int) -> Ints:
    """Return `[cooperative]`: how many rows go to each."""
    return np.bincount(owner[outcome.slot[outcome.slot >= 0]], minlength=cooperatives)


def excess_permille(load_of: Ints, share: Ints) -> int:
    """Return the greatest load for its share, in thousandths of the mean for all.

    `share` is what each would have if all were equal, such as hours offered; whoever
    offers nothing does not count.
    """
    offers = share > 0
    if not load_of[offers].sum():
        return 0
    each = load_of[offers] * 1_000 * int(share.sum()) // share[offers]
    return int(each.max()) // int(load_of[offers].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """A wave with prices for cooperatives, and what the fairness of it costs."""

    outcome: Assignment
    """Its costs and proof include the prices."""
    price_ms: Ints
    """`[cooperative]`."""
    load: Ints
    excess_permille: int
    cost_ms: int
    """Without the prices."""
    extra_ms: int
    """What that is above the wave without any price."""


def balance(
    graph: Graph,
    postpone_ms: int | Ints,
    owner: Ints,
    share: Ints,
    *,
    debt_ms: Ints,
    rounds: int,
    step_ms: int,
    extra_permille_max: int,
    more: More | None = None,
) -> Balance:
    """Raise the prices of the most favoured until the rounds or the extra cost end.

    Return the fairest wave found whose cost, without prices, is at most so many
    thousandths above that of the wave without prices; ties go to the cheaper one. At
    first a cooperative pays `step_ms` more if it has twice the mean, and in proportion;
    steps shrink from round to round.
    """
    if not 0 <= rounds <= ROUNDS_MAX:
        raise InputError("rounds", f"expected 0 to {ROUNDS_MAX}")
    plain = _settle(graph, postpone_ms, owner, share, np.zeros_like(share), more)
    allowed_ms = plain.cost_ms + plain.cost_ms * extra_permille_max // 1_000
    best, price_ms = plain, debt_ms
    for turn in range(rounds):
        found = _settle(graph, postpone_ms, owner, share, price_ms, more)
        found = replace(found, extra_ms=found.cost_ms - plain.cost_ms)
        rank = found.excess_permille, found.cost_ms
        if found.cost_ms <= allowed_ms and rank < (best.excess_permille, best.cost_ms):
            best = found
        price_ms = _raised(found, share, step_ms * 2 // (2 + turn))
    return best


def _raised(found: Balance, share: Ints, step_ms: int) -> Ints:
    """Return prices after one step: up for who is above the mean, down for the rest."""
    mean = max(int(found.load.sum()), 1)
    each = found.load * 1_000 * int(share.sum()) // np.maximum(share, 1) // mean
    moved = found.price_ms + np.where(share > 0, (each - 1_000) * step_ms // 1_000, 0)
    return np.clip(moved, 0, PRICE_MS_MAX)


def _settle(  # noqa: PLR0917  # one step of `balance`, prices apart
    graph: Graph,
    postpone_ms: int | Ints,
    owner: Ints,
    share: Ints,
    price_ms: Ints,
    more: More | None,
) -> Balance:
    """Plan one wave at these prices, and count."""
    wider: Callable[[Ints, int], Graph] | None = None
    if more is not None:
        ask = more

        def wider(rows: Ints, width: int) -> Graph:
            return priced(ask(rows, width), owner, price_ms)

    outcome = wave(priced(graph, owner, price_ms), postpone_ms, more=wider)
    load_of = load(outcome, owner, share.size)
    paid_ms = sum(map(int.__mul__, load_of.tolist(), price_ms.tolist()))
    return Balance(
        outcome,
        price_ms,
        load_of,
        excess_permille(load_of, share),
        outcome.proof.cost_ms - paid_ms,
        0,
    )
