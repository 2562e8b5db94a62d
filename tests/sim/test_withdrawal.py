"""A design is withdrawn: whoever hears of it makes no more, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.documents.withdrawal import KIND, WithdrawalBody
from fabnet.production.lots.making import Making
from fabnet.production.request import Item, Request
from fabnet.protocol.events import FileRequest
from fabnet.records.ids import JobId
from tests.designs.samples import ADA, BEN, EVE
from tests.sim.cities import founded, granted, hook, printer, published, withdrawing
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.world import Climate

WHY = "The arm breaks when it is cold."
HOOK = hook()
HOOK_CID = revisions.revision_cid(revisions.encode(HOOK))


def cities(
    seed: int = 1, policy: Mapping[str, object] | None = None
) -> tuple[Network, Site, Site, Site]:
    """Jackson asks, Detroit makes, and the designer's node is in Barcelona."""
    network = founded("jackson", "detroit", "barcelona", seed=seed, policy=policy)
    jackson, detroit, barcelona = network.sites.values()
    jackson.accepts_all()
    detroit.owns(printer(detroit))
    return network, jackson, detroit, barcelona


def known(network: Network, site: Site) -> Cid:
    cid = published(site, HOOK)
    network.knows_of(cid)
    return cid


def withdraws(site: Site, document: bytes | None = None) -> None:
    site.carries(KIND, HOOK_CID, WithdrawalBody(document or withdrawing(HOOK)))


def knows_of_it(site: Site) -> bool:
    return bool(site.disk.kept(KIND, HOOK_CID))


def links(network: Network, one: Site, other: Site) -> None:
    """Let two be linked again, whoever else is still apart."""
    network.world.cut.discard(frozenset((one.id, other.id)))
    network.world.connect()


def making(site: Site, job: JobId) -> Making:
    found = site.disk.making(f"{job}/1")
    assert found is not None
    return found


def refusals(site: Site, job: JobId) -> list[str]:
    lines = site.story(job)
    return [str(line.arg("reason")) for line in lines if line.code == "refused"]


def test_behind_a_partition_the_next_sync_ends_what_waits_and_what_is_made() -> None:
    network, jackson, detroit, barcelona = cities()
    cid = known(network, barcelona)
    under_way = jackson.asks_for(cid, 4)
    network.until(lambda: "confirmed" in detroit.disk.codes(under_way))
    network.run(5)
    waiting = jackson.asks_for(cid, 4)
    network.until(lambda: "confirmed" in detroit.disk.codes(waiting))
    network.until(lambda: detroit.bench.good[f"{under_way}/1"] == 2)

    network.world.part(barcelona.id, detroit.id)
    network.world.part(barcelona.id, jackson.id)
    network.world.part(jackson.id, detroit.id)
    network.run(10)
    withdraws(barcelona)
    network.run(200)
    assert making(detroit, waiting).state == "ready", "it cannot have heard"
    assert not knows_of_it(detroit)

    links(network, barcelona, detroit)
    network.until(lambda: making(detroit, waiting).state == "final")
    ended = making(detroit, waiting)
    assert (ended.good, ended.reason, ended.detail) == (0, "design-withdrawn", WHY)

    network.until(lambda: making(detroit, under_way).state == "final")
    ended = making(detroit, under_way)
    assert (ended.good, ended.reason) == (3, "design-withdrawn")
    assert jackson.state(under_way) == "open", "it could not have heard"

    network.world.heal()
    network.finish(jackson, under_way, waiting)
    assert jackson.state(under_way) == jackson.state(waiting) == "refused"
    assert network.watch.made(under_way) == 3, "good pieces stay counted"
    assert network.watch.made(waiting) == 0
    owed = network.watch.settled()
    assert owed[detroit.identity.charter] == -owed[jackson.identity.charter] > 0


def older(site: Site) -> None:
    """Let a node be of a version that keeps such records and does nothing about it."""

    def keep_only(*_: object) -> None: ...

    setattr(site.mind, "_hear_withdrawal", keep_only)  # noqa: B010  # it is a method


def test_the_requester_calls_its_lots_back_from_a_maker_that_does_not_know() -> None:
    network, jackson, detroit, barcelona = cities()
    cid = known(network, barcelona)
    job = jackson.asks_for(cid, 4)
    network.until(lambda: detroit.bench.good[f"{job}/1"] == 1)
    older(detroit)

    withdraws(barcelona)
    network.until(lambda: bool(refusals(jackson, job)))
    network.finish(jackson, job)

    assert making(detroit, job).reason == "cancelled"
    assert jackson.state(job) == "refused"
    made = jackson.job(job)
    assert made is not None
    assert made.unplaced == "design-withdrawn"
    assert made.good == (network.watch.made(job),) == (2,)


def test_what_is_asked_for_later_is_refused_with_the_reason() -> None:
    network, jackson, _, barcelona = cities()
    cid = known(network, barcelona)
    network.finish(jackson, jackson.asks_for(cid, 1))
    withdraws(barcelona)
    network.until(lambda: knows_of_it(jackson))

    job = jackson.asks_for(cid, 1)
    network.finish(jackson, job)

    assert (jackson.state(job), refusals(jackson, job)) == (
        "refused",
        ["design-withdrawn"],
    )
    assert "placed" not in jackson.disk.codes(job)
    assert cid not in jackson.mind.planning.designs


def test_a_maker_that_heard_refuses_what_was_asked_before() -> None:
    network, jackson, detroit, barcelona = cities(policy={"roundS": 60})
    cid = known(network, barcelona)
    job = jackson.asks_for(cid, 2)
    network.until(lambda: "lease-requested" in detroit.disk.codes(job))

    network.world.part(detroit.id, jackson.id)
    network.world.part(barcelona.id, jackson.id)
    withdraws(barcelona)
    network.until(lambda: making(detroit, job).state == "final")
    assert making(detroit, job).reason == "design-withdrawn"

    network.world.heal()
    network.finish(jackson, job)
    assert "lease-held" not in detroit.disk.codes(job)
    assert jackson.state(job) == "refused"


def test_a_maker_that_heard_holds_no_machine_for_who_does_not_know() -> None:
    network, jackson, detroit, barcelona = cities()
    (machine,) = detroit.machines
    cid = known(network, barcelona)
    network.finish(jackson, jackson.asks_for(cid, 1))
    assert cid in detroit.mind.workshop.designs, "it was made here before"
    detroit.sets(machine, "drained")
    network.run(5)
    job = jackson.asks_for(cid, 1)
    network.until(lambda: "unplaced" in jackson.disk.codes(job))

    older(jackson)
    withdraws(barcelona)
    network.until(lambda: knows_of_it(detroit))
    detroit.sets(machine, "idle")
    network.until(lambda: "final" in jackson.disk.codes(job))

    (ended,) = [line for line in jackson.story(job) if line.code == "final"]
    assert ended.arg("reason") == "design-withdrawn"
    assert WHY in str(ended.arg("detail"))
    assert "lease-held" not in detroit.disk.codes(job)


def test_other_lots_of_the_same_request_go_on() -> None:
    network, jackson, _, barcelona = cities()
    shelf = hook("Shelf bracket")
    bracket = msgspec.structs.replace(shelf.parts[0], name="Bracket")
    shelf = msgspec.structs.replace(shelf, parts=(bracket,))
    known(network, barcelona)
    other = barcelona.publishes(shelf, granted(shelf))
    network.knows_of(other)
    request = Request(
        (Item(HOOK_CID, "Hook", 2), Item(other, "Bracket", 2)),
        network.world.now_ms + 86_400_000, None, "livelihood",
        "make_for_peer_at_cost", ("cost_recovery_only",), (), None,
        jackson.facility.place, jackson.identity.charter, "a" * 64,
    )  # fmt: skip
    jackson.happen(FileRequest(0, request, b"Ada", b"s" * 32))
    (job,) = jackson.mind.book.jobs
    network.until(lambda: jackson.disk.codes(job).count("leased") == 2)

    withdraws(barcelona)
    network.finish(jackson, job)

    made = jackson.job(job)
    assert made is not None
    assert (made.state, made.good[1]) == ("refused", 2)
    assert made.good[0] < 2


# ------------------------------------------------------------------ who may


def test_what_too_few_signed_withdraws_nothing_and_costs_standing() -> None:
    network, jackson, detroit, barcelona = cities()
    cid = known(network, barcelona)
    job = jackson.asks_for(cid, 2)

    withdraws(detroit, withdrawing(HOOK, EVE, ADA))
    network.finish(jackson, job)

    assert jackson.state(job) == "fulfilled"
    (line,) = [it for it in jackson.story(cid) if it.code == "withdrawal-not-counted"]
    assert (line.arg("reason"), line.arg("signed"), line.arg("quorum")) == (
        "rightsholders-missing",
        1,
        2,
    )
    assert detroit.id in {lower.peer for lower in jackson.lowered}


def test_anyone_may_carry_what_the_rightsholders_signed() -> None:
    network, jackson, detroit, barcelona = cities()
    cid = known(network, barcelona)

    withdraws(detroit, withdrawing(HOOK, ADA, BEN))
    network.until(lambda: knows_of_it(jackson))
    job = jackson.asks_for(cid, 1)
    network.finish(jackson, job)

    assert jackson.state(job) == "refused"


def test_a_newer_revision_blocks_nothing() -> None:
    network, jackson, _, barcelona = cities()
    cid = known(network, barcelona)
    fixed = msgspec.structs.replace(HOOK, version="1.0.1", lineage=cid, parents=(cid,))
    newer = barcelona.publishes(fixed, granted(fixed))
    network.knows_of(newer)

    jobs = jackson.asks_for(cid, 1), jackson.asks_for(newer, 1)
    network.finish(jackson, *jobs)

    assert [jackson.state(job) for job in jobs] == ["fulfilled", "fulfilled"]


# ------------------------------------------------------------------ order and chance

STEPS = ("revision", "withdrawal", "the same again", "a false one", "crash")


@settings(max_examples=12)
@given(st.permutations(STEPS))
def test_in_whatever_order_it_comes_nothing_is_made(steps: list[str]) -> None:
    network, jackson, detroit, barcelona = cities()
    for step in steps:
        match step:
            case "revision":
                known(network, barcelona)
            case "withdrawal":
                withdraws(detroit)
            case "the same again":
                withdraws(barcelona)
            case "a false one":
                withdraws(detroit, withdrawing(HOOK, EVE))
            case _:
                jackson.crashes()
                network.run(5)
                jackson.starts()
        network.run(5)
    network.until(lambda: knows_of_it(jackson))

    job = jackson.asks_for(HOOK_CID, 1)
    network.finish(jackson, job)

    assert refusals(jackson, job) == ["design-withdrawn"]
    assert network.watch.made(job) == 0


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.integers(0, 1_800))
def test_whenever_it_comes_and_whatever_breaks_the_book_equals_the_bench(
    seed: int, after_s: int
) -> None:
    network, jackson, detroit, barcelona = cities(seed)
    cid = known(network, barcelona)
    network.world.climate = Climate.drawn(Random(seed))
    jobs = [jackson.asks_for(cid, 3), jackson.asks_for(cid, 2)]
    network.storm(within_s=1_800)

    network.run(after_s)
    if not barcelona.is_up:
        barcelona.starts()
    withdraws(barcelona)
    network.run(1_800)
    network.calm()
    network.finish(jackson, *jobs)

    for job in jobs:
        assert jackson.state(job) in ("refused", "fulfilled")
        booked = jackson.job(job)
        assert booked is not None
        assert booked.good == (network.watch.made(job),)
    assert sum(network.watch.settled().values()) == 0
    assert not [it for it in detroit.mind.workshop.lots.values() if it.state != "final"]


def test_a_restart_between_hearing_and_starting_forgets_nothing() -> None:
    network, jackson, detroit, barcelona = cities()
    cid = known(network, barcelona)
    job = jackson.asks_for(cid, 2)
    network.until(lambda: "confirmed" in detroit.disk.codes(job))
    network.until(lambda: bool(detroit.bench.in_machine))

    withdraws(barcelona)
    network.until(lambda: knows_of_it(detroit))
    detroit.crashes()
    network.run(20)
    detroit.starts()
    network.finish(jackson, job)

    assert making(detroit, job).reason == "design-withdrawn"
    assert network.watch.made(job) <= 1
    assert jackson.state(job) == "refused"
