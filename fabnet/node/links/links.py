"""The open links, one for each peer, and what the peer's mind wants said on them.

Of two links with one peer that were dialled at once, both ends keep the one that the
lower peer id dialled. Who sends what it should have known to be wrong loses standing;
at the bound it loses its link, for a while.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fabnet.errors import MalformedError, RemoteError
from fabnet.node.clock import Clock
from fabnet.node.links.frames import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    BatchFrame,
    Frame,
    GotFrame,
    Heard,
    Hello,
    MessageFrame,
    Parcel,
    ProofsFrame,
    Reader,
    SubscribeFrame,
    opener,
)
from fabnet.node.links.link import Link, first_fault
from fabnet.node.store.store import Store
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.effects import (
    Compare,
    Lower,
    Send,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
)
from fabnet.protocol.events import Compared, Event, LinkDown, LinkUp, NothingToServe
from fabnet.protocol.voice import Identity
from fabnet.records.ids import PeerId
from fabnet.records.peer_record import open_peer_record

logger = logging.getLogger(__name__)

LINKS_MAX: Final = 256
"""Open links; one more is turned away. As many as the mind serves."""
FAULTS_MAX: Final = 20
"""Faults after which a peer is shut out: more than bad luck, fewer than a flood."""
SHUT_OUT_MS: Final = 600_000
FAULTY_MAX: Final = 1_000
"""Peers whose faults are remembered; beyond it the oldest are forgiven."""


@dataclass(slots=True)
class Standing:
    """What a peer did wrong of late."""

    faults: int = 0
    shut_until_tick: int = 0


class Links:
    """All open links, by peer."""

    def __init__(
        self,
        identity: Identity,
        *,
        clock: Clock,
        store: Store,
        peer_record: bytes,
        post: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._store = store
        self._hello = Hello("hello", identity.network, peer_record)
        self._post = post
        self._opened = opener(identity.network)
        self._links: dict[PeerId, Link] = {}
        self._standing: dict[PeerId, Standing] = {}
        self.addresses: dict[PeerId, tuple[Address, ...]] = {}
        """Where each linked peer says it can be reached; one entry a link."""

    def peers(self) -> list[PeerId]:
        """Return the peers with an open link, in order."""
        return sorted(self._links)

    def is_linked(self, peer: PeerId) -> bool:
        """Whether a link to `peer` is open."""
        return peer in self._links

    def is_shut_out(self, peer: PeerId) -> bool:
        """Whether `peer` did so much wrong that it must wait."""
        standing = self._standing.get(peer)
        now = self._clock.now().tick_ms
        return standing is not None and standing.shut_until_tick > now

    # ------------------------------------------------------------------ one link

    async def serve(self, link: Link) -> None:
        """Hold one authenticated link until it ends; blocks while it is open."""
        peer = link.peer
        if self.is_shut_out(peer) or len(self._links) >= LINKS_MAX:
            await link.close()
            return
        if not await self._adopt(link):
            return
        ours = self._identity
        reader = Reader(peer, ours.network, ours.incarnation, self._opened)
        link.send(self._hello)
        try:
            await link.serve(reader, lambda heard: self._hear(peer, heard))
        except* RemoteError as group:
            self.lower(Lower(peer, first_fault(group)))
        finally:
            await link.close()
            if self._links.get(peer) is link:
                del self._links[peer]
                self.addresses.pop(peer, None)
                logger.info("link to %s is down", peer)
                await self._post(LinkDown(peer))

    async def _adopt(self, link: Link) -> bool:
        held = self._links.get(link.peer)
        if held is not None:
            if held.dialler < link.dialler:
                await link.close()
                return False
            await held.close()
        self._links[link.peer] = link
        return True

    async def _hear(self, peer: PeerId, heard: Hello | Heard) -> None:
        if not isinstance(heard, Hello):
            await self._post(heard)
            return
        if heard.network != self._identity.network:
            raise MalformedError(f"hello: network {heard.network!r} is not ours")
        record = open_peer_record(heard.peer_record)
        if record.peer != peer:
            raise MalformedError("hello: a peer record of somebody else")
        self.addresses[peer] = tuple(_readable(record.addresses))
        logger.info("link to %s is up", peer)
        await self._post(LinkUp(peer))

    # ------------------------------------------------------------------ for the mind

    def subscribe(self, effect: Subscribe) -> None:
        """Ask a peer for its records."""
        frame = SubscribeFrame("subscribe", effect.incarnation, effect.cursor)
        self._send(effect.peer, frame)

    def got(self, effect: SendGot) -> None:
        """Confirm a batch."""
        self._send(effect.peer, GotFrame("got", effect.cursor))

    def prove(self, effect: SendProofs) -> None:
        """Send proofs of forks; whoever misses them gets all when it subscribes."""
        self._send(effect.peer, ProofsFrame("proofs", effect.proofs))

    def send(self, effect: Send) -> None:
        """Pass a message on, or drop it when no link is up: the courier repeats it."""
        message = effect.message
        frame = MessageFrame("message", message.envelope)
        self._send(message.header.recipient, frame)

    def lower(self, effect: Lower) -> None:
        """Lower a peer's standing, and shut it out when it has none left."""
        standing = self._standing.setdefault(effect.peer, Standing())
        if len(self._standing) > FAULTY_MAX:
            del self._standing[next(iter(self._standing))]
        standing.faults += 1
        logger.warning("%s: fault %d: %s", effect.peer, standing.faults, effect.why)
        if standing.faults >= FAULTS_MAX:
            standing.faults = 0
            standing.shut_until_tick = self._clock.now().tick_ms + SHUT_OUT_MS
            link = self._links.get(effect.peer)
            if link is not None:
                link.drop()

    async def serve_batch(self, effect: Serve) -> NothingToServe | None:
        """Send a batch of kept records; what a peer brought is not sent back to it."""
        records, cursor = await self._store.serve(
            effect.after,
            BATCH_RECORDS_MAX,
            effect.peer,
            lost=effect.lost,
            bytes_max=BATCH_BYTES_MAX,
        )
        if not records:
            return NothingToServe(effect.peer, cursor)
        parcels = tuple(Parcel(envelope, body) for envelope, body in records)
        ours = self._identity.incarnation
        self._send(effect.peer, BatchFrame("batch", ours, cursor, parcels))
        return None

    async def compare(self, effect: Compare) -> Compared:
        """Look up what is kept where records were heard again."""
        return Compared(tuple(await self._store.beside(effect.records)))

    def _send(self, peer: PeerId, frame: Frame) -> None:
        link = self._links.get(peer)
        if link is not None and not link.send(frame):
            logger.warning("%s does not keep up; its link is dropped", peer)
            link.drop()


def _readable(binaries: tuple[bytes, ...]) -> list[Address]:
    """Return the addresses we can dial; those of other transports are passed over."""
    found: list[Address] = []
    for binary in binaries:
        try:
            found.append(addresses.from_bytes(binary))
        except RemoteError as error:
            logger.debug("an address we cannot dial: %s", error)
    return found
