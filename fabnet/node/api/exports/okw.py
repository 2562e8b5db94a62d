"""The workshop here, as other registries of workshops read it."""

from __future__ import annotations

from typing import Literal

import msgspec

from fabnet.node.api.asks import Ask
from fabnet.node.api.handlers.known import books, readable, records_of
from fabnet.node.api.handlers.machines import is_live
from fabnet.node.api.problem import Problem, missing
from fabnet.node.api.table import JSON, Call, Raw
from fabnet.production import facility as facilities
from fabnet.production import machine as machines
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.okw.iop import to_iop
from fabnet.production.okw.okw import to_okw

Dialect = Literal["okw", "iop"]


class OkwAsk(Ask):
    """In which dialect: OKW 1.0, or the Internet of Production Alliance's tables."""

    dialect: Dialect = "okw"


async def get_okw(call: Call, asked: OkwAsk) -> Raw | Problem:
    """Return our workshop and its machines, as their notices describe them now."""
    shell = call.shell
    ours, now_ms = shell.identity.peer, shell.clock.now().moment_ms
    here = shell.config.facility.id
    facility: Facility | None = None
    for record in await records_of(shell, facilities.KIND):
        found = readable(record, Facility)
        if found is None or record.author != ours or found.id != here:
            continue
        if is_live(record, found.ttl_s, now_ms):
            facility = found
            break
    if facility is None:
        return missing("facility", here)
    found_machines: dict[str, Machine] = {}
    for record in await records_of(shell, machines.KIND):
        machine = readable(record, Machine)
        if machine is None or record.author != ours or machine.facility != here:
            continue
        if is_live(record, machine.ttl_s, now_ms):
            found_machines.setdefault(machine.id, machine)
    there = [machine for _, machine in sorted(found_machines.items())]
    if asked.dialect == "iop":
        told = to_iop(facility, there, source=shell.config.node.name)
    else:
        names = (await books(shell)).names
        cooperative = names.get(facility.charter, "")
        told = to_okw(facility, there, cooperative=cooperative)
    return Raw(msgspec.json.encode(told), JSON)
