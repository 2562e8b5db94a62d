"""What a command is, and how those that call a running node do it."""

from __future__ import annotations

import asyncio
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from fabnet.errors import FabnetError
from fabnet.node.client import API_VARIABLE, TOKEN_VARIABLE, Client

API_DEFAULT: Final = "http://127.0.0.1:8102"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Command:
    """One word after `fabnet`."""

    name: str
    help: str
    """One line, in the list of commands."""
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
    """Do it; return the exit code."""
    description: str = ""
    """What `--help` says at length."""
    usage_code: int = 2
    """What it ends with when it was misspelt."""


def add_json(parser: ArgumentParser) -> None:
    """Let the answer be printed for programs."""
    parser.add_argument(
        "--json", action="store_true", help="print the answer as JSON, for programs"
    )


def add_api(parser: ArgumentParser) -> None:
    """Let a command say which node it reads from."""
    parser.add_argument(
        "--api",
        metavar="URL",
        default=os.environ.get(API_VARIABLE) or API_DEFAULT,
        help=f"the node's API (default: ${API_VARIABLE}, else {API_DEFAULT})",
    )
    add_json(parser)


def add_signing(parser: ArgumentParser, who: str) -> None:
    """Add what a command takes that `who` sign with keys, together or in turn."""
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        help=f"PEM key of {who}; repeat for each who is here",
    )
    parser.add_argument(
        "--document", type=Path, help="sign this one too, which others began"
    )
    parser.add_argument(
        "--write", type=Path, help="write it there for others to sign, and send nothing"
    )
    add_token(parser)


def add_token(parser: ArgumentParser) -> None:
    """Let a command say which node it writes to, and as whom."""
    add_api(parser)
    parser.add_argument(
        "--token",
        default=os.environ.get(TOKEN_VARIABLE) or None,
        help=f"your bearer token (default: ${TOKEN_VARIABLE})",
    )


def call(args: Namespace, ask: Callable[[Client], Awaitable[T]]) -> T:
    """Return what the node answers to `ask`."""

    async def asked() -> T:
        async with Client(args.api, getattr(args, "token", None)) as client:
            return await ask(client)

    return asyncio.run(asked())


def first_error(group: BaseExceptionGroup[FabnetError]) -> FabnetError:
    """Return the first error in a group, however deep: people are told of one."""
    first = group.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first


def show(args: Namespace, answer: msgspec.Struct, text: str) -> int:
    """Print an answer for programs or for people; return exit code 0."""
    if args.json:
        text = msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
    print(text)
    return 0


def columns(rows: list[tuple[str, ...]], *, empty: str) -> str:
    """Return rows as aligned text, the first being the headings."""
    if len(rows) < 2:
        return empty
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
