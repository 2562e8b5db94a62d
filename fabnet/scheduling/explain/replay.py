"""A plan gone through again, up to the turn of one row, wherever that turn may be.

What a row finds depends on the rows before it, and its turn on what it asks: a sooner
due time or a greater need comes earlier. The rows before the row's own turn stand as
they were planned; those after it are planned again, without it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from fabnet.production.plan import Placed, Plan, Problem, Wanted
from fabnet.scheduling.encode import encode, urgency
from fabnet.scheduling.feasible import first_failing
from fabnet.scheduling.model import Encoded
from fabnet.scheduling.wave import Survey, Wave

Turn = tuple[int, str, str, str]


class Replay:
    """The order of a wave without one row, and what the row would find in it."""

    def __init__(self, arrays: Encoded, plan: Plan, row: int) -> None:
        """Take the arrays of a problem, the plan made of it, and a row of both."""
        self.arrays = arrays
        self.row = row
        turn = arrays.rows.turn.tolist()
        self.own = turn.index(row)
        """The row's place in the order: how many rows come before it."""
        self._plan = plan
        self._rest = [each for each in turn if each != row]
        self._turns = [self._turn(arrays.problem.wanted[each]) for each in self._rest]
        self._slots: dict[tuple[str, str], int] = {}
        for slot, each in enumerate(arrays.offered):
            self._slots.setdefault((each.peer, each.offer.machine), slot)

    @property
    def want(self) -> Wanted:
        """The row as it was asked."""
        return self.arrays.problem.wanted[self.row]

    @property
    def last(self) -> int:
        """The last place in the order."""
        return len(self._rest)

    def place(self, want: Wanted) -> int:
        """Return how many rows would come before this one."""
        return bisect_left(self._turns, self._turn(want))

    def walk(self, first: int, last: int) -> Iterator[tuple[int, Wave]]:
        """Yield each place in the order and what is left there, from first to last.

        It is one wave that goes on: what is yielded holds until the next is asked for.
        """
        wave = Wave(self.arrays)
        for place in range(last + 1):
            if place >= first:
                yield place, wave
            if place < last:
                self._settle(wave, place)

    def _turn(self, want: Wanted) -> Turn:
        moment_ms = self.arrays.problem.moment_ms
        return urgency(want, moment_ms), want.job, want.part, want.revision

    def _settle(self, wave: Wave, place: int) -> None:
        row = self._rest[place]
        if place >= self.own:
            survey = surveyed(wave, row)
            if survey.best is not None:
                wave.take(survey, survey.best)
            return
        answer = self._plan[row]
        if isinstance(answer, Placed):
            moment_ms = self.arrays.problem.moment_ms
            slot = self._slots[answer.peer, answer.machine]
            window = answer.window
            start_ms, end_ms = window.start_ms - moment_ms, window.end_ms - moment_ms
            wave.reserve(row, slot, start_ms, end_ms)


class Trials:
    """Other ways to ask for one row, laid out at once, to be held against a wave."""

    def __init__(self, problem: Problem) -> None:
        """Take the rows to try, and what is offered in the wave, however altered."""
        self.arrays = encode(problem)
        self._failing = first_failing(self.arrays, np.arange(len(problem.wanted)))

    def survey(self, wave: Wave, trial: int) -> Survey:
        """Return how one of them stands with every offer, given what is left."""
        return Wave(self.arrays, like=wave).survey(trial, self._failing[trial])


def surveyed(wave: Wave, row: int) -> Survey:
    """Return how a row of the wave's own problem stands with every offer."""
    return wave.survey(row, first_failing(wave.arrays, np.array([row]))[0])
