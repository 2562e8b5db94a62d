"""All figures of the wire: `python -m benchmarks.wire`, or `make bench NAME=wire`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, report
from benchmarks.wire import attached, files, links


async def measured() -> list[Figure]:
    """Measure one group after the other."""
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        return [
            *await links.measured(folder / "links"),
            *await attached.weigh(),
            files.logins(),
            *await files.transfers(folder / "transfers"),
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
