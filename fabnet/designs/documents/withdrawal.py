"""A withdrawal: those who hold the rights in a revision call it back, for safety.

Withdrawals only add, as grants do: none takes another back, and nothing ends one. What
is to be made after all is published as a new revision. A correction is no withdrawal:
a newer revision leaves the older one as makeable as it was.

Who signs is held against the revision itself, so it does not matter who brings the
document, nor whether it or the revision comes first. It counts when it is heard:
`validFrom` says since when it is meant, and no clock is asked whether that has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.revision import Document, Revision, read_document
from fabnet.errors import MalformedError, RemoteError
from fabnet.records.body import Body
from fabnet.records.credential import Credential, Json, open_credential, quorum_met
from fabnet.records.ids import CidText, DocumentId
from fabnet.records.keys import from_did
from fabnet.records.refusal import Refusal

KIND: Final = "withdrawal/1"
CREDENTIAL: Final = "FabnetWithdrawal"
WITHDRAWAL_BYTES_MAX: Final = 40 * 1_024
"""As of a grant: sixty-four signatures fit, and it fits in a record's body."""
REASON_CHARS_MAX: Final = 400
"""Characters: what is wrong and what to do, in a few sentences that go on a page."""

_SCHEME: Final = "ipfs://"

Severity = Literal["recall", "stop"]
"""`recall`: make no more, and use no more of what was made. `stop`: make no more."""
SEVERITIES: Final[tuple[Severity, ...]] = ("recall", "stop")


class WithdrawalBody(Body):
    """The record of a withdrawal: the credential, as it was signed."""

    document: Annotated[bytes, msgspec.Meta(max_length=WITHDRAWAL_BYTES_MAX)]


class Withdrawal(Document):
    """What is called back, and why: the credential's subject."""

    revision: CidText = msgspec.field(name="id")
    severity: Severity
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]
    replacement: CidText | None = None
    """The revision to make instead, if there is one."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal that counts. Made only by `open_withdrawal`."""

    withdrawal: Withdrawal
    id: DocumentId
    valid_from_ms: int
    signed_by: tuple[str, ...]
    """The names of the rightsholders who signed, as the revision has them."""

    @property
    def reason(self) -> str:
        """Why, in the signers' words."""
        return self.withdrawal.reason

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Where it stands among several of one revision; the greatest is told."""
        is_recall = self.withdrawal.severity == "recall"
        return is_recall, self.valid_from_ms, self.id


def subject_of(withdrawal: Withdrawal) -> dict[str, Json]:
    """Return the subject of the credential to sign."""
    subject = withdrawal.to_json() | {"id": _SCHEME + withdrawal.revision}
    if withdrawal.replacement is not None:
        subject["replacement"] = _SCHEME + withdrawal.replacement
    return subject


def withdrawal_in(raw: bytes) -> Withdrawal:
    """Return what an authentic document says, whoever signed it; else RemoteError."""
    return _read(open_credential(raw, kind=CREDENTIAL))


def open_withdrawal(raw: bytes, revision: Revision, cid: Cid) -> Withdrawn | Refusal:
    """Return the withdrawal in `raw` if it counts for the revision named `cid`.

    Raises RemoteError for a document that is not authentic or no withdrawal at all.
    """
    credential = open_credential(raw, kind=CREDENTIAL)
    withdrawal = _read(credential)
    if withdrawal.revision != cid:
        args = (("revision", withdrawal.revision),)
        return Refusal("withdrawal-of-another-revision", args)
    holders = {from_did(it.did): it.name for it in revision.rightsholders}
    if not quorum_met(credential, holders, revision.quorum):
        signed = len(credential.signers & holders.keys())
        counts = (("signed", signed), ("quorum", revision.quorum))
        return Refusal("rightsholders-missing", counts)
    signed_by = tuple(
        name for key, name in holders.items() if key in credential.signers
    )
    return Withdrawn(withdrawal, credential.id, credential.valid_from_ms, signed_by)


def standing(raws: Iterable[bytes], revision: Revision, cid: Cid) -> Withdrawn | None:
    """Return the withdrawal that is told of a revision: of those that count, one.

    The order of `raws` does not matter, and what does not count harms nobody.
    """
    found = (_counting(raw, revision, cid) for raw in raws)
    counting = (each for each in found if each is not None)
    return max(counting, key=lambda each: each.rank, default=None)


def _counting(raw: bytes, revision: Revision, cid: Cid) -> Withdrawn | None:
    try:
        found = open_withdrawal(raw, revision, cid)
    except RemoteError:
        return None
    return found if isinstance(found, Withdrawn) else None


def _read(credential: Credential) -> Withdrawal:
    if credential.valid_until_ms is not None:
        raise MalformedError("validUntil: expected none; a withdrawal does not end")
    subject = dict(credential.subject)
    subject["id"] = _cid_in(subject, "id")
    if "replacement" in subject:
        subject["replacement"] = _cid_in(subject, "replacement")
    withdrawal = read_document(subject, Withdrawal)
    if withdrawal.replacement == withdrawal.revision:
        raise MalformedError("replacement: expected another revision")
    return withdrawal


def _cid_in(subject: dict[str, Json], field: str) -> Cid:
    name = subject.get(field)
    if not isinstance(name, str) or not name.startswith(_SCHEME):
        raise MalformedError(f"{field}: expected {_SCHEME} and the CID of a revision")
    try:
        return cids.parse(name.removeprefix(_SCHEME))
    except RemoteError as error:
        raise MalformedError(f"{field}: {error}") from error
