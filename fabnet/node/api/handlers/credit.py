"""Mutual credit and passports: what a lot came to, as both sides signed it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from fabnet.cooperation.credit import Pending, Posting, balances, match, unposted
from fabnet.designs.documents import passport as passports
from fabnet.node.api.answers import Balance, Credit, MinutesAnswer, PostingAnswer
from fabnet.node.api.handlers.jobs import find
from fabnet.node.api.handlers.known import Books, books, readable, records_of
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import JSON, Call, Raw
from fabnet.production import receipt
from fabnet.production.receipt import Acceptance, LotClosed, LotOpened, Minutes, lot_key
from fabnet.records import jose
from fabnet.records.credential import open_credential
from fabnet.records.ids import JobId, PeerId, RecordId
from fabnet.records.record import Record

Taken = dict[tuple[PeerId, str], Acceptance]
"""Acceptances by author and lot; of several the first said counts."""


async def get_credit(call: Call) -> Credit:
    """Return the minutes between cooperatives, posted and pending."""
    known = await books(call.shell)
    taken: Taken = {}
    for record in _first(await records_of(call.shell, receipt.ACCEPTANCE)):
        acceptance = readable(record, Acceptance)
        if acceptance is not None:
            key = lot_key(acceptance.job, acceptance.epoch)
            taken.setdefault((record.author, key), acceptance)
    postings: list[Posting] = []
    pending: list[PostingAnswer] = []
    told: set[tuple[PeerId, PeerId, str]] = set()
    for record in _first(await records_of(call.shell, receipt.LOT_CLOSED)):
        claim = readable(record, LotClosed)
        if claim is None:
            continue
        place = (record.author, claim.requester, record.header.key or "")
        if place in told:
            continue
        told.add(place)
        acceptance = taken.get((claim.requester, lot_key(claim.job, claim.epoch)))
        posted = _posted(known, record, claim, acceptance)
        if isinstance(posted, Posting):
            postings.append(posted)
        pending += _pending(known, record, claim, acceptance, posted)
    owed = balances(postings)
    return Credit(
        [Balance(cooperative, minutes) for cooperative, minutes in owed.items()],
        sum(owed.values()),
        [_posting(posting) for posting in postings],
        pending,
    )


async def get_passport(call: Call) -> Raw | Problem:
    """Return the product passport of one lot."""
    job = await find(call.shell, call.params["job"], "job")
    if isinstance(job, Problem):
        return job
    epoch = call.params["epoch"]
    key = lot_key(JobId(job), int(epoch)) if epoch.isdecimal() else ""
    makers = await _makers(call, job, key)
    for record in _first(await records_of(call.shell, receipt.LOT_CLOSED, key=key)):
        claim = readable(record, LotClosed)
        if claim is not None and claim.passport is not None and record.author in makers:
            return Raw(claim.passport, JSON)
    return missing("passport", f"{job[:15]}…/{epoch[:8]}")


async def get_passport_jwt(call: Call) -> Raw | Problem:
    """Return the passport of a lot made here as a JWT, for readers of JOSE."""
    found = await get_passport(call)
    if isinstance(found, Problem):
        return found
    assert isinstance(found.content, bytes), "a passport is not a file"
    credential = open_credential(found.content, kind=passports.CREDENTIAL)
    key = call.shell.identity.key
    if credential.issuer != key.public.did:
        issuer = credential.issuer
        return problem(HTTPStatus.CONFLICT, "signed-elsewhere", issuer=issuer)
    return Raw(jose.enveloped(credential, key).encode(), jose.MEDIA_TYPE)


async def _makers(call: Call, job: RecordId, key: str) -> set[PeerId]:
    """Return whom the requester gave a lot to; anyone else's account is beside it."""
    request = await call.shell.store.record(job)
    if request is None:
        return {call.shell.identity.peer}
    opened = await records_of(call.shell, receipt.LOT_OPENED, key=key)
    bodies = [
        readable(record, LotOpened)
        for record in opened
        if record.author == request.author
    ]
    return {body.maker for body in bodies if body is not None}


def _first(records: Iterable[Record]) -> list[Record]:
    """Return records in the order they were said: the lowest of a lot counts."""
    return sorted(
        records, key=lambda it: (it.author, it.header.incarnation, it.header.seq)
    )


def _posted(
    known: Books, record: Record, claim: LotClosed, acceptance: Acceptance | None
) -> Posting | Pending:
    """Return what a lot posts, or why it posts nothing yet."""
    maker = known.nodes.get(record.author)
    requester = known.nodes.get(claim.requester)
    if maker is None or requester is None:
        return Pending("charter-unknown")
    if acceptance is None:
        return Pending("not-accepted")
    return match(claim, record.id, acceptance, maker=maker, requester=requester)


def _pending(
    known: Books,
    record: Record,
    claim: LotClosed,
    acceptance: Acceptance | None,
    posted: Posting | Pending,
) -> list[PostingAnswer]:
    """Return what of a claim is not posted, as one entry or none."""
    minutes, reason = claim.minutes, "not-granted"
    if isinstance(posted, Pending):
        reason = posted.reason
    elif acceptance is not None:
        minutes = unposted(claim, acceptance)
    if not minutes:
        return []
    return [
        PostingAnswer(
            job=claim.job,
            epoch=claim.epoch,
            maker=known.nodes.get(record.author, ""),
            requester=known.nodes.get(claim.requester, ""),
            minutes=_minutes(minutes),
            total_minutes=sum(each.minutes for each in minutes),
            reason=reason,
        )
    ]


def _posting(posting: Posting) -> PostingAnswer:
    return PostingAnswer(
        job=posting.job,
        epoch=posting.epoch,
        maker=posting.maker,
        requester=posting.requester,
        minutes=_minutes(posting.minutes),
        total_minutes=posting.total_minutes,
        reason="",
    )


def _minutes(minutes: Iterable[Minutes]) -> list[MinutesAnswer]:
    return [MinutesAnswer(each.kind, each.minutes) for each in minutes]
