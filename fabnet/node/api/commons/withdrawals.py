"""Withdrawals: carried for the rightsholders, and what they mean for the jobs here."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import (
    KIND,
    WithdrawalBody,
    Withdrawn,
    open_withdrawal,
    withdrawal_in,
)
from fabnet.errors import RemoteError
from fabnet.node.api.answers import (
    AffectedJob,
    Created,
    Recipient,
    Recipients,
    WithdrawalAnswer,
    Withdrawals,
)
from fabnet.node.api.asks import NewPerson, NewWithdrawal
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.designs import revision_of, titles
from fabnet.node.api.handlers.known import Books, books, records_of
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.withdrawn import withdrawn_of
from fabnet.production.job import Job, short_code
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.events import Publish
from fabnet.records.refusal import Refusal

LISTED_MAX: Final = 200
"""Withdrawn revisions in one answer, the newest."""
AFFECTED_MAX: Final = 5_000
"""Jobs told of one revision; `left_out` says how many more there are."""


async def withdraw(call: Call, new: NewWithdrawal) -> Created | Problem:
    """Carry a withdrawal that enough rightsholders signed."""
    shell = call.shell
    cid = cids.parse(withdrawal_in(new.document).revision)
    revision = await revision_of(shell, cid)
    if revision is None:
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "no-such-design", "document", revision=cid
        )
    found = open_withdrawal(new.document, revision, cid)
    if isinstance(found, Refusal):
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            found.reason,
            "document",
            **dict(found.args),
        )
    body = WithdrawalBody(new.document)
    said = await ask(shell, lambda number: Publish(number, KIND, cid, body))
    return said if isinstance(said, Problem) else Created(said)


async def list_withdrawals(call: Call) -> Withdrawals:
    """Return the withdrawals that are known, and which jobs here they touch."""
    return Withdrawals(await known_withdrawals(call.shell))


async def known_withdrawals(shell: Shell) -> list[WithdrawalAnswer]:
    """Return each withdrawn revision once, the newest first."""
    named = dict.fromkeys(record.header.key for record in await records_of(shell, KIND))
    if not named:
        return []
    known, called = await books(shell), await titles(shell)
    found: list[WithdrawalAnswer] = []
    for name in named:
        told = await _told(shell, known, called, name or "")
        if told is not None:
            found.append(told)
        if len(found) == LISTED_MAX:
            break
    return found


async def list_recipients(call: Call) -> Recipients | Problem:
    """Return whom the jobs of a revision were for, as this node may know them."""
    try:
        cid = cids.parse(call.params["cid"])
    except RemoteError:
        return missing("design", call.params["cid"][:80])
    known = await books(call.shell)
    asked = [_asked_by(call.shell, job, cid) for job in _jobs(known, cid)]
    made = [_made_for(call.shell, lots) for lots in _made(known, cid)]
    return Recipients((asked + made)[:AFFECTED_MAX])


async def _told(
    shell: Shell, known: Books, called: dict[str, str], name: str
) -> WithdrawalAnswer | None:
    """Return what is known of one; nil where what was said of it does not count."""
    try:
        cid = cids.parse(name)
    except RemoteError:
        return None
    revision = await revision_of(shell, cid)
    withdrawn = None
    if revision is not None:
        withdrawn = await withdrawn_of(shell.store, revision, cid)
        if withdrawn is None:
            return None
    affected = [_asked_here(shell, job, cid) for job in _jobs(known, cid)]
    affected += [_made_here(lots) for lots in _made(known, cid)]
    return _answer(cid, called.get(cid, ""), withdrawn, affected)


def _answer(
    cid: Cid, title: str, withdrawn: Withdrawn | None, affected: list[AffectedJob]
) -> WithdrawalAnswer:
    told = None if withdrawn is None else withdrawn.withdrawal
    return WithdrawalAnswer(
        revision=cid,
        title=title,
        is_verified=withdrawn is not None,
        severity="" if told is None else told.severity,
        reason="" if told is None else told.reason,
        signed_by=[] if withdrawn is None else list(withdrawn.signed_by),
        replacement=None if told is None else told.replacement,
        valid_from_ms=0 if withdrawn is None else withdrawn.valid_from_ms,
        jobs=affected[:AFFECTED_MAX],
        left_out=max(0, len(affected) - AFFECTED_MAX),
    )


def _jobs(known: Books, cid: Cid) -> Iterator[Job]:
    """Yield the jobs filed here that ask for a revision."""
    for _, job in sorted(known.jobs.items()):
        if any(item.revision == cid for item in job.request.items):
            yield job


def _made(known: Books, cid: Cid) -> Iterator[list[Making]]:
    """Yield the lots made here of a revision for others, those of one job together."""
    found: dict[str, list[Making]] = {}
    for _, making in sorted(known.makings.items()):
        if making.revision == cid and making.job not in known.jobs:
            found.setdefault(making.job, []).append(making)
    yield from found.values()


def _asked_here(shell: Shell, job: Job, cid: Cid) -> AffectedJob:
    return AffectedJob(
        job=job.id,
        short_code=short_code(job.id),
        side="requester",
        state=job.state,
        cooperative=shell.identity.charter,
        pieces=sum(it.pieces for it in job.request.items if it.revision == cid),
        good=_good(job, cid),
    )


def _made_here(lots: list[Making]) -> AffectedJob:
    newest = lots[-1]
    return AffectedJob(
        job=newest.job,
        short_code=short_code(newest.job),
        side="facility",
        state=newest.state,
        cooperative=newest.charter,
        pieces=sum(each.pieces for each in lots),
        good=sum(each.good for each in lots),
    )


def _good(job: Job, cid: Cid) -> int:
    rows = zip(job.request.items, job.good, strict=True)
    return sum(good for item, good in rows if item.revision == cid)


def _asked_by(shell: Shell, job: Job, cid: Cid) -> Recipient:
    return _recipient(
        job.id,
        "requester",
        shell.identity.charter,
        _good(job, cid),
        _person(job.personal),
    )


def _made_for(shell: Shell, lots: list[Making]) -> Recipient:
    """Return what CONFIRM told of whom the pieces are for."""
    newest = lots[-1]
    good = sum(each.good for each in lots)
    return _recipient(
        newest.job, "facility", newest.charter, good, _sealed(shell, lots)
    )


def _sealed(shell: Shell, lots: list[Making]) -> NewPerson | None:
    for lot in reversed(lots):
        if lot.sealed is None:
            continue
        context = lot_key(lot.job, lot.epoch).encode()
        try:
            return _person(shell.sealing.open(lot.sealed, context=context))
        except RemoteError:
            # Sealed to a key that is gone: the asking cooperative knows who it is.
            continue
    return None


def _recipient(
    job: str, side: str, cooperative: str, good: int, person: NewPerson | None
) -> Recipient:
    return Recipient(
        job=job,
        short_code=short_code(job),
        side=side,
        cooperative=cooperative,
        good=good,
        name="" if person is None else person.name,
        contact="" if person is None else person.contact,
    )


def _person(personal: bytes) -> NewPerson | None:
    try:
        return msgspec.json.decode(personal, type=NewPerson)
    except msgspec.DecodeError:
        return None
