"""What people here ask for: requests filed and cancelled, pieces accepted."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from fabnet.production import receipt
from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import Acceptance, LotClosed, lot_key
from fabnet.production.request import KIND, Request
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Answer, Turn
from fabnet.protocol.events import AcceptLot, CancelRequest, FileRequest
from fabnet.protocol.handoff.book import JOBS_OPEN_MAX, Book
from fabnet.records.ids import JobId, RecordId
from fabnet.records.refusal import Refusal


@dataclass(slots=True)
class Asking:
    """Turns what people say into entries of the book."""

    book: Book
    community: Community

    def file(self, turn: Turn, event: FileRequest) -> None:
        """Log a request and begin its job, or refuse it."""
        refusal = self._refuse(turn, event)
        if refusal is not None:
            turn.do(Answer(event.ask, refusal))
            return
        request = event.request
        record = self.book.voice.log(turn, KIND, None, request)
        wanted = tuple(item.pieces for item in request.items)
        none = tuple(0 for _ in request.items)
        job = Job(
            JobId(record.id), request, "open", 0, wanted, none, (), None,
            event.personal, event.seed,
        )  # fmt: skip
        self.book.keep_job(turn, job)
        turn.note(job.id, "request-filed", pieces=sum(wanted), need=request.need)
        self.book.owing = True
        turn.do(Answer(event.ask, record.id))

    def cancel(self, turn: Turn, event: CancelRequest) -> None:
        """Cancel what is not made yet; what is made is still to be accepted."""
        job = self.book.jobs.get(event.job)
        if job is None:
            turn.do(
                Answer(event.ask, Refusal("no-such-open-job", (("job", event.job),)))
            )
            return
        job = msgspec.structs.replace(job, state="cancelled")
        self.book.keep_job(turn, job)
        turn.note(job.id, "cancelled")
        for lot in self.book.lots_of(job.id):
            if lots.takes(lot, "give-up"):
                self.book.give_up(turn, lot)
        self.book.close_if_done(turn, job.id)
        turn.do(Answer(event.ask, RecordId(job.id)))

    def accept(self, turn: Turn, event: AcceptLot) -> None:
        """Take a lot's pieces, granting at most the minutes its maker claims."""
        key = lot_key(event.job, event.epoch)
        lot, claim = self.book.lots.get(key), self.book.claims.get(key)
        refusal = _not_acceptable(lot, claim, event)
        if refusal is not None or lot is None or claim is None or lot.closed is None:
            turn.do(Answer(event.ask, refusal or Refusal("no-lot-closed")))
            return
        minutes = event.minutes or claim.minutes
        body = Acceptance(event.job, event.epoch, lot.closed, lot.good, minutes)
        record = self.book.voice.log(turn, receipt.ACCEPTANCE, key, body)
        self.book.settle(turn, lots.accept(lot))
        granted = sum(each.minutes for each in minutes)
        turn.note(
            event.job, "accepted", epoch=event.epoch, good=lot.good, minutes=granted
        )
        turn.do(Answer(event.ask, record.id))

    def _refuse(self, turn: Turn, event: FileRequest) -> Refusal | None:
        request, now_ms = event.request, turn.now.moment_ms
        if len(self.book.jobs) >= JOBS_OPEN_MAX:
            return Refusal("too-many-jobs", (("most", JOBS_OPEN_MAX),))
        untimely = _untimely(request, now_ms)
        if untimely is not None:
            return untimely
        policy = self.community.policy()
        if policy is None:
            return Refusal("no-policy")
        if self.community.charter_of(self.book.voice.identity.peer) is None:
            return Refusal("node-not-in-charter")
        most = policy.pieces_per_request_max
        if sum(item.pieces for item in request.items) > most:
            return Refusal("too-many-pieces", (("most", most),))
        return None


def _untimely(request: Request, now_ms: int) -> Refusal | None:
    if request.due_ms <= now_ms:
        return Refusal("due-in-the-past", (("due_ms", request.due_ms),))
    if request.deadline_ms is not None and request.deadline_ms < request.due_ms:
        return Refusal("deadline-before-due", (("deadline_ms", request.deadline_ms),))
    return None


def _not_acceptable(
    lot: Lot | None, claim: LotClosed | None, event: AcceptLot
) -> Refusal | None:
    if lot is None or lot.state != "closed":
        return Refusal("no-closed-lot", (("job", event.job), ("epoch", event.epoch)))
    if claim is None:
        return Refusal("no-lot-closed", (("job", event.job), ("epoch", event.epoch)))
    if lot.accepted:
        return Refusal("already-accepted", (("epoch", event.epoch),))
    claimed = {each.kind: each.minutes for each in claim.minutes}
    for each in event.minutes:
        if each.minutes > claimed.get(each.kind, 0):
            args = (("kind", each.kind), ("claimed", claimed.get(each.kind, 0)))
            return Refusal("more-than-claimed", args)
    return None
