"""Wall clocks that are wrong for a while, and what must be right again after."""

from __future__ import annotations

import pytest

from fabnet.designs.documents import grant as grants
from tests.sim.cities import founded, hook, published

YEAR_MS = 365 * 86_400_000


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
