"""Making a confirmed lot, one piece at a time, to its FINAL.

INTENT is durable before the machine acts. After a crash with an open intent the lot is
in doubt, its machine stands still and says so, and nothing runs again by itself. Then
the machine is asked (Look): one whose controller keeps our key says how the piece went,
or that it has it in hand still; of any other a person says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from fabnet.content.cid import Cid
from fabnet.cooperation.judgement import is_dispute, may_start
from fabnet.designs.documents.withdrawal import Withdrawn
from fabnet.production import handoff, receipt
from fabnet.production import offer as offers
from fabnet.production.handoff import Final as FinalSaid
from fabnet.production.handoff import Receipt
from fabnet.production.lots import making as makings
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.community import Community
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Act, Answer, Look, Turn
from fabnet.protocol.events import (
    CountBench,
    Design,
    OfPiece,
    PieceHeld,
    PieceLost,
    PieceMade,
    PieceUnbegun,
    Progressed,
)
from fabnet.protocol.handoff.closing import lot_closed
from fabnet.protocol.handoff.workshop import Bench, Workshop
from fabnet.records.ids import Now, RecordId
from fabnet.records.refusal import Refusal

WITHDRAWN: Final = "design-withdrawn"
"""Why a lot of a withdrawn design ends."""
LATEST_START_MS: Final = (offers.HORIZON_S + 86_400) * 1_000
"""No lot begins later from now: as far as offers go, and a day for a clock that was
set. Beyond it the lot ends as one whose start was missed, and is planned again."""
PROGRESS_STEP: Final = 250
"""Permille of a piece between two lines of its story."""


@dataclass(slots=True)
class Work:
    """Drives the machines here through the lots they hold."""

    shop: Workshop
    community: Community
    courier: Courier

    def hear(self, turn: Turn, event: OfPiece) -> None:
        """Take what a machine tells of a piece."""
        match event:
            case Progressed():
                self.progressed(turn, event)
            case PieceMade():
                self.made(turn, event)
            case PieceLost():
                self.lost(turn, event)
            case PieceHeld():
                self.held(turn, event)
            case PieceUnbegun():
                self.unbegun(turn, event)
            case _:
                assert_never(event)

    def progressed(self, turn: Turn, event: Progressed) -> None:
        """Tell the story of a long piece, a quarter at a time."""
        making = self.shop.lot(event)
        if making is None or making.intent != event.piece:
            return
        bench = self.shop.benches.get(making.machine)
        if bench is not None and event.permille >= bench.told_permille + PROGRESS_STEP:
            bench.told_permille = event.permille // PROGRESS_STEP * PROGRESS_STEP
            turn.note(
                event.job, "progress", epoch=event.epoch, piece=event.piece,
                permille=bench.told_permille,
            )  # fmt: skip

    def made(self, turn: Turn, event: PieceMade) -> None:
        """Write down what became of a piece, and go on."""
        making = self.shop.lot(event)
        if making is None or making.intent != event.piece:
            turn.note(event.job, "piece-of-no-intent", piece=event.piece)
            return
        making = makings.finish(
            making, event.piece, good=event.good, run_s=event.run_s,
            energy_wh=event.energy_wh, mass_mg=event.mass_mg,
        )  # fmt: skip
        turn.note(
            event.job, "piece-made" if event.good else "piece-scrapped",
            epoch=event.epoch, piece=event.piece, good=making.good, of=making.pieces,
        )  # fmt: skip
        if makings.next_step(making) != "end":
            # FINAL says the same and more.
            self._receipt(turn, making)
        self.go_on(turn, making)

    def lost(self, turn: Turn, event: PieceLost) -> None:
        """Stop the machine: nobody knows what lies on its bench."""
        making = self.shop.lot(event)
        if making is not None and making.intent == event.piece:
            self.doubt(turn, making, event.why)

    def held(self, turn: Turn, event: PieceHeld) -> None:
        """Go on with a piece in doubt that its controller has in hand."""
        making = self._doubted(event)
        bench = None if making is None else self.shop.benches.get(making.machine)
        design = None if making is None else self.shop.designs.get(making.revision)
        if making is None or bench is None or design is None:
            return
        making = makings.resume(making)
        turn.note(event.job, "piece-held", epoch=event.epoch, piece=event.piece)
        self._receipt(turn, making)
        turn.do(_act(bench, design, making))
        self.shop.announce(turn, bench)

    def unbegun(self, turn: Turn, event: PieceUnbegun) -> None:
        """Begin a piece in doubt that its controller never began, if still wanted."""
        making = self._doubted(event)
        if making is None:
            return
        making = makings.void(making)
        turn.note(event.job, "piece-unbegun", epoch=event.epoch, piece=event.piece)
        self._receipt(turn, making)
        self.go_on(turn, making)

    def _doubted(self, event: PieceHeld | PieceUnbegun) -> Making | None:
        making = self.shop.lot(event)
        if making is None or making.state != "in-doubt":
            return None
        return making if making.intent == event.piece else None

    def look(self, turn: Turn, making: Making) -> None:
        """Ask the machine of a piece in doubt, once it and the design are known."""
        bench = self.shop.benches.get(making.machine)
        design = self.shop.designs.get(making.revision)
        if making.state == "in-doubt" and bench is not None and design is not None:
            turn.do(Look(_act(bench, design, making)))

    def count(self, turn: Turn, event: CountBench) -> None:
        """Take a person's word for the piece in doubt, and go on."""
        doubted = (
            making
            for making in self.shop.lots.values()
            if (making.job, making.epoch) == (event.job, event.epoch)
            if making.state == "in-doubt"
        )
        making = next(doubted, None)
        if making is None:
            args = (("job", event.job), ("epoch", event.epoch))
            turn.do(Answer(event.ask, Refusal("no-lot-in-doubt", args)))
            return
        making = makings.count(making, good=event.good)
        turn.note(
            event.job, "bench-counted", epoch=event.epoch, person=event.person,
            good=making.good, scrap=making.scrap,
        )  # fmt: skip
        self._receipt(turn, making)
        self.go_on(turn, making)
        turn.do(Answer(event.ask, RecordId(making.job)))

    def start(self, turn: Turn, bench: Bench) -> None:
        """Begin the next confirmed lot whose time has come, if the machine is free."""
        if bench.machine.state != "idle" or self.shop.state(bench) != "idle":
            return
        if self.shop.disk == "critical":
            # INTENT would fit, OUTCOME might not.
            return
        ready = [
            making
            for making in self.shop.active(bench)
            if making.state in ("ready", "running")
            and making.start_ms <= turn.now.moment_ms
            and not self._is_missed(turn.now, making)
        ]
        for making in sorted(ready, key=_turn):
            design = self.shop.designs.get(making.revision)
            if design is None and making.state == "running":
                return
            if design is None:
                continue
            if design.withdrawn is not None:
                # Its end begins what comes next here.
                self._withdraw(turn, making, design.withdrawn)
                return
            refusal = self._may_start(turn.now, making, design)
            if refusal is not None and is_dispute(refusal):
                continue
            if refusal is not None:
                # Its end begins what comes next.
                self.final(turn, makings.stop(making, refusal.reason, _detail(refusal)))
                return
            turn.note(
                making.job, "started", epoch=making.epoch, machine=bench.machine.name
            )
            self.go_on(turn, making)
            return

    def tell_waiting(self, turn: Turn, making: Making) -> None:
        """Say in its story for which dispute a confirmed lot waits, if it does."""
        design = self.shop.designs.get(making.revision)
        refusal = None if design is None else self._may_start(turn.now, making, design)
        if refusal is not None and is_dispute(refusal):
            args = dict(refusal.args)
            turn.note(making.job, "lot-waits-disputed", epoch=making.epoch, **args)

    def go_on(self, turn: Turn, making: Making) -> None:
        """Do what comes next with a confirmed lot: the next piece, or its end."""
        bench = self.shop.benches.get(making.machine)
        design = self.shop.designs.get(making.revision)
        step = makings.next_step(making)
        if step == "end":
            self.final(turn, makings.end(making))
        elif step == "intend" and self.shop.disk == "critical":
            self.shop.keep(turn, making)
            turn.note(making.job, "lot-waits-disk", epoch=making.epoch)
        elif step == "intend" and bench is not None and design is not None:
            begun = [other for other in self.shop.active(bench) if other.intent]
            assert not begun, "H9: two pieces in one machine"
            making = makings.intend(making)
            self.shop.keep(turn, making)
            bench.told_permille = 0
            turn.do(_act(bench, design, making))
        else:
            self.shop.keep(turn, making)
        if bench is not None:
            self.shop.announce(turn, bench)

    def withdraw(self, turn: Turn, cid: Cid) -> None:
        """End every lot of a design that was withdrawn; counts stay as they are."""
        design = self.shop.designs.get(cid)
        if design is None or design.withdrawn is None:
            return
        for key in [key for key, it in self.shop.lots.items() if it.revision == cid]:
            self._withdraw(turn, self.shop.lots[key], design.withdrawn)

    def _withdraw(self, turn: Turn, making: Making, withdrawn: Withdrawn) -> None:
        why = withdrawn.reason
        match making.state:
            case "queued" | "held":
                self.final(turn, makings.refuse(making, WITHDRAWN, why))
            case "ready":
                self.final(turn, makings.stop(making, WITHDRAWN, why))
            case "running" | "in-doubt":
                # The piece under way comes to its end; no timer and no wish undoes it.
                self.go_on(turn, makings.stop(making, WITHDRAWN, why))
            case _:
                pass

    def doubt(self, turn: Turn, making: Making, why: str) -> None:
        """Stop the machine: a piece was begun and nobody knows what became of it."""
        making = makings.doubt(making)
        self.shop.keep(turn, making)
        turn.note(
            making.job, "in-doubt", epoch=making.epoch, piece=making.intent or 0,
            machine=making.machine, why=why,
        )  # fmt: skip
        turn.note(making.machine, "in-doubt", job=making.job, epoch=making.epoch)
        self._receipt(turn, making)
        bench = self.shop.benches.get(making.machine)
        if bench is not None:
            self.shop.announce(turn, bench)
        self.look(turn, making)

    def miss_starts(self, turn: Turn, bench: Bench) -> None:
        """Let go of confirmed lots that the machine did not begin in time.

        And of one that begins later than anything we offer: the clock here was wrong
        when it was leased, and nobody waits for years.
        """
        for making in self.shop.active(bench):
            held = self.shop.lots.get(self.shop.key(making))
            # The end of one begins the next: what is here now is what counts.
            if held is making and self._is_missed(turn.now, making):
                self.final(turn, makings.miss_start(making))

    def _is_missed(self, now: Now, making: Making) -> bool:
        by_ms = self._start_by_ms(making)
        if by_ms is None:
            return False
        latest_ms = now.moment_ms + LATEST_START_MS
        return by_ms <= now.moment_ms or making.start_ms > latest_ms

    def due_moments(self, bench: Bench) -> list[int]:
        """Return the moments at which lots of a machine may begin, or are missed."""
        due: list[int] = []
        for making in self.shop.live.get(bench.machine.id, {}).values():
            if making.state == "ready":
                by_ms = self._start_by_ms(making)
                due += [making.start_ms] if by_ms is None else [making.start_ms, by_ms]
        return due

    def _start_by_ms(self, making: Making) -> int | None:
        """Return when a confirmed lot that was not begun is let go of."""
        policy = self.community.policy()
        if policy is None or making.state != "ready":
            return None
        return making.end_ms + policy.start_by_s * 1_000 + 1

    def refuse(self, turn: Turn, making: Making, refusal: Refusal) -> None:
        """End a lot that was not confirmed, with the reason."""
        self.final(turn, makings.refuse(making, refusal.reason, _detail(refusal)))

    def final(self, turn: Turn, making: Making) -> None:
        """Say FINAL; of a confirmed lot, log what it came to."""
        self.shop.keep(turn, making)
        turn.note(
            making.job, "ended", epoch=making.epoch, good=making.good,
            scrap=making.scrap, reason=making.reason, detail=making.detail,
        )  # fmt: skip
        bench = self.shop.benches.get(making.machine)
        if making.sealed is not None:
            self._log_closed(turn, making)
        self.send_final(turn, making)
        if bench is not None:
            self.shop.announce(turn, bench)
            self.start(turn, bench)

    def send_final(self, turn: Turn, making: Making) -> None:
        """Tell the requester that no piece of a lot will be made from here on."""
        final = FinalSaid(
            making.job, making.epoch, making.maker, making.good, making.scrap,
            making.reason, making.detail,
        )  # fmt: skip
        self.courier.send(turn, making.requester, handoff.FINAL, final)

    def _may_start(self, now: Now, making: Making, design: Design) -> Refusal | None:
        """Return why a lot may not be begun: a membership may have ended since."""
        if making.state != "ready":
            return None
        ours = self.shop.voice.identity.charter
        return may_start(
            making,
            revision=design.revision,
            terms=design.terms,
            withdrawn=design.why_withdrawn,
            maker=self.community.party(ours, now.moment_ms),
            requester=self.community.party(making.charter, now.moment_ms),
        )

    def _receipt(self, turn: Turn, making: Making) -> None:
        self.shop.keep(turn, making)
        receipt = Receipt(
            making.job, making.epoch, making.maker, making.good, making.scrap,
            int(making.state == "in-doubt"),
        )  # fmt: skip
        self.courier.send(turn, making.requester, handoff.RECEIPT, receipt)

    def _log_closed(self, turn: Turn, making: Making) -> None:
        bench = self.shop.benches.get(making.machine)
        setups = () if bench is None else (offer.setup_s for offer in bench.offers)
        closed = lot_closed(
            self.shop.voice.identity,
            turn.now,
            making,
            design=self.shop.designs.get(making.revision),
            policy=self.community.policy(),
            setup_s=max(setups, default=0),
        )
        key = lot_key(making.job, making.epoch)
        self.shop.voice.log(turn, receipt.LOT_CLOSED, key, closed)


def _act(bench: Bench, design: Design, making: Making) -> Act:
    """Return how the piece that has its intent open is made."""
    part = design.revision.part(making.part)
    assert part is not None, "the lease was judged on this part"
    assert making.intent is not None, "a piece is begun under its intent"
    pace = max(offer.pace_permille for offer in bench.offers)
    return Act(
        making.machine, making.requester, making.job, making.epoch, making.intent,
        making.revision, making.part, part.reference_s * 1_000 // pace,
        part.requirement.mass_mg,
    )  # fmt: skip


def _detail(refusal: Refusal) -> str:
    return " ".join(f"{name}={value}" for name, value in refusal.args)[:500]


def _turn(making: Making) -> tuple[bool, int, str]:
    """Return when a lot has its turn: one that was begun is finished first."""
    return making.state != "running", making.start_ms, making.job
