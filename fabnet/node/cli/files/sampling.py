"""`fabnet serve-sample`: a throw-away node, for whoever tries a client of their own."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from pathlib import Path

from fabnet.errors import FabnetError
from fabnet.node.cli.command import Command, first_error


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_port, required=True, help="the port of loopback to listen on"
    )
    parser.add_argument(
        "folder",
        type=Path,
        nargs="*",
        help="what to publish, every file of it (default: a few samples)",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65_535):
        raise ArgumentTypeError("expected a port from 1 to 65535")
    return int(text)


def _run(args: Namespace) -> int:
    failed: list[FabnetError] = []
    try:
        asyncio.run(_serve(args.port, args.folder))
    except* FabnetError as group:
        failed.append(first_error(group))
    if failed:
        raise failed[0]
    return 0


async def _serve(port: int, folders: list[Path]) -> None:
    # Nothing else of the command line needs the whole node.
    from fabnet.node.sample.sample import serve_sample  # noqa: PLC0415  # it loads the server

    def say(line: str) -> None:
        print(line, flush=True)

    with suppress(asyncio.CancelledError):  # a signal ends it, as it should
        await serve_sample(port, folders, say)


COMMAND = Command(
    "serve-sample",
    "a throw-away node that serves folders to your own client",
    _configure,
    _run,
    "Start a node on loopback that keeps nothing, publish each folder as it is, and\n"
    "print one line of JSON when all is served: the peer id, the multiaddrs, and of\n"
    "each folder its CID and the CID, size and path of every file. Ctrl-C ends it.\n"
    "It answers as any node: IPFS gateway, delegated routing, well-known protocols,\n"
    "Peer ID authentication.",
)
