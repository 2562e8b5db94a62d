"""Machines: every live one, here or elsewhere, and what people say of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus

from fabnet.node.api.answers import (
    CapabilityAnswer,
    Done,
    FacilityAnswer,
    MachineAnswer,
    Machines,
    Spot,
    Stretch,
)
from fabnet.node.api.asks import MachineChange, PieceByHand
from fabnet.node.api.handlers.known import Books, books, readable, records_of
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.production import facility as facilities
from fabnet.production import machine as machines
from fabnet.production import offer as offers
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import Place
from fabnet.records.ids import PeerId
from fabnet.records.record import Record

OffersOf = dict[tuple[PeerId, str], list[tuple[CapacityOffer, int]]]


async def list_machines(call: Call) -> Machines:
    """Return every live facility with its machines."""
    return Machines(await live_facilities(call.shell, await books(call.shell)))


async def live_facilities(shell: Shell, known: Books) -> list[FacilityAnswer]:
    """Return the facilities whose notices count now, with machines, ours first."""
    now_ms = shell.clock.now().moment_ms
    standing: OffersOf = defaultdict(list)
    for record in await records_of(shell, offers.KIND):
        offer = readable(record, CapacityOffer)
        if offer is not None and is_live(record, offer.ttl_s, now_ms):
            standing[record.author, offer.machine].append((offer, record.header.seq))
    by_facility: dict[tuple[PeerId, str], list[MachineAnswer]] = defaultdict(list)
    for record in await records_of(shell, machines.KIND):
        machine = readable(record, Machine)
        if machine is None or not is_live(record, machine.ttl_s, now_ms):
            continue
        here = record.author == shell.identity.peer
        offered = standing[record.author, machine.id]
        by_facility[record.author, machine.facility].append(
            _machine(record.author, machine, offered, now_ms, is_ours=here)
        )
    found: list[FacilityAnswer] = []
    for record in await records_of(shell, facilities.KIND):
        facility = readable(record, Facility)
        if facility is not None and is_live(record, facility.ttl_s, now_ms):
            there = by_facility[record.author, facility.id]
            found.append(_facility(record.author, facility, there, known))
    ours = shell.identity.peer
    return sorted(found, key=lambda it: (it.peer != ours, it.name, it.peer, it.id))


async def set_state(call: Call, change: MachineChange) -> Done | Problem:
    """Set a machine idle, drained or offline."""
    name = machine_id(call)
    if call.shell.set_machine(name, change.state):
        return Done(done=True)
    return missing("machine", name)


async def finish_piece(call: Call, piece: PieceByHand) -> Done | Problem:
    """Say that the piece at a manual station is done."""
    name = machine_id(call)
    if call.shell.finish_by_hand(name, piece.good):
        return Done(done=True)
    return problem(HTTPStatus.CONFLICT, "no-piece-open", machine=name)


def machine_id(call: Call) -> str:
    """Return the machine that a path names."""
    return f"{call.params['facility']}/{call.params['machine']}"


def spot(place: Place) -> Spot:
    """Return a place for people."""
    return Spot(place.latitude_udeg, place.longitude_udeg)


def is_live(record: Record, ttl_s: int, now_ms: int) -> bool:
    """Whether a notice counts, by its author's clock: near enough for a page."""
    return now_ms < record.header.moment_ms + ttl_s * 1_000


def _facility(
    peer: PeerId, facility: Facility, there: list[MachineAnswer], known: Books
) -> FacilityAnswer:
    return FacilityAnswer(
        id=facility.id,
        peer=peer,
        name=facility.name,
        charter=facility.charter,
        is_vouched=facility.charter in known.members,
        place=spot(facility.place),
        time_zone=facility.time_zone,
        opening_hours=facility.opening_hours,
        machines=sorted(there, key=lambda machine: machine.id),
    )


def _machine(
    peer: PeerId,
    machine: Machine,
    offered: list[tuple[CapacityOffer, int]],
    now_ms: int,
    *,
    is_ours: bool,
) -> MachineAnswer:
    return MachineAnswer(
        id=machine.id,
        peer=peer,
        name=machine.name,
        model=machine.model,
        state=machine.state,
        capabilities=[
            _capability(capability, offered, now_ms)
            for capability in machine.capabilities
        ],
        free_from_ms=_free_from((offer for offer, _ in offered), now_ms),
        is_ours=is_ours,
    )


def _capability(
    capability: Capability, offered: list[tuple[CapacityOffer, int]], now_ms: int
) -> CapabilityAnswer:
    matching = [it for it in offered if it[0].capability.process == capability.process]
    offer, version = matching[0] if matching else (None, None)
    return CapabilityAnswer(
        process=capability.process,
        materials=list(capability.materials),
        size_um=[capability.size_x_um, capability.size_y_um, capability.size_z_um],
        tolerance_um=capability.tolerance_um,
        version=version,
        pace_permille=None if offer is None else offer.pace_permille,
        windows=[
            Stretch(window.start_ms, window.end_ms)
            for window in (() if offer is None else offer.windows)
            if window.end_ms > now_ms
        ],
    )


def _free_from(offered: Iterable[CapacityOffer], now_ms: int) -> int | None:
    starts = [
        window.start_ms
        for offer in offered
        for window in offer.windows
        if window.end_ms > now_ms
    ]
    return min(starts, default=None)
