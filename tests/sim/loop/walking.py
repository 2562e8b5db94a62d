"""Three whole nodes from request to acceptance, and a digest of all that ran."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fabnet.production.lots.lot import Lot
from tests.real.cities.export import export
from tests.sim.loop.harm import MEET_S, REST_S
from tests.sim.loop.loop import Task
from tests.sim.loop.watching import nothing_unkept
from tests.sim.loop.world import World, lived


@dataclass
class Walked:
    """What a walk came to."""

    lots: dict[str, Lot]
    wrong: list[str]
    digest: str
    waits: int
    turns: int
    lasted_s: float
    messages: list[str] = field(default_factory=list)


def walk(folder: Path, seed: int) -> Walked:
    """Live from request to acceptance on the loop."""
    return lived(folder, seed, _walk)


async def _walk(world: World) -> Walked:
    told, waits = hashlib.sha256(), 0
    began_s = world.loop.time()

    def note(task: Task[Any]) -> None:
        nonlocal waits
        waits += 1
        at = f"{world.loop.time():.9f} {task.number} {task.home} {task.steps.where()}"
        told.update(at.encode())

    world.loop.waits = note
    with nothing_unkept(world.nodes) as messages:
        await world.starts()
        await asyncio.sleep(MEET_S)
        await world.until_over()
        lasted_s = world.loop.time() - began_s
        await asyncio.sleep(REST_S)
        await world.stops()
    told.update(str(world.loop.wires.carried).encode())
    for node in world.nodes:
        for record in export(node.town).records:
            told.update(record.id.encode())
    return Walked(
        lots=export(world["jackson"].node.town).lots(),
        wrong=world.wrong(),
        digest=told.hexdigest(),
        waits=waits,
        turns=world.loop.turns,
        lasted_s=lasted_s,
        messages=messages,
    )
