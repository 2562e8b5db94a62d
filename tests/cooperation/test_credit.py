"""Minutes post in matched pairs, and always sum to zero."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.credit import (
    Pending,
    Posting,
    balances,
    match,
    pair_balance,
    unposted,
    within_limit,
)
from fabnet.production.receipt import MINUTE_KINDS, Acceptance, LotClosed, Minutes
from tests.production.samples import (
    MACHINE,
    POLICY,
    REQUESTER,
    charter_id,
    job,
    record_id,
)

MILL, LOOM, FORGE = charter_id("1"), charter_id("2"), charter_id("3")
CLAIM_ID = record_id("lot-closed")
CLAIM = LotClosed(
    job(), 1, REQUESTER, MACHINE, 3, 1, "made",
    (Minutes("set-up", 5), Minutes("machine", 40)), 80, 90_000, POLICY, None,
)  # fmt: skip
ACCEPTED = Acceptance(
    job(), 1, CLAIM_ID, 3, (Minutes("set-up", 5), Minutes("machine", 30))
)


def matched(acceptance: Acceptance, claim: LotClosed = CLAIM) -> Posting | Pending:
    return match(claim, CLAIM_ID, acceptance, maker=MILL, requester=LOOM)


def accepted(**changes: object) -> Acceptance:
    return msgspec.structs.replace(ACCEPTED, **changes)


def test_what_was_accepted_posts_and_the_rest_stays_pending() -> None:
    posting = matched(ACCEPTED)

    assert posting == Posting(job(), 1, MILL, LOOM, ACCEPTED.minutes)
    assert unposted(CLAIM, ACCEPTED) == (Minutes("machine", 10),)


@pytest.mark.parametrize(
    ("acceptance", "reason"),
    [
        (accepted(epoch=2), "another-lot"),
        (accepted(job=job("another")), "another-lot"),
        (accepted(lot_closed=record_id("another")), "another-record"),
        (accepted(good=4), "more-pieces-than-claimed"),
        (accepted(minutes=(Minutes("machine", 41),)), "more-minutes-than-claimed"),
        (accepted(minutes=(Minutes("machine", 40),) * 2), "more-minutes-than-claimed"),
        (accepted(minutes=(Minutes("teaching", 1),)), "more-minutes-than-claimed"),
    ],
)
def test_a_pair_that_does_not_match_posts_nothing(
    acceptance: Acceptance, reason: str
) -> None:
    assert matched(acceptance) == Pending(reason)


def test_a_cooperative_owes_itself_nothing() -> None:
    own = match(CLAIM, CLAIM_ID, ACCEPTED, maker=MILL, requester=MILL)

    assert own == Pending("same-cooperative")


def posting(maker: str, requester: str, minutes: int) -> Posting:
    return Posting(
        job(), 1, charter_id(maker), charter_id(requester),
        (Minutes("machine", minutes),),
    )  # fmt: skip


def test_a_pair_may_owe_each_other_up_to_the_limit() -> None:
    postings = [posting("1", "2", 100), posting("2", "1", 30), posting("1", "3", 900)]

    def allowed(minutes: int) -> bool:
        return within_limit(
            postings, maker=MILL, requester=LOOM, minutes=minutes, limit_minutes=120
        )

    assert pair_balance(postings, maker=MILL, requester=LOOM) == 70
    assert allowed(50)
    assert not allowed(51)
    assert within_limit(
        postings, maker=LOOM, requester=MILL, minutes=190, limit_minutes=120
    )


def test_what_is_made_at_home_has_no_limit() -> None:
    assert within_limit([], maker=MILL, requester=MILL, minutes=10**6, limit_minutes=0)


POSTINGS = st.lists(
    st.builds(
        posting,
        st.sampled_from("123"),
        st.sampled_from("123"),
        st.integers(0, 1_000_000),
    ).filter(lambda each: each.maker != each.requester)
)


@given(POSTINGS)
def test_the_sum_is_always_zero_and_of_the_pairs(postings: list[Posting]) -> None:
    owed = balances(postings)

    assert sum(owed.values()) == 0
    for one in owed:
        assert owed[one] == sum(
            pair_balance(postings, maker=one, requester=other)
            for other in owed
            if other != one
        )


@given(POSTINGS.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_in_which_order_records_came_does_not_matter(
    orders: tuple[list[Posting], list[Posting]],
) -> None:
    assert list(balances(orders[0]).items()) == list(balances(orders[1]).items())


MINUTES = st.dictionaries(
    st.sampled_from(MINUTE_KINDS), st.integers(0, 90), max_size=5
).map(lambda kinds: tuple(Minutes(kind, minutes) for kind, minutes in kinds.items()))


@given(MINUTES, MINUTES)
def test_never_more_posts_than_was_claimed_and_nothing_is_lost(
    claimed: tuple[Minutes, ...], granted: tuple[Minutes, ...]
) -> None:
    claim = msgspec.structs.replace(CLAIM, minutes=claimed)
    acceptance = accepted(minutes=granted)

    posted = matched(acceptance, claim)

    if isinstance(posted, Posting):
        pending = sum(each.minutes for each in unposted(claim, acceptance))
        assert posted.total_minutes + pending == sum(each.minutes for each in claimed)
    else:
        limits = {each.kind: each.minutes for each in claimed}
        assert any(each.minutes > limits.get(each.kind, 0) for each in granted)
