"""Moves at both ends of one lot, for the tests of its tables and its stories."""

from __future__ import annotations

from fabnet.production import handoff
from fabnet.production.handoff import (
    Cancel,
    Confirm,
    Final,
    Lease,
    LeaseRequest,
    Receipt,
)
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.lots.making import Making
from tests.production.samples import (
    MAKER,
    OURS,
    POLICY,
    REQUESTER,
    RESTORED,
    asked,
    job,
    queued,
)

LEASE = Lease(job(), 1, OURS, 600, POLICY, b"accepted")
CONFIRM = Confirm(job(), 1, OURS, b"sealed")
CANCEL = Cancel(job(), 1, OURS)
EARLY_CANCEL = Cancel(job(), 1, None)


LOST = handoff.Lost(job(), 1, OURS, RESTORED)


def receipt(good: int, scrap: int = 0) -> Receipt:
    return Receipt(job(), 1, OURS, good, scrap, 0)


def final(good: int, scrap: int = 0, reason: str = "made") -> Final:
    return Final(job(), 1, OURS, good, scrap, reason, "")


def from_maker(lot: Lot, said: Lease | Receipt | Final) -> Lot | Ignored:
    return lots.hear_maker(lot, said, author=MAKER)


def from_requester(
    making: Making, said: LeaseRequest | Confirm | Cancel
) -> Making | Ignored:
    return makings.hear_requester(making, said, author=REQUESTER)


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
    return makings.hold(making, policy=POLICY, acceptance=b"accepted", licence="MIT")


def done(making: Making, *, good: bool = True) -> Making:
    assert making.intent is not None
    return makings.finish(
        making, making.intent, good=good, run_s=60, energy_wh=5, mass_mg=900
    )


CONFIRMED = heard(asked(), LEASE)
READY = taken(held(queued()), CONFIRM)
MAKING = makings.intend(READY)
TWO_OF_THREE = done(makings.intend(done(MAKING)))
