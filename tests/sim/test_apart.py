"""Cities that lost contact for a week: they say what they lack, and not all they have.

Real minds on simulated links and disks, with frames as they are on the wire.
"""

from __future__ import annotations

from collections import Counter

import pytest

from fabnet.node.links import frames
from fabnet.protocol import gossip
from fabnet.records.ids import Incarnation
from tests.sim.cities import founded, printer
from tests.sim.network import Network
from tests.sim.restoring import backed_up, restored
from tests.sim.site import Site

WEEK_S = 7 * 24 * 3_600


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take little for much: a week of three workshops is less than one batch."""
    monkeypatch.setattr(gossip, "RECONCILE_MIN", 12)


class Ear:
    """Counts what goes over every wire."""

    def __init__(self, network: Network) -> None:
        self.frames: Counter[str] = Counter()
        self.records: Counter[str] = Counter()
        network.world.tap = self.hears

    def hears(self, raw: bytes) -> None:
        frame = frames.decode(raw)
        name = raw[2 : 2 + (raw[1] & 0x1F)].decode()
        self.frames[name] += 1
        if isinstance(frame, frames.BatchFrame | frames.SupplyFrame):
            self.records[name] += len(frame.records)


def cities(seed: int = 1) -> tuple[Network, Site, Site, Site]:
    network = founded("jackson", "detroit", "barcelona", seed=seed)
    jackson, detroit, barcelona = network.sites.values()
    for site in network.sites.values():
        site.owns(printer(site))
    network.run(60)
    return network, jackson, detroit, barcelona


def says_much(site: Site, times: int = 1) -> None:
    """Publish what everybody knows already: records of a usual size."""
    for _ in range(times):
        for paper in site.papers:
            site.carries(*paper)


def logs(site: Site) -> dict[tuple[str, Incarnation], list[str]]:
    """Return the ids of what counts of every log, in order."""
    found: dict[tuple[str, Incarnation], list[tuple[int, str]]] = {}
    for record in site.disk.valid():
        if not record.is_notice:
            log = record.author, record.header.incarnation
            found.setdefault(log, []).append((record.header.seq, record.id))
    return {log: [id_ for _, id_ in sorted(said)] for log, said in found.items()}


def test_two_that_lost_contact_for_a_week_have_the_same_after() -> None:
    network, jackson, detroit, barcelona = cities()
    for other in (jackson, detroit):
        network.world.part(barcelona.id, other.id)
    for site in network.sites.values():
        says_much(site, 4)
    network.run(WEEK_S)
    ear = Ear(network)
    network.world.heal()
    network.run(120)

    one, *others = (logs(site) for site in network.sites.values())
    assert all(other == one for other in others)
    assert sum(map(len, one.values())) >= 60
    assert ear.frames["ranges"] >= 1
    assert ear.frames["supply"] >= 1
    assert not any(site.disk.rows.get("fork") for site in network.sites.values())
    assert not any(site.lowered for site in network.sites.values())


def test_what_both_heard_of_a_third_meanwhile_is_not_sent_again() -> None:
    network, jackson, detroit, barcelona = cities()
    network.world.part(jackson.id, detroit.id)
    says_much(barcelona, 12)
    network.run(WEEK_S)
    ear = Ear(network)
    network.world.heal()
    network.run(60)

    assert logs(jackson) == logs(detroit)
    assert ear.records.total() == 0, "both had all of it"
    assert ear.frames["subscribe"] <= 2


def restored_after_a_week() -> tuple[Network, Ear]:
    """Have Barcelona go on with an image of a week ago, that tells of no newer one."""
    network, _, _, barcelona = cities()
    image = backed_up(barcelona)
    for site in network.sites.values():
        says_much(site, 3)
    network.run(WEEK_S)
    ear = Ear(network)
    old = barcelona.identity.incarnation
    restored(barcelona, image, whole=True)
    network.run(3_600)

    assert barcelona.identity.incarnation > old, "it learnt that it was old"
    one, *others = (logs(site) for site in network.sites.values())
    assert all(other == one for other in others)
    assert len(one[barcelona.id, old]) >= 16, "its own log of before is whole again"
    assert not any(site.disk.rows.get("fork") for site in network.sites.values())
    return network, ear


def test_r5_a_node_restored_from_an_old_image_catches_up_and_forks_no_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, said = restored_after_a_week()
    monkeypatch.setattr(gossip, "RECONCILE_MIN", 10**6)
    _, by_cursor = restored_after_a_week()

    assert said.records["supply"] >= 3 * 12, "what it lacked"
    assert by_cursor.records["supply"] == 0
    assert said.records.total() < by_cursor.records.total() * 3 // 4


def test_quiet_links_ask_half_as_often_when_both_have_the_same() -> None:
    network, jackson, detroit, _ = cities()
    network.run(1_200)
    ear = Ear(network)
    network.run(3_600)

    # Of two ends one asks, six times an hour, on each of three links.
    assert ear.frames["subscribe"] <= 3 * 7
    assert logs(jackson) == logs(detroit)
