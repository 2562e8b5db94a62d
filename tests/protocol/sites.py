"""Sites that gossip: real minds on disks in memory, and wires that do as they please.

Whatever is said goes as an event from mind to mind; it is lost, doubled, reordered and
said again, and a site may stop and start from what its disk remembers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import CharterBody
from fabnet.protocol.community import DOCUMENT_KINDS
from fabnet.protocol.effects import (
    DURABLE,
    Answer,
    Compare,
    Effect,
    Reconcile,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Supply,
    Turn,
    Weigh,
)
from fabnet.protocol.events import (
    BatchHeard,
    Compared,
    Event,
    GotHeard,
    LinkDown,
    LinkUp,
    NothingToServe,
    ProofsHeard,
    PruneBody,
    Publish,
    ReconcileHeard,
    SubscribeHeard,
    SupplyHeard,
    Tick,
    Weighed,
)
from fabnet.protocol.gossip import BRIEF_MS
from fabnet.protocol.peer import Peer
from fabnet.records.ids import Incarnation, Now, PeerId, RecordId
from fabnet.records.proofs.fork import stored_fork
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal
from tests.protocol import histories
from tests.protocol.histories import (
    AUTHOR_IDS,
    SITE_IDS,
    SITES,
    THEN_MS,
    History,
)
from tests.sim.disk import Disk, Durable

BATCH_RECORDS = 5
STEPS_MAX = 20_000

fork_in = lru_cache(maxsize=4_096)(stored_fork)
View = tuple[frozenset[str], dict[str, str], dict[tuple[PeerId, Incarnation], int]]


@dataclass(slots=True)
class Site:
    """A mind and its disk."""

    number: int
    peer: Peer
    disk: Disk = field(default_factory=Disk)
    say: Callable[[PeerId, Event], None] = lambda _, __: None
    refused: list[Refusal] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    """Everything a wire brought, for whoever wants to say it again."""
    tick_ms: int = 0

    @property
    def id(self) -> PeerId:
        return self.peer.id

    def happen(self, event: Event) -> None:
        if isinstance(event, BatchHeard | ProofsHeard):
            self.heard.append(event)
        now = Now(THEN_MS + self.tick_ms, self.tick_ms, "boot")
        effects = self.peer.handle(event, now)
        durable: list[Durable] = [it for it in effects if isinstance(it, DURABLE)]
        self.disk.commit(durable, THEN_MS)
        for effect in effects:
            self._perform(effect)

    def restarts(self) -> None:
        """Begin again from the disk: what waited in memory is gone."""
        rows = {name: dict(table) for name, table in self.disk.rows.items()}
        for table, held in histories.first_rows().items():
            rows[table] = held | rows.get(table, {})
        self.peer = Peer.restore(
            self.peer.identity, rows, self.disk.notices(), Now(THEN_MS, 0, "boot")
        )
        woken = Turn(Now(THEN_MS, 0, "boot"))
        self.peer.replica.checkpoints.wake(woken)
        for effect in woken.effects:
            self._perform(effect)
        self.tick_ms = 0

    def prunes(self, record: Record) -> None:
        """Have an operator here want a body gone."""
        self.happen(PruneBody(1, record, closed=False, why="obsolete"))

    def _perform(self, effect: Effect) -> None:
        ours = self.peer.identity
        match effect:
            case Subscribe(peer, incarnation, cursor, brief, sum_):
                theirs = incarnation or ours.incarnation
                self.say(peer, SubscribeHeard(self.id, theirs, cursor, brief, sum_))
            case Reconcile(peer, said):
                self.say(peer, ReconcileHeard(self.id, said))
            case Supply(peer, step, places):
                found = self.disk.supplied(
                    places, records_max=BATCH_RECORDS, bytes_max=10**6
                )
                done, records = found
                self.say(peer, SupplyHeard(self.id, step, done, tuple(records)))
            case SendProofs(peer, proofs):
                forks = tuple(fork_in(each) for each in proofs)
                self.say(peer, ProofsHeard(self.id, forks))
            case SendGot(peer, cursor, enough):
                self.say(peer, GotHeard(self.id, cursor, enough))
            case Serve(peer, after, _, brief):
                self._serve(peer, after, brief)
            case Compare(records):
                self.say(self.id, self.disk.beside(records))
            case Weigh():
                self.say(self.id, self.disk.weigh(effect))
            case Answer(_, result):
                self.refused += [result] if isinstance(result, Refusal) else []
            case _:
                pass

    def _serve(self, peer: PeerId, after: int, brief: frozenset[PeerId]) -> None:
        records, cursor = self.disk.served(
            after, peer, records_max=BATCH_RECORDS, bytes_max=10**6
        )
        if not records:
            self.say(self.id, NothingToServe(peer, cursor))
            return
        ours = self.peer.identity.incarnation
        # As `frames.batch`: an id says that the body can be had here.
        short = [it for it in records if it.author in brief and it.body is not None]
        whole = tuple(each for each in records if each not in short)
        ids = tuple(each.id for each in short)
        self.say(peer, BatchHeard(self.id, ours, cursor, whole, ids))

    # ------------------------------------------------------------------ what it shows

    def view(self) -> View:
        """What the views here show of the authors: records, charters and proofs."""
        shown = frozenset(
            record.id
            for record in self.disk.valid()
            if record.author in AUTHOR_IDS and record.kind not in DOCUMENT_KINDS
        )
        known = self.peer.community.charters.values()
        versions = {str(charter.id): str(charter.document) for charter in known}
        return shown, versions, self.proven()

    def proven(self) -> dict[tuple[PeerId, Incarnation], int]:
        forks = self.peer.replica.ends.forks
        return {place: fork.seq for place, fork in forks.items()}

    def bytes_kept(self) -> list[tuple[int, str, bool]]:
        """Every log record on the disk, in its order; void ones too.

        Each with whether anything may be added to it: a body that it lacks.
        """
        return [
            (at, each.id, each.body is None and each.id not in self.disk.pruned)
            for at, (each, _) in self.disk.records.items()
            if not each.is_notice
        ]

    def heaviest(self) -> int:
        """Bytes of bodies kept of the log that has the most, documents aside."""
        weight: dict[object, int] = {}
        for record in self.disk.valid():
            if not record.is_notice and record.kind not in DOCUMENT_KINDS:
                log = (record.author, record.header.incarnation)
                weight[log] = weight.get(log, 0) + len(record.body or b"")
        return max(weight.values(), default=0)

    def lacks(self) -> set[RecordId]:
        """Records that are shown here without a body, which nobody here deleted."""
        lacking = {each.id for each in self.disk.valid() if each.body is None}
        return lacking - self.disk.pruned

    def durable(self) -> dict[str, dict[str, bytes]]:
        """Return all rows but the cursors, which say what a link may skip."""
        rows = self.disk.rows
        return {name: dict(rows[name]) for name in rows if name != "cursor"}


@dataclass(slots=True)
class Sites:
    """All sites and the wires between them."""

    dice: Random
    drawn: History
    sites: list[Site] = field(init=False)
    links: list[tuple[int, int]] = field(init=False)
    waiting: list[tuple[PeerId, Event]] = field(default_factory=list)
    lost_permille: int = 0
    handed: list[tuple[int, PeerId, tuple[Record, ...]]] = field(default_factory=list)
    """Who was given what by whom."""

    def __post_init__(self) -> None:
        self.sites = []
        for number in range(SITES):
            site = Site(number, Peer(histories.identity(number)))
            histories.introduce(site.peer.community)
            site.say = self._say
            self.sites.append(site)
        # A tree, so that some hear everything through others, and perhaps one more.
        self.links = [(self.dice.randrange(at), at) for at in range(1, SITES)]
        if self.dice.random() < 0.5:
            self.links.append((0, SITES - 1))
        self.links = sorted(set(self.links))

    def _say(self, to: PeerId, event: Event) -> None:
        if to not in SITE_IDS:
            return
        to_itself = isinstance(event, Compared | Weighed | NothingToServe)
        if not to_itself and self.dice.randrange(1_000) < self.lost_permille:
            return
        self.waiting.append((to, event))
        if not to_itself and self.dice.randrange(1_000) < self.lost_permille:
            self.waiting.append((to, event))

    def at(self, peer: PeerId) -> Site:
        return self.sites[SITE_IDS.index(peer)]

    # ------------------------------------------------------------------ the course

    def run(self) -> None:
        """Live through a whole history, to the end of all gossip."""
        self._hand_out()
        self.lost_permille = self.dice.choice((0, 50, 200))
        bare = self.dice.choice((0, 0, 200))
        self._link()
        for number, speaker, records in self.handed:
            self._hand(number, speaker, records, bare)
            for _ in range(self.dice.randint(0, 4)):
                self._step()
            if self.dice.random() < 0.01:
                self._restart(self.dice.randrange(SITES))
            if self.dice.random() < 0.1:
                self._prune(self.sites[self.dice.randrange(SITES)])
        for document in self.drawn.papers:
            self._publish(document)
            self._step()
        before = [site.bytes_kept() for site in self.sites]
        self.lost_permille = 0
        self._settle()
        for site, kept in zip(self.sites, before, strict=True):
            now = site.bytes_kept()
            assert {id_ for _, id_, _ in kept} <= {id_ for _, id_, _ in now}, "R10"
            stood = [it for it in kept if not it[2]]
            assert [it for it in now if it in stood] == stood, "R10: deleted, or moved"

    def _prune(self, site: Site) -> None:
        logged = [each for each, _ in site.disk.records.values() if not each.is_notice]
        if logged:
            site.prunes(self.dice.choice(logged))

    def _restart(self, number: int) -> None:
        """Stop a site and start it again: what was on its wires is void."""
        ours = SITE_IDS[number]
        self.waiting = [
            (to, event)
            for to, event in self.waiting
            if ours not in (to, getattr(event, "peer", None))
        ]
        self.sites[number].restarts()
        self._link(number)

    def _hand_out(self) -> None:
        """Every record reaches at least one site, early, late, twice, in any order."""
        given: dict[tuple[int, PeerId], list[Record]] = {}
        for record in [*self.drawn.records, *self.drawn.notices, *self.drawn.strangers]:
            for number in self.dice.sample(range(SITES), self.dice.randint(1, 3)):
                given.setdefault((number, record.author), []).append(record)
        for (number, author), records in given.items():
            self.dice.shuffle(records)
            while records:
                count = self.dice.randint(1, 6)
                self.handed.append((number, author, tuple(records[:count])))
                del records[:count]
        self.handed += self.dice.sample(self.handed, len(self.handed) // 4)
        self.dice.shuffle(self.handed)

    def _hand(
        self, number: int, speaker: PeerId, records: tuple[Record, ...], bare: int = 0
    ) -> None:
        """Hand a site records; so many permille of them without their bodies."""
        records = tuple(
            Record(each.header, each.envelope, None, each.id)
            if bare and self.dice.randrange(1_000) < bare
            else each
            for each in records
        )
        self.sites[number].happen(BatchHeard(speaker, Incarnation(1, 1), 0, records))

    def _publish(self, document: bytes) -> None:
        site = self.sites[self.dice.randrange(SITES)]
        site.happen(Publish(1, charters.KIND, None, CharterBody(document)))

    def _link(self, end: int | None = None) -> None:
        """Open all links anew, or those that end at one site."""
        for link in self.links:
            for mine, theirs in (link, link[::-1]) if end in (None, *link) else ():
                self.sites[mine].happen(LinkDown(SITE_IDS[theirs]))
                self.sites[mine].happen(LinkUp(SITE_IDS[theirs]))

    def _step(self) -> None:
        if self.waiting:
            at = self.dice.randrange(len(self.waiting))
            to, event = self.waiting.pop(at)
            self.at(to).happen(event)

    def _settle(self) -> None:
        """Say again what may be lost, and let gossip come to its end."""
        # In the order of the logs: as an author serves who begins anew.
        given: dict[tuple[int, PeerId], list[Record]] = {}
        for number, author, records in self.handed:
            given.setdefault((number, author), []).extend(records)
        for _ in range(2):
            for (number, author), said in given.items():
                ordered = sorted(said, key=lambda record: record.header.seq)
                self._hand(number, author, tuple(ordered))
            self._link()
            self.drain()
            for document in self.drawn.papers:
                self._publish(document)
            self.drain()

    def drain(self) -> None:
        """Let gossip come to its end, and with it what was gathered to be said once."""
        is_gathered = False
        for _ in range(STEPS_MAX):
            if self.waiting:
                self._step()
                is_gathered = False
                continue
            if is_gathered:
                return
            is_gathered = True
            for site in self.sites:
                site.tick_ms += 2 * BRIEF_MS
                site.happen(Tick())
        raise AssertionError("gossip without end")
