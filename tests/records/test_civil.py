"""A moment and its date are one thing, by the calendar everybody has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import InputError, MalformedError
from fabnet.records.civil import moment_of, rfc3339

END_MS = 253_402_300_800_000
MOMENTS = st.integers(0, END_MS - 1)


@pytest.mark.parametrize(
    ("moment_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (1_709_251_199_000, "2024-02-29T23:59:59Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        (END_MS - 1_000, "9999-12-31T23:59:59Z"),
    ],
)
def test_days_that_trip_calendars(moment_ms: int, text: str) -> None:
    assert rfc3339(moment_ms) == text
    assert moment_of(text) == moment_ms - moment_ms % 1_000


@given(MOMENTS)
def test_every_date_is_the_standard_librarys(moment_ms: int) -> None:
    theirs = datetime.fromtimestamp(moment_ms // 1_000, UTC)

    assert rfc3339(moment_ms) == theirs.strftime("%Y-%m-%dT%H:%M:%SZ")


@given(MOMENTS)
def test_a_date_comes_back_to_the_second(moment_ms: int) -> None:
    assert moment_of(rfc3339(moment_ms)) == moment_ms // 1_000 * 1_000


@pytest.mark.parametrize("moment_ms", [-1, END_MS])
def test_a_moment_without_a_date_is_refused(moment_ms: int) -> None:
    with pytest.raises(InputError, match="moment_ms"):
        rfc3339(moment_ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24",
        "2026-11-24T09:30:00",
        "2026-11-24T09:30:00+00:00",
        "2026-11-24T09:30:00.000Z",
        "2026-11-24t09:30:00z",
        "2026-11-24 09:30:00Z",
        "2026-11-24T09:30:00Z\n",
        "2026-1-24T09:30:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2016-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-11-24T09:30:00Z",
    ],
)
def test_any_other_spelling_of_a_date_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="expected a time such as"):
        moment_of(text)
