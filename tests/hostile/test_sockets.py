"""WebSockets of a peer that logged in honestly and then breaks the protocol itself."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fabnet.node.links import frames
from fabnet.node.links.door import Bounds
from fabnet.node.links.frames import GotFrame
from fabnet.node.links.public import WS_PATH
from fabnet.protocol.events import LinkDown
from tests.hostile.house import House, ended, house
from tests.protocol.minds import key

pytestmark = pytest.mark.skipif(
    sys.platform != "linux",
    reason="127.0.0.2 and on, and TCP_USER_TIMEOUT, are Linux’s alone",
)

FIN, RSV1 = 0x80, 0x40
CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GOOD = frames.encode(GotFrame("got", 1, ()))


def framed(opcode: int, data: bytes, *, first: int = FIN, claims: int = -1) -> bytes:
    """Return one masked frame, whatever its head claims."""
    size = len(data) if claims < 0 else claims
    head = bytes((first | opcode,))
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 65_536:
        head += bytes((0x80 | 126,)) + size.to_bytes(2)
    else:
        head += bytes((0x80 | 127,)) + size.to_bytes(8)
    return head + bytes(4) + data


def pieces() -> Iterator[bytes]:
    """One message in pieces, without end."""
    yield framed(BINARY, bytes(4_096), first=0)
    for _ in range(40):
        yield framed(CONTINUED, bytes(4_096), first=0)


WRONG: dict[str, bytes] = {
    "a flag of compression": framed(BINARY, GOOD, first=FIN | RSV1),
    "a flag of nothing": framed(BINARY, GOOD, first=FIN | 0x20),
    "an opcode of nobody": framed(3, GOOD),
    "a length of 2**63": framed(BINARY, b"", claims=2**63),
    "a length of 2**40": framed(BINARY, bytes(64), claims=2**40),
    "64 KiB and one byte": framed(BINARY, bytes(65_537)),
    "pieces without end": b"".join(pieces()),
    "a piece of nothing": framed(CONTINUED, GOOD),
    "two messages begun": framed(BINARY, b"a", first=0) + framed(BINARY, b"b"),
    "a ping of 126 bytes": framed(PING, bytes(126)),
    "a ping in pieces": framed(PING, b"", first=0),
    "text": framed(TEXT, b"good day"),
    "text that is not UTF-8": framed(TEXT, b"\xff\xfe"),
    "a close of one byte": framed(CLOSE, b"\x03"),
    "a close of code 1": framed(CLOSE, b"\x00\x01"),
    "an empty frame": framed(BINARY, b""),
    "half a frame of ours": framed(BINARY, GOOD[:-1]),
    "two frames of ours in one": framed(BINARY, GOOD * 2),
    "not HTTP any more": b"GET / HTTP/1.1\r\n\r\n",
}


async def upgraded(
    at: House, who: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a link by hand, as far as the switch of protocols."""
    reader, writer = await at.open(f"127.0.0.{who}")
    writer.write(
        f"GET {WS_PATH} HTTP/1.1\r\nHost: {at.host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nAuthorization: {await at.bearer(key(who))}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        f"{base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
    )
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    return reader, writer


@pytest.mark.asyncio
async def test_who_breaks_the_protocol_loses_the_link_and_is_not_heard(
    tmp_path: Path,
) -> None:
    async def break_off(ours: House, who: int, name: str) -> None:
        reader, writer = await upgraded(ours, who)
        writer.write(WRONG[name])
        assert len(await ended(reader)) < 1_000, name

    async with house(tmp_path, Bounds()) as ours:
        async with asyncio.TaskGroup() as tasks:
            for who, name in enumerate(WRONG, 20):
                tasks.create_task(break_off(ours, who, name))
        assert await ours.serves_honest()
        assert all(isinstance(event, LinkDown) for event in ours.told), ours.told


@pytest.mark.asyncio
async def test_a_thousand_pings_are_answered_and_a_frame_among_them_is_heard(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, Bounds()) as ours:
        reader, writer = await upgraded(ours, 7)
        for _ in range(500):
            writer.write(framed(PING, b"x" * 125) + framed(CONTINUED | PONG, b""))
        writer.write(framed(BINARY, GOOD) + framed(CLOSE, b"\x03\xe8"))
        answers = await ended(reader)

        assert answers.count(b"x" * 125) <= 500
        assert any(not isinstance(event, LinkDown) for event in ours.told)
        assert await ours.serves_honest()
