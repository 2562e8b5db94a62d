"""One hand-off, harmed where one of its tasks waits, and what comes of it.

A place is the k-th time, since the request, that a task of one node began to wait.
There the task is cancelled, its node is stopped, or its links are cut. A supervisor
starts a node again that was harmed itself, people do their part, and at the end books,
benches and logs must agree as if nothing had been.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from tests.sim.loop.loop import Task
from tests.sim.loop.node import STOP_S, Node
from tests.sim.loop.watching import nothing_unkept
from tests.sim.loop.world import ADDRESSES, World, lived

Harm = Literal["cancel", "stop", "cut"]

MEET_S: Final = 2
"""Virtual seconds after the start until the links are up."""
LIMP_S: Final = 5
"""How long a node whose task was cancelled goes on before it is stopped."""
LIMP_STOP_S: Final = 15
"""How long it may take to stop then: whoever asked a mind that is gone is waited for,
at both doors and twice, as aiohttp does."""
REST_S: Final = 30
"""Virtual seconds after the end of the story in which all comes to rest."""


@dataclass
class Harmed:
    """What was done, and what came of it."""

    places: list[str] = field(default_factory=list)
    """Where tasks of the node began to wait, each time."""
    at: str = ""
    """Which task was harmed, and where."""
    ended_with: BaseException | None = None
    """What the node ended with by itself; nil when it went on, or was told to end."""
    ended: bool = False
    """Whether the node ended by itself."""
    cut: int = 0
    """How many connections were cut."""
    acknowledged: int = 0
    """How often people were told that something is kept."""
    stopped_s: float = 0
    """How long the node took to stop, in virtual seconds."""
    wrong: list[str] = field(default_factory=list)


def hand_off(
    folder: Path, name: str, harm: Harm = "stop", *, at: int = 0, seed: int = 0
) -> Harmed:
    """Live through a hand-off that is harmed at a place; at none when that is 0."""
    return lived(folder, seed, partial(_story, name=name, harm=harm, at=at))


def each_await(places: list[str]) -> list[int]:
    """Return the first place of each line at which tasks of each kind wait."""
    first: dict[str, int] = {}
    for at, place in enumerate(places, 1):
        first.setdefault(place, at)
    return list(first.values())


def _kind(task: Task[Any]) -> str:
    """Return what a task is for, without whom and which it is."""
    name = task.get_name().partition(" ")[0]
    return "request" if name.startswith("Task-") else name


async def _story(world: World, *, name: str, harm: Harm, at: int) -> Harmed:
    await world.starts()
    await asyncio.sleep(MEET_S)
    told = Harmed()
    node = world[name].node
    struck = asyncio.Event()

    def waits(task: Task[Any]) -> None:
        if task.home != node.town.address:
            return
        told.places.append(f"{_kind(task)} at {task.steps.where()}")
        if len(told.places) != at:
            return
        told.at = told.places[-1]
        if harm == "cancel":
            task.cancel()
        if harm == "cut":
            told.cut = world.loop.wires.breaks(ADDRESSES.values())
        else:
            struck.set()

    with nothing_unkept(world.nodes):
        async with asyncio.TaskGroup() as tasks:
            mending = tasks.create_task(_mend(node, struck, told, harm))
            world.loop.waits = waits
            await world.until_over()
            if struck.is_set():
                await mending
            mending.cancel()
        world.loop.waits = lambda _: None
        await asyncio.sleep(REST_S)
        await world.stops()
    assert not node.tasks(), node.waiting()
    told.acknowledged = sum(len(each.acknowledged) for each in world.people)
    told.wrong = world.wrong()
    return told


async def _mend(node: Node, struck: asyncio.Event, told: Harmed, harm: Harm) -> None:
    """Stop a node that was harmed, and start it again from what it kept."""
    await struck.wait()
    assert node.task is not None
    if harm == "cancel":
        await asyncio.wait([node.task], timeout=LIMP_S)
    if node.task.done():
        told.ended = True
        told.ended_with = None if node.task.cancelled() else node.task.exception()
    else:
        began_s = node.loop.time()
        error = await node.stops(STOP_S if harm == "stop" else LIMP_STOP_S)
        assert error is None, error
        told.stopped_s = node.loop.time() - began_s
    assert not node.tasks(), node.waiting()
    node.starts()
    await node.is_ready()
