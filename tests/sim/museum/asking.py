"""Bugs of the requester's end: its book, and what it does after a restore."""

from __future__ import annotations

from typing import Final

import msgspec

from fabnet.production import handoff
from fabnet.production import job as jobs
from fabnet.production.handoff import Receipt
from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Ignored, Lot, LotState
from fabnet.protocol.effects import Turn
from fabnet.protocol.handoff.book import Book
from fabnet.protocol.handoff.doubt.recovery import Recovery
from fabnet.protocol.handoff.planning import Planning
from fabnet.records.ids import JobId, PeerId
from tests.sim.museum import stories
from tests.sim.museum.exhibit import Exhibit, Whole

NOTE: Final = "the note on reliability"
Said = handoff.Lease | Receipt | handoff.Final


def _reissues(tick: Whole) -> Whole:
    def faulty(self: Planning, turn: Turn) -> None:
        for lot in list(self.book.lots.values()):
            late = turn.now.moment_ms > lot.end_ms + 3_600_000
            if lot.state == "confirmed" and late:
                self.book.settle(turn, msgspec.structs.replace(lot, state="closed"))
        tick(self, turn)

    return faulty


def _closes(give_up: Whole) -> Whole:
    def faulty(self: Book, turn: Turn, lot: Lot) -> None:
        if lot.state == "confirmed":
            self.settle(turn, msgspec.structs.replace(lot, state="closed"))
            self.cancel(turn, lots.give_up(lot))
        else:
            give_up(self, turn, lot)

    return faulty


def _adds(hear: Whole) -> Whole:
    def faulty(lot: Lot, said: Said, *, author: PeerId) -> Lot | Ignored:
        if isinstance(said, Receipt) and lot.state == "confirmed":
            good = min(lot.pieces, lot.good + said.good)
            return msgspec.structs.replace(lot, good=good)
        after: Lot | Ignored = hear(lot, said, author=author)
        return after

    return faulty


def _drops_late(counted: Whole) -> Whole:
    def faulty(lot: Lot, state: LotState, *, good: int, scrap: int) -> object:
        if lot.state == "written-off":
            return msgspec.structs.replace(lot, state=state)
        return counted(lot, state, good=good, scrap=scrap)

    return faulty


def _no_surplus(counted: Whole) -> Whole:
    def faulty(lot: Lot, state: LotState, *, good: int, scrap: int) -> Lot | Ignored:
        after: Lot | Ignored = counted(lot, state, good=good, scrap=scrap)
        if isinstance(after, Lot):
            return msgspec.structs.replace(after, surplus=lot.surplus)
        return after

    return faulty


def _never(_: Whole) -> Whole:
    return lambda *_, **__: False


def _always(_: Whole) -> Whole:
    return lambda *_, **__: True


def _cancels_nothing_confirmed(cancel: Whole) -> Whole:
    def faulty(self: Book, turn: Turn, lot: Lot) -> None:
        # Only a write-off cancels a lot as it was before.
        if lot.state != "confirmed":
            cancel(self, turn, lot)

    return faulty


def _amnesia(wake: Whole) -> Whole:
    def faulty(self: Recovery, turn: Turn) -> object:
        self.spoke = self.book.voice.identity.incarnation
        return wake(self, turn)

    return faulty


def _fences_nobody(_: Whole) -> Whole:
    return lambda *_, **__: None


def _generous(closed: Whole) -> Whole:
    def faulty(job: Job, item: int, *, pieces: int, good: int) -> object:
        return closed(job, item, pieces=pieces, good=max(0, good - 1))

    return faulty


def _leaves_open(close_if_done: Whole) -> Whole:
    def faulty(self: Book, turn: Turn, id_: JobId) -> None:
        if self.jobs[id_].state != "cancelled":
            close_if_done(self, turn, id_)

    return faulty


ASKING: Final = {
    "a lot is placed again when its maker is silent": Exhibit(
        "after CONFIRM no timer frees quantity", NOTE,
        Planning, "tick", _reissues, stories.parted, "H6",
    ),
    "our own CANCEL counts as FINAL": Exhibit(
        "only the maker's FINAL frees quantity", NOTE,
        Book, "give_up", _closes, stories.cancelled, "H6",
    ),
    "receipts are added up": Exhibit(
        "counts are cumulative", NOTE,
        lots, "hear_maker", _adds, stories.fulfilled, "H3",
    ),
    "what comes after a write-off is dropped": Exhibit(
        "what comes to light is booked", NOTE,
        lots, "_counted", _drops_late, stories.written_off, "H6",
    ),
    "surplus is dropped": Exhibit(
        "what comes to light after a write-off is shown", NOTE,
        lots, "_counted", _no_surplus, stories.written_off, "L2",
    ),
    "a maker's new database is taken for its old one": Exhibit(
        "what was confirmed to a lost database is lost", NOTE,
        lots, "loses", _never, stories.lost_disk, "L1",
    ),
    "FINAL of another database is believed": Exhibit(
        "only the database that was confirmed to ends a lot", NOTE,
        lots, "_believes", _always, stories.unacknowledged, "H6",
    ),
    "pieces are written off without a CANCEL": Exhibit(
        "the maker is told to stop", NOTE,
        Book, "cancel", _cancels_nothing_confirmed, stories.written_off, "H12",
    ),
    "a restored requester goes on as if it never was": Exhibit(
        "a job never outlives the database that opened it", NOTE,
        Recovery, "wake", _amnesia, stories.requester_from_before_the_lot, "H1",
    ),
    "a restored requester fences nobody": Exhibit(
        "makers tell what became of forgotten lots", NOTE,
        Recovery, "_fence", _fences_nobody, stories.requester_that_nobody_heard,
        "L1",
    ),
    "pieces come back twice": Exhibit(
        "wanted = owed + set aside + good", "the simulation's first tests",
        jobs, "closed", _generous, stories.fulfilled, "pieces from nowhere",
    ),
    "a cancelled job is never closed": Exhibit(
        "what is over is closed", "the soak's first tests",
        Book, "close_if_done", _leaves_open, stories.cancelled, "L1",
    ),
}  # fmt: skip
