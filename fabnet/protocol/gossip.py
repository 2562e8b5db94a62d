"""Gossip by cursor: each peer serves what it keeps in the order it arrived.

A subscriber names the last arrival it has; the server sends what came after, a batch at
a time, and the next batch only when the one before is on the subscriber's disk. So a
slow reader holds up nobody, and a reader that was away gets what it missed.

Proofs of forks go by themselves, ahead of everything: each to all who listen when it is
learnt, and all of them to whoever begins to listen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fabnet.protocol.effects import (
    PROOFS_MAX,
    Drop,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Turn,
)
from fabnet.protocol.events import BatchHeard, GotHeard, NothingToServe, SubscribeHeard
from fabnet.protocol.voice import CountRow, Voice
from fabnet.records.body import Body
from fabnet.records.ids import Count, Incarnation, PeerId
from fabnet.records.proofs.fork import ForkPair

SUBSCRIBERS_MAX: Final = 256
"""Links that may listen at once; one more is not served until another leaves."""
SERVE_AGAIN_MS: Final = 30_000
"""A batch that nobody confirmed is served again."""
SUBSCRIBE_AGAIN_MS: Final = 600_000
"""A peer that went quiet is asked again: a lost request costs minutes, not for ever."""


class CursorRow(Body):
    """How far we are in another peer's arrivals."""

    incarnation: Incarnation
    cursor: Count


@dataclass(slots=True)
class Subscriber:
    """A peer that listens to us."""

    cursor: int
    busy_until_tick: int | None = None
    """A batch is on its way, unconfirmed; nil when it waits for news."""
    stale: bool = False
    """That batch left before the peer lost a database: its confirmation says nothing
    of what is there now."""


@dataclass(slots=True)
class Gossip:
    """Serves our arrivals, and remembers how far we are in others'."""

    voice: Voice
    subscribers: dict[PeerId, Subscriber] = field(default_factory=dict)
    cursors: dict[PeerId, CursorRow] = field(default_factory=dict)
    held: dict[PeerId, CursorRow] = field(default_factory=dict)
    """Cursors not yet written, because records before them wait in the pen."""
    unwritten: set[PeerId] = field(default_factory=set)
    """Whose cursor moved past nothing new: not worth a write of its own, since after a
    crash the same is heard once more."""
    ask_again_tick: dict[PeerId, int] = field(default_factory=dict)
    lost: dict[PeerId, int] = field(default_factory=dict)
    """Peers that lost a database, and up to which arrival they may lack what they
    brought."""

    def link_up(self, turn: Turn, peer: PeerId) -> None:
        """Ask a new link for what we have not seen."""
        cursor = self.cursors.get(peer)
        self.ask_again_tick[peer] = turn.now.tick_ms + SUBSCRIBE_AGAIN_MS
        if cursor is None:
            turn.do(Subscribe(peer, None, 0))
        else:
            turn.do(Subscribe(peer, cursor.incarnation, cursor.cursor))

    def again(self, turn: Turn) -> None:
        """Serve everyone who subscribed while nothing could leave."""
        for peer, subscriber in sorted(self.subscribers.items()):
            subscriber.busy_until_tick = None
            self._serve(turn, peer)

    def reborn(self, turn: Turn, peer: PeerId) -> None:
        """Serve a peer anew that lost its database, with what it brought before."""
        self.lost[peer] = self.voice.arrival
        turn.put("lost", peer, CountRow(self.voice.arrival))
        subscriber = self.subscribers.get(peer)
        if subscriber is not None:
            subscriber.cursor = 0
            subscriber.stale = subscriber.busy_until_tick is not None
            self._serve(turn, peer)

    def link_down(self, turn: Turn, peer: PeerId, *, known: bool) -> None:
        """Forget what was under way on a link; of a stranger, all."""
        if not known:
            self.held.pop(peer, None)
            self.cursors.pop(peer, None)
            self.unwritten.discard(peer)
        elif peer in self.unwritten:
            self._put(turn, peer)
        self.subscribers.pop(peer, None)
        self.ask_again_tick.pop(peer, None)

    def subscribed(
        self, turn: Turn, event: SubscribeHeard, proofs: Sequence[ForkPair] = ()
    ) -> None:
        """Begin to serve a peer from where it is, and tell it of all `proofs` first."""
        is_new = event.peer not in self.subscribers
        if is_new and len(self.subscribers) >= SUBSCRIBERS_MAX:
            return
        ours = self.voice.identity.incarnation
        known = event.incarnation == ours and event.cursor <= self.voice.arrival
        # A cursor that came out of a backup may be past what came back of it.
        known = known and event.peer not in self.lost
        before = self.subscribers.get(event.peer)
        on_its_way = before is not None and before.busy_until_tick is not None
        self.subscribers[event.peer] = Subscriber(
            event.cursor if known else 0, stale=on_its_way and event.peer in self.lost
        )
        for at in range(0, len(proofs), PROOFS_MAX):
            some = tuple(proofs[at : at + PROOFS_MAX])
            turn.do(SendProofs(event.peer, some))
        self._serve(turn, event.peer)

    def tell(self, turn: Turn, proof: ForkPair, source: PeerId | None) -> None:
        """Tell everyone who listens of a proof, but whoever brought it."""
        for peer in sorted(self.subscribers):
            if peer != source:
                turn.do(SendProofs(peer, (proof,)))

    def nothing_to_serve(self, turn: Turn, event: NothingToServe) -> None:
        """Go on from where the store found nothing that the peer did not bring."""
        self._served_up_to(turn, event.peer, event.cursor)

    def got(self, turn: Turn, event: GotHeard) -> None:
        """Serve the next batch: the one before is on the subscriber's disk."""
        self._served_up_to(turn, event.peer, event.cursor)

    def news(self, turn: Turn, since: int) -> None:
        """Serve everyone who waits for news what arrived after `since`.

        Whoever brought all of it has it already.
        """
        sources = self.voice.take_sources()
        for peer, subscriber in sorted(self.subscribers.items()):
            is_idle = subscriber.busy_until_tick is None
            if is_idle and subscriber.cursor == since and sources == {peer}:
                subscriber.cursor = self.voice.arrival
            else:
                self._serve(turn, peer)

    def batch_done(
        self, turn: Turn, event: BatchHeard, *, penned: bool, known: bool = True
    ) -> None:
        """Confirm a batch; write its cursor unless records of it wait in the pen.

        How far a stranger was read costs neither disk nor memory: it is read again.
        """
        row = CursorRow(event.incarnation, event.cursor)
        self.ask_again_tick[event.peer] = turn.now.tick_ms + SUBSCRIBE_AGAIN_MS
        if penned:
            self.held[event.peer] = row
        elif known:
            self._write(turn, event.peer, row)
        turn.do(SendGot(event.peer, event.cursor))

    def pen_emptied(self, turn: Turn, peer: PeerId) -> None:
        """Write the cursor that waited for the pen."""
        row = self.held.get(peer)
        if row is not None:
            self._write(turn, peer, row)

    def tick(self, turn: Turn) -> None:
        """Serve again what nobody confirmed; ask again who went quiet."""
        now = turn.now.tick_ms
        for peer, subscriber in sorted(self.subscribers.items()):
            due = subscriber.busy_until_tick
            if due is not None and due <= now:
                subscriber.busy_until_tick = None
                self._serve(turn, peer)
        for peer, due in sorted(self.ask_again_tick.items()):
            if due <= now:
                self.link_up(turn, peer)

    def clock_set(self, turn: Turn) -> None:
        """Ask all links again: what was early or late by our clock may count now."""
        for peer in sorted(self.ask_again_tick):
            self.link_up(turn, peer)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        again = self.ask_again_tick
        due = min(again.values()) if again else None
        for subscriber in self.subscribers.values():
            busy = subscriber.busy_until_tick
            if busy is not None and (due is None or busy < due):
                due = busy
        return due

    def _served_up_to(self, turn: Turn, peer: PeerId, cursor: int) -> None:
        subscriber = self.subscribers.get(peer)
        if subscriber is None or cursor > self.voice.arrival:
            return
        if not subscriber.stale:
            subscriber.cursor = max(subscriber.cursor, cursor)
        subscriber.busy_until_tick, subscriber.stale = None, False
        if subscriber.cursor >= self.lost.get(peer, self.voice.arrival + 1):
            # It has all of it back, whatever it brought.
            del self.lost[peer]
            turn.do(Drop("lost", peer))
        self._serve(turn, peer)

    def _serve(self, turn: Turn, peer: PeerId) -> None:
        subscriber = self.subscribers[peer]
        idle = subscriber.busy_until_tick is None
        if idle and subscriber.cursor < self.voice.arrival:
            subscriber.busy_until_tick = turn.now.tick_ms + SERVE_AGAIN_MS
            turn.do(Serve(peer, subscriber.cursor, self.lost.get(peer, 0)))

    def _write(self, turn: Turn, peer: PeerId, row: CursorRow) -> None:
        self.held.pop(peer, None)
        if self.cursors.get(peer) == row and peer not in self.unwritten:
            return
        self.cursors[peer] = row
        if self.voice.sources:
            self._put(turn, peer)
        else:
            self.unwritten.add(peer)

    def _put(self, turn: Turn, peer: PeerId) -> None:
        self.unwritten.discard(peer)
        turn.put("cursor", peer, self.cursors[peer])
