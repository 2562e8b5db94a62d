"""A peer's mind: events and the time in, effects out. No I/O, no clock, no dice.

Theory of operation. `handle` takes one event, hands it to the part it concerns, and
returns all that is to be done about it. The parts share no state but through each
other's methods, and are told the time; whatever takes long (a fetch, a plan, a piece)
is an effect whose outcome comes back as a later event. After every event three things
are tended: what we ourselves said is heard by our own parts, jobs that came to owe
pieces are planned, and whoever listens to us is served.

A record whose body does not read is kept and passed on, since its author's chain goes
through it, but nothing here acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from fabnet.content.cid import Cid
from fabnet.cooperation import charter as charters
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.revision import RevisionBody
from fabnet.errors import RemoteError
from fabnet.protocol.community import NODE_KIND, Community, NodeNotice
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Answer, Effect, Lower, Recall, Turn
from fabnet.protocol.events import (
    AcceptLot,
    AttestBench,
    BatchHeard,
    Brought,
    CancelRequest,
    Compared,
    CountBench,
    DiskSeen,
    Event,
    FacilitySeen,
    FileRequest,
    GotHeard,
    Heard,
    KnownHeard,
    LinkDown,
    LinkUp,
    MachineSeen,
    MessageHeard,
    NothingToServe,
    Piece,
    Placed,
    PlanReady,
    ProbeHeard,
    ProofsHeard,
    PruneBody,
    Publish,
    Recalled,
    ReconcileHeard,
    SubscribeHeard,
    SupplyHeard,
    Tick,
    Weighed,
    Woke,
    WriteOff,
)
from fabnet.protocol.gossip import Gossip
from fabnet.protocol.handoff.asking import Asking
from fabnet.protocol.handoff.book import Book
from fabnet.protocol.handoff.doubt.lost import LostLots
from fabnet.protocol.handoff.doubt.recovery import Recovery
from fabnet.protocol.handoff.doubt.remnants import Remnants
from fabnet.protocol.handoff.makers import Makers
from fabnet.protocol.handoff.making import Work
from fabnet.protocol.handoff.planning import Planning
from fabnet.protocol.handoff.rounds import Rounds
from fabnet.protocol.handoff.withdrawals import Withdrawals
from fabnet.protocol.handoff.workshop import Workshop
from fabnet.protocol.market import Market
from fabnet.protocol.reconcile.meetings import Meetings
from fabnet.protocol.release import Release
from fabnet.protocol.remembering import restore
from fabnet.protocol.replica.holdings import Holdings
from fabnet.protocol.replica.pruning import Pruning
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.voice import CountRow, Identity, Voice
from fabnet.records.ids import Incarnation, Now, PeerId, RecordId
from fabnet.records.message import Message
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal

CLOCK_SET_MS = 3_600_000
"""A wall clock that moved by so much more than time did was set; what others said while
it was wrong is asked for again."""


class Peer:
    """What one peer knows, and what it does next."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.voice = Voice(identity)
        self.community = Community(identity)
        self.courier = Courier(identity)
        self.gossip = Gossip(self.voice)
        self.replica = Replica(self.voice, self.community)
        self.holdings = Holdings(self.voice, self.replica)
        self.meetings = Meetings(self.gossip, self.holdings)
        self.market = Market(self.community)
        self.book = Book(self.voice, self.courier)
        self.asking = Asking(self.book, self.community)
        self.planning = Planning(self.book, self.community, self.market)
        self.lost = LostLots(self.book, self.community)
        self.makers = Makers(self.book, self.community, self.lost)
        self.recovery = Recovery(self.book, self.courier)
        self.workshop = Workshop(self.voice)
        self.work = Work(self.workshop, self.community, self.courier)
        self.remnants = Remnants(self.workshop, self.work, self.community, self.courier)
        self.rounds = Rounds(
            self.workshop, self.work, self.community, self.courier, self.remnants
        )
        self.withdrawals = Withdrawals()
        self.pruning = Pruning(self.book, self.workshop)
        self.release = Release(self.voice, self.community, self.replica)
        self.looked_ms = 0
        """The moment of the last Tick: what the calendar held up to it is done."""
        self.looked_tick = 0

    @classmethod
    def restore(
        cls,
        identity: Identity,
        rows: Mapping[str, Mapping[str, bytes]],
        notices: Sequence[Record],
        now: Now,
    ) -> Peer:
        """Return the peer that its state rows and kept notices remember."""
        peer = cls(identity)
        restore(
            rows,
            voice=peer.voice,
            community=peer.community,
            courier=peer.courier,
            gossip=peer.gossip,
            replica=peer.replica,
            book=peer.book,
            workshop=peer.workshop,
            recovery=peer.recovery,
            release=peer.release,
        )
        turn = Turn(now)
        for notice in notices:
            if notice.author != identity.peer:
                peer.replica.notices.remember(notice)
                peer._learn(turn, notice)
            else:
                peer.holdings.remember(notice)
        return peer

    @property
    def id(self) -> PeerId:
        """Our name on the network."""
        return self.identity.peer

    def handle(self, event: Event, now: Now) -> list[Effect]:
        """Take one event, and return what to do about it."""
        turn = Turn(now)
        arrival = self.voice.arrival
        self._dispatch(turn, event)
        while self.voice.spoken:
            self._learn(turn, self.voice.spoken.pop(0))
        for kept in self.replica.pick_up(turn):
            self._learn(turn, kept)
        for fork, source in self.replica.take_proven():
            self.gossip.tell(turn, fork.pair, source)
            self.market.changed = True
        self.planning.tend(turn)
        self.remnants.tend(turn)
        self.replica.checkpoints.tend(turn)
        self.holdings.saw(turn)
        if self.voice.arrival != arrival:
            turn.put("own", "arrival", CountRow(self.voice.arrival))
            self.gossip.news(turn, arrival)
        return self.release.pass_on(turn.effects)

    def wait_ms(self, now: Now) -> int | None:
        """How long a Tick has nothing to do; nil when there is nothing to wait for.

        A wall clock that is set goes unnoticed meanwhile: look again now and then.
        """
        ticks = (
            self.voice.due_tick(),
            self.courier.due_tick(),
            self.gossip.due_tick(),
            self.meetings.due_tick(),
            self.market.due_tick(),
            self.planning.due_tick(),
            self.rounds.due_tick(),
            self.release.due_tick(),
            self.recovery.due_tick(),
        )
        moments = self.planning.due_moment(), self.rounds.due_moment(self.looked_ms)
        # Asked after every event, so without building lists.
        soonest: int | None = None
        for tick in ticks:
            if tick is not None and (soonest is None or tick - now.tick_ms < soonest):
                soonest = tick - now.tick_ms
        for at_ms in moments:
            if at_ms is not None and (
                soonest is None or at_ms - now.moment_ms < soonest
            ):
                soonest = at_ms - now.moment_ms
        return None if soonest is None else max(0, soonest)

    def _dispatch(self, turn: Turn, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915  # one arm for each event: a table
        match event:
            case Woke():
                self._wake(turn)
            case Tick():
                self._tick(turn)
            case DiskSeen(state):
                self.rounds.disk_seen(turn, state)
            case Placed(peer_record):
                self.community.introduce(turn, self.voice, peer_record)
            case (
                LinkUp() | LinkDown() | ProbeHeard() | KnownHeard() | SubscribeHeard()
                | BatchHeard() | ProofsHeard() | Compared() | Weighed() | GotHeard()
                | NothingToServe() | MessageHeard() | ReconcileHeard() | SupplyHeard()
            ):  # fmt: skip
                self._hear(turn, event)
            case Brought():
                self._bring(turn, event)
            case Publish():
                self._publish(turn, event)
            case FileRequest() if self.workshop.disk != "ample":
                turn.do(Answer(event.ask, Refusal("disk-low")))
            case FileRequest():
                self.asking.file(turn, event)
            case CancelRequest():
                self.asking.cancel(turn, event)
            case AcceptLot():
                self.asking.accept(turn, event)
            case CountBench():
                self.work.count(turn, event)
            case AttestBench():
                self.remnants.attest(turn, event)
            case WriteOff():
                self.lost.write_off(turn, event)
            case PruneBody():
                self.pruning.prune(turn, event)
            case FacilitySeen(facility):
                self.workshop.shows(turn, facility)
            case MachineSeen():
                self.workshop.seen(turn, event)
                self.rounds.seen(turn, self.workshop.benches[event.machine.id])
            case Piece():
                self.work.hear(turn, event)
            case Recalled():
                self._recalled(turn, self.withdrawals.recalled(turn, event))
            case PlanReady():
                self.planning.planned(turn, event)
            case _:
                assert_never(event)

    def _hear(self, turn: Turn, event: Heard) -> None:  # noqa: C901, PLR0912  # the same, of links
        match event:
            case LinkUp(peer):
                self.replica.turned_away.discard(peer)
                if self.release.link_up(turn, peer):
                    self._link_up(turn, peer)
            case LinkDown(peer):
                self.release.linked.discard(peer)
                self._link_down(turn, peer)
            case ProbeHeard(peer):
                self.release.probed(turn, peer)
            case KnownHeard():
                if self.release.known(turn, event):
                    self._released(turn)
            case SubscribeHeard():
                forks = self.replica.ends.forks.values()
                self.gossip.subscribed(turn, event, [fork.pair for fork in forks])
            case BatchHeard():
                self._hear_batch(turn, event)
            case ProofsHeard(peer, proofs):
                for proof in proofs:
                    self.replica.prove(turn, proof, peer)
            case Compared():
                self.replica.compared(turn, event)
                self.gossip.pens_emptied(turn, self.replica.bringers())
            case Weighed():
                for kept in self.replica.weighed(turn, event):
                    self._learn(turn, kept)
                self.replica.compare(turn)
                self.gossip.pens_emptied(turn, self.replica.bringers())
            case GotHeard():
                self.gossip.got(turn, event)
            case ReconcileHeard():
                self.meetings.hear(turn, event)
            case SupplyHeard():
                self._hear_supply(turn, event)
            case NothingToServe():
                self.gossip.nothing_to_serve(turn, event)
            case MessageHeard(message):
                self._hear_message(turn, message)
            case _:
                assert_never(event)

    def _link_down(self, turn: Turn, peer: PeerId) -> None:
        known = self.community.is_vouched(peer, turn.now.moment_ms)
        self.meetings.link_down(peer)
        self.gossip.link_down(turn, peer, known=known)
        self.replica.turned_away.discard(peer)

    def _link_up(self, turn: Turn, peer: PeerId) -> None:
        self.gossip.link_up(turn, peer)
        self.courier.link_up(turn, peer)

    def _released(self, turn: Turn) -> None:
        """Begin with every link that is up what was held back until now."""
        for peer in sorted(self.release.linked):
            self._link_up(turn, peer)
        self.gossip.again(turn)

    def _wake(self, turn: Turn) -> None:
        self.courier.wake(turn)
        self.release.wake(turn, first=self.recovery.wake(turn))
        self.remnants.wake(turn)
        self.replica.checkpoints.wake(turn)
        self.community.introduce(turn, self.voice)
        self.planning.wake(turn)
        self.rounds.wake(turn)

    def _tick(self, turn: Turn) -> None:
        now = turn.now
        went_ms = (now.moment_ms - self.looked_ms) - (now.tick_ms - self.looked_tick)
        was_set = self.looked_ms > 0 and abs(went_ms) > CLOCK_SET_MS
        self.looked_ms, self.looked_tick = now.moment_ms, now.tick_ms
        if was_set:
            self.gossip.clock_set(turn)
        self.voice.tick(turn)
        self.courier.tick(turn)
        self.meetings.tick(turn)
        self.gossip.tick(turn)
        self.market.tick(turn)
        self.planning.tick(turn)
        self.rounds.tick(turn)
        self.recovery.tick(turn)
        if self.release.tick(turn):
            self._released(turn)

    def _hear_batch(self, turn: Turn, event: BatchHeard) -> None:
        if self.workshop.disk == "critical":
            # Not confirmed, so it is served again; what room there is, is for lots.
            return
        self._take(turn, event.records, event.peer)
        waiting = self.replica.bringers()
        known = self.community.is_vouched(event.peer, turn.now.moment_ms)
        penned = known and event.peer in waiting
        if not self.gossip.lacks(turn, event, self.replica.recent):
            self.gossip.batch_done(turn, event, penned=penned, known=known)
        self.gossip.pens_emptied(turn, waiting)

    def _hear_supply(self, turn: Turn, event: SupplyHeard) -> None:
        if self.workshop.disk != "critical":
            self._take(turn, self.meetings.asked_for(turn, event), event.peer)
            self.meetings.taken(turn, event)
            self.gossip.pens_emptied(turn, self.replica.bringers())

    def _bring(self, turn: Turn, event: Brought) -> None:
        """Take what came on a stick, as if we had brought it ourselves."""
        if self.workshop.disk == "critical":
            turn.do(Answer(event.ask, Refusal("disk-low")))
            return
        for proof in event.proofs:
            self.replica.prove(turn, proof, self.id)
        self._take(turn, event.records, self.id)
        self.gossip.pens_emptied(turn, self.replica.bringers())
        turn.spare(self.id)
        last = event.records[-1].id if event.records else RecordId("")
        turn.do(Answer(event.ask, last))

    def _take(self, turn: Turn, records: Sequence[Record], source: PeerId) -> None:
        """Let the replica hear what `source` brought, and learn what is kept."""
        for record in records:
            news = False
            for kept in self.replica.hear(turn, record, source):
                news = True
                self._meet(turn, kept.author, kept.header.incarnation)
                self._learn(turn, kept)
            if source != self.id:  # a stick feeds nobody
                self.gossip.fed(source, record.author, news=news)
        while self.community.widened:
            self.community.widened = False
            for kept in self.replica.reconsider(turn):
                self._meet(turn, kept.author, kept.header.incarnation)
                self._learn(turn, kept)
        self.replica.compare(turn)

    def _hear_message(self, turn: Turn, message: Message) -> None:
        if message.header.recipient != self.id:
            turn.do(Lower(message.author, "a message to somebody else"))
            return
        is_ours = message.author == self.id
        if not is_ours and not self.community.is_vouched(
            message.author, turn.now.moment_ms
        ):
            turn.do(Lower(message.author, "a message from a stranger"))
            return
        self._meet(turn, message.author, message.header.incarnation)
        try:
            if self.courier.hear(turn, message):
                self.makers.hear(turn, message)
                self.lost.hear(turn, message)
                self.recovery.hear(turn, message)
                self.rounds.hear(turn, message)
                self.remnants.hear_fence(turn, message)
        except RemoteError as error:
            turn.note(message.author, "unreadable", kind=message.kind, why=str(error))
            turn.do(Lower(message.author, f"{message.kind}: {error}"))

    def _meet(self, turn: Turn, peer: PeerId, incarnation: Incarnation) -> None:
        """Know which database a peer speaks as; a new one lost what another knew."""
        if self.courier.meet(turn, peer, incarnation):
            turn.note(peer, "reborn", counter=incarnation.counter)
            self.gossip.reborn(turn, peer)
            self.lost.reborn(turn, peer, incarnation)
            self.recovery.reborn(turn, peer)

    def _learn(self, turn: Turn, record: Record) -> None:
        """Let our parts hear a record that is kept, ours or another's."""
        if record.body is None:
            # Its chain goes through it; what nobody here has read counts for nothing.
            turn.note(record.id, "without-body", kind=record.kind)
            self.recovery.hear_bare(record)
            return
        try:
            self.market.hear(turn, record)
            refusal = self.replica.learn(turn, record)
            if record.kind == NODE_KIND:
                self.community.learn_node(record.author, record.read(NodeNotice))
            if record.kind in (NODE_KIND, charters.KIND):
                self.market.changed = True
            if record.kind == revisions.KIND and self._is_news(record):
                # Whoever follows a designer keeps the commons: fetch it now.
                cid = record.read(RevisionBody).revision
                turn.do(Recall(cid, (record.author,)))
            if record.kind == disputes.KIND:
                self._contest(turn, record)
            if record.kind == withdrawals.KIND:
                self._hear_withdrawal(turn, record)
            self.makers.hear_record(turn, record)
            self.recovery.hear_record(turn, record)
            self.makers.hear_opened(turn, record)
            self.recovery.meet(turn, record)
        except RemoteError as error:
            turn.note(record.author, "unreadable", kind=record.kind, why=str(error))
            turn.do(Lower(record.author, f"{record.kind}: {error}"))
            return
        if refusal is not None:
            turn.note(record.id, refusal.reason, **dict(refusal.args))

    def _is_news(self, record: Record) -> bool:
        """Whether others said it, or a database of ours that is no more."""
        ours = self.identity.incarnation
        return record.author != self.id or record.header.incarnation != ours

    def _contest(self, turn: Turn, record: Record) -> None:
        """Read the terms of a design anew that we rely on: someone disputes a grant."""
        cid = disputes.revision_of(record.read(disputes.DisputeBody).document)
        if cid in self.planning.designs or cid in self.workshop.designs:
            turn.do(Recall(cid, (record.author,)))
        turn.note(cid, "grant-contested", record=record.id)

    def _hear_withdrawal(self, turn: Turn, record: Record) -> None:
        """Let a withdrawal change at once what is planned and made here."""
        cid = Cid(record.header.key or "")
        held = (self.workshop.designs.get(cid), self.planning.designs.get(cid))
        changed = self.withdrawals.hear(turn, record, held)
        if changed is not None:
            self._recalled(turn, changed)

    def _recalled(self, turn: Turn, event: Recalled) -> None:
        self.planning.recalled(turn, event)
        self.rounds.recalled(turn, event)

    def _publish(self, turn: Turn, event: Publish) -> None:
        refusal = self.community.learn(turn, event.body)
        if refusal is not None:
            turn.do(Answer(event.ask, refusal))
            return
        record = self.voice.log(turn, event.kind, event.about, event.body)
        turn.note(event.about or record.id, "published", kind=event.kind)
        self.community.introduce(turn, self.voice)
        turn.do(Answer(event.ask, record.id))
