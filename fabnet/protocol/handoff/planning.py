"""From owed pieces to lots: designs fetched and judged, plans asked for and acted on.

All waiting jobs are planned at once. The plan is only a proposal: what has changed
since it was asked for is planned again, and the facility decides in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.cooperation.judgement import accepted_materials, may_request
from fabnet.production import handoff, receipt
from fabnet.production import job as jobs
from fabnet.production.handoff import LeaseRequest
from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.plan import (
    Certificate,
    Placed,
    Problem,
    Rejection,
    Unplaced,
    Wanted,
)
from fabnet.production.receipt import LotOpened, lot_key
from fabnet.protocol.community import Community
from fabnet.protocol.effects import AskPlan, Recall, Turn
from fabnet.protocol.events import Design, PlanReady, Recalled
from fabnet.protocol.handoff.book import Book, item_of
from fabnet.protocol.market import Market
from fabnet.records.ids import JobId, MachineId, PeerId

DESIGNS_MAX: Final = 256
"""Designs remembered between plans; the oldest is fetched again when needed."""
OTHERS_NOTED_MAX: Final = 12
"""Lines of "why not the others" for one placement in a story."""
PLAN_AGAIN_MS: Final = 500
"""The least time between two plans: what changes meanwhile is planned together."""
RECALL_AGAIN_MS: Final = 30_000
"""A design that could not be fetched is tried again."""
LEASE_WAIT_MS: Final = 150_000
"""How long a LEASE-REQUEST may go unanswered; then the pieces are owed again."""


@dataclass(slots=True)
class Planning:
    """Knows the designs that jobs wait for, and when to plan."""

    book: Book
    community: Community
    market: Market
    designs: dict[Cid, Design] = field(default_factory=dict)
    recall_tick: dict[Cid, int] = field(default_factory=dict)
    """When a design that is missing is asked for again."""
    planning: bool = False
    plan_tick: int | None = None
    """When to plan next; nil when nothing waits."""
    told: dict[tuple[JobId, str], dict[tuple[PeerId, MachineId], str]] = field(
        default_factory=dict
    )
    """Of each row (job and part), what the story last said of the other machines."""

    def tend(self, turn: Turn) -> None:
        """Look at what came to be owed: fetch its designs, or plan soon."""
        if self.market.changed and self.book.jobs:
            self._plan_soon(turn)
        self.market.changed = False
        if not self.book.owing:
            return
        self.book.owing = False
        for job in self.book.jobs.values():
            for item, owed in zip(job.request.items, job.owed, strict=True):
                if owed and job.state == "open":
                    self._need(turn, item.revision)

    def _need(self, turn: Turn, cid: Cid) -> None:
        # Read anew for each job: a grant may have come since.
        if cid not in self.recall_tick:
            self.recall_tick[cid] = turn.now.tick_ms + RECALL_AGAIN_MS
            turn.do(Recall(cid, ()))

    def recalled(self, turn: Turn, event: Recalled) -> None:
        """Go on with the jobs that waited for a design."""
        asked = self.recall_tick.pop(event.cid, None) is not None
        waiting = [job for job in self.book.jobs.values() if _concerns(job, event)]
        if event.design is not None and event.design.withdrawn is not None:
            # Without its design nothing is planned, not even before it is judged.
            self.designs.pop(event.cid, None)
        if not asked and not waiting:
            # Fetched for the commons; it may have no grant yet, so it is not kept.
            return
        if event.design is None:
            self.recall_tick[event.cid] = turn.now.tick_ms + RECALL_AGAIN_MS
            for job in waiting:
                turn.note(job.id, "design-missing", revision=event.cid, why=event.why)
            return
        if event.design.withdrawn is None:
            self._remember(turn, event.design, waiting)
        for job in waiting:
            self._judge_job(turn, job, event.design)
        self._plan_soon(turn)

    def _remember(self, turn: Turn, design: Design, waiting: list[Job]) -> None:
        if len(self.designs) >= DESIGNS_MAX:
            del self.designs[next(iter(self.designs))]
        self.designs[design.cid] = design
        for job in waiting:
            turn.note(job.id, "design-verified", title=design.revision.title)

    def planned(self, turn: Turn, event: PlanReady) -> None:
        """Open a lot for each placement that still holds; remember why for the rest."""
        self.planning = False
        for answer in event.plan:
            job = self.book.jobs.get(answer.job)
            if job is None or job.state != "open":
                continue
            if isinstance(answer, Placed):
                self._place(turn, job, answer, event.certificate)
            else:
                self._unplace(turn, job, answer)

    def tick(self, turn: Turn) -> None:
        """Plan when it is time, and let go of what nobody answered."""
        now = turn.now.tick_ms
        for cid, due in self.recall_tick.items():
            if due <= now:
                self.recall_tick[cid] = now + RECALL_AGAIN_MS
                turn.do(Recall(cid, ()))
        waiting = self.book.answer_by_tick
        for key in [key for key, due in waiting.items() if due <= now]:
            del waiting[key]
            lot = self.book.lots.get(key)
            if lot is not None and lot.state == "asked":
                turn.note(lot.job, "lease-unanswered", epoch=lot.epoch)
                self.book.remember_no(turn, lot, lot.version)
                self.book.drop(turn, lots.unanswered(lot))
        for job in self.book.past_deadline(turn.now.moment_ms):
            if job.state == "open" and any(job.owed):
                self._expired(turn, job)
        if self.plan_tick is not None and self.plan_tick <= now and not self.planning:
            self._plan(turn)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        plans = self.plan_tick is not None and not self.planning
        due = self.plan_tick if plans else None
        for timers in (self.recall_tick, self.book.answer_by_tick):
            for tick in timers.values():
                if due is None or tick < due:
                    due = tick
        return due

    def due_moment(self) -> int | None:
        """The calendar moment at which `tick` next has something to do."""
        return self.book.deadlines[0][0] if self.book.deadlines else None

    def wake(self, turn: Turn) -> None:
        """Go on after a restart: timers begin anew, designs are fetched again."""
        for key, lot in self.book.lots.items():
            if lot.state == "asked":
                self.book.answer_by_tick[key] = turn.now.tick_ms + LEASE_WAIT_MS
        self.book.owing = True

    def _plan_soon(self, turn: Turn) -> None:
        if self.plan_tick is None:
            self.plan_tick = turn.now.tick_ms + PLAN_AGAIN_MS

    def _judge_job(self, turn: Turn, job: Job, design: Design) -> None:
        if job.state != "open":
            return
        ours = self.book.voice.identity.charter
        moment_ms = turn.now.moment_ms
        refusal = may_request(
            job.request,
            revision=design.revision,
            cid=design.cid,
            terms=design.terms,
            withdrawn=design.why_withdrawn,
            actor=self.community.actor(ours, moment_ms),
            facts=self.community.facts(ours, moment_ms),
        )
        if refusal is not None:
            turn.note(job.id, "refused", reason=refusal.reason, **dict(refusal.args))
            withdrawn = None if design.withdrawn is None else design.cid
            self.book.refuse(turn, job, refusal.reason, withdrawn=withdrawn)

    def _plan(self, turn: Turn) -> None:
        self.plan_tick = None
        policy = self.community.policy()
        if policy is None:
            return
        moment_ms = turn.now.moment_ms
        offered = self.market.offered(moment_ms)
        wanted = tuple(
            row
            for job in sorted(self.book.jobs.values(), key=lambda each: each.id)
            if job.state == "open" and not self._expired(turn, job)
            for row in self._wanted(job, policy.need_weight(job.request.need))
        )
        self.told = {
            row: told for row, told in self.told.items() if row[0] in self.book.jobs
        }
        if wanted:
            self.planning = True
            turn.do(AskPlan(Problem(wanted, offered, moment_ms, policy.weights)))

    def _wanted(self, job: Job, need_weight: int) -> list[Wanted]:
        rows: list[Wanted] = []
        for item, owed in zip(job.request.items, job.owed, strict=True):
            design = self.designs.get(item.revision)
            part = None if design is None else design.revision.part(item.part)
            if not owed or part is None:
                continue
            requirement = part.requirement
            if job.request.materials:
                chosen = accepted_materials(job.request, part)
                requirement = msgspec.structs.replace(requirement, materials=chosen)
            rows.append(
                Wanted(
                    job=job.id,
                    part=item.part,
                    revision=item.revision,
                    pieces=owed,
                    requirement=requirement,
                    reference_s=part.reference_s,
                    due_ms=job.request.due_ms,
                    deadline_ms=job.request.deadline_ms,
                    need_weight=need_weight,
                    radius_m=job.request.radius_m,
                    place=job.request.place,
                    charter=job.request.charter,
                    refused=tuple(
                        (each.peer, each.machine, each.version) for each in job.refused
                    ),
                )
            )
        return rows

    def _expired(self, turn: Turn, job: Job) -> bool:
        deadline = job.request.deadline_ms
        if deadline is None or turn.now.moment_ms < deadline:
            return False
        turn.note(job.id, "deadline-passed")
        self.book.keep_job(turn, msgspec.structs.replace(job, state="expired"))
        self.book.close_if_done(turn, job.id)
        return True

    def _place(
        self, turn: Turn, job: Job, placed: Placed, certificate: Certificate | None
    ) -> None:
        item = item_of(job, placed.revision, placed.part)
        holds = (
            placed.pieces <= job.owed[item]
            and self.market.is_current(placed.peer, placed.machine, placed.version)
            and self.book.courier.has_room(placed.peer)
        )
        if not holds:
            turn.note(job.id, "plan-stale", machine=placed.machine)
            self._plan_soon(turn)
            return
        policy = self.community.policy()
        assert policy is not None, "a plan is only asked for under a policy"
        job = jobs.opened(job, item, placed.pieces)
        wanted = job.request.items[item]
        body = LotOpened(
            job.id, job.epoch, wanted.revision, wanted.part, placed.pieces,
            placed.peer, placed.machine, placed.window.start_ms, placed.window.end_ms,
            policy.id,
        )  # fmt: skip
        key = lot_key(job.id, job.epoch)
        self.book.voice.log(turn, receipt.LOT_OPENED, key, body)
        self.book.keep_job(turn, job)
        asked = self.book.courier.known(placed.peer)
        lot = lots.open_lot(body, version=placed.version, asked=asked)
        self.book.keep_lot(turn, lot)
        self._tell_why(turn, job, placed)
        if certificate is not None and certificate.gap_permyriad:
            gap_permyriad = certificate.gap_permyriad
            turn.note(job.id, "plan-proven", gap_permyriad=gap_permyriad)
        elif certificate is not None:
            turn.note(job.id, "plan-best")
        request = job.request
        ask = LeaseRequest(
            job.id, job.epoch, wanted.revision, wanted.part, placed.pieces,
            placed.machine, placed.version, body.start_ms, body.end_ms,
            request.due_ms, request.need, request.act, request.facts, request.charter,
        )  # fmt: skip
        self.book.answer_by_tick[key] = turn.now.tick_ms + LEASE_WAIT_MS
        self.book.courier.send(turn, placed.peer, handoff.LEASE_REQUEST, ask)

    def _tell_why(self, turn: Turn, job: Job, placed: Placed) -> None:
        terms = {
            term.name.replace("-", "_") + "_ms": term.cost_ms for term in placed.terms
        }
        turn.note(
            job.id, "placed", epoch=job.epoch, part=placed.part, pieces=placed.pieces,
            machine=placed.machine_name, facility=placed.facility_name,
            distance_m=placed.distance_m, start_ms=placed.window.start_ms,
            end_ms=placed.window.end_ms, **terms, **_runner_up(placed),
        )  # fmt: skip
        self._tell_others(turn, job, placed)

    def _tell_others(self, turn: Turn, job: Job, answer: Placed | Unplaced) -> None:
        """Tell of the other machines, unless it was told when it was last planned."""
        others = answer.others[:OTHERS_NOTED_MAX]
        before = self.told.get((job.id, answer.part), {})
        self.told[job.id, answer.part] = {
            (other.peer, other.machine): _gist(other) for other in others
        }
        for other in others:
            if before.get((other.peer, other.machine)) == _gist(other):
                continue
            turn.note(
                job.id, "not-chosen", machine=other.machine_name,
                facility=other.facility_name, reason=other.reason,
                wanted=other.wanted, limit=other.limit,
            )  # fmt: skip

    def _unplace(self, turn: Turn, job: Job, unplaced: Unplaced) -> None:
        if job.unplaced == unplaced.reason:
            return
        self.book.keep_job(turn, msgspec.structs.replace(job, unplaced=unplaced.reason))
        turn.note(job.id, "unplaced", part=unplaced.part, reason=unplaced.reason)
        self._tell_others(turn, job, unplaced)


def _gist(other: Rejection) -> str:
    """Return what is worth telling again: why, and not each figure that moves on."""
    return f"taken {other.limit}" if other.reason == "taken" else other.reason


def _runner_up(placed: Placed) -> dict[str, str]:
    """Return the next best machine, and the term in which it differs by most."""
    if not placed.others or placed.others[0].reason != "costlier":
        return {}
    other = placed.others[0]
    return {
        "next_machine": other.machine_name, "next_facility": other.facility_name,
        "next_wanted": other.wanted, "next_limit": other.limit,
    }  # fmt: skip


def _concerns(job: Job, event: Recalled) -> bool:
    """Whether an open job waits for a design, or has it in work and it is withdrawn."""
    withdrawn = event.design is not None and event.design.withdrawn is not None
    items = zip(job.request.items, job.owed, strict=True)
    return job.state == "open" and any(
        item.revision == event.cid and (owed or withdrawn) for item, owed in items
    )
