"""A node that says two things at one place of its log, and what comes of it."""

from __future__ import annotations

from fabnet.node.links import frames
from fabnet.records.body import Body
from fabnet.records.record import Record, seal_record
from tests.sim.cities import printer
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_stories import cities, heard, known, placed, reasons


class Lie(Body):
    """What the other record at that place says."""

    words: str


def tells(liar: Site, to: Site, *, back: int = 0) -> Record:
    """Have a node tell one site something else, some places behind its head."""
    log = [
        record
        for record, _ in liar.disk.records.values()
        if record.author == liar.id and not record.is_notice
    ]
    said = log[-1 - back]
    other = seal_record(
        liar.identity.key, network="test", kind="talk/1",
        incarnation=said.header.incarnation, seq=said.header.seq,
        prev=said.header.prev, moment_ms=said.header.moment_ms, about=None,
        body=Lie("I never said that."),
    )  # fmt: skip
    parcels = (frames.Parcel(other.envelope, other.body),)
    frame = frames.BatchFrame("batch", liar.identity.incarnation, 0, parcels, ())
    to.hear(liar.id, frames.encode(frame))
    return other


def proven(network: Network, liar: Site) -> list[str]:
    """Who has the proof on disk."""
    return [
        name
        for name, site in network.sites.items()
        if any(key.startswith(liar.id) for key in site.disk.rows.get("fork", {}))
    ]


def test_a_fork_that_one_site_hears_of_is_proven_at_all_and_stays_so() -> None:
    network, jackson, detroit, barcelona = cities()
    for back in (0, 3):
        tells(detroit, barcelona, back=back)
        network.run(5)

    assert proven(network, detroit) == ["jackson", "detroit", "barcelona"]
    assert "author-forked" in jackson.disk.codes(detroit.id)
    lowest = {
        fork.seq
        for site in network.sites.values()
        for fork in site.mind.replica.ends.forks.values()
    }
    assert lowest == {1}

    jackson.crashes()
    jackson.starts()
    assert detroit.id in jackson.mind.community.forked


def test_nothing_new_is_begun_with_a_node_that_forked() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    cid = known(network, jackson)
    tells(detroit, barcelona)
    network.run(60)

    job = jackson.asks_for(cid, 1)
    network.run(600)
    assert placed(jackson, job) == []

    barcelona.owns(printer(barcelona))
    network.until(lambda: heard(barcelona, job, "lease-held"))
    theirs = detroit.asks_for(cid, 1)
    network.until(lambda: heard(detroit, theirs, "final"))
    assert "author-forked" in reasons(detroit, theirs)


def test_a_lease_on_its_way_from_a_node_that_forked_is_not_confirmed() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    cid = known(network, jackson)
    job = jackson.asks_for(cid, 1)
    network.until(lambda: heard(detroit, job, "lease-requested"))
    network.world.part(jackson.id, detroit.id)
    network.until(lambda: heard(detroit, job, "lease-held"))
    tells(detroit, barcelona)
    network.until(lambda: "jackson" in proven(network, detroit))
    network.world.heal()

    network.until(lambda: heard(jackson, job, "maker-forked"))
    network.run(600)

    assert not heard(detroit, job, "confirmed")
    assert network.watch.made(job) == 0
    (making,) = detroit.mind.workshop.lots.values()
    assert (making.state, making.reason) == ("final", "cancelled")


def test_a_lot_that_was_begun_before_the_fork_goes_on_to_its_end() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    cid = known(network, jackson)
    job = jackson.asks_for(cid, 2)
    network.until(lambda: heard(detroit, job, "confirmed"))
    tells(detroit, barcelona)

    network.until(lambda: heard(jackson, job, "final"))

    (lot,) = jackson.mind.book.lots.values()
    assert (lot.state, lot.good) == ("closed", 2), "no proof moves quantity"
    network.run(600)
    assert set(network.watch.settled().values()) <= {0}, "its credit is pending"
