"""What a node takes from a stick: no more, and no less carefully, than from a link.

Whoever filled the stick is nobody: its head is not signed, and whose hand brought it
says nothing. So no cursor of any peer moves by it, and no peer loses standing but the
author of what is wrong. Records go through the mind as a batch does, with its pen, its
quotas and its strangers' buckets; a file is taken only where a revision that is kept
here names it, as it would be fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.revision import DESIGN_BYTES_MAX, REVISION_BYTES_MAX
from fabnet.node.bundle import framing
from fabnet.node.links.frames import BatchFrame, ProofsFrame
from fabnet.node.shelf import Shelf
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.reading import BlobEntry
from fabnet.node.store.store import Store
from fabnet.protocol.events import Brought, Event
from fabnet.protocol.voice import Identity
from fabnet.records.ids import RecordId
from fabnet.records.proofs.fork import Fork, open_fork
from fabnet.records.record import Record, open_record
from fabnet.records.refusal import Refusal

Ask = Callable[[Callable[[int], Event]], Awaitable[RecordId | Refusal]]


@dataclass(frozen=True, slots=True)
class Bringer:
    """Takes a bundle's parts into one node."""

    identity: Identity
    store: Store
    blobs: Blobs
    shelf: Shelf
    ask: Ask
    """Hands the mind an event, and returns its durable answer."""

    async def frame(self, raw: bytes) -> tuple[int, int] | Refusal:
        """Take a `batch` or `proofs` frame; return of how many records how many are
        kept here now.

        Durable when this returns. Raises RemoteError, and takes nothing of it, where
        anything in it is not authentic.
        """
        records, proofs = await asyncio.to_thread(self._opened, raw)
        said = await self.ask(lambda ask: Brought(ask, records, proofs))
        if isinstance(said, Refusal):
            return said
        kept = [await self.store.record(each.id) for each in records]
        return len(records), sum(each is not None for each in kept)

    async def file(
        self, design: Cid, cid: Cid, pieces: AsyncIterator[bytes]
    ) -> int | Refusal:
        """Take a file of a design that is known here; return its size in bytes.

        Durable when this returns. Raises RemoteError, and keeps nothing, where the
        bytes are not those of the name, or more than the manifest says.
        """
        most = await self._wanted(design, cid)
        if most is None:
            return Refusal("bundle-file-unasked", (("cid", cid),))
        bytes_max, media_type = most
        size = await self.blobs.put_stream(pieces, cid, bytes_max=bytes_max)
        if await self.store.blob(cid) is None:
            await self.store.put_blob(BlobEntry(cid, size, media_type, pinned=False))
        return size

    def _opened(self, raw: bytes) -> tuple[tuple[Record, ...], tuple[Fork, ...]]:
        network = self.identity.network
        match framing.decode(raw):
            case BatchFrame(records=parcels):
                opened = [
                    open_record(each.envelope, each.body, network=network)
                    for each in parcels
                ]
                return tuple(opened), ()
            case ProofsFrame(proofs=proofs):
                return (), tuple(open_fork(each, network=network) for each in proofs)
            case _:
                return (), ()

    async def _wanted(self, design: Cid, cid: Cid) -> tuple[int, str] | None:
        """Return how large a file may be, and of which type; nil if nothing names it.

        A design larger than a node would fetch is not taken from a stick either.
        """
        catalogue = await self.shelf.catalogue(self.store, self.blobs)
        if catalogue.get(design) is None:
            return None
        if cid == design:
            return REVISION_BYTES_MAX, "application/json"
        raw = await self.blobs.read(design, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            return None
        files = revisions.parse(raw).files
        if sum(file.bytes for file in files) > DESIGN_BYTES_MAX:
            return None
        found = (file for file in files if file.cid == cid)
        return next(((file.bytes, file.media_type) for file in found), None)
