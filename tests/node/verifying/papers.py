"""A design's folder with all that is signed about it, and about one lot of it."""

from __future__ import annotations

from pathlib import Path

from fabnet.content.cid import Cid
from fabnet.designs.documents import acceptance as acceptances
from fabnet.designs.documents import passport as passports
from fabnet.designs.documents.acceptance import LicenceAcceptance, acceptance_subject
from fabnet.designs.documents.passport import Notice, Passport, passport_subject
from fabnet.records.civil import moment_of
from fabnet.records.credential import document_id, issue, strict_loads
from fabnet.records.ids import DocumentId, FacilityId, JobId
from fabnet.records.keys import SigningKey
from tests.node.cooperative import NODE, charter, charter_id
from tests.node.publishing.folders import drafted, write_hook

NOW_MS = moment_of("2026-03-01T12:00:00Z")
MADE = "2026-02-01T12:00:00Z"
JOB = JobId("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")


def id_of(document: bytes) -> DocumentId:
    return document_id(strict_loads(document))


def signed(kind: str, subject: dict[str, object], key: SigningKey) -> bytes:
    return issue(
        kind,
        issuer=key.public.did,
        subject=subject,  # type: ignore[arg-type]  # JSON, by construction
        valid_from=MADE,
        keys=[key],
        created=MADE,
    )


def acceptance_of(cid: Cid, grant: bytes, *, elected: str) -> bytes:
    """The workshop accepts the licence of a lot of two hooks."""
    accepted = LicenceAcceptance(
        site=NODE.public.peer,
        charter=charter_id(),
        design=cid,
        part="hook",
        grants=(id_of(grant),),
        elected=elected,
        act="make_for_peer_at_cost",
        actor="worker_coop",
        facts=(),
        pieces=2,
        job=JOB,
        epoch=1,
        valid_until="2026-02-02T12:00:00Z",
    )
    return signed(acceptances.CREDENTIAL, {**acceptance_subject(accepted)}, NODE)


def passport_of(
    cid: Cid, grant: bytes, acceptance: bytes, *, part: str = "hook", pieces: int = 2
) -> bytes:
    """The workshop certifies the hooks it made."""
    made = Passport(
        made_by=NODE.public.peer,
        facility=FacilityId("workshop"),
        charter=charter_id(),
        design=cid,
        part=part,
        serial="quvyku-1",
        quantity=pieces,
        grants=(id_of(grant),),
        licence_acceptance=id_of(acceptance),
        notice=Notice(
            licence="CERN-OHL-S-2.0",
            attribution=("Ada",),
            source_location=("https://example.org/hook",),
            text="Coat hook by Ada, under CERN-OHL-S-2.0.",
        ),
        made_at=MADE,
        source_until="2029-03-01T12:00:00Z",
        mass_mg=12_000,
        energy_wh=60,
        minutes=20,
        job=JOB,
        epoch=1,
    )
    return signed(passports.CREDENTIAL, {**passport_subject(made)}, NODE)


def write_papers(folder: Path) -> dict[str, bytes]:
    """Write a design and every document about it; return the documents by name."""
    at = write_hook(folder)
    design = drafted(at, moment_ms=moment_of("2026-01-15T12:00:00Z"))
    accepted = acceptance_of(design.cid, design.grant, elected="CERN-OHL-S-2.0")
    papers = {
        "acceptance.json": accepted,
        "charter.json": charter(),
        "grant.json": design.grant,
        "passport.json": passport_of(design.cid, design.grant, accepted),
        "revision.json": design.manifest,
    }
    (at / "fabnet").mkdir()
    for name, raw in papers.items():
        (at / "fabnet" / name).write_bytes(raw)
    return papers
