"""A breadth-first search over packed states.

A state is one integer: a field for each actor's own state (a number by which it is
interned), a field for the faults spent so far, and one bit for each message that was
ever sent. The network is that growing set: a message in it may be delivered any number
of times, in any order, or never, which covers loss, doubling, delay and partitions.

What an actor can do depends on its own field and on the bits addressed to it, and on
nothing else. So its moves are worked out once for each such key, by running the
product's code, and from then on are an addition and an OR. That is why real code costs
a model nearly nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

FIELD_BITS: Final = 24
"""Bits of each actor's field: sixteen million states of one actor."""

T = TypeVar("T")


class Move(NamedTuple):
    """One thing that may happen: `(state + change) | sends` is what comes of it."""

    change: int
    sends: int
    is_progress: bool
    """Whether it comes by itself sooner or later; faults, timers and moods need not."""
    label: str


@dataclass(slots=True)
class Interned(Generic[T]):
    """Numbers for values, so that a field can hold them."""

    values: list[T] = field(default_factory=list)
    numbers: dict[T, int] = field(default_factory=dict)

    def number(self, value: T) -> int:
        """Return the number of a value, a new one if it was never seen."""
        found = self.numbers.get(value)
        if found is None:
            found = self.numbers[value] = len(self.values)
            assert found < 1 << FIELD_BITS
            self.values.append(value)
        return found


@dataclass(slots=True)
class Part:
    """What moves some bits of the state, looking at the bits of `mask` only."""

    mask: int
    work_out: Callable[[int], list[Move]]
    known: dict[int, list[Move]] = field(default_factory=dict)

    def expand(self, key: int) -> list[Move]:
        """Return the moves for a key, for good."""
        moves = self.known[key] = self.work_out(key)
        return moves


@dataclass(frozen=True, slots=True)
class System:
    """What is explored: where it begins, what moves it, and what must hold."""

    start: int
    parts: list[Part]
    verdict: Callable[[int], str | None]
    """What a state breaks, as it depends on the bits of `judged` only."""
    judged: int
    at_rest: Callable[[int], str | None]
    """What is wrong with a state in which nothing comes by itself any more."""


@dataclass(slots=True)
class Outcome:
    """What a search found."""

    states: int = 0
    transitions: int = 0
    quiescent: int = 0
    violation: str | None = None
    trace: list[str] = field(default_factory=list)
    is_exhaustive: bool = False


def explore(system: System, *, most: int = 20_000_000) -> Outcome:
    """Visit every reachable state, nearest first, until one breaks a rule."""
    found = Outcome()
    seen, levels = {system.start}, [[system.start]]
    sound: set[int] = set()
    while levels[-1] and len(seen) <= most:
        broken = _judge(system, levels[-1], sound, found)
        if broken is None:
            ahead, resting = _expand(system, levels[-1], seen, found)
            found.quiescent += len(resting)
            broken = _judge_resting(system, resting, found)
            levels.append(ahead)
        if broken is not None:
            found.states = len(seen)
            found.trace = _trace(system, levels, broken)
            return found
    found.states = len(seen)
    found.is_exhaustive = not levels[-1]
    return found


def _expand(
    system: System, level: list[int], seen: set[int], found: Outcome
) -> tuple[list[int], list[int]]:
    """Return the new states one move further, and those that nothing leaves."""
    ahead: list[int] = []
    resting: list[int] = []
    parts, transitions = system.parts, 0
    for state in level:
        is_at_rest = True
        for part in parts:
            key = state & part.mask
            moves = part.known.get(key)
            if moves is None:
                moves = part.expand(key)
            for change, sends, is_progress, _ in moves:
                after = (state + change) | sends
                if after == state:
                    continue
                transitions += 1
                if is_progress:
                    is_at_rest = False
                if after not in seen:
                    seen.add(after)
                    ahead.append(after)
        if is_at_rest:
            resting.append(state)
    found.transitions += transitions
    return ahead, resting


def _judge(
    system: System, level: list[int], sound: set[int], found: Outcome
) -> int | None:
    """Return the first state of a level that breaks a rule."""
    judged = system.judged
    for state in level:
        if state & judged not in sound:
            found.violation = system.verdict(state)
            if found.violation is not None:
                return state
            sound.add(state & judged)
    return None


def _judge_resting(system: System, resting: list[int], found: Outcome) -> int | None:
    for state in resting:
        found.violation = system.at_rest(state)
        if found.violation is not None:
            return state
    return None


def _trace(system: System, levels: list[list[int]], broken: int) -> list[str]:
    """Return the labels of a shortest way from the start, found level by level back."""
    depth = next(n for n, level in enumerate(levels) if broken in set(level))
    labels: list[str] = []
    target = broken
    for level in reversed(levels[:depth]):
        target, label = next(
            (state, move.label)
            for state in level
            for part in system.parts
            for move in part.known.get(state & part.mask, ())
            if (state + move.change) | move.sends == target
        )
        labels.append(label)
    return labels[::-1]
