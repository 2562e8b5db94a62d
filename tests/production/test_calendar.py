"""A machine is free when it is open and not leased, minute by minute."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.production.calendar import free_windows
from fabnet.records.ids import Window

MINUTE_MS = 60_000
DAY_MIN = 12


def window(start_min: int, end_min: int) -> Window:
    return Window(start_min * MINUTE_MS, end_min * MINUTE_MS)


def free(
    opened: list[Window], taken: list[Window], from_min: int = 0, until_min: int = 60
) -> list[Window]:
    return free_windows(
        opened, taken, from_ms=from_min * MINUTE_MS, until_ms=until_min * MINUTE_MS
    )


def test_a_lease_in_the_middle_leaves_both_sides() -> None:
    assert free([window(0, 10)], [window(3, 5)]) == [window(0, 3), window(5, 10)]


def test_hours_that_touch_are_one_window() -> None:
    assert free([window(5, 10), window(0, 5)], []) == [window(0, 10)]


def test_what_is_past_or_beyond_the_horizon_is_not_offered() -> None:
    assert free([window(0, 10)], [], 4, 8) == [window(4, 8)]
    assert free([window(0, 3), window(9, 12)], [], 4, 8) == []


def test_a_lease_before_opening_takes_nothing() -> None:
    assert free([window(5, 10)], [window(0, 2)]) == [window(5, 10)]


def test_a_gap_under_a_minute_is_not_worth_offering() -> None:
    taken = [Window(0, 5 * MINUTE_MS), Window(6 * MINUTE_MS - 1, 10 * MINUTE_MS)]

    assert free([window(0, 10)], taken) == []


WINDOWS = st.lists(
    st.builds(
        lambda start_min, length_min: window(start_min, start_min + length_min),
        st.integers(0, DAY_MIN),
        st.integers(-1, 5),
    ),
    max_size=4,
)
MINUTES = st.integers(0, DAY_MIN)


@settings(max_examples=400)
@given(WINDOWS, WINDOWS, st.just(0) | MINUTES, st.just(DAY_MIN) | MINUTES)
def test_the_calendar_agrees_with_counting_every_minute(
    opened: list[Window], taken: list[Window], from_min: int, until_min: int
) -> None:
    found = free(opened, taken, from_min, until_min)

    def covers(windows: list[Window], minute: int) -> bool:
        return any(each.holds(window(minute, minute + 1)) for each in windows)

    for minute in range(DAY_MIN):
        expected = (
            from_min <= minute < until_min
            and covers(opened, minute)
            and not covers(taken, minute)
        )
        assert covers(found, minute) == expected, minute
    assert found == sorted(found, key=lambda each: each.start_ms)
    for before, after in pairwise(found):
        assert before.end_ms < after.start_ms, "what touches is joined"
