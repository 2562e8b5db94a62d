"""Who is vouched for: a charter names the node, a trusted federation the charter."""

from __future__ import annotations

from fabnet.node import founding
from fabnet.protocol.community import Community, NodeNotice
from fabnet.protocol.effects import Put
from fabnet.records.refusal import Refusal
from tests.protocol.minds import (
    FEDERATION,
    LOOM,
    LOOM_ID,
    MILL,
    MILL_ID,
    NOON_MS,
    TRUSTED,
    Said,
    at_the_mill,
    community,
    identity,
    key,
    knowing,
    log,
    membership,
    notice,
    papers,
    revoking,
    turn,
)

LOOMS_NODE = key(2).public.peer


def reason(answer: Refusal | None) -> str | None:
    return None if answer is None else answer.reason


def test_our_own_cooperative_needs_no_voucher() -> None:
    ours = community()
    assert ours.is_vouched(key(1).public.peer, NOON_MS) is False, "no charter yet"

    ours.learn_charter(turn(), MILL)

    assert ours.is_vouched(key(1).public.peer, NOON_MS)


def test_another_is_vouched_for_by_a_federation_we_trust() -> None:
    ours = community()
    ours.learn_charter(turn(), LOOM)
    ours.learn_charter(turn(), FEDERATION)
    assert not ours.is_vouched(LOOMS_NODE, NOON_MS)

    assert ours.learn_membership(turn(), membership(LOOM_ID)) is None

    assert ours.is_vouched(LOOMS_NODE, NOON_MS)
    assert ours.actor(LOOM_ID, NOON_MS) == "worker_coop"
    assert ours.facts(LOOM_ID, NOON_MS) == {"cost_recovery_only"}


def test_a_membership_ends_and_vouches_no_more() -> None:
    ours = knowing()
    end_ms = NOON_MS + founding.MEMBERSHIP_MS

    assert ours.is_vouched(LOOMS_NODE, end_ms - 1_000)
    assert not ours.is_vouched(LOOMS_NODE, end_ms)
    assert ours.actor(LOOM_ID, end_ms) == "individual"


def test_a_federation_that_we_do_not_trust_vouches_for_nobody() -> None:
    ours = community(identity(1, MILL_ID))
    ours.learn_charter(turn(), LOOM)
    ours.learn_charter(turn(), FEDERATION)

    answer = ours.learn_membership(turn(), membership(LOOM_ID))

    assert reason(answer) == "federation-not-trusted"
    assert not ours.is_vouched(LOOMS_NODE, NOON_MS)


def test_one_steward_of_two_does_not_make_a_member() -> None:
    ours = community()
    ours.learn_charter(turn(), FEDERATION)

    answer = ours.learn_membership(turn(), membership(LOOM_ID, 11))

    assert reason(answer) == "membership-quorum-not-met"


def test_a_stranger_s_records_are_tried_on_a_copy() -> None:
    ours = community()
    records = papers()

    assert not ours.would_vouch(records[:2], NOON_MS)
    assert ours.would_vouch(records, NOON_MS)
    assert not ours.charters
    assert not ours.nodes


def test_a_record_that_vouches_for_nobody_is_not_even_tried() -> None:
    ours = community()
    records = log(2, ("talk/1", Said("let me in")))

    assert not ours.would_vouch(records, NOON_MS)
    assert not ours.would_vouch([], NOON_MS)


def test_a_charter_cannot_take_another_s_node() -> None:
    ours = knowing()
    thief = founding.cooperative(
        "The Thief", nodes=[LOOMS_NODE], steward=key(66), moment_ms=NOON_MS
    )

    ours.learn_charter(turn(), thief)

    assert ours.charter_of(LOOMS_NODE) == LOOM_ID


def test_a_revoked_node_speaks_no_more_and_its_successor_does() -> None:
    ours = knowing()
    ours.learn_node(LOOMS_NODE, NodeNotice(LOOM_ID, b"l" * 32, 60))
    first, second, third = log(2, *[("talk/1", Said("word"))] * 3)

    assert ours.learn_charter(turn(), revoking(2, cut=2, instead=5)) is None

    assert ours.is_vouched(key(5).public.peer, NOON_MS)
    assert not ours.is_vouched(LOOMS_NODE, NOON_MS)
    assert ours.charter_of(LOOMS_NODE) is None
    assert LOOMS_NODE not in ours.sealing_keys
    assert [ours.takes(each, NOON_MS) for each in (first, second, third)] == [
        True, True, False,
    ]  # fmt: skip
    assert not ours.takes(notice(2, 1, Said("I am free")), NOON_MS)


def test_a_policy_older_than_the_one_in_force_is_refused() -> None:
    ours = knowing()

    def policy(version: int, round_s: int) -> bytes:
        return founding.policy(
            {"roundS": round_s}, MILL_ID, steward=key(11), moment_ms=NOON_MS,
            version=version,
        )  # fmt: skip

    assert ours.learn_policy(turn(), policy(2, 20)) is None
    assert reason(ours.learn_policy(turn(), policy(1, 10))) == "policy-not-newer"
    in_force = ours.policy()
    assert in_force is not None
    assert in_force.round_s == 20


def test_a_sealing_key_counts_only_for_the_cooperative_of_its_node() -> None:
    ours = knowing()
    ours.learn_node(LOOMS_NODE, NodeNotice(MILL_ID, b"m" * 32, 60))
    assert LOOMS_NODE not in ours.sealing_keys

    ours.learn_node(LOOMS_NODE, NodeNotice(LOOM_ID, b"l" * 32, 60))
    assert ours.sealing_keys[LOOMS_NODE] == b"l" * 32


def test_what_was_learnt_is_written_once() -> None:
    ours = Community(at_the_mill())
    first, again = turn(), turn()
    ours.learn_charter(first, MILL)
    ours.learn_charter(again, MILL)

    (put,) = first.effects
    assert isinstance(put, Put)
    assert (put.table, put.key) == ("charter", f"{MILL_ID} 000001")
    assert not again.effects
    assert TRUSTED not in ours.charters
