"""What two peers say while they reconcile, and how lists of items are packed.

An **item** stands for one log, or for all notices of one author: a key of 8 bytes, how
many records that is, and 3 bytes that tell two of one length apart. A list of them is
packed without frames of msgpack around each, since it is nearly all that is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.ids import Count, Incarnation, spelled

KEY_BYTES: Final = 8
"""Enough to find an item by: whoever makes two with one key, at the price of 2^32
hashes, hides one of its own."""
TAG_BYTES: Final = 3
"""Of an item's digest, in a list. Sums cover 16 bytes of it."""
SUM_BYTES: Final = 16
PARTS: Final = 16
"""A range is split by the next hexadecimal digit of its keys."""
DEPTH_MAX: Final = 2 * KEY_BYTES
"""Digits of a key: a range of that depth is listed, whatever is in it."""
LOOKS_MAX: Final = 256
"""Ranges asked for together."""
RANGES_BYTES_MAX: Final = 48 * 1_024
"""Sums and items in one answer, so that it fits in a frame; the ranges that are left
out are asked for again."""
NUMBER_BYTES_MAX: Final = 4
"""Of a number in a list, 7 bits each: 2^28 records in a log, and 100,000 count."""

Prefix = Annotated[str, spelled(f"[0-9a-f]{{0,{DEPTH_MAX}}}")]
_Packed = Annotated[bytes, msgspec.Meta(max_length=RANGES_BYTES_MAX)]


@dataclass(frozen=True, slots=True)
class Item:
    """How much somebody has of one log, or of one author's notices."""

    key: bytes
    number: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where somebody's copy of an item ends, and how much more it wants."""

    key: bytes
    after: int
    most: int
    """0 for the body of the record after, and nothing if that has none."""


class Span(Body):
    """One range: the sums of its sixteen parts or, where it is small, its items."""

    prefix: Prefix
    sums: Annotated[bytes, msgspec.Meta(max_length=PARTS * SUM_BYTES)] | None
    items: _Packed | None


class Ranges(Body):
    """What the speaker has in some ranges, the first of those that `step` asked for.

    With step 0 it is of the whole, and invites to reconcile. `upto` is its newest
    arrival: whoever then has all of this has all up to there.
    """

    frame: Literal["ranges"]
    step: Count
    incarnation: Incarnation
    upto: Count
    spans: Annotated[tuple[Span, ...], msgspec.Meta(min_length=1, max_length=LOOKS_MAX)]


class Look(Body):
    """Show me these ranges, if any; and of these items I have more, or others."""

    frame: Literal["look"]
    step: Count
    prefixes: Annotated[tuple[Prefix, ...], msgspec.Meta(max_length=LOOKS_MAX)]
    ahead: _Packed


class Lack(Body):
    """Send me what follows these places."""

    frame: Literal["lack"]
    step: Count
    places: Annotated[_Packed, msgspec.Meta(min_length=KEY_BYTES + 2)]


Said = Ranges | Look | Lack


def pack(items: Iterable[Item]) -> bytes:
    """Return a list of items as bytes."""
    return b"".join(it.key + _varint(it.number) + it.tag for it in items)


def unpack(raw: bytes) -> list[Item]:
    """Return the items in `raw`; raise RemoteError unless their keys are sorted."""
    items: list[Item] = []
    at = 0
    while at < len(raw):
        key, (number, end) = raw[at : at + KEY_BYTES], _number(raw, at + KEY_BYTES)
        tag, at = raw[end : end + TAG_BYTES], end + TAG_BYTES
        if at > len(raw):
            raise MalformedError("items: cut short")
        if items and key < items[-1].key:
            raise MalformedError("items: not in order")
        items.append(Item(key, number, tag))
    return items


def pack_places(places: Iterable[Wanted]) -> bytes:
    """Return places as bytes."""
    return b"".join(it.key + _varint(it.after) + _varint(it.most) for it in places)


def unpack_places(raw: bytes) -> list[Wanted]:
    """Return the places in `raw`; raise RemoteError if it is cut short."""
    places: list[Wanted] = []
    at = 0
    while at < len(raw):
        key, (after, at) = raw[at : at + KEY_BYTES], _number(raw, at + KEY_BYTES)
        most, at = _number(raw, at)
        places.append(Wanted(key, after, most))
    return places


def _varint(number: int) -> bytes:
    raw = bytearray()
    while number > 0x7F:  # seven bits, and one that says that more follow
        raw.append(number & 0x7F | 0x80)
        number >>= 7
    raw.append(number)
    return bytes(raw)


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends."""
    number = 0
    for index in range(NUMBER_BYTES_MAX):
        if at + index >= len(raw):
            raise MalformedError("items: cut short")
        byte = raw[at + index]
        number |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            if not byte and index:
                raise MalformedError("items: a number in too many bytes")
            return number, at + index + 1
    raise MalformedError("items: a number beyond all records")
