"""A withdrawal counts when those who hold the rights signed it, whoever brings it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.designs.documents.withdrawal import (
    CREDENTIAL,
    REASON_CHARS_MAX,
    WITHDRAWAL_BYTES_MAX,
    Withdrawal,
    WithdrawalBody,
    Withdrawn,
    open_withdrawal,
    standing,
    subject_of,
    withdrawal_in,
)
from fabnet.errors import MalformedError, RemoteError, SignatureError
from fabnet.records import canonical
from fabnet.records.civil import moment_of
from fabnet.records.credential import (
    Json,
    add_proof,
    canonical_json,
    issue,
    strict_loads,
)
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.designs.samples import ADA, BEN, CAI, EVE, NOON, cid_of, revision

CHANGED = msgspec.structs.replace
DESIGN = revision()
CID = cid_of(DESIGN)
NEWER = of_raw(b"a newer revision")
SAID = Withdrawal(
    revision=CID, severity="recall", reason="The arm breaks.", replacement=NEWER
)
LATER = "2026-11-25T12:00:00Z"


def signed(
    subject: dict[str, Json],
    *keys: SigningKey,
    kind: str = CREDENTIAL,
    at: str = NOON,
    until: str | None = None,
) -> bytes:
    return issue(
        kind,
        issuer=keys[0].public.did,
        subject=subject,
        valid_from=at,
        keys=keys,
        created=at,
        valid_until=until,
    )


def opened(said: Withdrawal, *keys: SigningKey) -> Withdrawn | Refusal:
    return open_withdrawal(signed(subject_of(said), *keys), DESIGN, CID)


def test_a_quorum_of_rightsholders_withdraws() -> None:
    found = opened(SAID, ADA, BEN)

    assert isinstance(found, Withdrawn)
    assert found.withdrawal == SAID
    assert found.signed_by == ("Ada", "Ben")
    assert found.valid_from_ms == moment_of(NOON)
    assert isinstance(opened(SAID, CAI, EVE, BEN), Withdrawn)


@pytest.mark.parametrize("keys", [(ADA,), (ADA, EVE), (EVE,)])
def test_fewer_or_others_do_not(keys: Sequence[SigningKey]) -> None:
    found = opened(SAID, *keys)

    assert isinstance(found, Refusal)
    assert found.reason == "rightsholders-missing"


def test_one_may_sign_after_the_other() -> None:
    half = signed(subject_of(SAID), ADA)
    whole = add_proof(half, BEN, LATER)

    assert isinstance(open_withdrawal(half, DESIGN, CID), Refusal)
    assert isinstance(open_withdrawal(whole, DESIGN, CID), Withdrawn)


def test_the_subject_is_what_people_read() -> None:
    assert subject_of(SAID) == {
        "id": f"ipfs://{CID}",
        "severity": "recall",
        "reason": "The arm breaks.",
        "replacement": f"ipfs://{NEWER}",
    }
    assert withdrawal_in(signed(subject_of(SAID), EVE)) == SAID


def test_a_withdrawal_is_of_one_revision() -> None:
    found = opened(CHANGED(SAID, revision=of_raw(b"another")), ADA, BEN)

    assert isinstance(found, Refusal)
    assert found.reason == "withdrawal-of-another-revision"


def test_a_tampered_withdrawal_is_no_document() -> None:
    document = strict_loads(signed(subject_of(SAID), ADA, BEN))
    subject = document["credentialSubject"]
    assert isinstance(subject, dict)
    subject["severity"] = "stop"

    with pytest.raises(SignatureError):
        open_withdrawal(canonical_json(document), DESIGN, CID)


def test_a_grant_is_no_withdrawal() -> None:
    raw = signed(subject_of(SAID), ADA, BEN, kind="FabnetLicenceGrant")

    with pytest.raises(MalformedError, match="expected FabnetWithdrawal"):
        open_withdrawal(raw, DESIGN, CID)


def test_a_withdrawal_has_no_end() -> None:
    raw = signed(subject_of(SAID), ADA, BEN, until=LATER)

    with pytest.raises(MalformedError, match=r"^validUntil: expected none"):
        open_withdrawal(raw, DESIGN, CID)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": CID}, "id: expected ipfs://"),
        ({"id": "ipfs://nothing"}, "id: cid: expected 59"),
        ({"severity": "worse"}, "severity: Invalid enum value"),
        ({"reason": ""}, "reason: Expected `str` of length >= 1"),
        ({"reason": "a" * (REASON_CHARS_MAX + 1)}, "reason: Expected `str` of length"),
        ({"replacement": None}, "replacement: expected ipfs://"),
        ({"replacement": f"ipfs://{CID}"}, "replacement: expected another revision"),
        ({"colour": "red"}, "Object contains unknown field `colour`"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Json], named: str) -> None:
    raw = signed(subject_of(SAID) | change, ADA, BEN)

    with pytest.raises(MalformedError, match=f"^{named}"):
        open_withdrawal(raw, DESIGN, CID)


FALSE = signed(subject_of(SAID), EVE)
STOP = signed(subject_of(CHANGED(SAID, severity="stop")), ADA, BEN, at=LATER)
RECALL = signed(subject_of(SAID), ADA, BEN)
CORRECTED = signed(subject_of(CHANGED(SAID, reason="It melts.")), BEN, CAI, at=LATER)


@given(st.permutations((FALSE, STOP, RECALL, CORRECTED, b"no document", RECALL)))
def test_in_whatever_order_they_come_the_same_one_is_told(raws: list[bytes]) -> None:
    found = standing(raws, DESIGN, CID)

    assert found is not None
    assert (found.withdrawal.severity, found.reason) == ("recall", "It melts.")


def test_what_does_not_count_withdraws_nothing() -> None:
    assert standing((FALSE, b"no document"), DESIGN, CID) is None
    assert standing((), DESIGN, CID) is None


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_whatever_it_is_it_is_read_or_refused(raw: bytes) -> None:
    with pytest.raises(RemoteError):
        open_withdrawal(raw, DESIGN, CID)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none()
            | st.text(max_size=30)
            | st.just(f"ipfs://{CID}")
            | st.integers(-9, 9)
            for name in ("id", "severity", "reason", "replacement")
        },
    )
)
def test_whatever_is_signed_is_read_or_refused(change: dict[str, Json]) -> None:
    raw = signed(subject_of(SAID) | change, ADA, BEN)
    try:
        found = open_withdrawal(raw, DESIGN, CID)
    except RemoteError:
        return
    assert isinstance(found, Withdrawn)
    assert subject_of(found.withdrawal) == subject_of(SAID) | change


def test_one_by_every_rightsholder_there_can_be_fits_in_its_record() -> None:
    keys = [SigningKey.from_seed(bytes((n,)) * 32) for n in range(1, 65)]
    raw = signed(subject_of(CHANGED(SAID, reason="é" * REASON_CHARS_MAX)), *keys)

    assert len(raw) <= WITHDRAWAL_BYTES_MAX
    packed = canonical.encode(WithdrawalBody(raw))
    assert canonical.decode(packed, WithdrawalBody, bytes_max=48 * 1_024).document == (
        raw
    )
