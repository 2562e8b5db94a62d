"""Connections to the real public port that mean no good, and an honest peer beside.

Attackers come from addresses of their own, 127.0.0.2 and on; the honest peer from
127.0.0.1. What is counted is what the honest one gets done, and what they hold.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from fabnet.content.cid import of_raw
from fabnet.node.links.door import HOME, Bounds, household_of, makes_room
from fabnet.node.links.guard import IpNetwork
from fabnet.node.links.public import BLOB_PATH, WELL_KNOWN, WS_PATH
from tests.hostile.house import FEW, FILE, QUICK, ended, house

pytestmark = pytest.mark.skipif(
    sys.platform != "linux",
    reason="127.0.0.2 and on, and TCP_USER_TIMEOUT, are Linux’s alone",
)

# ------------------------------------------------------------------ the rule


@pytest.mark.parametrize(
    ("held", "newcomer", "goes"),
    [
        ([], "a", -1),
        (["a"], "a", -1),
        (["a", "a"], "a", None),
        (["a", "a"], "b", -1),
        (["a", "a", None], None, -1),
        (["b", "a", "a", "c"], "d", 1),
        (["a", "b", "c", "d"], "e", None),
        (["a", "a", "b", "c"], "b", None),
        ([None, None, None, None], "a", None),
        (["a", None, "a", None], None, 0),
    ],
)
def test_whoever_holds_most_makes_room(
    held: list[str | None], newcomer: str | None, goes: int | None
) -> None:
    assert makes_room(held, newcomer, Bounds(connections=4, per_address=2)) == goes


def test_where_all_hold_alike_the_oldest_goes_on_which_nobody_is_served() -> None:
    few = Bounds(connections=4, per_address=2)

    assert makes_room(["a", "b", "c", "d"], "e", few, waiting=[1, 3]) == 1
    assert makes_room([None] * 4, None, few, waiting=[2]) == 2
    assert makes_room(["a", "a", "b", "c"], "a", few, waiting=[2]) is None
    assert makes_room(["a", "b", "c", "d"], "a", few, waiting=[2]) is None
    assert makes_room(["a", "a", "b", "c"], "d", few, waiting=[2]) == 0


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
    ],
)
def test_a_household_is_one_address_or_one_64(address: str, block: str | None) -> None:
    assert household_of(address, Bounds().proxies) == block


# ------------------------------------------------------------------ connections

ASKED = f"GET {WELL_KNOWN} HTTP/1.1\r\nHost: x\r\n".encode()
SLOW = {
    "nothing at all": b"",
    "half a request line": b"GET /.well-known",
    "headers without end": b"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\n",
    "another request that never comes": ASKED + b"\r\nGET",
    "a body that never comes": ASKED + b"Content-Length: 1000\r\n\r\n",
}


@pytest.mark.asyncio
async def test_who_says_nothing_more_is_shown_out(tmp_path: Path) -> None:
    async with house(tmp_path, QUICK) as ours:
        opened_ = [await ours.open("127.0.0.2") for _ in SLOW]
        for (_, writer), said in zip(opened_, SLOW.values(), strict=True):
            writer.write(said)
        for reader, _ in opened_:
            await ended(reader)

        assert await ours.serves_honest()


@pytest.mark.asyncio
async def test_who_drips_a_header_is_shown_out_however_often_it_drips(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, QUICK) as ours:
        reader, writer = await ours.open("127.0.0.2")
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        drops = 0
        async with asyncio.timeout(20):
            while not reader.at_eof():
                try:
                    writer.write(b"A: 1\r\n")
                    await writer.drain()
                    async with asyncio.timeout(0.05):
                        await reader.read(1)
                except TimeoutError:
                    drops += 1
                except ConnectionError:
                    break
        assert drops > 2
        assert not ours.told


LONG = {
    "a line of 9,000 bytes": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", b"400"),
    "a header of 9,000 bytes": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9_000 + b"\r\n\r\n", b"400"),
    "100 headers": (
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: 1\r\n" * 100 + b"\r\n", b"400"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    "two lengths": (
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"400"),
    "a length and chunks": (
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
    "another method": (b"POST /fabnet/auth HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
    "another page": (b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    "a way up": (b"GET /fabnet/blob/../../x HTTP/1.1\r\nHost: x\r\n\r\n", b"40"),
    "another host": (b"GET /fabnet/auth HTTP/1.1\r\nHost: x\r\n\r\n", b"421"),
    "two logins": (
        b"GET /fabnet/auth HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
        b"Authorization: b\r\n\r\n", b"400"),
}  # fmt: skip


@pytest.mark.asyncio
async def test_what_is_no_request_of_ours_gets_a_status_and_no_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, QUICK) as ours:
        asked = []
        for number, (name, (said, status)) in enumerate(LONG.items(), 2):
            reader, writer = await ours.open(f"127.0.0.{number}")
            writer.write(said)
            asked.append((name, reader, status))
        for name, reader, status in asked:
            answer = await ended(reader)
            assert answer[9:].startswith(status), (name, answer[:60])
            assert len(answer) < 1_000, name
        assert await ours.serves_honest()
        assert not ours.told
    assert not caplog.text


@pytest.mark.asyncio
async def test_one_address_holds_so_many_connections_and_no_more(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as ours:
        held = [await ours.open("127.0.0.2") for _ in range(20)]
        for reader, _ in held[6:]:
            assert await ended(reader) == b""

        assert len(ours.door.held()) == 6
        assert ours.door.refused == 14
        assert await ours.serves_honest()


@pytest.mark.asyncio
async def test_a_flood_from_many_addresses_loses_its_own_and_not_others(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as ours:
        reader, honest = await ours.open("127.0.0.1")
        for number in range(60):
            await ours.open(f"127.0.0.{2 + number % 6}")
        served = [await ours.serves_honest() for _ in range(5)]
        honest.write(ASKED + b"Connection: close\r\n\r\n")

        assert (await ended(reader)).startswith(b"HTTP/1.1 200")
        assert served == [True] * 5
        assert len(ours.door.held()) <= FEW.connections
        assert ours.door.refused >= 60 - FEW.connections


@pytest.mark.asyncio
async def test_a_flood_through_our_own_proxy_keeps_nobody_out_and_cuts_no_link_off(
    tmp_path: Path,
) -> None:
    behind = replace(FEW, proxies=HOME)
    async with (
        house(tmp_path, behind) as ours,
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"http://{ours.host}{WS_PATH}",
            headers={"Authorization": await ours.bearer()},
        ) as link,
    ):
        for number in range(60):
            await ours.open(f"127.0.0.{2 + number % 60}")
        served = [await ours.serves_honest() for _ in range(5)]

        assert served == [True] * 5
        assert not link.closed
        await link.ping()
        assert len(ours.door.held()) <= FEW.connections


@pytest.mark.asyncio
@pytest.mark.parametrize("proxies", [HOME, ()], ids=["one proxy", "their own"])
async def test_who_comes_first_of_two_hundred_at_once_and_asks_is_answered(
    tmp_path: Path, proxies: tuple[IpNetwork, ...]
) -> None:
    """All are there before the node has looked at any, as after a long turn of it."""
    async with house(tmp_path, replace(FEW, proxies=proxies)) as ours:
        for number in range(FEW.connections):
            await ours.open(f"127.0.2.{2 + number}")
        at_door = [_knocks(ours.port, f"127.0.3.{2 + number}") for number in range(201)]
        at_door[0].sendall(ASKED + b"Connection: close\r\n\r\n")
        reader, writer = await asyncio.open_connection(sock=at_door[0])

        answer = await ended(reader)
        async with asyncio.timeout(20):
            while ours.door.refused < 200:  # until it has looked at all of them
                await asyncio.sleep(0.01)
        for each in at_door[1:]:
            each.close()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200")


def _knocks(port: int, address: str) -> socket.socket:
    """Return a connection that the kernel made; the node knows nothing of it yet."""
    return socket.create_connection(("127.0.0.1", port), 5, (address, 0))


@pytest.mark.asyncio
async def test_who_asks_for_a_file_and_does_not_read_it_is_shown_out(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as ours:
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        held.bind(("127.0.0.2", 0))
        held.connect(("127.0.0.1", ours.port))
        held.send(
            f"GET {BLOB_PATH}{ours.cid} HTTP/1.1\r\nHost: {ours.host}\r\n"
            f"Authorization: {await ours.bearer()}\r\n\r\n".encode()
        )
        async with asyncio.timeout(20):
            while not any(_is_from(it, "127.0.0.2") for it in ours.door.held()):
                await asyncio.sleep(0.01)
            while any(_is_from(it, "127.0.0.2") for it in ours.door.held()):
                await asyncio.sleep(0.05)
        held.close()
        assert await ours.serves_honest()


def _is_from(transport: asyncio.Transport, address: str) -> bool:
    return str(transport.get_extra_info("peername")[0]) == address


@pytest.mark.asyncio
async def test_nothing_is_unpacked_for_anyone(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(2**24), 9)
    head = (
        f"GET {WELL_KNOWN} HTTP/1.1\r\nHost: x\r\nContent-Encoding: deflate\r\n"
        f"Content-Length: {len(bomb)}\r\nConnection: close\r\n\r\n"
    ).encode()
    async with house(tmp_path) as ours:
        reader, writer = await ours.open("127.0.0.2")
        writer.write(head + bomb)
        answer = await ended(reader)

        assert answer.startswith(b"HTTP/1.1 200")
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"http://{ours.host}{WS_PATH}",
                headers={"Authorization": await ours.bearer()},
                compress=15,
            ) as link,
        ):
            assert not link.compress, "no compression was agreed to"
    assert of_raw(FILE) == ours.cid
