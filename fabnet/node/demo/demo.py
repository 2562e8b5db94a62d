"""The demonstration from end to end: lay out, start, walk, check, and clean up."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from fabnet.errors import FabnetError, InputError
from fabnet.node.client import API_VARIABLE, TOKEN_VARIABLE, Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.checks import check_all
from fabnet.node.demo.layout import Site, lay_out
from fabnet.node.demo.processes import Nodes, tail
from fabnet.node.demo.walk import Place, Say, Walk


async def run_demo(folder: Path | None, *, once: bool, say: Say) -> int:
    """Return 0 when every claim held, else 1; without `once`, wait for Ctrl-C first.

    Whatever is in `folder` stays; without one, everything is in a temporary folder
    that goes with the nodes.
    """
    _stop_on_sigterm()
    if folder is not None:
        await asyncio.to_thread(_make_new, folder)
        return await _run(folder, once=once, say=say)
    with tempfile.TemporaryDirectory(prefix="fabnet-demo-") as temporary:
        return await _run(Path(temporary), once=once, say=say)


async def _run(folder: Path, *, once: bool, say: Say) -> int:
    clock = SystemClock()
    began = clock.now().tick_ms
    nodes = Nodes()
    try:
        say("1. Three cooperatives, three keys, one federation that vouches for them")
        sites = await asyncio.to_thread(lay_out, folder, clock)
        async with AsyncExitStack() as stack:
            try:
                walk = await _start(nodes, sites, stack, say)
                set_up = clock.now().tick_ms
                held = await _walk(walk, folder)
            except FabnetError as error:
                say(f"FAILED: {error}")
                held = False
            else:
                ended = clock.now().tick_ms
                say(_times(set_up - began, ended - set_up))
                _point(walk, by_hand=not once)
            if not held:
                _show_logs(sites, say)
            elif not once:
                await _until_interrupted(say)
            return 0 if held else 1
    finally:
        await nodes.stop()


async def _start(
    nodes: Nodes, sites: Iterable[Site], stack: AsyncExitStack, say: Say
) -> Walk:
    places: list[Place] = []
    for site in sites:
        await nodes.start(site)
        client = await stack.enter_async_context(Client(site.operator))
        places.append(Place(site, client))
    for place in places:
        await nodes.wait(place.site)
        city = place.site.city
        say(f"  {place.name:<10} {city.name}, {len(city.machines)} machines")
    jackson, detroit, barcelona = places
    walk = Walk(nodes, jackson, detroit, barcelona, say)
    await walk.meet()
    return walk


async def _walk(walk: Walk, folder: Path) -> bool:
    """Take every step; return whether every claim held."""
    say = walk.say
    say("2. A designer in Barcelona publishes a design, with a signed grant")
    await walk.publish(folder / "design")
    say("3. A steward in Jackson asks for six, for someone without an account")
    await walk.request()
    await walk.make()
    say("4. Jackson takes the pieces, and Detroit is credited")
    await walk.accept()
    say("5. Checked, from the nodes' own APIs")
    checks = await check_all(walk)
    for check in checks:
        say(f"  {'ok' if check.why is None else 'NO'}  {check.claim}")
        if check.why is not None:
            say(f"      {check.why}")
    say("")
    say(await walk.story())
    say("")
    return all(check.why is None for check in checks)


def _times(set_up_ms: int, run_ms: int) -> str:
    return f"set-up {set_up_ms / 1_000:.1f} s, run {run_ms / 1_000:.1f} s"


async def _until_interrupted(say: Say) -> None:
    say("Ctrl-C ends it.")
    # That is how it is meant to end, so it is no failure.
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def _point(walk: Walk, *, by_hand: bool) -> None:
    """Say where to look, and how to go on by hand."""
    walk.say(f"Map, machines, designs and jobs: {walk.jackson.site.operator}/")
    walk.say(f"This job: {walk.jackson.site.operator}/jobs/{walk.job}")
    if not by_hand:
        return
    for place in (walk.detroit, walk.barcelona):
        walk.say(f"The same in {place.name}: {place.site.operator}/")
    walk.say(
        f"Try it: {API_VARIABLE}={walk.jackson.site.operator} "
        f"{TOKEN_VARIABLE}={walk.steward_token} fabnet jobs"
    )


def _show_logs(sites: Iterable[Site], say: Say) -> None:
    for site in sites:
        say(f"--- the log of {site.city.place} ends so:")
        say(tail(site))


def _make_new(folder: Path) -> None:
    """Make a folder, or raise InputError when there is something in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not any(folder.iterdir())
    except OSError as error:
        raise InputError("--dir", f"{folder}: {error.strerror}") from error
    if not is_new:
        raise InputError("--dir", f"{folder} is not empty; choose a new folder")


def _stop_on_sigterm() -> None:
    """Let SIGTERM end the demonstration as Ctrl-C does, its nodes included."""
    running = asyncio.current_task()
    assert running is not None, "asyncio.run made one"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
