"""The bounds of the note on reliability, every state of each, on two processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.model.bounds import LARGE, Bounds
from tests.model.engine import Outcome
from tests.model.world import World

pytestmark = pytest.mark.real

PROCESSES = 2
"""A gigabyte each at most."""


def explored(bounds: Bounds) -> Outcome:
    return World(bounds).explore()


@pytest.fixture(scope="module")
def under_way() -> Iterator[dict[Bounds, Future[Outcome]]]:
    """Start the greatest first, so that both processes end at about the same time."""
    order = sorted(LARGE, key=lambda bounds: -LARGE[bounds])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        yield {bounds: pool.submit(explored, bounds) for bounds in order}


@pytest.mark.parametrize("bounds", LARGE, ids=str)
def test_no_order_of_events_breaks_a_rule(
    under_way: dict[Bounds, Future[Outcome]], bounds: Bounds
) -> None:
    outcome = under_way[bounds].result()

    assert outcome.violation is None, "\n".join([*outcome.trace, outcome.violation])
    assert outcome.is_exhaustive
    assert outcome.states >= LARGE[bounds]
    assert outcome.quiescent
