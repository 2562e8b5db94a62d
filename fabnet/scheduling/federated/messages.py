"""What cities and facilities say to each other, as columns: one entry a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from fabnet.scheduling.graph import Ints


class Verdict(IntEnum):
    """What a facility answers, in the order of asking."""

    STALE = 0
    """The ask named another version of the offer; the answer brings the one that is."""
    REFUSED = 1
    """The facility will not, whatever the level: the row need not come back."""
    OUTBID = 2
    """Another row values the slot more; the price is the counter-offer."""
    HELD = 3
    """The slot is the row's, until a higher level takes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """Rows that ask for slots, each entry one row for one slot."""

    row: Ints
    edge: Ints
    """Which pair of row and slot, as the whole graph numbers them."""
    slot: Ints
    version: Ints
    """The version of the offer that the city planned on."""
    level_ms: Ints
    """Up to this price the row would rather have the slot than its next choice."""
    slack_ms: Ints
    """By how much at most the level is above that price, so that wars end."""


def joined(every: list[Asks]) -> Asks:
    """Return the asks of all cities as one post."""
    none = np.zeros(0, np.int64)
    return Asks(
        row=np.concatenate([none, *(each.row for each in every)]),
        edge=np.concatenate([none, *(each.edge for each in every)]),
        slot=np.concatenate([none, *(each.slot for each in every)]),
        version=np.concatenate([none, *(each.version for each in every)]),
        level_ms=np.concatenate([none, *(each.level_ms for each in every)]),
        slack_ms=np.concatenate([none, *(each.slack_ms for each in every)]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What each ask came to, and which holders lost their slot to a higher level."""

    row: Ints
    slot: Ints
    verdict: Ints
    price_ms: Ints
    """What the slot is held for now: nothing at or below this level can have it."""
    version: Ints
    """The version of the offer that is valid now."""
