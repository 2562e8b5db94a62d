"""Stories of a workshop whose disk fills up, told from both ends."""

from __future__ import annotations

from fabnet.protocol.events import DiskSeen
from fabnet.records.ids import JobId
from fabnet.records.refusal import Refusal
from tests.sim.cities import founded, printer, published
from tests.sim.network import Network
from tests.sim.site import Site


def towns() -> tuple[Network, Site, Site, Site]:
    network = founded("jackson", "detroit", "barcelona", seed=1)
    jackson, detroit, barcelona = network.sites.values()
    jackson.accepts_all()
    return network, jackson, detroit, barcelona


def asked(network: Network, jackson: Site, designer: Site, pieces: int = 6) -> JobId:
    cid = published(designer)
    network.knows_of(cid)
    return jackson.asks_for(cid, pieces)


def told(site: Site, job: JobId, code: str) -> int:
    return sum(line.code == code for line in site.story(job))


def test_a_lot_under_way_ends_on_a_disk_that_is_low() -> None:
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    job = asked(network, jackson, barcelona)
    network.until(lambda: told(detroit, job, "piece-made") == 2)

    detroit.happen(DiskSeen("low"))
    network.finish(jackson, job)

    assert jackson.state(job) == "fulfilled"


def test_a_workshop_with_a_low_disk_is_not_planned_with_and_refuses_who_asks() -> None:
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    job = asked(network, jackson, barcelona)
    network.until(lambda: told(jackson, job, "placed") == 1)
    detroit.happen(DiskSeen("low"))
    barcelona.owns(printer(barcelona))

    network.finish(jackson, job)

    placed = [line for line in jackson.story(job) if line.code == "placed"]
    assert [line.arg("facility") for line in placed] == ["detroit", "barcelona"]
    (refused, _) = [line for line in jackson.story(job) if line.code == "final"]
    assert refused.arg("reason") == "disk-low"
    assert not detroit.bench.came_out


def test_no_piece_is_begun_on_a_full_disk_and_making_goes_on_when_there_is_room() -> (
    None
):
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    job = asked(network, jackson, barcelona)
    network.until(lambda: told(detroit, job, "piece-made") == 2)
    detroit.happen(DiskSeen("critical"))
    network.run(4 * 3_600)

    # The piece in the machine was accounted for; it was the last.
    assert told(detroit, job, "piece-made") == 3
    assert told(detroit, job, "lot-waits-disk") == 1
    assert jackson.state(job) != "fulfilled"

    detroit.happen(DiskSeen("ample"))
    network.finish(jackson, job)
    assert jackson.state(job) == "fulfilled"
    assert told(detroit, job, "piece-made") == 6


def test_a_lot_is_cancelled_on_a_full_disk_and_its_final_leaves() -> None:
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    job = asked(network, jackson, barcelona)
    network.until(lambda: told(detroit, job, "piece-made") == 2)
    detroit.happen(DiskSeen("critical"))
    network.run(3_600)

    jackson.cancels(job)
    network.finish(jackson, job)

    assert jackson.state(job) == "cancelled"
    (over,) = [line for line in jackson.story(job) if line.code == "final"]
    assert over.arg("good") == 3


def test_others_records_wait_until_a_full_disk_has_room() -> None:
    network, _, detroit, barcelona = towns()
    detroit.happen(DiskSeen("critical"))
    kept = detroit.disk.newest
    published(barcelona)
    network.run(600)
    assert detroit.disk.newest == kept

    detroit.happen(DiskSeen("low"))
    network.run(600)
    assert detroit.disk.newest > kept


def test_a_request_is_refused_where_the_disk_is_low() -> None:
    network, jackson, _, barcelona = towns()
    cid = published(barcelona)
    network.knows_of(cid)
    jackson.happen(DiskSeen("low"))

    assert jackson.tries_to_ask_for(cid) == Refusal("disk-low")


def test_nobody_plans_with_a_workshop_whose_disk_is_low_until_it_has_room() -> None:
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    network.run(600)
    detroit.happen(DiskSeen("low"))
    network.run(600)
    job = asked(network, jackson, barcelona)
    network.run(600)
    assert not told(jackson, job, "placed")

    detroit.happen(DiskSeen("ample"))
    network.finish(jackson, job)
    assert jackson.state(job) == "fulfilled"


def test_a_refusal_for_want_of_room_does_not_stand() -> None:
    network, jackson, detroit, barcelona = towns()
    detroit.owns(printer(detroit))
    job = asked(network, jackson, barcelona)
    network.until(lambda: told(jackson, job, "placed") == 1)
    detroit.happen(DiskSeen("low"))
    network.until(lambda: told(jackson, job, "final") == 1)
    network.run(600)

    detroit.happen(DiskSeen("ample"))
    network.finish(jackson, job)
    assert jackson.state(job) == "fulfilled"
