"""After this node was restored: its older jobs end, and their makers say what is made.

The requester's end. What our older database did since the backup was taken, only others
know. So nothing more is placed of any older job, every maker is fenced (FENCE) and
tells what it made (STATUS), and our own log, as others kept it, brings back the
requests and lots that the backup did not have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from fabnet.production import handoff, machine, receipt, request
from fabnet.production.handoff import Counted, Fence, Status
from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.receipt import Acceptance, LotOpened, lot_key
from fabnet.production.request import Request, RequestClosed
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Drop, Turn
from fabnet.protocol.handoff.book import JOBS_OPEN_MAX, RESTORED, Book, item_of
from fabnet.records.ids import Incarnation, JobId, Moment, PeerId, PeerIdText
from fabnet.records.message import Message
from fabnet.records.record import Record

FENCES_MAX: Final = 2_500
"""Peers fenced: as many as a node follows; a maker beyond it is fenced when it is next
named by a lot of ours."""
STRAYS_MAX: Final = 1_000
"""Lots that only their makers know of; beyond it the oldest is left to the story."""
RECALLED_MAX: Final = 10_000
"""Lots remembered as brought back by our own log; beyond it a maker's STATUS of the
oldest is told as of a stray, which a person then finds in the closed jobs."""

RECALL_WAIT_MS: Final = 60_000
"""How long after a request that our own log brought back its lots may still come; then
the job is closed. A lot that comes later opens it again."""


class Stray(Counted):
    """A lot of which a maker has good pieces for us, and that nobody here knows."""

    maker: PeerIdText
    moment_ms: Moment
    """When it was told, by our clock."""


@dataclass(slots=True)
class Recovery:
    """Ends what an earlier database of ours began, and learns how it ended."""

    book: Book
    courier: Courier
    spoke: Incarnation | None = None
    """The database that these rows were written by, as far as they say."""
    recovering: bool = False
    """Whether this database ever took over from another."""
    awake: bool = False
    shown: set[PeerId] = field(default_factory=set)
    """Who showed a machine before we woke: nothing can be sent yet, nor written."""
    fenced: set[PeerId] = field(default_factory=set)
    waiting: set[PeerId] = field(default_factory=set)
    """Those of them that were asked since the start and have not answered."""
    strays: dict[str, Stray] = field(default_factory=dict)
    recalled: dict[str, None] = field(default_factory=dict)
    """Lots that our own log brought back and ended since the start: no strays."""
    bare: dict[JobId, list[str]] = field(default_factory=dict)
    """Older requests of ours that came without their bodies, which others prune once
    they are over, and the lots that our log opened for them."""
    close_tick: int | None = None
    """When jobs that our own log brought back are closed; nil while there are none."""

    def wake(self, turn: Turn) -> bool:
        """Know that this database took over, if it did, and say so durably.

        Return whether it speaks for the first time.
        """
        ours = self.book.voice.identity.incarnation
        is_reborn = ours.counter > 1 if self.spoke is None else self.spoke != ours
        is_first = self.spoke != ours
        if is_first:
            turn.put("own", "incarnation", ours)
        self.spoke = ours
        if not is_reborn:
            if any(job.unplaced == RESTORED for job in self.book.jobs.values()):
                self._close_later(turn)
            self._met(turn)
            return is_first
        for peer in sorted(self.fenced):
            turn.do(Drop("fenced", peer))
        self.recovering = True
        self.fenced.clear()
        turn.put("own", "recovering", ours)
        turn.note(self.book.voice.identity.peer, "restored", counter=ours.counter)
        for job in list(self.book.jobs.values()):
            self._end(turn, job)
        self.awake = True
        return is_first

    def tick(self, turn: Turn) -> None:
        """Close the jobs of which our own log has no more to say."""
        if self.close_tick is None or turn.now.tick_ms < self.close_tick:
            return
        self.close_tick = None
        for job in list(self.book.jobs.values()):
            if job.unplaced == RESTORED:
                self.book.close_if_done(turn, job.id)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        return self.close_tick

    def _close_later(self, turn: Turn) -> None:
        self.close_tick = turn.now.tick_ms + RECALL_WAIT_MS

    def _met(self, turn: Turn) -> None:
        self.awake = True
        for maker in sorted(self.shown) if self.recovering else ():
            self._fence(turn, maker)
        self.shown.clear()

    def reborn(self, turn: Turn, maker: PeerId) -> None:
        """Fence a maker again that lost its disk, and our FENCE with it."""
        self.waiting.discard(maker)
        if maker in self.fenced:
            self._fence(turn, maker, again=True)

    def meet(self, turn: Turn, record: Record) -> None:
        """Fence a maker that shows a machine: an older request of ours may be there."""
        if record.kind != machine.KIND:
            return
        if not self.awake:
            self.shown.add(record.author)
        elif self.recovering:
            self._fence(turn, record.author)

    def hear_bare(self, record: Record) -> None:
        """Know a request of ours by its name only: our log may say that it is over."""
        if self._is_older(record) and record.kind == request.KIND:
            self.bare[JobId(record.id)] = []
            if len(self.bare) > RECALLED_MAX:
                del self.bare[next(iter(self.bare))]

    def _is_older(self, record: Record) -> bool:
        ours = self.book.voice.identity
        theirs = record.author, record.header.incarnation
        return theirs[0] == ours.peer and theirs[1] != ours.incarnation

    def hear_record(self, turn: Turn, record: Record) -> None:
        """Take up what our own older database logged, as others kept it."""
        if not self._is_older(record):
            return
        match record.kind:
            case request.KIND:
                self._asked(turn, record)
            case receipt.LOT_OPENED:
                self._opened(turn, record.read(LotOpened))
            case receipt.ACCEPTANCE:
                self._accepted(turn, record.read(Acceptance))
            case request.CLOSED_KIND:
                self._closed(turn, record.read(RequestClosed))
            case _:
                pass

    def hear(self, turn: Turn, message: Message) -> None:
        """Take what a fenced maker says it made of our lots."""
        if message.kind != handoff.STATUS:
            return
        status, maker = message.read(Status), message.author
        if status.requester != self.book.voice.identity.incarnation:
            turn.note(maker, "ignored", kind=message.kind, reason="of-another-fence")
            return
        for counted in status.lots:
            key = lot_key(counted.job, counted.epoch)
            lot = self.book.lots.get(key)
            if lot is None or lot.maker != maker:
                if counted.good:
                    self._stray(turn, counted, maker)
                continue
            self._told(turn, lot, (counted.good, counted.scrap), status.maker)
        if status.more:
            return
        self.waiting.discard(maker)
        for lot in [lot for lot in self.book.lots.values() if lot.maker == maker]:
            if lots.takes(lot, "unknown"):
                self._told(turn, lot, None, status.maker)

    def _stray(self, turn: Turn, counted: Counted, maker: PeerId) -> None:
        """Remember good pieces of a lot that nothing here, nor our log, tells of."""
        key = lot_key(counted.job, counted.epoch)
        if key in self.recalled:
            return
        turn.note(
            counted.job, "stray-lot", epoch=counted.epoch, good=counted.good, peer=maker
        )
        if key not in self.strays and len(self.strays) >= STRAYS_MAX:
            oldest = next(iter(self.strays))
            del self.strays[oldest]
            turn.do(Drop("stray", oldest))
        stray = Stray(
            counted.job, counted.epoch, counted.good, counted.scrap, maker,
            turn.now.moment_ms,
        )  # fmt: skip
        self.strays[key] = stray
        turn.put("stray", key, stray)

    # ------------------------------------------------------------------ ending

    def _end(self, turn: Turn, job: Job) -> None:
        if job.state == "open":
            job = msgspec.structs.replace(job, state="refused", unplaced=RESTORED)
            self.book.keep_job(turn, job)
            turn.note(job.id, "refused", reason=RESTORED)
        for lot in self.book.lots_of(job.id):
            if lots.takes(lot, "forget"):
                self._forget(turn, lot)
        self.book.close_if_done(turn, job.id)

    def _forget(self, turn: Turn, lot: Lot) -> None:
        self.book.settle(turn, lots.forget(lot))
        turn.note(lot.job, "lot-forgotten", epoch=lot.epoch, machine=lot.machine)
        self._fence(turn, lot.maker, again=True)

    def _fence(self, turn: Turn, maker: PeerId, *, again: bool = False) -> None:
        """Ask a maker once; `again` for a lot we learn of after it answered."""
        is_new = maker not in self.fenced
        full = is_new and len(self.fenced) >= FENCES_MAX
        if full or not self.courier.is_known(maker):
            return
        if maker in self.waiting or not (is_new or again):
            return
        ours = self.book.voice.identity.incarnation
        self.waiting.add(maker)
        if is_new:
            self.fenced.add(maker)
            turn.put("fenced", maker, ours)
        self.courier.send(turn, maker, handoff.FENCE, Fence(ours))

    def _told(
        self,
        turn: Turn,
        lot: Lot,
        counts: tuple[int, int] | None,
        maker: Incarnation,
    ) -> None:
        after = lots.hear_status(lot, counts, maker=maker)
        if isinstance(after, Ignored):
            return
        if after == lot:
            # The maker lost it too: its people see it by this CANCEL.
            turn.note(lot.job, "lot-lost", epoch=lot.epoch, machine=lot.machine)
            self.book.cancel(turn, after)
            return
        turn.note(
            lot.job, "status", epoch=lot.epoch, good=after.good, scrap=after.scrap
        )
        self.book.settle(turn, after)

    # ------------------------------------------------------------------ our own log

    def _asked(self, turn: Turn, record: Record) -> None:
        id_ = JobId(record.id)
        self.bare.pop(id_, None)
        if id_ in self.book.jobs or len(self.book.jobs) >= JOBS_OPEN_MAX:
            return
        body = record.read(Request)
        wanted = tuple(item.pieces for item in body.items)
        none = tuple(0 for _ in body.items)
        job = Job(id_, body, "refused", 0, wanted, none, (), RESTORED, b"", bytes(32))
        self.book.keep_job(turn, job)
        turn.note(id_, "refused", reason=RESTORED)
        self._close_later(turn)

    def _opened(self, turn: Turn, body: LotOpened) -> None:
        key = lot_key(body.job, body.epoch)
        if key in self.book.lots:
            return
        job = self.book.jobs.get(body.job) or self.book.reopen(turn, body.job)
        if job is None:
            if body.job in self.bare:
                self.bare[body.job].append(key)
            return
        item_of(job, body.revision, body.part)
        epoch = max(job.epoch, body.epoch)
        self.book.keep_job(turn, msgspec.structs.replace(job, epoch=epoch))
        if self.strays.pop(key, None) is not None:
            turn.do(Drop("stray", key))
        lot = lots.forget(lots.open_lot(body, version=0, asked=None))
        self.book.keep_lot(turn, lot)
        self._brought_back(key)
        turn.note(lot.job, "lot-forgotten", epoch=lot.epoch, machine=lot.machine)
        self._fence(turn, lot.maker, again=True)

    def _accepted(self, turn: Turn, body: Acceptance) -> None:
        lot = self.book.lots.get(lot_key(body.job, body.epoch))
        if lot is not None and lots.takes(lot, "recall"):
            after = lots.recall(lot, good=body.good, lot_closed=body.lot_closed)
            self._brought_back(lot_key(lot.job, lot.epoch))
            self.book.settle(turn, after)

    def _brought_back(self, key: str) -> None:
        """Know a lot's name also when it is over and forgotten: it is no stray."""
        self.recalled[key] = None
        if len(self.recalled) > RECALLED_MAX:
            del self.recalled[next(iter(self.recalled))]

    def _closed(self, turn: Turn, body: RequestClosed) -> None:
        for key in self.bare.pop(body.request, []):
            self._brought_back(key)
            if self.strays.pop(key, None) is not None:
                turn.do(Drop("stray", key))
        job = self.book.jobs.get(body.request)
        if job is not None:
            self.book.remember_closed(turn, job, body.outcome)
