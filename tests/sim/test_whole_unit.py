"""A whole unit of a design of two processes is made by two workshops."""

from __future__ import annotations

import msgspec

from fabnet.designs.bom import unit_parts
from fabnet.designs.revision import Part, Revision
from fabnet.production.capability import Capability
from fabnet.production.machine import Machine
from fabnet.production.receipt import LOT_OPENED, LotOpened
from fabnet.production.request import Item, Request
from fabnet.protocol.events import FileRequest
from fabnet.records.ids import JobId, MachineId
from fabnet.records.refusal import Refusal
from tests.designs.samples import cid_of, requirement
from tests.sim.cities import founded, granted, hook, printer
from tests.sim.network import Network
from tests.sim.site import Site

CITIES = ("jackson", "detroit", "barcelona")


def rack() -> Revision:
    """A printed hook on a laser-cut plate."""
    drawn = hook("Rack")
    plate = Part(
        name="Plate",
        requirement=requirement(
            process="laser-cutting", materials=("plywood",), thickness_um=4_000
        ),
        reference_s=120,
        quantity=2,
        files=(),
    )
    return msgspec.structs.replace(drawn, parts=(*drawn.parts, plate))


def laser(site: Site) -> Machine:
    capability = Capability(
        "laser-cutting", ("plywood",), 600_000, 400_000, 10_000, 200, 8_000, (), (), 80
    )
    id_ = MachineId(f"{site.facility.id}/laser")
    return Machine(id_, site.facility.id, "laser", "K40", "idle", (capability,), 7_200)


def asks_for(site: Site, *items: Item) -> JobId:
    request = Request(
        items, site.world.now_ms + 86_400_000, None, "livelihood",
        "make_for_peer_at_cost", ("cost_recovery_only",), (), None,
        site.facility.place, site.identity.charter, "a" * 64,
    )  # fmt: skip
    seed = site.world.dice.randbytes(32)
    said = site.asks_mind(lambda ask: FileRequest(ask, request, b"Ada", seed))
    assert not isinstance(said, Refusal), said
    return JobId(said)


def asks_for_units(site: Site, units: int, design: Revision) -> JobId:
    cid = cid_of(design)
    parts = unit_parts(cid, units, {cid: design})
    assert not isinstance(parts, Refusal), parts
    return asks_for(site, *(Item(it.revision, it.part, it.pieces) for it in parts))


def good(site: Site, job: JobId) -> tuple[int, ...]:
    found = site.job(job)
    assert found is not None
    return found.good


def two_workshops() -> tuple[Network, Site]:
    network = founded(*CITIES, seed=3)
    jackson, detroit, barcelona = network.sites.values()
    detroit.owns(printer(detroit))
    barcelona.owns(laser(barcelona))
    jackson.accepts_all()
    return network, jackson


def test_each_part_goes_to_a_machine_that_can_and_both_come_back() -> None:
    network, jackson = two_workshops()
    design = rack()
    cid = network["barcelona"].publishes(design, granted(design))
    network.knows_of(cid)

    job = asks_for_units(jackson, 3, design)
    network.finish(jackson, job)

    assert jackson.state(job) == "fulfilled"
    assert good(jackson, job) == (3, 6)
    assert sum(network["detroit"].bench.good.values()) == 3
    assert sum(network["barcelona"].bench.good.values()) == 6


def test_parts_of_one_name_in_two_designs_are_told_apart() -> None:
    network, jackson = two_workshops()
    designs = hook("Coat hook"), hook("Hat hook")
    coat, hat = (
        network["barcelona"].publishes(each, granted(each)) for each in designs
    )
    for cid in (coat, hat):
        network.knows_of(cid)

    job = asks_for(jackson, Item(coat, "Hook", 1), Item(hat, "Hook", 2))
    network.finish(jackson, job)

    lots = [record.read(LotOpened) for record in jackson.disk.kept(LOT_OPENED)]
    assert {(lot.revision, lot.pieces) for lot in lots} == {(coat, 1), (hat, 2)}
    assert good(jackson, job) == (1, 2)
