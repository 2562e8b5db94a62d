"""A calendar gives time once, whole, and as early as it can."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.production.offer import FreeWindow
from fabnet.scheduling.encode import encode
from fabnet.scheduling.model import NEVER
from fabnet.scheduling.wave import Calendar
from tests.scheduling.problems import NOW_MS, capability, offered, problem

Stretches = list[tuple[int, int]]
stretches = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)


def _calendar(windows: Stretches, others: Stretches) -> Calendar:
    """Return the time of one machine in two processes, in milliseconds from now."""
    free, also = (
        tuple(FreeWindow(NOW_MS + start, NOW_MS + end) for start, end in each)
        for each in (windows, others)
    )
    laser = capability(process="cut.laser")
    offers = [offered(windows=free), offered(windows=also, capability=laser)]
    return Calendar(encode(problem([], offers)))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(stretches, max_size=4),
    st.lists(stretches, max_size=4),
    st.lists(stretches, max_size=12),
    st.integers(1, 12),
)
def test_the_first_gap_is_the_one_that_counting_finds(
    windows: Stretches,
    others: Stretches,
    taken: Stretches,
    length: int,
) -> None:
    calendar = _calendar(windows, others)
    gone: set[int] = set()
    for at, (start, end) in enumerate(taken):
        calendar.take(at % 2, start, end)
        gone.update(range(start, end))
    found = calendar.earliest(np.array([0, 1]), np.array([length, length]))
    assert found.tolist() == [
        _count(windows, gone, length),
        _count(others, gone, length),
    ]


def _count(windows: Stretches, gone: set[int], length: int) -> int:
    starts = (
        start
        for start in range(60)
        if gone.isdisjoint(range(start, start + length))
        and any(first <= start and start + length <= last for first, last in windows)
    )
    return next(starts, NEVER)


def test_a_window_cut_many_times_keeps_every_piece() -> None:
    calendar = _calendar([(0, 1_000)], [])
    for start in range(0, 1_000, 10):
        calendar.take(0, start, start + 5)
    slots, length = np.array([0]), np.array([5])
    assert calendar.earliest(slots, length).tolist() == [5]
    calendar.take(0, 5, 995)
    assert calendar.earliest(slots, length).tolist() == [995]
    assert calendar.earliest(slots, length + 1).tolist() == [NEVER]
