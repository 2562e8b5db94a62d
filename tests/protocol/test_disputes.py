"""A grant is disputed by whoever has a say: stewards in quorum, or a rightsholder."""

from __future__ import annotations

import pytest

from fabnet.content.cid import of_raw
from fabnet.cooperation.charter import Charter, charter_subject
from fabnet.designs.documents.dispute import (
    CREDENTIAL,
    Dispute,
    dispute_subject,
    open_dispute,
)
from fabnet.node import founding
from fabnet.protocol.community import Community
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import CharterId, DocumentId
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.designs.samples import ADA, CAI, EVE, NOON, cid_of, revision
from tests.protocol.minds import (
    LOOM_ID,
    MILL_ID,
    NOBODY,
    NOON_MS,
    TRUSTED,
    community,
    identity,
    key,
    knowing,
    turn,
)

DESIGN = revision()
CID = cid_of(DESIGN)
GRANT = DocumentId("sha256:" + "ab" * 32)
MILL_STEWARD, LOOM_STEWARD = key(11), key(12)


def signed(
    *keys: SigningKey,
    charter: CharterId | None = None,
    retracts: DocumentId | None = None,
) -> bytes:
    dispute = Dispute(
        revision=CID, grant=GRANT, reason="Ours.", charter=charter, retracts=retracts
    )
    return issue(
        CREDENTIAL,
        issuer=keys[0].public.did,
        subject=dispute_subject(dispute),
        valid_from=NOON,
        keys=keys,
        created=NOON,
    )


def said(known: Community, raw: bytes, moment_ms: int = NOON_MS) -> str | None:
    """Return who disputes, or the reason why nobody does."""
    dispute, credential = open_dispute(raw)
    answer = known.disputant(dispute, credential, DESIGN, CID, moment_ms)
    return answer.reason if isinstance(answer, Refusal) else answer


def test_a_rightsholder_has_a_say_who_did_not_sign_the_grant() -> None:
    assert said(community(), signed(CAI)) == "Cai"
    assert said(community(), signed(CAI, EVE)) == "Cai"


def test_others_have_none_even_beside_a_rightsholder() -> None:
    assert said(community(), signed(EVE)) == "not-a-rightsholder"
    assert said(community(), signed(EVE, ADA)) == "not-a-rightsholder"


def test_a_vouched_cooperative_has_a_say_and_so_has_ours() -> None:
    assert said(knowing(), signed(LOOM_STEWARD, charter=LOOM_ID)) == "The Loom"
    assert said(knowing(), signed(MILL_STEWARD, charter=MILL_ID)) == "The Mill"


def test_nobody_speaks_for_a_cooperative_but_its_stewards() -> None:
    for keys in ((MILL_STEWARD,), (key(2),), (ADA,)):
        answer = said(knowing(), signed(*keys, charter=LOOM_ID))
        assert answer == "dispute-quorum-not-met"


def test_a_cooperative_that_nobody_here_vouches_for_is_not_heeded() -> None:
    alone = community(identity(1, MILL_ID))
    raw = signed(LOOM_STEWARD, charter=LOOM_ID)

    assert said(alone, raw) == "cooperative-not-vouched"
    assert said(knowing(), signed(EVE, charter=NOBODY)) == "cooperative-not-vouched"


def test_a_membership_that_ended_later_does_not_void_a_dispute() -> None:
    raw = signed(LOOM_STEWARD, charter=LOOM_ID)
    end_ms = NOON_MS + founding.MEMBERSHIP_MS

    assert said(knowing(), raw, end_ms - 1_000) == "The Loom"
    assert said(knowing(), raw, end_ms) == "cooperative-not-vouched"


def test_a_cooperative_disputes_in_the_quorum_that_makes_its_policy() -> None:
    stewards = [key(31), key(32), key(33)]
    subject = charter_subject(
        name="The Kiln",
        stewards=[each.public for each in stewards],
        nodes=[],
        policy_quorum=2,
    )
    at = rfc3339(NOON_MS)
    raw = issue(
        "FabnetCharter",
        issuer=stewards[0].public.did,
        subject=subject,
        valid_from=at,
        keys=stewards[:1],
        created=at,
    )
    kiln = founding.id_of(raw)
    known = Community(identity(1, kiln, TRUSTED))
    assert known.learn_charter(turn(), raw) is None
    assert isinstance(known.charters[kiln], Charter)

    assert said(known, signed(*stewards[:2], charter=kiln)) == "The Kiln"
    alone = signed(stewards[0], EVE, charter=kiln)
    assert said(known, alone) == "dispute-quorum-not-met"


def test_a_dispute_is_about_one_revision() -> None:
    dispute, credential = open_dispute(signed(CAI))
    other = of_raw(b"another")

    answer = community().disputant(dispute, credential, DESIGN, other, NOON_MS)

    assert isinstance(answer, Refusal)
    assert answer.reason == "dispute-of-another-revision"


@pytest.mark.parametrize("noise", [b"", b"{}", signed(CAI)[:-9], signed(EVE)])
def test_what_does_not_count_takes_no_place(noise: bytes) -> None:
    documents = [(noise, NOON_MS), (signed(CAI), NOON_MS)]

    (only,) = community().admitted(DESIGN, CID, documents)

    assert only[2] == "Cai"
