"""All figures of the wire: `python -m benchmarks.wire`, or `make bench NAME=wire`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.figure import Figure, report
from benchmarks.wire import attached, files, links

MEMORY_DISK: Final = Path("/dev/shm")  # a folder of our own in it
"""Where it is not, the disk counts in all figures of files."""


async def measured() -> list[Figure]:
    """Measure one group after the other."""
    in_memory = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    with (
        tempfile.TemporaryDirectory() as at,
        tempfile.TemporaryDirectory(dir=in_memory) as ram,
    ):
        folder = Path(at)
        return [
            *await links.measured(folder / "links"),
            *await attached.weigh(),
            files.logins(),
            *await files.transfers(folder / "transfers", Path(ram)),
            *await files.weigh(folder / "weigh"),
        ]


def main() -> None:
    """Print each figure, and how many targets were held."""
    figures = asyncio.run(measured())
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
