"""A machine's calendar: the hours it is open, less what is leased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fabnet.records.ids import Window

SHORTEST_MS: Final = 60_000
"""A gap shorter than a minute is not worth offering."""


def free_windows(
    opened: Iterable[Window], taken: Iterable[Window], *, from_ms: int, until_ms: int
) -> list[Window]:
    """Return what is left of `opened` between two moments, in order, joined up."""
    free: list[Window] = []
    for window in _joined(opened):
        start = max(window.start_ms, from_ms)
        end = min(window.end_ms, until_ms)
        gaps = _gaps(Window(start, end), taken)
        free += [gap for gap in gaps if gap.end_ms - gap.start_ms >= SHORTEST_MS]
    return free


def _gaps(window: Window, taken: Iterable[Window]) -> list[Window]:
    gaps: list[Window] = []
    at = window.start_ms
    for busy in _joined(taken):
        if busy.start_ms > at:
            gaps.append(Window(at, min(busy.start_ms, window.end_ms)))
        at = max(at, busy.end_ms)
        if at >= window.end_ms:
            return gaps
    gaps.append(Window(at, window.end_ms))
    return gaps


def _joined(windows: Iterable[Window]) -> Sequence[Window]:
    """Sort windows and join those that touch; empty ones go."""
    joined: list[Window] = []
    for window in sorted(windows, key=lambda each: (each.start_ms, each.end_ms)):
        if window.end_ms <= window.start_ms:
            continue
        if joined and window.start_ms <= joined[-1].end_ms:
            last = joined.pop()
            joined.append(Window(last.start_ms, max(last.end_ms, window.end_ms)))
        else:
            joined.append(window)
    return joined
