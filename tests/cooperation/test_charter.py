"""Trust in version 1 of a charter is enough to follow every later one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.charter import (
    Charter,
    CharterBody,
    charter_subject,
    lineage_of,
    open_charter,
)
from fabnet.errors import MalformedError, SignatureError
from fabnet.records import canonical
from fabnet.records.credential import Json, document_id, strict_loads
from fabnet.records.ids import CharterId, Incarnation, PeerId
from fabnet.records.keys import PublicKey, SigningKey
from fabnet.records.record import BODY_BYTES_MAX
from fabnet.records.refusal import Refusal
from tests.cooperation.people import (
    ALICE,
    BOB,
    CAROL,
    MALLORY,
    NODE,
    OTHER_NODE,
    STEWARDS,
    charter_bytes,
    federation,
    founded,
    key,
    mill,
)

FIRST = Incarnation(1, 2**62 + 1)


def second(
    charter: Charter,
    *,
    version: int = 2,
    stewards: list[PublicKey] | None = None,
    nodes: list[PeerId] | None = None,
    quorum: int = 2,
    revoked: dict[PeerId, tuple[Incarnation, int]] | None = None,
) -> dict[str, Json]:
    return charter_subject(
        name="The Mill",
        version=version,
        lineage=charter.id,
        stewards=STEWARDS if stewards is None else stewards,
        nodes=[NODE] if nodes is None else nodes,
        charter_quorum=quorum,
        revoked=revoked,
    )


def refused(raw: bytes, previous: Charter | None) -> str:
    answer = open_charter(raw, previous=previous)
    assert isinstance(answer, Refusal), answer
    return answer.reason


# ------------------------------------------------------------------ version 1


def test_a_charter_is_named_by_the_hash_of_its_first_version() -> None:
    subject = charter_subject(name="The Mill", stewards=STEWARDS, nodes=[NODE])
    raw = charter_bytes(subject, ALICE)

    charter = founded(raw)

    assert charter.document == document_id(strict_loads(raw))
    assert charter.id == CharterId(charter.document)
    assert lineage_of(raw) == charter.id
    assert charter.names_node(NODE)
    assert not charter.names_node(OTHER_NODE)


def test_a_charter_travels_in_a_record_body() -> None:
    raw = charter_bytes(charter_subject(name="A", stewards=STEWARDS, nodes=[]), ALICE)
    packed = canonical.encode(CharterBody(raw))

    body = canonical.decode(packed, CharterBody, bytes_max=BODY_BYTES_MAX)

    assert founded(body.document).name == "A"


def test_a_charter_names_who_may_do_what() -> None:
    charter = mill()

    assert charter.steward_keys == frozenset(STEWARDS)
    assert charter.designer_keys == {CAROL.public}
    assert charter.operator_keys == charter.member_keys == frozenset()
    assert (charter.charter_quorum, charter.policy_quorum) == (2, 2)


def test_one_steward_of_two_founds_nothing() -> None:
    subject = charter_subject(
        name="A", stewards=STEWARDS, nodes=[], charter_quorum=2, membership_quorum=1
    )

    assert refused(charter_bytes(subject, ALICE), None) == "charter-quorum-not-met"
    assert (
        refused(charter_bytes(subject, ALICE, MALLORY), None)
        == "charter-quorum-not-met"
    )


def test_a_quorum_of_more_than_there_are_is_refused() -> None:
    subject = charter_subject(
        name="A", stewards=STEWARDS, nodes=[], policy_quorum=4, charter_quorum=1
    )

    assert refused(charter_bytes(subject, ALICE), None) == "quorum-beyond-stewards"


def test_a_federations_stewards_sit_for_cooperatives() -> None:
    charter = federation()

    assert charter.actor_kind == "federation"
    assert [seat_key for _, seat_key in charter.seats] == [ALICE.public, BOB.public]
    assert charter.steward_keys == {ALICE.public, BOB.public}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"stewards": []}, "stewards"),
        ({"stewards": [ALICE.public.did] * 2}, "stewards: a key is named"),
        ({"actorKind": "federation"}, "stewards: of a federation"),
        ({"actorKind": "club"}, "actorKind"),
        ({"nodes": ["12D3KooW"]}, "nodes"),
        ({"quorums": {"charter": 0, "membership": 1, "policy": 1}}, "quorums.charter"),
        ({"version": 0}, "version"),
        ({"lineage": "sha256:" + "0" * 64}, "lineage is absent"),
        ({"colour": "green"}, "colour"),
        ({"revoked": [{"node": NODE, "counter": 1, "random": "8" * 16, "seq": 1}]},
         "random"),
        ({"members": [ALICE.public.did + "\n"]}, "members"),
    ],
)  # fmt: skip
def test_a_charter_out_of_shape_is_malformed_and_says_where(
    change: dict[str, Json], named: str
) -> None:
    subject = charter_subject(name="A", stewards=[ALICE.public], nodes=[])

    with pytest.raises(MalformedError, match=f"charter: .*{named}"):
        open_charter(charter_bytes({**subject, **change}, ALICE), previous=None)


def test_a_tampered_charter_has_no_signature() -> None:
    raw = charter_bytes(
        charter_subject(name="A", stewards=STEWARDS, nodes=[NODE]), ALICE
    )

    with pytest.raises(SignatureError):
        open_charter(raw.replace(NODE.encode(), OTHER_NODE.encode()), previous=None)


def test_another_document_is_not_a_charter() -> None:
    with pytest.raises(MalformedError):
        open_charter(b"{}", previous=None)
    assert lineage_of(b"not json") is None


# ------------------------------------------------------------------ later versions


def test_a_later_version_needs_the_old_stewards_and_its_own() -> None:
    old = mill()
    dave = key(15)
    subject = second(old, stewards=[CAROL.public, dave.public])

    later = founded(charter_bytes(subject, ALICE, CAROL, dave), old)

    assert (later.id, later.version) == (old.id, 2)
    assert later.document != old.document
    assert lineage_of(charter_bytes(subject, CAROL, dave)) == old.id


@pytest.mark.parametrize(
    "signers",
    [
        [CAROL, key(15)],  # the new ones alone: Carol is only one of the old
        [ALICE, BOB],  # the old ones alone
        [ALICE, MALLORY, key(15)],
    ],
)
def test_neither_old_nor_new_stewards_alone_make_a_version(
    signers: list[SigningKey],
) -> None:
    old = mill()
    subject = second(old, stewards=[CAROL.public, key(15).public])

    assert refused(charter_bytes(subject, *signers), old) == "charter-quorum-not-met"


def test_no_version_can_be_skipped_or_come_again() -> None:
    old = mill()
    later = founded(charter_bytes(second(old), ALICE, BOB), old)

    skipping = charter_bytes(second(old, version=3), ALICE, BOB)
    assert refused(skipping, old) == "charter-version-missing"
    assert founded(skipping, later).version == 3
    another = charter_bytes(second(old, nodes=[NODE, OTHER_NODE]), ALICE, BOB)
    assert refused(another, later) == "charter-not-newer"


def test_the_version_that_is_held_opens_as_itself() -> None:
    old = mill()
    raw = charter_bytes(second(old), ALICE, BOB)
    later = founded(raw, old)

    assert open_charter(raw, previous=later) is later


def test_a_later_version_without_the_first_is_unknown() -> None:
    raw = charter_bytes(second(mill()), ALICE, BOB)

    assert refused(raw, None) == "charter-unknown"


def test_a_version_of_another_charter_does_not_follow() -> None:
    subject = charter_subject(
        name="A", version=2, lineage=CharterId("sha256:" + "9" * 64),
        stewards=STEWARDS, nodes=[NODE], charter_quorum=2,
    )  # fmt: skip

    assert refused(charter_bytes(subject, ALICE, BOB), mill()) == "another-charter"


def test_a_cooperative_does_not_become_a_federation() -> None:
    old = mill()
    subject = charter_subject(
        name="A", actor_kind="federation", version=2, lineage=old.id, nodes=[],
        stewards=[(old.id, ALICE.public), (old.id, BOB.public)],
    )  # fmt: skip

    assert refused(charter_bytes(subject, ALICE, BOB), old) == "actor-kind-changed"


# ------------------------------------------------------------------ revocation


def test_a_revoked_node_keeps_what_it_said_before_the_cut() -> None:
    old = mill()
    subject = second(old, nodes=[OTHER_NODE], revoked={NODE: (FIRST, 40)})

    later = founded(charter_bytes(subject, ALICE, BOB), old)

    assert later.cut(NODE) == (FIRST, 40)
    assert later.cut(OTHER_NODE) is None
    assert not later.names_node(NODE)
    assert later.speaks(NODE, FIRST, 40)
    assert not later.speaks(NODE, FIRST, 41)
    assert not later.speaks(NODE, Incarnation(2, 0), 1)
    assert later.speaks(OTHER_NODE, FIRST, 10**6)


def test_a_node_is_not_dropped_without_saying_up_to_where_it_counts() -> None:
    old = mill()
    subject = second(old, nodes=[])

    assert refused(charter_bytes(subject, ALICE, BOB), old) == (
        "node-dropped-without-cut"
    )


def test_a_version_that_leaves_a_revocation_out_does_not_take_it_back() -> None:
    old = mill()
    cut = second(old, nodes=[], revoked={NODE: (FIRST, 40)})
    later = founded(charter_bytes(cut, ALICE, BOB), old)
    silent = charter_bytes(second(old, version=3, nodes=[]), ALICE, BOB)
    again = charter_bytes(second(old, version=3, nodes=[NODE]), ALICE, BOB)

    assert founded(silent, later).cut(NODE) == (FIRST, 40)
    assert refused(again, later) == "node-revoked"


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 2**63 - 1), st.integers(0, 50)),
        min_size=1,
        max_size=3,
    )
)
def test_of_several_cuts_the_lowest_counts_in_any_order(
    places: list[tuple[int, int, int]],
) -> None:
    charter = mill()
    for version, (counter, random, seq) in enumerate(places, start=2):
        subject = second(
            charter, version=version, nodes=[],
            revoked={NODE: (Incarnation(counter, random), seq)},
        )  # fmt: skip
        charter = founded(charter_bytes(subject, ALICE, BOB), charter)

    counter, random, seq = min(places)
    assert charter.cut(NODE) == (Incarnation(counter, random), seq)
