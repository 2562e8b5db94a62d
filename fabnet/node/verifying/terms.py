"""Whether a grant is one: signed by those whom the revision names, on known terms."""

from __future__ import annotations

from collections.abc import Iterator

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.documents.dispute import (
    Dispute,
    Disputed,
    open_dispute,
    standing,
)
from fabnet.designs.documents.grant import Grant, open_grant
from fabnet.designs.documents.withdrawal import Withdrawn, open_withdrawal
from fabnet.designs.licence.expression import Licence, Refused, parse
from fabnet.designs.licence.terms import table
from fabnet.designs.revision import Revision
from fabnet.errors import MalformedError, RemoteError
from fabnet.node.verifying.check import (
    SHOWN_CHARS_MAX,
    Check,
    no,
    ok,
    unknown,
    unreadable,
)
from fabnet.node.verifying.cooperatives import find_charter
from fabnet.node.verifying.parts import Parts
from fabnet.records.credential import Credential, quorum_met
from fabnet.records.ids import DocumentId
from fabnet.records.refusal import Refusal

_SCHEME = "ipfs://"


def check_grant(credential: Credential, parts: Parts) -> Iterator[Check]:
    """Yield whether a grant holds for the revision it names, if that is here."""
    cid = revision_named(credential)
    found = find_revision(cid, parts)
    if isinstance(found, Check):
        yield found
        return
    grant = open_grant(credential.raw, *found)
    if isinstance(grant, Refused):
        yield refused("grant", grant)
        return
    yield ok("grant", "grant-holds", licence=grant.expression)
    yield check_terms(grant.expression)
    for disputed in disputes_of(*found, parts):
        if disputed.grant == credential.id:
            yield doubtful(disputed)


def check_dispute(credential: Credential, parts: Parts) -> Iterator[Check]:
    """Yield whether who disputes a grant has a say in it."""
    dispute, _ = open_dispute(credential.raw)
    found = find_revision(cids.parse(dispute.revision), parts)
    if isinstance(found, Check):
        yield found
        return
    name = _disputant(dispute, credential, found[0], parts)
    if isinstance(name, Refusal):
        is_missing = name.reason == "charter-not-here"
        yield Check("dispute", "unknown" if is_missing else "no", name)
    else:
        yield ok("dispute", "dispute-holds", by=name, grant=dispute.grant)


def disputes_of(revision: Revision, cid: Cid, parts: Parts) -> tuple[Disputed, ...]:
    """Return the disputes here that stand against grants of a revision."""
    admitted = []
    for credential in parts.of_kind(disputes.CREDENTIAL):
        try:
            dispute, _ = open_dispute(credential.raw)
        except RemoteError:
            continue
        name = _disputant(dispute, credential, revision, parts)
        if dispute.revision == cid and isinstance(name, str):
            admitted.append((dispute, credential, name))
    return standing(admitted)


def check_withdrawal(credential: Credential, parts: Parts) -> Iterator[Check]:
    """Yield whether those who hold the rights called a revision back."""
    cid = cids.parse(withdrawals.withdrawal_in(credential.raw).revision)
    found = find_revision(cid, parts)
    if isinstance(found, Check):
        yield found
        return
    counts = open_withdrawal(credential.raw, *found)
    if isinstance(counts, Refusal):
        yield Check("withdrawal", "no", counts)
    else:
        yield ok("withdrawal", "withdrawal-holds", **_told(counts))


def withdrawn(revision: Revision, cid: Cid, parts: Parts) -> Check | None:
    """Return that a revision was called back, so that its grants help nobody."""
    raws = [each.raw for each in parts.of_kind(withdrawals.CREDENTIAL)]
    found = withdrawals.standing(raws, revision, cid)
    return None if found is None else no("withdrawal", "called-back", **_told(found))


def _told(found: Withdrawn) -> dict[str, str]:
    names = ", ".join(found.signed_by)[:SHOWN_CHARS_MAX]
    return {"by": names, "why": found.reason[:SHOWN_CHARS_MAX]}


def doubtful(disputed: Disputed) -> Check:
    """Return that a grant is disputed, so that a person must decide."""
    why = disputed.why[:SHOWN_CHARS_MAX]
    return unknown("grant", "grant-disputed", by=disputed.by, why=why)


def _disputant(
    dispute: Dispute, credential: Credential, revision: Revision, parts: Parts
) -> str | Refusal:
    """Return the name of who disputes a grant, or why they have no say."""
    if dispute.charter is None:
        names = {it.did: it.name for it in revision.rightsholders}
        return names.get(credential.issuer) or Refusal("not-a-rightsholder")
    charter = find_charter(parts, dispute.charter)
    if isinstance(charter, Refusal):
        return charter
    if not quorum_met(credential, charter.steward_keys, charter.policy_quorum):
        needed = (("needed", charter.policy_quorum),)
        return Refusal("dispute-quorum-not-met", needed)
    return charter.name


def check_terms(expression: str) -> Check:
    """Return whether every licence of an expression is in the terms table."""
    licence = parse(expression)
    if not isinstance(licence, Licence):
        return refused("licence", licence)
    for id_ in licence.terms:
        if id_ not in table().licences:
            return unknown("licence", "unknown", licence=id_)
    return ok("licence", "terms-known", licence=licence.expression)


def find_revision(cid: Cid, parts: Parts) -> tuple[Revision, Cid] | Check:
    """Return the revision of that name; a check that is no yes, if it is not here."""
    raw = parts.manifest(cid)
    if raw is None:
        return unknown("design", "design-not-here", design=cid)
    made = cids.of_raw(raw)
    if made != cid:
        return no("design", "another-design", named=cid, design=made)
    try:
        return revisions.parse(raw), cid
    except RemoteError as error:
        return unreadable("design", error)


def grants_of(
    revision: Revision, cid: Cid, parts: Parts
) -> list[tuple[DocumentId, Grant]]:
    """Return the grants here that hold for a revision, each with its document id."""
    found = []
    for credential in parts.of_kind(grants.CREDENTIAL):
        try:
            if revision_named(credential) != cid:
                continue
            grant = open_grant(credential.raw, revision, cid)
        except RemoteError:
            continue
        if isinstance(grant, Grant):
            found.append((credential.id, grant))
    return found


def revision_named(credential: Credential) -> Cid:
    """Return the revision that a grant is for, or raise MalformedError."""
    name = credential.subject.get("id")
    if not isinstance(name, str) or not name.startswith(_SCHEME):
        raise MalformedError(f"id: expected {_SCHEME} and the CID of a revision")
    return cids.parse(name.removeprefix(_SCHEME))


def refused(what: str, no_: Refused) -> Check:
    """Return the no that a pure room gave."""
    return Check(what, "no", Refusal(no_.reason, no_.args))
