"""One open WebSocket to one authenticated peer: frames in, frames out, nothing decided.

What is sent is queued and written by a task of its own; a peer too slow to read is
dropped rather than waited for, since everything it missed will come again.
"""

from __future__ import annotations

import asyncio
import logging
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
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
from fabnet.records.body import Body
from fabnet.records.ids import PeerId

logger = logging.getLogger(__name__)

OUTBOUND_MAX: Final = 1_000
"""Frames waiting for one peer; at the bound the link is dropped."""
PING_S: Final = 20
"""How often a peer is pinged, unless we are still busy with what it said."""
SILENCES_MAX: Final = 2
"""Pings in a row that nothing followed; when the next is due, the link goes. The
largest frame is whole in that time over 15 kbit a second."""
HERE_BYTES_MAX: Final = 2_048
"""Frames up to this are read where they are heard: of the signatures in one, at most
ten, each takes as long as asking a thread. Longer ones are read in a thread."""
IN_A_ROW_MAX: Final = 32
"""Frames of one link that are read before others have a turn."""
CLOSE_S_MAX: Final = 2
"""Seconds that a peer has to answer our goodbye; a liar keeps its place no longer."""

_BINARY: Final = WSMsgType.BINARY
Socket = ClientWebSocketResponse | WebSocketResponse
_Rest = Awaitable[None]
"""What is left of sending a frame: to wait until there is room for another."""


class Link:
    """An open link, whichever side dialled it."""

    def __init__(
        self, socket: Socket, *, peer: PeerId, dialler: PeerId, block: str | None = None
    ) -> None:
        self.peer = peer
        self.dialler = dialler
        self.block = block
        """The block of addresses that it came from; nil where we dialled."""
        self.owes = 0
        """What was done for the peer and is not charged yet."""
        self._socket = socket
        self._outbound: asyncio.Queue[Frame | _Rest] = asyncio.Queue(OUTBOUND_MAX)
        self._is_behind = False
        """Whether something waits until the peer has read more."""
        self._is_quiet = False
        """Whether it is the peer's turn, and not ours to take in what it said."""
        self._silences = 0
        self._look: asyncio.TimerHandle | None = None
        self._dropped = asyncio.Event()

    def send(self, frame: Frame) -> bool:
        """Write a frame, or queue it; false when the peer does not keep up.

        While the peer reads, it is on its way when this returns: a task that did it
        would cost as much as the frame.
        """
        if self._is_behind:
            return self._queue(frame)
        self._begin(self._socket.send_bytes(encode(frame)))
        return True

    def _begin(self, sending: Coroutine[object, None, None]) -> None:
        """Send; if that waits until the peer has read more, all else waits behind."""
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except ConnectionError as error:
            self._broke(error)
            return
        self._is_behind = True
        self._queue(_rest(sending, waits_for))

    def _queue(self, item: Frame | _Rest) -> bool:
        try:
            self._outbound.put_nowait(item)
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
            # A task of its own is woken without all that stands above it.
            reading = tasks.create_task(
                self._read(reader, hear), name=f"read {self.peer}"
            )
            reading.add_done_callback(lambda _: self.drop())
            self._look_later()
            try:
                await self._dropped.wait()
                await self._socket.close()
                await asyncio.wait([reading])
            finally:
                writer.cancel()
                if self._look is not None:
                    self._look.cancel()

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(PING_S, self._look_now)

    def _look_now(self) -> None:
        """Ping the peer, and let it go when nothing comes.

        aiohttp does the same by a timer that it sets anew with each frame, which costs
        a tenth of what the frame does.
        """
        if self._silences == SILENCES_MAX:
            logger.info("%s is silent; its link is dropped", self.peer)
            self.drop()
            return
        if self._is_quiet:
            self._silences += 1
            if not self._is_behind:
                self._begin(self._socket.ping())
        self._look_later()

    async def _write(self) -> None:
        """Write what waits, in order; with the last of it `send` writes by itself."""
        while True:
            item = await self._outbound.get()
            try:
                if isinstance(item, Body):
                    await self._socket.send_bytes(encode(item))
                else:
                    await item
            except ConnectionError as error:
                self._broke(error)
                return
            self._is_behind = not self._outbound.empty()

    def _broke(self, error: ConnectionError) -> None:
        # The reading side sees the same and ends the link.
        logger.info("link to %s broke while writing: %s", self.peer, error)

    async def _read(
        self, reader: Reader, hear: Callable[[Hello | Heard | Aside], Awaitable[None]]
    ) -> None:
        # No timeout: a peer may be silent for days, as long as it answers pings.
        in_a_row = 0
        while True:
            self._is_quiet = True
            message = await self._socket.receive()
            self._is_quiet = False
            self._silences = 0
            in_a_row += 1
            if in_a_row == IN_A_ROW_MAX:
                in_a_row = 0
                await asyncio.sleep(0)
            if message.type is _BINARY:
                if len(message.data) <= HERE_BYTES_MAX:
                    await hear(reader.read(message.data))
                else:
                    await hear(await asyncio.to_thread(reader.read, message.data))
                continue
            match message.type:
                case WSMsgType.PING:
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    pass
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


@types.coroutine
def _rest(
    sending: Coroutine[object, None, None], waits_for: object
) -> Generator[object, None, None]:
    """Go on with what was begun outside of any task, and `waits_for` something."""
    try:
        while True:
            yield waits_for
            try:
                waits_for = sending.send(None)
            except StopIteration:
                return
    finally:
        sending.close()


def first_fault(group: BaseExceptionGroup[RemoteError]) -> str:
    """Return what a peer did wrong first, in words."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
