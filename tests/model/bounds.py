"""How much of the world one search looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bounds:
    """Pieces wanted, lots, facilities, and how often each fault may strike."""

    pieces: int
    lots: int
    facilities: int
    crashes: int = 1
    scraps: int = 1
    """Pieces that turn out scrap."""
    disks: int = 0
    """Facilities' disks lost; each time another database takes over."""
    has_write_off: bool = False
    restores: int = 0
    """Requester's databases lost and restored."""
    has_backups: bool = False
    """Whether what was lost may come back as it was at any moment before."""
    is_acked: bool = False
    """Whether a message is gone once a database has acknowledged it. Else it may come
    again at any time, which breaks more, but never leaves anybody waiting."""
    has_records: bool = False
    """Whether lot-closed records travel and people accept pieces."""

    def __str__(self) -> str:
        """Return the bounds as the note writes them: Q2 E2 M2 and the faults."""
        faults = (
            (f"crash {self.crashes}", self.crashes),
            (f"scrap {self.scraps}", self.scraps),
            (f"disk {self.disks}", self.disks),
            ("write-off", self.has_write_off),
            (f"restored {self.restores}", self.restores),
            ("backups", self.has_backups),
            ("acknowledged", self.is_acked),
            ("records", self.has_records),
        )
        named = ", ".join(name for name, is_on in faults if is_on)
        return f"Q{self.pieces} E{self.lots} M{self.facilities} ({named})"


SMALL: Final = (
    Bounds(1, 2, 2),
    Bounds(2, 2, 1),
    Bounds(1, 1, 1, disks=1, has_write_off=True, has_records=True),
    Bounds(1, 1, 1, scraps=0, disks=1, has_backups=True),
    Bounds(
        1, 1, 1, scraps=0, restores=1, has_backups=True, has_write_off=True,
        has_records=True,
    ),
    Bounds(1, 1, 1, disks=1, restores=1),
    Bounds(1, 1, 1, crashes=0, scraps=0, disks=1, restores=1, has_backups=True),
    Bounds(1, 1, 1, crashes=0, scraps=0, disks=2, has_write_off=True, is_acked=True),
    Bounds(1, 1, 1, scraps=0, disks=1, restores=1, is_acked=True),
)  # fmt: skip
"""Five seconds in all: every change runs them."""

LARGE: Final = {
    Bounds(2, 2, 2): 400_000,
    Bounds(3, 2, 2): 1_170_000,
    Bounds(2, 3, 1): 3_200_000,
    Bounds(1, 2, 2, disks=1): 1_860_000,
    Bounds(2, 2, 2, restores=1): 3_860_000,
    Bounds(2, 2, 2, scraps=0, has_write_off=True): 540_000,
    Bounds(1, 2, 2, crashes=0, scraps=0, disks=1, has_write_off=True): 660_000,
    Bounds(1, 1, 1, disks=1, restores=1, has_backups=True): 4_000_000,
    Bounds(
        1, 1, 1, crashes=0, scraps=0, disks=1, restores=1, has_backups=True,
        has_write_off=True, is_acked=True,
    ): 5_300_000,
}  # fmt: skip
"""The eight bounds of the note and one more, with the least number of states of each:
with fewer, the world has grown smaller than it was."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What has struck so far, wherever it did."""

    crashes: int = 0
    scraps: int = 0
    disks: tuple[int, ...] = (0, 0)
    """By facility."""
    restores: int = 0
