"""`fabnet unpack`: a downloaded archive, as a folder that can be published."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fabnet.node.cli.command import Command, add_json, show
from fabnet.node.staging import unpack


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("archive", type=Path, help="a zip archive, or a CAR of IPFS")
    parser.add_argument("folder", type=Path, help="where to; not there yet")
    add_json(parser)


def _run(args: Namespace) -> int:
    report = unpack(args.archive, args.folder)
    lines = [f"{report.folder}: {report.files} files, {report.bytes} bytes"]
    lines += [f"manifest {path}" for path in report.manifests]
    lines += [f"renamed {name!r}" for name in report.renamed]
    return show(args, report, "\n".join(lines))


COMMAND = Command(
    "unpack",
    "unpack a zip or CAR archive from a stranger, safely",
    _configure,
    _run,
    "Unpack a zip archive, or a CAR as an IPFS gateway sends it, into a new folder:\n"
    "whole, or not at all. One with a path that leaves the folder, a link, a\n"
    "password, shared bytes, more than it claims, or a block that is missing or not\n"
    "what its CID names is refused, and the reason is named.",
)
