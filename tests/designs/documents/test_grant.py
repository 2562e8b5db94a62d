"""A grant counts when those who hold the rights signed it, and then it only adds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from fabnet.content.cid import Cid, from_digest, of_raw
from fabnet.designs.documents.grant import (
    CREDENTIAL,
    GRANT_BYTES_MAX,
    PATENT_COVENANT,
    PATENT_COVENANT_TEXT,
    Grant,
    GrantBody,
    HashedText,
    effective,
    grant_of,
    open_grant,
    subject_of,
)
from fabnet.designs.licence.expression import Refused
from fabnet.designs.licence.terms import table
from fabnet.designs.revision import Revision
from fabnet.errors import MalformedError, SignatureError
from fabnet.records import canonical
from fabnet.records.credential import Json, canonical_json, issue, strict_loads
from fabnet.records.keys import SigningKey
from tests.designs.samples import ADA, BEN, CAI, EVE, NOON, cid_of, revision, shared

CHANGED = msgspec.structs.replace
DESIGN = revision()
CID = cid_of(DESIGN)


def grant(design: Revision = DESIGN) -> Grant:
    made = grant_of(design, cid_of(design))
    assert isinstance(made, Grant)
    return made


def signed(
    subject: dict[str, Json],
    *keys: SigningKey,
    kind: str = CREDENTIAL,
) -> bytes:
    return issue(
        kind,
        issuer=keys[0].public.did,
        subject=subject,
        valid_from=NOON,
        keys=keys,
        created=NOON,
    )


def opened(made: Grant, *keys: SigningKey) -> Grant | Refused:
    return open_grant(signed(subject_of(made), *keys), DESIGN, CID)


def reason(answer: Grant | Refused) -> str:
    assert isinstance(answer, Refused)
    return answer.reason


def test_a_quorum_of_rightsholders_grants() -> None:
    assert opened(grant(), ADA, BEN) == grant()
    assert opened(grant(), ADA, BEN, CAI) == grant()
    assert opened(grant(), CAI, EVE, BEN) == grant()


@pytest.mark.parametrize("keys", [(ADA,), (ADA, EVE), (EVE,)])
def test_fewer_or_others_do_not(keys: Sequence[SigningKey]) -> None:
    assert reason(opened(grant(), *keys)) == "rightsholders-missing"


def test_the_subject_is_what_people_read() -> None:
    subject = subject_of(grant())

    assert subject["id"] == f"ipfs://{CID}"
    assert subject["licenceExpression"] == "CERN-OHL-S-2.0"
    assert subject["licenceTexts"] == [
        {
            "id": "CERN-OHL-S-2.0",
            "sha256": table().licences["CERN-OHL-S-2.0"].text_sha256,
        }
    ]
    assert subject["attribution"] == ["Ada", "Ben", "Cai"]
    assert subject["sourceLocation"] == ["https://example.org/hook"]
    assert subject["patentCovenant"] == {
        "id": "fabnet-patent-nonassert-1.0",
        "sha256": PATENT_COVENANT.sha256,
    }


def test_the_hash_in_the_table_is_that_of_the_licence_text() -> None:
    for path in sorted(shared("licences/texts").glob("*.txt")):
        digest = table().licences[path.stem].text_sha256
        assert digest is not None
        assert of_raw(path.read_bytes()) == cid_with(digest)


def cid_with(sha256: str) -> Cid:
    return from_digest(bytes.fromhex(sha256))


def test_the_covenant_is_named_by_the_hash_of_its_words() -> None:
    assert of_raw(PATENT_COVENANT_TEXT.encode()) == cid_with(PATENT_COVENANT.sha256)


def test_a_grant_is_for_one_revision() -> None:
    other = CHANGED(grant(), revision=of_raw(b"another"))

    assert reason(opened(other, ADA, BEN)) == "grant-for-another-revision"


def test_a_grant_names_exactly_the_rightsholders() -> None:
    without = CHANGED(grant(), rightsholders=grant().rightsholders[:2])

    assert reason(opened(without, ADA, BEN)) == "rightsholders-differ"


def test_the_text_that_was_signed_must_be_the_licence() -> None:
    wrong = CHANGED(grant(), texts=(HashedText(id="CERN-OHL-S-2.0", sha256="0" * 64),))

    assert reason(opened(wrong, ADA, BEN)) == "licence-text-differs"
    assert (
        reason(opened(CHANGED(grant(), texts=()), ADA, BEN)) == "licence-text-missing"
    )


def test_a_licence_outside_the_table_is_taken_by_its_hash() -> None:
    ours = "LicenseRef-fabnet-coop-commercial-1.0"
    made = CHANGED(
        grant(), expression=ours, texts=(HashedText(id=ours, sha256="1" * 64),)
    )

    assert opened(made, ADA, BEN) == made
    assert reason(grant_answer(ours)) == "licence-text-unknown"


def grant_answer(licence: str) -> Grant | Refused:
    design = revision(licence)
    return grant_of(design, cid_of(design))


def test_a_grant_of_nothing_is_none() -> None:
    void = CHANGED(grant(), expression="NONE", texts=())
    odd = CHANGED(grant(), expression="MIT AND", texts=())

    assert reason(opened(void, ADA, BEN)) == "grants-nothing"
    assert reason(opened(odd, ADA, BEN)) == "licence-malformed"


def test_a_licence_that_asks_for_source_needs_to_say_where() -> None:
    nowhere = CHANGED(grant(), source_location=())
    answer = opened(nowhere, ADA, BEN)

    assert answer == Refused(
        "source-location-missing",
        (("licence", "CERN-OHL-S-2.0"), ("clause", "4 and 1.9")),
    )


def test_a_tampered_grant_is_no_document() -> None:
    document = strict_loads(signed(subject_of(grant()), ADA, BEN))
    subject = document["credentialSubject"]
    assert isinstance(subject, dict)
    subject["licenceExpression"] = "CC0-1.0"

    with pytest.raises(SignatureError):
        open_grant(canonical_json(document), DESIGN, CID)


def test_a_document_of_another_kind_is_no_grant() -> None:
    raw = signed(subject_of(grant()), ADA, BEN, kind="FabnetMembership")

    with pytest.raises(MalformedError, match="expected FabnetLicenceGrant"):
        open_grant(raw, DESIGN, CID)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": CID}, "id: expected ipfs://"),
        ({"id": "ipfs://nothing"}, "cid: expected 59"),
        ({"licenceExpression": 3}, "licenceExpression: Expected `str`"),
        ({"licenceTexts": [{"id": "MIT"}]}, r"licenceTexts\[0\]: Object missing"),
        ({"attribution": []}, "attribution: Expected `array` of length >= 1"),
        ({"colour": "red"}, "Object contains unknown field `colour`"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Json], named: str) -> None:
    raw = signed(subject_of(grant()) | change, ADA, BEN)

    with pytest.raises(MalformedError, match=f"^{named}"):
        open_grant(raw, DESIGN, CID)


def test_grants_only_add() -> None:
    strict, permissive = grant(), grant(revision("CC0-1.0"))

    assert effective([]) is None
    assert effective([strict]) == "CERN-OHL-S-2.0"
    assert effective([strict, permissive]) == "CC0-1.0 OR CERN-OHL-S-2.0"
    assert effective([permissive, strict, strict]) == effective([strict, permissive])


def test_a_grant_of_every_rightsholder_there_can_be_fits_in_its_record() -> None:
    keys = [SigningKey.from_seed(bytes((n,)) * 32) for n in range(1, 65)]
    dids = tuple(key.public.did for key in keys)
    made = CHANGED(grant(), rightsholders=dids, attribution=("n" * 60,) * 64)

    raw = signed(subject_of(made), *keys)
    assert len(raw) <= GRANT_BYTES_MAX
    packed = canonical.encode(GrantBody(raw))
    assert canonical.decode(packed, GrantBody, bytes_max=48 * 1_024) == GrantBody(raw)
