"""A node on this computer, through its own parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid
from fabnet.errors import RemoteError
from fabnet.node.bundle.bringing import Bringer
from fabnet.node.bundle.carrying import Who
from fabnet.node.bundle.framing import FileFrame
from fabnet.node.bundle.taking import Taker
from fabnet.records.refusal import Refusal

READ_BYTES: Final = 240 * 1_024
"""Bytes read at a time: four pieces."""


@dataclass(frozen=True, slots=True)
class LocalPorter:
    """Gives what a `Taker` finds, and lets a `Bringer` take."""

    taker: Taker
    bringer: Bringer

    async def who(self) -> Who:
        """Return which node it is, on which network."""
        ours = self.taker.identity
        return Who(ours.network, ours.peer, ours.incarnation)

    async def proofs(self) -> bytes:
        """Return all proofs of forks, framed."""
        return await self.taker.proofs()

    async def section(self, after: int) -> bytes:
        """Return what arrived after `after`, and which files it names, framed."""
        return await self.taker.section(after)

    async def file(self, cid: Cid) -> AsyncIterator[bytes]:
        """Yield a file's bytes in pieces."""
        source = await self.taker.blobs.open_file(cid)
        if source is None:
            raise RemoteError(f"file {cid}: is gone")
        with source:
            while data := await asyncio.to_thread(source.read, READ_BYTES):
                yield data

    async def has(self, cid: Cid) -> bool:
        """Whether a file is there already."""
        return await self.bringer.blobs.has(cid)

    async def bring(self, raw: bytes) -> tuple[int, int] | Refusal:
        """Take a frame; return how many records it held, and how many are kept."""
        return await self.bringer.frame(raw)

    async def bring_file(
        self, file: FileFrame, pieces: AsyncIterator[bytes]
    ) -> int | Refusal:
        """Take a file, and return its size; or say why it is not taken."""
        return await self.bringer.file(file.design, file.cid, pieces)
