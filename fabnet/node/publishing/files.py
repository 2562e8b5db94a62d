"""Reading a design's files: through no link, and never whole into memory.

A path that leads out of the folder, by a link or by `..`, would publish what its owner
did not mean to. So no step of a path may be a link, wherever it leads.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from fabnet.content.cid import Cid, from_digest
from fabnet.content.unixfs import FileNode, file_cid
from fabnet.errors import InputError
from fabnet.node.store.blobs import BLOB_BYTES_MAX

FILE_BYTES_MAX: Final = BLOB_BYTES_MAX
"""Bytes of one file; as many as a node keeps under one name."""
PIECE_BYTES: Final = 256 * 1_024
"""What is read at once."""
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_LFS_BYTES_MAX: Final = 1_024
"""Bytes of a Git LFS pointer, by its specification."""

Tell = Callable[[int], None]
"""Called with the bytes of each piece that went by."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was read once, and is named."""

    path: str
    cid: Cid
    node: FileNode

    @property
    def bytes(self) -> int:
        """Its length."""
        return self.node.size


def size_of(root: Path, path: str) -> int:
    """Return a file's bytes, or raise InputError naming it and what it is instead."""
    at = root
    steps = path.split("/")
    for depth, step in enumerate(steps, 1):
        at /= step
        state = _state(at, path)
        if stat.S_ISLNK(state.st_mode):
            shown = "/".join(steps[:depth])
            raise InputError(path, f"{shown} is a link; expected the file itself")
        if depth < len(steps) and not stat.S_ISDIR(state.st_mode):
            raise InputError(path, f"{'/'.join(steps[:depth])} is not a folder")
        if depth == len(steps):
            return _size(path, state)
    raise InputError(path, "expected a path")


def open_inside(root: Path, path: str) -> BinaryIO:
    """Return a file of the folder `root`, open for reading; InputError as `size_of`."""
    size_of(root, path)
    try:
        # Not to wait for a pipe, nor follow a link, that took its place meanwhile.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.fdopen(os.open(root / path, flags), "rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        _size(path, os.fstat(file.fileno()))
    except InputError:
        file.close()
        raise
    return file


def hold(root: Path, path: str, tell: Tell) -> Held:
    """Read a file once, in pieces, and return what it is called."""
    sha = hashlib.sha256()
    with open_inside(root, path) as file:
        begin = file.read(len(_LFS_POINTER))
        size = os.fstat(file.fileno()).st_size
        if begin == _LFS_POINTER and size <= _LFS_BYTES_MAX:
            lfs = "is a Git LFS pointer, not the file; run `git lfs pull`"
            raise InputError(path, lfs)
        file.seek(0)

        def told() -> Iterator[bytes]:
            for piece in pieces(file, path):
                sha.update(piece)
                tell(len(piece))
                yield piece

        node = file_cid(told())
    return Held(path, from_digest(sha.digest()), node)


def pieces(file: BinaryIO, path: str) -> Iterator[bytes]:
    """Yield the rest of an open file; InputError when it grows past the most."""
    size = 0
    try:
        while piece := file.read(PIECE_BYTES):
            size += len(piece)
            _check_size(path, size)
            yield piece
    except OSError as error:
        raise _unreadable(path, error) from error


def _state(at: Path, path: str) -> os.stat_result:
    try:
        return at.lstat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> InputError:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return InputError(path, "is a link; expected the file itself")
    why = error.strerror if isinstance(error, OSError) else str(error)
    return InputError(path, f"cannot be read: {why}")


def _size(path: str, state: os.stat_result) -> int:
    if stat.S_ISDIR(state.st_mode):
        raise InputError(path, "is a folder; expected a file")
    if not stat.S_ISREG(state.st_mode):
        raise InputError(path, "is no ordinary file")
    _check_size(path, state.st_size)
    return state.st_size


def _check_size(path: str, size: int) -> None:
    if size > FILE_BYTES_MAX:
        raise InputError(path, f"{size} bytes; the most is {FILE_BYTES_MAX}")
