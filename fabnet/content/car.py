"""CAR, version 1: blocks in a row, each with its CID, as IPFS gateways send them.

The header is dag-cbor, `{roots: [CID], version: 1}`, in the one encoding that every
writer gives it. A reader takes nothing on trust: lengths are bounded before anything is
read, and each block must hash to its CID. Source: ipld.io/specs/transport/car/carv1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.archive import Readable
from fabnet.content.cid import Cid
from fabnet.content.dag import BLOCK_BYTES_MAX
from fabnet.content.multibase import varint
from fabnet.errors import LimitError, MalformedError

MEDIA_TYPE: Final = "application/vnd.ipld.car"
ROOTS_MAX: Final = 16
"""Roots of one CAR; a gateway sends one."""
CAR_BLOCKS_MAX: Final = 100_000
"""Blocks of one CAR that is read; the place of each is held in memory."""

_BEGIN: Final = b"\xa2\x65roots"
_CID: Final = b"\xd8\x2a\x58\x25\x00"
"""Tag 42, then 37 bytes: a zero and the CID."""
_END: Final = b"\x67version\x01"
_CID_BYTES: Final = 36
_VARINT_BYTES_MAX: Final = 4
"""Bytes of a length: 2 MiB need four."""


def header(roots: Iterable[Cid]) -> bytes:
    """Return the beginning of a CAR with these roots, at most ROOTS_MAX."""
    listed = [_CID + cids.to_bytes(root) for root in roots]
    assert len(listed) <= ROOTS_MAX
    plain = _BEGIN + bytes((0x80 + len(listed),)) + b"".join(listed) + _END
    return varint(len(plain)) + plain


def section(cid: Cid, size: int) -> bytes:
    """Return what stands before a block of `size` bytes."""
    return varint(_CID_BYTES + size) + cids.to_bytes(cid)


@dataclass(frozen=True, slots=True)
class Car:
    """A CAR that was read once: where each of its blocks lies, every one verified."""

    roots: tuple[Cid, ...]
    places: dict[Cid, tuple[int, int]]
    """Where in the file the bytes of a block begin, and how many they are."""

    def fetcher(self, file: Readable) -> Callable[[Cid], bytes]:
        """Return what fetches a block from the file that this was read from."""

        def fetch(cid: Cid) -> bytes:
            if cid not in self.places:
                raise MalformedError(f"car: the block {cid} is missing")
            start, size = self.places[cid]
            file.seek(start)
            return _exactly(file, size)

        return fetch


def read_car(file: Readable) -> Car:
    """Read a CAR from its first byte to its last, or raise RemoteError.

    Reads one block at a time; keeps some 200 bytes for each.
    """
    at = 0
    length, at = _length(file, at)
    if length is None:
        raise MalformedError("car: empty")
    head = _exactly(file, min(length, _head_bytes(ROOTS_MAX) + 1))
    roots = _roots(head)
    at += length
    places: dict[Cid, tuple[int, int]] = {}
    while True:
        length, at = _length(file, at)
        if length is None:
            return Car(roots, places)
        if not _CID_BYTES <= length <= _CID_BYTES + BLOCK_BYTES_MAX:
            raise LimitError(f"car: a block of {length} bytes with its CID")
        if len(places) == CAR_BLOCKS_MAX:
            raise LimitError(f"car: more than {CAR_BLOCKS_MAX} blocks")
        both = _exactly(file, length)
        cid, block = cids.from_bytes(both[:_CID_BYTES]), both[_CID_BYTES:]
        if hashlib.sha256(block).digest() != cids.digest(cid):
            raise MalformedError(f"car: the block at byte {at} is not {cid}")
        places.setdefault(cid, (at + _CID_BYTES, len(block)))
        at += length


def _head_bytes(roots: int) -> int:
    return len(_BEGIN) + 1 + roots * (len(_CID) + _CID_BYTES) + len(_END)


def _roots(head: bytes) -> tuple[Cid, ...]:
    """Return the roots in a header, or raise MalformedError."""
    count = head[len(_BEGIN)] - 0x80 if len(head) > len(_BEGIN) else -1
    if not 0 <= count <= ROOTS_MAX or len(head) != _head_bytes(count):
        raise MalformedError(f"car: expected a header of version 1, {ROOTS_MAX} roots")
    each = len(_CID) + _CID_BYTES
    start = len(_BEGIN) + 1
    ends = [start + each * (index + 1) for index in range(count)]
    roots = tuple(cids.from_bytes(head[end - _CID_BYTES : end]) for end in ends)
    if header(roots)[1 if len(head) < 0x80 else 2 :] != head:
        raise MalformedError("car: a header that is not canonical dag-cbor")
    return roots


def _length(file: Readable, at: int) -> tuple[int | None, int]:
    """Return the varint that stands next and where it ends; nil at the file's end."""
    number = 0
    for index in range(_VARINT_BYTES_MAX):
        byte = file.read(1)
        if not byte:
            if index:
                raise MalformedError("car: truncated in a length")
            return None, at
        number |= (byte[0] & 0x7F) << (7 * index)
        if byte[0] < 0x80:
            return number, at + index + 1
    raise LimitError(f"car: a length of more than {_VARINT_BYTES_MAX} bytes")


def _exactly(file: Readable, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise MalformedError(f"car: truncated, {size - len(data)} bytes short")
    return data
