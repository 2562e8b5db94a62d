"""Faults drawn from a seed: what befalls which town, when, and for how long."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.real.cities.export import has_more_to_begin
from tests.real.cities.node import Node

EVENTS: Final = 20
SPAN_S: Final = 60.0
"""In which they begin."""
LASTS_S: Final = (2.0, 5.5)
WORK_S_MAX: Final = 40
"""How long these wait for a machine at work."""
LOOK_S: Final = 0.2
TEN_YEARS_DAYS: Final = 3_652
KINDS: Final = (
    "kill", "stop", "partition", "loss", "rate", "clock", "full", "eio", "stall",
    "restore",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them."""

    at_s: float
    kind: str
    town: int
    lasts_s: float
    others: tuple[int, ...]
    """From whom it is cut off."""
    days: int
    """By how much its wall clock is set wrong."""

    def told(self, names: Sequence[str]) -> str:
        """Return it in words."""
        more = {
            "partition": f" from {', '.join(names[it] for it in self.others)}",
            "clock": f" by {self.days:+d} days",
        }
        return (
            f"{self.at_s:5.1f} s  {self.kind:<9} {names[self.town]}"
            f"{more.get(self.kind, '')}, {self.lasts_s:.1f} s"
        )


def drawn(dice: Random, towns: int, kinds: Sequence[str] = KINDS) -> list[Fault]:
    """Draw them: each kind at least twice, in any order, at any town."""
    many = [kinds[at % len(kinds)] for at in range(EVENTS - EVENTS % len(kinds))]
    many += [dice.choice(kinds) for _ in range(EVENTS - len(many))]
    dice.shuffle(many)
    found: list[Fault] = []
    for at, kind in enumerate(many):
        town = dice.randrange(towns)
        others = [other for other in range(towns) if other != town]
        found.append(
            Fault(
                at_s=round((at + dice.random()) * SPAN_S / EVENTS, 1),
                kind=kind,
                town=town,
                lasts_s=round(dice.uniform(*LASTS_S), 1),
                others=tuple(sorted(dice.sample(others, dice.randint(1, towns - 1)))),
                days=dice.choice((-1, 1)) * TEN_YEARS_DAYS,
            )
        )
    return found


async def befall(faults: Sequence[Fault], nodes: Sequence[Node]) -> None:
    """Let all of them happen, each at its time; return when the last is over."""
    names = [node.town.name for node in nodes]

    async def one(fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        node = nodes[fault.town]
        if fault.kind in ("stall", "kill"):
            # What is asked of a disk is asked best while a machine is at work.
            node = await _at_work(nodes, node)
            fault = replace(fault, town=node.place)
        async with node.faults:
            came_of_it = await _strike(fault, node)
        node.say(fault.told(names) + (f": {came_of_it}" if came_of_it else ""))

    async with asyncio.TaskGroup() as tasks:
        for fault in faults:
            tasks.create_task(one(fault))


async def _at_work(nodes: Sequence[Node], drawn: Node) -> Node:
    """Return a node that is about to begin a piece, or soon the one that was drawn."""
    for _ in range(round(WORK_S_MAX / LOOK_S)):
        for node in (drawn, *nodes):
            is_free = node.is_up and not node.faults.locked()
            if is_free and has_more_to_begin(node.town):
                return node
        await asyncio.sleep(LOOK_S)
    return drawn


async def _strike(  # noqa: C901  # one arm for each kind: a table
    fault: Fault, node: Node
) -> str:
    """Do it, undo it, and return what there is to tell of it."""
    match fault.kind:
        case "kill":
            await node.kill()
            await asyncio.sleep(fault.lasts_s)
            await node.start()
        case "stop":
            node.signal(signal.SIGSTOP)
            await asyncio.sleep(fault.lasts_s)
            node.signal(signal.SIGCONT)
        case "partition":
            node.wires.cut(fault.town, fault.others)
            await asyncio.sleep(fault.lasts_s)
            node.wires.heal(fault.town)
        case "loss":
            node.wires.lose(fault.town)
            await asyncio.sleep(fault.lasts_s)
            node.wires.heal(fault.town)
        case "rate":
            node.wires.slow(fault.town)
            await asyncio.sleep(fault.lasts_s)
            node.wires.heal(fault.town)
        case "clock":
            node.set_clock(fault.days)
            await asyncio.sleep(fault.lasts_s)
            node.set_clock(0)
            # What it would not take then it asks for again after ten minutes, or when
            # it starts; whoever sets a clock right by years does that.
            await node.stop()
            await node.start()
        case "full":
            return await _full(fault, node)
        case "eio":
            ended = await node.fail()
            if not ended:
                return "nothing was written meanwhile"
            await node.start()
            return "it stopped, as it must"
        case "stall":
            await node.stall()
            if node.wrong:
                return "and machines began what is on no disk"
        case "restore":
            node.back_up()
            await asyncio.sleep(fault.lasts_s)
            await node.kill()
            node.restore()
            await node.start()
        case _:
            raise AssertionError(fault.kind)
    return ""


async def _full(fault: Fault, node: Node) -> str:
    """Fill its disk, and what it gives up as well."""
    steps = 8
    for step in range(steps):
        await asyncio.to_thread(node.fill)
        if step == steps // 2:
            await node.poked()
        await asyncio.sleep(fault.lasts_s / steps)
    ended = await node.leaves()
    node.tidy()
    if not ended:
        return "it went on"
    await node.start()
    return "it stopped, as it must"
