"""Moves at both ends of one lot, for the tests of its tables and its stories."""

from __future__ import annotations

from fabnet.production import lot as lots
from fabnet.production.handoff import (
    Cancel,
    Confirm,
    Final,
    Lease,
    LeaseRequest,
    Receipt,
)
from fabnet.production.lot import Ignored, Lot, Making
from tests.production.samples import (
    MAKER,
    OURS,
    POLICY,
    REQUESTER,
    asked,
    job,
    queued,
)

LEASE = Lease(job(), 1, OURS, 600, POLICY, b"accepted")
CONFIRM = Confirm(job(), 1, OURS, b"sealed")
CANCEL = Cancel(job(), 1, OURS)
EARLY_CANCEL = Cancel(job(), 1, None)


def receipt(good: int, scrap: int = 0) -> Receipt:
    return Receipt(job(), 1, OURS, good, scrap, 0)


def final(good: int, scrap: int = 0, reason: str = "made") -> Final:
    return Final(job(), 1, OURS, good, scrap, reason, "")


def from_maker(lot: Lot, said: Lease | Receipt | Final) -> Lot | Ignored:
    return lots.hear_maker(lot, said, author=MAKER)


def from_requester(
    making: Making, said: LeaseRequest | Confirm | Cancel
) -> Making | Ignored:
    return lots.hear_requester(making, said, author=REQUESTER, incarnation=OURS)


def heard(lot: Lot, *messages: Lease | Receipt | Final) -> Lot:
    for said in messages:
        after = from_maker(lot, said)
        assert isinstance(after, Lot), after
        lot = after
    return lot


def taken(making: Making, *messages: LeaseRequest | Confirm | Cancel) -> Making:
    for said in messages:
        after = from_requester(making, said)
        assert isinstance(after, Making), after
        making = after
    return making


def held(making: Making) -> Making:
    return lots.hold(making, policy=POLICY, acceptance=b"accepted", licence="MIT")


def done(making: Making, *, good: bool = True) -> Making:
    assert making.intent is not None
    return lots.finish(
        making, making.intent, good=good, run_s=60, energy_wh=5, mass_mg=900
    )


CONFIRMED = heard(asked(), LEASE)
READY = taken(held(queued()), CONFIRM)
MAKING = lots.intend(READY)
TWO_OF_THREE = done(lots.intend(done(MAKING)))
