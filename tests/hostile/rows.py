"""Bad inputs by name: what is read, by whom, and the reason that must come back.

A *table* is one reader, one good input, and rows. Each row is that input bent in one
way, with a part of the reason that is expected. Tables of bodies are text, one row a
line: `field | value in its place | reason`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgpack
import msgspec

from fabnet.errors import FabnetError, RemoteError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.refusal import Refusal

TABLES = Path(__file__).parent / "text"
_NAMES_FIELD = re.compile("Expected|matching regex|Invalid enum")
_REPEATED = re.compile(r"(?P<one>.+) \* (?P<times>\d+)")


Written = tuple[str, object, str | tuple[str, ...]]
"""A row as tables write it: its name, the bad input, and one or more reasons."""


@dataclass(frozen=True, slots=True)
class Row:
    """One bad input: what is wrong with it, and the parts of the reason expected."""

    name: str
    bad: object
    whys: tuple[str, ...]

    def explains(self, told: str) -> bool:
        """Whether what was told is the reason for this very input."""
        return all(why in told for why in self.whys)


@dataclass(frozen=True, slots=True)
class Table:
    """One reader, what it accepts, and what it must refuse."""

    name: str
    read: Callable[..., object]
    good: object
    rows: tuple[Row, ...]
    error: type[FabnetError] = field(default=RemoteError)
    """The branch of the tree that the reader promises to keep to."""

    def why(self, bad: object) -> str:
        """Return the reason why an input is refused; empty when it is not."""
        try:
            answer = self.read(bad)
        except self.error as error:
            return str(error)
        return answer.reason if isinstance(answer, Refusal) else ""


def rows(*each: Written) -> tuple[Row, ...]:
    """Return rows, of which no two may have one name."""
    made = tuple(
        Row(name, bad, (why,) if isinstance(why, str) else why)
        for name, bad, why in each
    )
    assert len({row.name for row in made}) == len(made), "a name is taken twice"
    return made


# ------------------------------------------------------------------ arrays


def plain(body: Body) -> list[object]:
    """Return a body as the array that is packed."""
    unpacked: object = msgpack.unpackb(canonical.encode(body))
    assert isinstance(unpacked, list)
    return unpacked


def packed(value: object) -> bytes:
    """Pack anything at all, whether it may be signed or not."""
    raw = msgpack.packb(value, use_bin_type=True)
    assert isinstance(raw, bytes)
    return raw


def bent(good: Body, path: str, value: object) -> list[object]:
    """Return a body's array with another value at `path`, such as `items.0.pieces`.

    `+` adds an element at the end and `-` takes the last away.
    """
    whole = plain(good)
    of: type[msgspec.Struct] | None = type(good)
    here: list[object] = whole
    *steps, last = path.split(".")
    live: object = good
    for step in steps:
        at = _index(step, of)
        inner = here[at]
        assert isinstance(inner, list), path
        here = inner
        live = live[at] if isinstance(live, tuple) else getattr(live, step)
        of = type(live) if isinstance(live, Body) else None
    if last == "+":
        here.append(value)
    elif last == "-":
        del here[-1]
    else:
        here[_index(last, of)] = value
    return whole


def place_of(good: Body, path: str) -> str:
    """Return how an error names the field at `path`, such as `$[0][0][2]`."""
    *steps, last = path.split(".")
    where, live = "$", good
    of: type[msgspec.Struct] | None = type(good)
    for step in (*steps, *(() if last in "+-" else (last,))):
        at = _index(step, of)
        where += f"[{at}]"
        live = live[at] if isinstance(live, tuple) else getattr(live, step)
        of = type(live) if isinstance(live, Body) else None
    return f"at `{where}`" if where != "$" else ""


def _index(step: str, of: type[msgspec.Struct] | None) -> int:
    return int(step) if of is None else of.__struct_fields__.index(step)


# ------------------------------------------------------------------ text tables


def written(name: str) -> Iterator[tuple[str, str, object, str]]:
    """Yield kind, path, value and reason of each row of a text table."""
    kind = ""
    text = (TABLES / f"{name}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("= "):
            kind = line.removeprefix("= ")
        elif line and not line.startswith("#"):
            path, value, why = (cell.strip() for cell in line.split(" | ", 2))
            yield kind, path, value_of(value), why


def value_of(text: str) -> object:
    """Return a Python literal, which may be written as `"a" * 61`."""
    repeated = _REPEATED.fullmatch(text)
    if repeated is None:
        return ast.literal_eval(text)
    one = ast.literal_eval(repeated["one"])
    assert isinstance(one, (str, bytes, list))
    return one * int(repeated["times"])


def bodies_of(name: str, good: Mapping[str, Body]) -> dict[str, tuple[Row, ...]]:
    """Return the rows of a text table by kind, each row a packed body."""
    found: dict[str, list[Written]] = {kind: [] for kind in good}
    for kind, path, value, why in written(name):
        told = repr(value) if len(repr(value)) <= 24 else f"{type(value).__name__}"
        size = f" of {len(value)}" if isinstance(value, (str, bytes, list)) else ""
        label = f"{path} {told}" if told == repr(value) else f"{path} {told}{size}"
        array = bent(good[kind], path, value)
        where = place_of(good[kind], path) if _NAMES_FIELD.search(why) else ""
        found[kind].append((label, packed(array), (why, where)))
    return {kind: rows(*each) for kind, each in found.items()}
