"""A DNS server that changes its mind, and a client of it, over real datagrams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from aiohttp.abc import AbstractResolver, ResolveResult

HEAD = 12
"""Bytes of a DNS message before its question (RFC 1035 §4.1.1)."""


class Liar(asyncio.DatagramProtocol):
    """Answers each A question with the next of its addresses, good for 0 seconds."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        hosts = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4"
        body = b"".join(record + socket.inet_aton(host) for host in hosts)
        head = data[:2] + b"\x81\x80\0\1" + len(hosts).to_bytes(2) + b"\0\0\0\0"
        assert self._transport is not None
        self._transport.sendto(head + data[HEAD:] + body, addr)


class Resolver(AbstractResolver):
    """Asks one DNS server, as the resolver of an operating system does."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        labels = b"".join(bytes((len(it),)) + it.encode() for it in host.split("."))
        question = b"\7\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"
        raw = await self._ask(question)
        count = int.from_bytes(raw[6:8])
        ends = range(len(raw) - 16 * (count - 1), len(raw) + 1, 16)
        hosts = [socket.inet_ntoa(raw[end - 4 : end]) for end in ends]
        return [
            ResolveResult(
                hostname=host, host=it, port=port, family=socket.AF_INET, proto=6,
                flags=socket.AI_NUMERICHOST,
            )
            for it in hosts
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""

    async def _ask(self, question: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            await loop.sock_connect(asking, self._server)
            await loop.sock_sendall(asking, question)
            async with asyncio.timeout(5):
                return await loop.sock_recv(asking, 512)


@asynccontextmanager
async def lying(*answers: tuple[str, ...]) -> AsyncIterator[tuple[Liar, Resolver]]:
    """Serve `answers` one after the other; yield the server and a client of it."""
    loop = asyncio.get_running_loop()
    transport, liar = await loop.create_datagram_endpoint(
        lambda: Liar(*answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield liar, Resolver(transport.get_extra_info("sockname"))
    finally:
        transport.close()
