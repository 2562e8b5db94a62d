"""Each bug of the museum is planted in the product, and is found by its story."""

from __future__ import annotations

import functools
import inspect

import pytest

from tests.sim.museum.exhibit import Story
from tests.sim.museum.hall import MUSEUM, ROOMS

EXHIBITS_MIN = 25
"""What the issue asks for."""


@functools.cache
def lived_through(story: Story) -> None:
    """Assert that nothing is found where nothing is planted."""
    story()


@pytest.mark.parametrize("name", MUSEUM)
def test_a_planted_bug_is_found_and_nothing_where_there_is_none(name: str) -> None:
    exhibit = MUSEUM[name]
    lived_through(exhibit.story)

    with exhibit.planted() as used, pytest.raises(AssertionError) as found:
        exhibit.story()

    assert exhibit.speaks in str(found.value)
    assert used, "the fault was never reached: something else spoke"


@pytest.mark.parametrize("name", MUSEUM)
def test_a_switch_patches_what_exists_and_leaves_nothing_behind(name: str) -> None:
    exhibit = MUSEUM[name]
    sound = exhibit.sound()
    assert callable(sound)
    assert inspect.getmodule(sound) is not None
    assert str(getattr(sound, "__module__", "")).startswith("fabnet.")

    with exhibit.planted():
        assert exhibit.sound() is not sound

    assert exhibit.sound() is sound


def test_there_are_as_many_as_were_promised_and_no_two_of_a_name() -> None:
    assert len(MUSEUM) == sum(map(len, ROOMS)) >= EXHIBITS_MIN
    for exhibit in MUSEUM.values():
        assert exhibit.speaks
        assert exhibit.breaks
        assert exhibit.seen
