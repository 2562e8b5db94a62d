"""What would change it: the least that could be asked otherwise to be placed elsewhere.

Each kind of change has finitely many thresholds: the distance of each machine, the
moment at which each could be ready, each material that some machine has, each need.
They are gone through from the least, so nothing smaller of that kind would do, and what
is named is what the planner answers to the whole problem with that one change. One
thing is changed at a time, and only so that a row is placed: where it had no machine,
or on another. Thresholds are rounded up to what people say, minutes and kilometres.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from fabnet.production.plan import Term, Wanted
from fabnet.scheduling import cost
from fabnet.scheduling.explain.choosing import choice
from fabnet.scheduling.explain.explanation import Change, Choice, Kind
from fabnet.scheduling.explain.replay import Replay, Trials
from fabnet.scheduling.explain.thresholds import first_due, first_flip, flips
from fabnet.scheduling.feasible import Rule, Rules
from fabnet.scheduling.model import HORIZON_MS, Ints
from fabnet.scheduling.wave import Survey, Wave

MINUTE_MS: Final = 60_000
"""The unit of a change of due time or deadline."""
RADIUS_STEP_M: Final = 1_000
"""The unit of a change of radius."""
MATERIALS_TRIED_MAX: Final = 32
"""Materials tried one by one, those of most machines first; the rest are not tried."""
OVERTAKEN_MAX: Final = 64
"""Rows that a changed turn may pass, either way; what passes more is not tried."""


class Search:
    """Looks for the changes of one row, at each turn that they could give it."""

    def __init__(
        self, replay: Replay, machine: int, failing: Rules, needs: Mapping[str, int]
    ) -> None:
        """Take a row, its machine or NOWHERE, what each slot fails, and needs.

        `needs` are the codes that could be asserted, each with its weight.
        """
        self.untried = 0
        self._replay, self._machine, self._failing = replay, machine, failing
        self._first = max(0, replay.own - OVERTAKEN_MAX)
        self._last = min(replay.last, replay.own + OVERTAKEN_MAX)
        want = replay.want
        self._was_need = next(
            (code for code, weight in needs.items() if weight == want.need_weight), ""
        )
        self._needs = self._within(_other_needs(want, needs))
        self._materials = self._some_materials()
        self._sooner, self._later = self._dues()
        wants = (
            dataclasses.replace(want, radius_m=None),
            dataclasses.replace(want, deadline_ms=None),
            *(_also_of(want, material) for material in self._materials),
            *(other for _, other in self._needs),
        )
        self._trials = Trials(
            dataclasses.replace(
                replay.arrays.problem, wanted=wants, offered=replay.arrays.offered
            )
        )
        self._need_trial = 2 + len(self._materials)

    def run(self) -> tuple[Change, ...]:
        """Return what would change it, by kind, the least of each."""
        replay = self._replay
        first, last = self._span()
        sooner: list[Change] = []
        later: list[Change] = []
        here: list[Change] = []
        needs: list[Change] = []
        for place, wave in replay.walk(first, last):
            if place in self._sooner or place in self._later:
                survey = wave.survey(replay.row, self._failing)
                # From the front of the order to the back: the last is the least.
                sooner = self._due(survey, self._sooner.get(place)) or sooner
                later = later or self._due(survey, self._later.get(place))
            needs += self._need(wave, place)
            if place == replay.own:
                here = [*self._radius(wave), *self._deadline(wave)]
                here += self._material(wave)
        return (*sooner, *later, *here, *self._nearest(needs))

    def _span(self) -> tuple[int, int]:
        """Return the first and the last turn that any change would give the row."""
        places = {self._replay.own, *self._sooner, *self._later}
        places |= {self._replay.place(want) for _, want in self._needs}
        return min(places), max(places)

    def _within(self, needs: Sequence[tuple[str, Wanted]]) -> list[tuple[str, Wanted]]:
        near = [
            (code, want)
            for code, want in needs
            if self._first <= self._replay.place(want) <= self._last
        ]
        self.untried += len(needs) - len(near)
        return near

    # -------------------------------------------------------------- due

    def _dues(self) -> tuple[dict[int, Ints], dict[int, Ints]]:
        """Return the due times to try, sooner and later, by the turn they give."""
        want, now_ms = self._replay.want, self._replay.arrays.problem.moment_ms
        sooner = range((want.due_ms - 1) // MINUTE_MS * MINUTE_MS, now_ms, -MINUTE_MS)
        most_ms = now_ms + HORIZON_MS
        if want.deadline_ms is not None:
            most_ms = min(most_ms, want.deadline_ms)
        from_ms = max(want.due_ms, now_ms) // MINUTE_MS * MINUTE_MS + MINUTE_MS
        later = range(from_ms, most_ms + 1, MINUTE_MS)
        return self._by_place(sooner, sign=-1), self._by_place(later, sign=1)

    def _by_place(self, dues: range, sign: int) -> dict[int, Ints]:
        """Return due times by the turn that they give, as far as turns are tried."""
        replay, found, start = self._replay, dict[int, Ints](), 0
        now_ms = replay.arrays.problem.moment_ms

        def place(due_ms: int) -> int:
            return sign * replay.place(dataclasses.replace(replay.want, due_ms=due_ms))

        while start < len(dues):
            here = place(dues[start])
            if not self._first <= sign * here <= self._last:
                self.untried += 1
                break
            end = bisect_left(dues, here + 1, start, key=place)
            found[sign * here] = _telling(dues[start:end], now_ms)
            start = end
        return found

    def _due(self, survey: Survey, due_ms: Ints | None) -> list[Change]:
        if due_ms is None:
            return []
        arrays, want = self._replay.arrays, self._replay.want
        found = first_due(arrays, survey, self._machine, due_ms)
        if found is None:
            return []
        at_ms, slot = found
        after_ms = survey.end_ms[slot : slot + 1] - at_ms
        late = Term("lateness", int(cost.lateness(arrays, survey.row, after_ms)[0]))
        then = choice(arrays, survey, slot)
        then = dataclasses.replace(then, terms=(late, *then.terms[1:]))
        moment_ms = arrays.problem.moment_ms
        return [Change("due", want.due_ms, at_ms + moment_ms, then)]

    # -------------------------------------------------------------- the others

    def _need(self, wave: Wave, place: int) -> Iterator[Change]:
        for at, (code, want) in enumerate(self._needs, self._need_trial):
            if self._replay.place(want) == place:
                then = self._tried(wave, at)
                if then is not None:
                    yield Change("need", self._was_need, code, then)

    def _nearest(self, found: Sequence[Change]) -> Iterator[Change]:
        """Yield of the needs that would do the nearest below, and above."""
        weights = {code: want.need_weight for code, want in self._needs}
        weight = self._replay.want.need_weight

        def apart(change: Change) -> int:
            return weights[str(change.becomes)] - weight

        in_order = sorted(found, key=apart)
        yield from [change for change in in_order if apart(change) < 0][-1:]
        yield from [change for change in in_order if apart(change) > 0][:1]

    def _material(self, wave: Wave) -> list[Change]:
        was = " ".join(self._replay.want.requirement.materials)
        tried = [
            (material, self._tried(wave, at))
            for at, material in enumerate(self._materials, 2)
        ]
        found = [
            Change("material", was, material, then)
            for material, then in tried
            if then is not None
        ]
        return sorted(found, key=lambda change: change.choice.cost_ms)

    def _radius(self, wave: Wave) -> Iterator[Change]:
        radius_m = self._replay.want.radius_m
        if radius_m is not None:
            survey = self._trials.survey(wave, 0)
            away_m = cost.distance_m(self._trials.arrays, 0, survey.slots)
            reach_m = _let_in(away_m, radius_m, RADIUS_STEP_M)
            yield from self._flipped("radius", survey, radius_m, reach_m)

    def _deadline(self, wave: Wave) -> Iterator[Change]:
        want, moment_ms = self._replay.want, self._replay.arrays.problem.moment_ms
        deadline_ms = want.deadline_ms
        # Before the due time a deadline decides the turn; no such request is filed.
        if deadline_ms is not None and deadline_ms >= want.due_ms:
            survey = self._trials.survey(wave, 1)
            reach_ms = _let_in(survey.end_ms + moment_ms, deadline_ms, MINUTE_MS)
            yield from self._flipped("deadline", survey, deadline_ms, reach_ms)

    def _flipped(
        self, kind: Kind, survey: Survey, was: int, reach: Ints
    ) -> Iterator[Change]:
        found = first_flip(self._trials.arrays, survey, self._machine, reach)
        if found is not None and found[0] > was:
            then = choice(self._trials.arrays, survey, found[1])
            yield Change(kind, was, found[0], then)

    def _tried(self, wave: Wave, trial: int) -> Choice | None:
        """Return where a trial would be placed, if it is elsewhere."""
        survey = self._trials.survey(wave, trial)
        if not flips(self._trials.arrays, survey, self._machine):
            return None
        assert survey.best is not None
        return choice(self._trials.arrays, survey, survey.best)

    def _some_materials(self) -> list[str]:
        """Return materials that would let some machine in, most machines first."""
        offered = self._replay.arrays.offered
        kept_out = np.flatnonzero(self._failing == Rule.MATERIAL)
        counts = Counter(
            material
            for slot in kept_out.tolist()
            for material in set(offered[slot].offer.capability.materials)
        )
        likely = sorted(counts, key=lambda material: (-counts[material], material))
        self.untried += len(likely[MATERIALS_TRIED_MAX:])
        return likely[:MATERIALS_TRIED_MAX]


def _telling(dues: range, now_ms: int) -> Ints:
    """Return those due times, from now, of which no earlier one tells the same.

    Beyond the horizon nothing is late, so the first one there speaks for all.
    """
    # Only sooner ones, which fall, begin beyond it.
    beyond = bisect_left(dues, 1, key=lambda due_ms: due_ms <= now_ms + HORIZON_MS)
    some: Ints = np.array([*dues[: min(beyond, 1)], *dues[beyond:]], np.int64)
    return some - now_ms


def _let_in(at: Ints, limit: int, step: int) -> Ints:
    """Return the least limit that lets each in, in steps above what lets in now."""
    reach: Ints = np.where(at <= limit, limit, -(-at // step) * step)
    return reach


def _also_of(want: Wanted, material: str) -> Wanted:
    materials = (*want.requirement.materials, material)
    need = msgspec.structs.replace(want.requirement, materials=materials)
    return dataclasses.replace(want, requirement=need)


def _other_needs(want: Wanted, needs: Mapping[str, int]) -> list[tuple[str, Wanted]]:
    return [
        (code, dataclasses.replace(want, need_weight=weight))
        for code, weight in sorted(needs.items(), key=lambda each: (each[1], each[0]))
        if weight != want.need_weight
    ]
