"""Lost disks and backups brought back, and the people who then look at benches."""

from __future__ import annotations

import dataclasses

from fabnet.cooperation.benches import (
    ATTESTATION,
    WRITE_OFF,
    attestation_subject,
    write_off_subject,
)
from fabnet.node.links import frames
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import lot_key
from fabnet.protocol.events import AttestBench, WriteOff
from fabnet.records.civil import rfc3339
from fabnet.records.credential import Json, issue
from fabnet.records.ids import Incarnation, JobId, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.sim.disk import Disk
from tests.sim.network import Network
from tests.sim.site import Site


def backed_up(site: Site) -> Disk:
    """Return a copy of a site's disk, as a backup takes it."""
    return site.disk.copy()


def restored(site: Site, backup: Disk | None = None, *, whole: bool = False) -> None:
    """Have a site lose its disk and go on with a backup, or with an empty one.

    Which incarnation comes next is told by a file outside the backups. In a `whole`
    copy, as of a machine, that file is as old as the rest, and tells nothing.
    """
    if site.is_up:
        site.crashes()
    blobs = site.disk.blobs
    site.disk = Disk() if backup is None else backup.copy()
    site.disk.blobs = blobs
    site.watch.replaced(site.id, site.disk)
    before = site.identity.incarnation
    if not whole:
        after = Incarnation(before.counter + 1, site.world.dice.getrandbits(63))
        site.identity = dataclasses.replace(site.identity, incarnation=after)
    site.opened = frames.opener(site.identity.network)
    site.readers.clear()
    site.starts()
    if backup is None:
        for paper in site.papers:
            site.carries(*paper)


def attests(network: Network, site: Site, job: JobId, epoch: int) -> RecordId | Refusal:
    """Have a steward count the bench of a lot that the site lost, and sign."""
    document = attested(network, site, job, epoch)
    return site.asks_mind(lambda ask: AttestBench(ask, job, epoch, document))


def attested(network: Network, site: Site, job: JobId, epoch: int) -> bytes:
    """Return what a steward signs who counted the bench of a lot."""
    bench, key = site.bench, lot_key(job, epoch)
    subject = attestation_subject(
        job=job, epoch=epoch, site=site.id, good=bench.good[key],
        scrap=bench.scrap[key],
    )  # fmt: skip
    return signed(network, site, ATTESTATION, subject)


def attests_all(network: Network, site: Site) -> int:
    """Have every lost lot of a site counted; return how many there were."""
    left = [it for it in site.mind.workshop.remnants.values() if it.state == "lost"]
    for remnant in left:
        said = attests(network, site, remnant.job, remnant.epoch)
        assert not isinstance(said, Refusal), said
    return len(left)


def writes_off(
    network: Network, site: Site, lot: Lot, *also: SigningKey
) -> RecordId | Refusal:
    """Have a steward sign that a lot's missing pieces are given up."""
    subject = write_off_subject(
        job=lot.job, epoch=lot.epoch, requester=site.id,
        missing=lot.pieces - lot.good, reason="The workshop burnt down.",
    )  # fmt: skip
    document = signed(network, site, WRITE_OFF, subject, *also)
    return site.asks_mind(lambda ask: WriteOff(ask, lot.job, lot.epoch, document))


def signed(
    network: Network,
    site: Site,
    kind: str,
    subject: dict[str, Json],
    *also: SigningKey,
) -> bytes:
    """Return a document as the steward of a site's cooperative signs it."""
    steward = network.stewards[site.name]
    at = rfc3339(network.world.now_ms)
    return issue(
        kind, issuer=steward.public.did, subject=subject, valid_from=at,
        keys=[steward, *also], created=at,
    )  # fmt: skip
