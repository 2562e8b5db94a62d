"""`fabnet okh check`: read OKH manifests and say what is made of them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from fabnet.designs.okh.manifest import Imported, import_okh
from fabnet.designs.revision import OKH_BYTES_MAX
from fabnet.errors import FabnetError, InputError
from fabnet.node.cli.command import Command, add_json


class Checked(msgspec.Struct, frozen=True):
    """What one manifest came to."""

    path: str
    name: str
    licence: str
    parts: list[str]
    report: list[str]
    error: str | None
    """Why it cannot be used; nil when it can."""


def read_manifest(path: Path) -> Imported:
    """Return the manifest in a file, or raise FabnetError naming what is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(OKH_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    return import_okh(raw)


def told(imported: Imported) -> list[str]:
    """Return what is worth saying about how a manifest was read."""
    return [f"{note.key}: {note.code} ({note.was})" for note in imported.report]


def _configure(parser: ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    check = verbs.add_parser("check", help="say what manifests come to, and what not")
    check.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    add_json(check)


def _run(args: Namespace) -> int:
    found = [_check(path) for path in args.paths]
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        print("\n".join(map(_text, found)))
    return int(any(each.error for each in found))


def _check(path: Path) -> Checked:
    try:
        imported = read_manifest(path)
    except FabnetError as error:
        return Checked(str(path), "", "", [], [], str(error))
    manifest = imported.manifest
    described = manifest.parts or (manifest.module,)
    parts = [
        f"{part.name}: {part.process.token if part.process else 'not made'}"
        for part in described
    ]
    report = told(imported)
    return Checked(str(path), manifest.name, manifest.licence, parts, report, None)


def _text(found: Checked) -> str:
    if found.error is not None:
        return f"{found.path}: {found.error}"
    lines = [f"{found.path}: {found.name}, under {found.licence}"]
    lines += [f"  part {part}" for part in found.parts]
    lines += [f"  note {note}" for note in found.report]
    return "\n".join(lines)


COMMAND = Command(
    "okh",
    "check OKH manifests",
    _configure,
    _run,
    "Read OKH manifests (okh.toml, LOSH) and say what is made of them.",
)
