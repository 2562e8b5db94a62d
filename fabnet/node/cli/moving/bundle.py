"""`fabnet bundle export | import`: records and files on a stick."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from fabnet.errors import InputError
from fabnet.node.bundle import carrying
from fabnet.node.bundle.alone import alone
from fabnet.node.bundle.carrying import Porter, Taken
from fabnet.node.cli.command import Command, add_token, call, show
from fabnet.node.cli.moving.porter import ApiPorter
from fabnet.node.config import load

T = TypeVar("T")


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("way", choices=("export", "import"), help="to it, or from it")
    parser.add_argument("file", type=Path, metavar="FILE", help="on the stick")
    parser.add_argument(
        "--since",
        type=int,
        default=0,
        metavar="NUMBER",
        help="write only what arrived after what an earlier export ended with",
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="the configuration of a node that does not run; left out, --api is asked",
    )
    add_token(parser)


def _run(args: Namespace) -> int:
    if args.since < 0:
        raise InputError("--since", "expected 0 or more")
    return _export(args) if args.way == "export" else _import(args)


def _export(args: Namespace) -> int:
    found = _with(args, lambda it: carrying.write(it, args.file, since=args.since))
    return show(
        args,
        found,
        f"{found.records} records and {found.files} files, {found.bytes} bytes\n"
        f"next time    --since {found.cursor}",
    )


def _import(args: Namespace) -> int:
    found = _with(args, lambda it: carrying.read(it, args.file))
    show(args, found, "\n".join(_told(found)))
    return 0 if found.whole and not found.not_taken else 1


def _told(found: Taken) -> list[str]:
    lines = [
        f"{found.records} records read, {found.kept} of them kept here now;"
        f" {found.files} files taken"
    ]
    lines += [f"not taken    {why}" for why in found.refused]
    more = found.not_taken - len(found.refused)
    if more > 0:
        lines.append(f"not taken    and {more} more")
    if not found.whole:
        lines.append(
            "The bundle ends early. What came before is kept: copy it anew, and read it"
            " again."
        )
    return lines


def _with(args: Namespace, work: Callable[[Porter], Awaitable[T]]) -> T:
    """Do `work` with the node that the arguments mean, whether it runs or not."""
    if args.config is None:
        return call(args, lambda node: work(ApiPorter(node)))

    async def opened() -> T:
        async with alone(load(args.config)) as porter:
            return await work(porter)

    return asyncio.run(opened())


COMMAND = Command(
    "bundle",
    "carry records and files to another node on a stick",
    _configure,
    _run,
    "Write what a node has for others to a file, or take such a file in. Every record\n"
    "and file is checked as if a stranger had sent it; what is here already is passed\n"
    "over, so a bundle may be read again, or after a copy that was cut short. Taking\n"
    "one in needs an operator's token; with --config, the node must not run.\n"
    "Ends with 1 when something was not taken, or the file ends early.",
)
