"""`fabnet label | sheet`: what goes along with pieces, and what goes to the bench."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from fabnet.errors import InputError
from fabnet.node.cli.command import Command, add_api, call, show
from fabnet.node.client import Client, ProblemError
from fabnet.node.labels.label import COPIES_MAX
from fabnet.node.labels.page import PAGES_MAX

NO_PAGE: Final = "not-found"
"""What the node says of a page after the last."""


class Written(msgspec.Struct, frozen=True):
    """The files that were written."""

    files: list[str]


def _configure_out(parser: ArgumentParser, name: str) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--pdf", dest="form", action="store_const", const="pdf", help="write a PDF"
    )
    form.add_argument(
        "--svg",
        dest="form",
        action="store_const",
        const="svg",
        help="write SVG, one file a page: it shows every script",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where to; its ending says the form too (default: {name})",
    )
    add_api(parser)


def _configure_label(parser: ArgumentParser) -> None:
    parser.add_argument(
        "id",
        help="the code on a label or sheet, such as k3xq7m2a-1, or a passport’s id",
    )
    parser.add_argument(
        "--paper",
        choices=("roll", "a4"),
        default="roll",
        help="a roll 62 mm wide, or A4 pages to cut (default: roll)",
    )
    parser.add_argument(
        "--copies", type=int, help=f"how many, {COPIES_MAX} at most (A4: a page full)"
    )
    _configure_out(parser, "label-ID.pdf")


def _label(args: Namespace) -> int:
    asked = {"paper": args.paper}
    if args.copies is not None:
        asked["copies"] = str(args.copies)
    path = f"/v1/passports/{quote(args.id, safe='')}/label"
    return _write(args, path, asked, f"label-{_plain(args.id)}")


def _configure_sheet(parser: ArgumentParser) -> None:
    parser.add_argument("job", help="id or short code")
    parser.add_argument("epoch", type=int, help="of the lot: 1, 2, 3…")
    _configure_out(parser, "sheet-JOB-EPOCH.pdf")


def _sheet(args: Namespace) -> int:
    path = f"/v1/lots/{quote(args.job, safe='')}/{args.epoch}/sheet"
    return _write(args, path, {}, f"sheet-{_plain(args.job)}-{args.epoch}")


def _write(args: Namespace, path: str, asked: dict[str, str], name: str) -> int:
    """Ask for a print and write it to a file, or a file for each page."""
    form = args.form or _form_of(args.output)
    first = args.output or Path(f"{name}.{form}")

    async def drawn(node: Client) -> list[bytes]:
        if form == "pdf":
            query = f"?{urlencode(asked)}" if asked else ""
            return [await node.get_bytes(f"{path}.pdf{query}")]
        return await _svg_pages(node, path, asked)

    written: list[str] = []
    for number, content in enumerate(call(args, drawn), 1):
        file = first
        if number > 1:
            file = first.with_name(f"{first.stem}-{number}{first.suffix}")
        try:
            file.write_bytes(content)
        except OSError as error:
            why = f"cannot be written: {error.strerror}"
            raise InputError(str(file), why) from error
        written.append(str(file))
    return show(args, Written(written), "\n".join(written))


async def _svg_pages(node: Client, path: str, asked: dict[str, str]) -> list[bytes]:
    pages: list[bytes] = []
    while len(pages) < PAGES_MAX * COPIES_MAX:
        query = urlencode({**asked, "page": str(len(pages) + 1)})
        try:
            pages.append(await node.get_bytes(f"{path}.svg?{query}"))
        except ProblemError as error:
            if pages and error.problem.reason == NO_PAGE:
                break
            raise
    return pages


def _form_of(file: Path | None) -> str:
    if file is None or file.suffix.lower() == ".pdf":
        return "pdf"
    if file.suffix.lower() == ".svg":
        return "svg"
    raise InputError("--output", "expected a name that ends in .pdf or .svg")


def _plain(name: str) -> str:
    """Return a name as part of a file's: what is no letter or figure becomes `-`."""
    return "".join(it if it.isalnum() else "-" for it in name)[:80]


COMMANDS = (
    Command(
        "label",
        "print the passport label of a lot: notice, source, QR code",
        _configure_label,
        _label,
    ),
    Command(
        "sheet",
        "print the job sheet of a lot made here, for the bench",
        _configure_sheet,
        _sheet,
    ),
)
