"""The courier: messages to one peer, in order, repeated until acknowledged.

A message is durable in the outbox before it first leaves, and leaves it only when the
recipient says that it is on its disk. The recipient takes messages strictly in order:
one that is early is not taken, and will come again; one that is late is acknowledged
again and otherwise ignored. So what is lost, doubled or out of order does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.production.handoff import ACK, Ack
from fabnet.protocol.effects import Drop, Send, Turn
from fabnet.protocol.voice import CountRow, Identity
from fabnet.records.body import Body
from fabnet.records.ids import Count, PeerId
from fabnet.records.message import (
    MESSAGE_BYTES_MAX,
    Message,
    seal_message,
)

OUTBOX_MAX: Final = 1_000
"""Unacknowledged messages to one peer; at the bound nothing new is begun with it."""
BURST_MAX: Final = 32
"""Messages repeated at once: a peer that comes back is not drowned."""
FIRST_RETRY_MS: Final = 2_000
RETRY_MS_MAX: Final = 15 * 60_000
"""The longest wait between repeats. The courier never gives up by itself."""


class OutboxRow(Body):
    """One message on its way."""

    envelope: Annotated[bytes, msgspec.Meta(max_length=MESSAGE_BYTES_MAX + 256)]
    seq: Count


@dataclass(slots=True)
class Route:
    """What is on its way to one peer."""

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
    taken: dict[str, int] = field(default_factory=dict)
    """Highest contiguous seq taken, by author and incarnation."""

    def has_room(self, recipient: PeerId) -> bool:
        """Whether something new may be begun with a peer."""
        route = self.routes.get(recipient)
        return route is None or len(route.waiting) < OUTBOX_MAX

    def send(self, turn: Turn, recipient: PeerId, kind: str, body: Body) -> None:
        """Have `body` reach `recipient`, however long it takes."""
        route = self.routes.setdefault(recipient, Route())
        message = self._seal(turn, recipient, kind, route.next_seq, body)
        route.waiting[route.next_seq] = message
        route.next_seq += 1
        if len(route.waiting) == 1:
            route.retry_ms = FIRST_RETRY_MS
            route.due_tick = turn.now.tick_ms + route.retry_ms
        seq = message.header.seq
        turn.put(
            "outbox", _outbox_key(recipient, seq), OutboxRow(message.envelope, seq)
        )
        turn.put("route", self._route_key(recipient), CountRow(route.next_seq))
        turn.do(Send(message))

    def hear(self, turn: Turn, message: Message) -> bool:
        """Take a message; return whether it is new and next, and so to be acted on."""
        if message.kind == ACK:
            self._acknowledged(turn, message.author, message.read(Ack))
            return False
        header = message.header
        key = (
            f"{header.author} {header.incarnation.counter} {header.incarnation.random}"
        )
        last = self.taken.get(key, 0)
        if header.seq > last + 1:
            return False
        is_next = header.seq == last + 1
        if is_next:
            last = header.seq
            self.taken[key] = last
            turn.put("taken", key, CountRow(last))
        ack = Ack(header.incarnation, last)
        turn.do(Send(self._seal(turn, header.author, ACK, 0, ack)))
        return is_next

    def link_up(self, turn: Turn, peer: PeerId) -> None:
        """Repeat at once what waits for a peer that has come back."""
        route = self.routes.get(peer)
        if route is not None and route.waiting:
            route.retry_ms = FIRST_RETRY_MS
            self._repeat(turn, route)

    def tick(self, turn: Turn) -> None:
        """Repeat what has waited long enough."""
        for peer in sorted(self.routes):
            route = self.routes[peer]
            if route.waiting and route.due_tick <= turn.now.tick_ms:
                self._repeat(turn, route)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        waiting = [route.due_tick for route in self.routes.values() if route.waiting]
        return min(waiting, default=None)

    def _route_key(self, recipient: PeerId) -> str:
        ours = self.identity.incarnation
        return f"{recipient} {ours.counter} {ours.random}"

    def _repeat(self, turn: Turn, route: Route) -> None:
        for message in list(route.waiting.values())[:BURST_MAX]:
            turn.do(Send(message))
        route.due_tick = turn.now.tick_ms + route.retry_ms
        route.retry_ms = min(route.retry_ms * 2, RETRY_MS_MAX)

    def _acknowledged(self, turn: Turn, peer: PeerId, ack: Ack) -> None:
        route = self.routes.get(peer)
        if route is None or ack.incarnation != self.identity.incarnation:
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
            incarnation=self.identity.incarnation,
            seq=seq,
            moment_ms=turn.now.moment_ms,
            body=body,
        )


def _outbox_key(recipient: PeerId, seq: int) -> str:
    return f"{recipient} {seq:016d}"
