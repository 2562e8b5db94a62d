"""What is left of the time that was offered, in arrays that a kernel can cut too.

A slot's pieces of free time stand side by side, in no order, empty ones among them. One
that needs more than it has moves to the end, with room for twice as many.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fabnet.scheduling.model import NEVER, USABLE, Ints, Narrow, Slots


def ranges(first: Narrow, count: Narrow) -> Ints:
    """Return `first, first + 1, …` for as many as `count` says, one after another."""
    begin = np.cumsum(count) - count
    each: Ints = np.arange(count.sum()) + np.repeat(first - begin, count)
    return each


class Calendar:
    """The free time of every slot; a machine that is not usable has none."""

    def __init__(self, slots: Slots) -> None:
        self.span: Narrow = slots.span.copy()
        """`[slot, 2]`: where its pieces begin, and for how many there is room."""
        self.pieces: Narrow = slots.windows.copy()
        """`[piece, 2]`: from and until, in milliseconds after the problem's moment."""
        usable = slots.access & USABLE != 0
        if not usable.all():
            self.pieces[~np.repeat(usable, slots.count)] = 0
        self.used: Ints = np.array([len(self.pieces)], np.int64)
        """Where the last slot's room ends; in an array, for a kernel to move it."""

    def earliest(self, slots: Ints, length_ms: Ints) -> Ints:
        """Return when each slot first has so much time in one piece, or NEVER."""
        if not slots.size:
            return slots
        first, count = self.span[slots].T
        start_ms, end_ms = self.pieces[ranges(first, count)].T
        fits = end_ms - start_ms >= np.repeat(length_ms, count)
        start_ms = np.where(fits, start_ms.astype(np.int64), NEVER)
        return np.minimum.reduceat(start_ms, np.cumsum(count) - count)

    def of(self, slot: int) -> list[tuple[int, int]]:
        """Return the free pieces of a slot, earliest first."""
        first, count = self.span[slot].tolist()
        pieces = self.pieces[first : first + count].tolist()
        return sorted((start, end) for start, end in pieces if start < end)

    def cut(self, slot: int, start_ms: int, end_ms: int) -> None:
        """Take a stretch out of a slot's free time."""
        rest: list[tuple[int, int]] = []
        for free_start, free_end in self.of(slot):
            before = free_start, min(free_end, start_ms)
            after = max(free_start, end_ms), free_end
            rest += [piece for piece in (before, after) if piece[0] < piece[1]]
        self.put(slot, rest)

    def put(self, slot: int, pieces: Iterable[tuple[int, int]]) -> None:
        """Say what a slot's free time is."""
        rest = list(pieces)
        count = int(self.span[slot, 1])
        if len(rest) > count:
            count = max(2 * count, len(rest))
            self.reserve(count)
            self.span[slot] = self.used[0], count
            self.used += count
        first = int(self.span[slot, 0])
        self.pieces[first : first + count] = 0
        if rest:
            self.pieces[first : first + len(rest)] = rest

    def reserve(self, count: int) -> None:
        """Make room at the end for so many pieces more."""
        used = int(self.used[0])
        if used + count > len(self.pieces):
            larger = np.zeros((2 * (used + count), 2), np.int32)
            larger[:used] = self.pieces[:used]
            self.pieces = larger

    def pass_by(self, moment_ms: int) -> None:
        """Let all time before a moment be gone."""
        np.maximum(self.pieces[:, 0], moment_ms, out=self.pieces[:, 0])
