"""`fabnet okh`: say what OKH manifests come to, and write them in the other dialect."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from fabnet.designs.licence.normalise import normalise
from fabnet.designs.okh.manifest import Imported, export_okh
from fabnet.designs.okh.report import Note
from fabnet.errors import FabnetError, InputError
from fabnet.node.cli.command import Command, add_json
from fabnet.node.publishing.manifest import read_manifest
from fabnet.node.web.notes import note_text

FOUND_MAX: Final = 100_000
"""Files looked at in one folder; a larger one is refused, with this number."""
_SUFFIXES: Final = frozenset({".toml", ".yaml", ".yml"})
_PASSED_BY: Final = frozenset({"__pycache__", "node_modules"})
"""Folders that hold other people's files, beside those whose name starts with a dot."""


class Said(msgspec.Struct, frozen=True):
    """One thing that reading changed, did not understand, or missed."""

    code: str
    key: str
    says: str


class Checked(msgspec.Struct, frozen=True):
    """What one manifest came to."""

    file: str
    dialect: str | None
    """`losh` or `v1`; nil when the file is neither."""
    edition: str
    """The version of OKH that the file claims; empty when it claims none."""
    ok: bool
    name: str
    licence: str | None
    """As it is understood, in SPDX; nil when it is not."""
    warnings: list[Said]
    errors: list[Said]
    normalised: list[Said] = []
    parts: list[str] = []


def told(imported: Imported) -> list[str]:
    """Return what is worth saying about how a manifest was read."""
    return [note_text(note) for note in imported.report]


def _configure(parser: ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    check = verbs.add_parser(
        "check",
        help="say what manifests come to, a line each; 1 if one is not well",
        allow_abbrev=False,
    )
    check.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="a manifest, or a folder"
    )
    check.add_argument(
        "--report", action="store_true", help="print each note below its line"
    )
    add_json(check)
    check.set_defaults(verb=_run_check)
    convert = verbs.add_parser(
        "convert",
        help="print a manifest in another dialect, clean",
        allow_abbrev=False,
    )
    convert.add_argument("path", type=Path, metavar="PATH")
    convert.add_argument(
        "--to",
        choices=("losh", "v1"),
        default="losh",
        help="LOSH 2.4 in TOML (default), or OKH v1 in YAML",
    )
    convert.set_defaults(verb=_run_convert)


def _run(args: Namespace) -> int:
    code: int = args.verb(args)
    return code


def _run_check(args: Namespace) -> int:
    well = True
    for path, named in _files(args.paths):
        found = _check(path, named=named)
        if found is None:
            continue
        well = well and found.ok
        if args.json:
            print(msgspec.json.encode(found).decode())
        else:
            print("\n".join(_lines(found, with_report=args.report)))
    return int(not well)


def _run_convert(args: Namespace) -> int:
    imported = read_manifest(args.path)
    sys.stdout.buffer.write(export_okh(imported.manifest, args.to))
    sys.stdout.flush()
    for said in told(imported):
        print(said, file=sys.stderr)
    return 0


def _files(paths: list[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield each file to check, and whether it was named or called a manifest."""
    for path in paths:
        if not path.is_dir():
            yield path, True
            continue
        looked_at = 0
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and name not in _PASSED_BY
            )
            looked_at += len(names)
            if looked_at > FOUND_MAX:
                raise InputError(str(path), f"more than {FOUND_MAX} files in it")
            for name in sorted(names):
                file = Path(folder, name)
                if file.suffix.lower() in _SUFFIXES and file.is_file():
                    yield file, name.lower().startswith("okh")


def _check(path: Path, *, named: bool) -> Checked | None:
    """Return what a file came to; nil for one found on the way that is no manifest."""
    try:
        imported = read_manifest(path)
    except FabnetError as error:
        if not named:
            return None
        unread = Said("unreadable", "", str(error))
        return Checked(str(path), None, "", False, "", None, [], [unread])
    manifest = imported.manifest
    described = manifest.parts or (manifest.module,)
    return Checked(
        file=str(path),
        dialect=imported.dialect,
        edition=imported.edition,
        ok=imported.ok,
        name=manifest.name,
        licence=normalise(manifest.licence).expression,
        warnings=_said(imported.warnings),
        errors=_said(imported.errors),
        normalised=_said(imported.normalised),
        parts=[
            f"{part.name}: {part.process.token if part.process else 'not made'}"
            for part in described
        ],
    )


def _said(notes: tuple[Note, ...]) -> list[Said]:
    return [Said(note.code, note.key, note_text(note)) for note in notes]


def _lines(found: Checked, *, with_report: bool) -> Iterator[str]:
    if found.dialect is None:
        yield f"{found.file}: no manifest: {found.errors[0].says}"
        return
    counts = f"{len(found.warnings)} warnings, {len(found.errors)} errors"
    yield (
        f"{found.file}: {found.dialect}, {'ok' if found.ok else 'not ok'}, "
        f"“{_line(found.name)}”, {found.licence or 'licence not understood'}, {counts}"
    )
    if with_report:
        yield from (f"  part {_line(part)}" for part in found.parts)
        yield from (f"  error {_line(it.says)}" for it in found.errors)
        yield from (f"  warning {_line(it.says)}" for it in found.warnings)
        yield from (f"  note {_line(it.says)}" for it in found.normalised)


def _line(text: str) -> str:
    """Return a text that a stranger wrote on one line, without control letters."""
    return "".join(
        letter if letter.isprintable() else " " for letter in " ".join(text.split())
    )


COMMAND = Command(
    "okh",
    "check and convert OKH manifests",
    _configure,
    _run,
    "Read OKH manifests, v1 (YAML) or LOSH (TOML), and say what is made of them; or\n"
    "write one in the other dialect.",
)
