"""A wave can say why."""

from __future__ import annotations

import numpy as np

from fabnet.scheduling.market.facts import choice, why_not
from fabnet.scheduling.market.wave import wave
from tests.scheduling.market.graphs import sparse

DENSE = np.array([[10, 60], [10, 30], [10, 11]])
"""Three rows want slot 0; for the first, the other is much dearer."""
FOUND = wave(sparse(DENSE, 2), 100, epsilon_ms=1)


def test_a_slot_is_wanted_by_the_row_that_got_it_at_its_price() -> None:
    told = why_not(FOUND, 1, 0)

    assert told is not None
    assert (told.slot, told.wanted_by) == (0, 0)
    assert told.price_ms > 0
    assert told.value_ms >= choice(FOUND, 1).got.value_ms


def test_no_row_would_rather_have_had_its_runner_up() -> None:
    for row in range(3):
        told = choice(FOUND, row)
        assert told.runner_up is not None
        assert told.got.value_ms <= told.runner_up.value_ms + 1
        assert told.got.slot == FOUND.slot[row]


def test_who_waits_has_waiting_for_its_choice() -> None:
    (row,) = np.flatnonzero(FOUND.slot < 0)
    told = choice(FOUND, int(row))

    assert (told.got.slot, told.got.cost_ms, told.got.price_ms) == (-1, 100, 0)


def test_of_a_slot_that_was_not_looked_at_nothing_is_said() -> None:
    assert why_not(wave(sparse(DENSE, 1), 100), 0, 1) is None
