"""The one request, from publish to credit, across three cooperatives."""

from __future__ import annotations

from random import Random

import pytest

from fabnet.designs.documents.passport import open_passport
from fabnet.production import receipt
from fabnet.production.receipt import LotClosed
from fabnet.production.request import CLOSED_KIND
from fabnet.records.ids import JobId
from tests.sim.cities import founded, printer, published
from tests.sim.network import Network
from tests.sim.world import CALM, Climate

CITIES = ("jackson", "detroit", "barcelona")


def three_cities(seed: int, climate: Climate = CALM) -> Network:
    """Jackson's own printer is too small; two others could make a hook."""
    network = founded(*CITIES, seed=seed, climate=climate)
    jackson, detroit, barcelona = network.sites.values()
    jackson.owns(printer(jackson, bed_um=10_000))
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona), pace_permille=900)
    jackson.accepts_all()
    return network


def walk(seed: int, climate: Climate = CALM) -> tuple[Network, JobId]:
    """From publish to credit; whatever the climate did ends before the last part."""
    network = three_cities(seed, climate)
    cid = published(network["barcelona"])
    network.knows_of(cid)
    job = network["jackson"].asks_for(cid, 6)
    if climate is not CALM:
        network.storm(within_s=2_400)
        network.run(3_000)
        network.calm()
    network.finish(network["jackson"], job)
    return network, job


def check(network: Network, job: JobId) -> None:
    jackson = network["jackson"]
    assert jackson.state(job) == "fulfilled"
    assert network.watch.made(job) == 6
    for site in network.sites.values():
        claims = site.disk.kept(receipt.LOT_CLOSED)
        made = [claim.read(LotClosed) for claim in claims]
        assert sum(claim.good for claim in made) == 6
        for record, claim in zip(claims, made, strict=True):
            assert (claim.passport is not None) == (claim.good > 0)
            if claim.passport is not None:
                passport = open_passport(claim.passport)
                assert passport.made_by == record.author
                assert passport.quantity == claim.good
        assert len(site.disk.kept(CLOSED_KIND)) == 1
    balance = network.watch.settled()
    assert balance[jackson.identity.charter] < 0


@pytest.mark.parametrize("seed", range(20))
def test_a_walk_ends_with_credit_in_calm(seed: int) -> None:
    network, job = walk(seed)

    check(network, job)
    codes = network["jackson"].disk.codes(job)
    for code in ("request-filed", "placed", "leased", "receipt", "final", "accepted"):
        assert code in codes
    assert not any(site.lowered for site in network.sites.values())


@pytest.mark.parametrize("seed", range(20))
def test_a_walk_ends_with_credit_in_any_climate(seed: int) -> None:
    network, job = walk(seed, Climate.drawn(Random(seed)))

    check(network, job)


@pytest.mark.parametrize("seed", [3, 7])
def test_the_same_seed_gives_the_same_history(seed: int) -> None:
    def history() -> list[object]:
        network, _ = walk(seed, Climate.drawn(Random(seed)))
        return [
            (name, list(site.disk.arrivals), site.disk.story)
            for name, site in network.sites.items()
        ]

    assert history() == history()
