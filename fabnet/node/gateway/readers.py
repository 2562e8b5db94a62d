"""Strangers who read: how many at once, and how fast.

Nobody logs in to read, so what is read is paid for by the block of addresses that it
goes to. Whoever is in debt is not refused but slowed: an answer under way waits for its
next block, and TCP tells the reader.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from fabnet.node.clock import Clock
from fabnet.node.links.door import HOME, household_of
from fabnet.node.links.limits.blocks import block_of
from fabnet.node.links.limits.bucket import Buckets, Rate
from fabnet.node.links.limits.proxies import Proxies, sender_of
from fabnet.node.links.limits.tolls import size_cost

READING_MAX: Final = 32
"""Answers under way: each holds a block or two, so together 100 MiB at worst."""
OF_BLOCK_MAX: Final = 16
"""Of them to one block of addresses, so that it leaves some to others."""
PLACE_S_MAX: Final = 10
"""Seconds to wait for a place; then 503."""
READERS_RATE: Final = Rate(burst=65_536, per_s=5_000)
"""Of one block of addresses: 256 MiB at once, then 20 MB a second."""


class FullError(Exception):
    """Too many are reading already."""


@dataclass(slots=True)
class Readers:
    """Everyone who is reading now."""

    clock: Clock
    proxies: Proxies
    reading_max: int = READING_MAX
    of_block_max: int = OF_BLOCK_MAX
    place_s_max: float = PLACE_S_MAX
    _buckets: Buckets = field(default_factory=Buckets)
    _now: Counter[str] = field(default_factory=Counter)
    _left: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def place(self, request: web.Request) -> AsyncIterator[None]:
        """Hold a place while one answer is under way, or raise FullError."""
        block = block_of(self._sender(request))
        try:
            async with asyncio.timeout(self.place_s_max), self._left:
                await self._left.wait_for(lambda: self._has_room(block))
                self._now[block] += 1
        except TimeoutError as error:
            raise FullError from error
        try:
            yield
        finally:
            self._now[block] -= 1
            self._now += Counter()  # forgets who is reading nothing
            async with self._left:
                self._left.notify_all()

    async def pay(self, request: web.Request, size_bytes: int) -> None:
        """Wait until whoever asks may be sent so many bytes more.

        This machine's own programs read as fast as they can.
        """
        address = self._sender(request)
        if household_of(address, HOME) is None:
            return
        tick_ms = self.clock.now().tick_ms
        cost = size_cost(size_bytes)
        wait_ms = self._buckets.pay(block_of(address), cost, READERS_RATE, tick_ms)
        if wait_ms > 0:
            await asyncio.sleep(wait_ms / 1_000)

    def _has_room(self, block: str) -> bool:
        is_full = self._now.total() >= self.reading_max
        return not is_full and self._now[block] < self.of_block_max

    def _sender(self, request: web.Request) -> str:
        return sender_of(request, self.proxies)
