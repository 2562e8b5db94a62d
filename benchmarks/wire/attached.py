"""What a hub's memory holds of a node that is attached and says nothing.

The hub is a process of its own, as it stands behind a TLS proxy: plain sockets, its own
door and links, a store, and a whole mind. Its bounds are lifted, since a thousand nodes
weigh more than what is noise in one process. `python -m benchmarks.wire.attached` is
the hub.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
from aiohttp.test_utils import unused_port

from benchmarks.figure import Figure
from benchmarks.wire.memory import memory
from fabnet.node.clock import StillClock, SystemClock
from fabnet.node.links import auth_http, frames, links
from fabnet.node.links.door import Bounds, open_door
from fabnet.node.links.frames import Hello
from fabnet.node.links.limits.proxies import FORWARDED, proxies_in
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.links.public import WS_PATH, make_public_app
from fabnet.node.runner import Remembered, Runner
from fabnet.node.store.blobs import Blobs
from fabnet.production.plan import Problem, Solved
from fabnet.protocol.effects import Act, Look, Recall
from fabnet.protocol.events import Event, Recalled, Woke
from fabnet.records import canonical
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import seal_peer_record
from tests.node.storing import opened
from tests.protocol.minds import identity

FIRST: Final = 100
"""Nodes before the first look: what is built once is built by then."""
ATTACHED: Final = 1_000
KIB_MAX: Final = 32
AT_ONCE: Final = 20


async def weigh() -> list[Figure]:
    """Attach nodes to a hub; return what each weighs there."""
    hub = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.wire.attached",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert hub.stdin is not None
    assert hub.stdout is not None
    host = (await hub.stdout.readline()).decode().strip()

    async def held(count: int) -> float:
        assert hub.stdin is not None
        assert hub.stdout is not None
        hub.stdin.write(f"{count}\n".encode())
        assert (await hub.stdout.readline()).decode().strip() == f"{count} held"
        return memory(hub.pid, "VmRSS")

    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            asyncio.timeout(300),
            AsyncExitStack() as stack,
            aiohttp.ClientSession(connector=connector) as session,
        ):
            await _attach(stack, session, host, range(FIRST))
            before = await held(FIRST)
            await _attach(stack, session, host, range(FIRST, FIRST + ATTACHED))
            after = await held(FIRST + ATTACHED)
    finally:
        hub.terminate()
        await hub.wait()
    each = (after - before) * 1e6 / 1_024 / ATTACHED
    why = f"memory of a hub for each of {ATTACHED} idle attached nodes, plain sockets"
    return [Figure(why, each, "KiB", KIB_MAX, None)]


async def _attach(
    stack: AsyncExitStack, session: aiohttp.ClientSession, host: str, numbers: range
) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def attach(number: int) -> None:
        key = SigningKey.from_seed(number.to_bytes(32, "big"))
        async with room:
            # As the proxy says it: each comes from a network of its own.
            told = {FORWARDED: f"10.{number // 250}.{number % 250}.1"}
            login = await auth_http.login(
                session, f"http://{host}", host, key, None,
                now_ms=lambda: 0, token=StillClock(thrown=number * 9).token,
            )  # fmt: skip
            socket = await stack.enter_async_context(
                session.ws_connect(
                    f"http://{host}{WS_PATH}",
                    headers={"Authorization": login.bearer, **told},
                )
            )
            record = seal_peer_record(key, 1, [])
            await socket.send_bytes(frames.encode(Hello("hello", "test", record)))
            await socket.receive_bytes()

    async with asyncio.TaskGroup() as tasks:
        for number in numbers:
            tasks.create_task(attach(number))


# ---------------------------------------------------------------- the hub's process


class _NoMachines:
    async def act(self, effect: Act) -> None:
        raise NotImplementedError

    async def look(self, effect: Look) -> None:
        raise NotImplementedError


async def _no_design(effect: Recall) -> Recalled:
    return Recalled(effect.cid, None, "no designs here")


async def _no_plan(problem: Problem) -> Solved:
    raise NotImplementedError


async def hub(path: Path) -> None:
    """Be a hub; say where, and then at each number on the way in when so many are."""
    canonical.prepare()
    most = FIRST + ATTACHED + 100
    # The product's own bounds are asked for by name at each link.
    setattr(links, "LINKS_MAX", most)  # noqa: B010  # final, but for what this measures
    setattr(links, "INBOUND_MAX", most)  # noqa: B010  # the same
    us, clock = identity(1), SystemClock()
    host = f"127.0.0.1:{(port := unused_port())}"
    runners: list[Runner] = []

    async def post(event: Event) -> None:
        await runners[0].post(event)

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened(path))
        ours = Links(
            us, store=store, peer_record=seal_peer_record(us.key, 1, []), post=post,
            standing=Standing(clock, store), tolls=Tolls(clock, lambda _: True),
        )  # fmt: skip
        runner = Runner.restore(
            Remembered(us, {}, []), clock=clock, keeper=store, outlet=ours,
            hands=_NoMachines(), recall=_no_design, plan=_no_plan,
        )  # fmt: skip
        runners.append(runner)
        auth = ServerAuth(
            us.key, frozenset({host}), clock.token(32),
            lambda: clock.now().tick_ms, clock.token,
        )  # fmt: skip
        app = make_public_app(
            auth=auth, links=ours, blobs=Blobs.open(path / "blobs"),
            proxies=proxies_in(["127.0.0.0/8"]),
        )  # fmt: skip
        await open_door(
            stack, app, ("127.0.0.1", port), shutdown_s=1,
            bounds=Bounds(connections=2 * most),
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(runner.run())
            await runner.post(Woke())
            print(host, flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                while len(ours.addresses) < int(line):
                    await asyncio.sleep(0.1)
                gc.collect()
                print(f"{int(line)} held", flush=True)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(hub(Path(folder)))
