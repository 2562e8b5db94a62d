"""Whether one signed document holds, beside what else is here.

The signature alone says who said it. Whether they may say it stands in other documents:
a grant's rightsholders in the revision, a node's cooperative in its charter. What is
missing of these makes the answer unknown, never yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation import vouches as vouching
from fabnet.cooperation.charter import Charter, lineage_of, named_in
from fabnet.cooperation.membership import Membership, open_membership
from fabnet.cooperation.policy import Policy, open_policy
from fabnet.cooperation.vouches import Vouches, open_vouches
from fabnet.designs.documents import acceptance as acceptances
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents import passport as passports
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.documents.passport import Passport
from fabnet.designs.revision import read_document
from fabnet.errors import RemoteError
from fabnet.node.verifying.check import Check, no, ok, unknown, unreadable
from fabnet.node.verifying.cooperatives import find_charter
from fabnet.node.verifying.jwt import open_jwt
from fabnet.node.verifying.making import check_acceptance, check_passport
from fabnet.node.verifying.parts import Parts
from fabnet.node.verifying.terms import check_dispute, check_grant, check_withdrawal
from fabnet.records.civil import rfc3339
from fabnet.records.credential import Credential, open_credential
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.keys import from_peer
from fabnet.records.refusal import Refusal

SIGNERS_SHOWN_MAX: Final = 3
"""Keys named in a line; the rest are counted."""


def check_document(raw: bytes, parts: Parts, now_ms: int) -> Iterator[Check]:
    """Yield what was looked at of a document, the signature first."""
    try:
        credential = open_credential(raw)
    except RemoteError as error:
        yield unreadable("signature", error)
        return
    yield ok("signature", "signed-by", signers=_signers(credential))
    yield _validity(credential, now_ms)
    check = _BY_KIND.get(credential.kind)
    if check is None:
        yield unknown(credential.kind, "kind-not-known", kind=credential.kind)
        return
    try:
        yield from check(credential, parts)
    except RemoteError as error:
        yield unreadable(credential.kind, error)


def check_jwt(raw: bytes, parts: Parts) -> Iterator[Check]:
    """Yield what was looked at of a JWT; of its kinds, passports are looked into."""
    try:
        said = open_jwt(raw)
        yield ok("signature", "signed-by", signers=said.issuer)
        if said.kind != passports.CREDENTIAL:
            yield unknown(said.kind, "kind-not-known", kind=said.kind)
            return
        passport = read_document(said.subject, Passport)
        if from_peer(passport.made_by).did != said.issuer:
            yield no("maker", "signed-by", signers=said.issuer)
            return
        yield from check_passport(passport, parts)
        yield _node(passport.charter, passport.made_by, parts)
    except RemoteError as error:
        yield unreadable("jwt", error)


def _signers(credential: Credential) -> str:
    found = sorted(key.did for key in credential.signers)
    more = len(found) - SIGNERS_SHOWN_MAX
    shown = ", ".join(found[:SIGNERS_SHOWN_MAX])
    return f"{shown} and {more} more" if more > 0 else shown


def _validity(credential: Credential, now_ms: int) -> Check:
    from_ms, until_ms = credential.valid_from_ms, credential.valid_until_ms
    if now_ms < from_ms:
        return no("validity", "not-yet-valid", since=rfc3339(from_ms))
    if until_ms is not None and now_ms >= until_ms:
        return no("validity", "no-longer-valid", until=rfc3339(until_ms))
    since = rfc3339(from_ms)
    if until_ms is None:
        return ok("validity", "valid-since", since=since)
    return ok("validity", "valid-now", since=since, until=rfc3339(until_ms))


def _charter(credential: Credential, parts: Parts) -> Iterator[Check]:
    found = find_charter(parts, lineage_of(credential.raw), also=credential)
    if isinstance(found, Charter):
        yield ok("charter", "charter-holds", name=found.name, version=found.version)
    else:
        yield _unless(found, "charter", "charter-unknown")


def _membership(credential: Credential, parts: Parts) -> Iterator[Check]:
    federation = find_charter(parts, named_in(credential.raw, "federation"))
    if not isinstance(federation, Charter):
        yield _unless(federation, "federation", "charter-not-here")
        return
    found = open_membership(credential.raw, federation)
    if isinstance(found, Membership):
        yield ok(
            "federation",
            "membership-holds",
            federation=federation.name,
            member=found.member,
            actor=found.actor_type,
        )
    else:
        yield Check("federation", "no", found)


def _vouches(credential: Credential, parts: Parts) -> Iterator[Check]:
    voucher = find_charter(parts, named_in(credential.raw, "voucher"))
    if not isinstance(voucher, Charter):
        yield _unless(voucher, "stewards", "charter-not-here")
        return
    found = open_vouches(credential.raw, voucher)
    if isinstance(found, Vouches):
        yield ok(
            "stewards",
            "vouches-hold",
            name=voucher.name,
            year=found.year,
            count=len(found.members()),
        )
    else:
        yield Check("stewards", "no", found)


def _policy(credential: Credential, parts: Parts) -> Iterator[Check]:
    charter = find_charter(parts, policies.charter_of(credential.raw))
    if not isinstance(charter, Charter):
        yield _unless(charter, "charter", "charter-not-here")
        return
    found = open_policy(credential.raw, charter)
    if isinstance(found, Policy):
        yield ok("stewards", "policy-holds", name=charter.name)
    else:
        yield Check("stewards", "no", found)


def _acceptance(credential: Credential, parts: Parts) -> Iterator[Check]:
    acceptance, _ = acceptances.open_acceptance(credential.raw)
    yield from check_acceptance(acceptance, parts)
    yield _node(acceptance.charter, acceptance.site, parts)


def _passport(credential: Credential, parts: Parts) -> Iterator[Check]:
    passport = passports.open_passport(credential.raw)
    yield from check_passport(passport, parts)
    yield _node(passport.charter, passport.made_by, parts)


_BY_KIND: Final[dict[str, Callable[[Credential, Parts], Iterator[Check]]]] = {
    acceptances.CREDENTIAL: _acceptance,
    charters.DOCUMENT_KIND: _charter,
    disputes.CREDENTIAL: check_dispute,
    grants.CREDENTIAL: check_grant,
    memberships.DOCUMENT_KIND: _membership,
    passports.CREDENTIAL: _passport,
    policies.DOCUMENT_KIND: _policy,
    vouching.DOCUMENT_KIND: _vouches,
    withdrawals.CREDENTIAL: check_withdrawal,
}


def _node(id_: CharterId, node: PeerId, parts: Parts) -> Check:
    charter = find_charter(parts, id_)
    if not isinstance(charter, Charter):
        return _unless(charter, "maker", "charter-not-here")
    if charter.names_node(node):
        return ok("maker", "node-named", name=charter.name)
    return no("maker", "node-not-named", name=charter.name, node=node)


def _unless(refusal: Refusal, what: str, unknown_code: str) -> Check:
    """Return a no, or that it cannot be told where a code says that much."""
    is_unknown = refusal.reason in (unknown_code, "charter-version-missing")
    return Check(what, "unknown" if is_unknown else "no", refusal)
