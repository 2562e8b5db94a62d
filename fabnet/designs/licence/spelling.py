"""How people write the names of licences: words and a version, read family by family.

A name is read only if every word of it is understood, and only as what it says. Where
it leaves open which of several licences is meant, those are returned, and none is
chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fabnet.designs.licence.terms import table


@dataclass(frozen=True, slots=True)
class Reading:
    """Which licences a name may mean: one, several, or none that is known."""

    candidates: tuple[str, ...]
    is_named: bool = True
    """Whether it names a licence at all; false for "none" and "all rights reserved"."""


_TOKENS: Final = re.compile(r"cc0|[a-z]+|[0-9]+(?:\.[0-9]+)*|\+")
_TWICE: Final = re.compile(r"([^()]+)(?:\(([^()]+)\) *)?")
"""A name, and perhaps the same again in brackets, in other words."""
_NOISE: Final = frozenset(
    {
        *("licenseref", "license", "licence", "licenses", "licences", "the", "public"),
        *("v", "version", "ver", "international", "unported", "generic"),
        *("https", "http", "www", "org", "deed", "legalcode", "en", "publicdomain"),
    }
)
_SYNONYMS: Final = {
    "creativecommons": "cc",
    "attribution": "by",
    "sharealike": "sa",
    "noncommercial": "nc",
    "noderivatives": "nd",
    "noderivs": "nd",
    "ccby": "cc by",
    "ccbysa": "cc by sa",
    "bysa": "by sa",
    "cczero": "cc0",
    "+": "later",
    "strongly": "s",
    "weakly": "w",
    "permissive": "p",
    "expat": "mit",
}
_PHRASES: Final = (
    ("creative commons", "cc"),
    ("share alike", "sa"),
    ("non commercial", "nc"),
    ("no derivatives", "nd"),
    ("cc zero", "cc0"),
    ("affero general public", "agpl"),
    ("general public", "gpl"),
    ("peer production", "ppl"),
    ("anti capitalist", "acsl"),
    ("open hardware", "ohl"),
    ("free art", "lal"),
)
_ELEMENTS: Final = ("by", "nc", "sa", "nd")
_VARIANTS: Final = frozenset("swp")
_NOTHING: Final = (
    {"none"},
    {"no"},
    {"noassertion"},
    {"unlicensed"},
    {"proprietary"},
    {"all", "rights", "reserved"},
    {"n", "a"},
)


def read_name(text: str) -> Reading | None:
    """Return which licences `text` may mean; nil when it is no name we understand.

    A reading without candidates names a licence whose terms the table does not hold.
    """
    found = _TWICE.fullmatch(text.lower())
    if found is None:
        return None
    reading, again = _read(found[1].strip()), found[2]
    return reading if again is None or _read(again.strip()) == reading else None


def _read(plain: str) -> Reading | None:
    if plain.removeprefix("licenseref-") == "gpl-3.0":
        # SPDX has retired the id, and says that it means this one.
        return Reading(("GPL-3.0-only",))
    found = _split(plain)
    if found is None:
        return None
    words, versions = found
    if words in _NOTHING and not versions:
        return Reading((), is_named=False)
    for family in _FAMILIES:
        reading = family(words, versions)
        if reading is not None:
            return reading
    return None


def _split(plain: str) -> tuple[set[str], tuple[str, ...]] | None:
    """Return the words that say something, and the versions; nil if a word recurs.

    Two names side by side are not one name with all their words.
    """
    spaced = " ".join(_TOKENS.findall(plain))
    for phrase, word in _PHRASES:
        spaced = spaced.replace(phrase, word)
    tokens = [
        it for token in spaced.split() for it in _SYNONYMS.get(token, token).split()
    ]
    versions = dict.fromkeys(
        it if "." in it else f"{it}.0" for it in tokens if it[0].isdigit()
    )
    words = [it for it in tokens if not it[0].isdigit() and it not in _NOISE]
    unique = set(words)
    return (unique, tuple(versions)) if len(unique) == len(words) else None


def _creative_commons(words: set[str], versions: tuple[str, ...]) -> Reading | None:
    if "cc0" in words or words == {"cc", "zero"}:
        only = words <= {"cc0", "cc", "zero", "universal"} and versions in (
            (),
            ("1.0",),
        )
        return Reading(("CC0-1.0",)) if only else None
    others = words - {"cc", *_ELEMENTS}
    if not words & {"cc", "by"} or any(len(it) != 2 for it in others):
        return None
    if others:
        # A port to one country's law, such as `us`; the table has none.
        return Reading(()) if "cc" in words else None
    name = "-".join(["CC", *(it.upper() for it in _ELEMENTS if it in words)])
    if len(versions) == 1:
        return _known(f"{name}-{versions[0]}")
    if words == {"cc"}:
        return Reading(tuple(it for it in sorted(table().licences) if it[:2] == "CC"))
    return Reading(tuple(f"{name}-{version}" for version in versions or ("3.0", "4.0")))


def _cern(words: set[str], versions: tuple[str, ...]) -> Reading | None:
    variants = words & _VARIANTS
    if words - variants - {"reciprocal"} not in ({"cern"}, {"cern", "ohl"}):
        return None
    if len(variants) > 1 or len(versions) > 1:
        return Reading(_CERN)
    if variants:
        letter = variants.pop().upper()
        return _known(f"CERN-OHL-{letter}-{versions[0] if versions else '2.0'}")
    if versions == ("2.0",):
        # Its clause 8.3: if no variant is specified, it is the strongly reciprocal.
        return Reading(("CERN-OHL-S-2.0",))
    return _known(f"CERN-OHL-{versions[0]}") if versions else Reading(_CERN)


def _hardware(words: set[str], versions: tuple[str, ...]) -> Reading | None:
    if words == {"ohl"}:
        return Reading((*_CERN, "TAPR-OHL-1.0"))
    if words in ({"tapr"}, {"tapr", "ohl"}):
        return _known(f"TAPR-OHL-{versions[0] if versions else '1.0'}")
    if words in ({"shl"}, {"solderpad"}, {"solderpad", "hardware"}):
        if versions:
            return _known(f"Apache-2.0 WITH SHL-{versions[0]}")
        return Reading(("Apache-2.0 WITH SHL-2.0", "Apache-2.0 WITH SHL-2.1"))
    return None


def _gnu(words: set[str], versions: tuple[str, ...]) -> Reading | None:
    named = words - {"gnu", "only", "or", "any", "later"}
    if named not in ({"gpl"}, {"agpl"}) or len(versions) > 1:
        return None
    stem = f"{named.pop().upper()}-{versions[0] if versions else '3.0'}"
    if versions and "later" in words:
        return _known(f"{stem}-or-later")
    if versions and "only" in words:
        return _known(f"{stem}-only")
    # Which of the two is the author's to say.
    return Reading((f"{stem}-only", f"{stem}-or-later"))


def _others(words: set[str], versions: tuple[str, ...]) -> Reading | None:
    version = versions[0] if len(versions) == 1 else ""
    if words == {"mit"} and not versions:
        return Reading(("MIT",))
    if words == {"ppl"} and version in ("", "1.0"):
        return Reading(("PPL",))
    if words in ({"apache"}, {"apache", "software"}):
        return _known(f"Apache-{version}") if version else Reading(_APACHE)
    if words == {"lal"}:
        return _known(f"LAL-{version}") if version else Reading(("LAL-1.2", "LAL-1.3"))
    if words in ({"acsl"}, {"acsl", "software"}) and version == "1.4":
        return Reading(("LicenseRef-scancode-anti-capitalist-1.4",))
    return None


def _known(id_: str) -> Reading:
    return Reading((id_,) if id_ in table().licences else ())


_CERN: Final = ("CERN-OHL-1.2", "CERN-OHL-P-2.0", "CERN-OHL-S-2.0", "CERN-OHL-W-2.0")
_APACHE: Final = ("Apache-1.1", "Apache-2.0")
_Family = Callable[[set[str], tuple[str, ...]], Reading | None]
_FAMILIES: Final[tuple[_Family, ...]] = (
    _creative_commons,
    _cern,
    _hardware,
    _gnu,
    _others,
)
