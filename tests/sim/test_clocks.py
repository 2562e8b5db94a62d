"""Wall clocks that are wrong for a while, and what must be right again after."""

from __future__ import annotations

import pytest

from fabnet.designs.documents import grant as grants
from fabnet.protocol.events import Tick
from tests.sim import rhythm
from tests.sim.cities import founded, hook, printer, published

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


@pytest.mark.parametrize("years", [10, -10])
def test_what_was_said_while_a_clock_was_wrong_is_known_once_it_is_right(
    years: int,
) -> None:
    network = founded("jackson", "detroit", "barcelona", seed=3)
    jackson, detroit, _ = network.sites.values()
    detroit.skew_ms = years * YEAR_MS
    network.run(60)
    cid = published(jackson, hook())
    network.run(60)
    assert not detroit.disk.kept(grants.KIND, cid), "nobody is vouched for by its clock"

    detroit.skew_ms = 0
    network.run(3_600)

    assert detroit.disk.kept(grants.KIND, cid), "though jackson said nothing since"


def test_a_node_asks_again_as_soon_as_its_clock_is_set() -> None:
    network = founded("jackson", "detroit", seed=3)
    jackson, detroit = network.sites.values()
    detroit.skew_ms = -10 * YEAR_MS
    network.run(rhythm.IDLE_MS // 1_000)  # it has looked at its clock once
    cid = published(jackson, hook())
    network.run(60)

    detroit.skew_ms = 0
    detroit.happen(Tick())
    network.run(5)

    assert detroit.disk.kept(grants.KIND, cid)


def test_a_lot_leased_by_a_clock_years_ahead_is_planned_again_once_it_is_right() -> (
    None
):
    network = founded("jackson", "detroit", seed=3)
    jackson, detroit = network.sites.values()
    detroit.owns(printer(detroit))
    detroit.accepts_all()
    cid = published(detroit)
    network.knows_of(cid)
    detroit.skew_ms = 10 * YEAR_MS
    network.run(900)
    one = detroit.asks_for(cid, 4)
    network.until(lambda: bool(detroit.bench.in_machine))
    two = detroit.asks_for(cid, 2)
    network.until(lambda: "confirmed" in detroit.disk.codes(two))

    detroit.skew_ms = 0
    jackson.owns(printer(jackson))
    network.finish(detroit, one, two)

    assert (detroit.state(one), detroit.state(two)) == ("fulfilled", "fulfilled")
    assert jackson.bench.good[f"{two}/2"] == 2, "by another machine"


def test_of_lots_that_were_all_missed_none_is_begun() -> None:
    network = founded("jackson", "detroit", "barcelona", seed=3)
    jackson, detroit, _ = network.sites.values()
    detroit.owns(printer(detroit))
    jackson.accepts_all()
    cid = published(detroit)
    network.knows_of(cid)
    network.run(6 * 3_600)
    detroit.skew_ms = -5 * HOUR_MS
    network.run(900)
    jobs = [jackson.asks_for(cid, pieces) for pieces in (1, 2)]
    network.until(lambda: all("confirmed" in detroit.disk.codes(it) for it in jobs))
    detroit.skew_ms = 24 * HOUR_MS
    network.run(3_600)

    for job in jobs:
        ended = detroit.disk.codes(job)
        assert "ended" in ended
        assert "started" not in ended[: ended.index("ended")], "its time was over"
    assert all(made not in detroit.bench.good for made in (f"{it}/1" for it in jobs))
