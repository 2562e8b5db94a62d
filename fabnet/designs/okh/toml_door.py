"""TOML in and out: bounded before it is parsed, and with each version as written."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from typing import Final, Self

import tomli_w

from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import (
    AS_WRITTEN,
    DEPTH_READ_MAX,
    INTEGER_MAX,
    Toml,
    short,
    too_deep,
)
from fabnet.errors import LimitError, MalformedError

KEY_PARTS_MAX: Final = 32
"""Parts of a dotted key; reading one of n parts costs n² steps. More are refused."""

_STRINGS: Final = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\\?\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
"""Strings and comments; one without an end runs to the last letter, once."""
_LONG_KEY: Final = re.compile(
    rf"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){{{KEY_PARTS_MAX}}}"
)
_FIRST: Final = re.compile(r"\A(?:[ \t]*+(?:#[^\n]*+)?\r?\n)*+[ \t]*+([^\n]*+)")
"""The first line that says something."""
_ASSIGNED: Final = re.compile(r"""(?:[\w.\- \t]|"[^"\n]*"|'[^'\n]*')++=|\[""")


class _Written(float):
    """A number that knows how it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number in `text`; raise ValueError for none."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def is_toml(text: str) -> bool:
    """Whether the first line that says something is TOML's; else it may be YAML."""
    first = _FIRST.match(text)
    return first is not None and _ASSIGNED.match(first[1]) is not None


def read_toml(text: str, report: Report) -> dict[str, Toml]:
    """Return the table in a TOML text, or raise RemoteError saying why not."""
    _check_keys(text)
    try:
        loaded = tomllib.loads(text, parse_float=_Written)
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:
        raise MalformedError(f"manifest: {error}") from error
    return {
        key: _label(value, key, report)
        if key in AS_WRITTEN
        else _plain(value, key, 1, report)
        for key, value in loaded.items()
    }


def write_toml(data: Mapping[str, Toml]) -> bytes:
    """Return a table as TOML."""
    return tomli_w.dumps(data).encode()


def _check_keys(text: str) -> None:
    """Refuse a key of very many parts, which would hold the parser up."""
    if all(line.count(".") < KEY_PARTS_MAX for line in text.split("\n")):
        return
    if _LONG_KEY.search(_STRINGS.sub("s", text)):
        raise LimitError(f"manifest: a key has at most {KEY_PARTS_MAX} parts")


def _label(value: object, key: str, report: Report) -> Toml:
    """Return a version as it was written; other values as everywhere."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain(value, key, 1, report)
    written = value.text if isinstance(value, _Written) else str(value)
    report.normalised("number-as-text", key, was=written)
    return written


def _plain(value: object, key: str, depth: int, report: Report) -> Toml:
    """Return a value without what only TOML has: dates, and endless numbers."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, dict | list) and depth > DEPTH_READ_MAX:
        raise too_deep()
    if isinstance(value, dict):
        return {
            name: item
            if type(item) is str
            else _plain(item, f"{key}.{name}", depth + 1, report)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            item
            if type(item) is str
            else _plain(item, f"{key}[{index}]", depth + 1, report)
            for index, item in enumerate(value)
        ]
    if isinstance(value, _Written) and math.isfinite(value):
        return float(value)
    if isinstance(value, int) and -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
        return value
    written = value.text if isinstance(value, _Written) else str(value)
    report.normalised("kept-as-text", key, was=short(written))
    return written
