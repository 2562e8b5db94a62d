"""How a peer speaks: it signs, counts and chains what it says, and numbers records.

The only place where our own `seq` and `prev` are given out. Every record kept, ours or
another's, gets the next arrival number, which is what cursors count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.protocol.effects import Keep, Turn
from fabnet.records.body import Body
from fabnet.records.ids import (
    CharterId,
    Count,
    Incarnation,
    PeerId,
    RecordId,
    RecordIdText,
)
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record

REFRESHES_PER_TTL: Final = 3
"""How often a notice is said within its life: two may be lost and it still counts."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a peer is: what it is given once and never changes while it runs."""

    key: SigningKey
    network: str
    incarnation: Incarnation
    sealing_public: bytes
    """Public half of the node's sealing key, 32 bytes of X25519."""
    charter: CharterId
    """The cooperative this node belongs to."""
    trust: frozenset[CharterId]
    """Federations whose memberships count here."""
    vouching: bool = False
    """Whether cooperatives that are vouched for may vouch for others."""
    peer: PeerId = field(init=False)
    """Our own peer id; worked out once, since every record heard is held against it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "peer", self.key.public.peer)

    @property
    def head_key(self) -> str:
        """Where the head of our chain is kept: each incarnation has its own chain."""
        return head_key(self.incarnation)


def head_key(incarnation: Incarnation) -> str:
    """Return where the head of the chain of one of our databases is kept."""
    return f"head {incarnation.counter} {incarnation.random}"


class HeadRow(Body):
    """The newest log record of one (author, incarnation)."""

    seq: Count
    id: RecordIdText


class CountRow(Body):
    """A counter that must not go back."""

    count: Count


@dataclass(slots=True)
class Standing:
    """A notice that is said again before it expires, and at once when it changes."""

    kind: str
    about: str
    body: Body
    version: int
    """The `seq` it was last said with."""
    since: int
    """The `seq` it has said the same since: what that version promised still holds."""
    ttl_s: int
    again_tick: int


@dataclass(slots=True)
class Voice:
    """Signs what we say, and keeps what anyone said."""

    identity: Identity
    seq: int = 0
    prev: RecordId | None = None
    arrival: int = 0
    """Number of the newest record kept."""
    beside: int = 0
    """Number of the newest that no head tells of: it lay past the end of its log."""
    counters: dict[str, int] = field(default_factory=dict)
    """The newest `seq` of each of our notices, by kind and key."""
    standing: dict[str, Standing] = field(default_factory=dict)
    spoken: list[Record] = field(default_factory=list)
    """What we said in this turn, for the rest of the peer to hear."""
    soonest_tick: int | None = None
    """When a standing notice must be said again; early at worst, never late."""
    kept: list[tuple[Record, PeerId | None]] = field(default_factory=list)
    """What was kept since last asked, and who brought it; nil is ourselves."""

    def log(self, turn: Turn, kind: str, about: str | None, body: Body) -> Record:
        """Say `body` as the next log record of our chain."""
        record = self._seal(turn, kind, (self.seq + 1, self.prev), about, body)
        self.seq, self.prev = record.header.seq, record.id
        turn.put("own", self.identity.head_key, HeadRow(self.seq, record.id))
        self.keep(turn, record, source=None)
        return record

    def notice(self, turn: Turn, kind: str, about: str, body: Body) -> Record:
        """Say `body` as a notice that replaces our last one of this kind and key."""
        counter = f"{kind} {about}"
        seq = self.counters.get(counter, 0) + 1
        record = self._seal(turn, kind, (seq, None), about, body)
        self.counters[counter] = seq
        turn.put("notice", counter, CountRow(seq))
        self.keep(turn, record, source=None)
        return record

    def announce(
        self, turn: Turn, kind: str, about: str, body: Body, *, ttl_s: int
    ) -> Standing:
        """Keep a notice standing: say it if it is new, changed, or nearly expired."""
        counter = f"{kind} {about}"
        held = self.standing.get(counter)
        same = held is not None and held.body == body
        if held is not None and same and held.again_tick > turn.now.tick_ms:
            return held
        version = self.notice(turn, kind, about, body).header.seq
        again_tick = turn.now.tick_ms + ttl_s * 1_000 // REFRESHES_PER_TTL
        since = held.since if held is not None and same else version
        standing = Standing(kind, about, body, version, since, ttl_s, again_tick)
        self.standing[counter] = standing
        soonest = self.soonest_tick
        self.soonest_tick = again_tick if soonest is None else min(soonest, again_tick)
        return standing

    def tick(self, turn: Turn) -> None:
        """Say again what stands and would soon expire."""
        now = turn.now.tick_ms
        if self.soonest_tick is None or self.soonest_tick > now:
            return
        for held in [each for each in self.standing.values() if each.again_tick <= now]:
            self.announce(turn, held.kind, held.about, held.body, ttl_s=held.ttl_s)
        ends = [standing.again_tick for standing in self.standing.values()]
        self.soonest_tick = min(ends, default=None)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        return self.soonest_tick

    def keep(
        self,
        turn: Turn,
        record: Record,
        *,
        source: PeerId | None,
        beside: bool = False,
    ) -> None:
        """Number a record and have it written; `beside`, if no head tells of it."""
        self.arrival += 1
        if beside:
            self.mark_beside(turn)
        self.kept.append((record, source))
        if source is None:
            self.spoken.append(record)
        turn.do(Keep(record, self.arrival, source))

    def mark_beside(self, turn: Turn) -> None:
        """Know that heads may not tell of all that is kept up to here."""
        if self.beside != self.arrival:
            self.beside = self.arrival
            turn.put("own", "beside", CountRow(self.beside))

    def take_kept(self) -> list[tuple[Record, PeerId | None]]:
        """Return what was kept since this was last asked, and who brought it."""
        kept, self.kept = self.kept, []
        return kept

    def _seal(
        self,
        turn: Turn,
        kind: str,
        place: tuple[int, RecordId | None],
        about: str | None,
        body: Body,
    ) -> Record:
        seq, prev = place
        return seal_record(
            self.identity.key,
            network=self.identity.network,
            kind=kind,
            incarnation=self.identity.incarnation,
            seq=seq,
            prev=prev,
            moment_ms=turn.now.moment_ms,
            about=about,
            body=body,
        )
