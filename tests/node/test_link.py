"""One link: what is sent comes in order, and who is silent or too slow is let go."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import count, pairwise
from pathlib import Path

import aiohttp
import pytest

from fabnet.content.cid import of_raw
from fabnet.node.links import frames
from fabnet.node.links import link as module
from fabnet.node.links.frames import CHUNK_BYTES_MAX, ChunkFrame, ProbeFrame
from fabnet.node.links.link import IN_A_ROW_MAX, SILENCES_MAX
from fabnet.node.links.links import Links
from fabnet.protocol.events import Event, LinkDown, LinkUp, ProbeHeard
from tests.node.door import GUEST, Door, door, hello, knock, settled
from tests.node.hubs.village import neighbour

pytestmark = pytest.mark.asyncio

CID = of_raw(b"a long file")
PEER = GUEST.public.peer
SLOW_FRAMES = 600
"""18 MiB: more than two sockets of this machine hold between them."""


def chunk(number: int) -> ChunkFrame:
    return ChunkFrame("chunk", CID, number, None, bytes(CHUNK_BYTES_MAX))


async def numbers(socket: aiohttp.ClientWebSocketResponse, most: int) -> list[int]:
    """Read so many chunks; return their numbers."""
    said = [frames.decode(await socket.receive_bytes()) for _ in range(most)]
    return [frame.offset for frame in said if isinstance(frame, ChunkFrame)]


async def greeted(at: Door, socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.send_bytes(hello())
    await socket.receive_bytes()
    await settled(lambda: bool(at.heard(LinkUp)))


async def test_what_a_slow_peer_reads_late_comes_in_order(tmp_path: Path) -> None:
    async with door(tmp_path) as at, knock(at) as socket:
        await greeted(at, socket)
        for number in range(SLOW_FRAMES):
            assert at.links.pass_on(PEER, chunk(number))
        assert await numbers(socket, SLOW_FRAMES) == [*range(SLOW_FRAMES)]

        # With nothing left behind, it goes on as before.
        assert at.links.pass_on(PEER, chunk(SLOW_FRAMES))
        assert await numbers(socket, 1) == [SLOW_FRAMES]


async def test_a_peer_that_does_not_read_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OUTBOUND_MAX", 10)
    async with door(tmp_path) as at, knock(at) as socket:
        await greeted(at, socket)
        sent = next(n for n in count() if not at.links.pass_on(PEER, chunk(n)))
        assert sent > 10, "the sockets hold some, and the queue ten"
        await settled(lambda: bool(at.heard(LinkDown)))


async def test_a_quiet_peer_that_answers_pings_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.02)
    async with door(tmp_path) as at, knock(at, answers_pings=False) as socket:
        await greeted(at, socket)
        for _ in range(3 * SILENCES_MAX):
            asked = await socket.receive()
            assert asked.type is aiohttp.WSMsgType.PING
            await socket.pong(asked.data)
        assert at.links.is_linked(PEER)
        await socket.ping(b"and you?")
        while (heard := await socket.receive()).type is not aiohttp.WSMsgType.PONG:
            assert heard.type is aiohttp.WSMsgType.PING
        assert heard.data == b"and you?"


async def test_whoever_dialled_hears_that_its_pings_are_answered(
    tmp_path: Path,
) -> None:
    async with (
        neighbour(tmp_path, 1) as ours,
        neighbour(tmp_path, 2, is_public=True) as at,
    ):
        await ours.dials(at)
        for links, other in ((ours.links, at.peer), (at.links, ours.peer)):
            held = links._links[other]
            for _ in range(2 * SILENCES_MAX):
                held._look_now()
                await settled(partial(heard_something, held))
            assert links.is_linked(other)


async def test_a_peer_that_answers_no_ping_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 0.02)
    async with door(tmp_path) as at, knock(at, answers_pings=False) as socket:
        await greeted(at, socket)
        heard = [(await socket.receive()).type for _ in range(SILENCES_MAX + 1)]
        await settled(lambda: bool(at.heard(LinkDown)))
    pings = [aiohttp.WSMsgType.PING] * SILENCES_MAX
    assert heard == [*pings, aiohttp.WSMsgType.CLOSE]


async def test_a_peer_is_not_silent_while_we_do_not_listen(tmp_path: Path) -> None:
    async with door(tmp_path) as at, knock(at) as socket:
        await greeted(at, socket)
        busy, go_on = asyncio.Event(), asyncio.Event()

        async def post(event: Event) -> None:
            if isinstance(event, ProbeHeard):
                busy.set()
                await go_on.wait()
            at.told.append(event)

        at.links._post = post
        await socket.send_bytes(frames.encode(ProbeFrame("probe")))
        await busy.wait()
        for _ in range(2 * SILENCES_MAX):
            link(at.links)._look_now()
        go_on.set()
        await socket.send_bytes(frames.encode(ProbeFrame("probe")))
        await settled(lambda: at.has_heard(ProbeHeard, 2))
        assert at.links.is_linked(PEER)


async def test_who_says_much_at_once_leaves_others_their_turn(tmp_path: Path) -> None:
    async with door(tmp_path, GUEST) as at, knock(at) as socket:
        await greeted(at, socket)
        turns: list[int] = []
        probe = frames.encode(ProbeFrame("probe"))
        for _ in range(4 * IN_A_ROW_MAX):
            await socket.send_bytes(probe)

        def take_turn() -> None:
            heard = len(at.heard(ProbeHeard))
            turns.append(heard)
            if heard < 4 * IN_A_ROW_MAX:
                asyncio.get_running_loop().call_soon(take_turn)

        take_turn()
        await settled(lambda: at.has_heard(ProbeHeard, 4 * IN_A_ROW_MAX))
        between = {after - before for before, after in pairwise(turns)}
        assert max(between) <= IN_A_ROW_MAX


def heard_something(held: module.Link) -> bool:
    return held._silences == 0


def link(links: Links) -> module.Link:
    return links._links[PEER]
