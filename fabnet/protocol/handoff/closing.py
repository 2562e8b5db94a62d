"""The documents of a lot: its licence acceptance, its account and its passport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fabnet.cooperation.policy import Policy
from fabnet.designs.documents import acceptance as acceptances
from fabnet.designs.documents import passport as passports
from fabnet.designs.documents.acceptance import (
    LicenceAcceptance,
    acceptance_subject,
    open_acceptance,
)
from fabnet.designs.documents.passport import (
    SOURCE_YEARS_MS,
    Notice,
    Passport,
    passport_subject,
)
from fabnet.production.job import short_code
from fabnet.production.lots.making import Making
from fabnet.production.receipt import LotClosed, Minutes
from fabnet.protocol.events import Design
from fabnet.protocol.voice import Identity
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import FacilityId, Now

SOURCE_SLACK_MS: Final = 86_400_000
"""A day over the three years, so that rounding to seconds never falls short."""
ACCEPTANCE_MS: Final = 30 * 86_400_000
"""How long an acceptance may be started under: longer than any offer looks ahead."""


def licence_acceptance(
    identity: Identity,
    now: Now,
    making: Making,
    design: Design,
    *,
    elected: str,
    actor: str,
    facts: Sequence[str],
) -> bytes:
    """Return the credential by which this site accepts the licence for one lot."""
    accepted = LicenceAcceptance(
        site=identity.peer,
        charter=identity.charter,
        design=making.revision,
        part=making.part,
        grants=design.terms.resting_on(elected),
        elected=elected,
        act=making.act,
        actor=actor,
        facts=tuple(facts),
        pieces=making.pieces,
        job=making.job,
        epoch=making.epoch,
        valid_until=rfc3339(now.moment_ms + ACCEPTANCE_MS),
    )
    at = rfc3339(now.moment_ms)
    return issue(
        acceptances.CREDENTIAL,
        issuer=identity.key.public.did,
        subject=acceptance_subject(accepted),
        valid_from=at,
        keys=[identity.key],
        created=at,
    )


def lot_closed(
    identity: Identity,
    now: Now,
    making: Making,
    *,
    design: Design | None,
    policy: Policy | None,
    setup_s: int,
) -> LotClosed:
    """Return the facility's account of a confirmed lot that is final."""
    assert making.policy is not None, "a confirmed lot was leased under a policy"
    minutes = _minutes(making, policy, setup_s)
    passport = None
    if making.good and design is not None:
        passport = _passport(identity, now, making, design, minutes)
    return LotClosed(
        making.job,
        making.epoch,
        making.requester,
        making.machine,
        making.good,
        making.scrap,
        making.reason,
        minutes,
        making.energy_wh,
        making.mass_mg,
        making.policy,
        passport,
    )


def _minutes(
    making: Making, policy: Policy | None, setup_s: int
) -> tuple[Minutes, ...]:
    """Round each kind of work up to whole minutes; what was not begun costs nothing."""
    if not making.good + making.scrap:
        return ()
    quality = 0 if policy is None else policy.quality_minutes_per_piece * making.good
    set_up = -(-setup_s // 60) + (0 if policy is None else policy.set_up_minutes)
    work = (
        Minutes("set-up", set_up),
        Minutes("machine", -(-making.run_s // 60)),
        Minutes("quality", quality),
    )
    return tuple(each for each in work if each.minutes)


def _passport(
    identity: Identity,
    now: Now,
    making: Making,
    design: Design,
    minutes: tuple[Minutes, ...],
) -> bytes:
    revision = design.revision
    holders = tuple(holder.name for holder in revision.rightsholders)
    sources = (revision.source_location or f"ipfs://{design.cid}",)
    facility, _, _ = making.machine.partition("/")
    assert making.acceptance is not None, "a held lot carries its licence acceptance"
    # The grants that were accepted: what is known of them now may be disputed.
    accepted, accepted_id = open_acceptance(making.acceptance)
    passport = Passport(
        made_by=identity.peer,
        facility=FacilityId(facility),
        charter=identity.charter,
        design=making.revision,
        part=making.part,
        serial=f"{short_code(making.job)}-{making.epoch}",
        quantity=making.good,
        grants=accepted.grants,
        licence_acceptance=accepted_id,
        notice=Notice(
            licence=making.licence,
            attribution=holders,
            source_location=sources,
            text=_notice(revision.title, holders, making.licence, sources[0]),
        ),
        made_at=rfc3339(now.moment_ms),
        source_until=rfc3339(now.moment_ms + SOURCE_YEARS_MS + SOURCE_SLACK_MS),
        mass_mg=making.mass_mg,
        energy_wh=making.energy_wh,
        minutes=sum(each.minutes for each in minutes),
        job=making.job,
        epoch=making.epoch,
    )
    at = rfc3339(now.moment_ms)
    return issue(
        passports.CREDENTIAL,
        issuer=identity.key.public.did,
        subject=passport_subject(passport),
        valid_from=at,
        keys=[identity.key],
        created=at,
    )


def _notice(title: str, holders: tuple[str, ...], licence: str, source: str) -> str:
    """Say what a licence notice says; in English, as the licences themselves are."""
    return f"{title} by {', '.join(holders)}, under {licence}. Source: {source}"
