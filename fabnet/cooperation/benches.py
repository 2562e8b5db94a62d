"""What people sign about a bench: how many pieces lie there, or that nobody will know.

Two documents. By an **attestation** a person at the facility says what is on the bench
of a lot whose database was lost. By a **write-off** a person at the requester's says
that the pieces a lot still lacks are given up, and may be asked for again: only this
lets more be made than was asked for. Either is signed with the key of an operator or a
steward whom the cooperative's charter names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from fabnet.cooperation.charter import Charter
from fabnet.errors import MalformedError
from fabnet.production.handoff import COUNT_BYTES_MAX, Epoch
from fabnet.production.request import PIECES_MAX
from fabnet.records.body import Body
from fabnet.records.credential import Credential, Json, open_credential, quorum_met
from fabnet.records.ids import DocumentId, JobId, JobIdText, PeerId, PeerIdText
from fabnet.records.refusal import Refusal

WRITE_OFF_KIND: Final = "write-off/1"
ATTESTATION_KIND: Final = "attestation/1"
ATTESTATION: Final = "FabnetAttestation"
WRITE_OFF: Final = "FabnetWriteOff"
WRITE_OFF_ALONE_S: Final = 8 * 3_600
"""Machine time, in seconds, that one person may write off; for more, two sign."""
REASON_CHARS_MAX: Final = 400
"""Characters: what happened, in a few sentences."""

_Pieces = Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]


class WriteOffBody(Body):
    """The record of a write-off: the credential, as it was signed."""

    job: JobIdText
    epoch: Epoch
    missing: _Pieces
    document: Annotated[bytes, msgspec.Meta(max_length=COUNT_BYTES_MAX)]


class AttestationBody(Body):
    """The record of an attestation: the credential, as it was signed."""

    job: JobIdText
    epoch: Epoch
    document: Annotated[bytes, msgspec.Meta(max_length=COUNT_BYTES_MAX)]


class _Attested(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"
):
    job: JobIdText
    epoch: Epoch
    site: PeerIdText
    good: _Pieces
    scrap: _Pieces


class _WrittenOff(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"
):
    job: JobIdText
    epoch: Epoch
    requester: PeerIdText
    missing: _Pieces
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class Attestation:
    """What lies on a bench, signed. Made only by `open_attestation`."""

    id: DocumentId
    job: JobId
    epoch: int
    site: PeerId
    """The node of the facility."""
    good: int
    scrap: int


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Pieces given up, signed. Made only by `open_write_off`."""

    id: DocumentId
    job: JobId
    epoch: int
    missing: int
    reason: str


_S = TypeVar("_S", _Attested, _WrittenOff)


def attestation_subject(
    *, job: str, epoch: int, site: str, good: int, scrap: int
) -> dict[str, Json]:
    """Return the subject of an attestation that is ready to be signed."""
    return {"job": job, "epoch": epoch, "site": site, "good": good, "scrap": scrap}


def write_off_subject(
    *, job: str, epoch: int, requester: str, missing: int, reason: str
) -> dict[str, Json]:
    """Return the subject of a write-off that is ready to be signed."""
    return {
        "job": job,
        "epoch": epoch,
        "requester": requester,
        "missing": missing,
        "reason": reason,
    }


def open_attestation(raw: bytes, charter: Charter) -> Attestation | Refusal:
    """Return the attestation in `raw`, or why it does not count for that cooperative.

    Raises RemoteError for a document that is not authentic, or none of this kind.
    """
    credential = open_credential(raw, kind=ATTESTATION)
    subject = _read(credential, _Attested)
    refusal = _signed_by(credential, charter, 1)
    if refusal is not None:
        return refusal
    if not charter.names_node(subject.site):
        return Refusal("site-of-another-cooperative", (("site", subject.site),))
    return Attestation(
        credential.id, subject.job, subject.epoch, subject.site, subject.good,
        subject.scrap,
    )  # fmt: skip


def open_write_off(raw: bytes, charter: Charter, *, signers: int) -> WriteOff | Refusal:
    """Return the write-off in `raw`, or why it does not count for that cooperative.

    Raises RemoteError for a document that is not authentic, or none of this kind.
    """
    credential = open_credential(raw, kind=WRITE_OFF)
    subject = _read(credential, _WrittenOff)
    refusal = _signed_by(credential, charter, signers)
    if refusal is not None:
        return refusal
    if not charter.names_node(subject.requester):
        return Refusal("site-of-another-cooperative", (("site", subject.requester),))
    return WriteOff(
        credential.id, subject.job, subject.epoch, subject.missing, subject.reason
    )


def signers_needed(charter: Charter, machine_s: int) -> int:
    """Return how many must sign for `machine_s` seconds of work; two if there are."""
    people = len(charter.operator_keys | charter.steward_keys)
    return min(people, 1 if machine_s <= WRITE_OFF_ALONE_S else 2)


def _read(credential: Credential, of: type[_S]) -> _S:
    try:
        return msgspec.convert(credential.subject, of)
    except msgspec.ValidationError as error:
        raise MalformedError(f"credentialSubject: {error}") from error


def _signed_by(credential: Credential, charter: Charter, needed: int) -> Refusal | None:
    people = charter.operator_keys | charter.steward_keys
    if quorum_met(credential, people, needed):
        return None
    signed = len(credential.signers & people)
    return Refusal("signers-missing", (("signed", signed), ("needed", needed)))
