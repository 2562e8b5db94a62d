"""Stories of what goes wrong between cooperatives, told from both ends."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import Cid
from fabnet.errors import SignatureError
from fabnet.production import handoff
from fabnet.production.handoff import Lease
from fabnet.protocol.effects import Send
from fabnet.records.credential import canonical_json, strict_loads
from fabnet.records.ids import JobId
from fabnet.records.message import seal_message
from fabnet.records.refusal import Refusal
from tests.sim.cities import (
    founded,
    granted,
    hook,
    joins_as,
    printer,
    published,
    stranger,
)
from tests.sim.network import Network
from tests.sim.site import Site

CITIES = ("jackson", "detroit", "barcelona")


def cities(seed: int = 1, **how: object) -> tuple[Network, Site, Site, Site]:
    network = founded(*CITIES, seed=seed, **how)  # type: ignore[arg-type]  # by name
    jackson, detroit, barcelona = network.sites.values()
    jackson.accepts_all()
    barcelona.accepts_all()
    return network, jackson, detroit, barcelona


def known(network: Network, site: Site) -> Cid:
    cid = published(site)
    network.knows_of(cid)
    return cid


def reasons(site: Site, job: JobId) -> list[str]:
    """Why lots of a job ended, as its requester heard it."""
    lines = site.story(job)
    return [str(line.arg("reason")) for line in lines if line.code == "final"]


def placed(site: Site, job: JobId) -> list[str]:
    lines = site.story(job)
    return [str(line.arg("facility")) for line in lines if line.code == "placed"]


def heard(site: Site, job: JobId, code: str) -> bool:
    return code in site.disk.codes(job)


# ------------------------------------------------------------------ the calendar


def test_a_lot_begins_when_its_window_opens_though_nothing_else_happens() -> None:
    network, jackson, detroit, barcelona = cities()
    opens_ms = network.world.now_ms + 3 * 3_600_000 + 7_000
    detroit.opens_ms = opens_ms
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona))

    network.finish(jackson, job)

    (begun,) = [line for line in detroit.story(job) if line.code == "started"]
    assert opens_ms <= begun.moment_ms <= opens_ms + 1_000


def test_a_request_that_nobody_can_make_ends_at_its_deadline() -> None:
    network, jackson, _, barcelona = cities()
    said = jackson.tries_to_ask_for(known(network, barcelona), due_h=1, deadline_h=2)
    assert not isinstance(said, Refusal)
    asked_ms = network.world.now_ms

    network.run(2 * 3_600 + 5)

    assert jackson.state(JobId(said)) == "expired"
    (passed,) = [line for line in jackson.story(said) if line.code == "deadline-passed"]
    assert passed.moment_ms <= asked_ms + 2 * 3_600_000


# ------------------------------------------------------------------ refusals


def test_a_refusal_by_licence_is_planned_again_elsewhere() -> None:
    network, jackson, detroit, barcelona = cities(actors={"detroit": "firm"})
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))
    design = hook(licence="CC-BY-NC-SA-4.0")
    cid = barcelona.publishes(design, granted(design))
    network.knows_of(cid)

    job = jackson.asks_for(cid, 2)
    network.finish(jackson, job)

    assert placed(jackson, job) == ["detroit", "barcelona"]
    assert reasons(jackson, job)[0].startswith("licence-")
    assert jackson.state(job) == "fulfilled"
    assert not detroit.bench.came_out


def test_planning_again_tells_only_what_changed_of_the_other_machines() -> None:
    network, jackson, detroit, barcelona = cities(actors={"detroit": "firm"})
    detroit.owns(printer(detroit))
    detroit.owns(printer(detroit, "tiny", bed_um=1_000))
    barcelona.owns(printer(barcelona))
    design = hook(licence="CC-BY-NC-SA-4.0")
    cid = barcelona.publishes(design, granted(design))
    network.knows_of(cid)

    job = jackson.asks_for(cid, 2)
    network.finish(jackson, job)

    assert placed(jackson, job) == ["detroit", "barcelona"]
    first = next(line for line in jackson.story(job) if line.code == "placed")
    assert first.arg("next_facility") == "barcelona"
    assert str(first.arg("next_limit")).startswith("distance ")
    told = [
        (line.arg("facility"), line.arg("machine"), line.arg("reason"))
        for line in jackson.story(job)
        if line.code == "not-chosen"
    ]
    assert told == [
        ("barcelona", "printer", "costlier"),
        ("detroit", "tiny", "size"),
        ("detroit", "printer", "refused"),
    ]


def test_a_licence_that_no_longer_permits_it_at_start_ends_the_lot() -> None:
    network, jackson, detroit, barcelona = cities()
    barcelona.owns(printer(barcelona))
    design = hook(licence="CC-BY-NC-SA-4.0")
    cid = barcelona.publishes(design, granted(design))
    network.knows_of(cid)
    first = jackson.asks_for(cid, 6)
    network.until(lambda: heard(barcelona, first, "started"))
    second = jackson.asks_for(cid, 6)
    network.until(lambda: heard(barcelona, second, "confirmed"))

    joins_as(network, barcelona, "firm")
    network.until(lambda: "final" in jackson.disk.codes(second))
    detroit.owns(printer(detroit))
    network.finish(jackson, first, second)

    assert reasons(jackson, first) == ["made"]
    assert reasons(jackson, second)[0] == "licence-review-unclear"
    assert placed(jackson, second)[0] == "barcelona"
    assert placed(jackson, second)[-1] == "detroit"
    assert "started" not in barcelona.disk.codes(second)
    assert jackson.state(second) == "fulfilled"


def test_a_lot_that_may_not_start_lets_the_next_one_begin_once() -> None:
    network, jackson, _, barcelona = cities()
    machine = barcelona.owns(printer(barcelona))
    design = hook(licence="CC-BY-NC-SA-4.0")
    asked = barcelona.publishes(design, granted(design))
    network.knows_of(asked)
    free = known(network, barcelona)
    jobs = []
    for cid in (free, asked, free):
        jobs.append(jackson.asks_for(cid, 1))
        network.until(lambda: heard(barcelona, jobs[-1], "confirmed"))
    _, barred, last = jobs

    barcelona.sets(machine, "drained")
    joins_as(network, barcelona, "firm")
    network.run(1_800)
    assert not heard(barcelona, last, "started")
    barcelona.sets(machine, "idle")
    network.finish(jackson, last)

    assert "licence-review-unclear" in reasons(jackson, barred)
    assert not heard(barcelona, barred, "started")
    started = [it for it in barcelona.disk.story if it.subject == last]
    assert [it.code for it in started].count("started") == 1


def test_a_refusal_by_policy_is_planned_again_elsewhere() -> None:
    network, jackson, detroit, barcelona = cities(
        policies_of={"detroit": {"openTo": ["members"]}}
    )
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))

    job = jackson.asks_for(known(network, barcelona), 2)
    network.finish(jackson, job)

    assert placed(jackson, job) == ["detroit", "barcelona"]
    assert reasons(jackson, job) == ["not-open-to", "made"]


def test_a_stale_offer_is_refused_and_planned_again() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona), 2)
    network.until(lambda: heard(jackson, job, "placed"))

    detroit.owns(printer(detroit), setup_s=600)
    network.finish(jackson, job)

    assert reasons(jackson, job) == ["stale-offer", "made"]
    assert jackson.state(job) == "fulfilled"


def test_a_machine_drained_while_the_request_travels_is_not_used() -> None:
    network, jackson, detroit, barcelona = cities()
    machine = detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))
    job = jackson.asks_for(known(network, barcelona), 2)
    network.until(lambda: heard(jackson, job, "placed"))

    detroit.sets(machine, "drained")
    network.finish(jackson, job)

    assert placed(jackson, job) == ["detroit", "barcelona"]
    assert reasons(jackson, job) == ["machine-not-usable", "made"]


def test_too_many_pieces_are_refused_at_once() -> None:
    network, jackson, _, barcelona = cities()
    cid = known(network, barcelona)

    said = jackson.tries_to_ask_for(cid, 501)

    assert isinstance(said, Refusal)
    assert said.reason == "too-many-pieces"
    assert not jackson.disk.kept("request/1")


# ------------------------------------------------------------------ changes of mind


def test_a_cancelled_request_keeps_what_is_made_and_makes_no_more() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona), 6)
    network.until(lambda: detroit.bench.good[f"{job}/1"] == 2)
    network.run(30)

    jackson.cancels(job)
    network.finish(jackson, job)

    assert jackson.state(job) == "cancelled"
    assert reasons(jackson, job) == ["cancelled"]
    assert network.watch.made(job) == 3, "the piece in the machine is finished"
    assert sum(network.watch.settled().values()) == 0
    made = jackson.job(job)
    assert made is not None
    assert made.good == (3,)


def test_a_request_cancelled_before_anyone_confirmed_makes_nothing() -> None:
    network, jackson, detroit, barcelona = cities(policy={"roundS": 60})
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona), 6)
    network.until(lambda: heard(detroit, job, "lease-requested"))

    jackson.cancels(job)
    network.finish(jackson, job)
    network.run(300)

    assert jackson.state(job) == "cancelled"
    assert network.watch.made(job) == 0
    assert not heard(detroit, job, "lease-held")


def test_a_late_lease_of_a_dropped_lot_is_answered_by_cancel() -> None:
    network, jackson, detroit, barcelona = cities(policy={"roundS": 60})
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona), 2)
    network.until(lambda: heard(detroit, job, "lease-requested"))

    network.world.part(jackson.id, detroit.id)
    network.until(lambda: heard(jackson, job, "lease-unanswered"))
    assert heard(detroit, job, "lease-held")
    network.world.heal()
    network.finish(jackson, job)

    first = detroit.disk.making(f"{job}/1")
    assert first is not None
    assert (first.state, first.reason, first.sealed) == ("final", "cancelled", None)
    assert detroit.bench.good[f"{job}/1"] == 0
    assert jackson.state(job) == "fulfilled"
    assert network.watch.made(job) == 2


def test_of_two_requests_in_one_round_need_decides_not_arrival() -> None:
    network, jackson, detroit, barcelona = cities(policy={"roundS": 60})
    detroit.owns(printer(detroit))
    cid = known(network, barcelona)

    early = barcelona.asks_for(cid, 2, need="other")
    network.until(lambda: heard(detroit, early, "lease-requested"))
    urgent = jackson.asks_for(cid, 2, need="life-and-health")
    network.finish(jackson, urgent)
    network.finish(barcelona, early)

    held = [line.subject for line in detroit.disk.story if line.code == "lease-held"]
    assert held[0] == urgent
    assert reasons(barcelona, early)[0] in ("stale-offer", "window-taken")
    assert network.watch.made(early) == network.watch.made(urgent) == 2


# ------------------------------------------------------------------ crashes


def test_a_crash_in_a_piece_is_in_doubt_until_a_person_has_looked() -> None:
    network, jackson, detroit, barcelona = cities()
    machine = detroit.owns(printer(detroit))
    detroit.counting = False
    job = jackson.asks_for(known(network, barcelona), 4)
    network.until(lambda: detroit.bench.good[f"{job}/1"] == 1)
    network.until(lambda: machine in detroit.bench.in_machine)

    detroit.crashes()
    network.run(60)
    detroit.starts()
    network.run(3_600)

    making = detroit.disk.making(f"{job}/1")
    assert making is not None
    assert making.state == "in-doubt", "nothing runs again by itself"
    assert not detroit.bench.in_machine
    assert detroit.mind.workshop.state(detroit.mind.workshop.benches[machine]) == (
        "in-doubt"
    )
    receipts = [line for line in jackson.story(job) if line.code == "receipt"]
    assert receipts[-1].arg("in_doubt") == 1, "the requester sees it too"
    (offered,) = [
        each
        for each in jackson.mind.market.offered(network.world.now_ms)
        if each.peer == detroit.id
    ]
    assert offered.state == "in-doubt", "and so does everyone else"

    assert detroit.counts_bench() == 1
    network.finish(jackson, job)

    assert network.watch.made(job) == 4
    assert jackson.state(job) == "fulfilled"


def test_a_requester_that_crashes_goes_on_where_it_was() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    job = jackson.asks_for(known(network, barcelona), 3)
    network.until(lambda: detroit.bench.good[f"{job}/1"] == 1)

    jackson.crashes()
    network.until(lambda: detroit.bench.good[f"{job}/1"] == 3)
    network.run(600)
    jackson.starts()
    network.finish(jackson, job)

    assert jackson.state(job) == "fulfilled"
    assert network.watch.made(job) == 3


def test_a_facility_that_falls_silent_drops_out_after_its_ttl() -> None:
    network, jackson, detroit, barcelona = cities(facility_ttl_s=600)
    detroit.owns(printer(detroit, ttl_s=600))
    network.run(60)

    def offers() -> list[str]:
        found = jackson.mind.market.offered(network.world.now_ms)
        return [each.facility_name for each in found]

    assert offers() == ["detroit"]
    detroit.crashes()
    network.run(300)
    assert offers() == ["detroit"]
    network.run(400)
    assert offers() == []

    job = jackson.asks_for(known_to(network, jackson, barcelona), 1)
    network.run(60)
    assert placed(jackson, job) == []


def known_to(network: Network, one: Site, other: Site) -> Cid:
    """Publish at `other`, and wait for `one` alone to hear of it."""
    cid = published(other)
    network.until(lambda: bool(one.disk.kept("grant/1", cid)))
    return cid


# ------------------------------------------------------------------ bad faith


def test_what_a_stranger_says_costs_no_disk() -> None:
    network, jackson, detroit, _ = cities()
    trust = next(iter(jackson.identity.trust))
    network.run(60)
    mallory = stranger(network, "mallory", trusts=trust)
    mallory.owns(printer(mallory))
    before = jackson.disk.size(), set(jackson.disk.arrivals)

    for number in range(40):
        mallory.publishes(hook(f"Junk {number}"), None)
    network.run(300)

    kept = [record for record, _ in jackson.disk.records.values()]
    assert not [record for record in kept if record.author == mallory.id]
    grown = jackson.disk.size() - before[0]
    assert grown < 1_000, "only the cursor in its log, and counters"
    held = jackson.mind.replica.strangers.buckets.values()
    assert sum(map(len, held)) <= 16
    assert any(lower.peer == mallory.id for lower in jackson.lowered)
    assert mallory.mind.market.offers, "it hears itself, and nobody else does"
    assert not [key for key in detroit.mind.market.offers if key[0] == mallory.id]


def test_a_forged_licence_acceptance_lowers_its_maker() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    barcelona.owns(printer(barcelona))
    cid = known(network, barcelona)

    def forge(send: Send) -> Send:
        if send.message.kind != handoff.LEASE:
            return send
        lease = send.message.read(Lease)
        document = strict_loads(lease.acceptance)
        subject = document["credentialSubject"]
        assert isinstance(subject, dict)
        subject["pieces"] = 900
        forged = msgspec.structs.replace(lease, acceptance=canonical_json(document))
        header = send.message.header
        return Send(
            seal_message(
                detroit.identity.key, network="test", kind=handoff.LEASE,
                recipient=header.recipient, to=header.to,
                incarnation=header.incarnation, seq=header.seq,
                moment_ms=header.moment_ms, body=forged,
            )
        )  # fmt: skip

    detroit.forge = forge
    job = jackson.asks_for(cid, 2)
    network.finish(jackson, job)

    assert [lower.peer for lower in jackson.lowered] == [detroit.id]
    assert placed(jackson, job) == ["detroit", "barcelona"]
    assert not detroit.bench.came_out
    assert jackson.state(job) == "fulfilled"


def test_personal_data_opens_only_at_the_facility_and_is_in_no_record() -> None:
    network, jackson, detroit, barcelona = cities()
    detroit.owns(printer(detroit))
    whose = b"Grandmother Rosa, third floor, ring twice"
    frames: list[bytes] = []
    network.world.tap = frames.append
    job = jackson.asks_for(known(network, barcelona), 1, personal=whose)
    network.finish(jackson, job)

    making = detroit.disk.making(f"{job}/1")
    assert making is not None
    assert making.sealed is not None
    context = f"{job}/1".encode()
    assert detroit.sealing.open(making.sealed, context=context) == whose
    with pytest.raises(SignatureError):
        barcelona.sealing.open(making.sealed, context=context)
    assert frames
    assert not [raw for raw in frames if whose in raw or b"Rosa" in raw]
    for site in network.sites.values():
        for record, _ in site.disk.records.values():
            assert b"Rosa" not in (record.body or b"")
        assert all("Rosa" not in str(line) for line in site.disk.story)
    for site in (detroit, barcelona):
        rows = [row for table in site.disk.rows.values() for row in table.values()]
        assert not [row for row in rows if b"Rosa" in row]
