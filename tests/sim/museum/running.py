"""Bugs of the runner, the shell's one loop: what leaves before the disk has it (H11).

The real runner and mind on a disk that takes its time; no network and no machine.
"""

from __future__ import annotations

import asyncio
from asyncio import TaskGroup
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fabnet.content.cid import of_raw
from fabnet.node.clock import SystemClock
from fabnet.node.runner import Durable, Outward, Remembered, Runner
from fabnet.production.plan import Problem, Solved
from fabnet.protocol.effects import (
    Act,
    Compare,
    Keep,
    Look,
    Recall,
    Serve,
    TellKnown,
    Weigh,
)
from fabnet.protocol.events import (
    CancelRequest,
    Compared,
    NothingToServe,
    Publish,
    Recalled,
    Weighed,
)
from fabnet.protocol.voice import Identity
from fabnet.records.body import Body
from fabnet.records.ids import CharterId, Incarnation, JobId, Now, RecordId
from fabnet.records.keys import SealingKey, SigningKey
from tests.sim.museum.asking import NOTE
from tests.sim.museum.exhibit import Exhibit, Whole

SLOW: Final = 20
"""Rounds of the loop that a commit takes."""
NOBODY: Final = CharterId("sha256:" + "0" * 64)


class Word(Body):
    """A body that means nothing to anyone."""

    said: str


@dataclass(slots=True)
class SlowDisk:
    """Keeps what it is given, some time after."""

    records: set[RecordId] = field(default_factory=set)
    waiting: deque[tuple[asyncio.Future[None], Sequence[Durable]]] = field(
        default_factory=deque
    )

    async def room(self) -> None:
        """There is always room."""

    def commit(self, durable: Sequence[Durable], _: int) -> Awaitable[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((done, durable))
        return done

    async def turns(self) -> None:
        """Write one commit after another."""
        while True:
            for _ in range(SLOW):
                await asyncio.sleep(0)
            if self.waiting:
                done, durable = self.waiting.popleft()
                self.records |= {it.record.id for it in durable if isinstance(it, Keep)}
                done.set_result(None)


class Alone:
    """Links to nobody, and no machine."""

    def subscribe(self, effect: object) -> None:
        """Ask nobody."""

    probe = got = prove = send = lower = subscribe

    async def tell_known(self, effect: TellKnown) -> None:
        """Show nobody."""

    async def serve_batch(self, effect: Serve) -> NothingToServe | None:
        """Send nobody anything."""
        del effect
        return None

    async def reconcile(self, effect: object) -> None:
        """Reconcile with nobody."""

    supply = reconcile

    async def compare(self, effect: Compare) -> Compared:
        """Find nothing."""
        del effect
        return Compared(())

    async def weigh(self, effect: Weigh) -> Weighed:
        """Hold nothing."""
        return Weighed(effect, None, 0, ())

    async def act(self, effect: Act) -> None:
        """Have no machine."""

    async def look(self, effect: Look) -> None:
        """Have no machine."""


async def _recall(effect: Recall) -> Recalled:
    return Recalled(effect.cid, None, "nobody has it")


async def _plan(problem: Problem) -> Solved:
    raise NotImplementedError(problem)


def a_slow_disk() -> None:
    """Somebody publishes, and somebody else asks before the disk has it."""
    asyncio.run(_asked())


async def _asked() -> None:
    key, alone, disk = SigningKey.from_seed(bytes(32)), Alone(), SlowDisk()
    sealing = SealingKey.from_seed(bytes(32)).public
    identity = Identity(key, "test", Incarnation(1, 5), sealing, NOBODY, frozenset())
    runner = Runner.restore(
        Remembered(identity, {}, ()), clock=SystemClock(), keeper=disk, outlet=alone,
        hands=alone, recall=_recall, plan=_plan,
    )  # fmt: skip
    tasks = [asyncio.create_task(it) for it in (runner.run(), disk.turns())]
    try:
        said = Word("something")
        one = runner.ask(lambda ask: Publish(ask, "talk/1", None, said))
        publishing = asyncio.create_task(one)
        job = JobId(of_raw(b"no job"))
        two = runner.ask(lambda ask: CancelRequest(ask, job))
        asking = asyncio.create_task(two)
        await asyncio.wait({publishing, asking}, return_when=asyncio.FIRST_COMPLETED)
        assert publishing.done(), "H11: an answer before what it read is durable"
        assert publishing.result() in disk.records, "H11: answered, and not durable"
        await asking
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# ------------------------------------------------------------------ the bugs


def _performs_first(_: Whole) -> Whole:
    async def faulty(self: Any, tasks: TaskGroup) -> None:  # its inside
        while True:
            committed, effects = await self._behind.get()
            for effect in effects:
                self._perform(effect, tasks)
            await committed

    return faulty


def _reads_are_free(decide: Whole) -> Whole:
    async def faulty(self: Any, effects: list[Outward], now: Now) -> None:  # its inside
        if any(isinstance(effect, Durable) for effect in effects):
            await decide(self, effects, now)
        else:
            for effect in effects:
                self._perform(effect, None)

    return faulty


RUNNING: Final = {
    "what is decided leaves before it is durable": Exhibit(
        "commit, then send", NOTE,
        Runner, "_follow", _performs_first, a_slow_disk, "H11: answered",
    ),
    "an answer leaves before what it read is durable": Exhibit(
        "replies wait as well: the dirty read", NOTE,
        Runner, "_decide", _reads_are_free, a_slow_disk, "H11: an answer before",
    ),
}  # fmt: skip
