"""What `fabnet.node.runner` does for a mind, without a node: events, commits, links.

What the disk has not taken by a crash is lost, and with it everything that would have
left after. Nothing here decides for people: `tests.sim.site` does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from fabnet.errors import RemoteError
from fabnet.node.config import DriverClass
from fabnet.node.links import frames
from fabnet.production.facility import Facility
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import (
    DURABLE,
    Act,
    Answer,
    AskPlan,
    Compare,
    Effect,
    Look,
    Lower,
    Probe,
    Recall,
    Reconcile,
    Restored,
    Send,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Supply,
    TellKnown,
    Weigh,
)
from fabnet.protocol.events import (
    Event,
    LinkDown,
    LinkUp,
    MachineSeen,
    MessageHeard,
    NothingToServe,
    PieceHeld,
    PieceLost,
    PieceMade,
    PieceUnbegun,
    PlanReady,
    Progressed,
    Tick,
    Woke,
)
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records.ids import Incarnation, MachineId, Now, PeerId, RecordId
from fabnet.records.keys import SealingKey
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal
from fabnet.scheduling.plan import plan
from tests.sim import rhythm
from tests.sim.designs import recalled
from tests.sim.disk import Disk, Durable
from tests.sim.invariants import Bench, Invariants, Known, Piece
from tests.sim.world import World

POLL_MS = 5_000
"""How often a controller is asked how far it is."""


@dataclass(slots=True)
class Node:
    """One mind, its disk, its links and its machines."""

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
    driver_class: DriverClass = "C"
    """What its machines can say after a crash."""
    asked_ms: int = 1
    """How long they take to say it."""
    boot: int = 0
    tick_base_ms: int = 0
    pending: deque[tuple[list[Durable], list[Effect], int]] = field(
        default_factory=deque
    )
    last_commit_ms: int = 0
    wake_ms: int | None = None
    idle_ms: int = 0
    """When it is woken though nothing is due."""
    answers: dict[int, RecordId | Refusal] = field(default_factory=dict)
    lowered: list[Lower] = field(default_factory=list)
    opened: Callable[[bytes, bytes | None], Record] = field(init=False)
    readers: dict[PeerId, frames.Reader] = field(default_factory=dict)
    skew_ms: int = 0
    """How wrong its wall clock is; its ticks go on as ever."""
    commit_ms: tuple[int, int] | None = None
    """How slow its disk is, when that differs from the climate's."""
    full: bool = False
    """Whether its disk takes nothing more."""
    on_fall: Callable[[Node], None] | None = None
    """Who takes note that the power went, to start it again."""
    forge: Callable[[Send], Send] | None = None
    """What a dishonest node makes of a message of its own before it leaves."""
    lets_out: Callable[[PeerId, bytes], bool] | None = None
    """Which frames a dishonest node lets out at all."""
    overhears: Callable[[PeerId, bytes], None] | None = None
    """Who else is told, at a dishonest node, of every frame that comes in."""
    on_start: Callable[[], None] | None = None
    """What a dishonest node does to a mind of its own that was just begun."""

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
        at_ms = self.world.now_ms
        moment_ms = at_ms + self.skew_ms
        return Now(moment_ms, at_ms - self.tick_base_ms, f"boot-{self.boot}")

    def happen(self, event: Event) -> None:
        peer = self.peer
        if peer is None:
            return
        now = self.now()
        known = self._knows(peer, event)
        effects = peer.handle(event, now)
        if isinstance(event, MessageHeard):
            self.watch.heard(self.id, event.message, known, effects)
        self.does(effects, now)
        self._sleep(peer, now, ticked=isinstance(event, Tick))

    def does(self, effects: list[Effect], now: Now) -> None:
        """Commit what is durable of a turn, and then do the rest of it."""
        if effects:
            durable: list[Durable] = []
            rest: list[Effect] = []
            for effect in effects:
                if isinstance(effect, DURABLE):
                    durable.append(effect)
                else:
                    rest.append(effect)
            self.pending.append((durable, rest, now.moment_ms))
            takes_ms = self.world.draw(self.commit_ms or self.world.climate.commit_ms)
            at_ms = max(self.last_commit_ms, self.world.now_ms + takes_ms)
            self.last_commit_ms = at_ms
            self._later(at_ms - self.world.now_ms, self._commit)
            if durable and self.world.chance(self.world.climate.cut_permille):
                self._later(self.world.draw((0, takes_ms)), self.falls)

    def _knows(self, peer: Peer, event: Event) -> Known:
        """Return how far a mind has come in what a message's author says."""
        if not isinstance(event, MessageHeard):
            return None, 0
        author = event.message.author
        return peer.courier.newest.get(author), peer.courier.taken.get(author, 0)

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
        assert due_ms != 0 or not ticked, "a Tick that leaves itself due: a busy loop"
        idle_ms = max(0, self.idle_ms - self.world.now_ms)
        wait_ms = idle_ms if due_ms is None else min(idle_ms, due_ms)
        at_ms = self.world.now_ms + wait_ms
        if self.wake_ms is None or at_ms < self.wake_ms:
            self.wake_ms = at_ms
            self._later(wait_ms, partial(self._tick, at_ms))

    def _tick(self, at_ms: int) -> None:
        if self.wake_ms != at_ms:
            return
        self.wake_ms = None
        peer, now = self.mind, self.now()
        if at_ms < self.idle_ms and peer.wait_ms(now) != 0:
            # What was due then came about by itself; the runner would not wake it.
            self._sleep(peer, now, ticked=False)
        else:
            self.idle_ms = at_ms + rhythm.IDLE_MS
            self.happen(Tick())

    def _commit(self) -> None:
        if self.full and self.pending[0][0]:
            # What the runner does: nothing of it was promised, so stop, do not lie.
            self.world.fired["disk-full"] += 1
            self.crashes(nothing_written=True)
            return
        durable, rest, moment_ms = self.pending.popleft()
        self._write(durable, moment_ms)
        for effect in rest:
            self._perform(effect)
        self._committed()

    def _committed(self) -> None:
        """Let people see what has changed."""

    def _write(self, durable: list[Durable], moment_ms: int) -> None:
        self.disk.commit(durable, moment_ms)
        self.world.work["commits"] += bool(durable)
        self.watch.committed(self.id, durable)

    def _perform(self, effect: Effect) -> None:  # noqa: C901  # one arm for each effect: a table
        match effect:
            case Subscribe(peer, incarnation, cursor, brief, sum_):
                at = incarnation, cursor
                ask = frames.SubscribeFrame("subscribe", *at, int(brief), sum_)
                self._lets_go(peer, frames.encode(ask))
            case Probe(peer):
                probe = frames.ProbeFrame("probe")
                self._lets_go(peer, frames.encode(probe))
            case TellKnown(peer, ids):
                known = frames.KnownFrame("known", self.disk.envelopes(ids))
                self._lets_go(peer, frames.encode(known))
            case Restored(above):
                self._later(0, partial(self.begins_again, above))
            case SendProofs(peer, proofs):
                said = frames.ProofsFrame("proofs", proofs)
                self._lets_go(peer, frames.encode(said))
            case Reconcile(peer, words):
                self._lets_go(peer, frames.encode(words))
            case Supply():
                self._supply(effect)
            case Compare(records):
                self._soon(1, self.disk.beside(records))
            case Weigh():
                self._soon(1, self.disk.weigh(effect))
            case SendGot(peer, cursor, enough):
                got = frames.GotFrame("got", cursor, enough)
                self._lets_go(peer, frames.encode(got))
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
            case Look(act):
                self._later(self.asked_ms, partial(self._asks, act))
            case Answer(number, result):
                self.answers[number] = result
            case _:
                assert not isinstance(effect, DURABLE)

    def _send(self, send: Send) -> None:
        self.watch.leaves(self.id, send.message)
        self.world.work["messages"] += 1
        if self.forge is not None:
            send = self.forge(send)
        message = send.message
        if message.header.recipient == self.id:
            self._soon(1, MessageHeard(message))
            return
        frame = frames.MessageFrame("message", message.envelope)
        self._lets_go(message.header.recipient, frames.encode(frame))

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
        found = [(each.envelope, each.body) for each in records]
        batch = frames.batch(effect, self.identity.incarnation, cursor, found)
        self._lets_go(effect.peer, frames.encode(batch))

    def _supply(self, effect: Supply) -> None:
        done, records = self.disk.supplied(
            effect.places,
            records_max=frames.BATCH_RECORDS_MAX,
            bytes_max=frames.BATCH_BYTES_MAX,
        )
        found = tuple(frames.Parcel(each.envelope, each.body) for each in records)
        supply = frames.SupplyFrame("supply", effect.step, done, found)
        self._lets_go(effect.peer, frames.encode(supply))

    # ------------------------------------------------------------------ the links

    def _lets_go(self, peer: PeerId, raw: bytes) -> None:
        if self.lets_out is None or self.lets_out(peer, raw):
            self.world.carry(self.id, peer, raw)

    def hear(self, peer: PeerId, raw: bytes) -> None:
        if self.overhears is not None:
            self.overhears(peer, raw)
        reader = self.readers.get(peer)
        if reader is None:
            ours = self.identity
            reader = frames.Reader(peer, ours.network, ours.incarnation, self.opened)
            self.readers[peer] = reader
        try:
            heard = reader.read(raw)
        except RemoteError as error:
            self.lowered.append(Lower(peer, str(error)))
            return
        assert not isinstance(heard, frames.Hello | frames.Aside)
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
        if self.driver_class == "A":
            self._tells(act)
            return
        takes_ms = self._begins(act)
        name = act.requester, act.job, act.epoch, act.piece
        self._soon(takes_ms // 2, Progressed(*name, 500))
        self._later(takes_ms, partial(self._made, act, takes_ms))

    def _begins(self, act: Act) -> int:
        """Have a machine take a piece in hand; return how long it takes."""
        self.watch.begins(self.id, act)
        takes_ms = act.run_s * self.world.dice.randint(900, 1_100)
        if self.driver_class == "A":
            # Whatever becomes of us meanwhile.
            self.world.later(takes_ms, partial(self._finishes, act))
        return takes_ms

    def _finishes(self, act: Act) -> None:
        """Come to the end of a piece, and have nobody to tell."""
        self._comes_out(act)

    def _comes_out(self, act: Act) -> bool:
        good = not self.world.chance(self.world.climate.scrap_permille)
        self.world.fired["scrap"] += not good
        self.watch.comes_out(self.id, act.machine, good=good)
        return good

    def _made(self, act: Act, took_ms: int) -> None:
        good = self._comes_out(act)
        if self.world.chance(self.world.climate.lost_piece_permille):
            self.world.fired["piece-lost"] += 1
            why = "the cable came loose"
            self.happen(PieceLost(act.requester, act.job, act.epoch, act.piece, why))
        else:
            self._says(act, good=good, run_s=took_ms // 1_000)

    def _says(self, act: Act, *, good: bool, run_s: int) -> None:
        name = act.requester, act.job, act.epoch, act.piece
        self.happen(PieceMade(*name, good, run_s, 25, act.mass_mg))

    # ------------------------------------------------------------------ controllers

    def _tells(self, act: Act) -> None:
        """Tell a controller of a piece, unless it knows of it, or is busy."""
        if self._is_busy(act):
            name = act.requester, act.job, act.epoch, act.piece
            self.happen(PieceLost(*name, "its controller is busy"))
            return
        if not self._has(act):
            self._begins(act)
        self._follows(act)

    def _is_busy(self, act: Act) -> bool:
        """Whether a controller has another piece in hand, of a database before."""
        return self.bench.in_machine.get(act.machine, _piece(act)) != _piece(act)

    def _has(self, act: Act) -> bool:
        """Whether a controller has a piece in hand, or had it."""
        piece, bench = _piece(act), self.bench
        return piece in bench.came_out or bench.in_machine.get(act.machine) == piece

    def _follows(self, act: Act) -> None:
        good = self.bench.came_out.get(_piece(act))
        if good is None:
            self._later(POLL_MS, partial(self._follows, act))
        else:
            self._says(act, good=good, run_s=act.run_s)

    def _asks(self, act: Act) -> None:
        """Ask a machine what became of a piece in doubt, as the floor does."""
        name = act.requester, act.job, act.epoch, act.piece
        good = self.bench.came_out.get(_piece(act))
        match self.driver_class:
            case "A" if good is not None:
                self._says(act, good=good, run_s=act.run_s)
            case "A" if self._is_busy(act):
                self._later(POLL_MS, partial(self._asks, act))
            case "A":
                has = self._has(act)
                self.happen(PieceHeld(*name) if has else PieceUnbegun(*name))
            case "B" if not good:
                # What came out good, its end was sent; of that a person says.
                self._says(act, good=False, run_s=0)
            case _:
                pass

    # ------------------------------------------------------------------ power

    def starts(self) -> None:
        """Begin, after what the disk remembers."""
        self.tick_base_ms = self.world.now_ms - self.world.dice.randint(0, 1_000_000)
        self.idle_ms = self.world.now_ms + rhythm.IDLE_MS
        rows = {table: dict(rows) for table, rows in self.disk.rows.items()}
        notices = self.disk.notices()
        self.peer = Peer.restore(self.identity, rows, notices, self.now())
        self.happen(Woke())
        self._started()
        if self.on_start is not None:
            self.on_start()
        self.world.connect()

    def _started(self) -> None:
        """Let people tell the mind what they know."""

    def begins_again(self, above: int) -> None:
        """Go on under a new incarnation: the database was not the newest."""
        self.crashes(nothing_written=False)
        random = self.world.dice.getrandbits(63)
        newer = Incarnation(above + 1, random)
        self.identity = replace(self.identity, incarnation=newer)
        self.starts()

    def falls(self) -> None:
        """Crash, and be started again by whoever takes note of it."""
        if self.is_up:
            self.crashes()
            if self.on_fall is not None:
                self.on_fall(self)

    def crashes(self, *, nothing_written: bool = False) -> None:
        """Lose whatever is not on disk; only what a controller has in hand goes on."""
        may_be = 0 if nothing_written else len(self.pending)
        durable_too = self.world.dice.randint(0, may_be)
        for durable, _, moment_ms in list(self.pending)[:durable_too]:
            self._write(durable, moment_ms)
        self.pending.clear()
        self.boot += 1
        self.peer, self.wake_ms, self.last_commit_ms = None, None, 0
        for machine in list(self.bench.in_machine):
            if self.driver_class == "A":
                continue
            good = self.world.dice.random() < 0.5 and self.driver_class != "B"
            self.watch.comes_out(self.id, machine, good=good)
        for pair in [pair for pair in self.world.linked if self.id in pair]:
            self.world.disconnect(pair)


def _piece(act: Act) -> Piece:
    return lot_key(act.job, act.epoch), act.piece
