"""The index of blocks: each design that is whole here, cut as IPFS clients cut it.

Files are kept whole, so the index holds only what cannot be read off them: where in a
file each leaf begins, and the nodes that hold leaves and folders together, some 120
bytes for each MiB. It is derived: a design is looked for again until its files are all
here, then read once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.dag import BLOCK_BYTES_MAX
from fabnet.content.unixfs import CHUNK_BYTES, FileNode, file_cid, folder, leaf
from fabnet.designs import revision as revisions
from fabnet.designs.catalogue import DESIGNS_MAX
from fabnet.designs.revision import REVISION_BYTES_MAX, Revision, RevisionBody
from fabnet.errors import RemoteError, StorageError
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.reading import BlockEntry
from fabnet.node.store.store import BLOCKS_PUT_MAX, Store
from fabnet.records.ids import RecordId
from fabnet.records.record import Record

logger = logging.getLogger(__name__)

LOOK_S: Final = 2
"""Seconds between looks at what came: a design is served so much after it is whole."""
LOOKED_MAX: Final = 100
"""Designs looked for at each look; those not whole yet take turns."""
PAGES: Final = (16, 500)
"""Records asked for at a time: first a few, for mostly nothing is new."""
_PIECE_BYTES: Final = 256 * 1_024


@dataclass(slots=True)
class Index:
    """Keeps the index of one node up to date."""

    store: Store
    blobs: Blobs
    _newest: RecordId | None = None
    """The revision up to which the records were read."""
    _waiting: dict[Cid, Cid] = field(default_factory=dict)
    """Designs not known to be indexed, each with the folder that its record names."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def keep(self) -> None:
        """Look at what came, again and again."""
        while True:
            await self.catch_up()
            await asyncio.sleep(LOOK_S)

    async def catch_up(self) -> None:
        """Index every design that is whole by now."""
        async with self._turn:
            looked = dict.fromkeys(list(self._waiting)[:LOOKED_MAX])
            # What came is looked for at once; what was waiting takes turns.
            for record in await self._came():
                looked |= dict.fromkeys(await self._announce(record))
            for design in looked:
                named = self._waiting.pop(design)
                if not await self._take(design, named):
                    self._waiting[design] = named

    async def _came(self) -> list[Record]:
        """Return the records of revisions that came since, the newest first."""
        found: list[Record] = []
        before: RecordId | None = None
        while len(found) < DESIGNS_MAX:
            limit = PAGES[min(len(found), 1)]
            page = await self.store.records(
                kind=revisions.KIND, limit=limit, before=before
            )
            for record in page:
                if record.id == self._newest:
                    break
                found.append(record)
            else:
                if len(page) == limit:
                    before = page[-1].id
                    continue
            break
        self._newest = found[0].id if found else self._newest
        return found

    async def _announce(self, record: Record) -> list[Cid]:
        """Note which design a folder is of, so that others can be told who has it.

        Returns the design if it is yet to be indexed.
        """
        try:
            body = record.read(RevisionBody)
            design, named = cids.parse(body.revision), cids.parse(body.folder)
        except RemoteError:
            return []
        known = {entry.design: entry for entry in await self.store.blocks(named)}
        if design not in known:
            await self.store.put_blocks(
                [
                    BlockEntry(cid, design, None, 0, 0, None)
                    for cid in dict.fromkeys((design, named))
                ]
            )
        if design in known and known[design].node is not None:
            return []
        self._waiting[design] = named
        return [design]

    async def _take(self, design: Cid, named: Cid) -> bool:
        """Index a design if it is whole; return whether it need not be tried again."""
        try:
            raw = await self.blobs.read(design, bytes_max=REVISION_BYTES_MAX)
            if raw is None:
                return False
            revision = await asyncio.to_thread(revisions.parse, raw)
            for file in revision.files:
                if await self.blobs.size(file.cid) != file.bytes:
                    return False
            entries = await asyncio.to_thread(
                lambda: list(_entries(self.blobs, design, len(raw), revision))
            )
        except (RemoteError, StorageError, OSError) as error:
            # One bad design, or one bad sector under it, keeps no other from its place.
            logger.warning("design %s has no folder: %s", design, error)
            return True
        if entries[-1].cid != named:
            logger.warning("design %s: its folder is not %s", design, named)
        for start in range(0, len(entries), BLOCKS_PUT_MAX):
            await self.store.put_blocks(entries[start : start + BLOCKS_PUT_MAX])
        return True


def _entries(
    blobs: Blobs, design: Cid, manifest_bytes: int, revision: Revision
) -> Iterator[BlockEntry]:
    """Yield every block of a design, its folder last; blocks on the disk."""
    yield BlockEntry(design, design, design, 0, manifest_bytes, None)
    nodes: dict[str, FileNode] = {}
    for file in revision.files:
        node = nodes[file.path] = _node(blobs, file.cid, file.bytes)
        if file.bytes <= BLOCK_BYTES_MAX:
            yield BlockEntry(file.cid, design, file.cid, 0, file.bytes, None)
        if node.cid != file.cid:
            for index, each in enumerate(node.leaves):
                at = index * CHUNK_BYTES
                size = min(CHUNK_BYTES, file.bytes - at)
                yield BlockEntry(each, design, file.cid, at, size, None)
    for cid, block in folder(nodes).blocks:
        yield BlockEntry(cid, design, None, 0, len(block), block)


def _node(blobs: Blobs, cid: Cid, size: int) -> FileNode:
    if size <= CHUNK_BYTES:
        return leaf(cid, size)

    def pieces() -> Iterator[bytes]:
        with blobs.path(cid).open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    return file_cid(pieces())
