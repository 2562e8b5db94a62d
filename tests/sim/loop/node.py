"""A whole node on the loop: what `fabnet run` runs, at an address of its own."""

from __future__ import annotations

import asyncio
import hashlib
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Final

from fabnet.node.app import run_node
from fabnet.node.config import load
from fabnet.records.ids import Now
from tests.real.cities.towns import Town
from tests.sim.loop.loop import Loop, Task
from tests.sim.loop.wires import HERE
from tests.sim.world import START_MS

READY_S: Final = 60
"""Virtual seconds in which a node must have started."""
STOP_S: Final = 4
"""Virtual seconds in which it must have stopped: requests get three to finish."""


@dataclass(slots=True)
class LoopClock:
    """The loop's time as a calendar's, and dice that repeat."""

    loop: asyncio.AbstractEventLoop | None
    name: str
    thrown: int = 0

    def now(self) -> Now:
        at_ms = 0 if self.loop is None else round(self.loop.time() * 1_000)
        return Now(START_MS + at_ms, at_ms, "boot")

    def token(self, length: int) -> bytes:
        self.thrown += 1
        return hashlib.shake_256(f"{self.name} {self.thrown}".encode()).digest(length)


@dataclass
class Node:
    """One town's node, from start to stop and again."""

    loop: Loop
    town: Town
    clock: LoopClock = field(init=False)
    task: asyncio.Task[None] | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        since = f"{self.town.name} since {self.loop.time()}"
        self.clock = LoopClock(self.loop, since)

    @property
    def is_up(self) -> bool:
        return self.task is not None and not self.task.done()

    def starts(self) -> None:
        """Begin, after what the disk remembers."""
        assert not self.is_up
        config = load(self.town.config)
        here = copy_context()
        here.run(HERE.set, self.town.address)
        self.ready.clear()
        running = run_node(config, ready=lambda _: self.ready.set(), clock=self.clock)
        self.task = here.run(self.loop.create_task, running, name="node")

    async def is_ready(self) -> None:
        async with asyncio.timeout(READY_S):
            await self.ready.wait()

    async def stops(self, within_s: float = STOP_S) -> BaseException | None:
        """End it as a supervisor does; return what it ended with, if with anything."""
        assert self.task is not None
        self.task.cancel()
        done, _ = await asyncio.wait([self.task], timeout=within_s)
        assert done, f"{self.town.name} does not stop: {self.waiting()}"
        return None if self.task.cancelled() else self.task.exception()

    def tasks(self) -> list[Task[Any]]:
        """Return its tasks that are not over, the oldest first."""
        found = (
            each for each in asyncio.all_tasks(self.loop) if isinstance(each, Task)
        )
        ours = [each for each in found if each.home == self.town.address]
        return sorted(ours, key=lambda each: each.number)

    def waiting(self) -> list[str]:
        return [f"{each.get_name()} at {each.steps.where()}" for each in self.tasks()]
