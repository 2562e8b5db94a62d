"""The listening socket of the public port: whose connections are held, and how long.

A connection costs memory and a file before it has said a word, so what is decided here
is decided by its address alone. Theory of operation: each new connection meets a
threshold, which counts those that are held. Within the bounds it becomes a connection
of the HTTP server's; at the bound of its address it is ended at once; and when the
house is full, whoever holds most connections loses the oldest of them, so one address,
or a few, can keep nobody else out. Where nobody holds more than one, or all are behind
one proxy, the oldest goes on which nobody is served: so whoever comes and asks at once
is answered, and a link or a file under way is never cut off.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from fabnet.node.links.guard import (
    HEADER_LINE_BYTES_MAX,
    HEADERS_MAX,
    IpNetwork,
)
from fabnet.node.links.limits.blocks import block_of, ip_of

logger = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 512
"""Connections held at once: twice as many as links, for logins and files beside."""
PER_ADDRESS_MAX: Final = 32
"""Of one IPv4 address or one /64: four nodes of a household behind one router, each
with as many as it opens to one host."""
HEAD_S_MAX: Final = 20
"""Seconds for a request's head to come whole, and for the next to begin; our own
dialler lets a quiet connection go after fifteen."""
QUEUE_MAX: Final = 1_024
"""Connections that wait in the kernel until they are taken; more come again by TCP's
own rules, after a second."""
TURNS_MIN: Final = 32
"""Turns of the loop for which nobody who comes has to go, however many come with it.
It takes four until what a newcomer said is heard; so whoever asks at once is being
answered before it can be the oldest that says nothing."""
UNREAD_S_MAX: Final = 30
"""Seconds that a peer may leave what we sent unread; then its connection is ended."""
LINGER_S_MAX: Final = 2
"""Seconds for the rest of a body that nobody here asked for."""
HOME: Final[tuple[IpNetwork, ...]] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)
"""Where a proxy of our own stands unless the operator says otherwise: behind it are
many, so it is not counted by address."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a node its public port may hold."""

    connections: int = CONNECTIONS_MAX
    per_address: int = PER_ADDRESS_MAX
    head_s: float = HEAD_S_MAX
    unread_s: float = UNREAD_S_MAX
    linger_s: float = LINGER_S_MAX
    proxies: tuple[IpNetwork, ...] = HOME
    """Addresses that stand for many, and have no bound of their own."""


def household_of(address: str, proxies: Sequence[IpNetwork]) -> str | None:
    """Return what one household has of addresses; nil where a proxy stands."""
    found = ip_of(address)
    if found is None:
        return None  # a socket file: whoever opens it is on this machine
    if any(found in network for network in proxies):
        return None
    return block_of(address, ip4_bits=32)


def makes_room(
    held: Sequence[str | None],
    newcomer: str | None,
    bounds: Bounds,
    *,
    waiting: Iterable[int] = (),
) -> int | None:
    """Return which of the `held` must go for a newcomer, the oldest first.

    On those at the places `waiting` nothing is answered now. -1 says that there is
    room; nil that the newcomer must go itself.
    """
    counts = Counter(block for block in held if block is not None)
    ours = 0 if newcomer is None else counts[newcomer]
    if ours >= bounds.per_address:
        return None
    if len(held) < bounds.connections:
        return -1
    greatest = max(counts.values(), default=0)
    if greatest <= ours + 1:
        return None if ours else next(iter(waiting), None)
    largest = {block for block, count in counts.items() if count == greatest}
    return next(at for at, block in enumerate(held) if block in largest)


Served = set[asyncio.BaseTransport]
"""Connections on which a request is being answered; a link is one for as long as it is
up."""


def serving(served: Served) -> Middleware:
    """Return what notes the connections on which a request is being answered."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            return await handler(request)
        served.add(transport)
        try:
            return await handler(request)
        finally:
            served.discard(transport)

    return note


class Door:
    """Decides about each new connection, and hands it to the HTTP server."""

    def __init__(self, server: web.Server, bounds: Bounds, served: Served) -> None:
        self.bounds = bounds
        self.refused = 0
        """Connections that were ended for want of room, newcomers' and others'."""
        self._server = server
        self._served = served
        # Thousands knock in a second: an address is read once, not at each knock.
        self._households: dict[asyncio.Transport, str | None] = {}

    def held(self) -> list[asyncio.Transport]:
        """Return the connections that are open now, the oldest first."""
        known = self._households
        for gone in [each for each in known if each.is_closing()]:
            del known[gone]
        return list(known)

    def threshold(self) -> asyncio.Protocol:
        """Return what a connection meets first."""
        return _Threshold(self)

    def take(self, transport: asyncio.Transport) -> None:
        """Let a new connection in, or end it."""
        held, household = self.held(), self._household(transport)
        blocks, served = list(self._households.values()), self._served
        waiting = (at for at, each in enumerate(held) if each not in served)
        goes = makes_room(blocks, household, self.bounds, waiting=waiting)
        if goes != -1:
            self.refused += 1
            (transport if goes is None else held[goes]).abort()
        if goes is None:
            return
        self._households[transport] = household
        _bound_unread(transport, self.bounds.unread_s)
        inside = self._server()
        transport.set_protocol(inside)
        inside.connection_made(transport)

    def _household(self, transport: asyncio.Transport) -> str | None:
        name = transport.get_extra_info("peername")
        address = name[0] if isinstance(name, tuple) else ""
        return household_of(str(address), self.bounds.proxies)


def _tells_of_us(record: logging.LogRecord) -> bool:
    """Whether a line of the HTTP server's log is about us, and not a stranger's noise.

    aiohttp logs each request that does not parse with its traceback: 3 KB of disk for
    whoever sends a line feed.
    """
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, HttpProcessingError)


class _Threshold(asyncio.Protocol):
    def __init__(self, door: Door) -> None:
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._door.take(transport)


def _bound_unread(transport: asyncio.Transport, unread_s: float) -> None:
    """Have the system end a connection whose other side is gone, or does not read."""
    held = transport.get_extra_info("socket")
    if held is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        option = socket.TCP_USER_TIMEOUT
        held.setsockopt(socket.IPPROTO_TCP, option, int(unread_s * 1_000))


async def open_door(
    stack: AsyncExitStack, app: web.Application, at: tuple[str, int], *,
    shutdown_s: float, bounds: Bounds | None = None,
) -> Door:  # fmt: skip
    """Serve `app` at host and port until `stack` is closed."""
    limits = bounds or Bounds()
    logger.addFilter(_tells_of_us)
    served: Served = set()
    app.middlewares.insert(0, serving(served))
    runner = web.AppRunner(
        app,
        auto_decompress=False,
        access_log=None,
        logger=logger,
        keepalive_timeout=limits.head_s,
        lingering_time=limits.linger_s,
        max_line_size=HEADER_LINE_BYTES_MAX,
        max_field_size=HEADER_LINE_BYTES_MAX,
        max_headers=HEADERS_MAX,
        shutdown_timeout=shutdown_s,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None, "set up above"
    door = Door(runner.server, limits, served)
    loop = asyncio.get_running_loop()
    # asyncio has one number for how many it takes in a turn and for how many may wait.
    listening = await loop.create_server(
        door.threshold,
        *at,
        reuse_address=True,
        backlog=max(1, limits.connections // TURNS_MIN),
    )
    stack.callback(listening.close)
    for each in listening.sockets:
        with each.dup() as same:
            same.listen(QUEUE_MAX)
    return door
