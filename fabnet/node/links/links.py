"""The open links, one for each peer, and what the peer's mind wants said on them.

Of two links with one peer that were dialled at once, both ends keep the one that the
lower peer id dialled. Who sends what it should have known to be wrong loses standing,
and at the bound its link, for a while; who asks for more than it may pay for waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from fabnet.errors import MalformedError, RemoteError
from fabnet.node.links.frames import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    Aside,
    ChunkFrame,
    CreditFrame,
    Frame,
    GotFrame,
    Heard,
    Hello,
    KnownFrame,
    MessageFrame,
    Parcel,
    ProbeFrame,
    ProofsFrame,
    Reader,
    ReturnedFrame,
    SubscribeFrame,
    SupplyFrame,
    WantFrame,
    batch,
    encode,
    opener,
)
from fabnet.node.links.hub.chunks import Chunks
from fabnet.node.links.hub.exchange import FORWARD_COST, Exchange
from fabnet.node.links.hub.mailbox import Mailbox
from fabnet.node.links.hub.whereabouts import Whereabouts
from fabnet.node.links.limits.standing import BLOCKED, Standing
from fabnet.node.links.limits.tolls import (
    FRAME_COST,
    RECORD_COST,
    WAIT_MS_MAX,
    Payer,
    Tolls,
    size_cost,
)
from fabnet.node.links.link import Link, first_fault
from fabnet.node.store.store import Store
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.effects import (
    Compare,
    Lower,
    Probe,
    Reconcile,
    Send,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Supply,
    TellKnown,
    Weigh,
)
from fabnet.protocol.events import (
    BatchHeard,
    Compared,
    Event,
    LinkDown,
    LinkUp,
    MessageHeard,
    NothingToServe,
    ProofsHeard,
    SupplyHeard,
    Weighed,
)
from fabnet.protocol.ranges.words import Ranges
from fabnet.protocol.voice import Identity
from fabnet.records.ids import PeerId
from fabnet.records.peer_record import open_peer_record
from fabnet.records.refusal import Refusal

logger = logging.getLogger(__name__)

LINKS_MAX: Final = 256
"""Open links; as many as the mind serves."""
INBOUND_MAX: Final = LINKS_MAX - 16
"""Links that others dialled; the rest are for peers that we choose. At the bound a
stranger makes room for a peer that is known, and nobody else does."""
STRANGERS_MAX: Final = 32
"""Links of peers that nobody vouches for; one more is turned away."""
OWED_MAX: Final = 16
"""What a link may owe before it is charged: to charge for each frame takes as long as
to read it."""
TOO_MUCH: Final = "too-much"
FULL: Final = "full"


class Links:
    """All open links, by peer."""

    def __init__(
        self,
        identity: Identity,
        *,
        store: Store,
        peer_record: bytes,
        post: Callable[[Event], Awaitable[None]],
        standing: Standing,
        tolls: Tolls,
    ) -> None:
        self._identity = identity
        self.standing = standing
        self.tolls = tolls
        self._store = store
        self._hello = Hello("hello", identity.network, peer_record)
        self._post = post
        self._opened = opener(identity.network)
        self._links: dict[PeerId, Link] = {}
        self.addresses: dict[PeerId, tuple[Address, ...]] = {}
        """Where each linked peer says it can be reached; one entry a link."""
        clock = tolls.clock
        self.exchange = Exchange(
            identity.peer,
            wire=self,
            mailbox=Mailbox(store, clock),
            whereabouts=Whereabouts(store, clock),
            is_known=tolls.is_known,
            may_forward=tolls.may_forward,
        )
        self.chunks: Chunks | None = None
        """Who gives and takes files over links; nil where there are none."""

    def introduce(self, peer_record: bytes) -> None:
        """Say on every link from now on that we are reached as `peer_record` says."""
        network = self._identity.network
        self._hello = Hello("hello", network, peer_record)

    def peers(self) -> list[PeerId]:
        """Return the peers with an open link, in order."""
        return sorted(self._links)

    def is_linked(self, peer: PeerId) -> bool:
        """Whether a link to `peer` is open."""
        return peer in self._links

    def dialled(self) -> list[PeerId]:
        """Return the peers whose link we dialled, in order."""
        ours = self._identity.peer
        return sorted(
            link.peer for link in self._links.values() if link.dialler == ours
        )

    def why_not(self, payer: Payer) -> str | None:
        """Return why a link that somebody dialled is turned away now, or nil."""
        why = self.standing.why_not(payer.peer)
        if why is not None:
            return why
        if self.tolls.pay(payer, 0) > WAIT_MS_MAX:
            return TOO_MUCH
        if payer.peer in self._links:
            return None
        inbound = [it for it in self._links.values() if it.dialler == it.peer]
        strangers = [it for it in inbound if not self.tolls.is_known(it.peer)]
        if self.tolls.is_known(payer.peer):
            return FULL if len(inbound) - len(strangers) >= INBOUND_MAX else None
        is_full = len(strangers) >= STRANGERS_MAX or len(inbound) >= INBOUND_MAX
        return FULL if is_full else None

    def let_go(self) -> None:
        """End every link, since the node stops; waits for nobody."""
        for link in self._links.values():
            link.drop()

    async def block(
        self, peer: PeerId, why: str, until_ms: int | None
    ) -> Refusal | None:
        """Hold no link with a peer any more, as the operator says."""
        refusal = await self.standing.block(peer, why, until_ms)
        link = self._links.get(peer)
        if refusal is None and link is not None:
            await link.close(BLOCKED)
        return refusal

    # ------------------------------------------------------------------ one link

    async def serve(self, link: Link) -> None:
        """Hold one authenticated link until it ends; blocks while it is open."""
        peer = link.peer
        why = self._why_not_serve(link)
        if why is not None:
            await link.close(why)
            return
        held = self._links.get(peer)
        if held is not None and held.dialler < link.dialler:
            await link.close()
            return
        self._adopt(link)
        ours = self._identity
        reader = Reader(peer, ours.network, ours.incarnation, self._opened)
        link.send(self._hello)
        self.exchange.up(peer)
        try:
            if held is not None:
                await held.close()
            await link.serve(reader, partial(self._hear, link))
        except* RemoteError as group:
            self.lower(Lower(peer, first_fault(group)))
        finally:
            self._settle(link)
            await link.close()
            if self._links.get(peer) is link:
                del self._links[peer]
                self.addresses.pop(peer, None)
                self.exchange.down(peer)
                logger.info("link to %s is down", peer)
                await self._post(LinkDown(peer))

    def _why_not_serve(self, link: Link) -> str | None:
        if link.dialler == link.peer:
            return self.why_not(Payer(link.peer, link.block))
        is_full = link.peer not in self._links and len(self._links) >= LINKS_MAX
        return FULL if is_full else self.standing.why_not(link.peer)

    def _adopt(self, link: Link) -> None:
        """Take a link in, before anything waits: of two at once each sees the other."""
        is_new = link.peer not in self._links
        if is_new and len(self._links) >= INBOUND_MAX and link.dialler == link.peer:
            self._make_room()
        self._links[link.peer] = link

    def _make_room(self) -> None:
        """Let go of one stranger: a peer that is known wants its place."""
        for other in self._links.values():
            is_inbound = other.dialler == other.peer
            if is_inbound and not self.tolls.is_known(other.peer):
                other.drop()
                return

    async def _hear(self, link: Link, heard: Hello | Heard | Aside) -> None:
        link.owes += FRAME_COST + RECORD_COST * _signatures(heard)
        if link.owes >= OWED_MAX and not await self._pay(link, 0):
            return
        match heard:
            case MessageHeard():
                await self._hear_message(link, heard)
            case Hello():
                await self._greet(link.peer, heard)
            case CreditFrame() | ReturnedFrame() | WantFrame() | ChunkFrame():
                await self._hear_aside(link, heard)
            case _:
                await self._post(heard)

    async def _hear_message(self, link: Link, heard: MessageHeard) -> None:
        """Take a message, from its author or by way of a hub; or be the hub."""
        message = heard.message
        if message.header.recipient != self._identity.peer:
            if await self._pay(link, FORWARD_COST):
                await self.exchange.forward(link.peer, message)
            return
        await self._post(heard)
        if message.author != link.peer and self._links.get(link.peer) is link:
            self.exchange.took(link.peer, message)

    async def _hear_aside(self, link: Link, frame: Aside) -> None:
        if self._links.get(link.peer) is not link:
            return  # another link took its place, and counts anew
        match frame:
            case CreditFrame(_, messages):
                await self.exchange.credit(link.peer, messages)
            case ReturnedFrame():
                self.exchange.returned(link.peer, frame)
            case WantFrame() if self.chunks is not None:
                await self.chunks.give(link.peer, frame)
            case ChunkFrame() if self.chunks is not None:
                self.chunks.heard(link.peer, frame)
            case _:
                pass

    async def _greet(self, peer: PeerId, heard: Hello) -> None:
        if heard.network != self._identity.network:
            raise MalformedError(f"hello: network {heard.network!r} is not ours")
        record = open_peer_record(heard.peer_record)
        if record.peer != peer:
            raise MalformedError("hello: a peer record of somebody else")
        self.addresses[peer] = tuple(_readable(record.addresses))
        self.exchange.whereabouts.told(record)
        logger.info("link to %s is up", peer)
        await self._post(LinkUp(peer))
        self.exchange.deliver(peer)

    async def _pay(self, link: Link, cost: int) -> bool:
        """Note a cost, charge it with others, wait out debts; false when it is over.

        A link that waits is not read, so that whoever floods it fills its own wire.
        """
        link.owes += cost
        if link.owes < OWED_MAX:
            return True
        payer = Payer(link.peer, link.block)
        wait_ms, waited_ms = self._settle(link), 0
        while wait_ms > 0:
            waited_ms += wait_ms
            if waited_ms > WAIT_MS_MAX:
                self.tolls.counted["refused"] += 1
                logger.warning("%s asks for more than it may; its link ends", link.peer)
                await link.close(TOO_MUCH)
                return False
            self.tolls.counted["waited"] += 1
            await asyncio.sleep(wait_ms / 1_000)
            wait_ms = self.tolls.pay(payer, 0)
        return True

    def _settle(self, link: Link) -> int:
        """Charge a link's peer for all it owes; return the milliseconds to wait."""
        owed, link.owes = link.owes, 0
        return self.tolls.pay(Payer(link.peer, link.block), owed)

    def charge(self, peer: PeerId, cost: int) -> None:
        """Charge a peer for what was done for it later; what came on a stick is free.

        Its records are ours to bring: an operator waits for them, and no stranger.
        """
        if peer == self._identity.peer:
            return
        link = self._links.get(peer)
        self.tolls.pay(Payer(peer, None if link is None else link.block), cost)

    # ------------------------------------------------------------------ for the mind

    def subscribe(self, effect: Subscribe) -> None:
        """Ask a peer for its records."""
        at = effect.incarnation, effect.cursor
        frame = SubscribeFrame("subscribe", *at, int(effect.brief), effect.sum)
        self._send(effect.peer, frame)

    def probe(self, effect: Probe) -> None:
        """Ask a peer what it has of ours."""
        self._send(effect.peer, ProbeFrame("probe"))

    async def tell_known(self, effect: TellKnown) -> None:
        """Show a peer what we have of its own."""
        envelopes: list[bytes] = []
        for id_ in effect.records:
            record = await self._store.record(id_)
            if record is not None:
                envelopes.append(record.envelope)
        self._send(effect.peer, KnownFrame("known", tuple(envelopes)))

    def got(self, effect: SendGot) -> None:
        """Confirm a batch."""
        self._send(effect.peer, GotFrame("got", effect.cursor, effect.enough))

    def prove(self, effect: SendProofs) -> None:
        """Send proofs of forks; whoever misses them gets all when it subscribes."""
        self._send(effect.peer, ProofsFrame("proofs", effect.proofs))

    def send(self, effect: Send) -> None:
        """Pass a message on, over a link or a hub's; if none is up, it is repeated."""
        message = effect.message
        if not self.is_linked(message.header.recipient):
            self.exchange.route(message)
            return
        frame = MessageFrame("message", message.envelope)
        self._send(message.header.recipient, frame)

    def lower(self, effect: Lower) -> None:
        """Lower a peer's standing, and shut it out when it has none left."""
        if self.standing.lower(effect.peer, effect.why):
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
        link = self._links.get(effect.peer)
        size = sum(len(envelope) + len(body or b"") for envelope, body in records)
        if link is None or not await self._pay(link, size_cost(size)):
            return None
        ours = self._identity.incarnation
        self._send(effect.peer, batch(effect, ours, cursor, records))
        return None

    async def reconcile(self, effect: Reconcile) -> None:
        """Say what finds out how what we have differs from what a peer has."""
        said, link = effect.said, self._links.get(effect.peer)
        # Who asks pays for the answer.
        cost = size_cost(len(encode(said))) if isinstance(said, Ranges) else 0
        if link is not None and await self._pay(link, cost):
            self._send(effect.peer, said)

    async def supply(self, effect: Supply) -> None:
        """Send a peer the records that it asked for by their places."""
        done, found = await self._store.supply(
            effect.places, BATCH_RECORDS_MAX, bytes_max=BATCH_BYTES_MAX
        )
        link = self._links.get(effect.peer)
        size = sum(len(envelope) + len(body or b"") for envelope, body in found)
        if link is not None and await self._pay(link, size_cost(size)):
            parcels = tuple(Parcel(*each) for each in found)
            self._send(effect.peer, SupplyFrame("supply", effect.step, done, parcels))

    async def compare(self, effect: Compare) -> Compared:
        """Look up what is kept where records were heard again."""
        return await self._store.beside(effect.records)

    async def weigh(self, effect: Weigh) -> Weighed:
        """Weigh what is kept of one log."""
        return await self._store.weigh(effect)

    def pass_on(self, peer: PeerId, frame: Frame) -> bool:
        """Queue a frame for a linked peer; false when it did not go."""
        link = self._links.get(peer)
        if link is None:
            return False
        sent = link.send(frame)
        if not sent:
            logger.warning("%s does not keep up; its link is dropped", peer)
            link.drop()
        return sent

    def _send(self, peer: PeerId, frame: Frame) -> None:
        self.pass_on(peer, frame)


def _signatures(heard: Hello | Heard | Aside) -> int:
    """Return how many signatures were checked to read a frame."""
    if isinstance(heard, ProofsHeard):
        return 2 * len(heard.proofs)
    return len(heard.records) if isinstance(heard, BatchHeard | SupplyHeard) else 0


def _readable(binaries: tuple[bytes, ...]) -> list[Address]:
    """Return the addresses we can dial; those of other transports are passed over."""
    found: list[Address] = []
    for binary in binaries:
        try:
            found.append(addresses.from_bytes(binary))
        except RemoteError as error:
            logger.debug("an address we cannot dial: %s", error)
    return found
