"""One open WebSocket to one authenticated peer: frames in, frames out, nothing decided.

What is sent is queued and written by a task of its own; a peer too slow to read is
dropped rather than waited for, since everything it missed will come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import (
    ClientWebSocketResponse,
    WebSocketError,
    WSCloseCode,
    WSMsgType,
)
from aiohttp.web import WebSocketResponse

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.node.links.frames import Aside, Frame, Heard, Hello, Reader, encode
from fabnet.records.ids import PeerId

logger = logging.getLogger(__name__)

OUTBOUND_MAX: Final = 1_000
"""Frames waiting for one peer; at the bound the link is dropped."""
PING_S: Final = 20
"""How often a quiet link is pinged; two silences and it is gone."""
CLOSE_S_MAX: Final = 2
"""Seconds that a peer has to answer our goodbye; a liar keeps its place no longer."""

Socket = ClientWebSocketResponse | WebSocketResponse


class Link:
    """An open link, whichever side dialled it."""

    def __init__(
        self, socket: Socket, *, peer: PeerId, dialler: PeerId, block: str | None = None
    ) -> None:
        self.peer = peer
        self.dialler = dialler
        self.block = block
        """The block of addresses that it came from; nil where we dialled."""
        self._socket = socket
        self._outbound: asyncio.Queue[Frame] = asyncio.Queue(OUTBOUND_MAX)
        self._dropped = asyncio.Event()

    def send(self, frame: Frame) -> bool:
        """Queue a frame; false when the peer does not keep up."""
        try:
            self._outbound.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    def drop(self) -> None:
        """End the link without waiting for the peer."""
        self._dropped.set()

    async def close(self, why: str = "") -> None:
        """Close the socket, and say why to a peer that listens; `serve` then ends."""
        code = WSCloseCode.TRY_AGAIN_LATER if why else WSCloseCode.OK
        await self._socket.close(code=code, message=why.encode())

    async def serve(
        self, reader: Reader, hear: Callable[[Hello | Heard | Aside], Awaitable[None]]
    ) -> None:
        """Pass on what is heard until either side closes; a lie raises RemoteError."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(), name=f"write {self.peer}")
            dropper = tasks.create_task(self._drop(), name=f"drop {self.peer}")
            try:
                await self._read(reader, hear)
            finally:
                writer.cancel()
                dropper.cancel()

    async def _drop(self) -> None:
        await self._dropped.wait()
        await self._socket.close()

    async def _write(self) -> None:
        while True:
            frame = await self._outbound.get()
            try:
                await self._socket.send_bytes(encode(frame))
            except ConnectionError as error:
                # The reading side sees the same and ends the link.
                logger.info("link to %s broke while writing: %s", self.peer, error)
                return

    async def _read(
        self, reader: Reader, hear: Callable[[Hello | Heard | Aside], Awaitable[None]]
    ) -> None:
        async for message in self._socket:
            match message.type:
                case WSMsgType.BINARY:
                    heard = await asyncio.to_thread(reader.read, message.data)
                    await hear(heard)
                case WSMsgType.TEXT:
                    raise MalformedError("frame: expected binary, got text")
                case WSMsgType.ERROR if isinstance(message.data, WebSocketError):
                    raise LimitError("frame: larger than a link allows, or broken")
                case WSMsgType.ERROR:
                    # Nobody's lie: the line went down in the middle of a frame.
                    logger.info("link to %s broke: %r", self.peer, message.data)
                    return
                case _:
                    return


def first_fault(group: BaseExceptionGroup[RemoteError]) -> str:
    """Return what a peer did wrong first, in words."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
