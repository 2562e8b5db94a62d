"""What a crash in the middle of a piece costs, by the class of the machine."""

from __future__ import annotations

from fabnet.protocol.effects import Put
from fabnet.records.ids import JobId
from tests.sim.cities import printer
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_stories import cities, heard, known

PIECES = 3


def making(
    driver_class: str, *, seed: int = 1, counting: bool = False
) -> tuple[Network, Site, Site, JobId]:
    """Have Detroit take a lot of Jackson's on a machine of a class."""
    network, jackson, detroit, barcelona = cities(seed)
    detroit.owns(printer(detroit))
    detroit.driver_class = driver_class  # type: ignore[assignment]  # one of A, B, C
    detroit.counting = counting
    job = jackson.asks_for(known(network, barcelona), PIECES)
    network.until(lambda: heard(detroit, job, "confirmed"))
    return network, jackson, detroit, job


def in_a_piece(network: Network, site: Site) -> None:
    network.until(lambda: bool(site.bench.came_out) and bool(site.bench.in_machine))


def intent(site: Site, job: JobId) -> int | None:
    lot = site.disk.making(f"{job}/1")
    return None if lot is None else lot.intent


def made(site: Site, job: JobId) -> tuple[str, int, int]:
    lot = site.disk.lot(f"{job}/1")
    assert lot is not None
    return lot.state, lot.good, lot.scrap


def doubts(site: Site, job: JobId) -> list[object]:
    """What the receipts of a job said, one after the other, of a doubt."""
    return [line.arg("in_doubt") for line in site.story(job) if line.code == "receipt"]


def test_class_a_goes_on_with_the_piece_that_its_controller_has_in_hand() -> None:
    network, jackson, detroit, job = making("A")
    in_a_piece(network, detroit)
    detroit.crashes()
    detroit.starts()

    network.finish(jackson, job)

    assert heard(detroit, job, "piece-held")
    assert made(jackson, job) == ("closed", PIECES, 0)
    assert network.watch.made(job) == PIECES == len(detroit.bench.came_out)
    assert not heard(detroit, job, "bench-counted"), "by no person"
    assert 1 in doubts(jackson, job), "Jackson saw the doubt"
    assert doubts(jackson, job)[-1] == 0, "and that it is over"


def test_class_a_counts_the_piece_that_came_out_while_its_node_was_down() -> None:
    network, jackson, detroit, job = making("A")
    in_a_piece(network, detroit)
    detroit.crashes()
    network.until(lambda: not detroit.bench.in_machine)
    network.run(3_600)
    detroit.starts()

    network.finish(jackson, job)

    assert not heard(detroit, job, "piece-held")
    assert made(jackson, job) == ("closed", PIECES, 0)
    assert network.watch.made(job) == PIECES == len(detroit.bench.came_out)


def never_begun() -> tuple[Network, Site, Site, JobId]:
    """Cut Detroit's power between an INTENT on its disk and the act."""
    for seed in range(1, 40):
        network, jackson, detroit, job = making("A", seed=seed)
        network.until(lambda: bool(detroit.bench.came_out))  # noqa: B023  # run at once
        network.until(lambda: bool(detroit.bench.in_machine or puts(detroit)))  # noqa: B023  # the same
        detroit.crashes()
        piece = (f"{job}/1", intent(detroit, job) or 0)
        out, there = detroit.bench.came_out, detroit.bench.in_machine
        if piece[1] and piece not in out and not there:
            return network, jackson, detroit, job
    raise AssertionError("no seed cuts it there")


def puts(site: Site) -> list[Put]:
    """Rows of lots on their way to a site's disk."""
    return [
        effect
        for durable, _, _ in site.pending
        for effect in durable
        if isinstance(effect, Put) and effect.table == "making"
    ]


def test_class_a_begins_the_piece_that_its_controller_never_began() -> None:
    network, jackson, detroit, job = never_begun()
    detroit.starts()

    network.finish(jackson, job)

    assert heard(detroit, job, "piece-unbegun")
    assert made(jackson, job) == ("closed", PIECES, 0)
    assert network.watch.made(job) == PIECES == len(detroit.bench.came_out)


def test_class_a_begins_nothing_that_is_no_longer_wanted() -> None:
    network, jackson, detroit, job = never_begun()
    there = len(detroit.bench.came_out)
    jackson.cancels(job)
    detroit.asked_ms = 600_000
    detroit.starts()
    network.run(3_600)

    assert heard(detroit, job, "piece-unbegun")
    assert len(detroit.bench.came_out) == there
    assert made(jackson, job) == ("closed", there, 0)


def test_class_b_scraps_what_was_under_way_and_goes_on() -> None:
    network, jackson, detroit, job = making("B")
    in_a_piece(network, detroit)
    detroit.crashes()
    detroit.starts()

    network.finish(jackson, job)

    assert made(jackson, job) == ("closed", PIECES, 1)
    assert network.watch.made(job) == PIECES
    assert detroit.bench.scrap[f"{job}/1"] == 1
    assert not heard(detroit, job, "bench-counted"), "by no person"


def test_class_b_leaves_to_a_person_what_may_have_come_out_good() -> None:
    network, jackson, detroit, job = making("B")
    network.until(lambda: bool(detroit.bench.came_out) and bool(intent(detroit, job)))
    detroit.crashes(nothing_written=True)
    detroit.starts()
    network.run(3_600)

    lot = detroit.disk.making(f"{job}/1")
    assert lot is not None
    assert (lot.state, lot.good) == ("in-doubt", 0)
    detroit.counting = True
    network.run(60)
    detroit.counts_bench()
    network.finish(jackson, job)
    assert made(jackson, job) == ("closed", PIECES, 0)
    assert network.watch.made(job) == PIECES


def test_class_c_waits_for_a_person() -> None:
    network, _, detroit, job = making("C")
    in_a_piece(network, detroit)
    detroit.crashes()
    detroit.starts()
    network.run(6 * 3_600)

    lot = detroit.disk.making(f"{job}/1")
    assert lot is not None
    assert lot.state == "in-doubt"
