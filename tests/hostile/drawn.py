"""Bodies drawn from their own types, and bytes bent in one place."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

B = TypeVar("B", bound=msgspec.Struct)


def bodies(of: type[B]) -> st.SearchStrategy[B]:
    """Return every body that a type allows."""
    return _struct(inspect.type_info(of)).map(lambda value: msgspec.convert(value, of))


def _struct(kind: inspect.Type) -> st.SearchStrategy[object]:
    assert isinstance(kind, inspect.StructType)
    return st.tuples(*(_drawn(field.type) for field in kind.fields)).map(list)


def _drawn(kind: inspect.Type) -> st.SearchStrategy[object]:
    match kind:
        case inspect.StructType():
            return _struct(kind)
        case inspect.Metadata(type=inner):
            return _drawn(inner)
        case inspect.UnionType(types=kinds):
            return st.one_of(*map(_drawn, kinds))
        case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
            few = min(most or 2, 2)
            return st.lists(_drawn(item), min_size=least or 0, max_size=few)
        case _:
            return _plain(kind)


def _plain(kind: inspect.Type) -> st.SearchStrategy[object]:
    match kind:
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.IntType(ge=int(low), le=int(high)):
            return st.integers(low, high)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern.replace(r"(?!\n)$", ""), fullmatch=True)
        case inspect.StrType(min_length=least, max_length=most):
            return st.text(min_size=least or 0, max_size=min(most or 20, 20))
        case inspect.BytesType(min_length=least, max_length=most):
            return st.binary(min_size=least or 0, max_size=min(most or 64, 64))
        case _:
            assert isinstance(kind, inspect.NoneType), f"nothing is drawn for {kind}"
            return st.none()


@st.composite
def bent(draw: st.DrawFn, raw: bytes) -> bytes:
    """Return bytes with one byte changed, or some left out, doubled or put in."""
    at = draw(st.integers(0, max(0, len(raw) - 1)))
    end = min(len(raw), at + draw(st.integers(1, 8)))
    match draw(st.sampled_from(("change", "cut", "end", "double", "put", "swap"))):
        case "change":
            bit = draw(st.integers(1, 255))
            return raw[:at] + bytes((raw[at] ^ bit,)) + raw[at + 1 :] if raw else b"\0"
        case "cut":
            return raw[:at] + raw[end:]
        case "end":
            return raw[:at]
        case "double":
            return raw[:end] + raw[at:]
        case "put":
            return raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at:]
        case _:
            return raw[end:] + raw[:end]
