"""Tables of what is written as JSON: signed documents, what they say, and manifests."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from fabnet.content.cid import of_raw
from fabnet.cooperation import benches
from fabnet.cooperation.charter import charter_subject, open_charter
from fabnet.cooperation.membership import membership_subject, open_membership
from fabnet.cooperation.policy import open_policy, policy_subject
from fabnet.designs import revision as revisions
from fabnet.designs.documents.acceptance import acceptance_subject, open_acceptance
from fabnet.designs.documents.dispute import Dispute, dispute_subject, open_dispute
from fabnet.designs.documents.grant import Grant, grant_of, open_grant
from fabnet.designs.documents.grant import subject_of as grant_subject
from fabnet.designs.documents.passport import open_passport, passport_subject
from fabnet.designs.documents.withdrawal import Withdrawal, open_withdrawal
from fabnet.designs.documents.withdrawal import subject_of as withdrawal_subject
from fabnet.records.credential import Json, canonical_json, issue, strict_loads
from fabnet.records.ids import DocumentId
from fabnet.records.keys import SigningKey
from tests.cooperation import people
from tests.designs.documents.test_passport import ACCEPTANCE, PASSPORT
from tests.designs.samples import ADA, BEN, EVE, cid_of, revision
from tests.hostile.rows import Row, Table, rows, written

J = TypeVar("J")
ALICE, BOB, CAROL, MALLORY = people.ALICE, people.BOB, people.CAROL, people.MALLORY
NOON: Final = "2026-11-24T12:00:00Z"
NEXT_YEAR: Final = "2027-01-01T00:00:00Z"
DESIGN = revision()
CID = cid_of(DESIGN)
_MILL, _REGION = people.mill(), people.federation()
_CHARTER_1 = charter_subject(
    name="The Mill", stewards=people.STEWARDS, nodes=[people.NODE], charter_quorum=2,
    designers=[CAROL.public],
)  # fmt: skip
_CHARTER_2 = charter_subject(
    name="The Mill", stewards=people.STEWARDS, nodes=[people.NODE], charter_quorum=2,
    version=2, lineage=_MILL.id,
)  # fmt: skip


def _granted() -> dict[str, Json]:
    grant = grant_of(DESIGN, CID)
    assert isinstance(grant, Grant)
    return grant_subject(grant)


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of document: what it says, whose signatures count, and its reader."""

    kind: str
    subject: dict[str, Json]
    read: Callable[[bytes], object]
    keys: tuple[SigningKey, ...]
    until: str | None = None

    def signed(
        self,
        subject: Mapping[str, Json],
        *keys: SigningKey,
        kind: str = "",
        until: str | None = "",
    ) -> bytes:
        """Return the document that says `subject`, as those sign it who should."""
        signers = keys or self.keys
        return issue(
            kind or self.kind,
            issuer=signers[0].public.did,
            subject=subject,
            valid_from=NOON,
            valid_until=self.until if until == "" else until,
            keys=signers,
            created=NOON,
        )


PAPERS: Final = {
    "charter": Paper(
        "FabnetCharter", _CHARTER_1, lambda raw: open_charter(raw, previous=None),
        (ALICE, BOB)),
    "next charter": Paper(
        "FabnetCharter", _CHARTER_2, lambda raw: open_charter(raw, previous=_MILL),
        (ALICE, BOB)),
    "membership": Paper(
        "FabnetMembership",
        membership_subject(member=_MILL.id, federation=_REGION.id,
                           actor_type="worker_coop", facts=["cost_recovery_only"]),
        lambda raw: open_membership(raw, _REGION), (ALICE, BOB), NEXT_YEAR),
    "policy": Paper(
        "FabnetPolicy", policy_subject({}, _MILL.id, 1),
        lambda raw: open_policy(raw, _MILL), (ALICE, BOB)),
    "grant": Paper(
        "FabnetLicenceGrant", _granted(), lambda raw: open_grant(raw, DESIGN, CID),
        (ADA, BEN)),
    "withdrawal": Paper(
        "FabnetWithdrawal",
        withdrawal_subject(Withdrawal(revision=CID, severity="recall",
                                      reason="The arm breaks.",
                                      replacement=of_raw(b"a newer one"))),
        lambda raw: open_withdrawal(raw, DESIGN, CID), (ADA, BEN)),
    "dispute": Paper(
        "FabnetGrantDispute",
        dispute_subject(Dispute(revision=CID, grant=DocumentId("sha256:" + "e" * 64),
                                reason="Ben drew it.", charter=_MILL.id)),
        open_dispute, (ALICE,)),
    "attestation": Paper(
        benches.ATTESTATION,
        benches.attestation_subject(job=ACCEPTANCE.job, epoch=1, site=people.NODE,
                                    good=2, scrap=1),
        lambda raw: benches.open_attestation(raw, _MILL), (ALICE,)),
    "write-off": Paper(
        benches.WRITE_OFF,
        benches.write_off_subject(job=ACCEPTANCE.job, epoch=1, requester=people.NODE,
                                  missing=2, reason="The bench burnt."),
        lambda raw: benches.open_write_off(raw, _MILL, signers=2), (ALICE, BOB)),
    "licence acceptance": Paper(
        "FabnetLicenceAcceptance", acceptance_subject(ACCEPTANCE), open_acceptance,
        (ADA,)),
    "passport": Paper(
        "FabnetProductPassport", passport_subject(PASSPORT), open_passport, (ADA,)),
}  # fmt: skip


def edited(good: Mapping[str, J], path: str, value: object) -> dict[str, J]:
    """Return an object with another value at a dotted path; `-` before it, without."""
    whole: dict[str, J] = copy.deepcopy(dict(good))
    here: object = whole
    *steps, last = path.removeprefix("-").split(".")
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here[step]  # type: ignore[index]  # an object
    if isinstance(here, list):
        here[int(last)] = value
    elif path.startswith("-"):
        del here[last]  # type: ignore[attr-defined]  # an object
    else:
        here[last] = value  # type: ignore[index]  # an object
    return whole


def label(path: str, value: object) -> str:
    """Name a row by its path and, if it is short, what stands there."""
    told = repr(value)
    if len(told) > 30:
        size = len(value) if isinstance(value, (str, list)) else 0
        told = f"{type(value).__name__} of {size}, {told[:20]}"
    return path if path.startswith("-") else f"{path} {told}"


def _said(name: str) -> tuple[Row, ...]:
    paper = PAPERS[name]
    return rows(
        *(
            (label(path, value), paper.signed(edited(paper.subject, path, value)), why)
            for kind, path, value, why in written("documents")
            if kind == name
        )
    )


def _by(name: str, *keys: SigningKey, why: str) -> tuple[str, object, str]:
    paper = PAPERS[name]
    who = " and ".join(key.public.did[-4:] for key in keys)
    return f"signed by {who}", paper.signed(paper.subject, *keys), why


def _otherwise(name: str, *, kind: str = "", until: str | None = "") -> bytes:
    paper = PAPERS[name]
    return paper.signed(paper.subject, kind=kind, until=until)


SIGNERS: Final = {
    "charter": rows(
        _by("charter", ALICE, why="charter-quorum-not-met"),
        _by("charter", ALICE, MALLORY, why="charter-quorum-not-met"),
        _by("charter", MALLORY, why="charter-quorum-not-met"),
        ("as a policy", _otherwise("charter", kind="FabnetPolicy"),
         "expected FabnetCh"),
    ),
    "next charter": rows(
        _by("next charter", ALICE, why="charter-quorum-not-met"),
        _by("next charter", CAROL, MALLORY, why="charter-quorum-not-met"),
    ),
    "membership": rows(
        _by("membership", ALICE, why="membership-quorum-not-met"),
        _by("membership", ALICE, CAROL, why="membership-quorum-not-met"),
        ("without an end", _otherwise("membership", until=None),
         "validUntil is missing"),
        ("as a charter", _otherwise("membership", kind="FabnetCharter"),
         "expected Fab"),
    ),
    "policy": rows(
        _by("policy", CAROL, why="policy-quorum-not-met"),
        _by("policy", ALICE, MALLORY, why="policy-quorum-not-met"),
        ("as a grant", _otherwise("policy", kind="FabnetLicenceGrant"), "expected Fab"),
    ),
    "grant": rows(
        _by("grant", ADA, why="rightsholders-missing"),
        _by("grant", ADA, EVE, why="rightsholders-missing"),
        ("as a withdrawal", _otherwise("grant", kind="FabnetWithdrawal"),
         "expected Fab"),
    ),
    "withdrawal": rows(
        _by("withdrawal", BEN, why="rightsholders-missing"),
        _by("withdrawal", EVE, why="rightsholders-missing"),
        ("with an end", _otherwise("withdrawal", until=NEXT_YEAR), "expected none"),
    ),
    "dispute": rows(
        ("as a grant", _otherwise("dispute", kind="FabnetLicenceGrant"),
         "expected Fab"),
    ),
    "attestation": rows(
        _by("attestation", MALLORY, why="signers-missing"),
        ("as a write-off", _otherwise("attestation", kind=benches.WRITE_OFF),
         "expected"),
    ),
    "write-off": rows(
        _by("write-off", ALICE, why="signers-missing"),
        _by("write-off", ALICE, MALLORY, why="signers-missing"),
    ),
    "licence acceptance": rows(
        _by("licence acceptance", BEN, why="alone, to sign it"),
        _by("licence acceptance", ADA, BEN, why="alone, to sign it"),
    ),
    "passport": rows(
        _by("passport", BEN, why="alone, to sign it"),
        _by("passport", ADA, BEN, why="alone, to sign it"),
    ),
}  # fmt: skip

DOCUMENTS = tuple(
    Table(name, it.read, it.signed(it.subject), _said(name) + SIGNERS[name])
    for name, it in PAPERS.items()
)

_MANIFEST = strict_loads(revisions.encode(DESIGN))
MANIFESTS = Table(
    "manifest",
    revisions.parse,
    revisions.encode(DESIGN),
    rows(
        *(
            (label(path, value), canonical_json(edited(_MANIFEST, path, value)), why)
            for kind, path, value, why in written("documents")
            if kind == "manifest"
        )
    ),
)

TABLES: tuple[Table, ...] = (*DOCUMENTS, MANIFESTS)
