"""Who of a network lies, and what must be so at the end for those who do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.handoff.doubt.recovery import Stray
from fabnet.protocol.replica.ends import LOG_BYTES_MAX
from fabnet.protocol.replica.notices import NOTICES_PER_AUTHOR_MAX
from fabnet.protocol.replica.papers import STANDING_KINDS
from fabnet.records.ids import INT_MAX, PeerId, RecordId
from tests.sim.disk import read
from tests.sim.liars.lies import DoubleGranter, Liar, LyingFinal
from tests.sim.liars.noise import (
    ClockLiar,
    Flooder,
    Forker,
    QuotaHog,
    Replayer,
    SybilSwarm,
)
from tests.sim.liars.silence import Eclipse, Revoked, StaleRollback, WithholdingHub
from tests.sim.liars.watching import watched
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.soak.ending import only_the_bench_knows

KINDS: Final[Mapping[str, type[Liar]]] = {
    "forker": Forker,
    "double-granter": DoubleGranter,
    "lying-final": LyingFinal,
    "replayer": Replayer,
    "flooder": Flooder,
    "eclipse": Eclipse,
    "sybil-swarm": SybilSwarm,
    "stale-rollback": StaleRollback,
    "clock-liar": ClockLiar,
    "quota-hog": QuotaHog,
    "revoked": Revoked,
    "withholding-hub": WithholdingHub,
}
LIARS_MAX: Final = 3
HONEST_MIN: Final = 2
"""With fewer there is nobody to whom anything is promised."""


def drawn(dice: Random, nodes: int) -> tuple[str, ...]:
    """Draw who lies in half of all seeds: the last nodes, each in its way."""
    some = dice.random() < 0.5
    count = min(dice.randint(1, LIARS_MAX), nodes - HONEST_MIN)
    kinds = tuple(dice.choice(list(KINDS)) for _ in range(count))
    return kinds if some else ()


def lie(network: Network, kinds: Iterable[str]) -> list[Liar]:
    """Have the last sites of a network lie, each in its way."""
    sites = list(network.sites.values())[::-1]
    liars = [
        KINDS[kind](network, site) for site, kind in zip(sites, kinds, strict=False)
    ]
    for liar in liars:
        network.world.fired[f"liar-{type(liar).__name__}"] += 1
        liar.begin()
    return liars


def honest(network: Network) -> list[Site]:
    """Return those to whom something is promised."""
    liars = watched(network).liars
    return [site for site in network.sites.values() if site.id not in liars]


def check(network: Network) -> None:
    """Assert L1, L2, R4, R6, R10 and R12 for the honest."""
    for site in honest(network):
        assert site.is_up
        _nothing_is_stuck(network, site)
        _keeps_within_bounds(network, site)
    _same_logs(network)
    network.watch.settled()


def _nothing_is_stuck(network: Network, site: Site) -> None:
    """L1 and L2, of all that is between honest sites."""
    liars, rows = watched(network).liars, site.disk.rows
    lots = [read(row, Lot) for row in rows.get("lot", {}).values()]
    waits = {lot.job for lot in lots if lot.maker in liars}
    for row in rows.get("making", {}).values():
        making = read(row, Making)
        assert making.state == "final", f"L1: a making is {making.state}"
    for lot in lots:
        over = lot.maker in liars or lot.state in ("closed", "dropped")
        assert over, f"L1: {lot.job[-8:]}/{lot.epoch} is {lot.state}"
    for key in rows.get("outbox", {}):
        assert key.split()[0] in liars, "L1: a message that no honest site took"
    jobs = [read(row, Job) for row in rows.get("job", {}).values()]
    for job in jobs:
        if job.id not in waits:
            _waits_for_a_person(network, job)
    strays = [read(row, Stray) for row in rows.get("stray", {}).values()]
    entered = {lot_key(lot.job, lot.epoch) for lot in lots}
    unknown = only_the_bench_knows(honest(network))
    for job in [
        *jobs,
        *(read(row, Job) for row in rows.get("closed-job", {}).values()),
    ]:
        own = [lot for lot in lots if lot.job == job.id and lot.maker not in liars]
        booked, made = sum(lot.good for lot in own), network.watch.made(job.id)
        booked += sum(
            each.good
            for each in strays
            if each.job == job.id and each.maker not in liars
            if lot_key(each.job, each.epoch) not in entered
        )
        made -= unknown[job.id]
        assert booked == made, f"L2: booked {booked}, on honest benches {made}"


def _waits_for_a_person(network: Network, job: Job) -> None:
    """A job may be open for one reason: every honest machine was refused for good."""
    assert job.state == "open", f"L1: {job.id[-8:]} is {job.state}, and not over"
    assert job.unplaced, "L1: a job is open, and nobody was told why"
    for_good = {each.machine for each in job.refused if each.version == INT_MAX}
    machines = {it for site in honest(network) for it in site.machines}
    assert machines <= for_good, "L1: a job is open, and could be made"


def _keeps_within_bounds(network: Network, site: Site) -> None:
    """R6 and R12: no author has more than its share here, and no stranger any."""
    known = {each.id for each in network.sites.values()}
    size: dict[PeerId, int] = {}
    notices: dict[PeerId, int] = {}
    for record, _ in site.disk.records.values():
        assert record.author in known, "R12: bytes of a stranger's"
        if record.is_notice:
            notices[record.author] = notices.get(record.author, 0) + 1
        else:
            size[record.author] = size.get(record.author, 0) + record.header.body_len
    assert max(notices.values(), default=0) <= NOTICES_PER_AUTHOR_MAX, "R6: notices"
    assert max(size.values(), default=0) <= LOG_BYTES_MAX, "R6: a log"


def _same_logs(network: Network) -> None:
    """R4 and R10: every honest site shows the same of each log, a liar's too."""
    sites, silent = honest(network), watched(network).silent
    authors = {site.id for site in network.sites.values()} - silent
    first, *others = [_shown(site, authors) for site in sites]
    for each in others:
        assert each == first, "R10: two honest sites that show different logs"
    proven = [set(site.mind.replica.ends.forks) for site in sites]
    assert all(each == proven[0] for each in proven), "R4: a proof that not all have"
    assert not {author for author, _ in proven[0]} & {each.id for each in sites}


def _shown(site: Site, authors: set[PeerId]) -> set[RecordId]:
    """Return the log records of these that count there."""
    return {
        record.id
        for record in site.disk.valid()
        if record.author in authors and record.kind not in STANDING_KINDS
        if not record.is_notice
    }
