"""Floods by key and by address, swarms of keys, and blocks: who is served beside them.

Counted are records heard, places taken and answers given, never time.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from fabnet.node.clock import StillClock
from fabnet.node.links import auth_http, frames, links
from fabnet.node.links.frames import BatchFrame, GotFrame, Parcel
from fabnet.node.links.limits.proxies import FORWARDED
from fabnet.node.links.limits.tolls import STRANGER_RATE
from fabnet.node.links.links import INBOUND_MAX, LINKS_MAX, STRANGERS_MAX
from fabnet.node.links.public import BLOB_PATH
from fabnet.protocol.events import BatchHeard, GotHeard, LinkDown, LinkUp
from fabnet.records.keys import SigningKey
from tests.node.door import GUEST, Door, closed, door, hello, knock, said, settled
from tests.protocol.minds import FIRST, key

pytestmark = pytest.mark.asyncio

HONEST = key(9)
"""A peer whose cooperative is vouched for."""


def sybil(number: int) -> SigningKey:
    return SigningKey.from_seed(number.to_bytes(32, "big"))


def batch_of(count: int, of: int) -> bytes:
    records = [said(f"junk {of} {number}") for number in range(count)]
    parcels = tuple(Parcel(each.envelope, each.body) for each in records)
    return frames.encode(BatchFrame("batch", FIRST, 1, parcels, ()))


def heard_of(at: Door, who: SigningKey) -> int:
    """Return how many records the mind was told by one peer."""
    return sum(
        len(event.records)
        for event in at.heard(BatchHeard)
        if isinstance(event, BatchHeard) and event.peer == who.public.peer
    )


async def is_served(at: Door, who: SigningKey = HONEST) -> None:
    """Have a peer come in, be heard, and leave."""
    before = heard_of(at, who)
    async with knock(at, who) as socket:
        await socket.send_bytes(hello(whose=who))
        await socket.send_bytes(batch_of(50, before))
        await settled(lambda: heard_of(at, who) == before + 50)


async def test_r12_a_flood_by_one_key_is_cut_and_a_known_peer_is_served(
    tmp_path: Path,
) -> None:
    async with door(tmp_path, HONEST) as ours:
        async with knock(ours) as flood:
            await flood.send_bytes(hello())
            for number in range(30):
                await flood.send_bytes(batch_of(160, number))
            await closed(flood)
        assert flood.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER

        assert heard_of(ours, GUEST) <= STRANGER_RATE.burst
        assert ours.links.tolls.counted["refused"] == 1
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with knock(ours):
                pass
        assert refused.value.status == 429
        for _ in range(3):
            await is_served(ours)
        assert heard_of(ours, HONEST) == 150
        assert not ours.links.standing.faults, "to ask for much is no lie"


async def test_r12_who_asks_for_a_little_too_much_waits_and_loses_nothing(
    tmp_path: Path,
) -> None:
    async with door(tmp_path) as ours, knock(ours) as eager:
        await eager.send_bytes(hello())
        for number in range(STRANGER_RATE.burst + 60):
            await eager.send_bytes(frames.encode(GotFrame("got", number, ())))
        async with asyncio.timeout(10):
            while len(ours.heard(GotHeard)) < STRANGER_RATE.burst + 60:
                ours.clock.advance(2)
                await asyncio.sleep(0.001)

        assert ours.links.tolls.counted["waited"] > 0
        assert ours.links.peers() == [GUEST.public.peer]


async def test_r12_a_swarm_of_keys_takes_few_places_and_none_of_a_known_peer(
    tmp_path: Path,
) -> None:
    """Of 200 keys nobody vouches for, each from a block of its own, 32 are let in."""
    async with door(tmp_path, HONEST, proxies=["127.0.0.0/8"]) as ours:
        async with AsyncExitStack() as swarm:
            turned_away: list[int] = []
            for number in range(1, 201):
                from_ = {FORWARDED: f"198.18.{number}.1"}
                try:
                    await swarm.enter_async_context(knock(ours, sybil(number), from_))
                except aiohttp.WSServerHandshakeError as refused:
                    turned_away.append(refused.status)
            assert len(ours.links.peers()) == STRANGERS_MAX
            assert turned_away == [503] * (200 - STRANGERS_MAX)

            await is_served(ours)
            assert len(ours.links.tolls.peers.held) == 201, "a bucket each, no more"
            assert len(ours.links.tolls.blocks.held) == 201
            assert not ours.links.standing.faults
        await settled(lambda: len(ours.heard(LinkDown)) == STRANGERS_MAX + 1)


async def test_r12_a_flood_from_one_address_leaves_others_served(
    tmp_path: Path,
) -> None:
    village, elsewhere = {FORWARDED: "203.0.113.7"}, {FORWARDED: "198.51.100.9"}
    async with (
        door(tmp_path, HONEST, proxies=["127.0.0.0/8"]) as ours,
        knock(ours, HONEST, {FORWARDED: "203.0.113.8"}) as neighbour,
        aiohttp.ClientSession(headers=village) as flood,
    ):
        statuses = []
        while 429 not in statuses:
            async with flood.get(f"http://{ours.host}/fabnet/auth") as answer:
                statuses.append(answer.status)
        assert statuses.count(401) < 2_500, "a burst, and no more"

        await neighbour.send_bytes(hello(whose=HONEST))
        await neighbour.send_bytes(batch_of(50, 0))
        await settled(lambda: heard_of(ours, HONEST) == 50)
        async with knock(ours, GUEST, elsewhere) as stranger:
            await stranger.send_bytes(hello())
            await settled(lambda: len(ours.heard(LinkUp)) == 2)


async def test_r12_a_file_is_given_on_credit_and_the_debt_is_paid_first(
    tmp_path: Path,
) -> None:
    big = b"x" * (8 << 20)
    async with door(tmp_path, HONEST) as ours:
        cid = await ours.blobs.put_bytes(big)
        guest, honest = await logged_in(ours, GUEST), await logged_in(ours, HONEST)
        url = f"http://{ours.host}{BLOB_PATH}{cid}"
        async with aiohttp.ClientSession() as session:

            async def status(bearer: str) -> int:
                async with session.get(url, headers={"Authorization": bearer}) as it:
                    await it.read()
                    return it.status

            assert await status(guest) == 200
            assert await status(guest) == 429
            assert [await status(honest) for _ in range(5)] == [200] * 5
            ours.clock.advance(3_600_000 - 1)
            guest = await logged_in(ours, GUEST)
            assert await status(guest) == 200


async def logged_in(at: Door, who: SigningKey) -> str:
    async with aiohttp.ClientSession() as session:
        login = await auth_http.login(
            session, f"http://{at.host}", at.host, who, None,
            now_ms=lambda: at.clock.tick_ms, token=StillClock().token,
        )  # fmt: skip
        return login.bearer


async def test_r12_a_full_house_makes_room_for_whoever_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "INBOUND_MAX", 3)
    known = [key(number) for number in range(20, 25)]
    async with door(tmp_path, *known) as ours, AsyncExitStack() as inside:
        stranger = await inside.enter_async_context(knock(ours))
        for each in known[:2]:
            await inside.enter_async_context(knock(ours, each))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await inside.enter_async_context(knock(ours, sybil(1)))
        assert refused.value.status == 503

        await inside.enter_async_context(knock(ours, known[2]))
        await closed(stranger)
        await settled(
            lambda: ours.links.peers() == sorted(each.public.peer for each in known[:3])
        )
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await inside.enter_async_context(knock(ours, known[3]))
        assert refused.value.status == 503


async def test_places_are_kept_for_the_peers_we_choose() -> None:
    assert LINKS_MAX - INBOUND_MAX >= 4
    assert STRANGERS_MAX < INBOUND_MAX


async def test_r12_who_is_blocked_is_gone_at_once_and_after_a_restart(
    tmp_path: Path,
) -> None:
    async with door(tmp_path, GUEST, HONEST) as ours:
        async with knock(ours) as guest:
            await guest.send_bytes(hello())
            await settled(lambda: bool(ours.heard(LinkUp)))
            await ours.links.block(GUEST.public.peer, "sent us junk", None)
            await closed(guest)
        await is_served(ours)

    async with door(tmp_path, GUEST, HONEST) as ours:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with knock(ours):
                pass
        assert refused.value.status == 403
        cid = await ours.blobs.put_bytes(b"a drawing")
        shown = {"Authorization": await logged_in(ours, GUEST)}
        async with (
            aiohttp.ClientSession(headers=shown) as session,
            session.get(f"http://{ours.host}{BLOB_PATH}{cid}") as answer,
        ):
            assert (answer.status, await answer.text()) == (403, "blocked")
        await is_served(ours)

        assert await ours.links.standing.unblock(GUEST.public.peer)
        await is_served(ours, GUEST)
