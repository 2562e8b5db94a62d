"""Base58 (Bitcoin's alphabet) and unsigned varints, as multiformats spells them."""

from __future__ import annotations

import functools
from typing import Final

from fabnet.errors import MalformedError

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
BASE58_MAX: Final = 128
"""Characters: a signature needs 88. The conversion is quadratic, so it is bounded."""
_VARINT_BYTES_MAX: Final = 9
VARINTS_MAX: Final = 1_024
"""Numbers whose varint is remembered: most are lengths, and most of these are alike."""


def base58(data: bytes) -> str:
    """Return `data` in base58; each leading zero byte becomes a `1`."""
    number = int.from_bytes(data)
    letters = ""
    while number:
        number, rest = divmod(number, 58)
        letters = _ALPHABET[rest] + letters
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + letters


def from_base58(text: str) -> bytes:
    """Return the bytes that `text` stands for, or raise MalformedError."""
    if len(text) > BASE58_MAX:
        raise MalformedError(f"base58: at most {BASE58_MAX} characters")
    number = 0
    for letter in text:
        if letter not in _VALUE:
            raise MalformedError(f"base58: no such digit {letter!r}")
        number = number * 58 + _VALUE[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


@functools.lru_cache(VARINTS_MAX)
def varint(number: int) -> bytes:
    """Return `number` as an unsigned LEB128 varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at `at` and where it ends, or raise MalformedError."""
    number = 0
    for index in range(_VARINT_BYTES_MAX):
        if at + index >= len(data):
            raise MalformedError("varint: truncated")
        byte = data[at + index]
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if byte == 0 and index:
                raise MalformedError("varint: not minimal")
            return number, at + index + 1
    raise MalformedError(f"varint: longer than {_VARINT_BYTES_MAX} bytes")
