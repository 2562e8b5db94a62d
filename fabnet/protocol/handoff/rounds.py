"""Rounds: lease-requests wait a while and are answered in our own policy's order.

Between cities need decides, not arrival. What may be leased is `judgement`'s to say;
here it is asked, and the answer sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.content.cid import Cid
from fabnet.cooperation.judgement import Station, may_lease
from fabnet.cooperation.need import round_order
from fabnet.cooperation.policy import Policy
from fabnet.designs.licence.eligible import Permitted
from fabnet.production import handoff
from fabnet.production.handoff import Cancel, Confirm, Lease, LeaseRequest
from fabnet.production.lots import making as makings
from fabnet.production.lots.lot import Ignored
from fabnet.production.lots.making import Making
from fabnet.protocol.community import Community
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Recall, Turn
from fabnet.protocol.events import DiskState, Recalled
from fabnet.protocol.handoff.closing import licence_acceptance
from fabnet.protocol.handoff.doubt.remnants import Remnants
from fabnet.protocol.handoff.making import Work
from fabnet.protocol.handoff.workshop import LOTS_MAX, Bench, Workshop, next_change
from fabnet.records.ids import Now
from fabnet.records.message import Message
from fabnet.records.refusal import Refusal

DESIGN_WAIT_MS: Final = 60_000
"""How long a lot may wait for its design before it is refused."""

RECALL_AGAIN_MS: Final = 30_000
"""How often the missing design of a confirmed lot is asked for."""

Said = LeaseRequest | Confirm | Cancel


@dataclass(slots=True)
class Rounds:
    """Hears requesters, and decides at the end of each round."""

    shop: Workshop
    work: Work
    community: Community
    courier: Courier
    remnants: Remnants
    design_by_tick: dict[str, int] = field(default_factory=dict)
    hold_by_tick: dict[str, int] = field(default_factory=dict)
    recall_tick: dict[Cid, int] = field(default_factory=dict)
    """When the design of a confirmed lot, missing after a restart, is asked for."""

    def hear(self, turn: Turn, message: Message) -> None:
        """Take what a requester says of a lot."""
        said = _read(message)
        if said is None:
            return
        if self.remnants.hear(turn, message, said):
            return
        key = self.shop.key_of(message.author, said.job, said.epoch)
        making = self.shop.lots.get(key)
        if making is None:
            self._first(turn, message, said)
            return
        before = making.state
        after = makings.hear_requester(making, said, author=message.author)
        if isinstance(after, Ignored):
            turn.note(said.job, "ignored", kind=message.kind, reason=after.reason)
        elif after.state == "final" and before == "final":
            self.work.send_final(turn, after)
        elif after.state == "final":
            self.work.final(turn, after)
        else:
            self.shop.keep(turn, after)
            if isinstance(said, Cancel) and after.intent is None:
                self.work.go_on(turn, after)
            if isinstance(said, Confirm):
                turn.note(said.job, "confirmed", epoch=said.epoch)
                self.hold_by_tick.pop(key, None)
                self.work.start(turn, self.shop.benches[after.machine])

    def recalled(self, turn: Turn, event: Recalled) -> None:
        """Know a design that a lot waits for, or refuse the lot."""
        live = [lot for lots in self.shop.live.values() for lot in lots.values()]
        waiting = [making for making in live if making.revision == event.cid]
        known = event.cid in self.shop.designs
        if event.design is not None and (waiting or known):
            self.shop.designs[event.cid] = event.design
            self.work.withdraw(turn, event.cid)
        for making in waiting:
            bench = self.shop.benches.get(making.machine)
            if event.design is None and making.state == "queued":
                self.work.refuse(
                    turn, making, Refusal("design-missing", (("why", event.why),))
                )
            elif event.design is None:
                self.recall_tick[event.cid] = turn.now.tick_ms + RECALL_AGAIN_MS
            elif bench is not None and making.state in ("ready", "running"):
                self.work.tell_waiting(turn, making)
                self.work.start(turn, bench)
            else:
                self.work.look(turn, making)

    def seen(self, turn: Turn, bench: Bench) -> None:
        """Answer who asked for a machine before it was seen, and begin what is due."""
        if bench.round_tick is None and self.shop.queued(bench.machine.id):
            bench.round_tick = turn.now.tick_ms
        for making in self.shop.active(bench):
            self.work.look(turn, making)
        self.work.start(turn, bench)

    def disk_seen(self, turn: Turn, state: DiskState) -> None:
        """Stop beginning things, or begin again what waited for room."""
        if state == self.shop.disk:
            return
        self.shop.disk = state
        for bench in self.shop.benches.values():
            self.work.start(turn, bench)
            self.shop.announce(turn, bench)

    def tick(self, turn: Turn) -> None:
        """End rounds, let holds go, begin what is due."""
        now = turn.now.tick_ms
        for key in [key for key, due in self.hold_by_tick.items() if due <= now]:
            del self.hold_by_tick[key]
            making = self.shop.lots.get(key)
            if making is not None and making.state == "held":
                self.work.final(turn, makings.expire_hold(making))
        for cid in [cid for cid, due in self.recall_tick.items() if due <= now]:
            del self.recall_tick[cid]
            turn.do(Recall(cid, ()))
        for bench in self.shop.benches.values():
            if bench.round_tick is not None and bench.round_tick <= now:
                self._end_round(turn, bench)
            self.work.miss_starts(turn, bench)
            self.work.start(turn, bench)
            self.shop.announce(turn, bench)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do, calendar moments aside."""
        due: int | None = None
        for timers in (self.hold_by_tick, self.recall_tick):
            for tick in timers.values():
                if due is None or tick < due:
                    due = tick
        for bench in self.shop.benches.values():
            ends = bench.round_tick
            if ends is not None and (due is None or ends < due):
                due = ends
        return due

    def due_moment(self, after_ms: int) -> int | None:
        """The first calendar moment past `after_ms` when `tick` has something to do."""
        if not self.shop.benches:
            return None
        due = next_change(after_ms)
        for bench in self.shop.benches.values():
            for moment in self.work.due_moments(bench):
                if after_ms < moment < due:
                    due = moment
        return due

    def wake(self, turn: Turn) -> None:
        """After a restart: what was begun is in doubt, and old holds are gone."""
        for making in list(self.shop.lots.values()):
            if making.intent is not None and making.state == "running":
                self.work.doubt(
                    turn, making, "the node stopped while the machine was making"
                )
            elif making.state == "held":
                self.work.final(turn, makings.expire_hold(making))
            elif making.state == "queued":
                self._wait_for_round(turn, making)
            if making.state in ("ready", "running", "in-doubt"):
                turn.do(Recall(making.revision, (making.requester,)))

    def _first(self, turn: Turn, message: Message, said: Said) -> None:
        if not isinstance(said, LeaseRequest):
            self.remnants.first(turn, message, said)
            return
        header, ours = message.header, self.shop.voice.identity.incarnation
        making = makings.queue(
            said, header.author, maker=ours, asked_by=header.incarnation
        )
        self.shop.keep(turn, making)
        turn.note(
            said.job, "lease-requested", epoch=said.epoch, part=said.part,
            pieces=said.pieces, machine=said.machine,
        )  # fmt: skip
        refusal = self._refuse_at_once(making)
        if refusal is not None:
            self.work.refuse(turn, making, refusal)
        else:
            self._wait_for_round(turn, making)

    def _refuse_at_once(self, making: Making) -> Refusal | None:
        if self.shop.disk != "ample":
            return Refusal("disk-low")
        if making.machine not in self.shop.benches:
            return Refusal("no-such-machine", (("machine", making.machine),))
        if len(self.shop.lots) > LOTS_MAX and not self.shop.forget_one():
            return Refusal("too-many-lots", (("most", LOTS_MAX),))
        if making.requester in self.community.forked:
            return Refusal("author-forked", (("peer", making.requester),))
        if self.community.charter_of(making.requester) != making.charter:
            return Refusal("not-your-cooperative", (("charter", making.charter),))
        return None

    def _wait_for_round(self, turn: Turn, making: Making) -> None:
        policy = self.community.policy()
        round_ms = 1_000 * (1 if policy is None else policy.round_s)
        now = turn.now.tick_ms
        bench = self.shop.benches.get(making.machine)
        if bench is not None and bench.round_tick is None:
            bench.round_tick = now + round_ms
        key = self.shop.key(making)
        self.design_by_tick[key] = now + DESIGN_WAIT_MS
        if making.revision not in self.shop.designs:
            turn.do(Recall(making.revision, (making.requester,)))

    def _end_round(self, turn: Turn, bench: Bench) -> None:
        bench.round_tick = None
        policy = self.community.policy()
        queued = self.shop.queued(bench.machine.id)
        if policy is None:
            for making in queued:
                self.work.refuse(turn, making, Refusal("no-policy"))
            return
        for making in round_order(policy, queued, turn.now.moment_ms):
            if making.revision in self.shop.designs:
                self._decide(turn, bench, making, policy)
                continue
            by_tick = self.design_by_tick.get(self.shop.key(making), 0)
            if by_tick <= turn.now.tick_ms:
                self.work.refuse(turn, making, Refusal("design-missing"))
            else:
                bench.round_tick = turn.now.tick_ms + 1_000 * policy.round_s
        self.shop.announce(turn, bench)

    def _decide(self, turn: Turn, bench: Bench, making: Making, policy: Policy) -> None:
        verdict = self._judge(turn.now, bench, making, policy)
        if self.shop.disk != "ample":
            verdict = Refusal("disk-low")
        if not isinstance(verdict, Permitted):
            self.work.refuse(turn, making, verdict)
            return
        maker = self.community.party(
            self.shop.voice.identity.charter, turn.now.moment_ms
        )
        acceptance = licence_acceptance(
            self.shop.voice.identity,
            turn.now,
            making,
            self.shop.designs[making.revision],
            elected=verdict.elected,
            actor=maker.actor,
            facts=sorted(maker.facts | set(making.facts)),
        )
        making = makings.hold(
            making, policy=policy.id, acceptance=acceptance, licence=verdict.elected
        )
        self.shop.keep(turn, making)
        key = self.shop.key(making)
        self.hold_by_tick[key] = turn.now.tick_ms + policy.hold_s * 1_000
        turn.note(
            making.job, "lease-held", epoch=making.epoch, licence=verdict.elected,
            duties=" ".join(sorted({duty.code for duty in verdict.duties})),
            policy=policy.version,
        )  # fmt: skip
        lease = Lease(
            making.job, making.epoch, self.shop.voice.identity.incarnation,
            policy.hold_s, policy.id, acceptance,
        )  # fmt: skip
        self.courier.send(turn, making.requester, handoff.LEASE, lease)

    def _judge(
        self, now: Now, bench: Bench, making: Making, policy: Policy
    ) -> Permitted | Refusal:
        design = self.shop.designs[making.revision]
        ours = self.shop.voice.identity.charter
        others = [each for each in self.shop.active(bench) if each != making]
        station = Station(
            bench.machine.state if self.shop.state(bench) != "in-doubt" else "in-doubt",
            [(offer, self.shop.since(offer)) for offer in bench.offers],
            self.shop.free(bench, now, others),
        )
        return may_lease(
            making,
            revision=design.revision,
            terms=design.terms,
            withdrawn=design.why_withdrawn,
            station=station,
            policy=policy,
            maker=self.community.party(ours, now.moment_ms),
            requester=self.community.party(making.charter, now.moment_ms),
        )


def _read(message: Message) -> Said | None:
    match message.kind:
        case handoff.LEASE_REQUEST:
            return message.read(LeaseRequest)
        case handoff.CONFIRM:
            return message.read(Confirm)
        case handoff.CANCEL:
            return message.read(Cancel)
        case _:
            return None
