"""The simulation sees planted bugs: each breaks one promise, and is caught."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import KIND, WithdrawalBody
from fabnet.production import job as jobs
from fabnet.production.job import Job
from fabnet.production.lots import making as makings
from fabnet.production.lots.making import Making
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Put, Turn
from fabnet.protocol.handoff.making import Work
from fabnet.protocol.handoff.workshop import Workshop
from tests.sim.cities import founded, hook, printer, published, withdrawing
from tests.sim.network import Network
from tests.sim.world import Climate


def walking() -> Network:
    network = founded("jackson", "detroit", seed=5)
    jackson, detroit = network.sites.values()
    detroit.owns(printer(detroit))
    jackson.accepts_all()
    cid = published(detroit)
    network.knows_of(cid)
    jackson.asks_for(cid, 3)
    return network


def test_a_message_that_is_not_in_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Courier.send

    def forgetful(self: Courier, turn: Turn, *rest: object) -> None:
        send(self, turn, *rest)  # type: ignore[arg-type]  # passed on as it came
        turn.effects[:] = [
            effect
            for effect in turn.effects
            if not (isinstance(effect, Put) and effect.table == "outbox")
        ]

    network = walking()
    monkeypatch.setattr(Courier, "send", forgetful)
    with pytest.raises(AssertionError, match="before its outbox row"):
        network.run(3_600)


def test_a_piece_in_doubt_that_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def again(self: Work, turn: Turn, making: Making, why: str) -> None:
        turn.note(making.job, "never-mind", why=why)
        self.shop.keep(turn, msgspec.structs.replace(making, intent=None))

    monkeypatch.setattr(Work, "doubt", again)
    network = walking()
    detroit = network["detroit"]
    network.until(lambda: bool(detroit.bench.in_machine))
    detroit.crashes()
    detroit.starts()
    with pytest.raises(AssertionError, match="made before"):
        network.run(3_600)


def test_pieces_that_come_back_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = jobs.closed

    def generous(job: Job, item: int, *, pieces: int, good: int) -> Job:
        return closed(job, item, pieces=pieces, good=max(0, good - 1))

    monkeypatch.setattr(jobs, "closed", generous)
    network = walking()
    with pytest.raises(AssertionError, match="pieces from nowhere"):
        network.run(7_200)


def test_good_pieces_that_nobody_made(monkeypatch: pytest.MonkeyPatch) -> None:
    finish = makings.finish

    def boastful(making: Making, piece: int, **measured: int) -> Making:
        return finish(making, piece, **{**measured, "good": True})  # type: ignore[arg-type]  # by name

    monkeypatch.setattr(makings, "finish", boastful)
    network = walking()
    network.world.climate = Climate(scrap_permille=1_000)
    with pytest.raises(AssertionError, match="H3"):
        network.run(7_200)


def test_an_intent_that_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Workshop.keep

    def careless(self: Workshop, turn: Turn, making: Making) -> None:
        if making.intent is None:
            keep(self, turn, making)
        else:
            self.lots[f"{making.job}/{making.epoch}"] = making

    monkeypatch.setattr(Workshop, "keep", careless)
    network = walking()
    with pytest.raises(AssertionError, match="H2"):
        network.run(3_600)


def deaf(self: Work, turn: Turn, cid: Cid) -> None:
    """Know that a design was withdrawn, and stop nothing."""


def withdrawn_while_making(network: Network) -> None:
    """Let the maker hear of it; the requester is too far away to call back."""
    jackson, detroit = network.sites.values()
    network.until(lambda: bool(detroit.bench.in_machine))
    network.world.part(jackson.id, detroit.id)
    (cid,) = detroit.mind.workshop.designs
    detroit.carries(KIND, cid, WithdrawalBody(withdrawing(hook())))


def test_a_piece_of_a_withdrawn_design(monkeypatch: pytest.MonkeyPatch) -> None:
    network = walking()
    monkeypatch.setattr(Work, "withdraw", deaf)
    withdrawn_while_making(network)
    with pytest.raises(AssertionError, match="withdrawn design is begun"):
        network.run(3_600)


def test_the_start_asks_once_more_whether_a_design_was_withdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = walking()
    jackson, detroit = network.sites.values()
    (machine,) = detroit.machines
    (job,) = jackson.mind.book.jobs
    network.until(lambda: "lease-held" in detroit.disk.codes(job))
    detroit.sets(machine, "drained")
    network.until(lambda: "confirmed" in detroit.disk.codes(job))
    network.world.part(jackson.id, detroit.id)
    monkeypatch.setattr(Work, "withdraw", deaf)
    (cid,) = detroit.mind.workshop.designs
    detroit.carries(KIND, cid, WithdrawalBody(withdrawing(hook())))
    making = detroit.disk.making(f"{job}/1")
    assert making is not None
    assert making.state == "ready"

    detroit.sets(machine, "idle")
    network.run(3_600)

    making = detroit.disk.making(f"{job}/1")
    assert making is not None
    assert (making.state, making.reason) == ("final", "design-withdrawn")
    assert not detroit.bench.came_out
