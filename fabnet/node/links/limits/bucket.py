"""Token buckets: so much at once, so much a second, and debt that must be paid first.

A cost is paid after the fact, since what a frame costs is known once it is read; so a
bucket may fall into debt, and whoever is in debt waits. Time comes in as ticks.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

BUCKETS_MAX: Final = 10_000
"""Keys or address blocks remembered, some 3 MB; at the bound the longest unseen is
forgotten, and begins with a full bucket when it comes again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How much at once, and how much each second; in costs (see `tolls`)."""

    burst: int
    per_s: int


@dataclass(slots=True)
class Bucket:
    """What one payer has left, in thousandths of a cost."""

    left: int
    tick_ms: int

    def pay(self, cost: int, rate: Rate, tick_ms: int) -> int:
        """Take `cost`, and return the milliseconds until it is paid for."""
        gained = max(0, tick_ms - self.tick_ms) * rate.per_s
        self.left = min(rate.burst * 1_000, self.left + gained) - cost * 1_000
        self.tick_ms = tick_ms
        return 0 if self.left >= 0 else -(self.left // rate.per_s)


@dataclass(slots=True)
class Buckets:
    """One bucket for each name; how fast it fills is asked with each payment."""

    most: int = BUCKETS_MAX
    held: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def pay(self, name: str, cost: int, rate: Rate, tick_ms: int) -> int:
        """Take `cost` from one bucket; return the milliseconds it is in debt for."""
        bucket = self.held.get(name)
        if bucket is None:
            bucket = self.held[name] = Bucket(rate.burst * 1_000, tick_ms)
            if len(self.held) > self.most:
                self.held.popitem(last=False)
        self.held.move_to_end(name)
        return bucket.pay(cost, rate, tick_ms)
