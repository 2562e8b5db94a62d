"""The courier: messages to one peer, in order, repeated until acknowledged.

A message is durable in the outbox before it first leaves, and leaves it only when the
recipient says that it is on its disk. The recipient takes messages strictly in order:
one that is early is not taken, and will come again; one that is late is acknowledged
again and otherwise ignored. So what is lost, doubled or out of order does no harm.

Databases come and go. Every message names the database of the recipient it is meant
for; one that was lost since never takes it, and says so by acknowledging nothing under
its own incarnation. What waits is then signed anew for that one, counted from 1. The
other way round, once a newer database of an author has spoken, an older one is refused
for ever: what it said may have been taken back by what was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.production.handoff import ACK, Ack
from fabnet.protocol.effects import Drop, Send, Turn
from fabnet.protocol.voice import CountRow, Identity
from fabnet.records.body import Body
from fabnet.records.ids import Count, Incarnation, PeerId
from fabnet.records.message import (
    MESSAGE_BYTES_MAX,
    Message,
    MessageHeader,
    readdress,
    seal_message,
)

OUTBOX_MAX: Final = 1_000
"""Unacknowledged messages to one peer; at the bound nothing new is begun with it."""
BURST_MAX: Final = 32
"""Messages repeated at once: a peer that comes back is not drowned."""
SKIP_MAX: Final = 100_000
"""Messages that a restored node may have sent and not remember; whoever acknowledges
more than that is not believed."""
FIRST_RETRY_MS: Final = 2_000
RETRY_MS_MAX: Final = 15 * 60_000
"""The longest wait between repeats. The courier never gives up by itself."""


class OutboxRow(Body):
    """One message on its way."""

    envelope: Annotated[bytes, msgspec.Meta(max_length=MESSAGE_BYTES_MAX + 256)]
    seq: Count


class RouteRow(Body):
    """How far we counted to one database of a recipient."""

    next_seq: Count
    to: Incarnation


@dataclass(slots=True)
class Route:
    """What is on its way to one peer."""

    to: Incarnation
    next_seq: int = 1
    waiting: dict[int, Message] = field(default_factory=dict)
    """Unacknowledged, by seq, in order."""
    retry_ms: int = FIRST_RETRY_MS
    due_tick: int = 0
    """When to repeat, in ticks; only while something waits."""


@dataclass(slots=True)
class Courier:
    """Carries our messages out, and takes others' in order."""

    identity: Identity
    routes: dict[PeerId, Route] = field(default_factory=dict)
    taken: dict[PeerId, int] = field(default_factory=dict)
    """Highest contiguous seq taken from the newest database of each author."""
    newest: dict[PeerId, Incarnation] = field(default_factory=dict)
    """The newest database of each peer that we heard of."""
    void: list[tuple[str, str]] = field(default_factory=list)
    """Rows of an earlier database of ours: what it had on its way is not said again."""
    unsent: dict[str, MessageHeader] = field(default_factory=dict)
    """What was on its way in a shape that is not spoken any more, to be signed anew."""

    def wake(self, turn: Turn) -> None:
        """After a restart: let go of what an earlier database of ours had under way."""
        for table, key in self.void:
            turn.do(Drop(table, key))
        self.void.clear()
        for key, header in sorted(self.unsent.items()):
            turn.do(Drop("unsent", key))
            self._say_anew(turn, header)
        self.unsent.clear()

    def meet(self, turn: Turn, peer: PeerId, incarnation: Incarnation) -> bool:
        """Know that a peer spoke as `incarnation`; return whether it was reborn so."""
        before = self.newest.get(peer)
        if peer == self.identity.peer or (before is not None and incarnation <= before):
            return False
        self.newest[peer] = incarnation
        turn.put("met", peer, incarnation)
        if self.taken.pop(peer, None) is not None:
            turn.do(Drop("taken", peer))
        route = self.routes.get(peer)
        if route is not None:
            self._readdress(turn, route, peer, incarnation)
        return before is not None

    def is_known(self, peer: PeerId) -> bool:
        """Whether we heard of a database of this peer, and so may speak to it."""
        return peer == self.identity.peer or peer in self.newest

    def has_room(self, recipient: PeerId) -> bool:
        """Whether something new may be begun with a peer."""
        route = self.routes.get(recipient)
        return route is None or len(route.waiting) < OUTBOX_MAX

    def send(self, turn: Turn, recipient: PeerId, kind: str, body: Body) -> None:
        """Have `body` reach `recipient`, however long it takes."""
        route = self.routes.setdefault(recipient, Route(self.known(recipient)))
        message = self._seal(turn, recipient, kind, route.next_seq, body)
        self._wait(turn, route, message)
        turn.do(Send(message))

    def hear(self, turn: Turn, message: Message) -> bool:
        """Take a message; return whether it is new and next, and so to be acted on.

        Its author was met before, as the database that it speaks as.
        """
        header = message.header
        if header.incarnation < self.known(header.author):
            return False
        if message.kind == ACK:
            self._acknowledged(turn, message)
            return False
        if header.to != self.identity.incarnation:
            self._acknowledge(turn, message, 0)
            return False
        last = self.taken.get(header.author, 0)
        if header.seq > last + 1:
            return False
        is_next = header.seq == last + 1
        if is_next:
            last = header.seq
            self.taken[header.author] = last
            turn.put("taken", header.author, CountRow(last))
        self._acknowledge(turn, message, last)
        return is_next

    def link_up(self, turn: Turn, peer: PeerId) -> None:
        """Repeat at once what waits for a peer that has come back."""
        route = self.routes.get(peer)
        if route is not None and route.waiting:
            route.retry_ms = FIRST_RETRY_MS
            self._repeat(turn, route)

    def tick(self, turn: Turn) -> None:
        """Repeat what has waited long enough."""
        now = turn.now.tick_ms
        late = [
            peer
            for peer, route in self.routes.items()
            if route.waiting and route.due_tick <= now
        ]
        for peer in sorted(late):
            self._repeat(turn, self.routes[peer])

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        due: int | None = None
        for route in self.routes.values():
            if route.waiting and (due is None or route.due_tick < due):
                due = route.due_tick
        return due

    def known(self, peer: PeerId) -> Incarnation:
        """Return the newest database of a peer that we heard of."""
        if peer == self.identity.peer:
            return self.identity.incarnation
        return self.newest[peer]

    def _say_anew(self, turn: Turn, header: MessageHeader) -> None:
        """Sign what an older program had on its way; it may have arrived, too."""
        peer, ours = header.recipient, self.identity
        route = self.routes.setdefault(peer, Route(self.known(peer)))
        unsigned = Message(header, b"")
        message = readdress(
            ours.key, unsigned, network=ours.network, to=route.to, seq=route.next_seq
        )
        self._wait(turn, route, message)
        turn.do(Send(message))

    def _wait(self, turn: Turn, route: Route, message: Message) -> None:
        """Write a message down that is to leave, and when to repeat it."""
        header = message.header
        route.waiting[header.seq] = message
        route.next_seq = header.seq + 1
        if len(route.waiting) == 1:
            route.retry_ms = FIRST_RETRY_MS
            route.due_tick = turn.now.tick_ms + route.retry_ms
        row = OutboxRow(message.envelope, header.seq)
        turn.put("outbox", _outbox_key(header.recipient, header.seq), row)
        turn.put("route", header.recipient, RouteRow(route.next_seq, route.to))

    def _readdress(
        self,
        turn: Turn,
        route: Route,
        peer: PeerId,
        to: Incarnation,
        *,
        after: int = 0,
    ) -> None:
        """Begin anew with a peer that lost the database we spoke to."""
        waiting = list(route.waiting.values())
        # What this very turn would send has no row once the turn is durable.
        void = {message.envelope for message in waiting}
        turn.effects[:] = [
            effect
            for effect in turn.effects
            if not (isinstance(effect, Send) and effect.message.envelope in void)
        ]
        for seq in route.waiting:
            turn.do(Drop("outbox", _outbox_key(peer, seq)))
        route.to, route.next_seq, route.waiting = to, after + 1, {}
        turn.put("route", peer, RouteRow(route.next_seq, to))
        for seq, message in enumerate(waiting, start=route.next_seq):
            ours = self.identity
            again = readdress(ours.key, message, network=ours.network, to=to, seq=seq)
            self._wait(turn, route, again)
        self._repeat(turn, route)

    def _repeat(self, turn: Turn, route: Route) -> None:
        for message in list(route.waiting.values())[:BURST_MAX]:
            turn.do(Send(message))
        route.due_tick = turn.now.tick_ms + route.retry_ms
        route.retry_ms = min(route.retry_ms * 2, RETRY_MS_MAX)

    def _acknowledge(self, turn: Turn, message: Message, last: int) -> None:
        header = message.header
        ack = Ack(header.incarnation, last)
        turn.do(Send(self._seal(turn, header.author, ACK, 0, ack)))

    def _acknowledged(self, turn: Turn, message: Message) -> None:
        ack, peer = message.read(Ack), message.author
        route = self.routes.get(peer)
        if route is None or ack.incarnation != self.identity.incarnation:
            return
        if message.header.incarnation != route.to:
            return
        if route.next_seq <= ack.seq < route.next_seq + SKIP_MAX:
            # It took messages that we do not remember: count on from there.
            self._readdress(turn, route, peer, route.to, after=ack.seq)
            return
        for seq in [seq for seq in route.waiting if seq <= ack.seq]:
            del route.waiting[seq]
            turn.do(Drop("outbox", _outbox_key(peer, seq)))
        route.retry_ms = FIRST_RETRY_MS
        route.due_tick = turn.now.tick_ms + route.retry_ms

    def _seal(
        self, turn: Turn, recipient: PeerId, kind: str, seq: int, body: Body
    ) -> Message:
        return seal_message(
            self.identity.key,
            network=self.identity.network,
            kind=kind,
            recipient=recipient,
            to=self.known(recipient),
            incarnation=self.identity.incarnation,
            seq=seq,
            moment_ms=turn.now.moment_ms,
            body=body,
        )


def _outbox_key(recipient: PeerId, seq: int) -> str:
    return f"{recipient} {seq:016d}"
