"""What is left of the time that was offered, in arrays that a kernel can cut too.

A slot's pieces of free time stand side by side, in no order, empty ones among them. As
long as nothing of it is taken, they are the windows that were offered. Then they move
behind all others, and again whenever they need more room: to twice as much. Two empty
pieces stand before a slot that has moved, and end before time begins: they say where
its windows are, and how many.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.model import NEVER, USABLE, Ints, Narrow, Slots

Whole = TypeVar("Whole", np.int32, np.int64)
HEAD: Final = 2
"""Pieces that stand before those of a slot that has moved."""


def ranges(first: NDArray[Whole], count: NDArray[Whole]) -> Ints:
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
        self.used: Ints = np.array([len(self.pieces)] * 2, np.int64)
        """Where the last slot's room ends, and where the windows that were offered
        do; in an array, for a kernel to move the first."""
        self._close(np.flatnonzero(slots.access & USABLE == 0))

    def _close(self, slots: Ints) -> None:
        """Leave no time to slots that have not moved yet."""
        room = HEAD + 1
        self.reserve(room * len(slots))
        at = int(self.used[0]) + room * np.arange(len(slots))
        self.pieces[at, 1] = -1 - self.span[slots, 0]
        self.pieces[at + 1, 1] = -1 - self.span[slots, 1]
        self.span[slots, 0], self.span[slots, 1] = at + HEAD, 1
        self.used[0] += room * len(slots)

    def earliest(self, slots: Ints, length_ms: Ints) -> Ints:
        """Return when each slot first has so much time in one piece, or NEVER."""
        if not slots.size:
            return slots
        first, count = self.span[slots].T
        if count.max() == 1:
            start_ms, end_ms = self.pieces[first].T
            fits = end_ms - start_ms >= length_ms
            return np.where(fits, start_ms.astype(np.int64), NEVER)
        start_ms, end_ms = self.pieces[ranges(first, count)].T
        fits = end_ms - start_ms >= np.repeat(length_ms, count)
        start_ms = np.where(fits, start_ms.astype(np.int64), NEVER)
        return np.minimum.reduceat(start_ms, np.cumsum(count) - count)

    def of(self, slot: int) -> list[tuple[int, int]]:
        """Return the free pieces of a slot, earliest first."""
        first, count = self.span[slot].tolist()
        pieces = self.pieces[first : first + count].tolist()
        return sorted((start, end) for start, end in pieces if start < end)

    def offered(self, slots: Ints) -> tuple[Ints, Ints]:
        """Return where the windows begin that slots were offered for, and how many.

        Time that has passed may have shortened them.
        """
        first, count = self.span[slots].astype(np.int64).T
        moved = np.flatnonzero(first >= self.used[1])
        heads = first[moved] - HEAD
        first[moved] = -1 - self.pieces[heads, 1]
        count[moved] = -1 - self.pieces[heads + 1, 1]
        return first, count

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
        if self.span[slot, 0] < self.used[1] or len(rest) > count:
            self._move(slot, max(2 * count, len(rest)))
        first, count = self.span[slot].tolist()
        self.pieces[first : first + count] = 0
        if rest:
            self.pieces[first : first + len(rest)] = rest

    def _move(self, slot: int, count: int) -> None:
        """Give a slot room for so many pieces behind all others."""
        self.reserve(HEAD + count)
        at, (first, many) = int(self.used[0]), self.span[slot].tolist()
        if first < self.used[1]:
            self.pieces[at, 1], self.pieces[at + 1, 1] = -1 - first, -1 - many
        else:
            self.pieces[at : at + HEAD] = self.pieces[first - HEAD : first]
        self.span[slot] = at + HEAD, count
        self.used[0] += HEAD + count

    def reserve(self, count: int) -> None:
        """Make room at the end for so many pieces more."""
        used = int(self.used[0])
        if used + count > len(self.pieces):
            larger = np.zeros((5 * (used + count) // 4, 2), np.int32)
            larger[:used] = self.pieces[:used]
            self.pieces = larger

    def pass_by(self, moment_ms: int) -> None:
        """Let all time before a moment be gone."""
        np.maximum(self.pieces[:, 0], moment_ms, out=self.pieces[:, 0])
