"""Which machines could do it, and are kept out by permission or a refusal alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import msgspec

from fabnet.production.plan import Offered
from fabnet.scheduling.encode import admits
from fabnet.scheduling.explain.choosing import choice, named
from fabnet.scheduling.explain.explanation import Bar, Barred, Choice
from fabnet.scheduling.explain.replay import Replay, Trials
from fabnet.scheduling.feasible import Rule, Rules
from fabnet.scheduling.wave import Wave

BARRED_MAX: Final = 8
"""Machines named as kept out by permission, the cheapest first; more is not read."""


def barred(
    replay: Replay, wave: Wave, failing: Rules, chosen: Choice | None
) -> tuple[Barred, ...]:
    """Return the machines that would do if they were let in, the cheapest first."""
    arrays, want = replay.arrays, replay.want
    shut = {Rule.STRANGER, Rule.REFUSED}
    if not any(Rule(rule) in shut for rule in set(failing.tolist())):
        return ()
    opened = tuple(_opened(each) for each in arrays.offered)
    asked = (dataclasses.replace(want, refused=()),)
    trials = Trials(dataclasses.replace(arrays.problem, wanted=asked, offered=opened))
    survey = trials.survey(wave, 0)
    found: list[Barred] = []
    seen: set[tuple[str, str]] = set()
    if chosen is not None:
        seen.add((chosen.at.peer, chosen.at.machine))
    for at in survey.total_ms.argsort(kind="stable").tolist():
        slot = int(survey.slots[at])
        offered = arrays.offered[slot]
        machine = offered.peer, offered.offer.machine
        if machine in seen:
            continue
        seen.add(machine)
        if Rule(failing[slot]) in shut and len(found) < BARRED_MAX:
            then = choice(trials.arrays, survey, at)
            bars = tuple(_bars(replay, offered))
            found.append(Barred(named(offered), bars, then, _better(then, chosen)))
    return tuple(found)


def _opened(offered: Offered) -> Offered:
    offer = msgspec.structs.replace(offered.offer, open_to=("strangers",))
    return dataclasses.replace(offered, offer=offer, permitted=True)


def _bars(replay: Replay, offered: Offered) -> Iterator[Bar]:
    want = replay.want
    if not offered.permitted:
        yield "unvouched"
    own = want.charter == offered.charter
    if not admits(dataclasses.replace(offered, permitted=True), own=own):
        yield "not-open"
    if any(
        (peer, machine) == (offered.peer, offered.offer.machine)
        and offered.version <= version
        for peer, machine, version in want.refused
    ):
        yield "refused"


def _better(then: Choice, chosen: Choice | None) -> bool:
    """Whether it would be chosen, ties as in the wave: by peer and machine."""
    if chosen is None:
        return True
    mine = then.cost_ms, then.at.peer, then.at.machine
    return mine < (chosen.cost_ms, chosen.at.peer, chosen.at.machine)
