"""A dispute: someone with a say holds that a grant was not its signers' to give.

Signatures prove who signed, and never that the design was theirs. So a grant may be
disputed, by a cooperative or by a rightsholder, and then it allows nothing by itself:
a person must decide. A dispute ends when whoever raised it takes it back. What counts
is the same in whatever order the documents come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.revision import Document, read_document
from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.credential import Credential, Json, open_credential
from fabnet.records.ids import (
    CharterId,
    CharterIdText,
    CidText,
    DocumentId,
    DocumentIdText,
)

KIND: Final = "dispute/1"
CREDENTIAL: Final = "FabnetGrantDispute"
DISPUTE_BYTES_MAX: Final = 24 * 1_024
"""Thirty-two stewards' signatures and a page of reasons fit."""

_SCHEME: Final = "ipfs://"


class DisputeBody(Body):
    """The record of a dispute: the credential, as it was signed."""

    document: Annotated[bytes, msgspec.Meta(max_length=DISPUTE_BYTES_MAX)]


class Dispute(Document):
    """What is held against a grant: the credential's subject."""

    revision: CidText = msgspec.field(name="id")
    grant: DocumentIdText
    """The disputed grant's document."""
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    charter: CharterIdText | None = None
    """The cooperative whose stewards say so; nil when a rightsholder does, alone."""
    retracts: DocumentIdText | None = None
    """The dispute that this takes back; nil in one that begins."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute that stands: against which grant, by whom, and why."""

    dispute: DocumentId
    grant: DocumentId
    by: str
    """The name of the cooperative, or of the rightsholder."""
    why: str


def dispute_subject(dispute: Dispute) -> dict[str, Json]:
    """Return the subject of the credential to sign."""
    return dispute.to_json() | {"id": _SCHEME + dispute.revision}


def open_dispute(raw: bytes) -> tuple[Dispute, Credential]:
    """Return the dispute in `raw` and who signed it, or raise RemoteError.

    Whether its signers have a say is not known here: a rightsholder is named in the
    revision, a cooperative by its charter.
    """
    credential = open_credential(raw, kind=CREDENTIAL)
    name = credential.subject.get("id")
    if not isinstance(name, str) or not name.startswith(_SCHEME):
        raise MalformedError(f"id: expected {_SCHEME} and the CID of a revision")
    cid = cids.parse(name.removeprefix(_SCHEME))
    return read_document({**credential.subject, "id": cid}, Dispute), credential


def revision_of(raw: bytes) -> Cid:
    """Return the revision that an authentic dispute is about, or raise RemoteError."""
    dispute, _ = open_dispute(raw)
    return dispute.revision


def standing(
    admitted: Iterable[tuple[Dispute, Credential, str]],
) -> tuple[Disputed, ...]:
    """Return the disputes that stand, of those whose signers had a say, by id.

    Each comes with the name of who raised it. One that the same cooperative, or the
    same rightsholder, took back does not stand, nor does a copy of it.
    """
    raised: dict[DocumentId, tuple[Dispute, Credential, str]] = {}
    taken_back: set[tuple[DocumentId, CharterId | str]] = set()
    for dispute, credential, name in admitted:
        if dispute.retracts is None:
            raised[credential.id] = dispute, credential, name
        else:
            taken_back.add((dispute.retracts, _party(dispute, credential)))
    return tuple(
        Disputed(id_, dispute.grant, name, dispute.reason)
        for id_, (dispute, credential, name) in sorted(
            raised.items(), key=lambda item: item[0]
        )
        if (id_, _party(dispute, credential)) not in taken_back
    )


def _party(dispute: Dispute, credential: Credential) -> CharterId | str:
    return dispute.charter or credential.issuer
