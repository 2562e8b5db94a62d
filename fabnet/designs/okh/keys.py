"""The keys that OKH knows, and what stands for them in the wild."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import Toml, tables_of
from fabnet.errors import MalformedError

Dialect = Literal["losh", "v1"]

REQUIRED: Final = (
    "okhv",
    "name",
    "repo",
    "version",
    "license",
    "licensor",
    "function",
)
V1_REST: Final = "okh-v1"
"""Where the model keeps what a v1 manifest says and LOSH has no key for."""
_MODULE: Final = """
attestation auxiliary bom contribution-guide cpc-patent-class documentation-language
documentation-readiness-level fabnet fork-of image manufacturing-instructions okh-v1
organization part publication rdf readme release software standard-compliance
technology-readiness-level user-manual
"""
_PART: Final = """
auxiliary export fabnet image license mass material name outer-dimensions source tsdc
joining-process surface-finishing-process
printing-process infill raft-brim supports resolution-mm shell-thickness
top-bottom-thickness
smallest-tolerance-class smallest-inner-radius-mm
thickness-mm engraving-depth-mm resolution-dpi
2d-size-mm board-thickness-mm copper-thickness-mm typical-trace-width-mm
smallest-trace-width-mm typical-space-copper-copper-mm smallest-space-copper-copper-mm
smallest-via-diameter-mm component-sides silkscreen-sides solder-mask-sides layer-count
multi-copper-thickness-mm multi-isolator-thickness-mm
welding-process welder-certification
"""
PART: Final = frozenset(_PART.split())
"""Keys of a part; the standard's production keys among them."""
ORDER: Final = tuple(dict.fromkeys((*REQUIRED, *_MODULE.split(), *_PART.split())))
"""In which order the model has them, so that the same manifest has the same bytes."""
MODULE: Final = frozenset(ORDER)
"""Keys of the whole; those of a part say how it is made where it has no parts."""
DIMENSIONS: Final = ("width", "depth", "height")
DIMENSION_KEYS: Final = frozenset({*DIMENSIONS, "openSCAD", "unit"})

_V1: Final = frozenset({"documentation-home", "okh-manifest-version", "project-link"})
_LOSH: Final = frozenset(
    {"function", "license", "licensor", "part", "repo", "tsdc", "version"}
)
_ALIASES: Final = {"licence": "license", "organisation": "organization"}
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_CHARS_MAX: Final = 64
"""Characters; what is longer is no key of the standard, and is not compared."""


def dialect_of(data: dict[str, Toml]) -> Dialect:
    """Return which line of OKH some keys belong to, or raise MalformedError."""
    if "okhv" in data:
        return "losh"
    if not data.keys().isdisjoint(_V1) or {"title", "license"} <= data.keys():
        return "v1"
    if "name" in data and not data.keys().isdisjoint(_LOSH):
        return "losh"
    if {"title", "description"} <= data.keys():
        return "v1"
    raise MalformedError("manifest: neither okhv nor a title tells that this is OKH")


def respell(data: dict[str, Toml], report: Report) -> dict[str, Toml]:
    """Return a manifest with known keys in the standard's spelling, parts included.

    A key that stands there in both spellings is left, and unknown.
    """
    spelt = _respelt(data, MODULE, "", report)
    parts = spelt.get("part")
    if isinstance(parts, dict):
        report.normalised("table-as-list", "part")
        parts = [parts]
    if isinstance(parts, list):
        spelt["part"] = [
            _respelt(part, PART, f"part[{index}].", report)
            if isinstance(part, dict)
            else part
            for index, part in enumerate(parts)
        ]
    return spelt


def unknown(data: dict[str, Toml]) -> Iterator[tuple[str, str | None]]:
    """Yield each key that the standard does not have, and the one it looks like."""
    yield from _strange(data, MODULE, "")
    yield from _in_dimensions(data, "")
    for index, part in tables_of(data.get("part")):
        yield from _strange(part, PART, f"part[{index}].")
        yield from _in_dimensions(part, f"part[{index}].")


def look_alike(word: str, words: Iterable[str]) -> str | None:
    """Return the first of `words` that one slip of the pen turns into `word`."""
    return next((known for known in words if _one_slip(word, known)), None)


def _respelt(
    data: dict[str, Toml], known: frozenset[str], at: str, report: Report
) -> dict[str, Toml]:
    if data.keys() <= known:
        return data
    spelt: dict[str, Toml] = {}
    for key, value in data.items():
        odd = key not in known and len(key) <= _KEY_CHARS_MAX
        name = _spelling(key) if odd else key
        if name != key and name in known and name not in data and name not in spelt:
            report.normalised("key-respelled", at + name, was=key)
            spelt[name] = value
        else:
            spelt[key] = value
    return spelt


@functools.lru_cache(maxsize=512)
def _spelling(key: str) -> str:
    """Return camelCase and snake_case as the standard writes it."""
    kebab = _HUMP.sub("-", key).replace("_", "-").lower()
    return _ALIASES.get(kebab, kebab)


def _in_dimensions(part: dict[str, Toml], at: str) -> Iterator[tuple[str, str | None]]:
    stated = part.get("outer-dimensions")
    if isinstance(stated, dict):
        yield from _strange(stated, DIMENSION_KEYS, f"{at}outer-dimensions.")


def _strange(
    data: dict[str, Toml], known: frozenset[str], at: str
) -> Iterator[tuple[str, str | None]]:
    for key in data:
        if key not in known:
            comparable = 4 <= len(key) <= _KEY_CHARS_MAX
            yield at + key, _near(key, known) if comparable else None


@functools.lru_cache(maxsize=512)
def _near(key: str, known: frozenset[str]) -> str | None:
    return look_alike(key, sorted(known))


def _one_slip(word: str, known: str) -> bool:
    """Whether one letter was left out, added, replaced, or swapped with the next."""
    if word == known or abs(len(word) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    here, there = word[start:], known[start:]
    if len(here) != len(there):
        longer, shorter = (here, there) if len(here) > len(there) else (there, here)
        return longer[1:] == shorter
    return here[1:] == there[1:] or (
        here[:2] == there[:2][::-1] and here[2:] == there[2:]
    )
