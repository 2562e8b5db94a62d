"""Lots that an earlier database of this facility was asked for, and old requesters.

The facility's end. After a restore nothing that was under way is gone on with: every
such lot is a remnant, LOST until a person here has counted its bench and signed. When a
requester was restored instead (FENCE), everything that its older database asked for is
ended first, open pieces and doubts included, and then told (STATUS).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fabnet.cooperation.benches import (
    ATTESTATION_KIND,
    AttestationBody,
    open_attestation,
)
from fabnet.errors import RemoteError
from fabnet.production import handoff
from fabnet.production.handoff import (
    STATUS_LOTS_MAX,
    Cancel,
    Confirm,
    Counted,
    Fence,
    LeaseRequest,
    Status,
)
from fabnet.production.handoff import Final as FinalSaid
from fabnet.production.lots import making as makings
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import Ignored
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.production.receipt import lot_key
from fabnet.protocol.community import Community
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Answer, Drop, Turn
from fabnet.protocol.events import AttestBench
from fabnet.protocol.handoff.making import Work
from fabnet.protocol.handoff.workshop import Workshop
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.message import Message
from fabnet.records.refusal import Refusal

REMNANTS_MAX: Final = 10_000
"""Lots known by name only; beyond it those that need nobody are forgotten, oldest
first, and if all of them do a new one is answered and not remembered."""

Said = LeaseRequest | Confirm | Cancel


@dataclass(slots=True)
class Remnants:
    """Says LOST, ATTEST and STATUS, and has people look at benches."""

    shop: Workshop
    work: Work
    community: Community
    courier: Courier

    @property
    def _ours(self) -> Incarnation:
        return self.shop.voice.identity.incarnation

    def wake(self, turn: Turn) -> None:
        """Know, of an earlier database of ours, only that lots were asked of it."""
        for making in list(self.shop.lots.values()):
            if making.state != "final" and making.maker != self._ours:
                self._lose(turn, making, remnants.lose(making))

    def first(self, turn: Turn, message: Message, said: Confirm | Cancel) -> None:
        """Take what is said of a lot that is known neither as such nor as a remnant."""
        left = remnants.first_heard(said, message.author, ours=self._ours)
        if isinstance(left, Ignored):
            # Never "made none": it was over, told, and forgotten.
            turn.note(
                said.job,
                "message-of-unknown-lot",
                epoch=said.epoch,
                peer=message.author,
            )
            return
        if left.state == "lost":
            turn.note(said.job, "bench-unknown", epoch=said.epoch)
        self._keep(turn, left)
        self._answer(turn, left)

    def hear(self, turn: Turn, message: Message, said: Said) -> bool:
        """Answer for a lot of which a remnant is left; false when there is none."""
        key = self.shop.key_of(message.author, said.job, said.epoch)
        held, making = self.shop.remnants.get(key), self.shop.lots.get(key)
        if held is None and making is not None:
            lost = remnants.overtaken(making, said)
            if lost is not None:
                self._lose(turn, making, lost)
                return True
        if held is None:
            return False
        left = remnants.hear_requester(held, said, author=message.author)
        if left != held:
            self._keep(turn, left)
        self._answer(turn, left)
        return True

    def attest(self, turn: Turn, event: AttestBench) -> None:
        """Take a person's signed count of a lost lot's bench, and send it."""
        lost = (
            left
            for left in self.shop.remnants.values()
            if (left.job, left.epoch) == (event.job, event.epoch)
            if left.state == "lost"
        )
        held = next(lost, None)
        if held is None:
            args = (("job", event.job), ("epoch", event.epoch))
            turn.do(Answer(event.ask, Refusal("no-lost-lot", args)))
            return
        counted = self._counted(held, event.document)
        if isinstance(counted, Refusal):
            turn.do(Answer(event.ask, counted))
            return
        good, scrap = counted
        left = remnants.attest(held, good=good, scrap=scrap, document=event.document)
        key = lot_key(event.job, event.epoch)
        body = AttestationBody(event.job, event.epoch, event.document)
        record = self.shop.voice.log(turn, ATTESTATION_KIND, key, body)
        self._keep(turn, left)
        turn.note(event.job, "attested", epoch=event.epoch, good=good, scrap=scrap)
        self._answer(turn, left)
        bench = None if left.machine is None else self.shop.benches.get(left.machine)
        if bench is not None:
            self.shop.announce(turn, bench)
            self.work.start(turn, bench)
        turn.do(Answer(event.ask, record.id))

    # ------------------------------------------------------------------ old requesters

    def hear_fence(self, turn: Turn, message: Message) -> None:
        """End whatever an older database of a requester asked for."""
        if message.kind != handoff.FENCE:
            return
        newer = message.read(Fence).requester
        if newer != message.header.incarnation:
            turn.note(
                message.author, "ignored", kind=message.kind, reason="not-its-own"
            )
            return
        self.shop.fences[message.author] = newer
        turn.put("fence", message.author, newer)
        for making in self._asked_before(message.author, newer):
            after = makings.fence(making, newer)
            if after.state == "final" and making.state != "final":
                self.work.final(turn, after)
            elif after != making:
                self.work.go_on(turn, after)

    def tend(self, turn: Turn) -> None:
        """Tell a restored requester of its lots, once the last of them is over."""
        if not self.shop.fences:
            return
        for requester, newer in sorted(self.shop.fences.items()):
            asked = self._asked_before(requester, newer)
            if all(making.state == "final" for making in asked):
                del self.shop.fences[requester]
                turn.do(Drop("fence", requester))
                self._tell(turn, requester, newer, asked)

    def _tell(
        self,
        turn: Turn,
        requester: PeerId,
        newer: Incarnation,
        asked: Iterable[Making],
    ) -> None:
        # What was never confirmed to us may have been to an earlier database of ours.
        counted = [
            Counted(it.job, it.epoch, it.good, it.scrap)
            for it in asked
            if it.sealed is not None
        ]
        counted += [
            Counted(left.job, left.epoch, left.good, left.scrap)
            for left in self.shop.remnants.values()
            if left.requester == requester and left.state != "lost"
        ]
        turn.note(requester, "fence-answered", lots=len(counted))
        for begin in range(0, max(len(counted), 1), STATUS_LOTS_MAX):
            end = begin + STATUS_LOTS_MAX
            told, more = tuple(counted[begin:end]), int(end < len(counted))
            body = Status(newer, self._ours, told, more)
            self.courier.send(turn, requester, handoff.STATUS, body)

    def _asked_before(self, requester: PeerId, newer: Incarnation) -> list[Making]:
        return [
            making
            for making in self.shop.lots.values()
            if making.requester == requester and making.asked_by < newer
        ]

    # ------------------------------------------------------------------ remnants

    def _lose(self, turn: Turn, making: Making, left: Remnant) -> None:
        self.shop.forget(turn, making)
        self._keep(turn, left)
        turn.note(
            making.job, "bench-unknown", epoch=making.epoch, machine=making.machine
        )
        if self.courier.is_known(making.requester):
            self._answer(turn, left)

    def _keep(self, turn: Turn, left: Remnant) -> None:
        key = self.shop.key(left)
        held = self.shop.remnants
        if key not in held and len(held) >= REMNANTS_MAX:
            idle = next((k for k, it in held.items() if it.state != "lost"), None)
            if idle is None:
                return
            del held[idle]
            turn.do(Drop("remnant", idle))
        held[key] = left
        turn.put("remnant", key, left)

    def _answer(self, turn: Turn, left: Remnant) -> None:
        said = remnants.answer(left, ours=self._ours)
        kind = handoff.ATTEST
        if isinstance(said, FinalSaid):
            kind = handoff.FINAL
        elif isinstance(said, handoff.Lost):
            kind = handoff.LOST
        self.courier.send(turn, left.requester, kind, said)

    def _counted(self, held: Remnant, document: bytes) -> tuple[int, int] | Refusal:
        """Return good and scrap as signed for this lot here, or why they are not."""
        identity = self.shop.voice.identity
        charter = self.community.charters.get(identity.charter)
        if charter is None:
            return Refusal("node-not-in-charter")
        try:
            signed = open_attestation(document, charter)
        except RemoteError as error:
            return Refusal("document-unreadable", (("why", str(error)),))
        if isinstance(signed, Refusal):
            return signed
        told = (signed.job, signed.epoch, signed.site)
        if told != (held.job, held.epoch, identity.peer):
            return Refusal("document-of-another-lot", (("job", signed.job),))
        if signed.good < held.good:
            args = (("signed", signed.good), ("known", held.good))
            return Refusal("fewer-than-known", args)
        return signed.good, signed.scrap
