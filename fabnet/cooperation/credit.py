"""Mutual credit in minutes: what one cooperative worked for another.

Only a matched pair posts: the maker's lot-closed and the requester's acceptance of that
very record. What was accepted posts; the rest stays pending, and no timer posts it.
Every minute one gains another owes, so the sum is always zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fabnet.production.receipt import MINUTE_KINDS, Acceptance, LotClosed, Minutes
from fabnet.records.ids import CharterId, JobId, RecordId


@dataclass(frozen=True, slots=True)
class Posting:
    """Minutes that the requester's cooperative owes the maker's, for one lot."""

    job: JobId
    epoch: int
    maker: CharterId
    requester: CharterId
    minutes: tuple[Minutes, ...]

    @property
    def total_minutes(self) -> int:
        """The sum over all kinds."""
        return sum(each.minutes for each in self.minutes)


@dataclass(frozen=True, slots=True)
class Pending:
    """A lot that posts nothing, and why; shown to both sides."""

    reason: str


def match(
    claim: LotClosed,
    claim_id: RecordId,
    acceptance: Acceptance,
    *,
    maker: CharterId,
    requester: CharterId,
) -> Posting | Pending:
    """Return what a lot-closed and an acceptance post together, or why nothing.

    `maker` and `requester` are the cooperatives of the two authors at those records.
    """
    if (claim.job, claim.epoch) != (acceptance.job, acceptance.epoch):
        return Pending("another-lot")
    if acceptance.lot_closed != claim_id:
        return Pending("another-record")
    if maker == requester:
        return Pending("same-cooperative")
    if acceptance.good > claim.good:
        return Pending("more-pieces-than-claimed")
    claimed, accepted = _by_kind(claim.minutes), _by_kind(acceptance.minutes)
    if any(accepted[kind] > claimed[kind] for kind in MINUTE_KINDS):
        return Pending("more-minutes-than-claimed")
    return Posting(claim.job, claim.epoch, maker, requester, acceptance.minutes)


def unposted(claim: LotClosed, acceptance: Acceptance) -> tuple[Minutes, ...]:
    """Return the minutes that were claimed and not accepted, which stay pending."""
    claimed, accepted = _by_kind(claim.minutes), _by_kind(acceptance.minutes)
    return tuple(
        Minutes(kind, claimed[kind] - accepted[kind])
        for kind in MINUTE_KINDS
        if claimed[kind] > accepted[kind]
    )


def balances(postings: Iterable[Posting]) -> dict[CharterId, int]:
    """Return what each cooperative is owed, in minutes; what it owes is below zero."""
    owed: dict[CharterId, int] = {}
    for posting in postings:
        minutes = posting.total_minutes
        owed[posting.maker] = owed.get(posting.maker, 0) + minutes
        owed[posting.requester] = owed.get(posting.requester, 0) - minutes
    return dict(sorted(owed.items()))


def pair_balance(
    postings: Iterable[Posting], *, maker: CharterId, requester: CharterId
) -> int:
    """Return the minutes that `requester` owes `maker`; below zero it is owed them."""
    owed = 0
    for posting in postings:
        if (posting.maker, posting.requester) == (maker, requester):
            owed += posting.total_minutes
        elif (posting.maker, posting.requester) == (requester, maker):
            owed -= posting.total_minutes
    return owed


def within_limit(
    postings: Iterable[Posting],
    *,
    maker: CharterId,
    requester: CharterId,
    minutes: int,
    limit_minutes: int,
) -> bool:
    """Whether `requester` may owe `maker` that many minutes more."""
    if maker == requester:
        return True
    owed = pair_balance(postings, maker=maker, requester=requester)
    return owed + minutes <= limit_minutes


def _by_kind(minutes: Iterable[Minutes]) -> dict[str, int]:
    """Sum minutes by kind: a kind that is named twice counts twice, on either side."""
    sums: dict[str, int] = dict.fromkeys(MINUTE_KINDS, 0)
    for each in minutes:
        sums[each.kind] += each.minutes
    return sums
