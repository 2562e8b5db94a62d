"""All figures of the planner: `make bench NAME=scheduling`, `QUICK=1` for short.

Each group prints its figures and how many of its targets were held. `DATA=DIR` says
where the public instances are; without it they are looked for beside the project.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks import gap, rcmax
from benchmarks.figure import Figure, report

GROUPS = ("index", "wave", "queue", "federation")
DATA = Path(__file__).parents[2].parent / "shared/data/scheduling"


def public(folder: Path) -> list[Figure]:
    """Return targets 10 and 11, on public instances."""
    figures = rcmax.run(folder)
    for each in sorted(folder.glob("gap_*")):
        figures += gap.measure(each)
    return figures


def main() -> None:
    """Run each group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="public instances")
    folder = parser.parse_args().data
    for name in GROUPS:
        importlib.import_module(f"benchmarks.scheduling.{name}").main()
    if not folder.is_dir():
        print(f"public instances left out: there is no {folder}")
        return
    figures = public(folder)
    for figure in figures:
        print(figure.line(), flush=True)
    report(figures)


if __name__ == "__main__":
    main()
