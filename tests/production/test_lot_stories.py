"""What each end of a lot promises, one story at a time."""

from __future__ import annotations

import pytest

from fabnet.errors import TransitionError
from fabnet.production import lot as lots
from fabnet.production.handoff import Final, Lease
from fabnet.production.lot import LOT_TABLE, MAKING_TABLE, Ignored
from tests.production.moves import (
    CANCEL,
    CONFIRM,
    CONFIRMED,
    EARLY_CANCEL,
    LEASE,
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

    assert from_maker(CONFIRMED, made_none) == Ignored("another-incarnation")
    assert from_maker(CONFIRMED, again) == Ignored("another-incarnation")


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
        lots.intend(MAKING)


def test_a_piece_number_is_never_used_twice() -> None:
    scrapped = done(MAKING, good=False)

    assert lots.intend(scrapped).intent == 2
    assert (scrapped.good, scrapped.scrap) == (0, 1)


def test_the_outcome_of_another_piece_is_not_taken() -> None:
    with pytest.raises(TransitionError, match="finish of piece 2, not 1"):
        lots.finish(MAKING, 2, good=True, run_s=1, energy_wh=1, mass_mg=1)


def test_a_cancel_waits_for_the_piece_under_way() -> None:
    wished = taken(MAKING, CANCEL)
    assert (wished.state, wished.intent) == ("running", 1)
    assert lots.next_step(wished) is None
    with pytest.raises(TransitionError):
        lots.end(wished)

    ended = lots.end(done(wished))

    assert (ended.state, ended.good, ended.reason) == ("final", 1, "cancelled")


def test_a_cancel_that_comes_as_the_last_piece_is_done_ends_as_made() -> None:
    last = lots.intend(TWO_OF_THREE)

    ended = lots.end(done(taken(last, CANCEL)))

    assert (ended.good, ended.reason) == (3, "made")


def test_the_first_reason_to_stop_stays() -> None:
    recalled = lots.stop(MAKING, "design-withdrawn", "a crack")

    assert taken(recalled, CANCEL) == recalled


def test_a_piece_in_doubt_waits_for_a_person() -> None:
    doubtful = lots.doubt(MAKING)
    assert lots.next_step(doubtful) is None
    with pytest.raises(TransitionError, match="intend while in-doubt"):
        lots.intend(doubtful)
    with pytest.raises(TransitionError, match="end while in-doubt"):
        lots.end(doubtful)

    counted = lots.count(doubtful, good=True)

    assert (counted.state, counted.good, counted.intent) == ("running", 1, None)


def test_nothing_is_in_doubt_between_two_pieces() -> None:
    with pytest.raises(TransitionError, match="no open intent"):
        lots.doubt(TWO_OF_THREE)


def test_a_lot_with_too_much_scrap_ends() -> None:
    making = READY
    for _ in range(lots.scrap_max(making.pieces)):
        making = done(lots.intend(making), good=False)
        assert lots.next_step(making) == "intend"
    making = done(lots.intend(making), good=False)

    assert lots.next_step(making) == "end"
    assert lots.end(making).reason == "too-much-scrap"


def test_measures_add_up_over_good_pieces_and_scrap() -> None:
    making = done(lots.intend(done(MAKING, good=False)))

    assert (making.run_s, making.energy_wh, making.mass_mg) == (120, 10, 1_800)


def test_a_final_lot_answers_the_same_whatever_comes() -> None:
    ended = lots.end(done(lots.intend(TWO_OF_THREE)))

    assert taken(ended, lease_request(), CONFIRM, EARLY_CANCEL, CANCEL) == ended
    assert MAKING_TABLE["final", "confirm"][1] == "FINAL"


def test_a_confirm_to_another_database_of_ours_does_not_start_the_lot() -> None:
    said = lots.hear_requester(
        held(queued()), CONFIRM, author=REQUESTER, incarnation=RESTORED
    )

    assert said == Ignored("another-incarnation")


def test_one_epoch_asked_for_in_two_ways_is_a_contradiction() -> None:
    assert from_requester(queued(3), lease_request(3)) == Ignored("duplicate")
    assert from_requester(queued(3), lease_request(2)) == Ignored("contradiction")


def test_only_the_requester_confirms() -> None:
    said = lots.hear_requester(
        held(queued()), CONFIRM, author=STRANGER, incarnation=OURS
    )

    assert said == Ignored("not-the-requester")
