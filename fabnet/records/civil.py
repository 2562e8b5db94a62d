"""Moments as people write them: RFC 3339 to the second, in UTC, by integers alone.

The rooms that sign know no time zone and no clock; a document still carries dates that
people read. Source for the day count: H. Hinnant, "chrono-compatible low-level date
algorithms" (the year begins in March, so that the leap day is its last).
"""

from __future__ import annotations

import re
from typing import Final

from fabnet.errors import InputError, MalformedError

_TEXT: Final = re.compile(
    "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z"
)
_DAY_S: Final = 86_400
_ERA_DAYS: Final = 146_097
"""Days of 400 years, after which the calendar repeats."""
_EPOCH_DAYS: Final = 719_468
"""Days from 1 March of year 0 to 1 January 1970."""
_END_S: Final = 253_402_300_800
"""Seconds from 1970 to the year 10000, which has no RFC 3339 form."""


def rfc3339(moment_ms: int) -> str:
    """Return the second that holds `moment_ms`, such as `2026-11-24T09:30:00Z`."""
    moment_s = moment_ms // 1_000
    if not 0 <= moment_s < _END_S:
        raise InputError("moment_ms", "expected a moment from 1970 to 9999")
    days, second = divmod(moment_s, _DAY_S)
    year, month, day = _civil(days)
    hour, second = divmod(second, 3_600)
    minute, second = divmod(second, 60)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def moment_of(text: str) -> int:
    """Return the milliseconds since 1970 of `text`, or raise MalformedError.

    Takes only what `rfc3339` writes: no fraction, offset, leap second or 30 February.
    """
    found = _TEXT.fullmatch(text)
    if found is not None:
        year, month, day, hour, minute, second = map(int, found.groups())
        moment_s = (
            _days(year, month, day) * _DAY_S + hour * 3_600 + minute * 60 + second
        )
        if 0 <= moment_s < _END_S and rfc3339(moment_s * 1_000) == text:
            return moment_s * 1_000
    raise MalformedError(f"{text[:40]!r}: expected a time such as 2026-11-24T09:30:00Z")


def _civil(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a day counted from 1 January 1970."""
    era, of_era = divmod(days + _EPOCH_DAYS, _ERA_DAYS)
    leaps = of_era // 1_460 - of_era // 36_524 + of_era // 146_096
    year_of_era = (of_era - leaps) // 365
    of_year = of_era - _days_before(year_of_era)
    from_march = (5 * of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    day = of_year - (153 * from_march + 2) // 5 + 1
    return era * 400 + year_of_era + (month <= 2), month, day


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1 January 1970; nonsense in gives another day out."""
    era, year_of_era = divmod(year - (month <= 2), 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * _ERA_DAYS + _days_before(year_of_era) + of_year - _EPOCH_DAYS


def _days_before(year_of_era: int) -> int:
    return 365 * year_of_era + year_of_era // 4 - year_of_era // 100
