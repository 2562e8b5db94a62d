"""Choosing the hubs of a node that nobody can dial, and saying so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.protocol.address import Address
from fabnet.records.ids import CharterId, PeerId

logger = logging.getLogger(__name__)

HUBS_MAX: Final = 3
"""Hubs of one node: one may fail and another withhold, and a third still forwards."""
LOOK_S: Final = 2
"""How often it is asked whether a hub is missing."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A public peer that we dialled, by way of which we may be reached."""

    peer: PeerId
    cooperative: CharterId
    address: Address
    """Where it is, with its id."""


def choose(before: Sequence[Hub], linked: Sequence[Hub]) -> tuple[Hub, ...]:
    """Return the hubs to name, each of another cooperative, in the order of their ids.

    Those that were named before stay while they are linked; others fill up; and one
    that is away stays while nobody takes its place, for what it holds will come.
    """
    names = {hub.peer for hub in linked}
    stay = [hub for hub in before if hub.peer in names]
    away = [hub for hub in before if hub.peer not in names]
    chosen: dict[CharterId, Hub] = {}
    for hub in (*stay, *linked, *away):
        if len(chosen) < HUBS_MAX:
            chosen.setdefault(hub.cooperative, hub)
    return tuple(sorted(chosen.values(), key=lambda hub: hub.peer))


class Attaching:
    """Keeps what our peer record says of our hubs true."""

    def __init__(
        self,
        linked: Callable[[], list[Hub]],
        tell: Callable[[tuple[Hub, ...]], Awaitable[None]],
    ) -> None:
        self._linked = linked
        self._tell = tell
        self.hubs: tuple[Hub, ...] = ()

    async def keep(self) -> None:
        """Look after our hubs until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Name other hubs when those that we named are not the best any more."""
        chosen = choose(self.hubs, self._linked())
        if chosen != self.hubs:
            self.hubs = chosen
            logger.info("our hubs: %s", ", ".join(hub.address.text for hub in chosen))
            await self._tell(chosen)
