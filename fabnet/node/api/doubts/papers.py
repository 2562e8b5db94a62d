"""What people sign to end a doubt: a count of a bench, or a write-off."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from fabnet.node.api.answers import Created
from fabnet.node.api.doubts.answers import NewAttestation, NewWriteOff
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.known import books
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.remnant import Remnant
from fabnet.protocol.events import AttestBench, WriteOff
from fabnet.records.ids import JobId

EPOCH_DIGITS_MAX: Final = 10
"""Digits of a lot's number in an address; there are fewer lots."""
LETTERS_MIN: Final = 3
"""Letters of a short code that may stand for the whole of it."""
_PREFIX: Final = "bafkrei"
"""How every record id begins; a short code leaves it out."""


async def attest(call: Call, new: NewAttestation) -> Created | Problem:
    """Take the signed count of the bench of a lot that was lost here."""
    named = _named(call, (await books(call.shell)).remnants.values())
    if isinstance(named, Problem):
        return named
    job, epoch = named
    said = await ask(
        call.shell, lambda number: AttestBench(number, job, epoch, new.document)
    )
    return said if isinstance(said, Problem) else Created(said)


async def write_off(call: Call, new: NewWriteOff) -> Created | Problem:
    """Owe again what a lot of ours still lacks: a person signed for it."""
    named = _named(call, (await books(call.shell)).lots.values())
    if isinstance(named, Problem):
        return named
    job, epoch = named
    said = await ask(
        call.shell, lambda number: WriteOff(number, job, epoch, new.document)
    )
    return said if isinstance(said, Problem) else Created(said)


def _named(call: Call, known: Iterable[Lot | Remnant]) -> tuple[JobId, int] | Problem:
    """Return the lot that the address names, by the job's id or its short code.

    The job's own record may have been lost, so it is looked for among the lots.
    """
    name, digits = call.params["job"].lower().strip(), call.params["epoch"]
    is_number = digits.isascii() and digits.isdecimal()
    epoch = int(digits) if is_number and len(digits) <= EPOCH_DIGITS_MAX else 0
    found = {it.job for it in known if it.epoch == epoch and _is_named(it.job, name)}
    if len(found) > 1:
        return problem(HTTPStatus.CONFLICT, "ambiguous", name=name[:80])
    for job in found:
        return job, epoch
    return missing("lot", f"{name}/{digits}"[:200])


def _is_named(job: JobId, name: str) -> bool:
    begins = len(name) >= LETTERS_MIN and job.startswith((name, _PREFIX + name))
    return begins and name != _PREFIX
