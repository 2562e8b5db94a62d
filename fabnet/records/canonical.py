"""One value, one byte string. The only door to msgpack.

Signed bytes hold integers, text, bytes, arrays and nil: no maps, floats or booleans,
so that two machines never disagree about an order or a digit. Bytes are canonical
only if encoding what they decode to gives them back.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from contextlib import suppress
from typing import Final, TypeVar, cast

import msgpack
import msgspec

from fabnet.errors import LimitError, MalformedError

type_of = type
T = TypeVar("T")

Value = None | int | str | bytes | list["Value"]

DEPTH_MAX: Final = 8
"""Arrays within arrays: no body of ours nests deeper than five."""
_spell: Final = msgspec.msgpack.Encoder().encode
_THEIRS: Final = frozenset({int, str, bytes, list, type(None)})
_OURS: Final = _THEIRS | {tuple}
_ARRAYS: Final = (list, tuple)


def encode(value: object) -> bytes:
    """Return the one byte string that stands for a Struct or a plain value."""
    plain = msgspec.to_builtins(value, builtin_types=(bytes,))
    _check(plain, _OURS, odd=TypeError, deep=TypeError)
    return msgpack.packb(plain, use_bin_type=True)


def pack(value: msgspec.Struct) -> bytes:
    """Return the same bytes as `encode`, unchecked: of a row or a frame of our own.

    Neither is signed. msgspec spells as msgpack does, as a test shows, in a tenth of
    the time.
    """
    return _spell(value)


def decode(packed: bytes, of: type[T], *, bytes_max: int) -> T:
    """Return the `of` in `packed`, or raise RemoteError naming the field.

    The typed reading is msgspec's: bounds and patterns stand in the type. Bytes are
    read from bytes alone; left to itself msgspec would take base64 text for them too.

    What encodes to `packed` again is what the long way would find, as a test shows, in
    a tenth of the time; the long way is left for whatever does not, to name its fault.
    """
    if len(packed) > bytes_max:
        raise LimitError(f"{len(packed)} bytes; the most is {bytes_max}")
    try:
        found = cast("T", _reader(cast("type", of)).decode(packed))
    except (ValueError, RecursionError):
        return _decode(packed, of, bytes_max=bytes_max)
    return (
        found if _spell(found) == packed else _decode(packed, of, bytes_max=bytes_max)
    )


def _decode(packed: bytes, of: type[T], *, bytes_max: int) -> T:
    """Do the same the long way.

    A body holds nothing that cannot be signed, so what reads as one needs no second
    look; what does not is looked at for the plainer fault.
    """
    value = _unpacked(packed, bytes_max)
    try:
        found = read(value, of)
    except MalformedError:
        _check(value, _THEIRS, odd=MalformedError, deep=LimitError)
        _is_canonical(value, packed)
        raise
    _is_canonical(value, packed)
    return found


def read(value: Value, of: type[T]) -> T:
    """Return the `of` in a value decoded before, or raise RemoteError."""
    try:
        return msgspec.convert(value, of, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise MalformedError(f"{of.__name__}: {error}") from error


def prepare() -> None:
    """Build now what msgspec reads each of our types by; before there are threads.

    Left to itself msgspec builds it when a type is first read, and two threads that do
    so at once crash the process, as of 0.22.
    """
    waiting: list[type[msgspec.Struct]] = [msgspec.Struct]
    while waiting:
        of = waiting.pop()
        waiting += of.__subclasses__()
        if of.__struct_fields__:
            with suppress(msgspec.ValidationError):
                msgspec.convert(None, of)


def decode_plain(packed: bytes, *, bytes_max: int) -> Value:
    """Return the value in `packed` if it is canonical, or raise RemoteError."""
    value = _unpacked(packed, bytes_max)
    _check(value, _THEIRS, odd=MalformedError, deep=LimitError)
    _is_canonical(value, packed)
    return value


@functools.cache
def _reader(of: type) -> msgspec.msgpack.Decoder[object]:
    return msgspec.msgpack.Decoder(of)


def _unpacked(packed: bytes, bytes_max: int) -> Value:
    if len(packed) > bytes_max:
        raise LimitError(f"{len(packed)} bytes; the most is {bytes_max}")
    try:
        value: Value = msgpack.unpackb(packed, raw=False)
    except (ValueError, RecursionError) as error:
        name = type_of(error).__name__
        raise MalformedError(f"not msgpack: {name}: {error}") from error
    return value


def _is_canonical(value: Value, packed: bytes) -> None:
    if msgpack.packb(value, use_bin_type=True, strict_types=True) != packed:
        raise MalformedError("not the canonical encoding")


def _check(
    value: object,
    allowed: frozenset[type],
    *,
    odd: type[Exception],
    deep: type[Exception],
    depth: int = DEPTH_MAX + 1,
) -> None:
    """Raise `odd` for what is never signed, and `deep` for too many arrays in arrays.

    Each array is looked at as one set of types. A boolean, Python's other integer, is
    odd.
    """
    is_array = type_of(value) in _ARRAYS
    level = cast("Collection[object]", value) if is_array else (value,)
    types = set(map(type_of, level))
    if not types <= allowed:
        name = min(each.__name__ for each in types - allowed)
        raise odd(f"a signed value cannot hold a {name}")
    if depth == 1 and types:
        raise deep(f"a signed value nests at most {DEPTH_MAX} deep")
    if types.isdisjoint(_ARRAYS):
        return
    for each in level:
        if isinstance(each, _ARRAYS):
            _check(each, allowed, odd=odd, deep=deep, depth=depth - 1)
