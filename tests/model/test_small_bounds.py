"""Small worlds, whole: what every change of the hand-off has to pass."""

from __future__ import annotations

import pytest

from tests.model.bounds import SMALL, Bounds
from tests.model.world import World


@pytest.mark.parametrize("bounds", SMALL, ids=str)
def test_no_order_of_events_breaks_a_rule(bounds: Bounds) -> None:
    found = World(bounds).explore()

    assert found.violation is None, "\n".join([*found.trace, found.violation])
    assert found.is_exhaustive
    assert found.quiescent, "something comes to rest"
