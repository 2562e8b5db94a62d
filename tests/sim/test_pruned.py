"""What is over is pruned everywhere; who then loses its disk looks for nothing."""

from __future__ import annotations

from fabnet.protocol.events import PruneBody
from fabnet.records.ids import JobId, RecordId
from fabnet.records.refusal import Refusal
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_restored import PIECES, asked, restarted


def prunes(site: Site, job: JobId, *, closed: bool = True) -> RecordId | Refusal:
    record, _ = site.disk.records[site.disk.arrivals[RecordId(job)]]
    return site.asks_mind(
        lambda ask: PruneBody(ask, record, closed=closed, why="personal")
    )


def finished() -> tuple[Network, Site, Site, JobId]:
    network, jackson, detroit, job = asked(1, "barcelona")
    network.finish(jackson, job)
    network.run(3_600)
    assert network.watch.made(job) == PIECES
    return network, jackson, detroit, job


def test_a_job_under_way_keeps_its_request_at_both_ends() -> None:
    network, jackson, detroit, job = asked()
    network.until(lambda: network.watch.made(job) >= 1)

    for site in (jackson, detroit):
        assert prunes(site, job) == Refusal("job-not-over", (("job", job),))


def test_a_requester_that_lost_its_disk_finds_no_strays_of_what_was_pruned() -> None:
    network, jackson, detroit, job = finished()
    for site in (jackson, detroit, network["barcelona"]):
        assert prunes(site, job) == RecordId(job)
    assert jackson.disk.closed_job(job) is None, "and with it, for whom it was"

    restarted(network, jackson, None)
    network.run(7_200)

    back, _ = jackson.disk.records[jackson.disk.arrivals[RecordId(job)]]
    assert back.body is None, "its header came back, for the chain"
    assert "fence-answered" in detroit.disk.codes(jackson.id)
    assert not jackson.mind.recovery.strays
    assert not jackson.disk.rows.get("stray")


def test_one_neighbour_that_kept_the_body_is_enough() -> None:
    network, jackson, detroit, job = finished()
    for site in (jackson, detroit):
        assert prunes(site, job) == RecordId(job)

    restarted(network, jackson, None)
    network.run(7_200)

    back, _ = jackson.disk.records[jackson.disk.arrivals[RecordId(job)]]
    assert back.body is not None
    assert detroit.disk.records[detroit.disk.arrivals[back.id]][0].body is None
