"""A job: a request under way. It has lots, and owes pieces until they are made.

For each item of the request: pieces wanted = owed + allocated to open lots + good.
Pieces move from owed to a lot when the lot is opened, and what a lot did not make
comes back when it is closed or dropped; no timer moves them after CONFIRM.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.production.request import ITEMS_MAX, Request
from fabnet.records.body import Body
from fabnet.records.ids import Count, JobIdText, MachineIdText, PeerIdText, Token

REFUSED_MAX: Final = 64
"""Refusals a job remembers, so as not to ask again; beyond it the oldest goes."""

_SHORT: Final = slice(7, 15)
"""Letters of a record id: the first seven, `bafkrei`, are the same in all."""

JobState = Literal["open", "fulfilled", "cancelled", "expired", "refused"]
"""`open`: pieces are owed, being made, or waiting to be accepted."""


class RefusedOffer(Body):
    """A capacity offer that said no to this job."""

    peer: PeerIdText
    machine: MachineIdText
    version: Count


class Job(Body):
    """A request, what it still owes, and what the requester's node must remember."""

    id: JobIdText
    request: Request
    state: JobState
    epoch: Count
    """Of the newest lot; the next lot takes the next."""
    owed: Annotated[tuple[Count, ...], msgspec.Meta(max_length=ITEMS_MAX)]
    good: Annotated[tuple[Count, ...], msgspec.Meta(max_length=ITEMS_MAX)]
    refused: Annotated[tuple[RefusedOffer, ...], msgspec.Meta(max_length=REFUSED_MAX)]
    unplaced: Token | None
    """Why the last plan found no machine, or why the job was refused; else nil."""
    personal: Annotated[bytes, msgspec.Meta(max_length=2_048)]
    """Who and how to hand over; leaves this disk only sealed, in CONFIRM."""
    seed: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


def short_code(job: str) -> str:
    """Return the letters by which people name a job: on pages, sheets and labels."""
    return job[_SHORT]


def opened(job: Job, item: int, pieces: int) -> Job:
    """Return the job with `pieces` of an item moved from owed to a new lot."""
    assert 0 < pieces <= job.owed[item], "a lot never takes more than is owed"
    return msgspec.structs.replace(
        job,
        epoch=job.epoch + 1,
        owed=_plus(job.owed, item, -pieces),
        unplaced=None,
    )


def closed(job: Job, item: int, *, pieces: int, good: int) -> Job:
    """Return the job with a lot settled: good pieces booked, the rest owed again."""
    assert 0 <= good <= pieces, "a lot never books more than it was given"
    return msgspec.structs.replace(
        job,
        owed=_plus(job.owed, item, pieces - good),
        good=_plus(job.good, item, good),
    )


def found(job: Job, item: int, pieces: int) -> Job:
    """Return the job with good pieces booked that came to light after they were owed.

    Its owed pieces are no more than those: what is over is surplus.
    """
    assert 0 <= pieces <= job.owed[item], "no more than is owed"
    return msgspec.structs.replace(
        job,
        owed=_plus(job.owed, item, -pieces),
        good=_plus(job.good, item, pieces),
    )


def refusing(job: Job, offer: RefusedOffer) -> Job:
    """Return the job with one more machine that said no, up to a version.

    One entry a machine, with the greatest version: a no for good is not pushed out by
    the passing ones of the same machine.
    """
    same = [
        no for no in job.refused if (no.peer, no.machine) == (offer.peer, offer.machine)
    ]
    kept = tuple(no for no in job.refused if no not in same)[-REFUSED_MAX + 1 :]
    last = max([*same, offer], key=lambda no: no.version)
    return msgspec.structs.replace(job, refused=(*kept, last))


def is_made(job: Job) -> bool:
    """Whether every piece that was asked for is booked as good."""
    return all(
        good >= item.pieces
        for good, item in zip(job.good, job.request.items, strict=True)
    )


def _plus(counts: tuple[int, ...], item: int, change: int) -> tuple[int, ...]:
    return (*counts[:item], counts[item] + change, *counts[item + 1 :])
