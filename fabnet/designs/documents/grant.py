"""A grant: those who hold the rights in one revision sign what others may do with it.

Grants only add. Whoever wants to use a revision may pick any valid one, so no later
grant can take an earlier away, and a document that does not count harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.licence.eligible import source_clause
from fabnet.designs.licence.expression import Licence, Refused, any_of, parse
from fabnet.designs.licence.terms import table
from fabnet.designs.revision import (
    RIGHTSHOLDERS_MAX,
    Did,
    Document,
    Expression,
    Revision,
    read_document,
)
from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.credential import Json, open_credential
from fabnet.records.ids import CidText, Name, Text
from fabnet.records.keys import from_did

KIND: Final = "grant/1"
CREDENTIAL: Final = "FabnetLicenceGrant"
GRANT_BYTES_MAX: Final = 40 * 1_024
"""Sixty-four signatures and as many names fit, and it fits in a record's body."""
TERMS_MAX: Final = 16
"""Licences in one expression."""
LOCATIONS_MAX: Final = 16
"""Places where the same source is kept."""

_SCHEME: Final = "ipfs://"
_VOID: Final = frozenset({"NONE", "NOASSERTION"})
"""Expressions that grant nothing."""

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}(?!\\n)$")]


class GrantBody(Body):
    """The record of a grant: the credential, as it was signed."""

    document: Annotated[bytes, msgspec.Meta(max_length=GRANT_BYTES_MAX)]


class HashedText(Document):
    """A legal text, by its name and the hash of its words."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    sha256: Sha256


PATENT_COVENANT_TEXT: Final = (
    "Each rightsholder who signs this grant will not assert, and will not let others "
    "assert for it, any patent it holds or controls against anyone for making, having "
    "made, using, sharing or conveying this design, its derivatives, or things made "
    "from them. This permission is added to the licence and is no condition of it.\n"
)
"""What `fabnet-patent-nonassert-1.0` says; counsel has not read it yet."""
PATENT_COVENANT: Final = HashedText(
    id="fabnet-patent-nonassert-1.0",
    sha256=cids.digest(cids.of_raw(PATENT_COVENANT_TEXT.encode())).hex(),
)


class Grant(Document):
    """What is granted: the credential's subject."""

    revision: CidText = msgspec.field(name="id")
    expression: Expression = msgspec.field(name="licenceExpression")
    texts: Annotated[tuple[HashedText, ...], msgspec.Meta(max_length=TERMS_MAX)] = (
        msgspec.field(name="licenceTexts")
    )
    """The text of each licence in the expression, as the signers had it before them."""
    rightsholders: Annotated[
        tuple[Did, ...], msgspec.Meta(min_length=1, max_length=RIGHTSHOLDERS_MAX)
    ]
    """Everyone who holds rights, whether they sign or not."""
    attribution: Annotated[
        tuple[Name, ...], msgspec.Meta(min_length=1, max_length=RIGHTSHOLDERS_MAX)
    ]
    """Whom to name, as they wish to be named."""
    source_location: Annotated[tuple[Text, ...], msgspec.Meta(max_length=LOCATIONS_MAX)]
    """Where the source is kept."""
    patent_covenant: HashedText

    @property
    def text_sha256(self) -> dict[str, str]:
        """The hash of each licence's text, by its id."""
        return {text.id: text.sha256 for text in self.texts}


def grant_of(revision: Revision, cid: Cid) -> Grant | Refused:
    """Return what the rightsholders of a revision would sign, under its own licence."""
    licence = parse(revision.licence)
    if isinstance(licence, Refused):
        return Refused("licence-" + licence.reason, licence.args)
    texts = []
    for id_ in licence.terms:
        terms = table().licences.get(id_)
        if terms is None or terms.text_sha256 is None:
            return Refused("licence-text-unknown", (("licence", id_),))
        texts.append(HashedText(id=id_, sha256=terms.text_sha256))
    location = revision.source_location
    return Grant(
        revision=cid,
        expression=licence.expression,
        texts=tuple(texts),
        rightsholders=tuple(it.did for it in revision.rightsholders),
        attribution=tuple(it.name for it in revision.rightsholders),
        source_location=(location,) if location else (),
        patent_covenant=PATENT_COVENANT,
    )


def subject_of(grant: Grant) -> dict[str, Json]:
    """Return the subject of the credential to sign."""
    return grant.to_json() | {"id": _SCHEME + grant.revision}


def open_grant(raw: bytes, revision: Revision, cid: Cid) -> Grant | Refused:
    """Return the grant in `raw` if it holds for the revision named `cid`, or why not.

    Raises RemoteError for a document that is not authentic or not a grant at all.
    """
    credential = open_credential(raw, kind=CREDENTIAL)
    grant = _read(credential.subject)
    if grant.revision != cid:
        return Refused("grant-for-another-revision", (("revision", grant.revision),))
    dids = {rightsholder.did for rightsholder in revision.rightsholders}
    if set(grant.rightsholders) != dids:
        return Refused("rightsholders-differ")
    signed = credential.signers & {from_did(did) for did in dids}
    if len(signed) < revision.quorum:
        counts = (("signed", len(signed)), ("quorum", revision.quorum))
        return Refused("rightsholders-missing", counts)
    licence = parse(grant.expression)
    if isinstance(licence, Refused):
        return Refused("licence-" + licence.reason, licence.args)
    return _unlike_table(grant, licence) or _without_source(grant) or grant


def effective(grants: Iterable[Grant]) -> str | None:
    """Return the expression that the grants come to: any of them; nil for none."""
    return any_of(grant.expression for grant in grants)


def _read(subject: dict[str, Json]) -> Grant:
    name = subject.get("id")
    if not isinstance(name, str) or not name.startswith(_SCHEME):
        raise MalformedError(f"id: expected {_SCHEME} and the CID of a revision")
    cid = cids.parse(name.removeprefix(_SCHEME))
    return read_document({**subject, "id": cid}, Grant)


def _unlike_table(grant: Grant, licence: Licence) -> Refused | None:
    """Refuse a grant whose texts are not those of the licences it names."""
    signed = grant.text_sha256
    for id_ in licence.terms:
        if id_ in _VOID:
            return Refused("grants-nothing", (("licence", id_),))
        if id_ not in signed:
            return Refused("licence-text-missing", (("licence", id_),))
        known = table().licences.get(id_)
        if known is not None and known.text_sha256 not in (None, signed[id_]):
            return Refused("licence-text-differs", (("licence", id_),))
    return None


def _without_source(grant: Grant) -> Refused | None:
    """Refuse a grant that bids makers say where the source is, and does not say it."""
    asked = source_clause(grant.expression)
    if asked is None or any(grant.source_location):
        return None
    return Refused("source-location-missing", asked)
