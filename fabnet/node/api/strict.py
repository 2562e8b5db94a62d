"""Reading a request's JSON: exactly the fields we know, each named when it is wrong.

Stricter than most readers: a name that occurs twice, a number that is none, or a field
that we do not know is an error, and a field misspelt is told its nearest neighbour.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from fabnet.errors import InputError

S = TypeVar("S", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def read_json(raw: bytes, of: type[S]) -> S:
    """Return the `of` in `raw`, or raise InputError naming the field."""
    try:
        value: object = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except RecursionError as error:
        raise InputError("body", "nests too deep") from error
    except ValueError as error:
        raise InputError("body", f"expected JSON: {error}") from error
    try:
        return msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        raise _named(str(error), of) from error


def read_query(asked: Mapping[str, str], of: type[S]) -> S:
    """Return the `of` in an address's query, or raise InputError naming the field."""
    try:
        return msgspec.convert(dict(asked), of, strict=False)
    except msgspec.ValidationError as error:
        raise _named(str(error), of) from error


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Say what was expected in place of `name`, the likeliest first if one is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}? Known are {', '.join(known)}"
    return f"expected one of {', '.join(known)}"


def _named(message: str, of: type[msgspec.Struct]) -> InputError:
    place = _PLACE.search(message)
    path = place[1] if place else ""
    sentence = _PLACE.sub("", message)
    unknown = _UNKNOWN.match(sentence)
    if unknown:
        name = unknown[1]
        return InputError(
            _joined(path, name), f"unknown; {nearest(name, _at(of, path))}"
        )
    absent = _MISSING.match(sentence)
    if absent:
        return InputError(_joined(path, absent[1]), "missing")
    return InputError(path or "body", sentence[:1].lower() + sentence[1:])


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(of: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """Return the names of the fields that the object at `path` may have."""
    here: msgspec.inspect.Type = msgspec.inspect.type_info(of)
    for step in _STEP.findall(path):
        here = _inner(here, step)
    found = _struct(here)
    return tuple(field.encode_name for field in found.fields) if found else ()


def _inner(here: msgspec.inspect.Type, step: str) -> msgspec.inspect.Type:
    for kind in _kinds(here):
        if isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            return kind.item_type
        if isinstance(kind, msgspec.inspect.StructType):
            for field in kind.fields:
                if field.encode_name == step:
                    return field.type
    return here


def _struct(here: msgspec.inspect.Type) -> msgspec.inspect.StructType | None:
    for kind in _kinds(here):
        if isinstance(kind, msgspec.inspect.StructType):
            return kind
    return None


def _kinds(here: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    return here.types if isinstance(here, msgspec.inspect.UnionType) else (here,)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(name, "occurs twice")
        found[name] = value
    return found


def _no_number(word: str) -> object:
    raise InputError("body", f"{word} is no number")
