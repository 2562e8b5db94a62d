"""A membership says who a cooperative is, to those who trust the federation."""

from __future__ import annotations

import pytest

from fabnet.cooperation.membership import (
    Membership,
    federation_of,
    membership_subject,
    open_membership,
)
from fabnet.errors import MalformedError
from fabnet.records.civil import moment_of
from fabnet.records.credential import Json
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.cooperation.people import (
    ALICE,
    BOB,
    MALLORY,
    NEW_YEAR,
    NEXT_YEAR,
    charter_bytes,
    federation,
    membership_bytes,
    mill,
    signed,
)


def test_a_quorum_of_the_federation_makes_a_member() -> None:
    region, member = federation(), mill()
    raw = membership_bytes(region.id, member.id, ALICE, BOB)

    membership = open_membership(raw, region)

    assert isinstance(membership, Membership)
    assert (membership.member, membership.federation) == (member.id, region.id)
    assert membership.actor_type == "worker_coop"
    assert membership.facts == ("cost_recovery_only", "noncommercial_purpose")
    assert federation_of(raw) == region.id


@pytest.mark.parametrize("signers", [[ALICE], [ALICE, MALLORY], [MALLORY]])
def test_less_than_the_quorum_makes_none(signers: list[SigningKey]) -> None:
    region = federation()
    raw = membership_bytes(region.id, mill().id, *signers)

    refusal = open_membership(raw, region)

    assert refusal == Refusal("membership-quorum-not-met", (("needed", 2),))


def test_a_membership_counts_from_its_first_second_until_its_last() -> None:
    region = federation()
    raw = membership_bytes(region.id, mill().id, ALICE, BOB)
    membership = open_membership(raw, region)
    assert isinstance(membership, Membership)
    first, last = moment_of(NEW_YEAR), moment_of(NEXT_YEAR)

    assert not membership.is_valid(first - 1)
    assert membership.is_valid(first)
    assert membership.is_valid(last - 1)
    assert not membership.is_valid(last)


def test_the_membership_of_another_federation_says_nothing_here() -> None:
    region, other = federation(), federation(quorum=1)
    raw = membership_bytes(other.id, mill().id, ALICE, BOB)

    refusal = open_membership(raw, region)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == "another-federation"


def test_a_cooperative_has_no_members_to_vouch_for() -> None:
    raw = membership_bytes(mill().id, federation().id, ALICE, BOB)

    refusal = open_membership(raw, mill())

    assert isinstance(refusal, Refusal)
    assert refusal.reason == "not-a-federation"


def test_a_membership_without_an_end_is_malformed() -> None:
    region = federation()
    raw = membership_bytes(region.id, mill().id, ALICE, BOB, until=None)

    with pytest.raises(MalformedError, match="validUntil"):
        open_membership(raw, region)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"actorType": "bank"}, "actorType"),
        ({"facts": ["No Token"]}, "facts"),
        ({"member": "the mill"}, "member"),
        ({"price": 3}, "price"),
    ],
)
def test_a_membership_out_of_shape_says_where(
    change: dict[str, Json], named: str
) -> None:
    region = federation()
    subject = membership_subject(
        member=mill().id, federation=region.id, actor_type="firm"
    )
    raw = signed(
        "FabnetMembership", {**subject, **change}, [ALICE, BOB], until=NEXT_YEAR
    )

    with pytest.raises(MalformedError, match=f"membership: .*{named}"):
        open_membership(raw, region)


def test_a_charter_is_not_taken_for_a_membership() -> None:
    with pytest.raises(MalformedError, match="FabnetMembership"):
        open_membership(charter_bytes({}, ALICE), federation())
    assert federation_of(b"[]") is None
