"""The requester's actor: its book of one job, as the product's code leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from fabnet.production import handoff
from fabnet.production.handoff import Ack, Attest, Fence, Lease, Lost, Receipt, Status
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import LOT_TABLE, Ignored, Lot
from fabnet.production.receipt import LotClosed
from fabnet.records.ids import Incarnation
from tests.model.bounds import Bounds, Faults
from tests.model.calls import Calls
from tests.model.posts import (
    ACCOUNT,
    MAKERS,
    Post,
    ask,
    incarnation,
    open_lot,
    to_maker,
)

HEARD: Final = {
    Lease: "lease", Receipt: "receipt", handoff.Final: "final", Attest: "attest",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """The requester's database, and what its people signed away."""

    ours: Incarnation
    lots: tuple[Lot, ...]
    """By epoch, from 1."""
    known: tuple[Incarnation, ...]
    """The newest database of each maker that this one heard of."""
    heard_from: tuple[Incarnation, ...]
    """The oldest of each maker's that was there when this one began: what older ones
    sent was meant for another of ours."""
    written_off: int = 0
    backup: tuple[Lot, ...] | None = None
    """What another database may begin with; nil while none was taken."""

    @property
    def is_restored(self) -> bool:
        """Whether another database opened the job: this one places no more of it."""
        return self.ours.counter > 1


@dataclass(frozen=True, slots=True)
class Turned:
    """The requester after one step, and what it sends."""

    label: str
    is_progress: bool
    desk: Desk
    faults: Faults
    sends: tuple[Post, ...] = ()
    is_reborn: bool = False
    """Whether another database took over."""


@dataclass(frozen=True, slots=True)
class Requester:
    """What the requester may do, and how it hears."""

    bounds: Bounds
    calls: Calls

    def begin(self) -> Desk:
        """Return the book with every piece owed."""
        first = (incarnation(1),) * self.bounds.facilities
        return Desk(incarnation(1), (), first, first)

    def owed(self, desk: Desk) -> int:
        """Return how many pieces no lot keeps: the rule of the product's book."""
        return self.bounds.pieces - sum(lot.reserved for lot in desk.lots)

    # ------------------------------------------------------------------ by itself

    def steps(self, desk: Desk, faults: Faults) -> Iterator[Turned]:
        """Yield everything that may happen here without a message."""
        owed = self.owed(desk)
        if owed > 0 and len(desk.lots) < self.bounds.lots and not desk.is_restored:
            for facility in range(self.bounds.facilities):
                for pieces in {owed, 1}:
                    yield self._opens(desk, faults, facility, pieces)
        for place, lot in enumerate(desk.lots):
            if lots.takes(lot, "give-up") and not desk.is_restored:
                after = self.calls.give_up(lot)
                yield self._did(desk, faults, place, "give-up", after)
            if lot.state in self.calls.timed:
                after = self.calls.unanswered(lot)
                yield self._did(desk, faults, place, "unanswered", after)
            if lot.closed and lots.takes(lot, "accept") and not lot.accepted:
                after = lots.accept(lot)
                yield self._did(desk, faults, place, "accept", after)
            if lots.takes(lot, "write-off") and self.bounds.has_write_off:
                yield self._writes_off(desk, faults, place, lot)
        if faults.restores < self.bounds.restores:
            yield from self._restores(desk, faults)

    def _opens(self, desk: Desk, faults: Faults, facility: int, pieces: int) -> Turned:
        epoch = len(desk.lots) + 1
        lot = open_lot(epoch, pieces, facility, desk.known[facility])
        post = Post(facility, True, desk.ours, ask(epoch, pieces))
        label = f"R asks M{facility} for {pieces} as lot {epoch}"
        return Turned(
            label, True, replace(desk, lots=(*desk.lots, lot)), faults, (post,)
        )

    def _writes_off(self, desk: Desk, faults: Faults, place: int, lot: Lot) -> Turned:
        missing = lot.pieces - lot.good
        turned = self._did(desk, faults, place, "write-off", lots.write_off(lot))
        signed = replace(turned.desk, written_off=desk.written_off + missing)
        return replace(turned, desk=signed)

    def _restores(self, desk: Desk, faults: Faults) -> Iterator[Turned]:
        if self.bounds.has_backups and desk.backup is None:
            kept = replace(desk, backup=desk.lots)
            yield Turned("R is backed up", False, kept, faults)
        faults = replace(faults, restores=faults.restores + 1)
        yield self._reborn(desk, faults, (), "R IS RESTORED from its log")
        if desk.backup is not None:
            yield self._reborn(desk, faults, desk.backup, "R IS RESTORED")

    def _reborn(
        self, desk: Desk, faults: Faults, kept: tuple[Lot, ...], label: str
    ) -> Turned:
        """Another database takes over: as the product's `Recovery` does.

        Our own log, as others kept it, brings back lots that the backup did not have.
        """
        if not self.calls.is_fencing:
            return Turned(label, False, replace(desk, lots=desk.lots[:-1]), faults)
        ours = incarnation(desk.ours.counter + 1)
        logged = (
            open_lot(lot.epoch, lot.pieces, MAKERS.index(lot.maker), None)
            for lot in desk.lots[len(kept) :]
        )
        known = [
            self._forgets(lot, was)
            for lot, was in zip((*kept, *logged), desk.lots, strict=True)
        ]
        there = tuple(
            incarnation(1 + lost) for lost in faults.disks[: self.bounds.facilities]
        )
        after = replace(desk, ours=ours, lots=tuple(known), heard_from=there)
        sends = tuple(
            Post(one, True, ours, Fence(ours)) for one in range(self.bounds.facilities)
        )
        return Turned(label, False, after, faults, sends, is_reborn=True)

    def _forgets(self, lot: Lot, was: Lot) -> Lot:
        """Return a lot as it is known after a restore; `was` is how it is in truth.

        That its pieces were accepted is in our own log, and others kept that.
        """
        if not lots.takes(lot, "forget"):
            return lot
        self.calls.rows.add(("lot", lot.state, "forget"))
        after = lots.forget(lot)
        if was.accepted:
            assert was.closed is not None
            self.calls.rows.add(("lot", "forgotten", "recall"))
            after = lots.recall(after, good=was.good, lot_closed=was.closed)
        return after

    # ------------------------------------------------------------------ by a message

    def hear(self, desk: Desk, post: Post) -> Turned | None:
        """Return the book after a message, or nil where that changes nothing.

        That the maker speaks as a newer database is heard before what it says.
        """
        if isinstance(post.said, LotClosed):
            return self._accounted(desk, post.said)
        if post.by < desk.heard_from[post.facility]:
            return None
        newest = max(desk.known[post.facility], post.by)
        at = post.facility
        known = (*desk.known[:at], newest, *desk.known[at + 1 :])
        turned = Turned(f"R hears {post}", True, replace(desk, known=known), Faults())
        is_news = post.by > desk.known[post.facility]
        for place, lot in enumerate(desk.lots):
            if lot.maker == MAKERS[post.facility]:
                after = self.calls.newer_maker(lot, post.by)
                again = is_news and self.calls.loses(lot, post.by)
                turned = self._took(turned, place, "lose", after, again=again)
        if is_news and desk.is_restored:
            turned = self._fences_again(turned, post.facility)
        said = post.said
        if isinstance(said, Status):
            turned = self._told(turned, said, post)
        elif not isinstance(said, Ack):
            assert isinstance(said, Lease | Receipt | handoff.Final | Lost | Attest)
            turned = self._heard(turned, said, post)
        return None if turned.desk == desk and not turned.sends else turned

    def _fences_again(self, turned: Turned, facility: int) -> Turned:
        """Fence a maker that lost our FENCE: as the product's `Recovery.reborn`."""
        if not self.calls.fences_again:
            return turned
        ours = turned.desk.ours
        return replace(
            turned, sends=(*turned.sends, Post(facility, True, ours, Fence(ours)))
        )

    def _heard(
        self,
        turned: Turned,
        said: Lease | Receipt | handoff.Final | Lost | Attest,
        post: Post,
    ) -> Turned:
        author, place = MAKERS[post.facility], said.epoch - 1
        if place >= len(turned.desk.lots):
            return turned
        lot = turned.desk.lots[place]
        match said:
            case Lost():
                after = lots.hear_lost(lot, said, author=author)
            case Attest():
                after = lots.attest(
                    lot, author=author, good=said.good, scrap=said.scrap
                )
            case _:
                after = self.calls.hear_maker(lot, said, author=author)
        if isinstance(after, Ignored):
            return turned
        step = HEARD.get(type(said), "lose")
        if after.state == "lost" and lot.state != "lost":
            step = "lose"
        return self._took(turned, place, step, after, again=True)

    def _told(self, turned: Turned, said: Status, post: Post) -> Turned:
        """Take a fenced maker's word: as the product's `Recovery.hear` does."""
        if said.requester != turned.desk.ours:
            return turned
        counts = {each.epoch: (each.good, each.scrap) for each in said.lots}
        for place, lot in enumerate(turned.desk.lots):
            named = counts.get(lot.epoch)
            if lot.maker != MAKERS[post.facility]:
                continue
            after = self.calls.hear_status(lot, named, maker=said.maker)
            if isinstance(after, Ignored):
                continue
            step = "status"
            if named is None:
                step = "unknown" if after.state == lot.state else "never-came"
            turned = self._took(turned, place, step, after, again=True)
        return turned

    def _accounted(self, desk: Desk, said: LotClosed) -> Turned | None:
        """Take the maker's own account, which its log brings: `Makers.hear_record`."""
        place = said.epoch - 1
        lot = desk.lots[place]
        if lot.closed is not None or not lots.takes(lot, "record"):
            return None
        label = f"R sees the account of {said.epoch}: good {said.good}"
        turned = Turned(label, True, desk, Faults())
        turned = self._took(turned, place, "record", lots.record(lot, ACCOUNT))
        lot = turned.desk.lots[place]
        if lot.state in lots.DOUBTFUL or lot.state == "written-off":
            after = lots.by_account(lot, good=said.good, scrap=said.scrap)
            if not isinstance(after, Ignored):
                turned = self._took(turned, place, "final", after)
        return turned

    # ------------------------------------------------------------------ the table

    def _did(
        self, desk: Desk, faults: Faults, place: int, step: str, after: Lot
    ) -> Turned:
        label = f"R {step} {place + 1}: {after.state}"
        turned = Turned(label, False, desk, faults)
        return self._took(turned, place, step, after, again=True)

    def _took(
        self, turned: Turned, place: int, step: str, after: Lot, *, again: bool = False
    ) -> Turned:
        """Return the book after a row of the table, sending what the row sends.

        A row that leaves all as it was still sends, if it was taken `again`.
        """
        desk = turned.desk
        before = desk.lots[place]
        if after == before and not again:
            return turned
        kind: str | None = None
        if lots.takes(before, step):  # type: ignore[arg-type]  # a step by its name
            becomes, kind, _ = LOT_TABLE[before.state, step]  # type: ignore[index]  # the same
            assert self.calls.planted or after.state == becomes, (before, step, after)
            self.calls.rows.add(("lot", before.state, step))
        else:
            assert self.calls.planted, (before.state, step)
        if not self.calls.planted:
            lots.check(after)
        after = self._settled(desk, before, after)
        entered = (*desk.lots[:place], after, *desk.lots[place + 1 :])
        sends = turned.sends
        if kind is not None:
            facility = MAKERS.index(before.maker)
            sends += (Post(facility, True, desk.ours, to_maker(kind, after)),)
        return replace(turned, desk=replace(desk, lots=entered), sends=sends)

    def _settled(self, desk: Desk, before: Lot, after: Lot) -> Lot:
        """Book of a surplus what the job still owes: as the product's `Book` does."""
        if before.state in lots.OPEN or not after.surplus:
            return after
        return lots.needed_after_all(after, min(after.surplus, self.owed(desk)))
