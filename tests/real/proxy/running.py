"""Programs that run for one test, and what passes between two of them."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.house.tree import ROOT

READY_S = 60


@dataclass(frozen=True, slots=True)
class Started:
    """A program that is running, and where it writes."""

    process: Process
    log: Path

    async def listens(self, port: int) -> None:
        """Wait until something answers at a port of loopback."""
        try:
            async with asyncio.timeout(READY_S):
                while self.process.returncode is None:
                    with suppress(OSError):  # not listening yet: it is tried again
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        writer.close()
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        pytest.fail(f"nothing at {port}: {self.log.read_text('utf-8')[-3_000:]}")


@asynccontextmanager
async def started(
    words: Sequence[str], log: Path, env: Mapping[str, str]
) -> AsyncIterator[Started]:
    """Run a program until this is left."""
    paths = {"PYTHONPATH": str(ROOT)}
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
            env={**os.environ, **paths, **env},
        )  # fmt: skip
    try:
        yield Started(process, log)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            process.terminate()
        await process.wait()


@dataclass(slots=True)
class Between:
    """What a proxy and the node behind it say to each other."""

    port: int
    asked: bytearray = field(default_factory=bytearray)
    """All that the proxy said."""
    answered: int = 0
    """Bytes that the node said."""

    def last_head(self) -> list[str]:
        """Return the header lines of the newest request, in lower case."""
        head = bytes(self.asked).rpartition(b"\r\n\r\n")[0].rpartition(b"\r\n\r\n")[2]
        return head.decode("latin-1").lower().split("\r\n")

    async def rests(self) -> int:
        """Return how much the node has said, once it says no more."""
        before = -1
        while before != self.answered:
            before = self.answered
            await asyncio.sleep(0.4)
        return before


@asynccontextmanager
async def between(port: int, node: int) -> AsyncIterator[Between]:
    """Stand at `port`, pass on to the node at another, and count."""
    seen = Between(port)
    tasks: set[asyncio.Task[None]] = set()

    def asks(piece: bytes) -> None:
        seen.asked.extend(piece)

    def answers(piece: bytes) -> None:
        seen.answered += len(piece)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        there, to = await asyncio.open_connection("127.0.0.1", node)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, to, asks))
                both.create_task(_pass_on(there, writer, answers))
        finally:
            writer.transport.abort()
            to.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, see: object
) -> None:
    assert callable(see)
    with suppress(ConnectionError):  # whoever hangs up ends the stream
        while piece := await reader.read(1 << 16):
            see(piece)
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
