"""The model finds each planted bug, and shows the shortest way to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.model.planted import PLANTED
from tests.model.world import World


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_by_its_shortest_trace(name: str) -> None:
    bug = PLANTED[name]
    world = World(bug.bounds, replace(bug.calls, planted=name, rows=set()))

    found = world.explore()

    told = "\n".join([name, *found.trace, str(found.violation)])
    assert found.violation is not None, "missed"
    assert found.violation.startswith(bug.breaks), told
    assert len(found.trace) == bug.steps, told


def test_the_eleven_of_the_note_and_our_own_are_planted() -> None:
    assert len(PLANTED) == 11 + 7
