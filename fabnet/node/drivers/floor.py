"""The workshop floor: which driver is behind which machine, and what each is told.

Describes the machines to the peer's mind. What they make is in its `hands`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Literal

from fabnet.node.clock import Clock
from fabnet.node.config import Config, MachineConfig
from fabnet.node.drivers.driver import Driver
from fabnet.node.drivers.hands import Hands
from fabnet.node.drivers.hours import open_windows
from fabnet.node.drivers.journal import Journal
from fabnet.node.drivers.manual import Manual
from fabnet.node.drivers.memory import Memory
from fabnet.node.drivers.simulated import Controlled, Pretence, Simulated
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import place_at
from fabnet.protocol.events import Event, FacilitySeen, MachineSeen
from fabnet.records.ids import CharterId, FacilityId, MachineId

STATES: Final[tuple[Literal["idle", "offline", "drained"], ...]] = (
    "idle",
    "offline",
    "drained",
)
"""What a person may set a machine to; the rest it becomes by itself."""
DESCRIBE_S: Final = 1_800
"""How often the opening hours are worked out anew."""


class Floor:
    """The machines of one facility."""

    def __init__(
        self,
        config: Config,
        charter: CharterId,
        *,
        clock: Clock,
        post: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._config = config
        self._charter = charter
        self._clock = clock
        self._post = post
        self._machines = {self._id(each): each for each in config.machines}
        self._drivers = {
            id_: _driver(each, clock) for id_, each in self._machines.items()
        }
        self.hands = Hands(self._drivers, post)
        self._changed = asyncio.Event()

    async def describe(self) -> None:
        """Tell the mind of facility and machines: now, on each change, and at times."""
        while True:
            self._changed.clear()
            await self._post(FacilitySeen(self._facility()))
            for id_, machine in self._machines.items():
                await self._post(self._seen(id_, machine))
            try:
                async with asyncio.timeout(DESCRIBE_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def finish_by_hand(
        self, machine: str, good: bool
    ) -> bool:  # the API's callback: one question, one answer
        """Say that a manual station's piece is done; false when none is in hand."""
        driver = self._drivers.get(MachineId(machine))
        return isinstance(driver, Manual) and driver.finish(good=good)

    def set_machine(self, machine: str, state: str) -> bool:
        """Set a machine `idle`, `drained` or `offline`; false when there is none."""
        id_ = MachineId(machine)
        if id_ not in self._machines:
            return False
        for known in STATES:
            if state == known:
                self._machines[id_] = replace(self._machines[id_], state=known)
                self._changed.set()
                return True
        return False

    def _facility(self) -> Facility:
        facility = self._config.facility
        return Facility(
            FacilityId(facility.id),
            facility.name,
            self._charter,
            place_at(facility.latitude, facility.longitude),
            facility.time_zone,
            facility.opening_hours,
            facility.grid_g_per_kwh,
            facility.ttl_s,
        )

    def _seen(self, id_: MachineId, config: MachineConfig) -> MachineSeen:
        facility = self._config.facility
        opened = open_windows(
            facility.hours, facility.time_zone, from_ms=self._clock.now().moment_ms
        )
        capability = _capability(config)
        machine = Machine(
            id_,
            FacilityId(facility.id),
            config.name,
            config.model,
            config.state,
            (capability,),
            config.ttl_s,
        )
        offer = CapacityOffer(
            id_,
            FacilityId(facility.id),
            capability,
            config.pace_permille,
            config.setup_s,
            config.power_w,
            (),
            ("members", "federation"),
            config.ttl_s,
        )
        return MachineSeen(machine, (offer,), opened)

    def _id(self, machine: MachineConfig) -> MachineId:
        return MachineId(f"{self._config.facility.id}/{machine.id}")


def _driver(machine: MachineConfig, clock: Clock) -> Driver:
    if machine.driver == "manual":
        return Manual(power_w=machine.power_w)
    pretence = Pretence(
        clock,
        machine.power_w,
        machine.time_factor,
        machine.scrap_every,
        None if machine.journal is None else Journal(machine.journal),
    )
    memory = None if machine.memory is None else Memory(machine.memory)
    if machine.driver_class == "A" and memory is not None:
        return Controlled(pretence, memory)
    return Simulated(pretence, memory)


def _capability(machine: MachineConfig) -> Capability:
    x_um, y_um, z_um = (round(size * 1_000) for size in machine.size_mm)
    thickness = machine.thickness_mm
    return Capability(
        machine.process,
        tuple(machine.materials),
        x_um,
        y_um,
        z_um,
        round(machine.tolerance_mm * 1_000),
        None if thickness is None else round(thickness * 1_000),
        tuple(round(nozzle * 1_000) for nozzle in machine.nozzles_mm),
        tuple(machine.skills),
        machine.power_w,
    )
