"""What the facility signs: under which terms it makes, and what it then made."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import of_raw
from fabnet.designs.documents.acceptance import (
    ACCEPTANCE_BYTES_MAX,
    LicenceAcceptance,
    acceptance_subject,
    open_acceptance,
)
from fabnet.designs.documents.passport import (
    CREDENTIAL,
    PASSPORT_BYTES_MAX,
    SOURCE_YEARS_MS,
    CostLine,
    Notice,
    Passport,
    open_passport,
    passport_subject,
)
from fabnet.errors import MalformedError, SignatureError
from fabnet.records.civil import moment_of, rfc3339
from fabnet.records.credential import Json, document_id, issue, strict_loads
from fabnet.records.ids import CharterId, DocumentId, FacilityId, JobId
from fabnet.records.keys import SigningKey
from tests.designs.samples import ADA, BEN, NOON

CHANGED = msgspec.structs.replace
DOCUMENT = DocumentId("sha256:" + "ab" * 32)
CHARTER = CharterId("sha256:" + "cd" * 32)
JOB = JobId(of_raw(b"the request"))

ACCEPTANCE = LicenceAcceptance(
    site=ADA.public.peer,
    charter=CHARTER,
    design=of_raw(b"a revision"),
    part="Hook",
    grants=(DOCUMENT,),
    elected="CERN-OHL-S-2.0",
    act="make_for_peer_at_cost",
    actor="worker_coop",
    facts=("cost_recovery_only",),
    pieces=6,
    job=JOB,
    epoch=1,
    valid_until="2026-12-01T00:00:00Z",
)
PASSPORT = Passport(
    made_by=ADA.public.peer,
    facility=FacilityId("workshop"),
    charter=CHARTER,
    design=of_raw(b"a revision"),
    part="Hook",
    serial="7KQ2-1",
    quantity=6,
    grants=(DOCUMENT,),
    licence_acceptance=DOCUMENT,
    notice=Notice(
        licence="CERN-OHL-S-2.0",
        attribution=("Ada", "Ben"),
        source_location=("https://example.org/hook",),
        text="Coat hook by Ada and Ben, CERN-OHL-S-2.0.",
    ),
    made_at=NOON,
    source_until=rfc3339(moment_of(NOON) + SOURCE_YEARS_MS),
    mass_mg=25_200,
    energy_wh=180,
    minutes=190,
    job=JOB,
    epoch=1,
)


def signed(kind: str, subject: dict[str, Json], *keys: SigningKey) -> bytes:
    return issue(
        kind,
        issuer=keys[0].public.did,
        subject=subject,
        valid_from=NOON,
        keys=keys,
        created=NOON,
    )


def passport(made: Passport = PASSPORT, *keys: SigningKey) -> bytes:
    return signed(CREDENTIAL, passport_subject(made), *(keys or (ADA,)))


def acceptance(subject: dict[str, Json], *keys: SigningKey) -> bytes:
    return signed("FabnetLicenceAcceptance", subject, *(keys or (ADA,)))


def test_a_passport_says_what_its_facility_signed() -> None:
    raw = passport()

    assert open_passport(raw) == PASSPORT
    assert len(raw) < PASSPORT_BYTES_MAX


def test_a_passport_reads_as_json() -> None:
    subject = passport_subject(PASSPORT)

    assert subject["madeBy"] == ADA.public.peer
    assert subject["sourceUntil"] == "2029-11-26T12:00:00Z"
    assert subject["notice"] == {
        "licence": "CERN-OHL-S-2.0",
        "attribution": ["Ada", "Ben"],
        "sourceLocation": ["https://example.org/hook"],
        "text": "Coat hook by Ada and Ben, CERN-OHL-S-2.0.",
    }
    assert "costLines" not in subject


def test_what_was_made_at_cost_itemises_it() -> None:
    lines = (CostLine(what="machine", amount=84, unit="minutes"),)
    made = CHANGED(PASSPORT, cost_lines=lines)

    assert open_passport(passport(made)) == made


@pytest.mark.parametrize("keys", [(BEN,), (ADA, BEN), (BEN, ADA)])
def test_only_the_node_that_made_it_signs_a_passport(
    keys: tuple[SigningKey, ...],
) -> None:
    with pytest.raises(SignatureError, match="alone, to sign it"):
        open_passport(passport(PASSPORT, *keys))


def test_the_source_is_to_be_had_for_three_years() -> None:
    short = rfc3339(moment_of(NOON) + SOURCE_YEARS_MS - 1_000)

    with pytest.raises(MalformedError, match=r"^sourceUntil: expected at least three"):
        open_passport(passport(CHANGED(PASSPORT, source_until=short)))
    with pytest.raises(MalformedError, match="expected a time such as"):
        open_passport(passport(CHANGED(PASSPORT, source_until="in the far future!!!")))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"quantity": 0}, "quantity: Expected `int` >= 1"),
        ({"serial": "a b"}, "serial: Expected `str` matching"),
        ({"grants": []}, "grants: Expected `array` of length >= 1"),
        ({"massMg": -1}, "massMg: Expected `int` >= 0"),
        ({"design": "bafkrei" + "b" * 52}, "cid: "),
        ({"price": 3}, "Object contains unknown field `price`"),
        ({"notice": {}}, "notice: Object missing required field"),
    ],
)
def test_a_field_of_a_passport_that_is_wrong_is_named(
    change: dict[str, Json], named: str
) -> None:
    raw = signed(CREDENTIAL, passport_subject(PASSPORT) | change, ADA)

    with pytest.raises(MalformedError, match=f"^{named}"):
        open_passport(raw)


def test_an_acceptance_says_what_the_site_accepted() -> None:
    raw = acceptance(acceptance_subject(ACCEPTANCE))

    assert open_acceptance(raw) == (ACCEPTANCE, document_id(strict_loads(raw)))
    assert ACCEPTANCE.valid_until_ms == moment_of("2026-12-01T00:00:00Z")
    assert len(raw) < ACCEPTANCE_BYTES_MAX


def test_only_the_site_signs_its_acceptance() -> None:
    subject = acceptance_subject(ACCEPTANCE)

    for keys in ((BEN,), (ADA, BEN)):
        with pytest.raises(SignatureError, match="alone, to sign it"):
            open_acceptance(acceptance(subject, *keys))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epoch": 0}, "epoch: Expected `int` >= 1"),
        ({"pieces": 0}, "pieces: Expected `int` >= 1"),
        ({"validUntil": "soon"}, "validUntil: Expected `str` of length >= 20"),
        ({"validUntil": "2026-02-30T00:00:00Z"}, "'2026-02-30T00:00:00Z': expected"),
        ({"facts": ["Not A Token"]}, r"facts\[0\]: Expected `str` matching"),
        ({"job": "yesterday's"}, "job: Expected `str` matching"),
    ],
)
def test_a_field_of_an_acceptance_that_is_wrong_is_named(
    change: dict[str, Json], named: str
) -> None:
    with pytest.raises(MalformedError, match=f"^{named}"):
        open_acceptance(acceptance(acceptance_subject(ACCEPTANCE) | change))


def test_a_passport_is_no_acceptance() -> None:
    with pytest.raises(MalformedError, match="expected FabnetLicenceAcceptance"):
        open_acceptance(passport())
