"""Questions and answers over links, beside a bare aiohttp WebSocket that echoes.

One is asked when the last is answered, over one open socket, both ends in one process,
in turns with the bare one. A question is a frame that writes nothing (`probe`), and its
answer what the asker is told (`known`): each goes over an authenticated link, is paid
for, decoded, checked, and handed to where the mind listens. The bare handler and its
client send and receive the same bytes, and look at none.

Rates are those of a second of CPU: one thread does all of it, and is as fast as its
core while it has one for itself; with neighbours a second says more of them.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.figure import Figure
from fabnet.node.links import frames
from fabnet.node.links.frames import FRAME_BYTES_MAX, KnownFrame, ProbeFrame
from fabnet.protocol.effects import Send, TellKnown
from fabnet.protocol.events import Event, KnownHeard, MessageHeard, ProbeHeard
from fabnet.records.message import Message, seal_message
from tests.node.hubs.village import Neighbour, neighbour, peer
from tests.protocol.minds import FIRST, NOON_MS, Said, key

ROUNDS: Final = 9
CALLS: Final = 4_000
MESSAGES: Final = 1_000
PROBE: Final = ProbeFrame("probe")
ASKS, HUB, MAKES, NEAR = 1, 2, 3, 4


@dataclass(slots=True)
class Round:
    """So many questions, each asked when the last is answered."""

    ask: Callable[[], object]
    left: int
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def rate(self) -> float:
        """Ask them all; return how many a second."""
        count, began = self.left, time.process_time()
        self.ask()
        await self.done.wait()
        return count / (time.process_time() - began)

    def answered(self) -> None:
        self.left -= 1
        if self.left:
            self.ask()
        else:
            self.done.set()


@asynccontextmanager
async def echo() -> AsyncIterator[Callable[[bytes, int], Awaitable[float]]]:
    """Serve a bare WebSocket; give what asks it so often, and returns the rate."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=FRAME_BYTES_MAX)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_bytes(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    server = TestServer(app)
    await server.start_server()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{server.port}/", compress=0) as socket,
    ):

        async def rate(raw: bytes, count: int) -> float:
            began = time.process_time()
            for _ in range(count):
                await socket.send_bytes(raw)
                await socket.receive_bytes()
            return count / (time.process_time() - began)

        yield rate
    await server.close()


def hears(who: Neighbour, kind: type[Event], then: Callable[[], object]) -> None:
    """Have a node's mind do something whenever it hears something."""

    async def post(event: Event) -> None:
        if isinstance(event, kind):
            who.clock.tick_ms += 1  # so that nobody is in debt
            then()

    who.links._post = post


async def called(hub: Neighbour, asks: Neighbour) -> float:
    """Ask with the frame that writes nothing; return answers a second."""

    async def answer(event: Event) -> None:
        if isinstance(event, ProbeHeard):
            hub.clock.tick_ms += 1
            await hub.links.tell_known(TellKnown(event.peer, ()))

    hub_id = hub.peer
    calls = Round(lambda: asks.links.pass_on(hub_id, PROBE), CALLS)
    hub.links._post = answer
    hears(asks, KnownHeard, calls.answered)
    return await calls.rate()


def letters(author: int, to: int) -> Iterator[Message]:
    """Sign message after message, each when it is asked for."""
    ours, theirs = key(author), peer(to)
    seq = 0
    while True:
        seq += 1
        yield seal_message(
            ours, network="test", kind="talk/1", recipient=theirs, to=FIRST,
            incarnation=FIRST, seq=seq, moment_ms=NOON_MS, body=Said("lease?"),
        )  # fmt: skip


async def signed(hub: Neighbour, asks: Neighbour) -> float:
    """Ask by a signed message, answer by one; return answers a second."""
    questions, answers = letters(ASKS, HUB), letters(HUB, ASKS)
    hears(hub, MessageHeard, lambda: hub.links.send(Send(next(answers))))
    calls = Round(lambda: asks.links.send(Send(next(questions))), MESSAGES)
    hears(asks, MessageHeard, calls.answered)
    return await calls.rate()


def signatures() -> float:
    """Return seconds for what one such question and its answer need signed, bare."""
    said, ours = next(letters(ASKS, HUB)).envelope, key(ASKS)
    began = time.process_time()
    for _ in range(MESSAGES):
        for _ in range(2):
            ours.public.verify(said, ours.sign(said))
    return (time.process_time() - began) / MESSAGES


async def sent(sender: Neighbour, taker: Neighbour, hub: Neighbour) -> float:
    """Send messages signed before, each when the last is taken; return their rate.

    They go over a link if there is one, and else by way of the hub.
    """
    written = letters(sender.number, taker.number)
    ready = iter([next(written) for _ in range(MESSAGES)])
    calls = Round(lambda: sender.links.send(Send(next(ready))), MESSAGES)

    def taken() -> None:
        hub.clock.tick_ms += 1
        calls.answered()

    hears(taker, MessageHeard, taken)
    return await calls.rate()


async def measured(folder: Path) -> list[Figure]:
    """Measure all of it in turns; return the middle of the rounds."""
    rates: dict[str, list[float]] = {
        name: []
        for name in ("bare", "call", "signed", "bare signed", "direct", "by hub")
    }
    probe = frames.encode(PROBE)
    assert len(probe) + 1 == len(frames.encode(KnownFrame("known", ())))
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(echo())
        hub, asks, makes, near = [
            await stack.enter_async_context(
                neighbour(folder, number, is_public=number in {HUB, MAKES})
            )
            for number in (HUB, ASKS, MAKES, NEAR)
        ]
        makes.attaches_to(hub)
        await asks.dials(hub)
        await makes.dials(hub)
        await near.dials(makes)
        await asks.hears_where(makes, hub)
        letter = next(letters(ASKS, HUB)).envelope
        for _ in range(ROUNDS):
            rates["bare"].append(await bare(probe, CALLS))
            rates["call"].append(await called(hub, asks))
            plain = await bare(letter, MESSAGES)
            rates["bare signed"].append(1 / (1 / plain + signatures()))
            rates["signed"].append(await signed(hub, asks))
            rates["direct"].append(await sent(near, makes, hub))
            rates["by hub"].append(await sent(asks, makes, hub))
    return [
        held("RPC over an authenticated link, beside a bare aiohttp echo of the same "
             "bytes", rates["call"], 0.6, rates["bare"]),
        held("RPC of signed messages, beside a bare echo and the bare signatures",
             rates["signed"], 0.6, rates["bare signed"]),
        held("messages forwarded by a hub, beside direct ones", rates["by hub"], 0.4,
             rates["direct"]),
    ]  # fmt: skip


def held(name: str, ours: list[float], least: float, theirs: list[float]) -> Figure:
    """Return a figure by the median of the rounds' ratios.

    What disturbs a round disturbs both, and rarely all rounds.
    """
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    baseline = statistics.median(theirs)
    return Figure(
        name, ratio * baseline, "/s of CPU", least * baseline, baseline, at_least=True
    )
