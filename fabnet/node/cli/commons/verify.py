"""`fabnet verify`: whether a design or a document is what it says, asking nobody."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.errors import FabnetError, InputError, RemoteError
from fabnet.node.cli.command import Command, add_json, columns
from fabnet.node.clock import SystemClock
from fabnet.node.verifying.asking import Asked, verify
from fabnet.node.verifying.check import Check, Verdict, overall
from fabnet.node.web.sentences import reason, short

EXIT: Final[dict[Verdict, int]] = {"ok": 0, "no": 1, "unknown": 2}
USAGE: Final = 64
"""Exit code where there was nothing to verify (sysexits EX_USAGE)."""


class Line(msgspec.Struct, frozen=True):
    """One check, for programs."""

    what: str
    verdict: Verdict
    code: str
    args: dict[str, str | int]
    why: str


class Verified(msgspec.Struct, frozen=True):
    """What came of all checks."""

    subject: str
    verdict: Verdict
    checks: list[Line]


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        metavar="FILE|CID",
        help="a signed document, a revision.json, a design's folder, or a CID",
    )
    parser.add_argument(
        "--with",
        dest="given",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="a document or manifest it rests on, or a folder of them; repeat",
    )
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, help="a node's data folder to look in"
    )
    parser.add_argument(
        "--cid", metavar="CID", help="what the revision, or its folder, must be called"
    )
    add_json(parser)


def _run(args: Namespace) -> int:
    try:
        expected = None if args.cid is None else _cid(args.cid)
        asked = Asked(args.subject, tuple(args.given), args.data, expected)
        checks = verify(asked, SystemClock().now().moment_ms)
    except InputError as error:
        print(f"fabnet verify: {error}", file=sys.stderr)
        return USAGE
    except FabnetError as error:
        print(f"fabnet verify: {error}", file=sys.stderr)
        return EXIT["unknown"]
    verdict = overall(checks)
    lines = [_line(check) for check in checks]
    if args.json:
        told = Verified(args.subject, verdict, lines)
        print(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        rows: list[tuple[str, ...]] = [("", "what", "why")]
        rows += [(line.verdict, line.what, line.why) for line in lines]
        print(columns(rows, empty="nothing was looked at"))
    return EXIT[verdict]


def _cid(text: str) -> Cid:
    try:
        return cids.parse(text)
    except RemoteError as error:
        raise InputError("--cid", str(error)) from error


def _line(check: Check) -> Line:
    code, args = check.why.reason, dict(check.why.args)
    why = reason(code, args)
    for value in args.values():
        if isinstance(value, str):
            # Elsewhere ids are shortened; here the whole of them is the point.
            why = why.replace(short(value), value)
    return Line(_plain(check.what), check.verdict, code, args, _plain(why))


def _plain(text: str) -> str:
    """Return what a stranger may have written without what steers a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


COMMAND = Command(
    "verify",
    "verify a design, a grant or a passport offline",
    _configure,
    _run,
    "Check a design, its files and its grants, or one signed document, asking nobody.\n"
    "\n"
    "Prints a line for each thing that was looked at: ok, no, or unknown where what\n"
    "it rests on is not here; --with and --data say where more is.\n"
    "\n"
    "exit codes:\n"
    "  0   everything holds\n"
    "  1   something is false: altered, badly signed, not what its name says; or the\n"
    "      design was called back\n"
    "  2   it cannot be told: something is missing, or a licence is not known\n"
    "  64  there is nothing to verify by that name, or the command was misspelt",
    usage_code=USAGE,
)
