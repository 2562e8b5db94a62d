"""Files over a link, in chunks: from a peer that nobody can dial.

Whoever wants a file asks for a span of it, and for the next when that is here; so what
is on its way is bounded by the asker. What comes is checked where it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from fabnet.content.cid import Cid
from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.node.links.frames import CHUNK_BYTES_MAX, ChunkFrame, WantFrame
from fabnet.node.links.hub.exchange import Wire
from fabnet.node.links.limits.tolls import size_cost
from fabnet.node.store.blobs import Blobs
from fabnet.records.ids import PeerId

SPAN_CHUNKS: Final = 8
"""Chunks for one question: 256 KiB, a second of a slow uplink."""
PIECE_S_MAX: Final = 30
"""Seconds until the next chunk must be here."""
ASKED_MAX: Final = 16
"""Files asked for at once over all links."""


class Chunks:
    """Asks for files over links, and gives them."""

    def __init__(
        self, blobs: Blobs, wire: Wire, charge: Callable[[PeerId, int], None]
    ) -> None:
        self._blobs = blobs
        self._wire = wire
        self._charge = charge
        self._asked: dict[tuple[PeerId, Cid], asyncio.Queue[ChunkFrame]] = {}

    async def fetch(
        self, peer: PeerId, cid: Cid, bytes_max: int
    ) -> AsyncIterator[bytes]:
        """Yield a file chunk by chunk; RemoteError or TimeoutError when it fails."""
        if (peer, cid) in self._asked or len(self._asked) >= ASKED_MAX:
            raise LimitError(f"{cid}: asked for already, or too many others are")
        heard: asyncio.Queue[ChunkFrame] = asyncio.Queue(SPAN_CHUNKS)
        self._asked[peer, cid] = heard
        try:
            at, size = 0, None
            while size is None or at < size:
                if not self._wire.pass_on(peer, WantFrame("want", cid, at)):
                    raise RemoteError(f"{cid}: the link is down")
                for _ in range(SPAN_CHUNKS):
                    async with asyncio.timeout(PIECE_S_MAX):
                        chunk = await heard.get()
                    size = _size(chunk, at, size, bytes_max)
                    at += len(chunk.data)
                    yield chunk.data
                    if at >= size:
                        break
        finally:
            del self._asked[peer, cid]

    def heard(self, peer: PeerId, chunk: ChunkFrame) -> None:
        """Take a chunk; one that nobody waits for any more is let go."""
        waiting = self._asked.get((peer, chunk.cid))
        if waiting is not None:
            try:
                waiting.put_nowait(chunk)
            except asyncio.QueueFull:
                raise MalformedError("chunk: more than were asked for") from None

    async def give(self, peer: PeerId, want: WantFrame) -> None:
        """Send a peer a span of a file, or that it is not here; it pays afterwards."""
        size, cid = await self._blobs.size(want.cid), want.cid
        if size is None or want.offset > size:
            self._wire.pass_on(peer, ChunkFrame("chunk", cid, want.offset, None, b""))
            return
        span = await asyncio.to_thread(self._read, cid, want.offset)
        for at in range(0, len(span) or 1, CHUNK_BYTES_MAX):
            data = span[at : at + CHUNK_BYTES_MAX]
            chunk = ChunkFrame("chunk", cid, want.offset + at, size, data)
            if not self._wire.pass_on(peer, chunk):
                return
        self._charge(peer, size_cost(len(span)))

    def _read(self, cid: Cid, offset: int) -> bytes:
        with self._blobs.path(cid).open("rb") as file:
            file.seek(offset)
            return file.read(SPAN_CHUNKS * CHUNK_BYTES_MAX)


def _size(chunk: ChunkFrame, at: int, size: int | None, bytes_max: int) -> int:
    """Return the file's size by a chunk that must begin at `at`."""
    if chunk.size is None:
        raise RemoteError(f"{chunk.cid}: it is not there")
    if chunk.size > bytes_max:
        raise LimitError(f"{chunk.cid}: {chunk.size} bytes; the most is {bytes_max}")
    fits = chunk.offset == at and size in (None, chunk.size)
    if not fits or at + len(chunk.data) > chunk.size or (not chunk.data and chunk.size):
        raise RemoteError(f"{chunk.cid}: another chunk than was asked for")
    return chunk.size
