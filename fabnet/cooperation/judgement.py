"""May this be asked for, may this be leased: licence, policy and limits, one rule each.

Checked when routed, when leased and again when started. Every rule has one name and one
reason; the first that fails is the answer. No payment enters any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fabnet.content.cid import Cid
from fabnet.cooperation.policy import Policy
from fabnet.designs.licence.eligible import (
    Permitted,
    Review,
    may_make,
    principal_may_replicate,
    source_duty,
)
from fabnet.designs.revision import Part, Revision
from fabnet.production.capability import Capability, Misfit, fit
from fabnet.production.lot import Making
from fabnet.production.offer import CapacityOffer
from fabnet.production.request import Request
from fabnet.records.ids import Window
from fabnet.records.refusal import Refusal

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
    expression: str | None,
    withdrawn: str | None,
    actor: str,
    facts: frozenset[str],
) -> Refusal | None:
    """Return why the request may not be routed, or nil if it may."""
    if withdrawn is not None:
        return Refusal("design-withdrawn", (("why", withdrawn),))
    if expression is None:
        return Refusal("no-valid-grant", (("revision", cid),))
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
        verdict = principal_may_replicate(
            expression, actor, facts | frozenset(request.facts)
        )
        if not isinstance(verdict, Permitted):
            return Refusal("licence-" + verdict.reason, verdict.args)
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
    expression: str | None,
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
    if expression is None:
        return Refusal("no-valid-grant", (("revision", making.revision),))
    return _terms(making, part.licence or expression, revision, maker, requester)


def may_start(
    making: Making,
    *,
    revision: Revision,
    expression: str | None,
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
    if expression is None:
        return Refusal("no-valid-grant", (("revision", making.revision),))
    for terms in (part.licence or expression, making.licence):
        verdict = _terms(making, terms, revision, maker, requester)
        if not isinstance(verdict, Permitted):
            return verdict
    return None


def _terms(
    making: Making, terms: str, revision: Revision, maker: Party, requester: Party
) -> Permitted | Refusal:
    """Return what is elected of the terms of a part, or why it may not be made."""
    verdict = _licence(making, terms, maker, requester)
    owes_source = isinstance(verdict, Permitted) and source_duty(verdict)
    if owes_source and not revision.source_location:
        return Refusal("no-source-location", (("licence", terms),))
    return verdict


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
    making: Making, terms: str, maker: Party, requester: Party
) -> Permitted | Refusal:
    stated = frozenset(making.facts)
    facts = maker.facts | stated
    own = principal_may_replicate(terms, requester.actor, requester.facts | stated)
    if isinstance(own, Permitted):
        facts |= {PRINCIPAL}
    verdict = may_make(terms, act=making.act, actor=maker.actor, facts=facts)
    if isinstance(verdict, Review):
        return Refusal("licence-review-" + verdict.reason, verdict.args)
    if not isinstance(verdict, Permitted):
        return Refusal("licence-" + verdict.reason, verdict.args)
    return verdict
