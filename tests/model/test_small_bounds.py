"""Small worlds, whole: what every change of the hand-off has to pass."""

from __future__ import annotations

from typing import Final

import pytest

from fabnet.production.lots.lot import LOT_TABLE
from fabnet.production.lots.making import MAKING_TABLE
from fabnet.production.lots.remnant import REMNANT_TABLE
from tests.model.bounds import SMALL, Bounds
from tests.model.calls import Calls
from tests.model.engine import Outcome
from tests.model.world import World

ROWS: Final = {
    *(("lot", state, step) for state, step in LOT_TABLE),
    *(("making", state, step) for state, step in MAKING_TABLE),
    *(("remnant", state or "none", step) for state, step in REMNANT_TABLE),
}
OUT_OF_REACH: Final = {
    ("remnant", "fenced", "confirm"): "whoever vowed never to confirm does not lie here"
}
"""Rows that honest peers never take, and why they are there."""


@pytest.fixture(scope="module")
def calls() -> Calls:
    return Calls()


@pytest.fixture(scope="module")
def found(calls: Calls) -> dict[Bounds, Outcome]:
    return {bounds: World(bounds, calls).explore() for bounds in SMALL}


@pytest.mark.parametrize("bounds", SMALL, ids=str)
def test_no_order_of_events_breaks_a_rule(
    found: dict[Bounds, Outcome], bounds: Bounds
) -> None:
    outcome = found[bounds]

    assert outcome.violation is None, "\n".join([*outcome.trace, outcome.violation])
    assert outcome.is_exhaustive
    assert outcome.quiescent, "something comes to rest"


def test_every_row_of_every_table_is_taken(
    found: dict[Bounds, Outcome], calls: Calls
) -> None:
    assert len(found) == len(SMALL)
    assert ROWS - calls.rows == set(OUT_OF_REACH)
    assert calls.rows <= ROWS
