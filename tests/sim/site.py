"""A peer in the simulation: it does what `fabnet.node.runner` does, without a node.

Verbs are what people at the site do. What the disk has not taken by a crash is lost,
and with it everything that would have left after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from fabnet.content.cid import Cid, of_raw
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import Revision, RevisionBody
from fabnet.errors import RemoteError
from fabnet.node.links import frames
from fabnet.production.facility import Facility
from fabnet.production.job import Job
from fabnet.production.machine import Machine, MachineState
from fabnet.production.offer import CapacityOffer
from fabnet.production.request import Item, NeedCode, Request
from fabnet.protocol.effects import (
    DURABLE,
    Act,
    Answer,
    AskPlan,
    Effect,
    Lower,
    Recall,
    Send,
    SendGot,
    Serve,
    Subscribe,
)
from fabnet.protocol.events import (
    AcceptLot,
    CancelRequest,
    CountBench,
    Event,
    FacilitySeen,
    FileRequest,
    LinkDown,
    LinkUp,
    MachineSeen,
    MessageHeard,
    NothingToServe,
    PieceLost,
    PieceMade,
    PlanReady,
    Progressed,
    Publish,
    Tick,
    Woke,
)
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records.body import Body
from fabnet.records.ids import JobId, MachineId, Now, PeerId, RecordId, Window
from fabnet.records.keys import SealingKey
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal
from fabnet.scheduling.plan import plan
from tests.sim import rhythm
from tests.sim.designs import recalled
from tests.sim.disk import Disk, Durable, Line
from tests.sim.invariants import Bench, Invariants
from tests.sim.world import World


@dataclass(slots=True)
class Site:
    """One node, its disk, its machines and its people."""

    name: str
    world: World
    watch: Invariants
    identity: Identity
    sealing: SealingKey
    facility: Facility
    peer: Peer | None = None
    disk: Disk = field(default_factory=Disk)
    bench: Bench = field(default_factory=Bench)
    machines: dict[MachineId, MachineSeen] = field(default_factory=dict)
    boot: int = 0
    tick_base_ms: int = 0
    pending: deque[tuple[list[Durable], list[Effect], int]] = field(
        default_factory=deque
    )
    last_commit_ms: int = 0
    wake_ms: int | None = None
    looking: bool = False
    accepting: bool = False
    introduced: bool = False
    counting: bool = True
    opens_ms: int = 0
    """When its machines may first be used; from then on day and night."""
    asks: int = 0
    answers: dict[int, RecordId | Refusal] = field(default_factory=dict)
    lowered: list[Lower] = field(default_factory=list)
    opened: Callable[[bytes, bytes | None], Record] = field(init=False)
    papers: list[tuple[str, str | None, Body]] = field(default_factory=list)
    """The documents that its operator keeps beside the database."""
    forge: Callable[[Send], Send] | None = None
    """What a dishonest node makes of a message of its own before it leaves."""

    def __post_init__(self) -> None:
        self.opened = frames.opener(self.identity.network)

    @property
    def id(self) -> PeerId:
        return self.identity.peer

    @property
    def is_up(self) -> bool:
        return self.peer is not None

    @property
    def mind(self) -> Peer:
        assert self.peer is not None, f"{self.name} is down"
        return self.peer

    # ------------------------------------------------------------------ the runner

    def now(self) -> Now:
        moment = self.world.now_ms
        return Now(moment, moment - self.tick_base_ms, f"boot-{self.boot}")

    def happen(self, event: Event) -> None:
        peer = self.peer
        if peer is None:
            return
        now = self.now()
        effects = peer.handle(event, now)
        if effects:
            durable = [effect for effect in effects if isinstance(effect, DURABLE)]
            rest = [effect for effect in effects if not isinstance(effect, DURABLE)]
            self.pending.append((durable, [*rest], now.moment_ms))
            takes_ms = self.world.draw(self.world.climate.commit_ms)
            at_ms = max(self.last_commit_ms, self.world.now_ms + takes_ms)
            self.last_commit_ms = at_ms
            self._later(at_ms - self.world.now_ms, self._commit)
        self._sleep(peer, now, ticked=isinstance(event, Tick))

    def _later(self, ms: int, act: Callable[[], None]) -> None:
        """Do something unless the node crashes before."""
        boot = self.boot

        def unless_crashed() -> None:
            if self.boot == boot:
                act()

        self.world.later(ms, unless_crashed)

    def _soon(self, ms: int, event: Event) -> None:
        self._later(ms, partial(self.happen, event))

    def _sleep(self, peer: Peer, now: Now, *, ticked: bool) -> None:
        due_ms = peer.wait_ms(now)
        wait_ms = rhythm.IDLE_MS if due_ms is None else min(rhythm.IDLE_MS, due_ms)
        assert wait_ms > 0 or not ticked, "a Tick that leaves itself due: a busy loop"
        at_ms = self.world.now_ms + wait_ms
        if self.wake_ms is None or at_ms < self.wake_ms:
            self.wake_ms = at_ms
            self._later(wait_ms, partial(self._tick, at_ms))

    def _tick(self, at_ms: int) -> None:
        if self.wake_ms == at_ms:
            self.wake_ms = None
            self.happen(Tick())

    def _commit(self) -> None:
        durable, rest, moment_ms = self.pending.popleft()
        self._write(durable, moment_ms)
        for effect in rest:
            self._perform(effect)
        self._look_soon()

    def _write(self, durable: list[Durable], moment_ms: int) -> None:
        self.disk.commit(durable, moment_ms)
        self.watch.committed(self.id, durable)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Subscribe(peer, incarnation, cursor):
                ask = frames.SubscribeFrame("subscribe", incarnation, cursor)
                self.world.carry(self.id, peer, frames.encode(ask))
            case SendGot(peer, cursor):
                got = frames.GotFrame("got", cursor)
                self.world.carry(self.id, peer, frames.encode(got))
            case Send():
                self._send(effect)
            case Lower():
                self.lowered.append(effect)
            case Serve():
                self._serve(effect)
            case Recall():
                ms = self.world.dice.randint(20, 500)
                self._later(ms, partial(self._recall, effect))
            case AskPlan(problem):
                ms = self.world.dice.randint(5, 200)
                self._soon(ms, PlanReady(plan(problem)))
            case Act():
                self._act(effect)
            case Answer(number, result):
                self.answers[number] = result
            case _:
                assert not isinstance(effect, DURABLE)

    def _send(self, send: Send) -> None:
        self.watch.leaves(self.id, send.message)
        if self.forge is not None:
            send = self.forge(send)
        message = send.message
        if message.header.recipient == self.id:
            self._soon(1, MessageHeard(message))
            return
        frame = frames.MessageFrame("message", message.envelope)
        self.world.carry(self.id, message.header.recipient, frames.encode(frame))

    def _serve(self, effect: Serve) -> None:
        records, cursor = self.disk.served(
            effect.after,
            effect.peer,
            lost=effect.lost,
            records_max=frames.BATCH_RECORDS_MAX,
            bytes_max=frames.BATCH_BYTES_MAX,
        )
        if not records:
            self._soon(1, NothingToServe(effect.peer, cursor))
            return
        parcels = tuple(frames.Parcel(each.envelope, each.body) for each in records)
        batch = frames.BatchFrame("batch", self.identity.incarnation, cursor, parcels)
        self.world.carry(self.id, effect.peer, frames.encode(batch))

    # ------------------------------------------------------------------ the links

    def hear(self, peer: PeerId, raw: bytes) -> None:
        ours = self.identity
        reader = frames.Reader(peer, ours.network, ours.incarnation, self.opened)
        try:
            heard = reader.read(raw)
        except RemoteError as error:
            self.lowered.append(Lower(peer, str(error)))
            return
        assert not isinstance(heard, frames.Hello)
        self.happen(heard)

    def link_up(self, peer: PeerId) -> None:
        self._soon(1, LinkUp(peer))

    def link_down(self, peer: PeerId) -> None:
        self._soon(1, LinkDown(peer))

    # ------------------------------------------------------------------ designs

    def _recall(self, effect: Recall) -> None:
        self.happen(recalled(self, effect.cid))

    # ------------------------------------------------------------------ machines

    def _act(self, act: Act) -> None:
        self.watch.begins(self.id, act)
        takes_ms = act.run_s * self.world.dice.randint(900, 1_100)
        name = act.job, act.epoch, act.piece
        self._soon(takes_ms // 2, Progressed(*name, 500))
        self._later(takes_ms, partial(self._made, act, takes_ms))

    def _made(self, act: Act, took_ms: int) -> None:
        climate = self.world.climate
        good = not self.world.chance(climate.scrap_permille)
        self.watch.comes_out(self.id, act.machine, good=good)
        name = act.job, act.epoch, act.piece
        if self.world.chance(climate.lost_piece_permille):
            self.happen(PieceLost(*name, "the cable came loose"))
        else:
            self.happen(PieceMade(*name, good, took_ms // 1_000, 25, act.mass_mg))

    # ------------------------------------------------------------------ power

    def starts(self) -> None:
        """Begin, after what the disk remembers."""
        self.tick_base_ms = self.world.now_ms - self.world.dice.randint(0, 1_000_000)
        rows = {table: dict(rows) for table, rows in self.disk.rows.items()}
        notices = self.disk.notices()
        self.peer = Peer.restore(self.identity, rows, notices, self.now())
        self.happen(Woke())
        if self.introduced:
            self._describe()
        self.world.connect()

    def introduces_itself(self) -> None:
        """Tell of the workshop, once others can know whose it is."""
        self.introduced = True
        self._describe()

    def crashes(self) -> None:
        """Lose whatever is not on disk; a piece in a machine comes out, or does not."""
        durable_too = self.world.dice.randint(0, len(self.pending))
        for durable, _, moment_ms in list(self.pending)[:durable_too]:
            self._write(durable, moment_ms)
        self.pending.clear()
        self.boot += 1
        self.peer, self.wake_ms, self.last_commit_ms = None, None, 0
        self.looking = False
        for machine in list(self.bench.in_machine):
            good = self.world.dice.random() < 0.5
            self.watch.comes_out(self.id, machine, good=good)
        for pair in [pair for pair in self.world.linked if self.id in pair]:
            self.world.disconnect(pair)

    # ------------------------------------------------------------------ people

    def _look_soon(self) -> None:
        if not self.looking:
            self.looking = True
            self._later(rhythm.LOOK_MS, self._look)

    def _look(self) -> None:
        self.looking = False
        busy = False
        if self.counting:
            busy = self.counts_bench() > 0
        if self.accepting:
            busy = self._accepts() > 0 or busy
        if busy:
            self._look_soon()

    def counts_bench(self) -> int:
        """Say what lies on every bench in doubt; return how many there were."""
        doubts = [
            making
            for making in self.mind.workshop.lots.values()
            if making.state == "in-doubt"
        ]
        for making in doubts:
            assert making.intent is not None
            piece = (f"{making.job}/{making.epoch}", making.intent)
            # What the machine never began is as good as scrap.
            good = self.bench.came_out.get(piece, False)
            self.asks += 1
            self.happen(CountBench(self.asks, making.job, making.epoch, good, "ana"))
        return len(doubts)

    def _accepts(self) -> int:
        closed = [
            lot
            for lot in self.mind.book.lots.values()
            if lot.state == "closed" and lot.closed and not lot.accepted
        ]
        for lot in closed:
            self.asks += 1
            self.happen(AcceptLot(self.asks, lot.job, lot.epoch, ()))
        return len(closed)

    def accepts_all(self) -> None:
        self.accepting = True

    def asks_mind(self, make: Callable[[int], Event]) -> RecordId | Refusal:
        """Ask the mind, and wait for its durable answer."""
        self.asks += 1
        number = self.asks
        self.happen(make(number))
        done = self.world.until(
            lambda: number in self.answers, most_ms=rhythm.ANSWER_MS_MAX
        )
        assert done, f"{self.name} did not answer"
        return self.answers.pop(number)

    def carries(self, kind: str, about: str | None, body: Body) -> RecordId:
        """Publish a log record."""
        said = self.asks_mind(lambda ask: Publish(ask, kind, about, body))
        assert not isinstance(said, Refusal), said
        return said

    def publishes(self, design: Revision, grant: bytes | None) -> Cid:
        """Publish a revision, its files, and its grant."""
        raw = revisions.encode(design)
        cid = revisions.revision_cid(raw)
        self.disk.blobs[cid] = raw
        self.disk.blobs[of_raw(b"content")] = b"content"
        folder = of_raw(b"folder")
        body = RevisionBody(cid, len(raw), folder, design.title, design.lineage)
        self.carries(revisions.KIND, None, body)
        if grant is not None:
            self.carries(grants.KIND, cid, GrantBody(grant))
        return cid

    def tries_to_ask_for(
        self,
        revision: Cid,
        pieces: int = 6,
        *,
        part: str = "Hook",
        due_h: int = 24,
        deadline_h: int | None = None,
        need: NeedCode = "livelihood",
        personal: bytes = b"Ada, at the back door",
    ) -> RecordId | Refusal:
        """File a request, and return its answer."""
        now_ms = self.world.now_ms
        due_ms = now_ms + due_h * 3_600_000
        deadline_ms = None if deadline_h is None else now_ms + deadline_h * 3_600_000
        request = Request(
            (Item(revision, part, pieces),), due_ms, deadline_ms, need,
            "make_for_peer_at_cost", ("cost_recovery_only",), (), None,
            self.facility.place, self.identity.charter, "a" * 64,
        )  # fmt: skip
        seed = self.world.dice.randbytes(32)
        return self.asks_mind(lambda ask: FileRequest(ask, request, personal, seed))

    def asks_for(
        self,
        revision: Cid,
        pieces: int = 6,
        *,
        due_h: int = 24,
        need: NeedCode = "livelihood",
        personal: bytes = b"Ada, at the back door",
    ) -> JobId:
        said = self.tries_to_ask_for(
            revision, pieces, due_h=due_h, need=need, personal=personal
        )
        assert not isinstance(said, Refusal), said
        return JobId(said)

    def cancels(self, job: JobId) -> RecordId | Refusal:
        return self.asks_mind(lambda ask: CancelRequest(ask, job))

    def owns(
        self, machine: Machine, *, pace_permille: int = 1_000, setup_s: int = 60
    ) -> MachineId:
        """Have a machine, open day and night."""
        (capability,) = machine.capabilities
        offer = CapacityOffer(
            machine.id, self.facility.id, capability, pace_permille, setup_s, 120, (),
            ("members", "federation"), machine.ttl_s,
        )  # fmt: skip
        self.machines[machine.id] = MachineSeen(machine, (offer,), ())
        self._show(machine.id)
        return machine.id

    def sets(self, machine: MachineId, state: MachineState) -> None:
        """Drain a machine, or let it work again."""
        seen = self.machines[machine]
        changed = msgspec.structs.replace(seen.machine, state=state)
        self.machines[machine] = replace(seen, machine=changed)
        self._show(machine)

    def _describe(self) -> None:
        self.happen(FacilitySeen(self.facility))
        for machine in self.machines:
            self._show(machine)
        self._later(rhythm.DESCRIBE_MS, self._describe)

    def _show(self, machine: MachineId) -> None:
        seen = self.machines[machine]
        day_ms = 86_400_000
        from_ms = self.world.now_ms // day_ms * day_ms
        opens_ms = max(from_ms, self.opens_ms)
        opened = (Window(opens_ms, from_ms + 15 * day_ms),)
        self.happen(replace(seen, opened=opened))

    # ------------------------------------------------------------------ what is known

    def story(self, subject: str) -> list[Line]:
        return [line for line in self.disk.story if line.subject == subject]

    def job(self, id_: JobId) -> Job | None:
        """Return a job as the disk has it, open or closed."""
        return self.disk.job(id_) or self.disk.closed_job(id_)

    def state(self, id_: JobId) -> str:
        return getattr(self.job(id_), "state", "unknown")
