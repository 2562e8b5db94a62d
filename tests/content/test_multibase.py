"""Base58 and varints mean one thing each, and are refused when they might mean two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.multibase import (
    BASE58_MAX,
    base58,
    from_base58,
    read_varint,
    varint,
)
from fabnet.errors import MalformedError


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\0", "1"),
        (b"\0\0\x01", "112"),
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    ],
)
def test_base58_is_bitcoins(data: bytes, text: str) -> None:
    assert base58(data) == text
    assert from_base58(text) == data


@given(st.binary(max_size=80))
def test_base58_comes_back(data: bytes) -> None:
    assert from_base58(base58(data)) == data


@pytest.mark.parametrize("text", ["0", "O", "I", "l", " 1", "1\n", "é"])
def test_a_letter_outside_base58_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="no such digit"):
        from_base58(text)


def test_a_long_base58_text_is_refused_before_it_costs_anything() -> None:
    with pytest.raises(MalformedError, match="at most"):
        from_base58("2" * (BASE58_MAX + 1))


@given(st.integers(0, 2**63 - 1), st.binary(max_size=3))
def test_a_varint_comes_back_with_its_end(number: int, after: bytes) -> None:
    written = varint(number)

    assert read_varint(b"\xff" + written + after, 1) == (number, 1 + len(written))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"\x80", "truncated"),
        (b"\x80\x00", "minimal"),
        (b"\xff\x80\x00", "minimal"),
        (b"\x80" * 9 + b"\x01", "longer"),
    ],
)
def test_another_spelling_of_a_varint_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read_varint(data, 0)
