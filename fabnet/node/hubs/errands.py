"""Dialling whoever we have a message for, or a hub of theirs, for a while.

A network is larger than a node's links. So when a message has no way, one is dialled;
the courier repeats the message meanwhile, and finds the link up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from fabnet.protocol.address import Address

logger = logging.getLogger(__name__)

ERRANDS_MAX: Final = 16
"""Links dialled for messages at once; what is more waits for its repetition."""
ERRAND_S: Final = 600
"""How long such a link is held; a longer hand-off dials again."""
AGAIN_S: Final = 30
"""How long an address that did not answer is let alone."""


class Errands:
    """Links that are held for a message's sake."""

    def __init__(self, hold: Callable[[Address], Awaitable[bool]]) -> None:
        self._hold = hold
        self._asked: asyncio.Queue[Address] = asyncio.Queue()
        self.held: set[Address] = set()
        """Where we dial, or hold a link, for a message."""

    def ask(self, address: Address) -> None:
        """Have a link dialled, unless that is under way or too many others are."""
        if address not in self.held and len(self.held) < ERRANDS_MAX:
            self.held.add(address)
            self._asked.put_nowait(address)

    async def keep(self) -> None:
        """Dial until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                address = await self._asked.get()
                tasks.create_task(self._run(address), name=f"errand {address.text}")

    async def _run(self, address: Address) -> None:
        logger.info("dialling %s for a message", address.text)
        with suppress(TimeoutError):  # its time is over, which is no failure
            async with asyncio.timeout(ERRAND_S):
                if not await self._hold(address):
                    await asyncio.sleep(AGAIN_S)
        self.held.discard(address)
