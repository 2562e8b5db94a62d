"""The one loop that feeds the peer and performs what it asks for.

Keep before Send: what one `handle` decided is committed before any of its effects is
performed, and effects are performed in the order they were decided. The loop itself
never waits for a disk: it handles the next event while a second task follows behind
the commits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from fabnet.errors import RestoredError, StorageError
from fabnet.node.clock import Clock
from fabnet.production.plan import Problem, Solved
from fabnet.protocol.effects import (
    DURABLE,
    Act,
    Answer,
    AskPlan,
    Compare,
    Drop,
    Effect,
    Forget,
    Keep,
    Look,
    Lower,
    Note,
    Probe,
    Prune,
    Put,
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
    Unsay,
    Void,
    Weigh,
)
from fabnet.protocol.events import (
    Compared,
    Event,
    MessageHeard,
    NothingToServe,
    PlanReady,
    Recalled,
    Tick,
    Weighed,
)
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records.ids import CharterId, Now, PeerId, RecordId
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal

logger = logging.getLogger(__name__)

INBOX_MAX: Final = 1_000
"""Events waiting for the peer; at the bound whoever posts one waits."""
BEHIND_MAX: Final = 1_000
"""Turns decided but not yet durable; at the bound the peer waits for the disk."""
TICK_MS_MAX: Final = 60_000
"""The peer is woken at least so often, to notice that the wall clock was set."""

Durable = Keep | Void | Forget | Prune | Put | Drop | Note | Unsay
Outward = (
    Probe | TellKnown | Restored
    | Subscribe | SendProofs | SendGot | Send | Lower | Serve | Reconcile | Supply
    | Compare | Weigh | Recall | AskPlan | Act | Look | Answer
)  # fmt: skip


class Keeper(Protocol):
    """Where records and state are kept."""

    async def room(self) -> None:
        """Wait until one more commit fits within the bounds."""

    def commit(self, durable: Sequence[Durable], moment_ms: int) -> Awaitable[None]:
        """Queue one transaction; the result resolves when it is on disk."""


class Outlet(Protocol):
    """The links to other peers. Nothing here waits for a network."""

    def subscribe(self, effect: Subscribe) -> None:
        """Ask a peer for its records."""

    def probe(self, effect: Probe) -> None:
        """Ask a peer what it has of ours."""

    async def tell_known(self, effect: TellKnown) -> None:
        """Show a peer what we have of its own."""

    def got(self, effect: SendGot) -> None:
        """Confirm a batch."""

    def prove(self, effect: SendProofs) -> None:
        """Send proofs of forks, or drop them when no link is up."""

    def send(self, effect: Send) -> None:
        """Pass a message on, or drop it when no link is up."""

    def lower(self, effect: Lower) -> None:
        """Lower a peer's standing."""

    async def serve_batch(self, effect: Serve) -> NothingToServe | None:
        """Send a batch of kept records."""

    async def reconcile(self, effect: Reconcile) -> None:
        """Say what finds out how what we have differs from what a peer has."""

    async def supply(self, effect: Supply) -> None:
        """Send records that a peer asked for by their places."""

    async def compare(self, effect: Compare) -> Compared:
        """Look up what is kept where records were heard again."""

    async def weigh(self, effect: Weigh) -> Weighed:
        """Weigh what is kept of one log."""


class Hands(Protocol):
    """The machines here."""

    async def act(self, effect: Act) -> None:
        """Begin one piece; its outcome is posted as an event."""

    async def look(self, effect: Look) -> None:
        """Find out what became of a piece; what is known is posted as an event."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Who the peer is, and what it kept before this start."""

    identity: Identity
    rows: Mapping[str, Mapping[str, bytes]]
    notices: Sequence[Record]


class Runner:
    """Owns the peer. Nothing else may touch it."""

    @classmethod
    def restore(
        cls,
        remembered: Remembered,
        *,
        clock: Clock,
        keeper: Keeper,
        outlet: Outlet,
        hands: Hands,
        recall: Callable[[Recall], Awaitable[Recalled]],
        plan: Callable[[Problem], Awaitable[Solved]],
    ) -> Runner:
        """Return the runner of the peer that is remembered."""
        peer = Peer.restore(
            remembered.identity, remembered.rows, remembered.notices, clock.now()
        )
        return cls(
            peer,
            clock=clock,
            keeper=keeper,
            outlet=outlet,
            hands=hands,
            recall=recall,
            plan=plan,
        )

    def __init__(
        self,
        peer: Peer,
        *,
        clock: Clock,
        keeper: Keeper,
        outlet: Outlet,
        hands: Hands,
        recall: Callable[[Recall], Awaitable[Recalled]],
        plan: Callable[[Problem], Awaitable[Solved]],
    ) -> None:
        self._peer = peer
        self._clock = clock
        self._keeper = keeper
        self._outlet = outlet
        self._hands = hands
        self._recall = recall
        self._plan = plan
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(INBOX_MAX)
        self._behind: asyncio.Queue[tuple[Awaitable[None], list[Outward]]] = (
            asyncio.Queue(BEHIND_MAX)
        )
        self._asks: dict[int, asyncio.Future[RecordId | Refusal]] = {}
        self._last_ask = 0

    @property
    def id(self) -> PeerId:
        """The peer's name."""
        return self._peer.id

    def is_vouched(self, peer: PeerId) -> bool:
        """Whether a peer speaks now for a cooperative that is vouched for."""
        return self._peer.community.is_vouched(peer, self._clock.now().moment_ms)

    def charter_of(self, peer: PeerId) -> CharterId | None:
        """Return the cooperative that a peer speaks for, if it is vouched for."""
        vouched = self.is_vouched(peer)
        return self._peer.community.charter_of(peer) if vouched else None

    async def post(self, event: Event) -> None:
        """Hand the peer an event; wait if it is behind."""
        await self._inbox.put(event)

    async def ask(self, make: Callable[[int], Event]) -> RecordId | Refusal:
        """Hand the peer what a person asked for; return its durable answer."""
        self._last_ask += 1
        ask = self._last_ask
        answer: asyncio.Future[RecordId | Refusal] = (
            asyncio.get_running_loop().create_future()
        )
        self._asks[ask] = answer
        try:
            await self.post(make(ask))
            return await answer
        finally:
            del self._asks[ask]

    async def ask_alone(self, make: Callable[[int], Event]) -> RecordId | Refusal:
        """Hand the peer what a person asked for while nothing else runs."""
        answer = await self.alone(make(0))
        assert answer is not None, "a peer answers whatever it is asked"
        return answer

    async def alone(self, event: Event) -> RecordId | Refusal | None:
        """Hear one event while nothing else runs: no link, no machine.

        Only what the disk is to know is done, and looked up. What would leave is said
        again at the next start; no timer moves. Not beside `run`.
        """
        events = [event]
        answer: RecordId | Refusal | None = None
        while events:
            now = self._clock.now()
            effects = self._peer.handle(events.pop(0), now)
            durable = [effect for effect in effects if isinstance(effect, DURABLE)]
            await self._keeper.commit(durable, now.moment_ms)
            for effect in effects:
                if isinstance(effect, Answer):
                    answer = effect.result
                elif isinstance(effect, Compare):
                    events.append(await self._outlet.compare(effect))
        return answer

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(tasks), name="perform")
            while True:
                event = await self._next()
                now = self._clock.now()
                effects = self._peer.handle(event, now)
                if not effects:
                    continue
                await self._decide(effects, now)
                logger.debug("%s: %d effects", type(event).__name__, len(effects))

    async def _next(self) -> Event:
        due_ms = self._peer.wait_ms(self._clock.now())
        if due_ms == 0:
            # Before anything that waits: a flood of events must not stop the timers.
            return Tick()
        wait_ms = TICK_MS_MAX if due_ms is None else min(TICK_MS_MAX, due_ms)
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                return await self._inbox.get()
        except TimeoutError:
            return Tick()

    async def _decide(self, effects: list[Effect], now: Now) -> None:
        durable = [effect for effect in effects if isinstance(effect, DURABLE)]
        rest = [effect for effect in effects if not isinstance(effect, DURABLE)]
        await self._keeper.room()
        committed = self._keeper.commit(durable, now.moment_ms)
        await self._behind.put((committed, rest))

    async def _follow(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            committed, effects = await self._behind.get()
            try:
                await committed
            except StorageError:
                # What the disk did not take was never promised: stop, do not lie.
                logger.critical("the disk failed; stopping before anything is sent")
                raise
            for effect in effects:
                self._perform(effect, tasks)

    def _perform(  # noqa: C901, PLR0912, PLR0915  # one arm for each effect: a table
        self, effect: Outward, tasks: asyncio.TaskGroup
    ) -> None:
        match effect:
            case Probe():
                self._outlet.probe(effect)
            case TellKnown():
                tasks.create_task(self._outlet.tell_known(effect), name="known")
            case Restored(above):
                raise RestoredError(above)
            case Subscribe():
                self._outlet.subscribe(effect)
            case SendProofs():
                self._outlet.prove(effect)
            case SendGot():
                self._outlet.got(effect)
            case Send(message) if message.header.recipient == self.id:
                tasks.create_task(self.post(MessageHeard(message)), name="to ourselves")
            case Send():
                self._outlet.send(effect)
            case Lower():
                self._outlet.lower(effect)
            case Serve():
                tasks.create_task(self._serve(effect), name="serve")
            case Reconcile():
                tasks.create_task(self._outlet.reconcile(effect), name="reconcile")
            case Supply():
                tasks.create_task(self._outlet.supply(effect), name="supply")
            case Compare():
                tasks.create_task(self._compare(effect), name="compare")
            case Weigh():
                tasks.create_task(self._weigh(effect), name="weigh")
            case Recall():
                tasks.create_task(self._fetch(effect), name="recall")
            case AskPlan():
                tasks.create_task(self._make_plan(effect), name="plan")
            case Act():
                tasks.create_task(self._hands.act(effect), name="act")
            case Look():
                tasks.create_task(self._hands.look(effect), name="look")
            case Answer(ask, result):
                waiting = self._asks.get(ask)
                if waiting is not None and not waiting.done():
                    waiting.set_result(result)
            case _:
                assert_never(effect)

    async def _serve(self, effect: Serve) -> None:
        nothing = await self._outlet.serve_batch(effect)
        if nothing is not None:
            await self.post(nothing)

    async def _compare(self, effect: Compare) -> None:
        await self.post(await self._outlet.compare(effect))

    async def _weigh(self, effect: Weigh) -> None:
        await self.post(await self._outlet.weigh(effect))

    async def _fetch(self, effect: Recall) -> None:
        await self.post(await self._recall(effect))

    async def _make_plan(self, effect: AskPlan) -> None:
        solved = await self._plan(effect.problem)
        await self.post(PlanReady(solved.plan, solved.certificate))
