"""Who made a design: the passports and acceptances that this node holds, counted.

A lot counts when its facility's node signed the passport in the record that closed it,
and the requester accepted that very record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from fabnet.content.cid import Cid
from fabnet.cooperation.evidence import Evidence, FinishedLot, evidence
from fabnet.designs.documents.passport import Passport, open_passport
from fabnet.errors import RemoteError
from fabnet.node.api.handlers.known import Books, books, readable, records_of
from fabnet.node.shell import Shell
from fabnet.production import receipt
from fabnet.production.receipt import Acceptance, LotClosed, lot_key
from fabnet.records.ids import PeerId, RecordId
from fabnet.records.record import Record

Taken = dict[tuple[PeerId, RecordId], Acceptance]

PASSPORTS_KEPT_MAX: Final = 1_000
"""Verified passports remembered: each cost a signature check."""


async def evidence_of(shell: Shell, cid: Cid, publisher: PeerId) -> Evidence:
    """Return who made a revision, and what a piece took."""
    known = await books(shell)
    taken = _taken(await records_of(shell, receipt.ACCEPTANCE))
    closed = await records_of(shell, receipt.LOT_CLOSED)
    lots = _finished(known, cid, closed, taken)
    return evidence(lots, known.nodes.get(publisher))


def _taken(records: Iterable[Record]) -> Taken:
    """Return what was accepted, by who said so and the record that closed the lot.

    Of several acceptances of one author for one lot, the first said counts.
    """
    told: set[tuple[PeerId, str]] = set()
    taken: Taken = {}
    for record in _first(records):
        acceptance = readable(record, Acceptance)
        if acceptance is None:
            continue
        place = (record.author, lot_key(acceptance.job, acceptance.epoch))
        if place not in told:
            told.add(place)
            taken[record.author, acceptance.lot_closed] = acceptance
    return taken


def _finished(
    known: Books, cid: Cid, closed: Iterable[Record], taken: Taken
) -> Iterator[FinishedLot]:
    told: set[tuple[PeerId, PeerId, str]] = set()
    for record in _first(closed):
        claim = readable(record, LotClosed)
        if claim is None or claim.passport is None:
            continue
        place = (record.author, claim.requester, lot_key(claim.job, claim.epoch))
        if place in told:
            continue
        told.add(place)
        # Anyone may say that they took it: only the requester's word counts.
        acceptance = taken.get((claim.requester, record.id))
        maker = known.nodes.get(record.author)
        if acceptance is None or maker is None:
            continue
        passport = _passport(claim.passport) if cid.encode() in claim.passport else None
        if passport is None or not _is_of(passport, cid, record, claim):
            continue
        yield FinishedLot(
            maker,
            known.nodes.get(claim.requester),
            passport.part,
            min(acceptance.good, claim.good, passport.quantity),
            passport.quantity,
            passport.minutes,
            passport.mass_mg,
            passport.energy_wh,
        )


def _is_of(passport: Passport, cid: Cid, record: Record, claim: LotClosed) -> bool:
    """Whether a passport is of this design and of the lot that carries it."""
    return (passport.design, passport.made_by, passport.job, passport.epoch) == (
        cid, record.author, claim.job, claim.epoch,
    )  # fmt: skip


def _first(records: Iterable[Record]) -> list[Record]:
    """Return records in the order they were said: the lowest of a lot counts."""
    return sorted(
        records, key=lambda it: (it.author, it.header.incarnation, it.header.seq)
    )


@lru_cache(maxsize=PASSPORTS_KEPT_MAX)
def _passport(raw: bytes) -> Passport | None:
    try:
        return open_passport(raw)
    except RemoteError:
        return None
