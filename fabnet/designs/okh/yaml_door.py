"""YAML in and out: read event by event, so that nothing a file says is ever expanded.

The parser's events are built into plain values here. An alias, an anchor, a tag or a
second document is refused where it stands, and no constructor runs. Plain words are
read by the core schema of YAML 1.2, in which a date, `yes` and `1:20` are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import (
    AS_WRITTEN,
    DEPTH_READ_MAX,
    INTEGER_MAX,
    Toml,
    short,
    too_deep,
)
from fabnet.errors import MalformedError

_FIRST_LINE: Final = "%Open Know-How Manifest 1.0\n---\n"
"""Lines 1 and 2 of a v1 manifest, by its specification."""
_DIRECTIVE: Final = re.compile(r"\A((?:[ \t]*(?:#[^\n]*)?\n)*)%Open Know-How[^\n]*")
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NUMBER_CHARS_MAX: Final = 400
"""Characters of a number; a longer one is kept as text."""
_BASES: Final = {"0o": 8, "0x": 16}
_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""What YAML 1.1 takes for the end of a line; only an escape keeps it."""
_TRAILING: Final = re.compile(r"\s\n|[^\S\n]\Z")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there; only its scanner is used."""


def read_yaml(text: str, report: Report) -> dict[str, Toml]:
    """Return the mapping in a YAML text, or raise RemoteError saying why there is none.

    What has no value is left out, with a note: no other format of ours has a nil.
    """
    reader = _Reader(text, report)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        # libyaml reads ahead, and since 0.2.6 meets a limit of its own first.
        if "nesting depth" in (error.problem or ""):
            raise too_deep() from error
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise MalformedError(f"manifest: {at}{error.problem}") from error
    except yaml.YAMLError as error:
        raise MalformedError(f"manifest: {str(error).splitlines()[0]}") from error


def write_yaml(data: Mapping[str, Toml]) -> bytes:
    """Return a table as a v1 manifest's YAML."""
    body = yaml.dump(
        dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=88
    )
    return (_FIRST_LINE + body).encode()


class _Reader:
    """One text being read: its events, and where the next one stands."""

    def __init__(self, text: str, report: Report) -> None:
        plain = _DIRECTIVE.sub(r"\1", text, count=1)
        self.events: Iterator[yaml.Event] = yaml.parse(plain, Loader=_LOADER)
        self.report = report

    def document(self) -> dict[str, Toml]:
        """Return the one document's mapping."""
        next(self.events)
        if not isinstance(next(self.events), yaml.DocumentStartEvent):
            raise MalformedError("manifest: is empty")
        start = next(self.events)
        if not isinstance(start, yaml.MappingStartEvent):
            raise MalformedError("manifest: expected keys with values")
        self._check(start)
        mapping = self._mapping("", 0)
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _refused(after, "a second document")
        return mapping

    def _value(self, event: yaml.Event, key: str, depth: int) -> Toml | None:
        self._check(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, key, label=depth == 1 and key in AS_WRITTEN)
        if depth > DEPTH_READ_MAX:
            raise too_deep()
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(key, depth)
        return self._sequence(key, depth)

    def _mapping(self, at: str, depth: int) -> dict[str, Toml]:
        mapping: dict[str, Toml] = {}
        seen: set[str] = set()
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            self._check(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _refused(event, "a key that is no word")
            name = event.value
            if name in seen:
                raise _refused(event, f"the key {short(name)} twice")
            seen.add(name)
            key = f"{at}.{name}" if at else name
            value = self._value(next(self.events), key, depth + 1)
            if value is not None:
                mapping[name] = value
        return mapping

    def _sequence(self, at: str, depth: int) -> list[Toml]:
        items: list[Toml] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            value = self._value(event, f"{at}[{len(items)}]", depth + 1)
            if value is not None:
                items.append(value)
        return items

    def _scalar(self, event: yaml.ScalarEvent, key: str, *, label: bool) -> Toml | None:
        text: str = event.value
        plain, _ = event.implicit
        if not plain:
            return text
        if text in _NULLS:
            self.report.normalised("empty-dropped", key)
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        number = _number(text)
        if number is None:
            return text
        if label:
            self.report.normalised("number-as-text", key, was=short(text))
            return text
        if isinstance(number, str):
            self.report.normalised("kept-as-text", key, was=short(text))
        return number

    @staticmethod
    def _check(event: yaml.Event) -> None:
        """Refuse what would name, repeat or build anything."""
        if isinstance(event, yaml.AliasEvent):
            raise _refused(event, f"the alias *{short(event.anchor)}")
        if not isinstance(event, yaml.NodeEvent):
            return
        if event.anchor is not None:
            raise _refused(event, f"the anchor &{short(event.anchor)}")
        if getattr(event, "tag", None) is not None:
            raise _refused(event, "a tag")


def _refused(event: yaml.Event, what: str) -> MalformedError:
    mark = event.start_mark
    at = f"line {mark.line + 1}: " if mark is not None else ""
    return MalformedError(f"manifest: {at}{what} may not stand there")


def _number(text: str) -> int | float | str | None:
    """Return the number in a plain word, its text if none of ours holds it, or nil."""
    if len(text) > _NUMBER_CHARS_MAX:
        return None
    if _INTEGER.fullmatch(text):
        number = int(text, _BASES.get(text[:2], 10))
        return number if -INTEGER_MAX - 1 <= number <= INTEGER_MAX else text
    if not _FLOAT.fullmatch(text):
        return None
    if text[-1].isalpha():
        return text
    value = float(text)
    return value if math.isfinite(value) else text


class _Dumper(yaml.SafeDumper):
    """Quotes each word that YAML 1.1 or 1.2 would read as something else."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write a value that stands twice in full each time."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return a text as a node: of several lines as a block, if it survives that."""
    style = None
    if _BREAKS.search(text):
        style = '"'
    elif "\n" in text and not text[0].isspace() and not _TRAILING.search(text):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver(
    "tag:fabnet,2012:number",
    re.compile(rf"^(?:{_INTEGER.pattern}|{_FLOAT.pattern})$"),
    list("-+.0123456789"),
)
