"""May this be asked for, may this be leased: licence, policy and limits, one rule each.

Checked when routed, when leased and again when started. Every rule has one name and one
reason; the first that fails is the answer. No payment enters any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid
from fabnet.cooperation.policy import Policy
from fabnet.designs.documents.terms import DISPUTED, Terms, judged
from fabnet.designs.licence.eligible import (
    Permitted,
    Review,
    Verdict,
    may_make,
    principal_may_replicate,
    source_duty,
)
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import Part, Revision
from fabnet.production.capability import Capability, Misfit, fit
from fabnet.production.lots.making import Making
from fabnet.production.offer import CapacityOffer
from fabnet.production.request import Request
from fabnet.records.ids import Window
from fabnet.records.refusal import Refusal

REVIEW: Final = "licence-review-"
"""How the reason begins where a person must decide."""

PRINCIPAL = "principal_may_replicate"
"""The fact that the requester alone could make it, which the maker may rely on."""


@dataclass(frozen=True, slots=True)
class Party:
    """A cooperative as the licence sees it."""

    actor: str
    facts: frozenset[str]
    standing: str
    """`members` of our own cooperative, `federation`, or `strangers`."""


@dataclass(frozen=True, slots=True)
class Station:
    """What one machine offers now, as its own node knows it."""

    state: str
    offers: Sequence[tuple[CapacityOffer, int]]
    """Each with the lowest version whose promise still stands."""
    free: Sequence[Window]


def may_request(
    request: Request,
    *,
    revision: Revision,
    cid: Cid,
    terms: Terms,
    withdrawn: str | None,
    actor: str,
    facts: frozenset[str],
) -> Refusal | None:
    """Return why the request may not be routed, or nil if it may."""
    if withdrawn is not None:
        return Refusal("design-withdrawn", (("why", withdrawn),))
    if not terms.granted:
        return _ungranted(terms, cid)
    for item in request.items:
        if item.revision != cid:
            continue
        part = revision.part(item.part)
        if part is None:
            return Refusal("no-such-part", (("part", item.part),))
        if request.materials and not accepted_materials(request, part):
            needed = " ".join(part.requirement.materials)
            return Refusal("no-accepted-material", (("needed", needed),))
    if request.act == "replicate_own":
        stated = facts | frozenset(request.facts)
        verdict = judged(
            terms, lambda each: principal_may_replicate(each, actor, stated)
        )
        if not isinstance(verdict, Permitted):
            return _no(verdict)
    return None


def accepted_materials(request: Request, part: Part) -> tuple[str, ...]:
    """Return the materials that both the requester accepts and the part may be of."""
    allowed = part.requirement.materials
    if not allowed:
        return request.materials
    return tuple(each for each in allowed if each in request.materials)


def may_lease(
    making: Making,
    *,
    revision: Revision,
    terms: Terms,
    withdrawn: str | None,
    station: Station,
    policy: Policy,
    maker: Party,
    requester: Party,
) -> Permitted | Refusal:
    """Return the terms under which the lot may be made here, or why it may not."""
    part = revision.part(making.part)
    if part is None:
        return Refusal("no-such-part", (("part", making.part),))
    for refusal in (
        _withdrawn(withdrawn),
        _machine(station),
        _policy(policy, making, requester),
        _capacity(making, part, station),
    ):
        if refusal is not None:
            return refusal
    if not terms.granted:
        return _ungranted(terms, making.revision)
    verdict = _licence(making, part, terms, maker, requester)
    if not isinstance(verdict, Permitted):
        return _no(verdict)
    if _owes_unknown_source(verdict, revision):
        return Refusal("no-source-location", (("licence", verdict.elected),))
    return verdict


def may_start(
    making: Making,
    *,
    revision: Revision,
    terms: Terms,
    withdrawn: str | None,
    maker: Party,
    requester: Party,
) -> Refusal | None:
    """Return why a leased lot may not be begun now, or nil if it may.

    The licence is judged again as at the lease, and the terms that were elected then,
    and signed, must still be enough. Window and policy stay those of the lease.
    """
    refusal = _withdrawn(withdrawn)
    if refusal is not None:
        return refusal
    part = revision.part(making.part)
    if part is None:
        return Refusal("no-such-part", (("part", making.part),))
    if not terms.granted:
        return _ungranted(terms, making.revision)
    verdict = _licence(making, part, terms, maker, requester)
    for each in (verdict, _judge(making, making.licence, maker, requester)):
        if not isinstance(each, Permitted):
            return _no(each)
        if _owes_unknown_source(each, revision):
            return Refusal("no-source-location", (("licence", each.elected),))
    return None


def is_dispute(refusal: Refusal) -> bool:
    """Whether it is for a dispute, which may be taken back: then a leased lot waits."""
    return refusal.reason == REVIEW + DISPUTED


def _withdrawn(withdrawn: str | None) -> Refusal | None:
    if withdrawn is None:
        return None
    return Refusal("design-withdrawn", (("why", withdrawn),))


def _machine(station: Station) -> Refusal | None:
    if station.state in ("idle", "busy"):
        return None
    return Refusal("machine-not-usable", (("state", station.state),))


def _policy(policy: Policy, making: Making, requester: Party) -> Refusal | None:
    if requester.standing != "members" and requester.standing not in policy.open_to:
        return Refusal("not-open-to", (("standing", requester.standing),))
    if making.pieces > policy.pieces_per_request_max:
        return Refusal("too-many-pieces", (("most", policy.pieces_per_request_max),))
    return None


def _capacity(making: Making, part: Part, station: Station) -> Refusal | None:
    standing = [offer for offer, since in station.offers if making.version >= since]
    if not standing:
        return Refusal("stale-offer", (("version", making.version),))
    window = Window(making.start_ms, making.end_ms)
    if not any(free.holds(window) for free in station.free):
        return Refusal("window-taken", (("start_ms", making.start_ms),))
    misfit: Misfit | None = None
    for offer in standing:
        fits = _fits(part, offer.capability)
        if fits is not None:
            misfit = misfit or fits
            continue
        needs_s = offer.making_s(making.pieces, part.reference_s)
        if window.end_ms - window.start_ms >= 1_000 * needs_s:
            return None
        return Refusal("window-too-short", (("needs_s", needs_s),))
    assert misfit is not None, "at least one standing offer was looked at"
    return Refusal(
        "misfit-" + misfit.reason, (("wanted", misfit.wanted), ("limit", misfit.limit))
    )


def _fits(part: Part, capability: Capability) -> Misfit | None:
    answer = fit(part.requirement, capability)
    return answer if isinstance(answer, Misfit) else None


def _licence(
    making: Making, part: Part, terms: Terms, maker: Party, requester: Party
) -> Verdict:
    return judged(
        terms, lambda each: _judge(making, part.licence or each, maker, requester)
    )


def _judge(making: Making, text: str, maker: Party, requester: Party) -> Verdict:
    stated = frozenset(making.facts)
    facts = maker.facts | stated
    own = principal_may_replicate(text, requester.actor, requester.facts | stated)
    if isinstance(own, Permitted):
        facts |= {PRINCIPAL}
    return may_make(text, act=making.act, actor=maker.actor, facts=facts)


def _owes_unknown_source(permitted: Permitted, revision: Revision) -> bool:
    return source_duty(permitted) and not revision.source_location


def _ungranted(terms: Terms, cid: Cid) -> Refusal:
    """Return why nothing may be done under terms of which none stands."""
    verdict = judged(terms, lambda each: Permitted(each, ()))
    if isinstance(verdict, Review):
        return _no(verdict)
    return Refusal("no-valid-grant", (("revision", cid),))


def _no(verdict: Refused | Review) -> Refusal:
    prefix = REVIEW if isinstance(verdict, Review) else "licence-"
    return Refusal(prefix + verdict.reason, verdict.args)
