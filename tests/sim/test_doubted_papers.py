"""Papers about benches that do not count, each for its reason, at both ends."""

from __future__ import annotations

import pytest

from fabnet.cooperation.benches import (
    ATTESTATION,
    WRITE_OFF,
    attestation_subject,
    write_off_subject,
)
from fabnet.production import handoff
from fabnet.production.handoff import Attest, Cancel, Confirm, Fence, Lost, Status
from fabnet.production.lots.lot import Lot
from fabnet.protocol.events import AttestBench, MessageHeard, WriteOff
from fabnet.protocol.handoff.doubt import remnants
from fabnet.records.body import Body
from fabnet.records.credential import Json
from fabnet.records.ids import CharterId, Incarnation, JobId
from fabnet.records.message import seal_message
from fabnet.records.refusal import Refusal
from tests.sim.network import Network
from tests.sim.restoring import attests, attests_all, restored, signed, writes_off
from tests.sim.site import Site
from tests.sim.test_restored import asked, made, restarted, the_lot

NOBODYS = JobId("bafkrei" + "a" * 52)
NOWHERE = CharterId("sha256:" + "0" * 64)


def says(network: Network, author: Site, to: Site, kind: str, body: Body) -> None:
    """Have a message come, in its author's turn, that its mind would not have said."""
    network.run(30)
    seq = to.mind.courier.taken.get(author.id, 0)
    message = seal_message(
        author.identity.key, network="test", kind=kind, recipient=to.id,
        to=to.identity.incarnation, incarnation=author.identity.incarnation,
        seq=seq + 1, moment_ms=network.world.now_ms, body=body,
    )  # fmt: skip
    to.happen(MessageHeard(message))
    network.run(1)


def ignored(site: Site, subject: str) -> list[str]:
    """Return why what was said of a thing changed nothing, but for what came twice."""
    said = [it.arg("reason") for it in site.story(subject) if it.code == "ignored"]
    return [str(reason) for reason in said if reason != "not-while-lost"]


# ------------------------------------------------------------------ write-offs


def gives_up(network: Network, site: Site, lot: Lot, **but: Json) -> Refusal:
    """Sign for a lot's missing pieces, but wrongly; return why it does not count."""
    subject = write_off_subject(
        job=lot.job, epoch=lot.epoch, requester=site.id, missing=lot.pieces - lot.good,
        reason="The workshop burnt down.",
    )  # fmt: skip
    document = signed(network, site, WRITE_OFF, subject | but)
    said = site.asks_mind(lambda ask: WriteOff(ask, lot.job, lot.epoch, document))
    assert isinstance(said, Refusal), said
    return said


def test_a_write_off_counts_for_its_own_lot_and_count_only() -> None:
    network, jackson, _, job = asked()
    made(network, job, 1)
    lot = the_lot(jackson, job)

    wrong = gives_up(network, jackson, lot, missing=1)
    assert wrong.reason == "write-off-of-another-count"
    assert gives_up(network, jackson, lot, epoch=7).reason == "document-of-another-lot"
    assert gives_up(network, jackson, lot, missing=-1).reason == "document-unreadable"
    never = jackson.asks_mind(lambda ask: WriteOff(ask, NOBODYS, 1, b""))
    assert isinstance(never, Refusal)
    assert never.reason == "nothing-to-write-off"
    assert the_lot(jackson, job).state == "confirmed", "nothing was moved"


def test_without_its_charter_a_node_takes_no_paper_about_a_bench() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    lot = the_lot(jackson, job)
    restarted(network, detroit, None)
    del jackson.mind.community.charters[jackson.identity.charter]
    del detroit.mind.community.charters[detroit.identity.charter]

    assert writes_off(network, jackson, lot) == Refusal("node-not-in-charter")
    assert attests(network, detroit, job, lot.epoch) == Refusal("node-not-in-charter")


# ------------------------------------------------------------------ attestations


def counts(network: Network, site: Site, job: JobId, **but: Json) -> Refusal:
    """Sign for a bench, but wrongly; return why it does not count."""
    subject = attestation_subject(job=job, epoch=1, site=site.id, good=2, scrap=0)
    document = signed(network, site, ATTESTATION, subject | but)
    said = site.asks_mind(lambda ask: AttestBench(ask, job, 1, document))
    assert isinstance(said, Refusal), said
    return said


def test_a_bench_is_not_counted_below_what_is_known_of_it() -> None:
    network, _, detroit, job = asked()
    made(network, job, 1)
    network.run(30)
    backup = detroit.disk.copy()
    made(network, job, 2)
    restarted(network, detroit, backup)

    said = counts(network, detroit, job, good=0)
    assert said == Refusal("fewer-than-known", (("signed", 0), ("known", 1)))
    assert counts(network, detroit, job, epoch=2).reason == "document-of-another-lot"
    assert counts(network, detroit, job, good=-1).reason == "document-unreadable"
    assert attests_all(network, detroit) == 1


def test_a_requester_holds_an_attestation_to_what_was_signed() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    restarted(network, detroit, None)
    lost = the_lot(jackson, job)
    subject = attestation_subject(job=job, epoch=1, site=detroit.id, good=2, scrap=0)
    paper = signed(network, detroit, ATTESTATION, subject)
    came = detroit.identity.incarnation

    says(network, detroit, jackson, handoff.ATTEST, Attest(job, 1, came, 4, 0, paper))
    says(network, detroit, jackson, handoff.ATTEST, Attest(job, 1, came, 2, 0, b"{}"))
    network.stewards["detroit"] = network.stewards["jackson"]
    strangers = signed(network, detroit, ATTESTATION, subject)
    body = Attest(job, 1, came, 2, 0, strangers)
    says(network, detroit, jackson, handoff.ATTEST, body)
    del jackson.mind.community.charters[jackson.identity.charter]
    says(network, jackson, jackson, handoff.ATTEST, Attest(job, 1, came, 2, 0, paper))

    assert ignored(jackson, job) == [
        "not-what-was-signed", "unreadable", "signers-missing", "no-charter"
    ]  # fmt: skip
    assert the_lot(jackson, job) == lost, "nothing was moved"


# ------------------------------------------------------------------ of unknown lots


def test_what_is_said_of_a_lot_that_nobody_knows_changes_nothing() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    ours, theirs = jackson.identity.incarnation, detroit.identity.incarnation
    lot = the_lot(jackson, job)

    says(network, detroit, jackson, handoff.LOST, Lost(NOBODYS, 1, theirs, theirs))
    other = Incarnation(ours.counter + 1, 1)
    status = Status(other, theirs, (), 0)
    says(network, detroit, jackson, handoff.STATUS, status)
    says(network, jackson, detroit, handoff.FENCE, Fence(other))
    says(network, jackson, detroit, handoff.CONFIRM, Confirm(NOBODYS, 1, theirs, b""))

    assert ignored(jackson, detroit.id) == ["of-another-fence"]
    assert ignored(detroit, jackson.id) == ["not-its-own"]
    assert "message-of-unknown-lot" in detroit.disk.codes(NOBODYS)
    assert the_lot(jackson, job).state == lot.state == "confirmed"
    assert not detroit.mind.workshop.fences


def test_who_speaks_of_a_lost_lot_of_another_changes_nothing_of_it() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 1)
    first = detroit.identity.incarnation
    restarted(network, detroit, None)
    (key, left), *others = detroit.mind.workshop.remnants.items()
    assert not others

    said = Cancel(job, 1, first)
    says(network, network["barcelona"], detroit, handoff.CANCEL, said)

    assert detroit.mind.workshop.remnants[key] == left
    assert the_lot(jackson, job).state == "lost"


def test_a_vow_never_to_have_confirmed_ends_a_lost_lot_and_a_confirm_does_not() -> None:
    network, jackson, detroit, _ = asked()
    network.run(30)
    first = detroit.identity.incarnation
    restored(detroit)
    network.run(600)
    held = detroit.mind.workshop.remnants

    for _ in range(2):
        said = Confirm(NOBODYS, 1, first, b"")
        says(network, jackson, detroit, handoff.CONFIRM, said)
        assert held[f"{NOBODYS}/1"].state == "lost"
    says(network, jackson, detroit, handoff.CANCEL, Cancel(NOBODYS, 1, None))
    assert held[f"{NOBODYS}/1"].state == "fenced"


def test_of_too_many_lost_lots_those_that_need_nobody_are_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    restored(detroit)
    network.run(600)
    held = detroit.mind.workshop.remnants
    monkeypatch.setattr(remnants, "REMNANTS_MAX", 2)

    for epoch in (1, 2):
        said = Cancel(NOBODYS, epoch, None)
        says(network, jackson, detroit, handoff.CANCEL, said)
    assert list(held) == [f"{job}/1", f"{NOBODYS}/2"]

    monkeypatch.setattr(remnants, "REMNANTS_MAX", 1)
    held.pop(f"{NOBODYS}/2")
    says(network, jackson, detroit, handoff.CANCEL, Cancel(NOBODYS, 3, None))
    assert list(held) == [f"{job}/1"], "a lost lot waits for a person"
