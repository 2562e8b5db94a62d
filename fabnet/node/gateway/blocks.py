"""Blocks as IPFS clients ask for them, read from whole files or from the index.

A leaf is a stretch of a file that lies here whole; a node above it is in the index.
Whatever is read is hashed before it leaves: a disk that changed a byte, or an index
that points beside, shows here and not at a stranger's.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.errors import StorageError
from fabnet.node.gateway.sharing import Sharing
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.reading import BlockEntry
from fabnet.node.store.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Every block that this node gives to strangers."""

    store: Store
    blobs: Blobs
    sharing: Sharing

    async def find(self, cid: Cid) -> BlockEntry | None:
        """Return where a block is, or nil when it is not here or not for strangers."""
        for entry in await self.store.blocks(cid):
            if entry.node is None and entry.file is None:
                continue
            if cid == entry.design or await self.sharing.may(entry.design):
                return entry
        return None

    async def designs_of(self, cid: Cid) -> list[Cid]:
        """Return the designs that are known to have a block, whether it is here."""
        return [entry.design for entry in await self.store.blocks(cid)]

    async def get(self, cid: Cid) -> bytes | None:
        """Return a block's bytes, or nil; as `find` and `read`."""
        entry = await self.find(cid)
        return None if entry is None else await self.read(entry)

    async def read(self, entry: BlockEntry) -> bytes | None:
        """Return the bytes of a block that was found; nil when its file is gone.

        Raises StorageError when they are not what the CID names.
        """
        block = entry.node
        if block is None and entry.file is not None:
            path = self.blobs.path(entry.file)
            block = await asyncio.to_thread(_stretch, path, entry)
        if block is None:
            return None
        if hashlib.sha256(block).digest() != cids.digest(entry.cid):
            logger.critical("%s in %s: the disk changed it", entry.cid, entry.file)
            raise StorageError(f"block {entry.cid}: the disk changed its content")
        return block


def _stretch(path: Path, entry: BlockEntry) -> bytes | None:
    """Read a stretch of a file; opened and closed here, whoever hangs up meanwhile."""
    try:
        with path.open("rb") as file:
            file.seek(entry.at)
            return file.read(entry.size_bytes)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"block {entry.cid}: the disk failed: {error}") from error
