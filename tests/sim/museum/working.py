"""Bugs of the maker's end: machines, rounds, and what a lost disk leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from fabnet.production.handoff import Final as FinalSaid
from fabnet.production.lots import making as makings
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.protocol.effects import Drop, Turn
from fabnet.protocol.handoff import rounds
from fabnet.protocol.handoff.doubt.remnants import Remnants
from fabnet.protocol.handoff.making import LATEST_START_MS, Work
from fabnet.protocol.handoff.rounds import Rounds
from fabnet.protocol.handoff.workshop import Bench, Workshop
from fabnet.records.ids import Incarnation, PeerId
from tests.sim.museum import stories
from tests.sim.museum.asking import NOTE
from tests.sim.museum.exhibit import Exhibit, Whole


def _again(_: Whole) -> Whole:
    def faulty(self: Work, turn: Turn, making: Making, why: str) -> None:
        turn.note(making.job, "never-mind", why=why)
        self.shop.keep(turn, msgspec.structs.replace(making, intent=None))

    return faulty


def _careless(keep: Whole) -> Whole:
    def faulty(self: Workshop, turn: Turn, making: Making) -> None:
        if making.intent is None:
            keep(self, turn, making)
        else:
            self.lots[f"{making.job}/{making.epoch}"] = making

    return faulty


def _boastful(finish: Whole) -> Whole:
    def faulty(making: Making, piece: int, **measured: int) -> object:
        return finish(making, piece, **{**measured, "good": True})

    return faulty


def _holds_for_ever(tick: Whole) -> Whole:
    def faulty(self: Rounds, turn: Turn) -> None:
        self.hold_by_tick.clear()
        tick(self, turn)

    return faulty


def _as_they_came(_: Whole) -> Whole:
    return lambda _policy, queued, _now_ms: queued


def _blind_to_the_disk(go_on: Whole) -> Whole:
    def faulty(self: Work, turn: Turn, making: Making) -> None:
        state, self.shop.disk = self.shop.disk, "ample"
        go_on(self, turn, making)
        self.shop.disk = state

    return faulty


def _nothing(_: Whole) -> Whole:
    return lambda *_, **__: None


def _waits_for_years(miss_starts: Whole) -> Whole:
    def faulty(self: Work, turn: Turn, bench: Bench) -> None:
        latest_ms = turn.now.moment_ms + LATEST_START_MS
        if all(it.start_ms <= latest_ms for it in self.shop.active(bench)):
            miss_starts(self, turn, bench)

    return faulty


def _made_none(answer: Whole) -> Whole:
    def faulty(remnant: Remnant, *, ours: Incarnation) -> object:
        if remnant.state == "lost":
            name = remnant.job, remnant.epoch
            return FinalSaid(*name, remnant.maker, 0, 0, makings.CANCELLED, "")
        return answer(remnant, ours=ours)

    return faulty


def _omits(tell: Whole) -> Whole:
    def faulty(
        self: Remnants,
        turn: Turn,
        requester: PeerId,
        newer: Incarnation,
        asked: Iterable[Making],
    ) -> None:
        tell(self, turn, requester, newer, list(asked)[1:])

    return faulty


def _tells_at_once(_: Whole) -> Whole:
    def faulty(self: Remnants, turn: Turn) -> None:
        for requester, newer in sorted(self.shop.fences.items()):
            del self.shop.fences[requester]
            turn.do(Drop("fence", requester))
            asked = self._asked_before(requester, newer)
            self._tell(turn, requester, newer, asked)

    return faulty


def _only_what_is_over(asked_before: Whole) -> Whole:
    def faulty(self: Remnants, requester: PeerId, newer: Incarnation) -> list[Making]:
        asked: list[Making] = asked_before(self, requester, newer)
        return [making for making in asked if making.state == "final"]

    return faulty


WORKING: Final = {
    "the machine acts before its intent is written": Exhibit(
        "INTENT is durable before the act", NOTE,
        Workshop, "keep", _careless, stories.fulfilled, "H2",
    ),
    "a piece in doubt is made again": Exhibit(
        "nothing runs again by itself", NOTE,
        Work, "doubt", _again, stories.fallen, "made before",
    ),
    "scrap counts as good": Exhibit(
        "no good piece that does not exist", "the simulation's first tests",
        makings, "finish", _boastful, stories.scrapped, "H3",
    ),
    "a fence that lets lots go on": Exhibit(
        "FENCE ends what an older database asked for", NOTE,
        Remnants, "_asked_before", _only_what_is_over, stories.requester_fenced,
        "made before CONFIRM",
    ),
    "STATUS goes out while a piece is in the machine": Exhibit(
        "STATUS is final", "the model's tables",
        Remnants, "tend", _tells_at_once, stories.requester_fenced, "H4",
    ),
    "STATUS omits a lot": Exhibit(
        "STATUS names all lots of an older database", NOTE,
        Remnants, "_tell", _omits, stories.requester_from_before_it_confirmed_late,
        "made before CONFIRM",
    ),
    "a remnant answers that none was made": Exhibit(
        "a lost bench is counted by a person", NOTE,
        remnants, "answer", _made_none, stories.lost_disk, "H4: FINAL",
    ),
    "a restored maker goes on with an old lot": Exhibit(
        "what an earlier database had is a remnant", NOTE,
        Remnants, "wake", _nothing, stories.maker_from_backup, "H4",
    ),
    "a hold never expires": Exhibit(
        "before CONFIRM timers free capacity", NOTE,
        Rounds, "tick", _holds_for_ever, stories.leased_and_gone, "L1",
    ),
    "a round is answered in the order of arrival": Exhibit(
        "need decides between cities", NOTE,
        rounds, "round_order", _as_they_came, stories.needed_more, "need decides",
    ),
    "a piece is begun on a disk that is critical": Exhibit(
        "no INTENT where OUTCOME may not fit", NOTE,
        Work, "go_on", _blind_to_the_disk, stories.disk_full, "disk that is critical",
    ),
    "a piece of a withdrawn design is begun": Exhibit(
        "a recall stops machines", "the stories of withdrawal",
        Work, "withdraw", _nothing, stories.withdrawn, "withdrawn design is begun",
    ),
    "a lot waits ten years for its start": Exhibit(
        "wall clocks decide nothing for good", "soak seed 1",
        Work, "miss_starts", _waits_for_years, stories.clock_of_years, "L1",
    ),
}  # fmt: skip
