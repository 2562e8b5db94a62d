"""The facility's actor: its database as the product's code leaves it, and its bench.

The bench is the world's. No step of the product reads it; only a person, or a
controller that knows, may look: `count`, `finish`, `resume` and `void` of a piece in
doubt, `attest`.

The machine acts in one step. A machine that goes on by itself after its node stopped
(class C) is the same as one that acted just before: who looks, looks after both. One
whose controller goes on and can be asked (class A) acts after `resume`; one that stops
(class B) says that what did not come out is scrap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from fabnet.production.handoff import (
    Ack,
    Cancel,
    Confirm,
    Counted,
    Fence,
    LeaseRequest,
    Status,
)
from fabnet.production.lots import making as makings
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import Ignored
from fabnet.production.lots.making import MAKING_TABLE, Making
from fabnet.production.lots.remnant import REMNANT_TABLE, Remnant
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation
from tests.model.bounds import Bounds, Faults
from tests.model.calls import Calls
from tests.model.posts import Post, account, incarnation, to_requester
from tests.production.samples import POLICY, REQUESTER

Said = LeaseRequest | Confirm | Cancel
Slot = Making | Remnant | None
HEARD: Final = {LeaseRequest: "lease-request", Confirm: "confirm", Cancel: "cancel"}


@dataclass(frozen=True, slots=True)
class Shop:
    """One facility: what is on its disk, what its machine did, what lies there."""

    ours: Incarnation
    slots: tuple[Slot, ...]
    """By epoch, from 1."""
    acted: bool | None
    """Whether the open piece turned out good, until that is written; nil before."""
    is_out: bool
    """Whether the piece in doubt came out of the machine: a controller knows."""
    bench: tuple[tuple[int, int], ...]
    """Good and scrap that exist, by epoch: what the world knows."""
    newest: Incarnation
    """The requester's newest database that this one heard of: older are refused."""
    fence: Incarnation | None = None
    """The restored requester that is to be told of its older lots."""
    backup: tuple[Slot, ...] | None = None
    """What another database may begin with; nil while none was taken."""
    disk: tuple[Slot, ...] | None = None
    """What a crash leaves, where a planted bug writes late."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A facility after one step, and what it sends."""

    label: str
    is_progress: bool
    shop: Shop
    faults: Faults
    sends: tuple[Post, ...] = ()
    is_reborn: bool = False
    """Whether another database took over."""


@dataclass(frozen=True, slots=True)
class Facility:
    """What one facility may do, and how it hears."""

    number: int
    bounds: Bounds
    calls: Calls

    def begin(self) -> Shop:
        """Return the facility with nothing asked of it."""
        none = (None,) * self.bounds.lots
        bench = ((0, 0),) * self.bounds.lots
        disk = None if self.calls.is_durable_at_once else none
        return Shop(incarnation(1), none, None, False, bench, incarnation(1), disk=disk)

    # ------------------------------------------------------------------ by itself

    def steps(self, shop: Shop, faults: Faults) -> Iterator[Stepped]:
        """Yield everything that may happen here without a message."""
        for place, slot in enumerate(shop.slots):
            if isinstance(slot, Making):
                yield from self._people_and_timers(shop, faults, place, slot)
                yield from self._machine(shop, faults, place, slot)
            elif isinstance(slot, Remnant) and slot.state == "lost":
                yield self._attests(shop, faults, place, slot)
        if shop.fence is not None and _is_over(shop, shop.fence):
            yield self._tells(shop, faults, shop.fence)
        if faults.crashes < self.bounds.crashes:
            yield self._crash(shop, faults)
        if sum(faults.disks) < self.bounds.disks:
            yield from self._disk(shop, faults)
        if shop.disk not in (None, shop.slots):
            late = replace(shop, disk=shop.slots)
            yield Stepped(self._named("writes late"), True, late, faults)

    def _people_and_timers(
        self, shop: Shop, faults: Faults, place: int, making: Making
    ) -> Iterator[Stepped]:
        match making.state:
            case "queued":
                held = makings.hold(
                    making, policy=POLICY, acceptance=b"", licence="MIT"
                )
                yield self._took(shop, faults, place, "hold", held, progress=True)
                no = makings.refuse(making, "window-taken")
                yield self._took(shop, faults, place, "refuse", no, progress=True)
            case "held":
                gone = makings.expire_hold(making)
                yield self._took(shop, faults, place, "expire-hold", gone)
                no = makings.refuse(making, "design-withdrawn")
                yield self._took(shop, faults, place, "refuse", no)
            case "ready":
                missed = makings.miss_start(making)
                yield self._took(shop, faults, place, "miss-start", missed)
            case _:
                pass
        if makings.takes(making, "stop"):
            stopped = makings.stop(making, "fault")
            yield self._took(shop, faults, place, "stop", stopped)

    def _machine(
        self, shop: Shop, faults: Faults, place: int, making: Making
    ) -> Iterator[Stepped]:
        if making.state == "in-doubt":
            yield from self._looked(shop, faults, place, making)
        elif self.calls.acts_first and shop.acted is None and _may_begin(shop, making):
            yield from self._acts(shop, faults, place)
        elif making.intent is None:
            yield from self._goes_on(shop, faults, place, making)
        elif shop.acted is None:
            yield from self._acts(shop, faults, place)
        else:
            done = _finish(making, shop.acted)
            idle = replace(shop, acted=None)
            yield self._took(idle, faults, place, "finish", done, progress=True)

    def _goes_on(
        self, shop: Shop, faults: Faults, place: int, making: Making
    ) -> Iterator[Stepped]:
        match makings.next_step(making):
            case "intend":
                if _is_free(shop):
                    begun = makings.intend(making)
                    yield self._took(
                        shop, faults, place, "intend", begun, progress=True
                    )
            case "end":
                ended = makings.end(making)
                yield self._took(shop, faults, place, "end", ended, progress=True)
            case None:
                pass

    def _acts(self, shop: Shop, faults: Faults, place: int) -> Iterator[Stepped]:
        for good in (True, False):
            if not good and faults.scraps == self.bounds.scraps:
                continue
            goods, scraps = shop.bench[place]
            there = (goods + good, scraps + (not good))
            bench = (*shop.bench[:place], there, *shop.bench[place + 1 :])
            after = replace(faults, scraps=faults.scraps + (not good))
            label = f"MAKES a {'good' if good else 'scrap'} piece of {place + 1}"
            made = replace(shop, bench=bench, acted=good)
            yield Stepped(self._named(label), True, made, after)

    def _looked(
        self, shop: Shop, faults: Faults, place: int, making: Making
    ) -> Iterator[Stepped]:
        """A person, or the controller after all, says what lies on the bench."""
        good = shop.bench[place][0] > making.good
        if not shop.is_out or self.calls.forgets:
            held = makings.resume(making)
            yield self._took(shop, faults, place, "resume", held, progress=True)
            void = makings.void(making)
            yield self._took(shop, faults, place, "void", void, progress=True)
        shop = replace(shop, is_out=False)
        counted = makings.count(making, good=good)
        yield self._took(shop, faults, place, "count", counted, progress=True)
        known = _finish(making, good)
        yield self._took(shop, faults, place, "finish", known, progress=True)

    def _attests(
        self, shop: Shop, faults: Faults, place: int, left: Remnant
    ) -> Stepped:
        """A person counts the bench of a lost lot, and signs."""
        good, scrap = shop.bench[place]
        after = remnants.attest(left, good=good, scrap=scrap, document=b"signed")
        return self._left(shop, faults, place, "attest", after)

    def _tells(self, shop: Shop, faults: Faults, newer: Incarnation) -> Stepped:
        """Tell a restored requester what became of its lots: `Remnants._tell`."""
        counted = tuple(
            Counted(slot.job, slot.epoch, slot.good, slot.scrap)
            for slot in shop.slots
            if slot is not None and self._is_told(slot, newer)
        )
        sends = (self._post(shop, Status(newer, shop.ours, counted, 0)),)
        return Stepped(self._named("tells its STATUS"), True, shop, faults, sends)

    def _is_told(self, slot: Making | Remnant, newer: Incarnation) -> bool:
        if isinstance(slot, Remnant):
            return slot.state != "lost"
        is_confirmed = slot.sealed is not None or self.calls.tells_unconfirmed
        return is_confirmed and slot.asked_by < newer

    # ------------------------------------------------------------------ by accident

    def _crash(self, shop: Shop, faults: Faults) -> Stepped:
        """The node stops and starts: as the product's `Rounds.wake` does."""
        faults = replace(faults, crashes=faults.crashes + 1)
        is_out = shop.is_out or shop.acted is not None
        shop = replace(shop, acted=None, is_out=is_out)
        if shop.disk is not None:
            shop = replace(shop, slots=shop.disk)
        sends: tuple[Post, ...] = ()
        for place, making in enumerate(shop.slots):
            if not isinstance(making, Making):
                continue
            if making.state == "running" and making.intent is not None:
                after = self.calls.doubt(making)
                step = self._took(shop, faults, place, "doubt", after)
            elif making.state == "held":
                after = makings.expire_hold(making)
                step = self._took(shop, faults, place, "expire-hold", after)
            else:
                continue
            shop, sends = step.shop, (*sends, *step.sends)
        return Stepped(self._named("CRASHES"), False, shop, faults, sends)

    def _disk(self, shop: Shop, faults: Faults) -> Iterator[Stepped]:
        if self.bounds.has_backups and shop.backup is None:
            kept = replace(shop, backup=shop.slots)
            yield Stepped(self._named("is backed up"), False, kept, faults)
        lost = list(faults.disks)
        lost[self.number] += 1
        faults = replace(faults, disks=tuple(lost))
        none = (None,) * self.bounds.lots
        yield self._reborn(shop, faults, none, "LOSES ITS DISK")
        if shop.backup is not None:
            yield self._reborn(shop, faults, shop.backup, "IS RESTORED")

    def _reborn(
        self, shop: Shop, faults: Faults, slots: tuple[Slot, ...], label: str
    ) -> Stepped:
        """Another database takes over: as the product's `Remnants.wake` does.

        What the requester's older databases sent was meant for another of ours.
        """
        ours = incarnation(shop.ours.counter + self.calls.is_reborn)
        newest = incarnation(1 + faults.restores)
        shop = replace(
            shop, ours=ours, slots=slots, acted=None, is_out=False, newest=newest,
            fence=None,
        )  # fmt: skip
        sends: tuple[Post, ...] = (self._post(shop, Ack(newest, 0)),)
        for place, slot in enumerate(slots):
            if isinstance(slot, Making) and slot.state != "final":
                step = self._lost(shop, place, remnants.lose(slot))
                shop, sends = step.shop, (*sends, *step.sends)
        return Stepped(self._named(label), False, shop, faults, sends, is_reborn=True)

    # ------------------------------------------------------------------ by a message

    def hear(self, shop: Shop, post: Post) -> Stepped | None:
        """Return the facility after a message, or nil where that changes nothing."""
        if post.by < shop.newest:
            return None
        shop = replace(shop, newest=post.by)
        said = post.said
        if isinstance(said, Fence):
            return self._fenced(shop, said.requester)
        assert isinstance(said, LeaseRequest | Confirm | Cancel)
        place = said.epoch - 1
        slot = shop.slots[place]
        if isinstance(slot, Remnant):
            left = remnants.hear_requester(slot, said, author=REQUESTER)
            assert isinstance(left, Remnant)
            return self._left(shop, Faults(), place, _step(said), left)
        if slot is None:
            return self._first(shop, post, place, said)
        lost = self.calls.overtaken(slot, said)
        if lost is not None:
            return self._lost(shop, place, lost)
        after = self.calls.hear_requester(slot, said, author=REQUESTER)
        if isinstance(after, Ignored):
            return None
        step = HEARD[type(said)]
        return self._took(shop, Faults(), place, step, after, progress=True)

    def _first(self, shop: Shop, post: Post, place: int, said: Said) -> Stepped | None:
        if isinstance(said, LeaseRequest):
            making = makings.queue(said, REQUESTER, maker=shop.ours, asked_by=post.by)
            label = self._named(f"takes lease-request {said.epoch}")
            after = replace(shop, slots=_put(shop.slots, place, making))
            return Stepped(label, True, after, Faults())
        left = remnants.first_heard(said, REQUESTER, ours=shop.ours)
        if isinstance(left, Ignored):
            return None
        return self._left(shop, Faults(), place, _step(said), left)

    def _lost(self, shop: Shop, place: int, left: Remnant) -> Stepped:
        """Know of a lot only that an earlier database of ours had it."""
        slot = shop.slots[place]
        assert isinstance(slot, Making)
        self.calls.rows.add(("making", slot.state, "lose"))
        sends = (self._post(shop, remnants.answer(left, ours=shop.ours)),)
        after = replace(shop, slots=_put(shop.slots, place, left))
        return Stepped(self._named(f"loses {left.epoch}"), True, after, Faults(), sends)

    def _fenced(self, shop: Shop, newer: Incarnation) -> Stepped:
        """End what an older database asked: `Remnants.hear_fence`."""
        sends: tuple[Post, ...] = ()
        for place, slot in enumerate(shop.slots):
            if not isinstance(slot, Making):
                continue
            after = makings.fence(slot, newer)
            if after != slot:
                step = self._took(shop, Faults(), place, "fence", after)
                shop, sends = step.shop, (*sends, *step.sends)
        shop = replace(shop, fence=newer)
        return Stepped(self._named("hears FENCE"), True, shop, Faults(), sends)

    # ------------------------------------------------------------------ the tables

    def _took(
        self,
        shop: Shop,
        faults: Faults,
        place: int,
        step: str,
        after: Making,
        *,
        progress: bool = False,
    ) -> Stepped:
        """Return the facility after a row of the table, sending what the row sends."""
        before = shop.slots[place]
        assert isinstance(before, Making)
        becomes, kind, _ = MAKING_TABLE[before.state, step]  # type: ignore[index]  # a step by its name
        if not self.calls.planted:
            assert after.state == becomes, (before.state, step, after.state)
            makings.check(after)
        self.calls.rows.add(("making", before.state, step))
        if after.reason:
            # Which reason it was changes no step, only whether there is one.
            after = msgspec.structs.replace(after, reason="x", detail="")
        sends: tuple[Post, ...] = ()
        if kind is not None:
            sends = (self._post(shop, to_requester(kind, after)),)
        if self.bounds.has_records and after.state == "final" and after.sealed:
            sends += (self._post(shop, account(after)),)
        shop = replace(shop, slots=_put(shop.slots, place, after))
        label = self._named(f"{step} {after.epoch}: {after.state}")
        return Stepped(label, progress, shop, faults, sends)

    def _left(
        self, shop: Shop, faults: Faults, place: int, step: str, after: Remnant
    ) -> Stepped:
        """Return the facility after a row of the remnants' table, answering."""
        before = shop.slots[place]
        state = before.state if isinstance(before, Remnant) else None
        becomes, kind, _ = REMNANT_TABLE[state, step]  # type: ignore[index]  # a step by its name
        said = remnants.answer(after, ours=shop.ours)
        if not self.calls.planted:
            assert after.state == becomes, (state, step, after.state)
            assert type(said).__name__.upper() == kind
        self.calls.rows.add(("remnant", state or "none", step))
        sends = (self._post(shop, _plain(said)),)
        shop = replace(shop, slots=_put(shop.slots, place, after))
        label = self._named(f"{step} {after.epoch}: {after.state}")
        return Stepped(label, True, shop, faults, sends)

    def _post(self, shop: Shop, said: Body) -> Post:
        return Post(self.number, False, shop.ours, said)

    def _named(self, label: str) -> str:
        return f"M{self.number} {label}"


def _step(said: Said) -> str:
    if isinstance(said, Cancel) and said.maker is None:
        return "cancel-vow"
    return HEARD[type(said)]


def _plain(said: Body) -> Body:
    """Return a FINAL without its reason, as all of them here are."""
    if "reason" in said.__struct_fields__:
        return msgspec.structs.replace(said, reason="made")
    return said


def _finish(making: Making, good: bool) -> Making:
    assert making.intent is not None
    return makings.finish(
        making, making.intent, good=good, run_s=0, energy_wh=0, mass_mg=0
    )


def _put(slots: tuple[Slot, ...], place: int, slot: Slot) -> tuple[Slot, ...]:
    return (*slots[:place], slot, *slots[place + 1 :])


def _is_free(shop: Shop) -> bool:
    """Whether the machine may begin: `Workshop.state` lets one piece at a time."""
    return not any(isinstance(each, Making) and each.intent for each in shop.slots)


def _may_begin(shop: Shop, making: Making) -> bool:
    return _is_free(shop) and makings.next_step(making) == "intend"


def _is_over(shop: Shop, newer: Incarnation) -> bool:
    asked = [each for each in shop.slots if isinstance(each, Making)]
    return all(each.state == "final" for each in asked if each.asked_by < newer)
