"""Buckets, blocks of addresses, and standing: what each allows, and where it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.node.clock import StillClock
from fabnet.node.links.limits.blocks import block_of
from fabnet.node.links.limits.bucket import Buckets, Rate
from fabnet.node.links.limits.standing import (
    BLOCKS_MAX,
    FAULTS_MAX,
    FAULTY_MAX,
    SHUT_OUT_MS,
    TABLE,
    Standing,
)
from fabnet.node.links.limits.tolls import (
    BLOCK_RATE,
    PEER_RATE,
    STRANGER_RATE,
    STRANGERS_RATE,
    Payer,
    Tolls,
    size_cost,
)
from fabnet.records.ids import PeerId
from fabnet.records.refusal import Refusal
from tests.node.storing import opened

ADA, BEN = PeerId("ada"), PeerId("ben")
TEN = Rate(burst=10, per_s=2)


def test_a_bucket_gives_its_burst_then_its_rate_and_debt_is_paid_first() -> None:
    buckets = Buckets()
    assert [buckets.pay("ada", 1, TEN, 0) for _ in range(10)] == [0] * 10
    assert buckets.pay("ada", 1, TEN, 0) == 500
    assert buckets.pay("ada", 5, TEN, 0) == 3_000
    assert buckets.pay("ada", 0, TEN, 2_999) == 1
    assert buckets.pay("ada", 0, TEN, 3_000) == 0
    assert buckets.pay("ben", 10, TEN, 0) == 0, "another's bucket is another's"


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    buckets = Buckets()
    buckets.pay("ada", 1, TEN, 0)
    assert buckets.pay("ada", 10, TEN, 10**9) == 0
    assert buckets.pay("ada", 1, TEN, 10**9) == 500
    assert buckets.pay("ada", 0, TEN, 0) == 500, "a clock that steps back gives nothing"


def test_buckets_are_few_and_the_longest_unseen_is_forgotten() -> None:
    buckets = Buckets(most=3)
    for name in ("ada", "ben", "cy", "ada", "dan"):
        buckets.pay(name, 1, TEN, 0)
    assert list(buckets.held) == ["cy", "ada", "dan"]


def tolls(*known: PeerId) -> Tolls:
    return Tolls(StillClock(), set(known).__contains__)


def spent(on: Tolls, payer: Payer) -> int:
    """Pay ones until a payer is in debt; return how many were free."""
    free = 0
    while not on.pay(payer, 1):
        free += 1
    return free


def test_a_stranger_has_a_small_bucket_and_a_known_peer_a_large_one() -> None:
    both = tolls(BEN)
    assert spent(both, Payer(ADA, None)) == STRANGER_RATE.burst
    assert spent(both, Payer(BEN, None)) == PEER_RATE.burst


def test_many_keys_of_one_block_share_its_bucket() -> None:
    many = tolls(BEN)
    free = sum(
        spent(many, Payer(PeerId(f"sybil {number}"), "203.0.113.0/24"))
        for number in range(50)
    )
    assert BLOCK_RATE.burst - 50 <= free <= BLOCK_RATE.burst
    assert spent(many, Payer(ADA, "198.51.100.0/24")) == STRANGER_RATE.burst
    assert not many.pay(Payer(BEN, "203.0.113.0/24"), 1), "it pays for itself alone"


def test_many_blocks_of_strangers_share_one_bucket_too() -> None:
    many = tolls(BEN)
    free = sum(
        spent(many, Payer(PeerId(f"sybil {number}"), f"10.0.{number}.0/24"))
        for number in range(50)
    )
    assert STRANGERS_RATE.burst - 50 <= free <= STRANGERS_RATE.burst
    assert not many.pay(Payer(BEN, None), 1)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/fabnet.sock", "/run/fabnet.sock"),
    ],
)
def test_an_address_is_in_a_block(address: str, block: str) -> None:
    assert block_of(address) == block


@pytest.mark.parametrize(
    ("size", "cost"), [(0, 0), (1, 1), (4_096, 1), (4_097, 2), (1 << 20, 256)]
)
def test_bytes_cost_by_the_four_kib(size: int, cost: int) -> None:
    assert size_cost(size) == cost


# ------------------------------------------------------------------ standing


@pytest.mark.asyncio
async def test_r12_a_block_stands_after_a_restart_until_it_ends(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        standing = Standing(clock, store)
        await standing.block(ADA, "sent us junk", None)
        await standing.block(BEN, "for a day", clock.moment_ms + 1_000)
        await standing.block(PeerId("cy"), "by mistake", None)
        assert await standing.unblock(PeerId("cy"))
        assert not await standing.unblock(PeerId("cy"))

    async with opened(tmp_path) as store:
        again = Standing(clock, store)
        again.restore((await asyncio.to_thread(store.rows))[TABLE])

    assert again.why_not(ADA) == again.why_not(BEN) == "blocked"
    assert again.why_not(PeerId("cy")) is None
    clock.advance(1_000)
    assert again.why_not(BEN) is None
    clock.advance(10**10)
    assert again.why_not(ADA) == "blocked"
    block = again.block_of(ADA)
    assert block is not None
    assert block.why == "sent us junk"


@pytest.mark.asyncio
async def test_blocks_are_bounded_and_ended_ones_make_room(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        standing = Standing(clock, store)
        ends = {7: clock.moment_ms + 1_000}
        taken = await asyncio.gather(
            *(
                standing.block(PeerId(f"peer {number}"), "", ends.get(number))
                for number in range(BLOCKS_MAX)
            )
        )
        assert not any(taken)
        full = await standing.block(ADA, "", None)
        assert full == Refusal("too-many-blocks", (("most", BLOCKS_MAX),))
        assert await standing.block(PeerId("peer 1"), "again", None) is None

        clock.advance(1_000)
        assert await standing.block(ADA, "", None) is None
        assert len(standing.blocks) == BLOCKS_MAX


def test_faults_shut_out_for_a_while_and_are_few() -> None:
    clock = StillClock()

    class Nowhere:
        def commit(self, *_: object) -> asyncio.Future[None]:
            raise AssertionError("a fault costs no disk")

    standing = Standing(clock, Nowhere())
    assert [standing.lower(ADA, "a lie") for _ in range(FAULTS_MAX)] == [
        *[False] * (FAULTS_MAX - 1),
        True,
    ]
    assert standing.why_not(ADA) == "shut-out"
    clock.advance(SHUT_OUT_MS)
    assert standing.why_not(ADA) is None
    for number in range(FAULTY_MAX + 50):
        standing.lower(PeerId(f"peer {number}"), "a lie")
    assert len(standing.faults) == FAULTY_MAX
