"""A hub of which one peer wants everything: how long others' messages then take.

`python -m benchmarks.hub`, or `make bench NAME=hub`. The hub, a node that nobody can
dial and an honest one that asks it are here; the flood comes from a process of its own,
as fast as it can be written, and to the very node that the honest one asks.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figure import Figure, report
from fabnet.node.clock import StillClock, SystemClock
from fabnet.node.links import auth_http, frames
from fabnet.node.links.frames import Hello, MessageFrame
from fabnet.node.links.guard import client_session
from fabnet.node.links.limits.tolls import FORWARD_RATE
from fabnet.node.links.public import WS_PATH
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.events import Event, MessageHeard
from fabnet.records.peer_record import seal_peer_record
from tests.node.hubs.village import Neighbour, letter, neighbour
from tests.protocol.minds import Said, key

HUB, FLOODS, MAKES, ASKS = 1, 2, 3, 4
FLOOD: Final = 4 * FORWARD_RATE.burst
"""Messages that one peer wants forwarded at once."""
LEASES: Final = 250
PAUSE_S: Final = 0.05
TICK_S: Final = 0.005
PATIENCE_S: Final = 10


@dataclass(slots=True)
class Seen:
    """How long messages took, and what the hub did meanwhile."""

    quiet_s: list[float]
    flood_s: list[float]
    unanswered: int
    counted: Counter[str]


async def measured(folder: Path) -> Seen:
    """Ask by way of the hub, in quiet and in the flood."""
    async with (
        neighbour(folder, HUB, is_public=True) as hub,
        neighbour(folder, MAKES) as makes,
        neighbour(folder, ASKS) as asks,
    ):
        makes.attaches_to(hub)
        await makes.dials(hub)
        await asks.dials(hub)
        await asks.hears_where(makes, hub)
        going = [
            each.tasks.create_task(_goes_on(each.clock)) for each in (hub, makes, asks)
        ]
        quiet, _ = await _leases(asks, makes, 1)
        assert hub.address is not None
        flooding = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.hub", hub.address.text,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert flooding.stdout is not None
        await flooding.stdout.readline()
        try:
            flood, unanswered = await _leases(asks, makes, LEASES + 1)
        finally:
            flooding.terminate()
            await flooding.wait()
            for task in going:
                task.cancel()
        return Seen(quiet, flood, unanswered, hub.exchange.counted)


async def _leases(
    asks: Neighbour, makes: Neighbour, first: int
) -> tuple[list[float], int]:
    """Say one message after another; return what each took, and how many were lost."""
    took_s: list[float] = []
    heard = asyncio.Event()
    waiting = ""

    async def post(event: Event) -> None:
        match event:
            case MessageHeard(message) if message.author == asks.peer:
                if message.read(Said).words == waiting:
                    heard.set()
            case _:
                pass

    makes.links._post = post
    for seq in range(first, first + LEASES):
        waiting = f"lease {seq}?"
        heard.clear()
        began = time.perf_counter()
        asks.says(MAKES, waiting, seq)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await heard.wait()
        except TimeoutError:
            continue
        took_s.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE_S)
    return took_s, LEASES - len(took_s)


async def _goes_on(clock: StillClock) -> None:
    began, start_ms = time.monotonic(), clock.tick_ms
    while True:
        await asyncio.sleep(TICK_S)
        passed_ms = int((time.monotonic() - began) * 1_000)
        clock.advance(start_ms + passed_ms - clock.tick_ms)


async def flood(hub: Address) -> None:
    """Log in as a peer that is vouched for, and have the hub forward without end."""
    said = [
        frames.encode(MessageFrame("message", letter(FLOODS, MAKES, "x", seq).envelope))
        for seq in range(1, FLOOD + 1)
    ]
    host, clock = addresses.authority(hub), SystemClock()
    async with client_session(allow_private=True) as session:
        login = await auth_http.login(
            session, addresses.base_url(hub), host, key(FLOODS), hub.peer,
            now_ms=lambda: clock.now().tick_ms, token=clock.token,
        )  # fmt: skip
        url = addresses.base_url(hub) + WS_PATH
        shown = {"Authorization": login.bearer}
        async with session.ws_connect(url, headers=shown) as link:
            record = seal_peer_record(key(FLOODS), 1, [])
            await link.send_bytes(frames.encode(Hello("hello", "test", record)))
            print("ready", flush=True)
            for frame in said:
                await link.send_bytes(frame)
            await asyncio.sleep(PATIENCE_S * LEASES)


def main() -> None:
    """Measure, and print what holds."""
    with tempfile.TemporaryDirectory() as name:
        seen = asyncio.run(measured(Path(name)))
    quiet, late = (
        sorted(it)[len(it) * 19 // 20] for it in (seen.quiet_s, seen.flood_s)
    )
    done = ", ".join(f"{count} {how}" for how, count in sorted(seen.counted.items()))
    figures = [
        Figure(
            f"a message by way of a hub that another peer floods, 19 of 20 (baseline: "
            f"in quiet; of all {done})",
            late * 1_000, "ms", 1_000, quiet * 1_000,
        ),
        Figure(
            f"messages of {LEASES} in the flood that did not come (baseline: none is "
            "lost in quiet)",
            seen.unanswered, "messages", 0, 0,
        ),
    ]  # fmt: skip
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(flood(addresses.parse(sys.argv[1])))
    else:
        main()
