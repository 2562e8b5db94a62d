"""All figures of the planner: `make bench NAME=scheduling`, `QUICK=1` for short.

Each group prints its figures and how many of its targets were held.
"""

from __future__ import annotations

import importlib
import pkgutil

import benchmarks.scheduling as room

GROUPS = ("index", "wave", "queue", "federation")
"""Modules with a `main()`; those that are there are run."""


def main() -> None:
    """Run each group."""
    there = {found.name for found in pkgutil.iter_modules(room.__path__)}
    for name in GROUPS:
        if name in there:
            importlib.import_module(f"benchmarks.scheduling.{name}").main()


if __name__ == "__main__":
    main()
