"""One value, one byte string. The only door to msgpack.

Signed bytes hold integers, text, bytes, arrays and nil: no maps, floats or booleans,
so that two machines never disagree about an order or a digit. Bytes are canonical
only if encoding what they decode to gives them back, checked with msgpack itself.
"""

from __future__ import annotations

from typing import Final, TypeGuard, TypeVar

import msgpack
import msgspec

from fabnet.errors import LimitError, MalformedError

type_of = type
T = TypeVar("T")

Value = None | int | str | bytes | list["Value"]

DEPTH_MAX: Final = 8
"""Arrays within arrays: no body of ours nests deeper than five."""


def encode(value: object) -> bytes:
    """Return the one byte string that stands for a Struct or a plain value."""
    plain = msgspec.to_builtins(value, builtin_types=(bytes,))
    return msgpack.packb(_plain(plain, 0), use_bin_type=True, strict_types=True)


def decode(packed: bytes, of: type[T], *, bytes_max: int) -> T:
    """Return the `of` in `packed`, or raise RemoteError naming the field.

    The typed reading is msgspec's: bounds and patterns stand in the type. Bytes are
    read from bytes alone; left to itself msgspec would take base64 text for them too.
    """
    value = decode_plain(packed, bytes_max=bytes_max)
    try:
        return msgspec.convert(value, of, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise MalformedError(f"{of.__name__}: {error}") from error


def decode_plain(packed: bytes, *, bytes_max: int) -> Value:
    """Return the value in `packed` if it is canonical, or raise RemoteError."""
    if len(packed) > bytes_max:
        raise LimitError(f"{len(packed)} bytes; the most is {bytes_max}")
    try:
        value = _checked(msgpack.unpackb(packed, raw=False), 0)
    except (ValueError, RecursionError) as error:
        name = type_of(error).__name__
        raise MalformedError(f"not msgpack: {name}: {error}") from error
    if msgpack.packb(value, use_bin_type=True, strict_types=True) != packed:
        raise MalformedError("not the canonical encoding")
    return value


def _is_leaf(value: object) -> TypeGuard[int | str | bytes | None]:
    """Whether `value` is signed as it is; a boolean, Python's other integer, is not."""
    return value is None or type_of(value) in (int, str, bytes)


def _plain(value: object, depth: int) -> Value:
    """Turn tuples into arrays, and refuse what must never be signed: our own bug."""
    if depth > DEPTH_MAX:
        raise TypeError(f"a signed value nests at most {DEPTH_MAX} deep")
    if _is_leaf(value):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    raise TypeError(f"a signed value cannot hold a {type_of(value).__name__}")


def _checked(value: object, depth: int) -> Value:
    if depth > DEPTH_MAX:
        raise LimitError(f"arrays nest at most {DEPTH_MAX} deep")
    if _is_leaf(value):
        return value
    if isinstance(value, list):
        return [_checked(item, depth + 1) for item in value]
    raise MalformedError(f"a signed value cannot hold a {type_of(value).__name__}")
