"""Machines that only take their time: for demonstrations, trials and tests.

`Simulated` lives and dies with its node. Without a memory it is of class C: a person
says how the piece went. With one it is of class B: it notes, before it sends the end of
a piece, that it does; what has no such note was never finished. `Controlled` is of
class A: its memory stands for a controller that outlives the node, and a piece is done
when its time is over, whoever was there to see it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from fabnet.node.clock import Clock
from fabnet.node.config import DriverClass
from fabnet.node.drivers.driver import (
    Answer,
    MachineLostError,
    NotBegun,
    Outcome,
    Running,
    Tell,
    Unknown,
    name_of,
)
from fabnet.node.drivers.journal import Deed, Did, Journal
from fabnet.node.drivers.memory import Memory, Task
from fabnet.protocol.effects import Act

STEPS: Final = 10
"""How often it tells its progress while it makes a piece."""


@dataclass(slots=True)
class Pretence:
    """How a machine pretends: pieces in their expected time, `time_factor` as fast."""

    clock: Clock
    power_w: int
    time_factor: int = 1
    scrap_every: int | None = None
    journal: Journal | None = None
    begun: int = 0

    def task(self, act: Act) -> Task:
        """Return the next piece as a controller is told of it."""
        self.begun += 1
        spoilt = self.scrap_every is not None and self.begun % self.scrap_every == 0
        takes_ms = act.run_s * 1_000 // self.time_factor
        return Task(name_of(act), self.now_ms(), takes_ms, not spoilt)

    def outcome(self, act: Act, task: Task) -> Outcome:
        """Return what is measured of a piece that came out."""
        energy_wh = -(-self.power_w * act.run_s // 3_600)
        return Outcome(task.good, act.run_s, energy_wh, act.mass_mg)

    def now_ms(self) -> int:
        """Return the moment by the wall clock, which goes on while the node is down."""
        return self.clock.now().moment_ms

    async def did(self, act: Act, deed: Deed) -> None:
        """Have the journal say once what was done; durable when this returns."""
        if self.journal is not None:
            did = Did(act.machine, act.job, act.epoch, act.piece, deed)
            await asyncio.to_thread(_write_once, self.journal, did)


class Simulated:
    """A machine that stops with its node."""

    def __init__(self, pretence: Pretence, memory: Memory | None = None) -> None:
        self._pretence = pretence
        self._memory = memory

    @property
    def driver_class(self) -> DriverClass:
        """B where it notes the ends of pieces, else C."""
        return "C" if self._memory is None else "B"

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Wait as long as the piece takes, telling how far it is."""
        task = self._pretence.task(act)
        await self._pretence.did(act, "begun")
        for step in range(1, STEPS + 1):
            await asyncio.sleep(task.takes_ms / 1_000 / STEPS)
            if step == STEPS and self._memory is not None:
                await asyncio.to_thread(self._memory.add, task)
            await tell(step * 1_000 // STEPS)
        await self._pretence.did(act, "good" if task.good else "scrap")
        return self._pretence.outcome(act, task)

    async def ask(self, act: Act) -> Answer:
        """Say that a piece is scrap if its end was never sent."""
        if self._memory is None:
            return Unknown("nobody watched the machine")
        if await asyncio.to_thread(self._memory.task, name_of(act)) is not None:
            return Unknown("the end of the piece was on its way to the machine")
        return Outcome(good=False, run_s=0, energy_wh=0, mass_mg=0)


class Controlled:
    """A machine whose controller goes on without its node."""

    def __init__(self, pretence: Pretence, memory: Memory) -> None:
        self._pretence = pretence
        self._memory = memory

    @property
    def driver_class(self) -> DriverClass:
        """It can be asked."""
        return "A"

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Tell the controller, unless it knows, and wait until the piece is done."""
        task = await asyncio.to_thread(self._memory.task, name_of(act))
        if task is None:
            task = await self._begin(act)
        while (left_ms := self._left_ms(task)) > 0:
            await tell(self._permille(task))
            await asyncio.sleep(min(left_ms, -(-task.takes_ms // STEPS)) / 1_000)
        return await self._done(act, task)

    async def ask(self, act: Act) -> Answer:
        """Look in the controller's memory."""
        task = await asyncio.to_thread(self._memory.task, name_of(act))
        if task is None:
            other = await self._busy_with()
            return NotBegun() if other is None else Unknown(f"busy with {other}")
        if self._left_ms(task) > 0:
            return Running(self._permille(task))
        return await self._done(act, task)

    async def _begin(self, act: Act) -> Task:
        other = await self._busy_with()
        if other is not None:
            raise MachineLostError(f"its controller is busy with {other}")
        task = self._pretence.task(act)
        await self._pretence.did(act, "begun")
        await asyncio.to_thread(self._memory.add, task)
        return task

    async def _busy_with(self) -> str | None:
        tasks = await asyncio.to_thread(self._memory.tasks)
        return next((task.name for task in tasks if self._left_ms(task) > 0), None)

    async def _done(self, act: Act, task: Task) -> Outcome:
        await self._pretence.did(act, "good" if task.good else "scrap")
        return self._pretence.outcome(act, task)

    def _left_ms(self, task: Task) -> int:
        return task.began_ms + task.takes_ms - self._pretence.now_ms()

    def _permille(self, task: Task) -> int:
        gone_ms = task.takes_ms - self._left_ms(task)
        return max(0, 1_000 * gone_ms // max(task.takes_ms, 1))


def _write_once(journal: Journal, did: Did) -> None:
    if did not in journal.read():
        journal.write(did)
