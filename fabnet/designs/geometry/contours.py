"""Lines to contours: which of them close, how long they are, what they enclose.

CAD draws one outline as many lines whose ends nearly meet, in any order. Ends within a
hair of each other are one; what then has two lines at every end is a contour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]
"""(point, axis) along x and y, in µm."""

JOIN_UM: Final = 50.0
"""Ends this near are one: half of what a laser burns away."""
ROWS: Final = 1_024
"""Rows in which an area is counted."""
CROSSINGS_MAX: Final = 8_000_000
"""Of rows and edges, 200 MB at work; a drawing with more is counted in fewer rows."""


@dataclass(frozen=True, slots=True)
class Contours:
    """What some lines come to."""

    cut_um: float
    closed: tuple[Line, ...]
    """Lines of contours, so that those of one contour meet exactly."""
    contours: int
    open: int
    repeated: int


def contours_of(lines: Sequence[Line]) -> Contours:
    """Return what the lines come to; those without length are nothing."""
    kept, repeated = _once(lines)
    cut_um = sum(length_um(line) for line in kept)
    closed = []
    loose = []
    for line in kept:
        if len(line) > 2 and _near(line[0], line[-1]):
            closed.append(np.vstack([line[:-1], line[:1]]))
        else:
            loose.append(line)
    joined, rings, opened = _joined(loose)
    return Contours(cut_um, (*closed, *joined), len(closed) + rings, opened, repeated)


def length_um(line: Line) -> float:
    """Return how long a line is."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def area_um2(closed: Sequence[Line]) -> float:
    """Return what contours enclose, where a contour in another is a hole in it.

    Counted along rows, from the first crossing to the second, the third to the fourth.
    """
    if not closed:
        return 0.0
    start = np.concatenate([line[:-1] for line in closed])
    end = np.concatenate([line[1:] for line in closed])
    low, high = float(start[:, 1].min()), float(start[:, 1].max())
    if high <= low:
        return 0.0
    spans = np.abs(end[:, 1] - start[:, 1]).sum() / (high - low)
    rows = max(1, min(ROWS, int(CROSSINGS_MAX / max(1.0, spans))))
    step = (high - low) / rows
    # A row lies in the middle of its step, so that an upright rectangle is exact.
    first = np.ceil((start[:, 1] - low) / step - 0.5).astype(np.int64)
    last = np.ceil((end[:, 1] - low) / step - 0.5).astype(np.int64)
    begin, counts = np.minimum(first, last), np.abs(last - first)
    edge = np.repeat(np.arange(len(start)), counts)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    row = begin[edge] + nth
    from_start = low + (row + 0.5) * step - start[edge, 1]
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    x = start[edge, 0] + from_start * slope
    x = x[np.lexsort((x, row))]
    return float((x[1::2] - x[0::2]).sum() * step)


def _once(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines that have a length, each once, and how many were drawn again."""
    seen: set[bytes] = set()
    kept = []
    repeated = 0
    for line in lines:
        rounded = np.rint(line).astype(np.int64)
        if (rounded == rounded[:1]).all():
            continue
        key = min(rounded.tobytes(), rounded[::-1].tobytes())
        if key in seen:
            repeated += 1
            continue
        seen.add(key)
        kept.append(line)
    return kept, repeated


def _near(one: Line, other: Line) -> bool:
    return bool(np.hypot(*(one - other)) <= JOIN_UM)


class _Ends:
    """Ends of lines, where those near each other are one."""

    def __init__(self) -> None:
        self.places: list[Line] = []
        self._cells: dict[tuple[int, int], list[int]] = {}

    def number(self, end: Line) -> int:
        """Return the number of the place that `end` is at."""
        column, row = (int(each // JOIN_UM) for each in end.tolist())
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                for known in self._cells.get((x, y), ()):
                    if _near(self.places[known], end):
                        return known
        self.places.append(end)
        self._cells.setdefault((column, row), []).append(len(self.places) - 1)
        return len(self.places) - 1


def _joined(lines: list[Line]) -> tuple[list[Line], int, int]:
    """Return the lines that close together, their contours, and how many do not."""
    ends = _Ends()
    pairs = [(ends.number(line[0]), ends.number(line[-1])) for line in lines]
    degree = [0] * len(ends.places)
    group = list(range(len(ends.places)))

    def leader(end: int) -> int:
        while group[end] != end:
            group[end] = group[group[end]]
            end = group[end]
        return end

    for start, end in pairs:
        degree[start] += 1
        degree[end] += 1
        group[leader(start)] = leader(end)
    everyone = {leader(end) for end in range(len(group))}
    broken = {leader(end) for end, count in enumerate(degree) if count != 2}
    closed = [
        np.vstack([ends.places[start], line[1:-1], ends.places[end]])
        for line, (start, end) in zip(lines, pairs, strict=True)
        if leader(start) not in broken
    ]
    return closed, len(everyone) - len(broken), len(broken)
