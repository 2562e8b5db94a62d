"""A node as a process of its own, and what is done to it from outside."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fabnet.errors import RemoteError
from fabnet.node.api.answers import Health
from fabnet.node.client import Client
from fabnet.node.store.incarnation import FILE_NAME
from tests.real.cities import tools
from tests.real.cities.export import deeds_without_intent, lost_with, opened
from tests.real.cities.towns import Town
from tests.real.cities.wires import Wires

READY_S: Final = 120
"""Five nodes that start at once on two busy cores need twenty; it has no hurry."""
STOP_S: Final = 20
TAIL: Final = 8_000
"""Letters of a log that are shown of a node that does not start."""
POLL_S: Final = 0.2
TEND_S: Final = 0.5
DISK_MB: Final = 48
"""Room for the ballast, and for a file that fills what is left."""
STALL_S: Final = 3.0
"""How long others hold the database; a commit waits for 5 s at the most."""
FAIL_S_MAX: Final = 20
"""How long a disk that fails is waited for to be written to."""
LEAVE_S: Final = 60
"""How long a node whose disk failed may take to close its doors."""


@dataclass(slots=True)
class Node:
    """One town's node: running, frozen, or dead."""

    town: Town
    place: int
    """Its place in the list of towns."""
    wires: Wires
    say: Callable[[str], None]
    poke: Callable[[], Awaitable[None]] | None = None
    """Has somebody ask it to write something down."""
    faults: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One fault at a time."""
    process: Process | None = None
    read: int = 0
    """Bytes of its log that were there when it started."""
    wrong: list[str] = field(default_factory=list)
    """What was found wrong on its disk while it ran."""

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.returncode is None

    # ------------------------------------------------------------------ its process

    async def start(self) -> None:
        """Start it, and wait until it answers; one that does not says where it is."""
        await self._spawn()
        assert self.process is not None
        try:
            if await self._answers():
                return
        except TimeoutError:
            self.signal(signal.SIGABRT)
        code = await self.process.wait()
        raise AssertionError(
            f"{self.town.name} ended with exit code {code}: {self.tail()}"
        )

    def tail(self) -> str:
        """Return the end of what it logged since it was started."""
        return self.town.log.read_bytes()[self.read :].decode(errors="replace")[-TAIL:]

    async def tend(self) -> None:
        """Start it again whenever it has ended by itself, as its computer would."""
        while True:
            await asyncio.sleep(TEND_S)
            async with self.faults:
                code = None if self.process is None else self.process.returncode
                if code is not None:
                    self.say(f"{self.town.name} ended by itself with exit code {code}")
                    assert code > 0, f"{self.town.name} crashed: {self.tail()}"
                    await self.start()

    async def _spawn(self) -> None:
        if not self.town.clock.exists():
            self.set_clock(0)
        env = {
            **os.environ,
            "LD_PRELOAD": str(tools.faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self.town.clock),
            "FAKETIME_CACHE_DURATION": "1",
            # Only the wall clock is ever wrong: ticks count on, as on a computer.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        with self.town.log.open("ab") as log:
            self.read = log.tell()
            self.process = await asyncio.create_subprocess_exec(
                *self.wires.entered(self.place),
                *(sys.executable, "-m", "fabnet", "run", str(self.town.config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,
            )

    async def _answers(self) -> bool:
        """Wait until it answers; false when it ended instead."""
        assert self.process is not None
        async with asyncio.timeout(READY_S), Client(self.town.api) as client:
            while self.process.returncode is None:
                with suppress(RemoteError, TimeoutError):
                    async with asyncio.timeout(2):
                        if (await client.get("/healthz", Health)).ok:
                            return True
                await asyncio.sleep(POLL_S)
        return False

    async def kill(self) -> None:
        """End it as a power cut ends it, and look at what its disk says."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        with opened(self.town.database) as connection:
            self._look(connection)

    def _look(self, connection: sqlite3.Connection) -> None:
        found = deeds_without_intent(self.town, connection=connection)
        self.wrong += found
        for line in found:
            self.say(line)

    async def stop(self) -> None:
        """Have it end by itself."""
        if self.process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        self.signal(signal.SIGKILL)
        await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    # ------------------------------------------------------------------ its clock

    def set_clock(self, days: int) -> None:
        """Set its wall clock so many days ahead of the truth."""
        partial = self.town.clock.with_suffix(".new")
        partial.write_text(f"{days:+d}d\n" if days else "+0\n")
        partial.rename(self.town.clock)

    # ------------------------------------------------------------------ its disk

    def fill(self) -> None:
        """Fill its disk to the last byte."""
        with suppress(OSError), (self.town.data / "filler").open("ab") as filler:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        filler.write(b"\xff" * size)
                        filler.flush()

    def tidy(self) -> None:
        """Have room on its disk again."""
        (self.town.data / "filler").unlink(missing_ok=True)

    async def fail(self) -> bool:
        """Let its disk fail at the next sync; return whether that ended it."""
        assert self.process is not None
        calls = "fsync,fdatasync"
        database = str(self.town.database)
        words = (
            *("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"),
            *("-e", f"inject={calls}:error=EIO", "-p", str(self.process.pid)),
            *("-P", database, "-P", f"{database}-wal"),
        )
        strace = await asyncio.create_subprocess_exec(
            *words,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        poking: asyncio.Future[None] | None = None
        try:
            async with asyncio.timeout(FAIL_S_MAX):
                while not _is_traced(self.process.pid):
                    await asyncio.sleep(POLL_S)
                poking = asyncio.ensure_future(self.poked())
                while not self._has_failed():
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return not self.is_up
        finally:
            if poking is not None:
                poking.cancel()
            with suppress(ProcessLookupError):
                strace.terminate()
            await strace.wait()
        return await self.leaves()

    async def poked(self) -> None:
        """Have it write something down, whether or not it can."""
        if self.poke is not None:
            await self.poke()

    async def leaves(self) -> bool:
        """Wait for a node whose disk failed to end; false when none failed."""
        if not self._has_failed():
            return not self.is_up
        assert self.process is not None
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.process.wait()
        except TimeoutError as error:
            said = f"{self.town.name} lost its disk and did not end"
            raise AssertionError(said) from error
        return True

    def _has_failed(self) -> bool:
        failed = b"nothing more is written: the disk failed"
        return failed in self.town.log.read_bytes()[self.read :]

    async def stall(self) -> None:
        """Let nobody else write to its database for a while, as a backup might.

        Nothing becomes durable meanwhile. So whatever a machine begins must have its
        intent in the database already: this is where one that is late is seen.
        """
        with opened(self.town.database, locked=True) as connection:
            await asyncio.sleep(STALL_S)
            self._look(connection)

    def back_up(self) -> None:
        """Copy its database; the incarnation file stays out of it."""
        source = sqlite3.connect(f"{self.town.database.as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(self.backup)) as copy:
            source.backup(copy)

    def restore(self) -> None:
        """Put the copy in the place of the database, on what might be a new disk."""
        gone = lost_with(self.town.database, Path(self.backup))
        with self.town.gone.open("a", encoding="ascii") as lines:
            lines.writelines(f"{name}\n" for name in sorted(gone))
        for path in self.town.data.glob("fabnet.db*"):
            path.unlink()
        (self.town.data / FILE_NAME).unlink(missing_ok=True)
        shutil.copyfile(self.backup, self.town.database)

    @property
    def backup(self) -> str:
        return str(self.town.folder / "backup.db")


def _is_traced(pid: int) -> bool:
    """Return whether strace has hold of every thread of a process."""
    tasks = list(Path(f"/proc/{pid}/task").glob("*/status"))
    return not any("TracerPid:\t0\n" in task.read_text("ascii") for task in tasks)
