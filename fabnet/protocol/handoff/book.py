"""The requester's book: open jobs, their lots, and the rules by which pieces move.

One writer of the allocation: whatever changes a job or a lot passes here, so that for
each item pieces wanted = owed + allocated to open lots + good, at every moment.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.production import handoff
from fabnet.production import job as jobs
from fabnet.production.handoff import Cancel
from fabnet.production.job import Job, JobState, RefusedOffer
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import LotClosed, lot_key
from fabnet.production.request import CLOSED_KIND, RequestClosed
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Drop, Turn
from fabnet.protocol.voice import Voice
from fabnet.records.body import Body
from fabnet.records.ids import JobId, PeerIdText, RecordIdText

RESTORED: Final = "restored"
"""Why a job ends that an earlier database of ours opened."""
JOBS_OPEN_MAX: Final = 10_000
"""Jobs open at once at one requester; one more is refused."""
EARLY_MAX: Final = 1_000
"""Accounts of lots that our own log has yet to bring back; beyond it the oldest is let
go of, and its lot, once it is back, is ended by FENCE alone."""


class Early(Body):
    """What a maker says it made of a lot that nothing here tells of yet."""

    maker: PeerIdText
    record: RecordIdText
    """The lot-closed record that says so."""
    claim: LotClosed


@dataclass(slots=True)
class Book:
    """The jobs asked for here, and their lots wherever they are made."""

    voice: Voice
    courier: Courier
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """Open ones only; a closed job lives on in the store."""
    lots: dict[str, Lot] = field(default_factory=dict)
    claims: dict[str, LotClosed] = field(default_factory=dict)
    """What makers say they made and worked, by lot, until the job is closed."""
    early: dict[str, Early] = field(default_factory=dict)
    """Such accounts by lot, of whichever databases of ours are no more."""
    ended: dict[JobId, Job] = field(default_factory=dict)
    """Older jobs closed after a restore: our log may bring back more lots of them."""
    answer_by_tick: dict[str, int] = field(default_factory=dict)
    """When an asked lot is dropped unanswered."""
    deadlines: list[tuple[int, JobId]] = field(default_factory=list)
    """A heap of when jobs are useless; those of closed jobs go when they come up."""
    owing: bool = False
    """Whether pieces came to be owed since the planner last looked."""

    def lots_of(self, job: JobId) -> list[Lot]:
        """Return all lots of a job, ended ones too."""
        return [lot for lot in self.lots.values() if lot.job == job]

    def keep_job(self, turn: Turn, job: Job) -> None:
        """Write a job down."""
        self.remember_job(job)
        turn.put("job", job.id, job)

    def remember_job(self, job: Job) -> None:
        """Know a job, now or again after a restart."""
        deadline_ms = job.request.deadline_ms
        if job.id not in self.jobs and deadline_ms is not None:
            heapq.heappush(self.deadlines, (deadline_ms, job.id))
        self.jobs[job.id] = job

    def past_deadline(self, moment_ms: int) -> list[Job]:
        """Return each job whose deadline has passed, once."""
        passed: list[Job] = []
        while self.deadlines and self.deadlines[0][0] <= moment_ms:
            _, id_ = heapq.heappop(self.deadlines)
            passed += [self.jobs[id_]] if id_ in self.jobs else []
        return passed

    def keep_lot(self, turn: Turn, lot: Lot) -> None:
        """Write a lot down."""
        key = lot_key(lot.job, lot.epoch)
        self.lots[key] = lot
        turn.put("lot", key, lot)

    def enter(self, turn: Turn, lot: Lot) -> None:
        """Write down a count of a lot that is not over."""
        if lot.state in lots.OPEN:
            self.keep_lot(turn, lot)
        else:
            self.settle(turn, lot)

    def give_up(self, turn: Turn, lot: Lot) -> None:
        """Want a lot no longer: drop it, or ask its maker to stop."""
        after = lots.give_up(lot)
        if after.state == "dropped":
            self.drop(turn, after)
        else:
            self.keep_lot(turn, after)
            self.cancel(turn, after)

    def drop(self, turn: Turn, lot: Lot) -> None:
        """Let go of a lot that was never confirmed, and vow that it never is."""
        self.answer_by_tick.pop(lot_key(lot.job, lot.epoch), None)
        self.cancel(turn, lot)
        self.settle(turn, lot)

    def cancel(self, turn: Turn, lot: Lot) -> None:
        """Tell the maker that a lot is not wanted."""
        body = Cancel(lot.job, lot.epoch, lots.cites(lot))
        self.courier.send(turn, lot.maker, handoff.CANCEL, body)

    def remember_no(self, turn: Turn, lot: Lot, version: int) -> None:
        """Do not ask a machine again for this job, up to a version of its offer."""
        job = self.jobs.get(lot.job)
        if job is not None:
            refused = RefusedOffer(lot.maker, lot.machine, version)
            self.keep_job(turn, jobs.refusing(job, refused))

    def settle(self, turn: Turn, lot: Lot) -> None:
        """Give back to the job what a lot keeps from it no longer.

        Of one that kept nothing any more, book what came to light since.
        """
        before = self.lots[lot_key(lot.job, lot.epoch)]
        job = self.jobs.get(lot.job)
        if job is not None and before.state in lots.OPEN:
            item = item_of(job, lot.revision, lot.part)
            job = jobs.closed(job, item, pieces=lot.pieces, good=lot.good)
            self.keep_job(turn, job)
            self.owing = self.owing or lot.good < lot.pieces
        elif job is not None:
            lot = self._find(turn, job, lot)
        if lot.surplus > before.surplus:
            turn.note(
                lot.job, "surplus", epoch=lot.epoch, pieces=lot.surplus, good=lot.good
            )
        self.keep_lot(turn, lot)
        if job is None and lots.is_over(lot):
            self._forget(turn, lot)
        self.close_if_done(turn, lot.job)

    def _find(self, turn: Turn, job: Job, lot: Lot) -> Lot:
        """Book of a lot's surplus what its job still owes; the rest stays surplus."""
        item = item_of(job, lot.revision, lot.part)
        pieces = min(lot.surplus, job.owed[item])
        if not pieces:
            return lot
        self.keep_job(turn, jobs.found(job, item, pieces))
        return lots.needed_after_all(lot, pieces)

    def close_if_done(self, turn: Turn, id_: JobId) -> None:
        """Close a job of which nothing is under way and nothing to be accepted."""
        job = self.jobs.get(id_)
        if job is None:
            return
        if not all(
            lots.is_over(lot) or lot.state == "written-off" for lot in self.lots_of(id_)
        ):
            return
        if job.state == "open" and not jobs.is_made(job):
            return
        state = "fulfilled" if job.state == "open" else job.state
        why = job.unplaced if job.state == "refused" else None
        self.close(turn, job, state, why or "")

    def refuse(
        self, turn: Turn, job: Job, why: str, *, withdrawn: Cid | None = None
    ) -> None:
        """Place no more of a job; what was placed of it goes on to its end.

        But not of a design that is `withdrawn`: lots of it are given up.
        """
        refused = msgspec.structs.replace(job, state="refused", unplaced=why)
        self.keep_job(turn, refused)
        for lot in self.lots_of(job.id):
            if lot.revision == withdrawn and lots.takes(lot, "give-up"):
                self.give_up(turn, lot)
        self.close_if_done(turn, job.id)

    def close(self, turn: Turn, job: Job, outcome: JobState, why: str) -> None:
        """Log that a job is over, and forget it."""
        assert outcome != "open"
        body = RequestClosed(job.id, outcome, why)
        self.voice.log(turn, CLOSED_KIND, job.id, body)
        self.remember_closed(turn, job, outcome)

    def remember_closed(self, turn: Turn, job: Job, outcome: JobState) -> None:
        """Know that a job is over, as it was logged now or before a restore."""
        turn.do(Drop("job", job.id))
        turn.put("closed-job", job.id, msgspec.structs.replace(job, state=outcome))
        if outcome != "refused":  # that was told when it was, with its reason
            turn.note(job.id, outcome)
        del self.jobs[job.id]
        if job.unplaced == RESTORED and len(self.ended) < JOBS_OPEN_MAX:
            self.ended[job.id] = job
        for lot in self.lots_of(job.id):
            if lots.is_over(lot):
                self._forget(turn, lot)

    def reopen(self, turn: Turn, id_: JobId) -> Job | None:
        """Hold a job again of which our own log brings back another lot."""
        job = self.ended.pop(id_, None)
        if job is not None:
            turn.do(Drop("closed-job", id_))
            self.keep_job(turn, job)
        return job

    def keep_early(self, turn: Turn, key: str, early: Early) -> None:
        """Keep an account until the lot that it is of comes back."""
        if key not in self.early and len(self.early) >= EARLY_MAX:
            self.take_early(turn, next(iter(self.early)))
        self.early[key] = early
        turn.put("early", key, early)

    def take_early(self, turn: Turn, key: str) -> Early | None:
        """Return the account of a lot that came before it, and let go of it."""
        early = self.early.pop(key, None)
        if early is not None:
            turn.do(Drop("early", key))
        return early

    def _forget(self, turn: Turn, lot: Lot) -> None:
        """Let go of a lot that is over, and whose job is."""
        key = lot_key(lot.job, lot.epoch)
        del self.lots[key]
        if self.claims.pop(key, None) is not None:
            turn.do(Drop("claim", key))


def item_of(job: Job, revision: Cid, part: str) -> int:
    """Return the place in the request of the item that asks for a design's `part`.

    Two designs in one request may each have a part of that name.
    """
    names = [(item.revision, item.part) for item in job.request.items]
    return names.index((revision, part))
