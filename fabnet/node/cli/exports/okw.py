"""`fabnet okw`: the workshop here, for other registries of workshops."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import get_args

import msgspec

from fabnet.node.api.exports.okw import Dialect
from fabnet.node.cli.command import Command, add_api, call


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--dialect",
        choices=get_args(Dialect),
        default="okw",
        help="OKW 1.0, or the tables of the Internet of Production (default: okw)",
    )
    add_api(parser)


def _run(args: Namespace) -> int:
    path = f"/v1/okw?dialect={args.dialect}"
    told = call(args, lambda node: node.get_bytes(path))
    print(msgspec.json.format(told, indent=2).decode())
    return 0


COMMAND = Command(
    "okw",
    "show the workshop here in Open Know-Where, as JSON",
    _configure,
    _run,
)
