"""The LOSH line: what its dialects in the wild are read as, said aloud each time."""

from __future__ import annotations

import functools
from typing import Final

from fabnet.designs.licence.normalise import Normalised, normalise
from fabnet.designs.okh import keys
from fabnet.designs.okh.measures import sized, weighed
from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import Toml, short, tables_of, text_of, texts_of

VERSION: Final = "2.4"
"""What is written; of what is read, the others below mean the same here."""
VERSIONS: Final = frozenset({"2.4", "2.0", "OKH-LOSHv1.0"})
_READ_AS: Final = frozenset({"alias", "licenseref-dropped", "respelled"})
"""What the licence room changes without losing anything; others ask a person."""
_LEVELS: Final = {
    "technology-readiness-level": (
        frozenset(f"OTRL-{level}" for level in "123456"),
        {
            "ideation": "OTRL-1",
            "conception": "OTRL-2",
            "development": "OTRL-3",
            "prototyping and testing": "OTRL-4",
            "manufacturing development": "OTRL-5",
            "product qualification": "OTRL-6",
        },
    ),
    "documentation-readiness-level": (
        frozenset({"ODRL-1", "ODRL-2", "ODRL-3", "ODRL-3*", "ODRL-4"}),
        {
            "documentation process commenced": "ODRL-1",
            "collaborative documentation in progress": "ODRL-2",
            "full documentation published": "ODRL-3",
            "full documentation published and audited": "ODRL-3*",
            "full documentation for product qualification": "ODRL-4",
        },
    ),
}
"""The codes of each scale, and its titles, which stand for them. Source: the schema."""


def normalised(
    data: dict[str, Toml], report: Report, *, licence_told: bool = False
) -> dict[str, Toml]:
    """Return a LOSH manifest in the words of 2.4; doing it again changes nothing.

    Of its licence nothing is said where that was done before.
    """
    spelt = dict(keys.respell(data, report))
    _edition(spelt, report)
    for key in ("name", "repo", "version"):
        _trim(spelt, key)
    _licence(spelt, "", Report() if licence_told else report)
    for key in _LEVELS:
        _level(spelt, key, report)
    sized(spelt, "", report)
    weighed(spelt, "", report)
    for index, part in tables_of(spelt.get("part")):
        at = f"part[{index}]."
        _trim(part, "name")
        _licence(part, at, report)
        sized(part, at, report)
        weighed(part, at, report)
    spelt.setdefault("okhv", VERSION)
    return {key: spelt[key] for key in keys.ORDER if key in spelt} | spelt


def read_licence(text: str, key: str, report: Report) -> str:
    """Return a licence as it is understood, else as it stands, and say which."""
    licence = _understood(text) if len(text) <= _LICENCE_CHARS_MAX else normalise(text)
    for flag in licence.flags:
        tell = report.normalised if flag in _READ_AS else report.warning
        tell(f"licence-{flag}", key, licence=short(text), read=licence.expression or "")
    return text if licence.expression is None else licence.expression


_LICENCE_CHARS_MAX: Final = 120
"""Characters of a licence whose reading is remembered."""


@functools.lru_cache(maxsize=512)
def _understood(text: str) -> Normalised:
    """Return what a licence is read as, remembering the few that all the world uses."""
    return normalise(text)


def _edition(data: dict[str, Toml], report: Report) -> None:
    for key in ("okhv", "version"):
        value = data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            report.normalised("number-as-text", key, was=str(value))
            data[key] = str(value)
    if "okhv" not in data:
        report.error("missing", "okhv")
    okhv = text_of(data.get("okhv"))
    if okhv in VERSIONS:
        if okhv != VERSION:
            report.normalised("okhv-read-as", "okhv", was=okhv, read=VERSION)
        data["okhv"] = VERSION


def _trim(data: dict[str, Toml], key: str) -> None:
    value = data.get(key)
    if isinstance(value, str):
        data[key] = value.strip()


def _licence(data: dict[str, Toml], at: str, report: Report) -> None:
    """Read a licence; a list of different ones stays one, for nobody says AND or OR."""
    stated, key = data.get("license"), f"{at}license"
    if isinstance(stated, str):
        data["license"] = read_licence(stated.strip(), key, report)
    elif isinstance(stated, list) and len(texts_of(stated)) == len(stated):
        read = [read_licence(text, key, report) for text in texts_of(stated)]
        if len(set(read)) == 1:
            report.normalised("list-as-text", key)
            data["license"] = read[0]
        elif read:
            report.warning("licences-differ", key, read=short(", ".join(read)))
            data["license"] = list[Toml](read)


def _level(data: dict[str, Toml], key: str, report: Report) -> None:
    """Read a readiness level by its code or its title; other words stay, flagged."""
    stated = data.get(key)
    if stated is None:
        return
    codes, titles = _LEVELS[key]
    word = " ".join(text_of(stated).replace("&", " and ").lower().split())
    code = titles.get(word, word.upper())
    if code not in codes:
        near = keys.look_alike(code, sorted(codes)) if len(code) < 12 else None
        hint = {} if near is None else {"near": near}
        report.warning("outside-vocabulary", key, was=short(stated), **hint)
    elif code != stated:
        report.normalised("level-read-as", key, was=short(stated), read=code)
        data[key] = code
