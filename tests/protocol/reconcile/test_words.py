"""Lists of items and places: one way to say each, and no other is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import MalformedError
from fabnet.protocol.ranges.words import (
    Item,
    Wanted,
    pack,
    pack_places,
    unpack,
    unpack_places,
)

keys = st.binary(min_size=8, max_size=8)
numbers = st.integers(0, 2**28 - 1)
items = st.builds(Item, keys, numbers, st.binary(min_size=3, max_size=3))
places = st.builds(Wanted, keys, numbers, numbers)


@given(st.lists(items))
def test_a_list_of_items_says_what_it_was_given(some: list[Item]) -> None:
    some.sort(key=lambda item: item.key)

    assert unpack(pack(some)) == some


@given(st.lists(places))
def test_a_list_of_places_says_what_it_was_given(some: list[Wanted]) -> None:
    assert unpack_places(pack_places(some)) == some


@given(st.binary(max_size=60))
def test_whatever_is_read_is_written_the_same(raw: bytes) -> None:
    for read, write in ((unpack, pack), (unpack_places, pack_places)):
        try:
            told = read(raw)
        except MalformedError:
            continue
        assert write(told) == raw  # type: ignore[arg-type]  # each with its own


BAD = {
    "a key cut short": (b"1234567", "cut short"),
    "no number": (b"12345678", "cut short"),
    "a number that does not end": (b"12345678\xff", "cut short"),
    "no tag": (b"12345678\x05", "cut short"),
    "half a tag": (b"12345678\x05ta", "cut short"),
    "a number of five bytes": (b"12345678\xff\xff\xff\xff\x01tag", "beyond all"),
    "a number in too many bytes": (b"12345678\x85\x00tag", "too many bytes"),
    "out of order": (b"22345678\x05tag12345678\x05tag", "not in order"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_list_that_is_not_one_is_refused(name: str) -> None:
    raw, why = BAD[name]

    with pytest.raises(MalformedError, match=why):
        unpack(raw)
    with pytest.raises(MalformedError):
        unpack_places(raw[:9])
