"""A story of each liar: what the honest are promised all the same, and what not."""

from __future__ import annotations

import pytest

from fabnet.designs.documents import grant as grants
from fabnet.node.links import frames
from fabnet.production import handoff
from fabnet.protocol.gossip import BRIEF_MS
from fabnet.records.ids import JobId
from tests.sim.cities import hook, printer, published
from tests.sim.liars import among
from tests.sim.liars.lies import Liar, LyingFinal
from tests.sim.liars.noise import QuotaHog
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_forks import proven
from tests.sim.test_stories import cities, heard, known

HOURS = 6
LIES = [(0, 0, "closed"), (1, 2, "closed"), (2, 0, "confirmed")]
"""Whoever counts more than was asked is not believed, and a person must look."""


def with_liar(kind: str) -> tuple[Network, Site, Site, Site, JobId]:
    """Let Barcelona lie for some hours, while Jackson asks and Detroit can make."""
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))
    cid = known(network, jackson)
    among.lie(network, [kind])
    for site in (jackson, barcelona):
        site.tries_to_ask_for(cid, 2)
    network.run(HOURS * 3_600)
    job = jackson.asks_for(cid, 2)
    network.run(9 * 3_600)
    return network, jackson, detroit, barcelona, job


@pytest.mark.parametrize("kind", among.KINDS)
def test_whoever_lies_the_honest_keep_their_books_logs_and_bounds(kind: str) -> None:
    network, *_ = with_liar(kind)

    among.check(network)


@pytest.mark.parametrize("kind", ["forker", "stale-rollback"])
def test_r4_who_says_two_things_is_proven_at_all_and_gets_no_more_work(
    kind: str,
) -> None:
    network, jackson, _, barcelona, job = with_liar(kind)

    assert {"jackson", "detroit"} <= set(proven(network, barcelona))
    assert jackson.state(job) == "fulfilled"
    assert network.watch.made(job) == 2, "by Detroit alone"


@pytest.mark.parametrize(("lie", "booked", "state"), LIES)
def test_h5_a_lying_final_is_booked_as_said_and_no_further(
    lie: int, booked: int, state: str
) -> None:
    network, jackson, _, barcelona = cities()
    barcelona.owns(printer(barcelona))
    cid = known(network, jackson)
    (liar,) = among.lie(network, ["lying-final"])
    assert isinstance(liar, LyingFinal)
    liar.lie = lie
    job = jackson.asks_for(cid, 2)

    network.run(2 * 3_600)

    # Not promised: that the pieces are there. For that people look at what they get.
    lot = jackson.disk.lot(f"{job}/1")
    assert lot is not None
    assert (lot.good, lot.state) == (booked, state)
    assert barcelona.bench.good[f"{job}/1"] == 2


def test_who_asks_in_the_name_of_anothers_job_holds_nobody_up() -> None:
    network, jackson, detroit, barcelona = cities()
    machine = detroit.owns(printer(detroit))
    cid = known(network, jackson)
    liar = Liar(network, barcelona)
    liar.begin()
    network.world.part(jackson.id, detroit.id)
    job = jackson.asks_for(cid, 2)
    network.until(lambda: f"{job}/1" in jackson.mind.book.lots)
    lot, ours = jackson.mind.book.lots[f"{job}/1"], barcelona.identity.charter
    late_ms = lot.end_ms + 3_600_000
    liar.speaks(detroit.id, handoff.LEASE_REQUEST, handoff.LeaseRequest(
        job, 1, cid, lot.part, 1, machine, lot.version, late_ms, late_ms + 3_600_000,
        late_ms, "livelihood", "make_for_peer_at_cost", (), ours,
    ))  # fmt: skip
    network.until(lambda: heard(detroit, job, "lease-requested"))
    network.world.heal()

    network.finish(jackson, job)
    network.run(3_600)

    assert jackson.state(job) == "fulfilled"
    assert list(jackson.disk.rows["lot"]) == [f"{job}/1"], "at the first asking"
    assert network.watch.made(job) == 2
    asked = {it.requester: it.state for it in detroit.mind.workshop.lots.values()}
    assert asked == {jackson.id: "final", barcelona.id: "final"}
    detroit.crashes()
    detroit.starts()
    again = {it.requester: it.state for it in detroit.mind.workshop.lots.values()}
    assert again == asked, "and both are known after a restart"


def test_r10_what_one_hub_withholds_comes_another_way() -> None:
    network, jackson, detroit, barcelona = cities()
    among.lie(network, ["withholding-hub"])
    network.world.part(jackson.id, detroit.id)
    cid = published(jackson)
    network.run(3_600)
    # Not promised: news, while whoever withholds is the only way there.
    assert not detroit.disk.kept(grants.KIND, cid)

    network.world.heal()
    network.run(60)

    assert detroit.disk.kept(grants.KIND, cid)
    assert barcelona.is_up


def test_r10_who_feeds_a_site_and_then_holds_back_starves_nobody() -> None:
    network, jackson, detroit, barcelona = cities()
    published(barcelona)
    network.run(60)
    for site in (jackson, detroit):
        assert site.mind.gossip.feeds[barcelona.id] == barcelona.id

    barcelona.lets_out = lambda to, raw: (
        to != jackson.id or not isinstance(frames.decode(raw), frames.BatchFrame)
    )
    cid = published(barcelona, hook("Another hook"))
    network.run(5)
    assert detroit.disk.kept(grants.KIND, cid)
    assert not jackson.disk.kept(grants.KIND, cid), "Detroit is to say ids only"
    network.run(2 * BRIEF_MS // 1_000)

    assert jackson.disk.kept(grants.KIND, cid)
    published(barcelona, hook("A third hook"))
    network.run(2 * BRIEF_MS // 1_000 + 5)
    assert len(jackson.disk.kept(grants.KIND)) == 3, "and so on with the next"


def test_r10_when_the_link_to_an_author_breaks_another_feeds_us_at_once() -> None:
    network, jackson, detroit, barcelona = cities()
    published(barcelona)
    network.run(60)

    network.world.part(jackson.id, barcelona.id)
    network.run(5)
    cid = published(barcelona, hook("Another hook"))
    network.run(5)

    assert jackson.disk.kept(grants.KIND, cid), "whole, by way of Detroit"
    assert jackson.mind.gossip.feeds[barcelona.id] == detroit.id


def test_r6_a_hog_fills_no_more_than_its_share() -> None:
    network, jackson, _, barcelona = cities()
    (hog,) = among.lie(network, ["quota-hog"])
    assert isinstance(hog, QuotaHog)
    network.run(HOURS * 3_600 + 60)

    assert hog.notices == 40 * (HOURS + 1) > 256
    kept = [
        record
        for record, _ in jackson.disk.records.values()
        if record.author == barcelona.id and record.is_notice
    ]
    assert len(kept) == 256, "the bound is reached, and kept"
    among.check(network)


def test_a_revoked_node_that_goes_on_is_not_heard() -> None:
    network, jackson, detroit, barcelona, job = with_liar("revoked")

    for site in (jackson, detroit):
        assert not site.mind.community.is_vouched(barcelona.id, network.world.now_ms)
        last = site.mind.community.cut(barcelona.id)
        assert last is not None
        heads = [
            record.header.seq
            for record in site.disk.valid()
            if record.author == barcelona.id and record.kind == "talk/1"
        ]
        assert max(heads, default=0) <= last[1]
    assert jackson.state(job) == "fulfilled"
