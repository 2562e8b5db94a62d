"""A product passport: what was made, by whom, from what, on which terms.

It travels with the pieces and meets the duty to say where their source is. Signed by
the facility's node; any verifier of W3C credentials can check it.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.content import cid as cids
from fabnet.designs.documents.acceptance import (
    EPOCH_MAX,
    GRANTS_MAX,
    Rfc3339,
    check_signer,
)
from fabnet.designs.revision import Document, Expression, read_document
from fabnet.errors import MalformedError
from fabnet.records.civil import moment_of
from fabnet.records.credential import Json, open_credential
from fabnet.records.ids import (
    CharterIdText,
    CidText,
    Count,
    DocumentIdText,
    FacilityIdText,
    JobIdText,
    Name,
    PeerIdText,
    Text,
    Token,
)

CREDENTIAL: Final = "FabnetProductPassport"
PASSPORT_BYTES_MAX: Final = 32 * 1_024
"""It travels in the record that closes a lot."""
COST_LINES_MAX: Final = 32
"""Lines of an account that a person reads."""
NAMES_MAX: Final = 64
"""People and cooperatives to name."""
SOURCE_YEARS_MS: Final = 3 * 366 * 86_400_000
"""Three years at least: CERN-OHL-S-2.0 1.9, TAPR-OHL-1.0 5.2, GPL-3.0 6(b)."""


class Notice(Document):
    """What the licence bids the maker tell whoever gets the pieces."""

    licence: Expression
    attribution: Annotated[tuple[Name, ...], msgspec.Meta(max_length=NAMES_MAX)]
    source_location: Annotated[tuple[Text, ...], msgspec.Meta(max_length=GRANTS_MAX)]
    text: Text
    """The notice in a sentence, as it stands on the label."""


class CostLine(Document):
    """One line of what making at cost came to; never money."""

    what: Token
    """Such as `material`, `machine`, `labour` or `energy`."""
    amount: Count
    unit: Token
    """Such as `mg`, `minutes` or `wh`."""


class Passport(Document):
    """What is certified: the credential's subject."""

    made_by: PeerIdText
    """The node of the facility, which signs."""
    facility: FacilityIdText
    charter: CharterIdText
    """The cooperative that the facility belongs to."""
    design: CidText
    """The revision."""
    part: Name
    serial: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,60}(?!\\n)$")]
    """Of the lot: the code that its label shows."""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """Good pieces it vouches for."""
    grants: Annotated[
        tuple[DocumentIdText, ...], msgspec.Meta(min_length=1, max_length=GRANTS_MAX)
    ]
    licence_acceptance: DocumentIdText
    notice: Notice
    made_at: Rfc3339
    source_until: Rfc3339
    """Until when, at least, the source can be had there."""
    mass_mg: Count
    """Of all pieces together, as measured or counted."""
    energy_wh: Count
    minutes: Count
    """Of people and machines together."""
    job: JobIdText
    epoch: Annotated[int, msgspec.Meta(ge=1, le=EPOCH_MAX)]
    cost_lines: Annotated[
        tuple[CostLine, ...], msgspec.Meta(max_length=COST_LINES_MAX)
    ] = ()
    """What it cost, where the licence allows it at cost only."""


def passport_subject(passport: Passport) -> dict[str, Json]:
    """Return the subject of the credential to sign."""
    return passport.to_json()


def open_passport(raw: bytes) -> Passport:
    """Return what the facility certified, or raise RemoteError."""
    credential = open_credential(raw, kind=CREDENTIAL)
    passport = read_document(credential.subject, Passport)
    check_signer(credential, passport.made_by)
    cids.parse(passport.design)
    kept_ms = moment_of(passport.source_until) - moment_of(passport.made_at)
    if kept_ms < SOURCE_YEARS_MS:
        raise MalformedError("sourceUntil: expected at least three years from madeAt")
    return passport
