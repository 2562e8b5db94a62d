"""The demonstration's child processes: three nodes, and the commands people type."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from fabnet.errors import LocalError, RemoteError
from fabnet.node.api.answers import Health
from fabnet.node.client import API_VARIABLE, TOKEN_VARIABLE, Client
from fabnet.node.demo.layout import Site

READY_S: Final = 30
"""Seconds until a node must answer; on a busy machine one takes four."""
STOP_S: Final = 6
"""Seconds that a node gets to stop by itself."""
COMMAND_S: Final = 60
POLL_S: Final = 0.1
TAIL_LINES: Final = 40
"""Lines of each node's log that are shown when something went wrong."""


class DemoError(LocalError):
    """A step of the demonstration did not come about."""


@dataclass(slots=True)
class Nodes:
    """The running nodes; stopped, whatever happens, by `stop`."""

    running: dict[str, Process] = field(default_factory=dict)

    async def start(self, site: Site) -> None:
        """Start one node."""
        with site.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "fabnet", "run", str(site.config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for us; the nodes are told to stop, one by one.
                start_new_session=True,
            )
        self.running[site.city.id] = process

    async def wait(self, site: Site) -> None:
        """Wait until a node answers."""
        try:
            async with asyncio.timeout(READY_S), Client(site.operator) as client:
                while not await _answers(client):
                    self.check()
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            late = f"the node of {site.city.place} did not answer in {READY_S} s"
            raise DemoError(late) from error

    def check(self) -> None:
        """Raise DemoError when a node has ended."""
        for name, process in self.running.items():
            if process.returncode is not None:
                code = process.returncode
                raise DemoError(f"the node of {name} has ended with exit code {code}")

    async def stop(self) -> None:
        """Have every node end: by SIGTERM, and when that is not heard, at once."""
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    for process in self.running.values():
                        await process.wait()
        finally:
            # Also when a second Ctrl-C came while we waited.
            for process in self.running.values():
                if process.returncode is None:
                    process.kill()
        for process in self.running.values():
            await process.wait()


async def command(*words: str, api: str, token: str = "") -> str:
    """Run `fabnet …` as a person would; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fabnet", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, API_VARIABLE: api, TOKEN_VARIABLE: token},
    )
    try:
        async with asyncio.timeout(COMMAND_S):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise DemoError(f"`fabnet {words[0]}` took over {COMMAND_S} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        why = err.decode(errors="replace").strip()
        raise DemoError(f"`fabnet {' '.join(words)}` failed: {why}")
    return out.decode().rstrip()


def tail(site: Site) -> str:
    """Return the end of what a node logged."""
    try:
        lines = site.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(line[:2_000] for line in lines[-TAIL_LINES:])


async def _answers(client: Client) -> bool:
    try:
        return (await client.get("/healthz", Health)).ok
    except RemoteError:
        return False
