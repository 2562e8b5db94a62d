"""What must be so when a seed is over: L1 nothing is stuck, L2 book equals bench."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import (
    LOT_CLOSED,
    LOT_OPENED,
    LotClosed,
    LotOpened,
    lot_key,
)
from fabnet.protocol.handoff.doubt.recovery import Stray
from fabnet.records.ids import INT_MAX
from tests.sim.disk import read
from tests.sim.network import Network
from tests.sim.site import Site


def check(network: Network) -> None:
    """Assert that what was asked for is over, or waits for a person who was told."""
    for site in network.sites.values():
        is_over(network, site)
        waiting = site.disk.rows.get("outbox")
        assert not waiting, "L1: messages that nobody acknowledged"
    _same_logs(network)
    network.watch.settled()


def is_over(network: Network, site: Site) -> None:
    """Assert it of one site."""
    assert site.is_up
    rows = site.disk.rows
    unknown = only_the_bench_knows(network.sites.values())
    for row in rows.get("job", {}).values():
        job = read(row, Job)
        _waits_for_a_person(network, site, job)
        _is_the_bench(network, site, job, unknown)
    for row in rows.get("making", {}).values():
        making = read(row, Making)
        assert making.state == "final", f"L1: {_lot(making)} is {making.state}"
    for row in rows.get("lot", {}).values():
        lot = read(row, Lot)
        assert lot.state in ("closed", "dropped"), f"L1: {_lot(lot)} is {lot.state}"
    for row in rows.get("closed-job", {}).values():
        _is_the_bench(network, site, read(row, Job), unknown)


def _waits_for_a_person(network: Network, site: Site, job: Job) -> None:
    """A job may be open for one reason: every machine was refused for good."""
    name = f"L1: job {job.id[-8:]} of {site.name}"
    assert job.state == "open", f"{name} is {job.state}, and not over"
    assert job.unplaced, f"{name} is open, and nobody was told why"
    for_good = {each.machine for each in job.refused if each.version == INT_MAX}
    machines = {it for each in network.sites.values() for it in each.machines}
    assert machines <= for_good, f"{name} is open, and could be made"


def _is_the_bench(
    network: Network, site: Site, job: Job, unknown: Counter[str]
) -> None:
    """Assert L2, with what came to light late: surplus, and lots nobody here knew."""
    made, rows = network.watch.made(job.id), site.disk.rows
    lots = [read(row, Lot) for row in rows.get("lot", {}).values()]
    strays = [read(row, Stray) for row in rows.get("stray", {}).values()]
    booked = sum(job.good)
    booked += sum(lot.surplus for lot in lots if lot.job == job.id)
    known = {lot_key(lot.job, lot.epoch) for lot in lots}
    booked += sum(
        each.good
        for each in strays
        if each.job == job.id and lot_key(each.job, each.epoch) not in known
    )
    made -= unknown[job.id]
    assert booked == made, f"L2: booked {booked}, on benches {made}"


def only_the_bench_knows(sites: Iterable[Site]) -> Counter[str]:
    """Return, by job, the good pieces of lots that no disk of these sites tells of.

    So may be what was made before every disk that knew was lost, or went back to a
    backup: docs/RELIABILITY.md does not promise that those are ever booked.
    """
    made: Counter[str] = Counter()
    told: set[str] = set()
    for site in sites:
        made += site.bench.good
        for table in ("lot", "making", "remnant", "claim", "stray"):
            told |= site.disk.rows.get(table, {}).keys()
        for record in site.disk.kept(LOT_OPENED):
            opened = record.read(LotOpened)
            told.add(lot_key(opened.job, opened.epoch))
        for record in site.disk.kept(LOT_CLOSED):
            closed = record.read(LotClosed)
            told.add(lot_key(closed.job, closed.epoch))
    unknown: Counter[str] = Counter()
    for key in made.keys() - told:
        unknown[key.partition("/")[0]] += made[key]
    return unknown


def _same_logs(network: Network) -> None:
    """Assert that every site has every author's log, to the same head."""
    heads: dict[str, dict[tuple[object, ...], object]] = {
        site.id: {} for site in network.sites.values()
    }
    for (peer, *author), head in network.watch.heads.items():
        heads[peer][tuple(author)] = head
    first, *others = heads.values()
    assert all(other == first for other in others), "two sites with different logs"


def _lot(lot: Lot | Making) -> str:
    return f"{lot.job[-8:]}/{lot.epoch}"
