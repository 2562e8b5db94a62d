"""What makers say of our lots: leases, receipts, FINAL, and lot-closed records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from fabnet.designs.documents.acceptance import open_acceptance
from fabnet.errors import RemoteError
from fabnet.production import handoff, receipt
from fabnet.production.handoff import Cancel, Confirm, Lease, Receipt
from fabnet.production.handoff import Final as FinalSaid
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.receipt import LotClosed, LotOpened, lot_key
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Lower, Turn
from fabnet.protocol.handoff.book import Book, Early
from fabnet.protocol.handoff.doubt.lost import LostLots
from fabnet.records.ids import INT_MAX, PeerId
from fabnet.records.keys import seal
from fabnet.records.message import Message
from fabnet.records.record import Record

PASSING_REASONS: Final = frozenset(
    {
        "stale-offer",
        "window-taken",
        "machine-not-usable",
        "hold-expired",
        "cancelled",
        "design-missing",
        "no-valid-grant",
        "licence-review-disputed",
        "disk-low",
    }
)
"""Reasons for a no that a newer offer may undo; any other stands for this job."""

Said = Lease | Receipt | FinalSaid


@dataclass(slots=True)
class Makers:
    """Enters in the book what the makers of our lots say."""

    book: Book
    community: Community
    lost: LostLots

    def hear(self, turn: Turn, message: Message) -> None:
        """Take what a maker says of a lot."""
        said = _read(message)
        if said is None:
            return
        key = lot_key(said.job, said.epoch)
        lot = self.book.lots.get(key)
        if lot is None:
            self._unknown(turn, said, message.author)
            return
        after = lots.hear_maker(lot, said, author=message.author)
        if isinstance(after, Ignored):
            turn.note(said.job, "ignored", kind=message.kind, reason=after.reason)
            return
        if after.state == "lost" != lot.state:
            self.lost.lose(turn, after)
            return
        match said:
            case Lease():
                self._leased(turn, after, said)
            case Receipt():
                self.book.enter(turn, after)
                turn.note(
                    said.job, "receipt", epoch=said.epoch, good=said.good,
                    scrap=said.scrap, in_doubt=said.in_doubt,
                )  # fmt: skip
            case FinalSaid():
                self._ended(turn, after, said)

    def hear_record(self, turn: Turn, record: Record) -> None:
        """Take a maker's lot-closed record of one of our lots."""
        if record.kind != receipt.LOT_CLOSED:
            return
        claim = record.read(LotClosed)
        key = lot_key(claim.job, claim.epoch)
        told = Early(record.author, record.id, claim)
        ours = self.book.voice.identity
        if claim.requester != ours.peer:
            # Another may have asked for a lot in our job's name.
            return
        if key in self.book.lots:
            self._claimed(turn, told)
        elif ours.incarnation.counter > 1:
            # Our own log, which others keep too, may bring the lot back after this.
            self.book.keep_early(turn, key, told)

    def hear_opened(self, turn: Turn, record: Record) -> None:
        """Match a lot that our own log brought back with what came of it before."""
        if (
            record.kind != receipt.LOT_OPENED
            or record.author != self.book.voice.identity.peer
        ):
            return
        opened = record.read(LotOpened)
        key = lot_key(opened.job, opened.epoch)
        told = self.book.take_early(turn, key) if key in self.book.lots else None
        if told is not None:
            self._claimed(turn, told)

    def _claimed(self, turn: Turn, told: Early) -> None:
        claim = told.claim
        key = lot_key(claim.job, claim.epoch)
        lot = self.book.lots[key]
        if told.maker != lot.maker or lot.closed is not None:
            return
        if not lots.takes(lot, "record"):
            return
        self.book.claims[key] = claim
        turn.put("claim", key, claim)
        self.book.keep_lot(turn, lots.record(lot, told.record))
        turn.note(
            claim.job, "lot-closed", epoch=claim.epoch, good=claim.good,
            minutes=sum(each.minutes for each in claim.minutes),
        )  # fmt: skip
        self.lost.by_account(turn, self.book.lots[key])
        self.book.close_if_done(turn, claim.job)

    def _leased(self, turn: Turn, lot: Lot, lease: Lease) -> None:
        key = lot_key(lot.job, lot.epoch)
        self.book.answer_by_tick.pop(key, None)
        if lot.state == "dropped":
            self.book.keep_lot(turn, lot)
            self.book.cancel(turn, lot)
            return
        if lot.maker in self.community.forked:
            turn.note(lot.job, "maker-forked", epoch=lot.epoch, maker=lot.maker)
            self.book.remember_no(turn, lot, INT_MAX)
            self.book.drop(turn, lots.give_up(self.book.lots[key]))
            return
        job = self.book.jobs.get(lot.job)
        sealing_key = self.community.sealing_keys.get(lot.maker)
        if job is None or sealing_key is None:
            turn.note(lot.job, "no-sealing-key", maker=lot.maker)
            self.book.remember_no(turn, lot, lot.version)
            self.book.drop(turn, lots.give_up(self.book.lots[key]))
            return
        fault = _acceptance_fault(lot, lease)
        if fault is not None:
            turn.note(lot.job, "licence-not-accepted", epoch=lot.epoch, why=fault)
            turn.do(Lower(lot.maker, fault))
            self.book.remember_no(turn, lot, INT_MAX)
            self.book.drop(turn, lots.give_up(self.book.lots[key]))
            return
        self.book.keep_lot(turn, lot)
        once = hashlib.sha256(job.seed + key.encode()).digest()
        sealed = seal(job.personal, to=sealing_key, context=key.encode(), seed=once)
        turn.note(lot.job, "leased", epoch=lot.epoch, hold_s=lease.hold_s)
        confirm = Confirm(lot.job, lot.epoch, lease.maker, sealed)
        self.book.courier.send(turn, lot.maker, handoff.CONFIRM, confirm)

    def _ended(self, turn: Turn, lot: Lot, final: FinalSaid) -> None:
        key = lot_key(lot.job, lot.epoch)
        self.book.answer_by_tick.pop(key, None)
        turn.note(
            lot.job, "final", epoch=lot.epoch, good=lot.good, scrap=lot.scrap,
            reason=final.reason, detail=final.detail,
        )  # fmt: skip
        if lot.good < lot.pieces:
            passing = final.reason in PASSING_REASONS
            self.book.remember_no(turn, lot, lot.version if passing else INT_MAX)
        self.book.settle(turn, lot)

    def _unknown(self, turn: Turn, said: Said, author: PeerId) -> None:
        """Keep the vow for a lot that is over and forgotten: it is never confirmed."""
        turn.note(said.job, "message-of-unknown-lot", epoch=said.epoch, peer=author)
        if isinstance(said, Lease):
            cancel = Cancel(said.job, said.epoch, None)
            self.book.courier.send(turn, author, handoff.CANCEL, cancel)


def _read(message: Message) -> Said | None:
    match message.kind:
        case handoff.LEASE:
            return message.read(Lease)
        case handoff.RECEIPT:
            return message.read(Receipt)
        case handoff.FINAL:
            return message.read(FinalSaid)
        case _:
            return None


def _acceptance_fault(lot: Lot, lease: Lease) -> str | None:
    """Return why the lease's licence acceptance is not for this lot by its maker."""
    try:
        accepted, _ = open_acceptance(lease.acceptance)
    except RemoteError as error:
        return str(error)
    said = (accepted.site, accepted.job, accepted.epoch, accepted.design)
    if said != (lot.maker, lot.job, lot.epoch, lot.revision):
        return "licence acceptance: of another lot"
    if accepted.pieces < lot.pieces:
        return "licence acceptance: of fewer pieces"
    return None
