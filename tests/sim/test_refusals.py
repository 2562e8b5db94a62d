"""What people and peers are refused, each for its reason."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from fabnet.production import handoff
from fabnet.production.plan import Certificate, Placed
from fabnet.protocol.events import CountBench, PieceMade, PlanReady, Recalled
from fabnet.protocol.handoff import asking, rounds
from fabnet.records.ids import JobId, MachineId, Window
from fabnet.records.refusal import Refusal
from tests.production import samples
from tests.sim.cities import founded, published
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_doubted_papers import NOWHERE, says
from tests.sim.test_restored import asked, hook_of, made, the_lot


def reason(said: object) -> str:
    assert isinstance(said, Refusal), said
    return said.reason


# ------------------------------------------------------------------ to its own people


def test_a_request_that_is_too_late_or_contradicts_itself_is_refused() -> None:
    network = founded("jackson", seed=1)
    jackson = network["jackson"]
    cid = published(jackson)

    assert reason(jackson.tries_to_ask_for(cid, due_h=-1)) == "due-in-the-past"
    early = jackson.tries_to_ask_for(cid, due_h=24, deadline_h=1)
    assert reason(early) == "deadline-before-due"


def test_one_job_more_than_are_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, jackson, detroit, _ = asked()
    monkeypatch.setattr(asking, "JOBS_OPEN_MAX", 1)

    assert reason(jackson.tries_to_ask_for(hook_of(detroit))) == "too-many-jobs"


def test_nothing_is_counted_that_is_not_in_doubt() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)

    said = detroit.asks_mind(lambda ask: CountBench(ask, job, 1, good=True, person="a"))
    assert reason(said) == "no-lot-in-doubt"
    detroit.happen(PieceMade(jackson.id, job, 1, 77, True, 60, 5, 900))
    network.run(1)
    assert "piece-of-no-intent" in detroit.disk.codes(job)


# ------------------------------------------------------------------ of plans


def test_a_design_that_cannot_be_had_is_told_at_both_ends() -> None:
    network, jackson, detroit, job = asked()
    cid = hook_of(detroit)
    jackson.happen(Recalled(cid, None, "nobody has it"))
    network.until(lambda: bool(detroit.mind.workshop.lots))
    detroit.happen(Recalled(cid, None, "nobody has it"))
    network.run(60)

    assert "design-missing" in jackson.disk.codes(job)
    (over,) = [line for line in detroit.story(job) if line.code == "ended"][:1]
    assert over.arg("reason") == "design-missing"


def planned(network: Network, jackson: Site, detroit: Site, job: JobId) -> Placed:
    """Return a plan for one piece on Detroit's printer, as it is offered now."""
    ((_, live),) = [
        each for each in jackson.mind.market.offers.items() if each[0][0] == detroit.id
    ]
    now_ms = network.world.now_ms + 3_600_000
    held = jackson.mind.book.jobs[job].request.items[0]
    return Placed(
        job, held.revision, held.part, 1, detroit.id, live.body.machine, "printer",
        "detroit", live.version, Window(now_ms, now_ms + 3_600_000), 0, (), (),
    )  # fmt: skip


def test_a_plan_is_held_to_the_offers_of_now_and_says_what_it_proved() -> None:
    network, jackson, detroit, _ = asked()
    network.run(600)
    job = jackson.asks_for(hook_of(detroit), 2)
    placed = planned(network, jackson, detroit, job)

    jackson.happen(PlanReady((dataclasses.replace(placed, version=0),)))
    jackson.happen(PlanReady((placed,), Certificate(cost_ms=10_000, bound_ms=9_876)))
    network.run(1)

    assert {"plan-stale", "plan-proven"} <= set(jackson.disk.codes(job))


def test_a_lot_is_not_confirmed_to_whom_nothing_can_be_sealed() -> None:
    network, jackson, detroit, job = asked()
    network.until(lambda: any(it.job == job for it in jackson.mind.book.lots.values()))
    keys = jackson.mind.community.sealing_keys
    del keys[detroit.id]
    network.run(30)

    assert "no-sealing-key" in jackson.disk.codes(job)
    assert the_lot(jackson, job).state == "dropped"


# ------------------------------------------------------------------ to other peers


def refused(site: Site) -> str:
    """Return why a site refused the lot that it was asked for last."""
    last = [line for line in site.story(samples.job()) if line.code == "ended"][-1]
    return str(last.arg("reason"))


def test_a_lot_is_refused_at_once_by_what_everyone_can_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, jackson, detroit, _ = asked()
    network.run(30)
    (machine,) = detroit.machines
    lease = msgspec.structs.replace(
        samples.lease_request(), machine=machine, charter=jackson.identity.charter
    )

    def asks(epoch: int, **but: object) -> str:
        body = msgspec.structs.replace(lease, epoch=epoch, **but)
        says(network, jackson, detroit, handoff.LEASE_REQUEST, body)
        return refused(detroit)

    assert asks(1, machine=MachineId("detroit/none")) == "no-such-machine"
    assert asks(2, charter=NOWHERE) == "not-your-cooperative"
    monkeypatch.setattr(rounds, "LOTS_MAX", 0)
    monkeypatch.setattr(type(detroit.mind.workshop), "forget_one", lambda _: False)
    assert asks(3) == "too-many-lots"
