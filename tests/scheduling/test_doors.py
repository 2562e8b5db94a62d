"""A node that is not planning has not loaded numpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

IMPORT_ALL = """
import importlib, pkgutil, sys
for room in {rooms}:
    package = importlib.import_module("fabnet." + room)
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"fabnet.{{room}}.{{found.name}}")
print("numpy" in sys.modules)
"""


def _loads_numpy(*rooms: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL.format(rooms=rooms)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() == "True"


def test_what_is_planned_and_who_says_so_come_without_numpy() -> None:
    assert not _loads_numpy("records", "production", "cooperation", "protocol")


def test_the_planner_brings_numpy() -> None:
    assert _loads_numpy("scheduling")
