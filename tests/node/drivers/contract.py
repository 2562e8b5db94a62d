"""What every driver promises by its class: a new one joins WORKSHOPS, and passes.

A workshop is a machine as it stands there, whatever becomes of its node; each
`driver()` of it is the driver of a node that was started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from fabnet.content.cid import of_raw
from fabnet.node.clock import SystemClock
from fabnet.node.config import DriverClass, DriverName
from fabnet.node.drivers.driver import Driver, Outcome
from fabnet.node.drivers.journal import Journal
from fabnet.node.drivers.manual import Manual
from fabnet.node.drivers.memory import Memory
from fabnet.node.drivers.simulated import Controlled, Pretence, Simulated
from fabnet.protocol.effects import Act
from fabnet.records.ids import JobId, MachineId
from tests.production.samples import REQUESTER

JOB: Final = JobId(of_raw(b"job"))
PRINTER: Final = MachineId("porto/printer-1")
LONG_S: Final = 3_600


def piece(number: int, run_s: int = 0) -> Act:
    return Act(PRINTER, REQUESTER, JOB, 1, number, of_raw(b"design"), "Hook", run_s, 1)


async def quiet(_: int) -> None:
    """Listen to its progress, and do nothing."""


class Workshop(Protocol):
    """A machine, and how one makes things happen there."""

    driver_class: DriverClass

    def driver(self) -> Driver:
        """Return a driver of the machine, as a node that just started has."""

    def ends(self, act: Act) -> None:
        """Bring the piece in hand to its end, if nothing else does."""

    def begun(self) -> int:
        """How many pieces the machine ever took in hand."""


class Pretended:
    """A simulated machine of any class."""

    def __init__(self, folder: Path, driver_class: DriverClass) -> None:
        self.driver_class = driver_class
        self.clock = SystemClock()
        self.journal = Journal(folder / "bench.jsonl")
        self.memory = Memory(folder / "controller.json")

    def driver(self) -> Driver:
        pretence = Pretence(self.clock, 1, journal=self.journal)
        if self.driver_class == "A":
            return Controlled(pretence, self.memory)
        return Simulated(pretence, self.memory if self.driver_class == "B" else None)

    def ends(self, act: Act) -> None:
        """Time does."""

    def begun(self) -> int:
        return len([did for did in self.journal.read() if did.did == "begun"])


@dataclass
class ByHand:
    """A bench, and whoever stands there."""

    driver_class: DriverClass = "C"
    drivers: list[Manual] = field(default_factory=list)

    def driver(self) -> Driver:
        self.drivers.append(Manual(power_w=1))
        return self.drivers[-1]

    def ends(self, act: Act) -> None:
        assert self.drivers[-1].finish(good=True), act

    def begun(self) -> int:
        return len(self.drivers)


Workshops = Mapping[tuple[DriverName, DriverClass], Callable[[Path], Workshop]]
WORKSHOPS: Final[Workshops] = {
    ("simulated", "A"): lambda folder: Pretended(folder, "A"),
    ("simulated", "B"): lambda folder: Pretended(folder, "B"),
    ("simulated", "C"): lambda folder: Pretended(folder, "C"),
    ("manual", "C"): lambda _: ByHand(),
}


async def makes(shop: Workshop, driver: Driver, act: Act) -> Outcome:
    """Have one piece made to its end."""
    making = asyncio.ensure_future(driver.make(act, quiet))
    while not shop.begun():
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    shop.ends(act)
    return await making


async def dies_while_making(shop: Workshop, driver: Driver, act: Act) -> None:
    """Have a node die in the middle of a piece."""
    before = shop.begun()
    begun = asyncio.Event()

    async def tell(_: int) -> None:
        begun.set()

    making = asyncio.ensure_future(driver.make(act, tell))
    while not (begun.is_set() or shop.begun() > before):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
