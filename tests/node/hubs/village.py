"""A few nodes with real links over real sockets; their minds only listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer, unused_port

from fabnet.node.clock import StillClock
from fabnet.node.hubs.errands import Errands
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.guard import client_session
from fabnet.node.links.hub.chunks import Chunks
from fabnet.node.links.hub.exchange import Exchange
from fabnet.node.links.hub.mailbox import TABLE
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.links.public import make_public_app
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.effects import Send
from fabnet.protocol.events import Event, MessageHeard
from fabnet.records.ids import PeerId
from fabnet.records.message import Message, seal_message
from fabnet.records.peer_record import open_peer_record, seal_peer_record
from tests.node.door import settled
from tests.node.storing import opened
from tests.protocol.minds import FIRST, NOON_MS, Said, identity, key

VILLAGE = frozenset(key(number).public.peer for number in range(1, 7))
"""Whoever is vouched for: keys 1 to 6."""


def peer(number: int) -> PeerId:
    return key(number).public.peer


@dataclass(slots=True)
class Neighbour:
    """One node of the village."""

    number: int
    links: Links
    store: Store
    blobs: Blobs
    clock: StillClock
    dialler: Dialler
    session: aiohttp.ClientSession
    tasks: asyncio.TaskGroup
    address: Address | None
    """Where it can be dialled; nil for one that nobody can dial."""
    told: list[Event] = field(default_factory=list)

    @property
    def peer(self) -> PeerId:
        return peer(self.number)

    @property
    def exchange(self) -> Exchange:
        return self.links.exchange

    def words(self) -> list[str]:
        """Return what messages it took, in order."""
        return [
            event.message.read(Said).words
            for event in self.told
            if isinstance(event, MessageHeard)
        ]

    def attaches_to(self, *hubs: Neighbour) -> None:
        """Say from now on that it is reached by way of these hubs."""
        self.links.introduce(relayed_record(self.number, hubs))

    async def dials(self, other: Neighbour) -> None:
        """Hold a link to another from now on."""
        assert other.address is not None
        self.tasks.create_task(self.dialler.hold(other.address))
        await settled(lambda: other.links.addresses.get(self.peer) is not None)
        await settled(lambda: self.links.addresses.get(other.peer) is not None)

    async def hears_where(self, other: Neighbour, *hubs: Neighbour) -> None:
        """Learn from gossip by way of which hubs another is reached."""
        record = open_peer_record(relayed_record(other.number, hubs or (other,)))
        self.exchange.whereabouts.told(record)
        await self.exchange.whereabouts.find(other.peer)

    def says(self, to: int, words: str, seq: int = 1) -> Message:
        """Send a message; the same words again are the same message repeated."""
        message = letter(self.number, to, words, seq)
        self.links.send(Send(message))
        return message

    async def leaves(self) -> None:
        """Go off the net, as by a power cut."""
        for other in self.links.peers():
            await self.links.block(other, "away", None)
            await self.links.standing.unblock(other)
        await settled(lambda: not self.links.peers())


def letter(author: int, to: int, words: str, seq: int = 1) -> Message:
    return seal_message(
        key(author), network="test", kind="talk/1", recipient=peer(to), to=FIRST,
        incarnation=FIRST, seq=seq, moment_ms=NOON_MS, body=Said(words),
    )  # fmt: skip


def relayed_record(number: int, hubs: Sequence[Neighbour]) -> bytes:
    ways = [
        addresses.to_bytes(hub.address)
        if hub.number == number
        else addresses.to_relayed(hub.address, peer(number))
        for hub in hubs
        if hub.address is not None
    ]
    return seal_peer_record(key(number), 2, ways)


@asynccontextmanager
async def neighbour(
    path: Path, number: int, *, is_public: bool = False
) -> AsyncIterator[Neighbour]:
    """Start a node; one that is not public listens nowhere."""
    us, clock = identity(number), StillClock()
    port = unused_port()
    told: list[Event] = []

    async def post(event: Event) -> None:
        told.append(event)

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened(path / str(number)))
        address = addresses.parse(f"/ip4/127.0.0.1/tcp/{port}/http/p2p/{us.peer}")
        listed = [addresses.to_bytes(address)] if is_public else []
        links = Links(
            us, store=store, peer_record=seal_peer_record(us.key, 1, listed), post=post,
            standing=Standing(clock, store), tolls=Tolls(clock, VILLAGE.__contains__),
        )  # fmt: skip
        rows = await asyncio.to_thread(store.rows)
        links.exchange.mailbox.restore(rows.get(TABLE, {}))
        blobs = Blobs.open(path / str(number) / "blobs")
        links.chunks = Chunks(blobs, links, links.charge)
        session = await stack.enter_async_context(client_session(allow_private=True))
        dialler = Dialler(us, links=links, session=session, clock=clock)
        if is_public:
            auth = ServerAuth(
                us.key, frozenset({addresses.authority(address)}), bytes(32),
                lambda: clock.tick_ms, clock.token,
            )  # fmt: skip
            app = make_public_app(auth=auth, links=links, blobs=blobs)
            server = TestServer(app, port=port)
            await server.start_server()
            stack.push_async_callback(server.close)
        async with asyncio.TaskGroup() as tasks:
            errands = Errands(dialler.hold)
            links.exchange.errand = errands.ask
            routing = tasks.create_task(links.exchange.keep())
            dialling = tasks.create_task(errands.keep())
            here = address if is_public else None
            node = Neighbour(
                number, links, store, blobs, clock, dialler, session, tasks, here, told
            )
            try:
                yield node
            finally:
                routing.cancel()
                dialling.cancel()
                await node.leaves()
