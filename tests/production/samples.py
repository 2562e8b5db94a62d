"""Lots, requests and peers that the tests of two rooms begin with."""

from __future__ import annotations

from typing import Final

import msgspec

from fabnet.content.cid import of_raw
from fabnet.production.handoff import LeaseRequest
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import LotOpened
from fabnet.records.ids import (
    CharterId,
    DocumentId,
    Incarnation,
    JobId,
    MachineId,
    PeerId,
    RecordId,
)
from fabnet.records.keys import SigningKey


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([number]) * 32)


def peer(number: int) -> PeerId:
    return key(number).public.peer


def record_id(name: str) -> RecordId:
    return RecordId(of_raw(name.encode()))


def charter_id(digit: str) -> CharterId:
    return CharterId("sha256:" + digit * 64)


MAKER: Final = peer(1)
REQUESTER: Final = peer(2)
STRANGER: Final = peer(3)
OURS: Final = Incarnation(1, 7)
RESTORED: Final = Incarnation(2, 9)
POLICY: Final = DocumentId("sha256:" + "b" * 64)
MACHINE: Final = MachineId("mill/prusa")
NOON_MS: Final = 1_795_521_600_000
HOUR_MS: Final = 3_600_000


def job(name: str = "job") -> JobId:
    return JobId(record_id(name))


def lease_request(pieces: int = 3) -> LeaseRequest:
    return LeaseRequest(
        job(), 1, of_raw(b"revision"), "bracket", pieces, MACHINE, 4,
        NOON_MS, NOON_MS + HOUR_MS, NOON_MS + 24 * HOUR_MS,
        "livelihood", "make_for_peer_at_cost", (), charter_id("c"),
    )  # fmt: skip


def asked(pieces: int = 3) -> Lot:
    opened = LotOpened(
        job(), 1, of_raw(b"revision"), "bracket", pieces, MAKER, MACHINE,
        NOON_MS, NOON_MS + HOUR_MS, POLICY,
    )  # fmt: skip
    return lots.open_lot(opened, version=4, asked=OURS)


def queued(pieces: int = 3) -> Making:
    return makings.queue(lease_request(pieces), REQUESTER, maker=OURS, asked_by=OURS)


def changed(making: Making, **changes: object) -> Making:
    return msgspec.structs.replace(making, **changes)
