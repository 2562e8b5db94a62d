"""`fabnet demo`: three cities on this computer, from a design to its receipt."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from fabnet.node.cli.command import Command

TERMINATED: Final = 143
"""The exit code of what SIGTERM ended."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--once",
        action="store_true",
        help="end by itself, with exit code 0 only if every check held",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        help="a new folder to keep everything in (default: a temporary one)",
    )


def _run(args: Namespace) -> int:
    # Nothing else of the command line needs the demonstration.
    from fabnet.node.demo.demo import run_demo  # noqa: PLC0415  # other commands need no numpy

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        return asyncio.run(run_demo(args.dir, once=args.once, say=say))
    except asyncio.CancelledError:
        return TERMINATED


COMMAND = Command(
    "demo",
    "three cities on this computer, from a design to its receipt",
    _configure,
    _run,
    "Start three nodes of three cooperatives on loopback, publish a design in\n"
    "Barcelona, ask for it in Jackson, and watch who makes it and why. Ctrl-C ends\n"
    "it; with --once it ends by itself, after checking all that was claimed.",
)
