"""A machine that fails: its hours are gone, and its lots go elsewhere."""

from __future__ import annotations

from typing import Final

import numpy as np

from fabnet.scheduling.fast import FAST
from fabnet.scheduling.queue.search import descent, insert
from fabnet.scheduling.queue.shop import NEVER, Ints, Schedule, Shop, evaluate

ROUNDS: Final = 2
"""Rounds of descent behind a failure: enough to let its lots in."""


def fail(
    shop: Shop, schedule: Schedule, machine: int, *, fast: bool = FAST
) -> tuple[Shop, Schedule]:
    """Return a shop without a machine, and a schedule in which others hold its lots.

    A lot for which there is no other time is not placed. Lots elsewhere stay where they
    are, or move only to let these in at less cost.
    """
    left = without(shop, machine)
    on = np.flatnonzero(schedule.pair >= 0)
    on = on[shop.machine[shop.slot[schedule.pair[on]]] == machine]
    pair, start_ms, end_ms = (
        schedule.pair.copy(),
        schedule.start_ms.copy(),
        schedule.end_ms.copy(),
    )
    pair[on], start_ms[on], end_ms[on] = -1, NEVER, NEVER
    rest = Schedule(pair, start_ms, end_ms, evaluate(left, pair, end_ms))
    return left, descent(left, insert(left, rest, fast=fast), ROUNDS, fast=fast)


def without(shop: Shop, machine: int) -> Shop:
    """Return a shop in which a machine is never open; pairs keep their numbers."""
    keep = shop.machine != machine
    count = np.diff(shop.window)
    stays = np.repeat(keep, count)
    window: Ints = np.append(0, np.cumsum(np.where(keep, count, 0)))
    return shop._replace(
        window=window, open_ms=shop.open_ms[stays], close_ms=shop.close_ms[stays]
    )
