"""OKH v1 lifted into the words of LOSH, and lowered again.

A rule says which v1 keys one LOSH key is read from, and how it is written. What a rule
does not write back exactly stays in the table `okh-v1` of the model, and what v1 has no
key for in the table `okh-losh` of its YAML, so that nothing is lost either way.
Source: OKH v1's specification, and OKH-LOSH's mapping of its keys.
"""

from __future__ import annotations

from typing import Final

from fabnet.designs.okh import losh
from fabnet.designs.okh.keys import V1_REST
from fabnet.designs.okh.report import Report
from fabnet.designs.okh.v1_rules import NAMES, RULES
from fabnet.designs.okh.values import Toml, same

VERSION: Final = "1.0.0"
LOSH_REST: Final = "okh-losh"
"""Where v1's YAML keeps what only LOSH has a key for."""
_LICENCES: Final = ("hardware", "documentation", "software")
_ORDER: Final = (
    "okh-manifest-version",
    *("title", "description", "intended-use", "keywords", "project-link"),
    *("documentation-home", "version", "image", "license", "licensor"),
)


def lift(document: dict[str, Toml], report: Report) -> dict[str, Toml]:
    """Return the LOSH manifest that a v1 manifest comes to, and tell of each key."""
    trimmed = {
        key: value.strip() if isinstance(value, str) and key in NAMES else value
        for key, value in document.items()
    }
    stated = _read_licences(trimmed, report)
    if stated.get("okh-manifest-version") == VERSION:
        del stated["okh-manifest-version"]
    beyond = stated.get(LOSH_REST)
    overlay = beyond if isinstance(beyond, dict) else {}
    if beyond is overlay:
        del stated[LOSH_REST]
    data: dict[str, Toml] = {"okhv": losh.VERSION}
    rest = dict(stated)
    for rule in RULES:
        value = rule.read(stated)
        if value is None:
            continue
        data[rule.key] = value
        source = next(name for name in rule.names if name in stated)
        if rule.key != source:
            report.normalised("read-as", rule.key, was=source)
        if rule.carried(value, stated):
            del rest[rule.name]
    if rest:
        data[V1_REST] = rest
    return data | overlay


def lower(data: dict[str, Toml]) -> dict[str, Toml]:
    """Return the v1 manifest of a LOSH manifest; lifting it gives the same again."""
    stated = data.get(V1_REST)
    document = dict(stated) if isinstance(stated, dict) else {}
    for key in (LOSH_REST, "okhv"):
        document.pop(key, None)  # they would make it another document than a v1 one
    for rule in RULES:
        value, read = data.get(rule.key), rule.read(document)
        if value is None:
            for name in rule.names if read is not None else ():
                document.pop(name, None)
        elif read is None or not same(read, value):
            rule.put(value, document)
    again = lift(document, Report())
    if not again.keys() <= data.keys():
        document, again = {}, lift({}, Report())
    rest = {
        key: value
        for key, value in data.items()
        if key not in again or not same(again[key], value)
    }
    document.setdefault("okh-manifest-version", VERSION)
    ordered = {key: document[key] for key in _ORDER if key in document} | document
    return ordered | {LOSH_REST: rest} if rest else ordered


def _read_licences(document: dict[str, Toml], report: Report) -> dict[str, Toml]:
    """Read each licence, and say where the hardware has none of its own."""
    stated = document.get("license")
    if isinstance(stated, str):
        return document | {"license": losh.read_licence(stated, "license", report)}
    if not isinstance(stated, dict):
        return dict(document)
    read = {
        name: losh.read_licence(value.strip(), f"license.{name}", report)
        if isinstance(value, str) and name in _LICENCES
        else value
        for name, value in stated.items()
    }
    if "hardware" not in read and isinstance(read.get("documentation"), str):
        report.warning("licence-of-documentation", "license")
    return document | {"license": read}
