"""Lots whose maker lost its database, and the pieces that people here give up.

The requester's end. A maker that speaks under a newer incarnation than a lot was
confirmed to will never say FINAL of it: a person counts the bench there (ATTEST), or a
person here signs to write the missing pieces off. Nothing else moves them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabnet.cooperation.benches import (
    WRITE_OFF_KIND,
    WriteOffBody,
    open_attestation,
    open_write_off,
    signers_needed,
)
from fabnet.errors import RemoteError
from fabnet.production import handoff
from fabnet.production.handoff import Attest, Lost
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.receipt import lot_key
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Answer, Lower, Turn
from fabnet.protocol.events import WriteOff
from fabnet.protocol.handoff.book import Book
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.message import Message
from fabnet.records.refusal import Refusal


@dataclass(slots=True)
class LostLots:
    """Enters in the book what was lost, counted and written off."""

    book: Book
    community: Community

    def reborn(self, turn: Turn, maker: PeerId, incarnation: Incarnation) -> None:
        """Lose what was confirmed to a database of `maker` that is no more."""
        for lot in [lot for lot in self.book.lots.values() if lot.maker == maker]:
            if lots.loses(lot, incarnation):
                self.lose(turn, lots.newer_maker(lot, incarnation))

    def hear(self, turn: Turn, message: Message) -> None:
        """Take what a maker says of a lot that it lost."""
        said = _read(message)
        lot = (
            None if said is None else self.book.lots.get(lot_key(said.job, said.epoch))
        )
        if said is None or lot is None:
            return
        if isinstance(said, Lost):
            after = lots.hear_lost(lot, said, author=message.author)
        else:
            after = self._attested(turn, lot, said, message.author)
        if isinstance(after, Ignored):
            turn.note(said.job, "ignored", kind=message.kind, reason=after.reason)
        elif after.state == "lost":
            self.lose(turn, after)
        else:
            assert isinstance(said, Attest)
            turn.note(
                lot.job, "attested", epoch=lot.epoch, good=said.good, scrap=said.scrap
            )
            self.book.settle(turn, after)

    def lose(self, turn: Turn, lot: Lot) -> None:
        """Write down that a lot is lost, and have its maker's people see it."""
        self.book.keep_lot(turn, lot)
        turn.note(lot.job, "lot-lost", epoch=lot.epoch, machine=lot.machine)
        self.book.cancel(turn, lot)
        self.by_account(turn, lot)

    def by_account(self, turn: Turn, lot: Lot) -> None:
        """Settle a doubtful lot by its maker's lot-closed record, if it is here.

        It was logged with FINAL, and says the same: here it came another way.
        """
        claim = self.book.claims.get(lot_key(lot.job, lot.epoch))
        doubtful = lot.state in lots.DOUBTFUL or lot.state == "written-off"
        if claim is None or not doubtful:
            return
        after = lots.by_account(lot, good=claim.good, scrap=claim.scrap)
        if isinstance(after, Ignored):
            turn.note(lot.job, "ignored", kind="lot-closed/1", reason=after.reason)
            return
        turn.note(
            lot.job, "final", epoch=lot.epoch, good=after.good, scrap=after.scrap,
            reason=claim.reason, detail="",
        )  # fmt: skip
        self.book.settle(turn, after)

    def write_off(self, turn: Turn, event: WriteOff) -> None:
        """Owe the missing pieces of a lot again: a person signed for it."""
        lot = self.book.lots.get(lot_key(event.job, event.epoch))
        if lot is None or not lots.takes(lot, "write-off"):
            args = (("job", event.job), ("epoch", event.epoch))
            turn.do(Answer(event.ask, Refusal("nothing-to-write-off", args)))
            return
        refusal = self._refuse(lot, event.document)
        if refusal is not None:
            turn.do(Answer(event.ask, refusal))
            return
        after = lots.write_off(lot)
        key = lot_key(lot.job, lot.epoch)
        body = WriteOffBody(lot.job, lot.epoch, after.written_off, event.document)
        record = self.book.voice.log(turn, WRITE_OFF_KIND, key, body)
        turn.note(
            lot.job, "written-off", epoch=lot.epoch, pieces=after.written_off,
            machine=lot.machine,
        )  # fmt: skip
        self.book.cancel(turn, lot)
        self.book.settle(turn, after)
        turn.do(Answer(event.ask, record.id))

    def _refuse(self, lot: Lot, document: bytes) -> Refusal | None:
        ours = self.community.charters.get(self.book.voice.identity.charter)
        if ours is None:
            return Refusal("node-not-in-charter")
        missing = lot.pieces - lot.good
        machine_s = (lot.end_ms - lot.start_ms) // 1_000 * missing // lot.pieces
        needed = signers_needed(ours, machine_s)
        try:
            signed = open_write_off(document, ours, signers=needed)
        except RemoteError as error:
            return Refusal("document-unreadable", (("why", str(error)),))
        if isinstance(signed, Refusal):
            return signed
        if (signed.job, signed.epoch) != (lot.job, lot.epoch):
            return Refusal("document-of-another-lot", (("job", signed.job),))
        if signed.missing != missing:
            args = (("signed", signed.missing), ("missing", missing))
            return Refusal("write-off-of-another-count", args)
        return None

    def _attested(
        self, turn: Turn, lot: Lot, said: Attest, author: PeerId
    ) -> Lot | Ignored:
        charter = self.community.charter_of(author)
        known = None if charter is None else self.community.charters.get(charter)
        if known is None:
            return Ignored("no-charter")
        try:
            signed = open_attestation(said.document, known)
        except RemoteError as error:
            turn.do(Lower(author, f"attestation: {error}"))
            return Ignored("unreadable")
        if isinstance(signed, Refusal):
            return Ignored(signed.reason)
        told = (signed.job, signed.epoch, signed.good, signed.scrap)
        if told != (said.job, said.epoch, said.good, said.scrap):
            return Ignored("not-what-was-signed")
        lot = lots.newer_maker(lot, said.maker)
        return lots.attest(lot, author=author, good=said.good, scrap=said.scrap)


def _read(message: Message) -> Lost | Attest | None:
    match message.kind:
        case handoff.LOST:
            return message.read(Lost)
        case handoff.ATTEST:
            return message.read(Attest)
        case _:
            return None
