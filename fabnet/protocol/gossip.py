"""Gossip by cursor: each peer serves what it keeps in the order it arrived.

A subscriber names the last arrival it has; the server sends what came after, a batch at
a time, and the next batch only when the one before is on the subscriber's disk. So a
slow reader holds up nobody, and a reader that was away gets what it missed.

Whole records come once. Of the links that bring an author's records one feeds us: the
author's own, else the one that was first with the newest. The others hear, with what we
confirm, that of this author the ids are enough; they gather those a while. An id that
says nothing to us means that whoever feeds us is slow or silent, or keeps something
back: then we subscribe again where it came from, which makes all of it whole once more.

Proofs of forks go by themselves, ahead of everything: each to all who listen when it is
learnt, and all of them to whoever begins to listen.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final

from fabnet.protocol.effects import (
    ENOUGH_MAX,
    PROOFS_MAX,
    Drop,
    Reconcile,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Turn,
)
from fabnet.protocol.events import BatchHeard, GotHeard, NothingToServe, SubscribeHeard
from fabnet.protocol.replica.holdings import Holdings
from fabnet.protocol.voice import CountRow, Voice
from fabnet.records.body import Body
from fabnet.records.ids import Count, Incarnation, PeerId, RecordId
from fabnet.records.proofs.fork import ForkPair

SUBSCRIBERS_MAX: Final = 256
"""Links that may listen at once; one more is not served until another leaves."""
SERVE_AGAIN_MS: Final = 30_000
"""A batch that nobody confirmed is served again."""
BRIEF_MS: Final = 20_000
"""How long ids are gathered for a peer to which others bring the records; twice that
at the greater of two peer ids, which then often hears of them before it would speak."""
PENDING_MAX: Final = 512
"""Ids gathered for one peer; with one more they leave at once."""
FEEDS_MAX: Final = 4_096
"""Authors of whom we know who feeds us; what more there are come over every link."""
SUBSCRIBE_AGAIN_MS: Final = 600_000
"""A peer that went quiet is asked again: a lost request costs minutes, not for ever."""
RECONCILE_MIN: Final = 512
"""Arrivals that a subscriber is behind, from which on it is invited to reconcile; fewer
are one batch, and nothing is cheaper than that."""
INVITED_MS: Final = 60_000
"""How long whoever reconciles is waited for, before it is served by cursor."""
INVITES_MAX: Final = 8
"""Invitations over one link; a peer that comes to no end is served by cursor."""
COMPARE_MS: Final = 3_600_000
"""How often a peer is invited that has all we served, and yet not what we have."""


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
    whole: int = 0
    """The newest arrival that it is served at once: what came later are ids for it."""
    brief: set[PeerId] = field(default_factory=set)
    """Authors of whom it has enough with the ids."""
    pending: set[RecordId] = field(default_factory=set)
    """Which ids are gathered for it."""
    brief_tick: int | None = None
    """When they leave at the latest."""
    has: int = 0
    """Up to which arrival it has all that the heads of logs and notices tell of."""
    fresh: bool = True
    """Whether it was neither served nor invited since it subscribed."""
    invited: int | None = None
    """Our newest arrival when it was invited to reconcile."""
    beside: int = 0
    """Up to where no head told of all, then."""


@dataclass(slots=True)
class Gossip:
    """Serves our arrivals, and remembers how far we are in others'."""

    voice: Voice
    holdings: Holdings | None = None
    """What there is to reconcile; nil where nobody does."""
    meeting: Container[PeerId] = ()
    """With whom we reconcile just now."""
    invites: dict[PeerId, int] = field(default_factory=dict)
    """How often each linked peer was invited."""
    compare_tick: dict[PeerId, int] = field(default_factory=dict)
    """When each linked peer may be invited again that has all we served."""
    subscribers: dict[PeerId, Subscriber] = field(default_factory=dict)
    cursors: dict[PeerId, CursorRow] = field(default_factory=dict)
    held: dict[PeerId, CursorRow] = field(default_factory=dict)
    """Cursors not yet written, because records before them wait in the pen."""
    unwritten: set[PeerId] = field(default_factory=set)
    """Whose cursor moved past nothing new: not worth a write of its own, since after a
    crash the same is heard once more."""
    feeds: dict[PeerId, PeerId] = field(default_factory=dict)
    """By author, the link over which its records come whole."""
    others: dict[PeerId, PeerId] = field(default_factory=dict)
    """By author, a link that would bring its records whole, too, if it were asked."""
    enough: dict[PeerId, set[PeerId]] = field(default_factory=dict)
    """By link, the authors of whom it is yet to hear that ids will do."""
    ask_again_tick: dict[PeerId, int] = field(default_factory=dict)
    lost: dict[PeerId, int] = field(default_factory=dict)
    """Peers that lost a database, and up to which arrival they may lack what they
    brought."""

    def link_up(self, turn: Turn, peer: PeerId) -> None:
        """Ask a new link for what we have not seen."""
        self._ask(turn, peer, brief=False)

    def again(self, turn: Turn) -> None:
        """Serve everyone who subscribed while nothing could leave."""
        for peer, subscriber in sorted(self.subscribers.items()):
            subscriber.busy_until_tick = None
            self._serve_all(turn, peer)

    def reborn(self, turn: Turn, peer: PeerId) -> None:
        """Serve a peer anew that lost its database, with what it brought before."""
        self.lost[peer] = self.voice.arrival
        turn.put("lost", peer, CountRow(self.voice.arrival))
        subscriber = self.subscribers.get(peer)
        if subscriber is not None:
            on_its_way = subscriber.busy_until_tick
            stale = on_its_way is not None
            self.subscribers[peer] = Subscriber(0, on_its_way, stale=stale)
            self.invites.pop(peer, None)
            self._serve_all(turn, peer)

    def link_down(self, turn: Turn, peer: PeerId, *, known: bool) -> None:
        """Forget what was under way on a link; of a stranger, all."""
        if not known:
            self.held.pop(peer, None)
            self.cursors.pop(peer, None)
            self.unwritten.discard(peer)
        elif peer in self.unwritten:
            self._put(turn, peer)
        self.subscribers.pop(peer, None)
        for of_links in (self.ask_again_tick, self.invites, self.compare_tick):
            of_links.pop(peer, None)
        self.enough.pop(peer, None)
        fed = [author for author, link in self.feeds.items() if link == peer]
        others = {self.others.get(author) for author in fed}
        for author in fed:
            del self.feeds[author]
        for other in sorted(self.ask_again_tick.keys() & others):
            self._ask(turn, other, brief=False)

    def subscribed(
        self, turn: Turn, event: SubscribeHeard, proofs: Sequence[ForkPair] = ()
    ) -> None:
        """Begin to serve a peer from where it is, and tell it of all `proofs` first."""
        is_new = event.peer not in self.subscribers
        if is_new and len(self.subscribers) >= SUBSCRIBERS_MAX:
            return
        ours = self.voice.identity.incarnation
        known = event.incarnation == ours and event.cursor <= self.voice.arrival
        before = self.subscribers.get(event.peer)
        # A cursor that came out of a backup may be past what came back of it; one that
        # we gave it since, when it had found out all that it lacked, is not.
        is_ours = before is not None and event.cursor == before.invited
        known = known and (event.peer not in self.lost or is_ours)
        on_its_way = before is not None and before.busy_until_tick is not None
        cursor = event.cursor
        if before is not None and is_ours and before.beside != self.voice.beside:
            cursor = before.cursor  # a log was cut short while it looked
        subscriber = Subscriber(
            cursor if known else 0, stale=on_its_way and event.peer in self.lost
        )
        if before is not None and event.brief:
            subscriber.brief = before.brief
        self.subscribers[event.peer] = subscriber
        self._has_back(turn, event.peer, subscriber)
        for at in range(0, len(proofs), PROOFS_MAX):
            some = tuple(proofs[at : at + PROOFS_MAX])
            turn.do(SendProofs(event.peer, some))
        self._compare(turn, event, subscriber)
        self._serve_all(turn, event.peer)

    def _compare(
        self, turn: Turn, event: SubscribeHeard, subscriber: Subscriber
    ) -> None:
        """Serve nothing to whoever has the same, and need not ask it ourselves."""
        ours = b"" if self.holdings is None else self.holdings.sum()
        if event.sum and event.sum == ours and event.peer not in self.lost:
            subscriber.has = self.voice.arrival
            if event.peer in self.ask_again_tick:
                # A little later than it would ask us again.
                again_tick = turn.now.tick_ms + SUBSCRIBE_AGAIN_MS + SERVE_AGAIN_MS
                self.ask_again_tick[event.peer] = again_tick
        elif event.sum and event.brief and subscriber.cursor == self.voice.arrival:
            now = turn.now.tick_ms
            if self.compare_tick.get(event.peer, now) <= now:
                self._invite(turn, event.peer, subscriber)

    def _claim(self) -> bytes:
        return b"" if self.holdings is None else self.holdings.claim()

    # ------------------------------------------------------------------ reconciling

    def _invites(self, turn: Turn, peer: PeerId, subscriber: Subscriber) -> bool:
        """Invite whoever is far behind to find out what it lacks; whether we wait."""
        behind = self.voice.arrival - subscriber.cursor
        if not subscriber.fresh or subscriber.cursor < self.voice.beside:
            return False
        subscriber.fresh = False
        is_worth_it = behind >= RECONCILE_MIN and self.holdings is not None
        if not is_worth_it or self.invites.get(peer, 0) >= INVITES_MAX:
            return False
        subscriber.busy_until_tick = turn.now.tick_ms + INVITED_MS
        if peer in self.meeting:
            subscriber.fresh = True  # one after the other: `met` comes back to it
        else:
            self.invites[peer] = self.invites.get(peer, 0) + 1
            self._invite(turn, peer, subscriber)
        return True

    def _invite(self, turn: Turn, peer: PeerId, subscriber: Subscriber) -> None:
        if self.holdings is not None:
            self.compare_tick[peer] = turn.now.tick_ms + COMPARE_MS
            self.holdings.saw(turn)
            subscriber.invited = self.voice.arrival
            subscriber.beside = self.voice.beside
            turn.do(Reconcile(peer, self.holdings.ranges(0, [""])))

    def goes_first(self, turn: Turn, peer: PeerId) -> bool:
        """Of two who invited each other, whether the one to look is the other.

        If not, we invite it again when we have looked.
        """
        subscriber = self.subscribers.get(peer)
        waits = subscriber is not None and subscriber.busy_until_tick is not None
        if subscriber is None or not waits or subscriber.invited is None:
            return False
        if self.voice.identity.peer < peer:
            return True
        subscriber.fresh, subscriber.invited = True, None
        self.awaits(turn, peer)
        return False

    def awaits(self, turn: Turn, peer: PeerId) -> None:
        """Go on waiting for a peer that reconciles: something was heard of it."""
        subscriber = self.subscribers.get(peer)
        if subscriber is None or subscriber.busy_until_tick is None:
            return
        if subscriber.fresh or subscriber.invited is not None:
            subscriber.busy_until_tick = turn.now.tick_ms + INVITED_MS

    def met(self, turn: Turn, peer: PeerId) -> None:
        """Serve a peer that waited until we had looked at what it has."""
        subscriber = self.subscribers.get(peer)
        if subscriber is not None and subscriber.fresh:
            subscriber.busy_until_tick = None
            self._serve_all(turn, peer)

    def caught_up(
        self, turn: Turn, peer: PeerId, row: CursorRow, *, known: bool, penned: bool
    ) -> None:
        """Subscribe anew where a peer was that we now lack nothing of."""
        if penned:
            self.held[peer] = row
        elif known:
            self._write(turn, peer, row)
        self.ask_again_tick[peer] = turn.now.tick_ms + SUBSCRIBE_AGAIN_MS
        at = row.incarnation, row.cursor
        turn.do(Subscribe(peer, *at, brief=True, sum=self._claim()))

    def tell(self, turn: Turn, proof: ForkPair, source: PeerId | None) -> None:
        """Tell everyone who listens of a proof, but whoever brought it."""
        for peer in sorted(self.subscribers):
            if peer != source:
                turn.do(SendProofs(peer, (proof,)))

    def nothing_to_serve(self, turn: Turn, event: NothingToServe) -> None:
        """Go on from where the store found nothing that the peer did not bring."""
        self._served_up_to(turn, event.peer, event.cursor)

    def got(self, turn: Turn, event: GotHeard) -> None:
        """Serve the next batch: the one before is on the subscriber's disk.

        Once: what confirms nothing new, be it said twice or by a liar, is worth none.
        Only authors of whom others brought us something can be enough: no stranger
        fills our memory with names. And only when it has all that it asked for.
        """
        subscriber = self.subscribers.get(event.peer)
        if subscriber is None:
            return
        if event.cursor >= subscriber.whole:
            subscriber.brief |= self.feeds.keys() & set(event.enough)
        if event.cursor > subscriber.cursor or subscriber.stale:
            self._served_up_to(turn, event.peer, event.cursor)

    def news(self, turn: Turn, since: int) -> None:
        """Serve everyone who waits for news what arrived after `since`.

        Whoever brought all of it has it already.
        """
        kept = self.voice.take_kept()
        authors = {record.author for record, _ in kept}
        sources = {source for _, source in kept}
        for peer, subscriber in sorted(self.subscribers.items()):
            brought_all = sources <= {peer}
            is_idle = subscriber.busy_until_tick is None
            if is_idle and subscriber.cursor == since and brought_all:
                subscriber.cursor = self.voice.arrival
            elif brought_all or authors <= subscriber.brief:
                ids = {record.id for record, source in kept if source != peer}
                subscriber.pending |= ids
                if len(subscriber.pending) > PENDING_MAX:
                    subscriber.whole = self.voice.arrival
                self._serve(turn, peer)
            else:
                self._serve_all(turn, peer)

    def fed(self, peer: PeerId, author: PeerId, *, news: bool) -> None:
        """Know that a link brought a whole record, and whether it was the first to."""
        feed = self.feeds.get(author)
        if author == self.voice.identity.peer:
            self.enough.setdefault(peer, set()).add(author)
        if feed == peer or (feed is None and not news):
            return
        if feed is None and len(self.feeds) >= FEEDS_MAX:
            return
        if feed is None or peer == author or (news and feed != author):
            self.feeds[author] = peer
        late = peer if self.feeds[author] == feed else feed
        if late is not None and late != author:
            self.others[author] = late
            self.enough.setdefault(late, set()).add(author)

    def lacks(self, turn: Turn, event: BatchHeard, known: Container[RecordId]) -> bool:
        """Subscribe again where ids came from that say nothing to us; whether we did.

        Whoever has told us so need not be told.
        """
        subscriber = self.subscribers.get(event.peer)
        if subscriber is not None and subscriber.pending:
            subscriber.pending.difference_update(event.ids)
            # Of one that came bare it may lack the body still.
            subscriber.pending -= {
                record.id for record in event.records if record.body is not None
            }
            self._serve(turn, event.peer)
        if all(id_ in known for id_ in event.ids):
            return False
        self.enough.pop(event.peer, None)
        self._ask(turn, event.peer, brief=False)
        return True

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
        late = self.enough.get(event.peer, set())
        enough = tuple(sorted(late)[:ENOUGH_MAX])
        late.difference_update(enough)
        turn.do(SendGot(event.peer, event.cursor, enough))

    def pens_emptied(self, turn: Turn, waiting: Container[PeerId]) -> None:
        """Write the cursors of whom nothing waits any more."""
        for peer, row in sorted(self.held.items()):
            if peer not in waiting:
                self._write(turn, peer, row)

    def tick(self, turn: Turn) -> None:
        """Serve again what nobody confirmed, and ids; ask again who went quiet."""
        now = turn.now.tick_ms
        for peer, subscriber in sorted(self.subscribers.items()):
            busy, brief = subscriber.busy_until_tick, subscriber.brief_tick
            if busy is not None and busy <= now:
                subscriber.busy_until_tick = None
                self._serve_all(turn, peer)
            elif busy is None and brief is not None and brief <= now:
                self._serve_all(turn, peer)
        quiet = [peer for peer, due in self.ask_again_tick.items() if due <= now]
        for peer in sorted(quiet):
            self._ask(turn, peer, brief=True)

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
            leaves = subscriber.brief_tick if busy is None else busy
            if leaves is not None and (due is None or leaves < due):
                due = leaves
        return due

    def _ask(self, turn: Turn, peer: PeerId, *, brief: bool) -> None:
        """Subscribe where we are; `brief`, if ids are enough of whom they were."""
        row = self.cursors.get(peer)
        self.ask_again_tick[peer] = turn.now.tick_ms + SUBSCRIBE_AGAIN_MS
        at = None if row is None else row.incarnation
        cursor = 0 if row is None else row.cursor
        turn.do(Subscribe(peer, at, cursor, brief, self._claim()))

    def _served_up_to(self, turn: Turn, peer: PeerId, cursor: int) -> None:
        subscriber = self.subscribers.get(peer)
        if subscriber is None or cursor > self.voice.arrival:
            return
        if not subscriber.stale:
            subscriber.cursor = max(subscriber.cursor, cursor)
        subscriber.busy_until_tick, subscriber.stale = None, False
        self._has_back(turn, peer, subscriber)
        self._serve(turn, peer)

    def _has_back(self, turn: Turn, peer: PeerId, subscriber: Subscriber) -> None:
        """Know when a peer has all of it back, whatever it brought."""
        if subscriber.cursor >= self.lost.get(peer, self.voice.arrival + 1):
            del self.lost[peer]
            turn.do(Drop("lost", peer))

    def _serve_all(self, turn: Turn, peer: PeerId) -> None:
        self.subscribers[peer].whole = self.voice.arrival
        self._serve(turn, peer)

    def _serve(self, turn: Turn, peer: PeerId) -> None:
        """Serve what is for a peer at once; have what are ids for it gather."""
        subscriber = self.subscribers[peer]
        if subscriber.busy_until_tick is not None:
            return
        if subscriber.cursor >= self.voice.beside:
            subscriber.cursor = max(subscriber.cursor, subscriber.has)
        if subscriber.cursor < subscriber.whole:
            if self._invites(turn, peer, subscriber):
                return
            subscriber.busy_until_tick = turn.now.tick_ms + SERVE_AGAIN_MS
            # The ids that gathered go along, in as many batches as it takes.
            subscriber.whole, subscriber.brief_tick = self.voice.arrival, None
            subscriber.pending.clear()
            lost, brief = self.lost.get(peer, 0), frozenset(subscriber.brief)
            turn.do(Serve(peer, subscriber.cursor, lost, brief))
        elif not subscriber.pending or subscriber.cursor >= self.voice.arrival:
            self._is_served(subscriber)
        elif subscriber.brief_tick is None:
            times = 1 if self.voice.identity.peer < peer else 2
            subscriber.brief_tick = turn.now.tick_ms + times * BRIEF_MS

    def _is_served(self, subscriber: Subscriber) -> None:
        """Know that a peer has all that we have, but what this turn still tells of."""
        subscriber.fresh = False
        told = self.voice.arrival - len(self.voice.kept)
        subscriber.cursor, subscriber.brief_tick = max(subscriber.cursor, told), None
        subscriber.pending.clear()

    def _write(self, turn: Turn, peer: PeerId, row: CursorRow) -> None:
        self.held.pop(peer, None)
        if self.cursors.get(peer) == row and peer not in self.unwritten:
            return
        self.cursors[peer] = row
        if self.voice.kept:
            self._put(turn, peer)
        else:
            self.unwritten.add(peer)

    def _put(self, turn: Turn, peer: PeerId) -> None:
        self.unwritten.discard(peer)
        turn.put("cursor", peer, self.cursors[peer])
