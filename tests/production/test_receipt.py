"""What a lot came to, as its two sides log it."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import of_raw
from fabnet.errors import MalformedError
from fabnet.production.receipt import (
    MINUTE_KINDS,
    Acceptance,
    LotClosed,
    LotOpened,
    Minutes,
    lot_key,
)
from fabnet.production.request import PIECES_MAX
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.record import BODY_BYTES_MAX, HEADER_BYTES_MAX
from tests.production.samples import (
    MACHINE,
    MAKER,
    NOON_MS,
    POLICY,
    REQUESTER,
    job,
    record_id,
)

OPENED = LotOpened(
    job(), 1, of_raw(b"revision"), "bracket", 3, MAKER, MACHINE,
    NOON_MS, NOON_MS + 1, POLICY,
)  # fmt: skip
CLOSED = LotClosed(
    job(), 1, REQUESTER, MACHINE, 3, 1, "made",
    (Minutes("set-up", 5), Minutes("machine", 40)), 80, 90_000, POLICY, b"passport",
)  # fmt: skip
ACCEPTED = Acceptance(job(), 1, record_id("closed"), 3, (Minutes("machine", 40),))


@pytest.mark.parametrize(
    "body", [OPENED, CLOSED, ACCEPTED], ids=lambda b: type(b).__name__
)
def test_a_receipt_reads_as_it_was_written(body: Body) -> None:
    packed = canonical.encode(body)

    assert canonical.decode(packed, type(body), bytes_max=BODY_BYTES_MAX) == body


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (OPENED, {"pieces": 0}),
        (OPENED, {"epoch": 0}),
        (OPENED, {"maker": "12D3KooW"}),
        (CLOSED, {"good": -1}),
        (CLOSED, {"scrap": PIECES_MAX + 1}),
        (CLOSED, {"reason": "Because!"}),
        (CLOSED, {"minutes": (Minutes("machine", 1),) * 6}),
        (CLOSED, {"minutes": (Minutes("machine", -1),)}),
        (CLOSED, {"passport": b"x" * 32_769}),
        (ACCEPTED, {"lot_closed": "bafkrei"}),
    ],
)
def test_a_receipt_out_of_bounds_is_refused(
    body: Body, changes: dict[str, object]
) -> None:
    packed = canonical.encode(msgspec.structs.replace(body, **changes))

    with pytest.raises(MalformedError, match=type(body).__name__):
        canonical.decode(packed, type(body), bytes_max=BODY_BYTES_MAX)


def test_minutes_are_of_five_kinds_and_no_other() -> None:
    for kind in MINUTE_KINDS:
        packed = canonical.encode([kind, 1])
        assert canonical.decode(packed, Minutes, bytes_max=64).kind == kind
    with pytest.raises(MalformedError, match="Minutes"):
        canonical.decode(canonical.encode(["money", 1]), Minutes, bytes_max=64)


def test_two_lots_never_share_a_key_and_it_fits_a_header() -> None:
    assert lot_key(job("a"), 12) != lot_key(job("a"), 1)
    assert len(lot_key(job("a"), 100_000)) <= 160 < HEADER_BYTES_MAX
