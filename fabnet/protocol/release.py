"""Release: after a start nothing leaves this node until others say it is the newest.

A disk brought back whole, or a copy of a machine, does not know that it is old. It
would count on from where it was, and so contradict what it said since. So after a start
the mind decides and writes as ever, but nothing goes out except PROBE: each peer on a
link answers with what it has of ours. Any record of ours that we do not know proves
that this database is not the newest; then what was written since the start, which
nobody has seen, is unsaid, and the node begins again under a new incarnation.

Two peers must agree, or one and some waiting: the others may be down for weeks. A
database that speaks for the first time has nothing to contradict, and is not held.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.protocol.community import Community
from fabnet.protocol.effects import (
    Drop,
    Effect,
    Lower,
    Probe,
    Reconcile,
    Restored,
    Send,
    SendGot,
    Serve,
    Subscribe,
    Supply,
    TellKnown,
    Turn,
    Unsay,
)
from fabnet.protocol.events import KnownHeard
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.voice import HeadRow, Voice, head_key
from fabnet.records.body import Body
from fabnet.records.ids import Count, Incarnation, PeerId, RecordId, RecordIdText
from fabnet.records.record import Record

CONFIRMED_MIN: Final = 2
"""Peers that must find nothing newer; one may itself have been restored."""
RELEASE_WAIT_MS: Final = 600_000
"""How long a second peer is waited for, once one has confirmed."""
PROBE_AGAIN_MS: Final = 30_000
"""A peer that did not answer is asked again."""
KNOWN_MAX: Final = 32
"""Records of ours that a peer shows: the end of our log, and our newest notices."""

COUNTS_MAX: Final = 512
"""Notices whose counts are remembered while held: more than a workshop has machines."""

_OUTWARD = (Subscribe, Serve, SendGot, Send, Reconcile, Supply)


class CountedNotice(Body):
    """How often we had said one notice."""

    notice: Annotated[str, msgspec.Meta(max_length=400)]
    """Its kind and key."""
    seq: Count


class HeldRow(Body):
    """Where we were when nothing could leave any more, until it can."""

    incarnation: Incarnation
    seq: Count
    """Of the end of our log; what follows it nobody has seen."""
    id: RecordIdText | None
    counted: Annotated[tuple[CountedNotice, ...], msgspec.Meta(max_length=COUNTS_MAX)]


@dataclass(slots=True)
class Release:
    """Holds everything back until enough peers have confirmed our heads."""

    voice: Voice
    community: Community
    replica: Replica
    held: bool = False
    linked: set[PeerId] = field(default_factory=set)
    confirmed: set[PeerId] = field(default_factory=set)
    again_tick: int | None = None
    """When those who did not answer are asked again; nil while nobody is asked."""
    by_tick: int | None = None
    """When one confirmation is enough; nil before there is one."""
    start: HeldRow | None = None
    """Where we were when we were last released; nil when we are."""
    counted: dict[str, int] = field(default_factory=dict)
    """The counts of our notices then."""

    def wake(self, turn: Turn, *, first: bool) -> None:
        """Hold back, unless this database speaks for the `first` time or to nobody."""
        if first or not self._others():
            # Whatever an earlier database wrote while held, nobody has seen.
            self._unsay(turn)
            self._let_go(turn)
            return
        self.held = True
        if self.start is None:
            self._mark(turn)
        assert self.start is not None, "just marked, or when we were held before"
        self.counted = {each.notice: each.seq for each in self.start.counted}
        ours = self.voice.identity.peer
        turn.note(ours, "held-back", peers=self._others())

    def link_up(self, turn: Turn, peer: PeerId) -> bool:
        """Ask a new link what it knows of us; return whether to begin with it now."""
        self.linked.add(peer)
        if self.held:
            self._ask(turn, peer)
        return not self.held

    def probed(self, turn: Turn, peer: PeerId) -> None:
        """Tell a peer what we have of its own."""
        logged = [
            (incarnation, head.id)
            for (author, incarnation), head in self.replica.heads.items()
            if author == peer
        ]
        newest = [id_ for _, id_ in sorted(logged)[-1:]]
        said = self.replica.notices.by_author.get(peer, {}).values()
        most = KNOWN_MAX - len(newest)
        notices: list[RecordId] = [id_ for _, _, id_ in sorted(said)[-most:]]
        turn.do(TellKnown(peer, (*newest, *notices)))

    def known(self, turn: Turn, event: KnownHeard) -> bool:
        """Take what a peer has of ours; return whether we are released by it."""
        ours = self.voice.identity
        if any(record.author != ours.peer for record in event.records):
            turn.do(Lower(event.peer, "records of somebody else, as if they were ours"))
            return False
        for record in event.records:
            if self._is_newer(record):
                self._restored(turn, record)
                return False
        is_vouched = self.community.is_vouched(event.peer, turn.now.moment_ms)
        if not self.held or not is_vouched:
            return False
        self.confirmed.add(event.peer)
        if self.by_tick is None:
            self.by_tick = turn.now.tick_ms + RELEASE_WAIT_MS
        return self._released(
            turn, enough=len(self.confirmed) >= min(CONFIRMED_MIN, self._others())
        )

    def tick(self, turn: Turn) -> bool:
        """Ask again who was silent; return whether waiting for a second is over."""
        if not self.held:
            return False
        now = turn.now.tick_ms
        if self.again_tick is not None and self.again_tick <= now:
            self.again_tick = None
            for peer in sorted(self.linked - self.confirmed):
                self._ask(turn, peer)
        due = self.by_tick is not None and self.by_tick <= now
        return self._released(turn, enough=due)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        if not self.held:
            return None
        due = [tick for tick in (self.by_tick, self.again_tick) if tick is not None]
        return min(due, default=None)

    def pass_on(self, effects: list[Effect]) -> list[Effect]:
        """Return what may leave now: of what goes to others, nothing while held."""
        if not self.held:
            return effects
        ours = self.voice.identity.peer
        return [
            effect
            for effect in effects
            if not isinstance(effect, _OUTWARD)
            or (isinstance(effect, Send) and effect.message.header.recipient == ours)
        ]

    def _ask(self, turn: Turn, peer: PeerId) -> None:
        turn.do(Probe(peer))
        if self.again_tick is None:
            self.again_tick = turn.now.tick_ms + PROBE_AGAIN_MS

    def _others(self) -> int:
        ours = self.voice.identity.peer
        return sum(peer != ours for peer in self.community.nodes)

    def _is_newer(self, record: Record) -> bool:
        """Whether a record of ours is one that this database cannot have said."""
        header, ours = record.header, self.voice.identity.incarnation
        if header.incarnation != ours or not self.held:
            return header.incarnation > ours
        if record.is_notice:
            counter = f"{header.kind} {header.key}"
            return header.seq > self.counted.get(counter, 0)
        assert self.start is not None, "marked when we were held"
        if header.seq == self.start.seq:
            return record.id != self.start.id
        return header.seq > self.start.seq

    def _restored(self, turn: Turn, record: Record) -> None:
        header = record.header
        turn.note(
            self.voice.identity.peer, "not-the-newest", seq=header.seq,
            counter=header.incarnation.counter,
        )  # fmt: skip
        self._unsay(turn)
        turn.do(Restored(header.incarnation.counter))

    def _mark(self, turn: Turn) -> None:
        voice = self.voice
        newest = sorted(voice.counters.items())[:COUNTS_MAX]
        counted = tuple(CountedNotice(notice, seq) for notice, seq in newest)
        self.start = HeldRow(voice.identity.incarnation, voice.seq, voice.prev, counted)
        turn.put("own", "held", self.start)

    def _unsay(self, turn: Turn) -> None:
        """Have what was written since we were held be as never said: nobody saw it."""
        start = self.start
        if start is None:
            return
        turn.do(Unsay(start.incarnation, start.seq))
        self.replica.rewind(turn, start.incarnation, start.seq, start.id)
        key = head_key(start.incarnation)
        if start.id is None:
            turn.do(Drop("own", key))
        else:
            turn.put("own", key, HeadRow(start.seq, start.id))

    def _let_go(self, turn: Turn) -> None:
        self.held, self.by_tick = False, None
        if self.start is not None:
            turn.do(Drop("own", "held"))
            self.start = None

    def _released(self, turn: Turn, *, enough: bool) -> bool:
        if not enough:
            return False
        self._let_go(turn)
        ours = self.voice.identity.peer
        turn.note(ours, "released", confirmed=len(self.confirmed))
        return True
