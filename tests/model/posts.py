"""Messages as the network holds them, and the people and things they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from fabnet.production import handoff
from fabnet.production.handoff import (
    Cancel,
    Confirm,
    Lease,
    LeaseRequest,
    Receipt,
)
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import LotClosed, LotOpened
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation
from tests.production.samples import POLICY, REQUESTER, lease_request, peer, record_id

MAKERS: Final = (peer(11), peer(12))
ACCOUNT: Final = record_id("lot-closed")
"""Under which every account of a lot is known here."""
ASKED: Final = lease_request()


@dataclass(frozen=True, slots=True)
class Post:
    """A message that was sent: by which database, and to whom."""

    facility: int
    """The one at the other end from the requester's."""
    is_ours: bool
    """Whether the requester sent it."""
    by: Incarnation
    said: Body

    def __str__(self) -> str:
        """Return it as a trace shows it."""
        counts = ""
        if isinstance(self.said, Receipt | handoff.Final):
            counts = f" good {self.said.good} scrap {self.said.scrap}"
        epoch = getattr(self.said, "epoch", "")
        return f"{type(self.said).__name__}({epoch}){counts}"


def incarnation(number: int) -> Incarnation:
    """Return the incarnation of somebody's nth database."""
    return Incarnation(number, 7)


def ask(epoch: int, pieces: int) -> LeaseRequest:
    """Return the lease-request for a lot."""
    return msgspec.structs.replace(ASKED, epoch=epoch, pieces=pieces)


def open_lot(epoch: int, pieces: int, facility: int, asked: Incarnation | None) -> Lot:
    """Return the requester's lot, as the product opens it."""
    opened = LotOpened(
        ASKED.job, epoch, ASKED.revision, ASKED.part, pieces, MAKERS[facility],
        ASKED.machine, ASKED.start_ms, ASKED.end_ms, POLICY,
    )  # fmt: skip
    return lots.open_lot(opened, version=ASKED.version, asked=asked)


def to_maker(kind: str, lot: Lot) -> Body:
    """Return what a row of the requester's table sends, of a lot as it is after it."""
    if kind == "CONFIRM":
        assert lot.incarnation is not None
        return Confirm(lot.job, lot.epoch, lot.incarnation, b"sealed")
    assert kind == "CANCEL", kind
    return Cancel(lot.job, lot.epoch, lots.cites(lot))


def to_requester(kind: str, making: Making) -> Body:
    """Return what a row of the facility's table sends.

    The reason and the doubt that go with it are told to people and change nothing in
    the book, so they are left out: the model would only count them apart.
    """
    key = making.job, making.epoch, making.maker
    if kind == "LEASE":
        return Lease(*key, 600, POLICY, b"")
    if kind == "RECEIPT":
        return Receipt(*key, making.good, making.scrap, 0)
    assert kind == "FINAL", kind
    return handoff.Final(*key, making.good, making.scrap, "made", "")


def account(making: Making) -> LotClosed:
    """Return the record that the facility logs with the FINAL of a confirmed lot."""
    return LotClosed(
        making.job, making.epoch, REQUESTER, making.machine, making.good, making.scrap,
        "made", (), 0, 0, POLICY, None,
    )  # fmt: skip
