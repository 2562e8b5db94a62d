"""What a liar is made of, and the three who lie about pieces of work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import ClassVar, Final

import msgspec

from fabnet.errors import RemoteError
from fabnet.node.links import frames
from fabnet.production import handoff
from fabnet.production.handoff import Confirm, LeaseRequest
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Send, Turn
from fabnet.protocol.handoff.workshop import Bench, Workshop
from fabnet.records.body import Body
from fabnet.records.ids import JobId, Now, PeerId, Window
from fabnet.records.message import Message, open_message, seal_message
from tests.sim.liars.watching import watched
from tests.sim.network import Network
from tests.sim.site import Site

EVERY_MS: Final = 3_600_000
"""How often a liar does something of its own accord."""
NETWORK: Final = "test"


class Talk(Body):
    """A body that means nothing to anyone."""

    words: str


@dataclass(slots=True)
class Liar:
    """A site that lies: its hooks, and what it does every hour."""

    network: Network
    site: Site
    acted: int = 0
    every_ms: ClassVar[int] = EVERY_MS
    serves: ClassVar[bool] = True
    """Whether everyone hears what it logs."""

    def begin(self) -> None:
        """Lie from now on."""
        watch = watched(self.network)
        watch.liars.add(self.site.id)
        if not self.serves:
            watch.silent.add(self.site.id)
        self.site.forge = self._forges
        self.site.lets_out, self.site.overhears = self.lets_out, self.overhears
        self.site.on_start = self.wakes
        self.wakes()
        self._again()

    def says(self, send: Send) -> Send:
        """Return what becomes of a message of its own."""
        return send

    def lets_out(self, _to: PeerId, _raw: bytes) -> bool:
        """Whether a frame of its own leaves."""
        return True

    def overhears(self, sender: PeerId, raw: bytes) -> None:
        """See a frame that came in."""

    def wakes(self) -> None:
        """Have a mind that was just begun."""

    def acts(self) -> None:
        """Do what nobody asked for."""

    # ------------------------------------------------------------------ what all can

    @property
    def others(self) -> list[Site]:
        """Everyone else who is up."""
        sites = self.network.sites.values()
        return [site for site in sites if site is not self.site and site.is_up]

    def speaks(self, to: PeerId, kind: str, body: Body) -> None:
        """Have the courier carry anything at all to somebody."""
        mind = self.site.mind
        if mind.courier.is_known(to) and mind.courier.has_room(to):
            turn = Turn(self.site.now())
            mind.courier.send(turn, to, kind, body)
            self.site.does(turn.effects, turn.now)

    def writes(self, to: PeerId, frame: frames.Frame) -> None:
        """Put any frame on the wire to somebody."""
        self.network.world.carry(self.site.id, to, frames.encode(frame))

    def resealed(self, message: Message, body: Body) -> Send:
        """Return a message in the place of another of its own."""
        header = message.header
        return Send(
            seal_message(
                self.site.identity.key, network=NETWORK, kind=message.kind,
                recipient=header.recipient, to=header.to,
                incarnation=header.incarnation, seq=header.seq,
                moment_ms=header.moment_ms, body=body,
            )
        )  # fmt: skip

    def _forges(self, send: Send) -> Send:
        said = self.says(send)
        watched(self.network).hears_of(said.message)
        return said

    def _again(self) -> None:
        if self.site.is_up:
            self.network.world.fired["lie"] += 1
            self.acted += 1
            self.acts()
        self.network.world.later(self.every_ms, self._again)


@dataclass(slots=True)
class LyingFinal(Liar):
    """Counts pieces that there are not, and none where there are some."""

    lie: int | None = None
    """Which lie it tells of every lot: none, all, or more than were asked for."""

    def says(self, send: Send) -> Send:
        message = send.message
        match message.kind:
            case handoff.RECEIPT:
                counted = message.read(handoff.Receipt)
                good = self._good(counted.job, counted.epoch, counted.good)
                body: Body = msgspec.structs.replace(counted, good=good)
            case handoff.FINAL:
                final = message.read(handoff.Final)
                good = self._good(final.job, final.epoch, final.good)
                body = msgspec.structs.replace(final, good=good)
            case _:
                return send
        return self.resealed(message, body)

    def _good(self, job: JobId, epoch: int, good: int) -> int:
        key = lot_key(job, epoch)
        making = self.site.disk.making(key)
        pieces = 1 if making is None else making.pieces
        drawn = hashlib.sha256(key.encode()).digest()[0] % 3
        lie = drawn if self.lie is None else self.lie
        return (0, pieces, good + pieces)[lie]


class Overbooked(Workshop):
    """Takes every window for free, whatever it promised of it."""

    __slots__ = ()

    def free(self, bench: Bench, now: Now, active: list[Making]) -> list[Window]:
        return Workshop.free(self, bench, now, active[:0])


@dataclass(slots=True)
class DoubleGranter(Liar):
    """Confirms one lot wherever it is leased, and leases one window to two."""

    asked: set[tuple[str, PeerId]] = field(default_factory=set)

    def wakes(self) -> None:
        self.site.mind.workshop.__class__ = Overbooked

    def says(self, send: Send) -> Send:
        message = send.message
        if message.kind != handoff.LEASE_REQUEST:
            return send
        asked = message.read(LeaseRequest)
        key = lot_key(asked.job, asked.epoch)
        self.asked.add((key, message.header.recipient))
        for (peer, _), live in list(self.site.mind.market.offers.items()):
            if (key, peer) not in self.asked and peer != self.site.id:
                self.asked.add((key, peer))
                machine, version = live.body.machine, live.version
                also = msgspec.structs.replace(
                    asked, machine=machine, version=version, pieces=asked.pieces + 1
                )
                self.speaks(peer, handoff.LEASE_REQUEST, also)
        return send

    def overhears(self, sender: PeerId, raw: bytes) -> None:
        try:
            frame = frames.decode(raw)
        except RemoteError:
            return  # the noise of another liar, which a liar need not bear
        if not isinstance(frame, frames.MessageFrame) or not self.site.is_up:
            return
        message = open_message(frame.envelope, network=NETWORK)
        if message.kind != handoff.LEASE:
            return
        lease = message.read(handoff.Lease)
        key = lot_key(lease.job, lease.epoch)
        lot = self.site.mind.book.lots.get(key)
        if lot is None or lot.maker != sender:
            said = Confirm(lease.job, lease.epoch, lease.maker, bytes(80))
            self.speaks(sender, handoff.CONFIRM, said)
