"""The wire: files fetched and checked, logins, CARs, and what a long file weighs.

`python -m benchmarks.wire`, or `make bench NAME=wire`. Both ends of a transfer are in
one process, as are those of the bare aiohttp handler that it is held against. The long
file is served by a process of its own, whose memory is read from the system.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from benchmarks.figure import Figure, report
from fabnet.content.cid import Cid, from_digest
from fabnet.node.links import auth_http
from fabnet.node.links.peer_id_auth import Admitted, Challenged
from fabnet.node.links.public import BLOB_PATH
from fabnet.node.store.blobs import Blobs
from tests.node.auth_pair import Clock, client_key, client_of, server_at, server_key
from tests.node.door import GUEST, door
from tests.node.gateway.window import window, write

MIB = 1 << 20
BLOB_MIB = 192
ROUNDS = 5
LOGINS = 1_000
LONG_MIB = 1_024
READY_S_MAX = 900


async def discard(reply: aiohttp.ClientResponse) -> int:
    """Read a reply as fast as it comes; return its bytes."""
    size = 0
    async for piece in reply.content.iter_any():
        size += len(piece)
    return size


async def rate(fetch: Callable[[], Awaitable[int]]) -> float:
    """Return MB a second."""
    began = time.perf_counter()
    size = await fetch()
    return size / (time.perf_counter() - began) / 1e6


async def transfers(folder: Path) -> list[Figure]:
    """Fetch one file bare, with a login and its check, and as a CAR, in turns."""
    await asyncio.to_thread(folder.mkdir)
    content = b"".join(os.urandom(MIB) for _ in range(BLOB_MIB))
    (folder / "bare").write_bytes(content)
    cid = from_digest(hashlib.sha256(content).digest())
    app = web.Application()
    app.router.add_get("/", lambda _: _file(folder / "bare"))
    bare = TestServer(app)
    await bare.start_server()
    rates: dict[str, list[float]] = {"bare": [], "blob": [], "car": []}
    async with (
        door(folder / "door", GUEST) as at,
        window(folder / "window") as shop,
        aiohttp.ClientSession() as session,
    ):
        await at.blobs.put_bytes(content)
        design = await shop.publish(write(folder / "design", {"long": content}))
        del content
        login = await auth_http.login(
            session, f"http://{at.host}", at.host, GUEST, None,
            now_ms=lambda: 0, token=Clock().token,
        )  # fmt: skip

        async def get_bare() -> int:
            async with session.get(f"http://127.0.0.1:{bare.port}/") as reply:
                return await discard(reply)

        async def get_blob() -> int:
            shown = {"Authorization": login.bearer}
            at.clock.tick_ms += 60_000  # so that the peer is in nobody's debt
            url = f"http://{at.host}{BLOB_PATH}{cid}"
            async with session.get(url, headers=shown) as reply:
                return await keep(folder / "kept", cid, reply)

        async def get_car() -> int:
            url = f"{shop.url}/ipfs/{design.folder}?format=car"
            async with session.get(url) as reply:
                return await discard(reply)

        for _ in range(ROUNDS):
            rates["bare"].append(await rate(get_bare))
            rates["blob"].append(await rate(get_blob))
            rates["car"].append(await rate(get_car))
    await bare.close()
    middle = {name: statistics.median(each) for name, each in rates.items()}
    return [
        Figure(
            "file fetched, checked and kept", middle["blob"], "MB/s",
            0.5 * middle["bare"], middle["bare"], at_least=True,
        ),
        Figure(
            "CAR of a file, each block checked before it leaves", middle["car"],
            "MB/s", 0.2 * middle["bare"], middle["bare"], at_least=True,
        ),
    ]  # fmt: skip


async def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path)


async def keep(root: Path, cid: Cid, reply: aiohttp.ClientResponse) -> int:
    """Keep a file as a node does: hashed, written, synced, named."""
    blobs = Blobs.open(root)

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in reply.content.iter_any():
            yield piece

    size = await blobs.put_stream(pieces(), cid)
    await blobs.drop(cid)
    return size


def logins() -> Figure:
    """Log in again and again, and sign and verify as often with nothing around it."""
    server, said = server_at(Clock()), b"x" * 150
    began = time.perf_counter()
    for _ in range(LOGINS):
        client = client_of()
        asked = server.judge("example.com", client.hello())
        assert isinstance(asked, Challenged)
        told = server.judge("example.com", client.answer(asked.challenge))
        assert isinstance(told, Admitted)
        assert told.info is not None
        client.finish(told.info)
    whole = LOGINS / (time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(LOGINS):
        for key in (client_key, server_key):
            key.public.verify(said, key.sign(said))
    bare = LOGINS / (time.perf_counter() - began)
    return Figure("logins, both ends", whole, "/s", 0.25 * bare, bare, at_least=True)


def memory(process: int, name: str) -> float:
    """Return a line of /proc/PID/status, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1_024 / 1e6
    raise LookupError(name)


async def weigh(folder: Path) -> list[Figure]:
    """Publish and fetch a long file through a node; return what that weighed."""
    (folder / "short").mkdir(parents=True)
    (folder / "short" / "a").write_bytes(b"a")
    (folder / "long").mkdir()
    with (folder / "long" / "long.bin").open("wb") as file:
        for _ in range(LONG_MIB):
            file.write(os.urandom(MIB))
    idle, _, _ = await served(folder / "short")
    _, peak, car_rate = await served(folder / "long")
    why = f"a file of {LONG_MIB} MiB through a node, above an idle one"
    return [
        Figure(f"memory: {why}", peak - idle, "MB", 40, None),
        Figure("CAR of that file, over two processes", car_rate, "MB/s", 50, None,
               at_least=True),
    ]  # fmt: skip


async def served(folder: Path) -> tuple[float, float, float]:
    """Serve a folder, fetch it; return resident, peak MB and MB a second."""
    words = ("fabnet", "serve-sample", "--port", str(unused_port()), str(folder))
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, stdout=subprocess.PIPE
    )
    try:
        assert running.stdout is not None
        async with asyncio.timeout(READY_S_MAX):
            told = json.loads(await running.stdout.readline())
        url = f"{told['url']}/ipfs/{told['folders'][0]['cid']}?format=car"
        async with aiohttp.ClientSession() as session:

            async def get() -> int:
                async with session.get(url) as reply:
                    return await discard(reply)

            car_rate = await rate(get)
        pid = running.pid
        return memory(pid, "VmRSS"), memory(pid, "VmHWM"), car_rate
    finally:
        running.terminate()
        await running.wait()


async def measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as at:
        return [
            *await transfers(Path(at) / "transfers"),
            logins(),
            *await weigh(Path(at) / "weigh"),
        ]


def main() -> None:
    figures = asyncio.run(measured())
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
