"""Adding to lists of a configuration file, and leaving all else as its owner wrote it.

A line is put in; what comes of it is then read again, and is written only if it says
what was meant and nothing else.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Final

from fabnet.errors import InputError

Toml = dict[str, object]

_HEADER: Final = r"^[ \t]*\[[ \t]*{table}[ \t]*\][^\n]*$"
_KEY: Final = r"^[ \t]*{key}[ \t]*=[ \t]*\["
_NEXT: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)


def with_added(text: str, table: str, key: str, values: Sequence[str]) -> str:
    """Return a TOML text in which the list `table.key` has `values` too.

    Raises InputError where that cannot be done without touching anything else.
    """
    before = tomllib.loads(text)
    held = _list(before, table, key)
    new = [value for value in dict.fromkeys(values) if value not in held]
    if not new:
        return text
    after = _inserted(text, table, key, new)
    meant = {**before, table: {**_table(before, table), key: [*new, *held]}}
    try:
        is_meant = tomllib.loads(after) == meant
    except tomllib.TOMLDecodeError:
        is_meant = False
    if not is_meant:
        line = ", ".join(map(json.dumps, new))
        raise InputError(f"{table}.{key}", f"add this to it yourself: {line}")
    return after


def _inserted(text: str, table: str, key: str, new: Sequence[str]) -> str:
    words = ", ".join(map(json.dumps, new))
    header = re.search(_HEADER.format(table=re.escape(table)), text, re.MULTILINE)
    if header is None:
        return f"{text.rstrip()}\n\n[{table}]\n{key} = [{words}]\n"
    following = _NEXT.search(text, header.end())
    end = len(text) if following is None else following.start()
    pattern = re.compile(_KEY.format(key=re.escape(key)), re.MULTILINE)
    found = pattern.search(text, header.end(), end)
    if found is None:
        at = header.end()
        return f"{text[:at]}\n{key} = [{words}]{text[at:]}"
    return f"{text[: found.end()]}{words}, {text[found.end() :]}"


def _table(document: Toml, table: str) -> Toml:
    found = document.get(table, {})
    return found if isinstance(found, dict) else {}


def _list(document: Toml, table: str, key: str) -> list[object]:
    found = _table(document, table).get(key, [])
    return found if isinstance(found, list) else []
