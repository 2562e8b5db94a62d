"""A peer in the simulation, with its people: verbs are what they do at the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec

from fabnet.content.cid import Cid, of_raw
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import Revision, RevisionBody
from fabnet.production.job import Job
from fabnet.production.machine import Machine, MachineState
from fabnet.production.offer import CapacityOffer
from fabnet.production.request import Item, NeedCode, Request
from fabnet.protocol.events import (
    AcceptLot,
    CancelRequest,
    CountBench,
    Event,
    FacilitySeen,
    FileRequest,
    MachineSeen,
    Publish,
)
from fabnet.records.body import Body
from fabnet.records.ids import JobId, MachineId, RecordId, Window
from fabnet.records.refusal import Refusal
from tests.sim import rhythm
from tests.sim.disk import Line
from tests.sim.node import Node


@dataclass(slots=True)
class Site(Node):
    """One node and its people."""

    looking: bool = False
    accepting: bool = False
    introduced: bool = False
    counting: bool = True
    opens_ms: int = 0
    """When its machines may first be used; from then on day and night."""
    asks: int = 0
    papers: list[tuple[str, str | None, Body]] = field(default_factory=list)
    """The documents that its operator keeps beside the database."""

    def _committed(self) -> None:
        self._look_soon()

    def _started(self) -> None:
        self.looking = False
        if self.introduced:
            self._describe()

    def introduces_itself(self) -> None:
        """Tell of the workshop, once others can know whose it is."""
        self.introduced = True
        self._describe()

    def _look_soon(self) -> None:
        if not self.looking:
            self.looking = True
            self._later(rhythm.LOOK_MS, self._look)

    def _look(self) -> None:
        self.looking = False
        busy = False
        if self.counting:
            busy = self.counts_bench() > 0
        if self.accepting:
            busy = self._accepts() > 0 or busy
        if busy:
            self._look_soon()

    def counts_bench(self) -> int:
        """Say what lies on every bench in doubt; return how many there were."""
        doubts = [
            making
            for making in self.mind.workshop.lots.values()
            if making.state == "in-doubt"
        ]
        for making in doubts:
            assert making.intent is not None
            piece = (f"{making.job}/{making.epoch}", making.intent)
            # What the machine never began is as good as scrap.
            good = self.bench.came_out.get(piece, False)
            self.asks += 1
            self.happen(CountBench(self.asks, making.job, making.epoch, good, "ana"))
        return len(doubts)

    def _accepts(self) -> int:
        closed = [
            lot
            for lot in self.mind.book.lots.values()
            if lot.state == "closed" and lot.closed and not lot.accepted
        ]
        for lot in closed:
            self.asks += 1
            self.happen(AcceptLot(self.asks, lot.job, lot.epoch, ()))
        return len(closed)

    def accepts_all(self) -> None:
        self.accepting = True

    def asks_mind(self, make: Callable[[int], Event]) -> RecordId | Refusal:
        """Ask the mind, and wait for its durable answer."""
        self.asks += 1
        number = self.asks
        self.happen(make(number))
        done = self.world.until(
            lambda: number in self.answers, most_ms=rhythm.ANSWER_MS_MAX
        )
        assert done, f"{self.name} did not answer"
        return self.answers.pop(number)

    def carries(self, kind: str, about: str | None, body: Body) -> RecordId:
        """Publish a log record."""
        said = self.asks_mind(lambda ask: Publish(ask, kind, about, body))
        assert not isinstance(said, Refusal), said
        return said

    def publishes(self, design: Revision, grant: bytes | None) -> Cid:
        """Publish a revision, its files, and its grant."""
        raw = revisions.encode(design)
        cid = revisions.revision_cid(raw)
        self.disk.blobs[cid] = raw
        self.disk.blobs[of_raw(b"content")] = b"content"
        folder = of_raw(b"folder")
        body = RevisionBody(cid, len(raw), folder, design.title, design.lineage)
        self.carries(revisions.KIND, None, body)
        if grant is not None:
            self.carries(grants.KIND, cid, GrantBody(grant))
        return cid

    def request(
        self,
        revision: Cid,
        pieces: int,
        *,
        part: str = "Hook",
        due_h: int = 24,
        deadline_h: int | None = None,
        need: NeedCode = "livelihood",
    ) -> Request:
        """Return what somebody wants, due some hours from what the clock says here."""
        now_ms = self.now().moment_ms
        due_ms = now_ms + due_h * 3_600_000
        deadline_ms = None if deadline_h is None else now_ms + deadline_h * 3_600_000
        return Request(
            (Item(revision, part, pieces),), due_ms, deadline_ms, need,
            "make_for_peer_at_cost", ("cost_recovery_only",), (), None,
            self.facility.place, self.identity.charter, "a" * 64,
        )  # fmt: skip

    def tries_to_ask_for(
        self,
        revision: Cid,
        pieces: int = 6,
        *,
        part: str = "Hook",
        due_h: int = 24,
        deadline_h: int | None = None,
        need: NeedCode = "livelihood",
        personal: bytes = b"Ada, at the back door",
    ) -> RecordId | Refusal:
        """File a request, and return its answer."""
        request = self.request(
            revision, pieces, part=part, due_h=due_h, deadline_h=deadline_h, need=need
        )
        seed = self.world.dice.randbytes(32)
        return self.asks_mind(lambda ask: FileRequest(ask, request, personal, seed))

    def asks_for(
        self,
        revision: Cid,
        pieces: int = 6,
        *,
        due_h: int = 24,
        need: NeedCode = "livelihood",
        personal: bytes = b"Ada, at the back door",
    ) -> JobId:
        said = self.tries_to_ask_for(
            revision, pieces, due_h=due_h, need=need, personal=personal
        )
        assert not isinstance(said, Refusal), said
        return JobId(said)

    def cancels(self, job: JobId) -> RecordId | Refusal:
        return self.asks_mind(lambda ask: CancelRequest(ask, job))

    def owns(
        self, machine: Machine, *, pace_permille: int = 1_000, setup_s: int = 60
    ) -> MachineId:
        """Have a machine, open day and night."""
        (capability,) = machine.capabilities
        offer = CapacityOffer(
            machine.id, self.facility.id, capability, pace_permille, setup_s, 120, (),
            ("members", "federation"), machine.ttl_s,
        )  # fmt: skip
        self.machines[machine.id] = MachineSeen(machine, (offer,), ())
        self._show(machine.id)
        return machine.id

    def sets(self, machine: MachineId, state: MachineState) -> None:
        """Drain a machine, or let it work again."""
        seen = self.machines[machine]
        changed = msgspec.structs.replace(seen.machine, state=state)
        self.machines[machine] = replace(seen, machine=changed)
        self._show(machine)

    def _describe(self) -> None:
        self.happen(FacilitySeen(self.facility))
        for machine in self.machines:
            self._show(machine)
        self._later(rhythm.DESCRIBE_MS, self._describe)

    def _show(self, machine: MachineId) -> None:
        seen = self.machines[machine]
        day_ms = 86_400_000
        from_ms = self.now().moment_ms // day_ms * day_ms
        opens_ms = max(from_ms, self.opens_ms)
        opened = (Window(opens_ms, from_ms + 15 * day_ms),)
        self.happen(replace(seen, opened=opened))

    # ------------------------------------------------------------------ what is known

    def story(self, subject: str) -> list[Line]:
        return [line for line in self.disk.story if line.subject == subject]

    def job(self, id_: JobId) -> Job | None:
        """Return a job as the disk has it, open or closed."""
        return self.disk.job(id_) or self.disk.closed_job(id_)

    def state(self, id_: JobId) -> str:
        return getattr(self.job(id_), "state", "unknown")
