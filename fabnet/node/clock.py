"""The only clock and the only dice.

Everything else takes `now` and random bytes as arguments, so that a run with the same
records, times and seed gives the same bytes.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from fabnet.records.ids import Now

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_BOOT_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on counting while the computer sleeps, where the system can tell."""


class Clock(Protocol):
    """Where a node takes its time and its random bytes from."""

    def now(self) -> Now:
        """Return the calendar's time and the boot clock's."""

    def token(self, length: int) -> bytes:
        """Return `length` secret random bytes."""


class SystemClock:
    """The computer's own clocks, and its source of secret bytes."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()

    def now(self) -> Now:
        """Return the calendar's time and the boot clock's."""
        return Now(
            moment_ms=time.time_ns() // 1_000_000,
            tick_ms=time.clock_gettime_ns(_BOOT_CLOCK) // 1_000_000,
            boot_id=self._boot_id,
        )

    def token(self, length: int) -> bytes:
        """Return `length` secret random bytes."""
        return secrets.token_bytes(length)


@dataclass(slots=True)
class StillClock:
    """A clock moved by hand, with dice that repeat: for tests and replays."""

    moment_ms: int = 1_750_000_000_000
    tick_ms: int = 0
    boot_id: str = "still"
    thrown: int = 0
    """How often the dice were thrown."""

    def now(self) -> Now:
        """Return the time it was last moved to."""
        return Now(self.moment_ms, self.tick_ms, self.boot_id)

    def token(self, length: int) -> bytes:
        """Return bytes that differ from throw to throw and repeat from run to run."""
        self.thrown += 1
        return hashlib.shake_256(f"throw {self.thrown}".encode()).digest(length)

    def advance(self, elapsed_ms: int) -> None:
        """Let time pass, on both clocks."""
        self.moment_ms += elapsed_ms
        self.tick_ms += elapsed_ms


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        # Elsewhere each process counts as a boot: holds then expire early, never late.
        return secrets.token_hex(16)
