"""One node's public port, and guests that log in at it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer, unused_port

from fabnet.node.clock import StillClock
from fabnet.node.links import auth_http, frames
from fabnet.node.links.frames import BatchFrame, Hello, Parcel
from fabnet.node.links.limits.proxies import proxies_in
from fabnet.node.links.limits.standing import TABLE, Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.links.public import WS_PATH, make_public_app
from fabnet.node.store.blobs import Blobs
from fabnet.protocol.events import Event
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.record import Record, seal_record
from tests.node.storing import opened
from tests.protocol.minds import FIRST, NOON_MS, Said, identity, key

GUEST = key(7)
"""Who dials."""


@dataclass(slots=True)
class Door:
    """One node's public port, and what its mind was told."""

    host: str
    links: Links
    clock: StillClock
    blobs: Blobs
    known: set[PeerId]
    """Whoever is vouched for."""
    told: list[Event] = field(default_factory=list)

    def has_heard(self, kind: type[Event], count: int) -> bool:
        return len(self.heard(kind)) == count

    def heard(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.told if isinstance(event, kind)]


@asynccontextmanager
async def door(
    path: Path,
    *known: SigningKey,
    proxies: Iterable[str] = (),
    name: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Door]:
    """Open the port; `known` are vouched for, and `proxies` stand before it."""
    port = unused_port()
    host = f"{name}:{port}"
    clock = StillClock()
    vouched = {each.public.peer for each in known}
    us = identity(1)
    told: list[Event] = []

    async def post(event: Event) -> None:
        told.append(event)

    async with opened(path) as store:
        ours = seal_peer_record(us.key, 1, [])
        standing = Standing(clock, store)
        standing.restore((await asyncio.to_thread(store.rows)).get(TABLE, {}))
        links = Links(
            us, store=store, peer_record=ours, post=post, standing=standing,
            tolls=Tolls(clock, vouched.__contains__),
        )  # fmt: skip
        auth = ServerAuth(
            us.key, frozenset({host}), bytes(32), lambda: clock.tick_ms, clock.token
        )
        blobs = Blobs.open(path / "blobs")
        app = make_public_app(
            auth=auth, links=links, blobs=blobs, proxies=proxies_in([*proxies])
        )
        server = TestServer(app, port=port)
        await server.start_server(ssl=tls)
        try:
            yield Door(host, links, clock, blobs, vouched, told)
        finally:
            await server.close()


@asynccontextmanager
async def knock(
    at: Door,
    who: SigningKey = GUEST,
    headers: Mapping[str, str] | None = None,
    *,
    answers_pings: bool = True,
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession(headers=headers) as session:
        login = await auth_http.login(
            session, f"http://{at.host}", at.host, who, None,
            now_ms=lambda: at.clock.tick_ms, token=StillClock().token,
        )  # fmt: skip
        shown = {"Authorization": login.bearer}
        url = f"http://{at.host}{WS_PATH}"
        async with session.ws_connect(
            url, headers=shown, autoping=answers_pings
        ) as socket:
            yield socket


async def closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the other side has hung up."""
    async with asyncio.timeout(5):
        async for _ in socket:
            pass


async def settled(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0.01)


def said(words: str) -> Record:
    return seal_record(
        GUEST, network="test", kind="notice.said/1", incarnation=FIRST, seq=1,
        prev=None, moment_ms=NOON_MS, about="it", body=Said(words),
    )  # fmt: skip


def hello(network: str = "test", whose: SigningKey = GUEST) -> bytes:
    return frames.encode(Hello("hello", network, seal_peer_record(whose, 1, [])))


def batch(envelope: bytes, body: bytes | None) -> bytes:
    return frames.encode(BatchFrame("batch", FIRST, 1, (Parcel(envelope, body),), ()))
