"""Files fetched and checked, logins, CARs, and what a long file weighs.

Both ends of a transfer are in one process, as are those of the bare aiohttp handler
that it is held against: its `FileResponse` is read as fast as it comes, and either
thrown away, or written and synced as a node does, but for the check. A node also keeps
it in memory, so that the disk is not what is measured. A node receives and hashes at
once: where it does not have two cores for itself, these figures fall.

The long file is served by a process of its own, whose memory is read from the system.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from benchmarks.figure import Figure
from benchmarks.wire.memory import memory
from fabnet.content.cid import Cid, from_digest
from fabnet.node.links import auth_http
from fabnet.node.links.fetching import READ_BYTES_MAX
from fabnet.node.links.peer_id_auth import (
    Admitted,
    Challenged,
    ClientAuth,
    ServerAuth,
)
from fabnet.node.links.public import BLOB_PATH
from fabnet.node.store.blobs import Blobs
from tests.node.auth_pair import HOST, SERVER, Clock, client_key, server_key
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


async def transfers(folder: Path, ram: Path) -> list[Figure]:
    """Fetch one file bare, with a login and its check, and as a CAR, in turns.

    `ram` is a folder in memory.
    """
    await asyncio.to_thread(folder.mkdir)
    content = b"".join(os.urandom(MIB) for _ in range(BLOB_MIB))
    (folder / "bare").write_bytes(content)
    cid = from_digest(hashlib.sha256(content).digest())
    app = web.Application()
    app.router.add_get("/", lambda _: _file(folder / "bare"))
    bare = TestServer(app)
    await bare.start_server()
    rates: dict[str, list[float]] = {
        name: [] for name in ("bare", "bare kept", "blob", "in memory", "car")
    }
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

        async def get_bare_kept() -> int:
            async with session.get(f"http://127.0.0.1:{bare.port}/") as reply:
                return await write_down(folder / "unchecked", reply)

        async def get_blob(at_root: Path) -> int:
            shown = {"Authorization": login.bearer}
            at.clock.tick_ms += 60_000  # so that the peer is in nobody's debt
            url = f"http://{at.host}{BLOB_PATH}{cid}"
            async with session.get(
                url, headers=shown, read_bufsize=READ_BYTES_MAX
            ) as reply:
                return await keep(at_root, cid, reply)

        async def get_car() -> int:
            url = f"{shop.url}/ipfs/{design.folder}?format=car"
            async with session.get(url) as reply:
                return await discard(reply)

        for _ in range(ROUNDS):
            rates["bare"].append(await rate(get_bare))
            rates["blob"].append(await rate(partial(get_blob, folder / "kept")))
            rates["in memory"].append(await rate(partial(get_blob, ram / "kept")))
            rates["bare kept"].append(await rate(get_bare_kept))
            rates["car"].append(await rate(get_car))
    await bare.close()
    blob, car, kept = rates["blob"], rates["car"], "file fetched, checked, synced, kept"
    in_memory, kept_there = rates["in memory"], "file fetched, checked, kept in memory"
    return [
        beside("a FileResponse read and thrown away", kept_there, in_memory, 0.5,
               rates["bare"]),
        beside("a FileResponse read and thrown away", kept, blob, 0.5, rates["bare"]),
        beside("one written and synced unchecked", kept, blob, 0.5, rates["bare kept"]),
        beside("a FileResponse read and thrown away",
               "CAR of a file, each block checked before it leaves", car, 0.2,
               rates["bare"]),
    ]  # fmt: skip


def beside(
    what: str, name: str, ours: list[float], least: float, theirs: list[float]
) -> Figure:
    """Return a figure in MB/s by the median of the rounds' ratios."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    middle = statistics.median(theirs)
    return Figure(
        f"{name}, beside {what}", ratio * middle, "MB/s", least * middle, middle,
        at_least=True,
    )  # fmt: skip


async def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path)


async def write_down(path: Path, reply: aiohttp.ClientResponse) -> int:
    """Write a reply as it comes, in a thread by the half MiB, and sync it."""
    size, held = 0, bytearray()
    with await asyncio.to_thread(path.open, "wb") as file:
        async for piece in reply.content.iter_any():
            held += piece
            size += len(piece)
            if len(held) >= MIB // 2:
                await asyncio.to_thread(file.write, held)
                held = bytearray()
        await asyncio.to_thread(file.write, held)
        await asyncio.to_thread(file.flush)
        await asyncio.to_thread(os.fsync, file.fileno())
    await asyncio.to_thread(path.unlink)
    return size


async def keep(root: Path, cid: Cid, reply: aiohttp.ClientResponse) -> int:
    """Keep a file as a node does: hashed, written, synced, named."""
    blobs = Blobs.open(root)

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in reply.content.iter_any():
            yield piece

    size = await blobs.put_stream(pieces(), cid)
    await blobs.drop(cid)
    return size


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def logins() -> Figure:
    """Log in again and again, and sign and verify as often with nothing around it."""
    # With real dice: a challenge that is drawn again counts as answered.
    server = ServerAuth(
        server_key, frozenset({HOST}), os.urandom(32), _now_ms, os.urandom
    )
    said = b"x" * 150
    began = time.perf_counter()
    for _ in range(LOGINS):
        client = ClientAuth(client_key, HOST, os.urandom, SERVER)
        asked = server.judge(HOST, client.hello())
        assert isinstance(asked, Challenged)
        told = server.judge(HOST, client.answer(asked.challenge))
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
