"""A node’s real public port, an honest peer, and attackers of other addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from aiohttp.test_utils import unused_port

from fabnet.node.clock import StillClock
from fabnet.node.links import auth_http
from fabnet.node.links.door import Bounds, Door, open_door
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.links.public import WELL_KNOWN, make_public_app
from fabnet.node.store.blobs import Blobs
from fabnet.protocol.events import Event
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import seal_peer_record
from tests.node.storing import opened
from tests.protocol.minds import identity, key

HONEST = key(7)
FILE = bytes(range(256)) * 64 * 1_024
"""16 MiB: more than the buffers of two sockets hold."""
FEW = Bounds(connections=24, per_address=6, unread_s=0.5, proxies=())
QUICK = replace(FEW, head_s=1, linger_s=0.5)


@dataclass(slots=True)
class House:
    """A node's public port, and what its mind was told."""

    host: str
    port: int
    door: Door
    clock: StillClock
    cid: str
    told: list[Event] = field(default_factory=list)
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(
        self, address: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect from an address of this machine."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address, 0)
        )
        self.opened.append(writer)
        return reader, writer

    async def bearer(self, who: SigningKey = HONEST) -> str:
        """Log in as a peer, and return what to show from then on."""
        async with aiohttp.ClientSession() as session:
            login = await auth_http.login(
                session, f"http://{self.host}", self.host, who, None,
                now_ms=lambda: self.clock.tick_ms, token=StillClock().token,
            )  # fmt: skip
            return login.bearer

    async def serves_honest(self) -> bool:
        """Whether an honest peer logs in, and gets what everyone may."""
        headers = {"Authorization": await self.bearer()}
        async with aiohttp.ClientSession() as session:
            url = f"http://{self.host}{WELL_KNOWN}"
            async with session.get(url, headers=headers) as response:
                return response.status == 200 and b"fabnet" in await response.read()


@asynccontextmanager
async def house(path: Path, bounds: Bounds = FEW) -> AsyncIterator[House]:
    port = unused_port()
    host = f"127.0.0.1:{port}"
    clock, us = StillClock(), identity(1)
    told: list[Event] = []

    async def post(event: Event) -> None:
        told.append(event)

    async with opened(path) as store, AsyncExitStack() as stack:
        ours = seal_peer_record(us.key, 1, [])
        links = Links(
            us,
            store=store,
            peer_record=ours,
            post=post,
            standing=Standing(clock, store),
            tolls=Tolls(clock, lambda _: True),
        )
        auth = ServerAuth(
            us.key, frozenset({host}), bytes(32), lambda: clock.tick_ms, clock.token
        )
        blobs = Blobs.open(path / "blobs")
        cid = await blobs.put_bytes(FILE)
        app = make_public_app(auth=auth, links=links, blobs=blobs)
        door = await open_door(
            stack, app, ("127.0.0.1", port), shutdown_s=1, bounds=bounds
        )
        found = House(host, port, door, clock, cid, told)
        try:
            yield found
        finally:
            for writer in found.opened:
                writer.transport.abort()
            await asyncio.sleep(0)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return all that still came before the other side hung up."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionError:
            return b""
