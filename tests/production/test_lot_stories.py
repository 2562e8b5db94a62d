"""What each end of a lot promises, one story at a time."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.errors import TransitionError
from fabnet.production.handoff import Final, Lease
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import LOT_TABLE, Ignored, Lot
from fabnet.production.lots.making import MAKING_TABLE
from fabnet.production.lots.remnant import Remnant
from fabnet.records.ids import Incarnation
from tests.production.moves import (
    CANCEL,
    CONFIRM,
    CONFIRMED,
    EARLY_CANCEL,
    LEASE,
    LOST,
    MAKING,
    READY,
    TWO_OF_THREE,
    done,
    final,
    from_maker,
    from_requester,
    heard,
    held,
    receipt,
    taken,
)
from tests.production.samples import (
    MAKER,
    OURS,
    POLICY,
    REQUESTER,
    RESTORED,
    STRANGER,
    asked,
    job,
    lease_request,
    queued,
    record_id,
)

# ------------------------------------------------------------------ the requester's end


def test_after_confirm_no_timer_moves_quantity() -> None:
    assert CONFIRMED.reserved == 3
    with pytest.raises(TransitionError, match="unanswered while confirmed"):
        lots.unanswered(CONFIRMED)


def test_a_dropped_lot_is_never_confirmed() -> None:
    dropped = lots.unanswered(asked())

    assert dropped.reserved == 0
    assert heard(dropped, LEASE) == dropped
    assert LOT_TABLE["dropped", "lease"][1] == "CANCEL"


def test_a_cancelled_lot_keeps_its_pieces_until_the_maker_is_final() -> None:
    cancelling = lots.give_up(CONFIRMED)
    assert cancelling.reserved == 3

    closed = heard(cancelling, final(1, reason="cancelled"))

    assert (closed.state, closed.good, closed.reserved) == ("closed", 1, 1)


def test_a_receipt_that_comes_late_takes_nothing_back() -> None:
    lot = heard(CONFIRMED, receipt(2, 1), receipt(1, 0))

    assert (lot.good, lot.scrap) == (2, 1)


def test_a_restored_maker_is_not_believed() -> None:
    made_none = Final(job(), 1, RESTORED, 0, 0, "cancelled", "")
    again = Lease(job(), 1, RESTORED, 600, POLICY, b"accepted")

    for said in (made_none, again):
        lost = heard(CONFIRMED, said)
        assert (lost.state, lost.reserved, lost.good) == ("lost", 3, 0)
        assert from_maker(lost, said) == Ignored("another-incarnation")


def test_what_was_said_before_a_lot_was_lost_still_counts() -> None:
    lost = lots.newer_maker(CONFIRMED, RESTORED)

    assert heard(lost, receipt(2)).good == 2
    assert heard(lost, final(3)).state == "closed"


def test_a_lost_lot_is_closed_by_a_persons_count_and_keeps_what_it_knew() -> None:
    lost = lots.newer_maker(heard(CONFIRMED, receipt(2)), RESTORED)

    counted = lots.attest(lost, author=MAKER, good=1, scrap=0)

    assert isinstance(counted, Lot)
    assert (counted.state, counted.good, counted.attested) == ("closed", 2, 1)
    assert lots.attest(lost, author=STRANGER, good=3, scrap=0) == Ignored(
        "not-the-maker"
    )


def test_what_comes_to_light_after_a_write_off_is_surplus() -> None:
    gone = lots.write_off(heard(CONFIRMED, receipt(1)))
    assert (gone.reserved, gone.written_off) == (1, 2)

    late = heard(gone, receipt(2), final(3))

    assert (late.state, late.good, late.surplus, late.reserved) == ("closed", 3, 2, 1)
    assert lots.needed_after_all(late, 1).reserved == 2


def test_a_forgotten_lot_that_its_maker_never_had_is_dropped() -> None:
    forgotten = lots.forget(asked())

    never = lots.hear_status(forgotten, None, maker=OURS)
    either = lots.hear_status(forgotten, None, maker=RESTORED)

    assert isinstance(never, Lot)
    assert isinstance(either, Lot)
    assert (never.state, either.state) == ("dropped", "forgotten")
    assert lots.cites(forgotten) == OURS, "not the vow: it may have been confirmed"


def test_a_forgotten_lot_believes_only_the_database_that_was_asked() -> None:
    forgotten = lots.forget(asked())
    refused = Final(job(), 1, RESTORED, 0, 0, "window-taken", "")

    assert from_maker(forgotten, refused) == Ignored("another-incarnation")
    assert heard(forgotten, final(2)).state == "closed"


def test_what_was_written_off_before_a_restore_is_still_asked_for() -> None:
    gone = lots.write_off(CONFIRMED)
    never = lots.hear_status(lots.write_off(lots.forget(asked())), None, maker=OURS)

    assert lots.hear_status(gone, None, maker=RESTORED) == gone, "and CANCEL says so"
    assert isinstance(never, Lot)
    assert never.state == "closed"


def test_what_a_maker_knew_of_a_lost_lot_may_be_lost_again() -> None:
    lost = lots.newer_maker(CONFIRMED, RESTORED)
    gone = lots.write_off(CONFIRMED)

    assert lots.loses(lost, Incarnation(3, 1))
    assert lots.loses(gone, RESTORED)
    assert lots.newer_maker(gone, RESTORED) == gone, "only CANCEL is said again"
    assert not lots.loses(lots.forget(CONFIRMED), RESTORED), "FENCE asks for it"


def test_a_lot_confirmed_to_an_older_database_is_lost_though_it_was_asked_again() -> (
    None
):
    again = makings.queue(
        lease_request(), REQUESTER, maker=RESTORED, asked_by=queued().asked_by
    )
    for making in (again, held(again), makings.refuse(again, "window-taken")):
        left = remnants.overtaken(making, CANCEL)
        assert isinstance(left, Remnant)
        assert remnants.answer(left, ours=RESTORED) == LOST
    assert remnants.overtaken(again, EARLY_CANCEL) is None
    assert remnants.overtaken(READY, CONFIRM) is None


def test_a_facility_that_lost_its_database_never_says_that_it_made_none() -> None:
    left = remnants.first_heard(CONFIRM, REQUESTER, ours=RESTORED)

    assert isinstance(left, Remnant)
    assert remnants.answer(left, ours=RESTORED) == LOST
    assert remnants.first_heard(CONFIRM, REQUESTER, ours=OURS) == Ignored(
        "forgotten-final"
    )


def test_only_the_vow_never_to_have_confirmed_says_that_nothing_was_made() -> None:
    left = remnants.lose(makings.intend(READY))

    vowed = remnants.hear_requester(left, EARLY_CANCEL, author=REQUESTER)
    cited = remnants.hear_requester(left, CANCEL, author=REQUESTER)

    assert left.holds(left.machine or ""), "its machine may have the piece in work"
    assert cited == left
    assert isinstance(vowed, Remnant)
    assert isinstance(remnants.answer(vowed, ours=RESTORED), Final)


def test_a_cancel_that_overtakes_its_lease_request_fences_it() -> None:
    left = remnants.first_heard(EARLY_CANCEL, REQUESTER, ours=OURS)

    assert isinstance(left, Remnant)
    late = remnants.hear_requester(left, lease_request(), author=REQUESTER)
    assert late == left
    assert remnants.answer(left, ours=OURS) == Final(
        job(), 1, OURS, 0, 0, "cancelled", ""
    )


def test_a_newer_requester_ends_its_older_lots_after_the_piece_under_way() -> None:
    assert makings.fence(queued(), RESTORED).state == "final"
    assert makings.fence(READY, RESTORED).state == "final"
    waits = makings.fence(MAKING, RESTORED)
    assert (waits.state, waits.reason) == ("running", "fenced")
    assert makings.next_step(done(waits)) == "end"
    assert makings.fence(MAKING, OURS) == MAKING, "it is the one that asked"


def test_only_the_maker_speaks_of_its_lot() -> None:
    said = lots.hear_maker(CONFIRMED, final(3), author=STRANGER)

    assert said == Ignored("not-the-maker")


def test_more_good_pieces_than_asked_for_are_not_booked() -> None:
    assert from_maker(CONFIRMED, receipt(4)) == Ignored("more-than-asked")
    assert from_maker(CONFIRMED, final(4)) == Ignored("more-than-asked")


def test_a_refusal_claims_no_pieces_whatever_it_says() -> None:
    dropped = heard(asked(), final(3, reason="busy"))

    assert (dropped.state, dropped.good) == ("dropped", 0)


def test_a_lot_is_accepted_once_and_only_with_its_makers_account() -> None:
    closed = heard(CONFIRMED, final(3))
    with pytest.raises(TransitionError, match="without lot-closed"):
        lots.accept(closed)

    accepted = lots.accept(lots.record(closed, record_id("lot-closed")))

    assert accepted.accepted == 1
    lots.check(accepted)
    with pytest.raises(TransitionError, match="accept, twice"):
        lots.accept(accepted)
    with pytest.raises(TransitionError, match="record after accept"):
        lots.record(accepted, record_id("another"))


# ------------------------------------------------------------------ the facility's end


def test_a_piece_is_begun_only_when_the_one_before_is_accounted_for() -> None:
    assert MAKING.intent == 1
    with pytest.raises(TransitionError, match="with a piece or a reason open"):
        makings.intend(MAKING)


def test_a_piece_number_is_never_used_twice() -> None:
    scrapped = done(MAKING, good=False)

    assert makings.intend(scrapped).intent == 2
    assert (scrapped.good, scrapped.scrap) == (0, 1)


def test_the_outcome_of_another_piece_is_not_taken() -> None:
    with pytest.raises(TransitionError, match="finish of piece 2, not 1"):
        makings.finish(MAKING, 2, good=True, run_s=1, energy_wh=1, mass_mg=1)


def test_a_cancel_waits_for_the_piece_under_way() -> None:
    wished = taken(MAKING, CANCEL)
    assert (wished.state, wished.intent) == ("running", 1)
    assert makings.next_step(wished) is None
    with pytest.raises(TransitionError):
        makings.end(wished)

    ended = makings.end(done(wished))

    assert (ended.state, ended.good, ended.reason) == ("final", 1, "cancelled")


def test_a_cancel_that_comes_as_the_last_piece_is_done_ends_as_made() -> None:
    last = makings.intend(TWO_OF_THREE)

    ended = makings.end(done(taken(last, CANCEL)))

    assert (ended.good, ended.reason) == (3, "made")


def test_the_first_reason_to_stop_stays() -> None:
    recalled = makings.stop(MAKING, "design-withdrawn", "a crack")

    assert taken(recalled, CANCEL) == recalled


def test_a_piece_in_doubt_waits_for_a_person() -> None:
    doubtful = makings.doubt(MAKING)
    assert makings.next_step(doubtful) is None
    with pytest.raises(TransitionError, match="intend while in-doubt"):
        makings.intend(doubtful)
    with pytest.raises(TransitionError, match="end while in-doubt"):
        makings.end(doubtful)

    counted = makings.count(doubtful, good=True)

    assert (counted.state, counted.good, counted.intent) == ("running", 1, None)


def test_nothing_is_in_doubt_between_two_pieces() -> None:
    with pytest.raises(TransitionError, match="no open intent"):
        makings.doubt(TWO_OF_THREE)


def test_a_lot_with_too_much_scrap_ends() -> None:
    making = READY
    for _ in range(makings.scrap_max(making.pieces)):
        making = done(makings.intend(making), good=False)
        assert makings.next_step(making) == "intend"
    making = done(makings.intend(making), good=False)

    assert makings.next_step(making) == "end"
    assert makings.end(making).reason == "too-much-scrap"


def test_measures_add_up_over_good_pieces_and_scrap() -> None:
    making = done(makings.intend(done(MAKING, good=False)))

    assert (making.run_s, making.energy_wh, making.mass_mg) == (120, 10, 1_800)


def test_a_final_lot_answers_the_same_whatever_comes() -> None:
    ended = makings.end(done(makings.intend(TWO_OF_THREE)))

    assert taken(ended, lease_request(), CONFIRM, EARLY_CANCEL, CANCEL) == ended
    assert MAKING_TABLE["final", "confirm"][1] == "FINAL"


def test_a_confirm_to_another_database_of_ours_does_not_start_the_lot() -> None:
    cites_another = msgspec.structs.replace(CONFIRM, maker=RESTORED)
    said = makings.hear_requester(held(queued()), cites_another, author=REQUESTER)

    assert said == Ignored("another-incarnation")


def test_one_epoch_asked_for_in_two_ways_is_a_contradiction() -> None:
    assert from_requester(queued(3), lease_request(3)) == Ignored("duplicate")
    assert from_requester(queued(3), lease_request(2)) == Ignored("contradiction")


def test_only_the_requester_confirms() -> None:
    said = makings.hear_requester(held(queued()), CONFIRM, author=STRANGER)

    assert said == Ignored("not-the-requester")


def test_only_a_lost_lot_is_counted_by_a_person() -> None:
    fenced = Remnant(job(), 1, REQUESTER, "fenced", OURS, None, 0, 0, None)

    with pytest.raises(TransitionError, match="attest while fenced"):
        remnants.attest(fenced, good=1, scrap=0, document=b"")
