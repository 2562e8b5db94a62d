"""Recalling a design: its manifest and files by CID, who grants what, who took it back.

Every byte is checked against its name before it is kept, so it does not matter who
brings it: whoever is likely to have it is asked first, then every linked peer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.revision import DESIGN_BYTES_MAX, REVISION_BYTES_MAX
from fabnet.errors import DiskFullError, FabnetError, LimitError, RemoteError
from fabnet.node.links.auth_http import tls_name
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.links import Links
from fabnet.node.links.public import BLOB_PATH
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.reading import BlobEntry
from fabnet.node.store.store import Store
from fabnet.node.terms import read_terms
from fabnet.node.withdrawn import withdrawn_of
from fabnet.protocol.address import Address, authority, base_url
from fabnet.protocol.effects import Recall
from fabnet.protocol.events import Design, Recalled
from fabnet.protocol.voice import Identity
from fabnet.records.ids import PeerId

logger = logging.getLogger(__name__)

FETCHES_MAX: Final = 4
"""Designs fetched at once: a bad line is not shared further."""
FETCH_S_MAX: Final = 600
"""Seconds for one file."""
READ_BYTES_MAX: Final = 256 * 1_024
"""What of a file is read ahead of the disk; twice it, at most, is in memory."""


class Fetcher:
    """Brings designs here, whole and verified."""

    def __init__(
        self, identity: Identity, *, store: Store, blobs: Blobs, links: Links,
        dialler: Dialler, session: aiohttp.ClientSession,
    ) -> None:  # fmt: skip
        self._identity = identity
        self._store = store
        self._blobs = blobs
        self._links = links
        self._dialler = dialler
        self._session = session
        self._room = asyncio.Semaphore(FETCHES_MAX)
        self._busy: dict[Cid, asyncio.Lock] = {}

    async def recall(self, effect: Recall) -> Recalled:
        """Return the design, its files all here; or why it cannot be had now."""
        lock = self._busy.setdefault(effect.cid, asyncio.Lock())
        try:
            async with lock, self._room:
                return Recalled(effect.cid, await self._design(effect), "")
        except (FabnetError, TimeoutError) as error:
            logger.info("design %s: %s", effect.cid, error)
            return Recalled(effect.cid, None, str(error) or type(error).__name__)
        finally:
            if not lock.locked():
                self._busy.pop(effect.cid, None)

    async def _design(self, effect: Recall) -> Design:
        cid = effect.cid
        records = await self._store.records(kind=grants.KIND, key=cid, limit=100)
        authors = tuple(record.author for record in records)
        near = (*effect.hints, *authors, *self._links.peers())
        hints = tuple(dict.fromkeys(near))
        await self.need(cid, REVISION_BYTES_MAX, "application/json", hints)
        raw = await self._blobs.read(cid, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            raise RemoteError(f"{cid}: the manifest is gone")
        revision = revisions.parse(raw)
        size = sum(file.bytes for file in revision.files)
        if size > DESIGN_BYTES_MAX:
            raise LimitError(f"design of {size} bytes; the most is {DESIGN_BYTES_MAX}")
        for file in revision.files:
            await self.need(file.cid, file.bytes, file.media_type, hints)
        terms = await read_terms(self._store, self._identity, cid, revision)
        withdrawn = await withdrawn_of(self._store, revision, cid)
        return Design(cid, revision, terms, withdrawn)

    async def need(
        self, cid: Cid, bytes_max: int, media_type: str, hints: tuple[PeerId, ...]
    ) -> None:
        """Have a file here, from the first of `hints` that has it; or RemoteError."""
        if await self._blobs.has(cid):
            return
        for peer in hints:
            if await self._bring(cid, bytes_max, peer):
                size = (await asyncio.to_thread(self._blobs.path(cid).stat)).st_size
                entry = BlobEntry(cid, size, media_type, pinned=False)
                await self._store.put_blob(entry)
                return
        raise RemoteError(f"{cid}: none of {len(hints)} peers asked has it now")

    async def _bring(self, cid: Cid, bytes_max: int, peer: PeerId) -> bool:
        """Fetch one file where a peer is dialled, or over its link if it cannot be."""
        places = self._links.addresses.get(peer, ())
        if not places and self._links.is_linked(peer):
            return await self._ask(cid, bytes_max, peer)
        for address in places:
            if await self._fetch(cid, bytes_max, address):
                return True
        return False

    async def _ask(self, cid: Cid, bytes_max: int, peer: PeerId) -> bool:
        if self._links.chunks is None:
            return False
        try:
            pieces = self._links.chunks.fetch(peer, cid, bytes_max)
            await self._blobs.put_stream(pieces, cid, bytes_max=bytes_max)
        except (DiskFullError, RemoteError, TimeoutError) as error:
            logger.info("blob %s over the link of %s: %s", cid, peer, error)
            return False
        return True

    async def _fetch(self, cid: Cid, bytes_max: int, address: Address) -> bool:
        """Fetch one file from one peer; false when it does not have it or lies."""
        try:
            async with asyncio.timeout(FETCH_S_MAX):
                granted = await self._dialler.log_in(address)
                host = authority(address)
                asked = self._session.get(
                    base_url(address) + BLOB_PATH + cid,
                    headers={"Authorization": granted.bearer, "Host": host},
                    server_hostname=tls_name(host),
                    timeout=aiohttp.ClientTimeout(total=FETCH_S_MAX),
                    allow_redirects=False,
                    read_bufsize=READ_BYTES_MAX,
                )
                async with asked as response:
                    if response.status == 401:
                        self._dialler.forget(address)
                    if response.status != 200:
                        return False
                    pieces = _pieces(response)
                    await self._blobs.put_stream(pieces, cid, bytes_max=bytes_max)
                    return True
        except (
            aiohttp.ClientError,
            DiskFullError,
            RemoteError,
            TimeoutError,
            OSError,
        ) as error:
            logger.info("blob %s at %s: %s", cid, address.text, error)
            return False


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    # As it comes off the socket: each is bounded by what aiohttp buffers.
    async for piece in response.content.iter_any():
        yield piece
