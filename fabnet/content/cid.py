"""Names for bytes: CIDv1, sha2-256, in lower-case base32.

A raw CID names one byte string; a dag-pb CID names a folder or a long file that an
IPFS client can walk. Source: multiformats/cid, multiformats/multibase.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final, NewType

from fabnet.errors import MalformedError

Cid = NewType("Cid", str)
"""The text form, such as `bafkrei…`; made by `of_*`, checked by `parse`."""

RAW: Final = 0x55
DAG_PB: Final = 0x70
_SHA2_256: Final = b"\x12\x20"
_TEXT_LENGTH: Final = 59
"""`b`, and 36 bytes in base32 without padding."""
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_LETTER_OF: Final = _LETTERS + bytes(256 - len(_LETTERS))
_SPARE_BITS: Final = 2


def _halving(width: int, lanes: int) -> tuple[int, int]:
    """Return which bits stay and which move when lanes of `2 * width` bits part."""
    low = sum(((1 << width) - 1) << (lane * width * 16 // 5) for lane in range(lanes))
    return low, low << width


_HALVINGS: Final = tuple(
    (*_halving(width, 32 * 5 // width), width * 3 // 5)
    for width in (160, 80, 40, 20, 10, 5)
)
"""64 letters of five bits part into bytes, all at once, in six steps: names are made
all the time."""


def of_raw(data: bytes) -> Cid:
    """Return the CID of `data` as one raw block."""
    return from_digest(hashlib.sha256(data).digest())


def of_dag_pb(block: bytes) -> Cid:
    """Return the CID of an encoded dag-pb node."""
    return from_digest(hashlib.sha256(block).digest(), codec=DAG_PB)


def from_digest(digest: bytes, *, codec: int = RAW) -> Cid:
    """Return the CID that names the 32 bytes of a sha2-256 digest."""
    assert len(digest) == 32
    return _text(bytes((1, codec)) + _SHA2_256 + digest)


def from_bytes(binary: bytes) -> Cid:
    """Return the text form of a binary CID, or raise MalformedError."""
    known = binary[:1] == b"\x01" and binary[1:2] in (b"\x55", b"\x70")
    if not known or binary[2:4] != _SHA2_256 or len(binary) != 36:
        raise MalformedError("cid: expected CIDv1, raw or dag-pb, sha2-256")
    return _text(binary)


def _text(binary: bytes) -> Cid:
    number = int.from_bytes(binary) << _SPARE_BITS
    for stay, move, by in _HALVINGS:
        number = number & stay | (number & move) << by
    letters = number.to_bytes(_TEXT_LENGTH - 1).translate(_LETTER_OF)
    return Cid("b" + letters.decode("ascii"))


def to_bytes(cid: Cid) -> bytes:
    """Return the 36 bytes of a checked CID."""
    return base64.b32decode(cid[1:].upper() + "======")


def digest(cid: Cid) -> bytes:
    """Return the sha2-256 digest in a checked CID."""
    return to_bytes(cid)[4:]


def codec(cid: Cid) -> int:
    """Return RAW or DAG_PB."""
    return to_bytes(cid)[1]


def parse(text: str) -> Cid:
    """Return `text` as a CID, or raise MalformedError; only the one canonical form."""
    if len(text) != _TEXT_LENGTH or not text.isascii():
        raise MalformedError("cid: expected 59 characters of CIDv1 in base32")
    try:
        binary = to_bytes(Cid(text))
    except ValueError as error:
        raise MalformedError(f"cid: not base32: {error}") from error
    cid = from_bytes(binary)
    if cid != text:
        raise MalformedError("cid: not the canonical base32 form")
    return cid
