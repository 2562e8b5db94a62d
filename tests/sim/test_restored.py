"""A disk is lost, or brought back from a backup: nothing is made twice unseen."""

from __future__ import annotations

from fabnet.content.cid import Cid
from fabnet.designs.revision import RevisionBody
from fabnet.production.handoff import STATUS, Counted, Status
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import ACCEPTANCE, LOT_CLOSED
from fabnet.protocol.events import BatchHeard, MessageHeard
from fabnet.records.ids import JobId, RecordId
from fabnet.records.message import seal_message
from fabnet.records.refusal import Refusal
from tests.sim.cities import founded, printer, published
from tests.sim.disk import Disk
from tests.sim.network import Network
from tests.sim.restoring import attests_all, backed_up, restored, writes_off
from tests.sim.site import Site

PIECES = 4


def asked(seed: int = 1, *more: str) -> tuple[Network, Site, Site, JobId]:
    """Jackson asks for four hooks; Detroit can make them."""
    network = founded("jackson", "detroit", *more, seed=seed)
    jackson, detroit = network["jackson"], network["detroit"]
    detroit.owns(printer(detroit))
    jackson.accepts_all()
    cid: Cid = published(detroit)
    network.knows_of(cid)
    return network, jackson, detroit, jackson.asks_for(cid, PIECES)


def made(network: Network, job: JobId, pieces: int) -> None:
    """Let time pass until so many good pieces of a job exist."""
    network.until(lambda: network.watch.made(job) >= pieces)


def the_lot(site: Site, job: JobId) -> Lot:
    (lot,) = [lot for lot in site.mind.book.lots.values() if lot.job == job]
    return lot


def restarted(network: Network, site: Site, disk: Disk | None) -> None:
    restored(site, disk)
    network.run(600)


def test_a_maker_that_lost_its_disk_has_a_person_count_its_bench() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 2)
    restarted(network, detroit, None)

    assert the_lot(jackson, job).state == "lost"
    assert "lot-lost" in jackson.disk.codes(job)
    assert "bench-unknown" in detroit.disk.codes(job)
    network.run(24 * 3_600)
    assert the_lot(jackson, job).state == "lost", "no timer moves quantity"

    assert attests_all(network, detroit) == 1
    network.run(600)
    counted = jackson.disk.lot(f"{job}/1")
    assert counted is not None
    assert counted.good == detroit.bench.good[f"{job}/1"] < PIECES
    network.finish(jackson, job)
    assert network.watch.made(job) == PIECES
    assert jackson.state(job) == "fulfilled"


def test_a_maker_restored_from_a_backup_does_not_go_on_with_an_old_lot() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    backup = backed_up(detroit)
    made(network, job, 3)
    restarted(network, detroit, backup)

    assert network.watch.made(job) >= 3
    assert not detroit.bench.in_machine, "its machine waits for a person"
    assert the_lot(jackson, job).state == "lost"
    attests_all(network, detroit)
    network.finish(jackson, job)
    assert network.watch.made(job) == PIECES


def test_a_lot_that_is_written_off_is_made_again_and_what_turns_up_is_surplus() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    barcelona = network["barcelona"]
    barcelona.owns(printer(barcelona))
    made(network, job, 1)
    network.world.part(jackson.id, detroit.id)
    network.world.part(barcelona.id, detroit.id)
    network.run(7_200)
    lot = the_lot(jackson, job)
    assert lot.state == "confirmed", "silence moves nothing"

    said = writes_off(network, jackson, lot)
    assert not isinstance(said, Refusal), said
    network.finish(jackson, job)
    assert jackson.state(job) == "fulfilled"
    network.world.heal()
    network.run(1_200)

    late = jackson.disk.lot(f"{job}/{lot.epoch}")
    key = f"{job}/{lot.epoch}"
    assert late is not None
    assert (late.state, late.good) == ("closed", detroit.bench.good[key])
    assert late.surplus == late.good - lot.good > 0
    assert "surplus" in jackson.disk.codes(job)


def test_a_write_off_needs_a_person_of_the_cooperative_and_the_right_count() -> None:
    network, jackson, _, job = asked()
    made(network, job, 1)
    lot = the_lot(jackson, job)
    network.stewards["jackson"] = network.stewards["detroit"]

    assert writes_off(network, jackson, lot) == Refusal(
        "signers-missing", (("signed", 0), ("needed", 1))
    )
    assert the_lot(jackson, job).state == "confirmed"


def test_a_requester_that_lost_its_disk_learns_what_was_made_and_asks_no_more() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 2)
    restarted(network, jackson, None)
    network.run(7_200)

    assert jackson.state(job) == "refused"
    lot = jackson.disk.lot(f"{job}/1")
    assert lot is not None
    assert lot.state == "closed"
    assert lot.good == network.watch.made(job) < PIECES
    assert "fence-answered" in detroit.disk.codes(jackson.id)


def test_a_requester_restored_from_a_backup_adopts_what_was_made_since() -> None:
    network, jackson, _, job = asked()
    made(network, job, 1)
    backup = backed_up(jackson)
    made(network, job, 3)
    restarted(network, jackson, backup)
    network.run(7_200)

    lot = jackson.disk.lot(f"{job}/1")
    assert lot is not None
    assert (lot.state, lot.good) == ("closed", network.watch.made(job))
    assert jackson.state(job) == "refused"
    job_row = jackson.job(job)
    assert job_row is not None
    assert job_row.owed == (PIECES - lot.good,)


def test_when_both_lost_their_disks_people_decide_and_nothing_is_made_again() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 2)
    restored(detroit)
    restarted(network, jackson, None)
    network.run(7_200)

    lot = the_lot(jackson, job)
    assert lot.state == "forgotten"
    assert attests_all(network, detroit) == 1
    network.run(600)
    counted = jackson.disk.lot(f"{job}/1")
    assert counted is not None
    assert counted.good == network.watch.made(job)
    assert jackson.state(job) == "refused"


def test_a_maker_that_loses_its_disk_with_our_fence_is_fenced_again() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 1)
    restored(jackson)
    network.until(lambda: bool(detroit.mind.workshop.fences))
    assert jackson.mind.recovery.waiting == {detroit.id}, "a piece is under way"
    network.run(30)
    restarted(network, detroit, None)
    network.run(3_600)

    assert jackson.mind.recovery.waiting == set()
    assert attests_all(network, detroit) == 1
    network.run(600)
    counted = jackson.disk.lot(f"{job}/1")
    assert counted is not None
    assert (counted.state, counted.good) == ("closed", network.watch.made(job))


def test_what_others_brought_back_is_not_taken_again_after_another_restart() -> None:
    network, jackson, detroit, job = asked()
    made(network, job, 1)
    backup = backed_up(detroit)
    network.finish(jackson, job)
    restarted(network, detroit, backup)
    brought = len(detroit.disk.kept(LOT_CLOSED))
    assert brought > 0, "the end of the lot is on no backup"

    detroit.crashes()
    restored(jackson, backed_up(jackson))
    detroit.starts()
    network.run(3_600)

    assert len(detroit.disk.kept(LOT_CLOSED)) == brought


def test_a_whole_copy_brought_back_is_told_by_its_peers_and_never_forks() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 1)
    copied = backed_up(detroit)
    network.until(lambda: jackson.state(job) == "fulfilled")
    network.run(600)
    restored(detroit, copied, whole=True)
    assert detroit.identity.incarnation.counter == 1
    network.run(1_200)

    assert detroit.identity.incarnation.counter == 2
    assert "not-the-newest" in detroit.disk.codes(detroit.id)
    assert network.watch.made(job) <= PIECES
    again = jackson.asks_for(hook_of(detroit), 2)
    attests_all(network, detroit)
    network.finish(jackson, again)
    assert jackson.state(again) == "fulfilled"


def test_what_a_copy_wrote_before_its_peers_answered_is_unsaid() -> None:
    network, jackson, detroit, _ = asked(1, "barcelona")
    network.run(60)
    copied = backed_up(jackson)
    first = jackson.asks_for(hook_of(detroit), 1)
    network.run(600)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    restored(jackson, copied, whole=True)
    second = jackson.asks_for(hook_of(detroit), 2)
    assert first != second, (
        "two records at one place in a log, but nobody saw the other"
    )
    network.world.heal()
    network.run(7_200)

    assert jackson.identity.incarnation.counter == 2
    for site in network.sites.values():
        assert RecordId(second) not in site.disk.arrivals
        assert RecordId(first) in site.disk.arrivals
    assert (jackson.state(first), jackson.state(second)) == ("refused", "refused")


def test_a_lot_that_our_own_log_brought_back_is_no_stray() -> None:
    network, jackson, _, job = asked(1, "barcelona")
    network.finish(jackson, job)
    restarted(network, jackson, None)
    network.run(3_600)

    assert sum(getattr(jackson.job(job), "good", ())) == PIECES
    assert "stray-lot" not in jackson.disk.codes(job)
    assert not jackson.disk.rows.get("stray")


def test_a_stray_that_our_own_log_tells_of_later_is_none_any_more() -> None:
    network, jackson, detroit, first = asked(1, "barcelona")
    network.finish(jackson, first)
    backup = backed_up(jackson)
    job = jackson.asks_for(hook_of(detroit), PIECES)
    network.finish(jackson, job)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    restored(jackson, backup)
    to, came = jackson.identity.incarnation, detroit.identity.incarnation
    status = Status(to, came, (Counted(job, 1, PIECES, 0),), 0)
    message = seal_message(
        detroit.identity.key, network="test", kind=STATUS, recipient=jackson.id,
        to=to, incarnation=came, seq=1, moment_ms=network.world.now_ms, body=status,
    )  # fmt: skip
    jackson.happen(MessageHeard(message))
    network.run(1)
    assert "stray-lot" in jackson.disk.codes(job)
    network.world.heal()
    network.run(3_600)

    assert sum(getattr(jackson.job(job), "good", ())) == PIECES
    assert not jackson.disk.rows.get("stray")


def test_a_makers_account_counts_that_came_before_our_own_log_brought_its_lot() -> None:
    network, jackson, detroit, first = asked(1, "barcelona")
    network.finish(jackson, first)
    network.run(600)
    backup = backed_up(jackson)
    job = jackson.asks_for(hook_of(detroit), PIECES)
    network.until(lambda: "lot-closed" in jackson.disk.codes(job))
    network.run(30)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    assert "accepted" not in jackson.disk.codes(job)
    restored(jackson, backup)
    said = [it for it in detroit.disk.valid() if it.author == detroit.id]
    spoke = detroit.identity.incarnation
    jackson.happen(BatchHeard(detroit.id, spoke, 0, tuple(said)))
    network.run(60)
    assert jackson.job(job) is None
    jackson.crashes()
    jackson.starts()
    network.world.heal()
    network.run(7_200)

    assert sum(getattr(jackson.job(job), "good", ())) == PIECES
    assert job not in jackson.mind.book.jobs, "it is over"
    assert jackson.disk.kept(ACCEPTANCE, f"{job}/1")


def test_a_node_that_was_only_switched_off_goes_on_once_its_peers_confirm() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    made(network, job, 1)
    detroit.crashes()
    network.run(30)
    detroit.starts()
    network.finish(jackson, job)

    assert detroit.identity.incarnation.counter == 1
    assert {"held-back", "released"} <= set(detroit.disk.codes(detroit.id))
    assert jackson.state(job) == "fulfilled"


def test_a_node_of_which_one_peer_is_gone_for_weeks_waits_ten_minutes() -> None:
    network, jackson, detroit, job = asked(1, "barcelona")
    network["barcelona"].crashes()
    detroit.crashes()
    detroit.starts()
    network.run(300)
    assert is_held(detroit)
    network.run(600)

    assert not is_held(detroit)
    network.finish(jackson, job)


def is_held(site: Site) -> bool:
    return site.mind.release.held


def hook_of(site: Site) -> Cid:
    """The design that a site published."""
    (record,) = site.disk.kept("revision/1")
    return record.read(RevisionBody).revision


def test_what_was_held_back_over_several_starts_is_unsaid_as_well() -> None:
    network, jackson, detroit, _ = asked(1, "barcelona")
    network.run(60)
    copied = backed_up(jackson)
    first = jackson.asks_for(hook_of(detroit), 1)
    network.run(600)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    restored(jackson, copied, whole=True)
    lost = [jackson.asks_for(hook_of(detroit), 1 + each) for each in range(3)]
    jackson.crashes()
    jackson.starts()
    lost.append(jackson.asks_for(hook_of(detroit), 5))
    network.world.heal()
    network.run(7_200)

    assert jackson.identity.incarnation.counter == 2
    for site in network.sites.values():
        assert not {RecordId(job) for job in lost} & site.disk.arrivals.keys()
        assert RecordId(first) in site.disk.arrivals


def test_a_backup_taken_while_held_back_is_filled_up_by_those_who_heard_the_rest() -> (
    None
):
    network, jackson, detroit, _ = asked(1, "barcelona")
    network.run(60)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    jackson.crashes()
    jackson.starts()
    said = [jackson.asks_for(hook_of(detroit), 1)]
    copied = backed_up(jackson)
    network.world.heal()
    network.run(600)
    assert not is_held(jackson)
    said.append(jackson.asks_for(hook_of(detroit), 2))
    network.run(600)
    restored(jackson, copied)
    network.run(3_600)

    for job in said:
        assert RecordId(job) in jackson.disk.arrivals
        assert jackson.state(job) in {"refused", "fulfilled"}


def test_a_request_that_our_own_log_brought_back_without_a_lot_is_closed() -> None:
    network = founded("jackson", "detroit", "barcelona", seed=1)
    jackson, cid = network["jackson"], published(network["detroit"])
    network.knows_of(cid)
    copied = backed_up(jackson)
    unplaced = jackson.asks_for(cid, 1)
    network.run(60)
    restored(jackson, copied)
    network.run(30)
    assert unplaced in jackson.mind.book.jobs, "a lot of it may still be told of"
    network.run(90)

    assert unplaced not in jackson.mind.book.jobs
    assert jackson.state(unplaced) == "refused"


def test_an_operator_lets_a_node_begin_again_that_no_peer_confirms() -> None:
    network, jackson, detroit, _ = asked(1, "barcelona")
    network.run(60)
    for other in (detroit, network["barcelona"]):
        network.world.part(jackson.id, other.id)
    jackson.crashes()
    jackson.starts()
    held = jackson.asks_for(hook_of(detroit), 1)
    network.run(3_600)
    assert is_held(jackson)
    jackson.begins_again(jackson.identity.incarnation.counter)
    network.world.heal()
    network.run(3_600)

    assert not is_held(jackson)
    assert RecordId(held) not in detroit.disk.arrivals, "nobody had seen it"
    again = jackson.asks_for(hook_of(detroit), 1)
    network.finish(jackson, again)
    assert jackson.state(again) == "fulfilled"
