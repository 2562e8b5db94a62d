"""Choosing the hubs of a node that nobody can dial, and saying so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from fabnet.errors import RemoteError
from fabnet.node.links.public import HUB_PROTOCOL
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
        speaks: Callable[[Address, str], Awaitable[bool]],
    ) -> None:
        self._linked = linked
        self._tell = tell
        self._speaks = speaks
        self._serves: dict[PeerId, bool] = {}
        """Whether each that is linked is a hub, as it said when the link came up."""
        self.hubs: tuple[Hub, ...] = ()

    async def keep(self) -> None:
        """Look after our hubs until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Name other hubs when those that we named are not the best any more."""
        linked = self._linked()
        peers = {hub.peer for hub in linked}
        self._serves = {it: yes for it, yes in self._serves.items() if it in peers}
        chosen = choose(self.hubs, [hub for hub in linked if await self._is_hub(hub)])
        if chosen != self.hubs:
            self.hubs = chosen
            logger.info("our hubs: %s", ", ".join(hub.address.text for hub in chosen))
            await self._tell(chosen)

    async def _is_hub(self, hub: Hub) -> bool:
        """Whether a peer forwards for others; who does not say now is asked again."""
        known = self._serves.get(hub.peer)
        if known is not None:
            return known
        try:
            serves = await self._speaks(hub.address, HUB_PROTOCOL)
        except (aiohttp.ClientError, RemoteError, TimeoutError, OSError) as error:
            logger.info("%s does not say whether it is a hub: %s", hub.peer, error)
            # No answer is no reason to leave one that we named.
            return any(hub.peer == named.peer for named in self.hubs)
        if not serves:
            logger.info("%s is no hub", hub.peer)
        self._serves[hub.peer] = serves
        return serves
