"""Floods: what a node weighs, and how it answers, while thousands mean it no good.

`python -m benchmarks.floods`, or `make bench NAME=floods`; Linux only: the hostile
come from addresses of their own, 127.0.1.2 and on. The honest one is 127.0.0.1.
Measured twice: the node counts connections by address, or believes loopback to be a
proxy, behind which all are alike.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figure import Figure, report
from benchmarks.walk import HELLO, new_node, resident_mb, running
from fabnet.node.founding import config_toml
from fabnet.node.links.public import WELL_KNOWN

HOSTILE: Final = 2_000
"""Connections that each come again as soon as they are shown out."""
ADDRESSES: Final = 200
FILES_MIN: Final = 12_000
LASTS_S: Final = 30
ASKS: Final = 60
PORT: Final = 18_111
HELLO_PORT: Final = 18_113
AGAIN_S: Final = 2.0
WAYS: Final = {"counted by address": "192.0.2.1", "behind one proxy": "127.0.0.0/8"}
"""Whom the node believes to be a proxy, and what all who come are to it then."""
REST_S: Final = 2.0

ASKED = f"GET {WELL_KNOWN} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n".encode()
SAID: Final = (
    b"",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\n",
    ASKED + b"\r\nGET",
    ASKED + b"Content-Length: 1000\r\n\r\n",
    (ASKED + b"\r\n") * 50,
    b"GET /" + b"a" * 9_000,
)
"""Nothing, half a header, half a second request, no body, answers that nobody reads,
and a line without end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one server weighed and how fast it answered, in quiet and in the flood."""

    quiet_mb: float
    flood_mb: float
    quiet_s: float
    flood_s: float
    asked: int
    """Honest requests in the flood."""
    unanswered: int
    shown_out: int
    """How often a hostile connection was ended by the server."""


async def measured(port: int, path: str, pid: int) -> Seen:
    """Ask in quiet, then in the flood, and weigh the process meanwhile."""
    await asyncio.sleep(REST_S)
    quiet, _ = await _asks(port, path)
    quiet_mb = resident_mb(pid)
    most = quiet_mb
    async with _flood(port) as ended:
        until = time.monotonic() + LASTS_S
        asking = asyncio.create_task(_asks(port, path, until))
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            most = max(most, resident_mb(pid))
        flood, unanswered = await asking
    asked = len(flood) + unanswered
    late = _late(quiet), _late(flood)
    return Seen(quiet_mb, most, *late, asked, unanswered, ended[0])


def _late(took_s: list[float]) -> float:
    """Return what 19 of 20 answers keep."""
    return sorted(took_s)[len(took_s) * 19 // 20] if took_s else float("inf")


async def _asks(port: int, path: str, until: float = 0) -> tuple[list[float], int]:
    """Ask, each time on a connection of its own, so often or until then."""
    took_s: list[float] = []
    unanswered = 0
    while time.monotonic() < until or (not until and len(took_s) < ASKS):
        start = time.perf_counter()
        try:
            async with asyncio.timeout(10):
                await _ask(port, path)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            unanswered += 1
        else:
            took_s.append(time.perf_counter() - start)
        await asyncio.sleep(0.05)
    return took_s, unanswered


async def _ask(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        host = f"127.0.0.1:{port}"
        asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(asked.encode())
        line = await reader.readuntil(b"\r\n")
        if b" 200 " not in line:
            raise ConnectionError(line)
    finally:
        writer.close()


@asynccontextmanager
async def _flood(port: int) -> AsyncIterator[list[int]]:
    """Let the hostile come, each again and again, until this is left."""
    ended = [0]

    async def one(number: int) -> None:
        address = (f"127.0.1.{2 + number % ADDRESSES}", 0)
        while True:
            with suppress(OSError, TimeoutError):  # shown out: it comes again
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, local_addr=address, limit=1
                )
                try:
                    writer.write(SAID[number % len(SAID)])
                    if number % len(SAID) == len(SAID) - 2:
                        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's
                        await asyncio.sleep(LASTS_S)
                    while await reader.read(1_024):
                        pass
                finally:
                    ended[0] += 1
                    writer.transport.abort()
            await asyncio.sleep(AGAIN_S)

    tasks = [asyncio.create_task(one(number)) for number in range(HOSTILE)]
    try:
        yield ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# ------------------------------------------------------------------ the two servers


def node(folder: Path, proxy: str) -> Seen:
    """Measure a node of ours that believes whoever is at `proxy`."""
    command = new_node(folder, PORT)
    path = folder / "node" / "config.toml"
    written = tomllib.loads(path.read_text("utf-8"))
    written["listen"]["proxies"] = [proxy]
    path.write_bytes(config_toml(written))
    with running(command, folder) as pid:
        return asyncio.run(measured(PORT, WELL_KNOWN, pid))


def hello(folder: Path) -> Seen:
    """Measure bare aiohttp, which keeps whoever comes."""
    script = HELLO.replace('"127.0.0.1", 0', f'"127.0.0.1", {HELLO_PORT}')
    command = [sys.executable, "-c", script, str(folder / "hello.db")]
    with running(command, folder) as pid:
        return asyncio.run(measured(HELLO_PORT, "/", pid))


def compared(way: str, ours: Seen, theirs: Seen) -> list[Figure]:
    """Return what a node weighed and answered, beside bare aiohttp."""
    who = f"{HOSTILE} hostile connections from {ADDRESSES} addresses, {way}"
    return [
        Figure(
            f"memory more under {who} (baseline: bare aiohttp)",
            ours.flood_mb - ours.quiet_mb,
            "MB",
            40,
            theirs.flood_mb - theirs.quiet_mb,
        ),
        Figure(
            f"an honest request among them, {way}, 19 of 20 (baseline: in quiet; "
            f"{ours.shown_out} were shown out)",
            ours.flood_s * 1_000,
            "ms",
            1_000,
            ours.quiet_s * 1_000,
        ),
        Figure(
            f"honest requests that got no answer of {ours.asked}, {way} (baseline: "
            f"bare aiohttp, of which {theirs.shown_out} were shown out)",
            ours.unanswered,
            "requests",
            0,
            theirs.unanswered,
        ),
    ]


def main() -> None:
    """Measure both, and print what holds."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_MIN, most), most))
    with tempfile.TemporaryDirectory() as name:
        theirs = hello(Path(name))
    figures: list[Figure] = []
    for way, proxy in WAYS.items():
        with tempfile.TemporaryDirectory() as name:
            figures += compared(way, node(Path(name), proxy), theirs)
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
