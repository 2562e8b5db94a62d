"""A licence acceptance: the site says under which terms it makes, before it makes."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.content import cid as cids
from fabnet.designs.revision import Document, Expression, read_document
from fabnet.errors import SignatureError
from fabnet.records.civil import moment_of
from fabnet.records.credential import Credential, Json, open_credential
from fabnet.records.ids import (
    CharterIdText,
    CidText,
    DocumentId,
    DocumentIdText,
    JobIdText,
    Name,
    PeerId,
    PeerIdText,
    Token,
)
from fabnet.records.keys import from_peer

CREDENTIAL: Final = "FabnetLicenceAcceptance"
ACCEPTANCE_BYTES_MAX: Final = 16 * 1_024
"""It travels in a lease."""
GRANTS_MAX: Final = 16
"""Grants that one elected licence can rest on."""
FACTS_MAX: Final = 16
"""Facts the terms table can ask for; it knows nine."""
EPOCH_MAX: Final = 100_000
"""Lots of one job."""

Rfc3339 = Annotated[str, msgspec.Meta(min_length=20, max_length=20)]
"""A time in UTC to the second, as credentials write it."""


class LicenceAcceptance(Document):
    """What the site accepts: the credential's subject."""

    site: PeerIdText
    """The node that makes, and signs."""
    charter: CharterIdText
    """The cooperative it belongs to."""
    design: CidText
    """The revision."""
    part: Name
    grants: Annotated[
        tuple[DocumentIdText, ...], msgspec.Meta(min_length=1, max_length=GRANTS_MAX)
    ]
    elected: Expression
    """The licence chosen of what the grants allow."""
    act: Token
    actor: Token
    """What the site's membership says it is."""
    facts: Annotated[tuple[Token, ...], msgspec.Meta(max_length=FACTS_MAX)]
    """Facts that the permission rests on."""
    pieces: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    job: JobIdText
    epoch: Annotated[int, msgspec.Meta(ge=1, le=EPOCH_MAX)]
    valid_until: Rfc3339

    @property
    def valid_until_ms(self) -> int:
        """The moment after which nothing may be started under it."""
        return moment_of(self.valid_until)


def acceptance_subject(acceptance: LicenceAcceptance) -> dict[str, Json]:
    """Return the subject of the credential to sign."""
    return acceptance.to_json()


def open_acceptance(raw: bytes) -> tuple[LicenceAcceptance, DocumentId]:
    """Return what the site accepted and the document's id, or raise RemoteError."""
    credential = open_credential(raw, kind=CREDENTIAL)
    acceptance = read_document(credential.subject, LicenceAcceptance)
    check_signer(credential, acceptance.site)
    cids.parse(acceptance.design)
    moment_of(acceptance.valid_until)
    return acceptance, credential.id


def check_signer(credential: Credential, peer: PeerId) -> None:
    """Raise SignatureError unless that node, and nobody else, issued and signed it."""
    key = from_peer(peer)
    if credential.issuer != key.did or credential.signers != {key}:
        raise SignatureError(f"{credential.kind}: expected {peer}, alone, to sign it")
