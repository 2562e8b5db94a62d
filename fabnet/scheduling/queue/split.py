"""One batch of equal pieces over several machines, done soonest, no share too small.

For a moment T each machine can make so many pieces by then; the largest of these are
taken until they suffice. The fewest machines do, so if their shares cannot all reach
the minimum, none can. Whether T is late enough only ever changes from no to yes, so
halving finds the soonest: it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.scheduling.queue.shop import TIME_MS_MAX, Ints

PIECES_MAX: Final = 2**31
"""Pieces of a batch, so that their time fits."""


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Which slots make how many pieces, and when; the sum is the batch."""

    slot: Ints
    pieces: Ints
    start_ms: Ints
    end_ms: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """What each slot offers a batch: its pace and its free windows."""

    setup_ms: Ints
    """`[slot]`: before the first piece of a share."""
    piece_ms: Ints
    slot: Ints
    """`[window]`: whose it is; a share lies whole in one window."""
    open_ms: Ints
    close_ms: Ints


def split(hours: Hours, pieces: int, minimum: int) -> Shares | None:
    """Return the shares that are done soonest, or nil if the hours do not hold them.

    Each share is `minimum` pieces or more; a batch of fewer is one share. One share a
    slot. Raise InputError for what is no such problem.
    """
    _check(hours, pieces, minimum)
    minimum = min(minimum, pieces)
    latest = int(hours.close_ms.max(initial=0))
    if _shares(hours, pieces, minimum, latest) is None:
        return None
    low, high = 0, latest
    while low < high:
        middle = (low + high) // 2
        if _shares(hours, pieces, minimum, middle) is None:
            low = middle + 1
        else:
            high = middle
    return _shares(hours, pieces, minimum, high)


def _check(hours: Hours, pieces: int, minimum: int) -> None:
    if not 1 <= pieces <= PIECES_MAX:
        raise InputError("pieces", f"expected 1 to {PIECES_MAX}")
    if minimum < 1:
        raise InputError("minimum", "expected 1 or more")
    slots = len(hours.piece_ms)
    if len(hours.setup_ms) != slots:
        raise InputError("setup_ms", f"expected {slots} entries")
    bounds = {
        "setup_ms": (hours.setup_ms, 0),
        "piece_ms": (hours.piece_ms, 1),
        "open_ms": (hours.open_ms, 0),
        "close_ms": (hours.close_ms, 0),
    }
    for name, (array, least) in bounds.items():
        if array.size and (array.min() < least or array.max() > TIME_MS_MAX):
            raise InputError(name, f"expected {least} to {TIME_MS_MAX}")
    if hours.slot.size and not 0 <= hours.slot.min() <= hours.slot.max() < slots:
        raise InputError("slot", f"expected 0 to {slots - 1}")


def _shares(hours: Hours, pieces: int, minimum: int, by_ms: int) -> Shares | None:
    """Return shares that are all done by a moment, or nil."""
    at = hours.slot
    room_ms = np.minimum(hours.close_ms, by_ms) - hours.open_ms - hours.setup_ms[at]
    holds = np.clip(room_ms // hours.piece_ms[at], 0, pieces)
    # Of each slot the window that holds most, of equals the first.
    order = np.lexsort((hours.open_ms, -holds, at))
    window = order[np.unique(at[order], return_index=True)[1]]
    window = window[np.argsort(-holds[window], kind="stable")]
    count = np.cumsum(holds[window])
    if not window.size or count[-1] < pieces:
        return None
    used = int(np.searchsorted(count, pieces)) + 1
    if used * minimum > pieces:
        return None
    window, share = window[:used], holds[window[:used]]
    if share.min() < minimum:
        # The last ones hold too little for a share, though they would suffice.
        return None
    share = _less(share, int(share.sum()) - pieces, minimum)
    slot, start_ms = at[window], hours.open_ms[window]
    end_ms = start_ms + hours.setup_ms[slot] + share * hours.piece_ms[slot]
    return Shares(slot, share, start_ms, end_ms)


def _less(share: Ints, spare: int, minimum: int) -> Ints:
    """Take what is too many from the last shares, down to the minimum of each."""
    share = share.copy()
    for at in range(len(share) - 1, -1, -1):
        less = min(spare, int(share[at]) - minimum)
        share[at] -= less
        spare -= less
    return share
