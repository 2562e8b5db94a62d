"""A dispute stands from when it is raised until whoever raised it takes it back."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.designs.documents.dispute import (
    CREDENTIAL,
    DISPUTE_BYTES_MAX,
    Dispute,
    Disputed,
    dispute_subject,
    open_dispute,
    standing,
)
from fabnet.errors import MalformedError, RemoteError
from fabnet.records.credential import Credential, Json, canonical_json, issue
from fabnet.records.ids import CharterId, DocumentId
from fabnet.records.keys import SigningKey
from tests.designs.samples import ADA, BEN, NOON

GRANT = DocumentId("sha256:" + "ab" * 32)
MILL = CharterId("sha256:" + "cd" * 32)
LOOM = CharterId("sha256:" + "ef" * 32)
RAISED = Dispute(
    revision=of_raw(b"a revision"), grant=GRANT, reason="It is ours.", charter=MILL
)

Admitted = tuple[Dispute, Credential, str]


def signed(dispute: Dispute, *keys: SigningKey, at: str = NOON) -> bytes:
    return issue(
        CREDENTIAL,
        issuer=(keys or (ADA,))[0].public.did,
        subject=dispute_subject(dispute),
        valid_from=at,
        keys=keys or (ADA,),
        created=at,
    )


def said(dispute: Dispute, *keys: SigningKey, at: str = NOON) -> Admitted:
    return (*open_dispute(signed(dispute, *keys, at=at)), "The Mill")


def retracting(raised: Admitted, charter: CharterId | None = MILL) -> Dispute:
    return msgspec.structs.replace(
        RAISED, retracts=raised[1].id, charter=charter, reason="We have agreed."
    )


def test_a_dispute_says_against_which_grant_of_which_revision_and_why() -> None:
    dispute, credential = open_dispute(signed(RAISED))

    assert dispute == RAISED
    assert credential.subject == {
        "id": f"ipfs://{RAISED.revision}",
        "grant": GRANT,
        "charter": MILL,
        "reason": "It is ours.",
    }
    assert standing([said(RAISED)]) == (
        Disputed(credential.id, GRANT, "The Mill", "It is ours."),
    )


def test_a_quorum_of_thirty_two_fits_in_a_record() -> None:
    keys = [SigningKey.from_seed(bytes([n]) * 32) for n in range(1, 33)]
    long = msgspec.structs.replace(RAISED, reason="é" * 2_000)

    assert len(signed(long, *keys)) < DISPUTE_BYTES_MAX


@pytest.mark.parametrize("charter", [MILL, None])
def test_whoever_raised_it_takes_it_back(charter: CharterId | None) -> None:
    raised = said(msgspec.structs.replace(RAISED, charter=charter))
    back = said(retracting(raised, charter))

    for order in permutations([raised, back, raised]):
        assert standing(order) == ()


def test_another_steward_of_the_same_cooperative_takes_it_back() -> None:
    raised = said(RAISED, ADA)

    assert standing([raised, said(retracting(raised), BEN)]) == ()


def test_nobody_else_takes_it_back() -> None:
    raised = said(RAISED, ADA)
    by_self = said(msgspec.structs.replace(RAISED, charter=None), ADA)

    assert len(standing([raised, said(retracting(raised, LOOM), ADA)])) == 1
    assert len(standing([raised, said(retracting(raised, None), ADA)])) == 1
    assert len(standing([by_self, said(retracting(by_self, None), BEN)])) == 1


def test_a_dispute_can_be_raised_anew_after_it_was_taken_back() -> None:
    raised = said(RAISED)
    anew = said(RAISED, at="2026-11-25T12:00:00Z")

    (left,) = standing([raised, said(retracting(raised)), anew])

    assert left.dispute == anew[1].id


@given(st.permutations(range(6)))
def test_the_order_in_which_they_come_decides_nothing(order: list[int]) -> None:
    first, second = said(RAISED), said(RAISED, BEN, at="2026-11-25T12:00:00Z")
    alone = said(msgspec.structs.replace(RAISED, charter=None))
    all_of = [first, second, alone, said(retracting(first)), second, first]

    assert standing(all_of[at] for at in order) == standing(all_of)
    assert {it.dispute for it in standing(all_of)} == {second[1].id, alone[1].id}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": RAISED.revision}, "id"),
        ({"id": "ipfs://x"}, "CID"),
        ({"id": 1}, "id"),
        ({"grant": "sha256:1"}, "grant"),
        ({"grant": "sha256:" + "ab" * 32 + "\n"}, "grant"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"charter": "The Mill"}, "charter"),
        ({"retracts": 1}, "retracts"),
        ({"more": 1}, "more"),
    ],
)
def test_a_dispute_of_another_shape_is_refused(
    changes: dict[str, Json], field: str
) -> None:
    raw = issue(
        CREDENTIAL,
        issuer=ADA.public.did,
        subject={**dispute_subject(RAISED), **changes},
        valid_from=NOON,
        keys=[ADA],
        created=NOON,
    )

    with pytest.raises(MalformedError, match=f"(?i){field}"):
        open_dispute(raw)


@given(
    st.dictionaries(
        st.sampled_from(["id", "grant", "reason", "charter", "retracts", "x"]),
        st.none() | st.integers(0, 9) | st.text(max_size=70),
    )
)
def test_whatever_stands_in_a_dispute_is_read_or_refused(
    subject: dict[str, Json],
) -> None:
    raw = issue(
        CREDENTIAL,
        issuer=ADA.public.did,
        subject=subject,
        valid_from=NOON,
        keys=[ADA],
        created=NOON,
    )

    try:
        open_dispute(raw)
    except RemoteError:
        pass


def test_a_changed_dispute_is_not_authentic() -> None:
    with pytest.raises(RemoteError):
        open_dispute(signed(RAISED).replace(b"It is ours", b"It was ours"))
    with pytest.raises(MalformedError):
        open_dispute(canonical_json({"proof": []}))
