"""Keeping the files of those we serve, so that they can be had from us."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.revision import REVISION_BYTES_MAX, Revision
from fabnet.errors import FabnetError
from fabnet.node.links.fetching import Fetcher
from fabnet.node.links.links import Links
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Recall
from fabnet.records.ids import PeerId

logger = logging.getLogger(__name__)

PINNED_BYTES_MAX: Final = 512 * 1_024 * 1_024
"""Files kept for one attached node: two hundred designs of a few megabytes."""
DESIGNS_MAX: Final = 500
"""Designs of one attached node that are looked at, the newest first."""
LOOK_S: Final = 10
"""How often it is asked whether an attached node has something new."""


class Pinning:
    """Fetches what attached nodes published, and counts it against their quota."""

    def __init__(
        self,
        ours: PeerId,
        *,
        store: Store,
        blobs: Blobs,
        fetcher: Fetcher,
        links: Links,
    ) -> None:
        self._ours = ours
        self._store = store
        self._blobs = blobs
        self._fetcher = fetcher
        self._links = links
        self._passed: set[Cid] = set()
        """What did not fit, or could not be had: not tried again before a restart."""

    async def keep(self) -> None:
        """Look after the files of attached nodes until cancelled, if we are a hub."""
        while self._links.exchange.is_hub:
            for peer in self._links.peers():
                if not self._links.addresses.get(peer):  # else it serves its own files
                    await self.look(peer)
            await asyncio.sleep(LOOK_S)

    async def look(self, peer: PeerId) -> None:
        """Fetch what one node published and is not here, as far as its quota goes."""
        hubs = await self._links.exchange.whereabouts.find(peer)
        if not self._links.tolls.is_known(peer) or all(
            hub.peer != self._ours for hub in hubs
        ):
            return
        records = await self._store.records(
            kind=grants.KIND, author=peer, limit=DESIGNS_MAX
        )
        room = PINNED_BYTES_MAX
        # The oldest first: what was pinned stays pinned.
        for cid in dict.fromkeys(
            Cid(record.header.key or "") for record in reversed(records)
        ):
            if cid not in self._passed:
                room -= await self._pin(peer, cid, room)

    async def _pin(self, peer: PeerId, cid: Cid, room: int) -> int:
        """Return how many bytes of a design are here, now or before."""
        try:
            revision = await self._manifest(peer, cid)
            size = sum(file.bytes for file in revision.files)
            if size > room:
                logger.warning(
                    "%s: %d bytes; for %s %d are left", cid, size, peer, room
                )
                self._passed.add(cid)
                return 0
            held = [await self._blobs.has(file.cid) for file in revision.files]
            if not all(held):
                await self._fetcher.recall(Recall(cid, (peer,)))
        except (FabnetError, TimeoutError) as error:
            logger.info("design %s of %s: %s", cid, peer, error)
            return 0
        return size

    async def _manifest(self, peer: PeerId, cid: Cid) -> Revision:
        await self._fetcher.need(cid, REVISION_BYTES_MAX, "application/json", (peer,))
        raw = await self._blobs.read(cid, bytes_max=REVISION_BYTES_MAX)
        return revisions.parse(raw or b"")
