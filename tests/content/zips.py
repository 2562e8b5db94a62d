"""Zip archives, honest and not, made byte by byte: zipfile itself refuses to lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

DEFLATED = 8
SYMLINK, FILE, FOLDER, PIPE = 0o120777, 0o100644, 0o040755, 0o010644


@dataclass(frozen=True, slots=True)
class Packed:
    """One entry, with whatever its headers are to claim."""

    name: bytes
    content: bytes = b"content"
    method: int = DEFLATED
    flags: int = 0x800
    mode: int = 0
    claims_bytes: int | None = None
    claims_packed: int | None = None
    claims_crc: int | None = None
    at: int | None = None
    """Where the directory says that it begins, if not where it does."""
    local_name: bytes | None = None


def packed_bytes(entry: Packed) -> bytes:
    return deflated(entry.content) if entry.method == DEFLATED else entry.content


@lru_cache(maxsize=8)
def deflated(content: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush()


def zipped(
    entries: Iterable[Packed],
    *,
    before: bytes = b"",
    claims_entries: int | None = None,
    claims_directory: int | None = None,
) -> bytes:
    """Return an archive of `entries`, one after another, and its directory."""
    body, directory = bytearray(before), bytearray()
    count = 0
    for entry in entries:
        count += 1
        packed = packed_bytes(entry)
        size = len(entry.content) if entry.claims_bytes is None else entry.claims_bytes
        length = len(packed) if entry.claims_packed is None else entry.claims_packed
        crc = zlib.crc32(entry.content)
        crc = crc if entry.claims_crc is None else entry.claims_crc
        common = (entry.flags, entry.method, 0, 0x21, crc, length, size)
        name = entry.name if entry.local_name is None else entry.local_name
        at = len(body) if entry.at is None else entry.at
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, *common, len(name), 0)
        body += name + packed
        directory += struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            0x0314,
            20,
            *common,
            len(entry.name),
            *(0, 0, 0, 0),
            entry.mode << 16,
            at,
        )
        directory += entry.name
    told = min(count, 0xFFFF) if claims_entries is None else claims_entries
    length = len(directory) if claims_directory is None else claims_directory
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, told, told, length, len(body), 0)
    return bytes(body + directory) + end


def overlapping(entries: int, content: bytes) -> bytes:
    """Return an archive whose entries all share one kernel of packed bytes.

    Source: David Fifield, "A better zip bomb", its idea at its plainest.
    """
    kernel = Packed(b"kernel", content)
    sharing = Packed(
        b"",
        b"",
        claims_bytes=len(content),
        claims_packed=len(packed_bytes(kernel)),
        claims_crc=zlib.crc32(content),
        at=0,
    )
    return zipped(
        [kernel, *(replace(sharing, name=b"f%d" % n) for n in range(entries))]
    )


def crowded(entries: int) -> bytes:
    """Return an archive whose directory lists the same empty file again and again."""
    one = zipped([Packed(b"a", b"", method=0)])
    begin, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    directory = one[begin:end] * entries
    tail = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, 65_535, 65_535, len(directory), begin, 0
    )
    return one[:begin] + directory + tail
