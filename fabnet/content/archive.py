"""A zip archive as a stranger made it: what it holds, and its bytes in bounded pieces.

The only door to zipfile, which by itself reads a directory of any length, follows
entries that share their bytes, and mends names in silence. Here the whole directory is
judged before one byte is unpacked, and an archive with one wrong entry gives nothing.
Nothing is written: who unpacks decides where to.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from fabnet.content.paths import check_paths, unsafe
from fabnet.errors import LimitError, MalformedError

ENTRIES_MAX: Final = 10_000
"""Files and folders of one archive; ten times what a design may hold."""
DIRECTORY_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of the list at the archive's end: 400 bytes for each entry. More is not read."""
ENTRY_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of one file when unpacked: a binary STL of the most triangles that we measure."""
UNPACKED_BYTES_MAX: Final = 1024 * 1024 * 1024
"""Of all files when unpacked: what a small node's disk can spare for a while."""
RATIO_MAX: Final = 200
"""Bytes unpacked for each byte packed; meshes and texts stay below 30."""
RATIO_FREE_BYTES: Final = 1024 * 1024
"""Up to here an entry may have any ratio: an empty picture packs well, and is small."""
PIECE_BYTES: Final = 64 * 1024
"""Bytes unpacked at once."""

_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
"""The flags of a password, of strong encryption, and of a masked directory."""
_UTF8: Final = 0x800
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those of OPC and of every common packer; the others unpack to gigabytes at once."""
_LOCAL: Final = struct.Struct("<4s22xHH")
"""A local header: its mark, and how long the name and the extra field are."""


class Readable(Protocol):
    """An open file, or what reads like one."""

    def read(self, n: int = -1, /) -> bytes:
        """Return at most `n` bytes from here."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, counted as in a file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in an archive."""

    path: str
    """Safe under any folder, and the only one of its kind on any system."""
    bytes: int
    """When unpacked."""
    was: str | None
    """The name as it stands in the archive; nil when that is the path."""


class Archive:
    """An archive whose directory has been read and judged."""

    def __init__(self, file: Readable | bytes) -> None:
        """Read the directory of `file`; raise RemoteError naming what is wrong."""
        self._file = _Careful(_Held(file) if isinstance(file, bytes) else file)
        with _theirs("archive"):
            self._zip = zipfile.ZipFile(self._file)
        infos = self._zip.infolist()
        if len(infos) > ENTRIES_MAX:
            raise LimitError(
                f"archive: {len(infos)} entries; the most is {ENTRIES_MAX}"
            )
        self._infos: dict[str, zipfile.ZipInfo] = {}
        entries = []
        for index, info in enumerate(infos):
            at = f"archive[{index}]: {info.orig_filename[:80]!r}"
            _refuse(info, at)
            name, path = info.orig_filename, _path(info)
            if path.endswith("/"):
                _refuse_folder(path, info, at)
                continue
            entries.append(Entry(path, info.file_size, None if path == name else name))
            self._infos[path] = info
        check_paths((entry.path for entry in entries), at="archive")
        total = sum(entry.bytes for entry in entries)
        if total > UNPACKED_BYTES_MAX:
            raise LimitError(
                f"archive: {total} bytes unpacked; the most is {UNPACKED_BYTES_MAX}"
            )
        self._refuse_overlap(infos)
        self.entries = tuple(entries)

    def __contains__(self, path: str) -> bool:
        return path in self._infos

    def size(self, path: str) -> int:
        """Return how many bytes the file at `path` has when unpacked."""
        return self._infos[path].file_size

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file at `path`; raise RemoteError if they are not so.

        An archive's checksum is only known to hold when the last piece has come.
        """
        info = self._infos[path]
        got = 0
        at = f"archive: {path[:80]!r}"
        with _theirs(at):
            stream = self._zip.open(info)
        with stream:
            while True:
                with _theirs(at):
                    piece = stream.read(PIECE_BYTES)
                if not piece:
                    break
                got += len(piece)
                yield piece
        if got != info.file_size:
            raise MalformedError(f"{at}: expected {info.file_size} bytes, got {got}")

    def read(self, path: str, *, most: int) -> bytes:
        """Return the file at `path`, of at most `most` bytes, or raise RemoteError."""
        size = self.size(path)
        if size > most:
            raise LimitError(
                f"archive: {path[:80]!r}: {size} bytes; the most is {most}"
            )
        return b"".join(self.pieces(path))

    def _refuse_overlap(self, infos: list[zipfile.ZipInfo]) -> None:
        """Raise MalformedError where two entries share bytes, or leave the archive.

        Shared bytes are how 20 kB become gigabytes (CVE-2024-0450).
        """
        free_from = 0
        for info in sorted(infos, key=lambda each: each.header_offset):
            at = f"archive: {info.orig_filename[:80]!r}"
            if info.header_offset < free_from:
                raise MalformedError(f"{at}: shares its bytes with another entry")
            with _theirs(at):
                self._file.seek(info.header_offset)
                header = self._file.read(_LOCAL.size)
                mark, name_bytes, extra_bytes = _LOCAL.unpack(header)
            if mark != b"PK\x03\x04":
                raise MalformedError(f"{at}: no entry where the directory says")
            packed = _LOCAL.size + name_bytes + extra_bytes + info.compress_size
            free_from = info.header_offset + packed
        if free_from > self._zip.start_dir:
            raise MalformedError("archive: an entry runs into the directory")


def _refuse(info: zipfile.ZipInfo, at: str) -> None:
    """Raise RemoteError unless an entry is a plain file or folder of fair size."""
    if info.flag_bits & _ENCRYPTED:
        raise MalformedError(f"{at}: encrypted")
    if info.compress_type not in _METHODS:
        raise MalformedError(
            f"{at}: packed by method {info.compress_type}; expected stored or deflated"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(kind):
        raise MalformedError(f"{at}: a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise MalformedError(f"{at}: neither a file nor a folder")
    if info.file_size > ENTRY_BYTES_MAX:
        raise LimitError(f"{at}: {info.file_size} bytes; the most is {ENTRY_BYTES_MAX}")
    most = max(RATIO_FREE_BYTES, RATIO_MAX * info.compress_size)
    if info.file_size > most:
        raise LimitError(
            f"{at}: {info.file_size} bytes from {info.compress_size}; the most is "
            f"{RATIO_MAX} for each"
        )


def _refuse_folder(path: str, info: zipfile.ZipInfo, at: str) -> None:
    trouble = unsafe(path[:-1])
    if trouble is not None:
        raise MalformedError(f"{at}: {trouble}")
    if info.file_size:
        raise MalformedError(f"{at}: a folder with bytes of its own")


def _path(info: zipfile.ZipInfo) -> str:
    """Return an entry's name in Unicode's form NFC.

    macOS writes UTF-8 without saying so, and decomposed; zipfile then reads it as the
    letters of an IBM PC.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.orig_filename
    return unicodedata.normalize("NFC", name)


@contextmanager
def _theirs(at: str) -> Iterator[None]:
    """Turn what zipfile and zlib raise over broken bytes into MalformedError."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,  # a version of the format that zipfile does not know
        OverflowError,
        RuntimeError,  # a password
        ValueError,  # names and dates that are none
        _OutsideError,
    ) as error:
        raise MalformedError(f"{at}: not a sound zip archive: {error}") from error


class _OutsideError(OSError):
    """A place before the file's beginning was asked for."""


class _Careful:
    """A file from which nothing long is read at once."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._bytes = file.seek(0, 2)
        self._at = self._bytes

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in the file, or raise for one before its beginning."""
        at = offset + (0, self._at, self._bytes)[whence]
        if at < 0:
            raise _OutsideError("a place before the beginning")
        self._at = self._file.seek(at)
        return self._at

    def seekable(self) -> bool:
        """Say that any place can be gone to, as zipfile asks."""
        return True

    def tell(self) -> int:
        """Return the place where the file is read next."""
        return self._at

    def read(self, n: int = -1, /) -> bytes:
        """Return `n` bytes, or what is left; raise LimitError where that is much."""
        left = max(0, self._bytes - self._at)
        length = left if n < 0 else min(n, left)
        if length > DIRECTORY_BYTES_MAX:
            raise LimitError(
                f"archive: a directory of {length} bytes; the most is "
                f"{DIRECTORY_BYTES_MAX}"
            )
        data = self._file.read(length)
        self._at += len(data)
        return data


class _Held:
    """Bytes in memory, read like a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in the bytes."""
        self._at = offset + (0, self._at, len(self._data))[whence]
        return self._at

    def read(self, n: int = -1, /) -> bytes:
        """Return the next `n` bytes, or all that are left."""
        end = len(self._data) if n < 0 else self._at + n
        piece = self._data[self._at : end]
        self._at += len(piece)
        return piece
