"""Whether a passport, and the acceptance behind it, fit the design that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fabnet.content.cid import Cid, parse
from fabnet.designs.documents import acceptance as acceptances
from fabnet.designs.documents.acceptance import LicenceAcceptance, open_acceptance
from fabnet.designs.documents.grant import effective
from fabnet.designs.documents.passport import Passport
from fabnet.designs.licence import expression as licences
from fabnet.designs.licence.expression import AllOf, AnyOf, Licence, Term, Tree
from fabnet.designs.revision import Revision
from fabnet.errors import RemoteError
from fabnet.node.verifying.check import Check, no, ok, unknown, unreadable
from fabnet.node.verifying.parts import Parts
from fabnet.node.verifying.terms import (
    check_terms,
    disputes_of,
    doubtful,
    find_revision,
    grants_of,
    withdrawn,
)
from fabnet.records.ids import DocumentId


@dataclass(frozen=True, slots=True)
class _Claim:
    """What passport and acceptance both say."""

    design: Cid
    part: str
    grants: tuple[DocumentId, ...]
    licence: str


def check_acceptance(acceptance: LicenceAcceptance, parts: Parts) -> Iterator[Check]:
    """Yield whether an acceptance rests on grants that hold."""
    yield from _rests(
        _Claim(
            parse(acceptance.design),
            acceptance.part,
            acceptance.grants,
            acceptance.elected,
        ),
        parts,
    )


def check_passport(passport: Passport, parts: Parts) -> Iterator[Check]:
    """Yield whether a passport rests on grants, and on an acceptance that says so."""
    yield ok("source", "kept-until", until=passport.source_until)
    yield from _rests(
        _Claim(
            parse(passport.design),
            passport.part,
            passport.grants,
            passport.notice.licence,
        ),
        parts,
    )
    yield _accepted(passport, parts)


def _rests(claim: _Claim, parts: Parts) -> Iterator[Check]:
    found = find_revision(claim.design, parts)
    if isinstance(found, Check):
        yield found
        return
    revision, cid = found
    if revision.part(claim.part) is None:
        yield no("part", "no-such-part-here", design=cid, part=claim.part)
    else:
        yield ok("part", "part-known", part=claim.part, design=revision.title)
    yield _grants(claim, revision, cid, parts)
    yield check_terms(claim.licence)
    recalled = withdrawn(revision, cid, parts)
    if recalled is not None:
        yield recalled


def _grants(claim: _Claim, revision: Revision, cid: Cid, parts: Parts) -> Check:
    held = dict(grants_of(revision, cid, parts))
    for id_ in claim.grants:
        if id_ not in held:
            return unknown("grants", "grant-not-here", grant=id_)
    for disputed in disputes_of(revision, cid, parts):
        if disputed.grant in claim.grants:
            return doubtful(disputed)
    part = revision.part(claim.part)
    own = None if part is None else part.licence
    granted = own or effective(held[id_] for id_ in claim.grants) or ""
    if not _allows(granted, claim.licence):
        return no("grants", "licence-differs", licence=claim.licence, granted=granted)
    return ok("grants", "grants-hold")


def _accepted(passport: Passport, parts: Parts) -> Check:
    id_ = str(passport.licence_acceptance)
    credential = parts.by_id(acceptances.CREDENTIAL, id_)
    if credential is None:
        return unknown("acceptance", "acceptance-not-here", acceptance=id_)
    try:
        acceptance, _ = open_acceptance(credential.raw)
    except RemoteError as error:
        return unreadable("acceptance", error)
    pairs = {
        "site": (acceptance.site, passport.made_by),
        "charter": (acceptance.charter, passport.charter),
        "design": (acceptance.design, passport.design),
        "part": (acceptance.part, passport.part),
        "job": (acceptance.job, passport.job),
        "epoch": (acceptance.epoch, passport.epoch),
        "elected": (acceptance.elected, passport.notice.licence),
    }
    for name, (accepted, certified) in pairs.items():
        if accepted != certified:
            return no("acceptance", "acceptance-differs", field=name)
    if passport.quantity > acceptance.pieces:
        return no("acceptance", "acceptance-differs", field="pieces")
    return ok("acceptance", "acceptance-holds", licence=acceptance.elected)


def _allows(granted: str, elected: str) -> bool:
    """Whether an election keeps to what a grant leaves to choose."""
    offered, chosen = licences.parse(granted), licences.parse(elected)
    if not isinstance(offered, Licence) or not isinstance(chosen, Licence):
        return False
    terms = frozenset(chosen.terms)
    return terms <= frozenset(offered.terms) and _satisfied(offered.tree, terms)


def _satisfied(tree: Tree, terms: frozenset[str]) -> bool:
    match tree:
        case Term(id=id_):
            return id_ in terms
        case AnyOf(parts=parts):
            return any(_satisfied(part, terms) for part in parts)
        case AllOf(parts=parts):
            return all(_satisfied(part, terms) for part in parts)
