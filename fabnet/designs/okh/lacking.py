"""What a manifest lacks, and what stands in it that nobody here understands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fabnet.designs.okh import keys, losh
from fabnet.designs.okh.keys import Dialect
from fabnet.designs.okh.part import ManifestPart
from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import Toml, short, tables_of, text_of, texts_of
from fabnet.designs.vocabulary import is_known_code
from fabnet.errors import InputError

_V1_NAMES: Final = {
    "name": "title",
    "function": "description",
    "repo": "documentation-home",
}
_V1_OPTIONAL: Final = frozenset({"version", "licensor"})
_PLACEHOLDERS: Final = frozenset(
    {".", "-", "?", "n/a", "none", "anonymous", "unknown", "unversioned", "tbd"}
)
_BLANK: Final = re.compile(r"\[[\w/ -]{1,40}\]")
"""What a template leaves to be filled in."""
_WEB: Final = re.compile(r"(?i)https?://[^\s]+")
_FILES: Final = (
    *("attestation", "auxiliary", "bom", "contribution-guide", "export", "image"),
    *("manufacturing-instructions", "publication", "readme", "release", "source"),
    "user-manual",
)


def note_what_lacks(
    data: dict[str, Toml],
    missing: Sequence[str],
    licensor: Sequence[str],
    dialect: Dialect,
    report: Report,
) -> None:
    """Add what is missing as an error, and what means nothing to us as a warning."""
    for key in missing:
        _missing(data, key, dialect, report)
    okhv = data.get("okhv")
    if okhv != losh.VERSION:
        known = ", ".join(sorted(losh.VERSIONS))
        report.error("unknown-edition", "okhv", was=short(okhv), known=known)
    for key, text in (
        ("name", text_of(data.get("name"))),
        ("version", text_of(data.get("version"))),
        *(("licensor", name) for name in licensor),
    ):
        if text.lower() in _PLACEHOLDERS or _BLANK.fullmatch(text):
            report.warning("placeholder", key, was=text)
    repo = text_of(data.get("repo"))
    if repo and not _WEB.fullmatch(repo):
        report.warning("not-an-address", "repo", was=short(repo))
    licence = text_of(data.get("license")).upper()
    if "-NC" in licence or "-ND" in licence:
        report.warning("licence-not-open", "license", licence=short(licence))
    _unknown_keys(data, report)
    _parts(data, report)


def _missing(data: dict[str, Toml], key: str, dialect: str, report: Report) -> None:
    called = _V1_NAMES.get(key, key) if dialect == "v1" else key
    if dialect == "v1" and key in _V1_OPTIONAL and key not in data:
        report.warning("not-stated", called)
    elif key not in data:
        report.error("missing", called)
    else:
        report.error("says-nothing", called, was=short(data[key]))


def _unknown_keys(data: dict[str, Toml], report: Report) -> None:
    for key, near in keys.unknown(data):
        if not report.open_to_warnings:
            return
        if near is None:
            report.warning("unknown-key", key)
        else:
            report.warning("near-known-key", key, near=near)


def _parts(data: dict[str, Toml], report: Report) -> None:
    listed = data.get("part", [])
    parts = [(at, ManifestPart(part)) for at, part in tables_of(listed)]
    if not isinstance(listed, list) or len(parts) != len(listed):
        report.error("not-tables", "part")
    for index, part in parts:
        _part(part, f"part[{index}].", report)
    module = ManifestPart(data)
    _part(module, "", report)
    if not module.tsdc and not any(part.tsdc for _, part in parts):
        report.warning("no-process", "tsdc")


def _part(part: ManifestPart, at: str, report: Report) -> None:
    """Add what is stated of a part and cannot be used."""
    try:
        _ = part.stated
    except InputError as error:
        report.error("own-table-wrong", f"{at}fabnet", detail=short(error.expected))
    if at and not part.name:
        report.error("missing", f"{at}name")
    if at and not part.tsdc:
        report.warning("part-without-process", f"{at}tsdc", part=short(part.name))
    for code in part.tsdc:
        if not is_known_code(code):
            report.warning("unknown-process", f"{at}tsdc", was=short(code))
    read = {
        "tsdc": part.tsdc,
        "material": part.materials,
        "smallest-tolerance-class": part.tolerance_class,
        "outer-dimensions": part.size_um,
        "mass": part.mass_mg,
        "thickness-mm": part.thickness_um,
    }
    for key, value in read.items():
        if key in part.data and not value:
            report.warning("not-read", at + key, was=short(part.data[key]))
    _files(part, at, report)


def _files(part: ManifestPart, at: str, report: Report) -> None:
    for key in _FILES:
        for path in texts_of(part.data.get(key)):
            if "://" not in path and ".." in path.split("/"):
                report.warning("leads-outside", at + key, was=short(path))
