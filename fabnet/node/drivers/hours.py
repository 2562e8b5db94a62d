"""Opening hours: from what people write to the UTC windows that peers reckon with.

The only place that knows a time zone. `Mo-Fr 09:00-18:00` is every day from Monday to
Friday; `24/7` is always. Days and times are the site's own, summer time included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fabnet.errors import InputError
from fabnet.records.ids import Window

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAYS_AHEAD: Final = 15
"""A day beyond what facilities promise, so that the last window is whole."""
ALWAYS: Final = "24/7"
_LINE: Final = re.compile(
    r"(Mo|Tu|We|Th|Fr|Sa|Su)(?:-(Mo|Tu|We|Th|Fr|Sa|Su))? "
    r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00))"
)


def zone(name: str) -> ZoneInfo:
    """Return an IANA time zone, or raise InputError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        expected = f"expected an IANA name such as Europe/Madrid, got {name!r}"
        raise InputError("facility.time_zone", expected) from None


def open_windows(
    lines: Iterable[str], time_zone: str, *, from_ms: int
) -> tuple[Window, ...]:
    """Return when a site is open from a moment on, for DAYS_AHEAD days."""
    here = zone(time_zone)
    rules = [_rule(line) for line in lines]
    start = datetime.fromtimestamp(from_ms / 1_000, here).date() - timedelta(days=1)
    windows: list[Window] = []
    for ahead in range(DAYS_AHEAD + 1):
        day = start + timedelta(days=ahead)
        windows += _on(day, rules, here)
    return tuple(window for window in windows if window.end_ms > from_ms)


_Rule = tuple[frozenset[int], time, time | None]


def _on(day: date, rules: list[_Rule], here: ZoneInfo) -> Iterator[Window]:
    for days, opens, closes in rules:
        if day.weekday() in days:
            until = day if closes is not None else day + timedelta(days=1)
            yield Window(
                _moment(datetime.combine(day, opens, here)),
                _moment(datetime.combine(until, closes or time(0), here)),
            )


def _rule(line: str) -> _Rule:
    if line == ALWAYS:
        return frozenset(range(7)), time(0), None
    found = _LINE.fullmatch(line)
    if found is None:
        expected = f"expected lines such as 'Mo-Fr 09:00-18:00', got {line!r}"
        raise InputError("facility.hours", expected)
    first, last, hour, minute, to_hour, to_minute, midnight = found.groups()
    begin, end = DAYS.index(first), DAYS.index(last or first)
    days = frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    opens = time(int(hour), int(minute))
    closes = None if midnight else time(int(to_hour), int(to_minute))
    if closes is not None and closes <= opens:
        raise InputError("facility.hours", f"{line!r} closes before it opens")
    return days, opens, closes


def _moment(local: datetime) -> int:
    return int(local.astimezone(UTC).timestamp()) * 1_000
