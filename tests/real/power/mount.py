"""A platter as a mounted file system, by the kernel's own FUSE protocol.

Spoken here on /dev/fuse itself (struct layouts: linux/fuse.h, version 7.31), so that
neither a library nor a package is needed; only the right to mount.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.real.power.platter import ROOT, Inode, Platter

VERSION: Final = (7, 31)
WRITE_BYTES_MAX: Final = 128 * 1_024
BIG_WRITES: Final = 1 << 5
VALID_S: Final = 3_600
"""The kernel may keep names and sizes: every change passes through it."""
SET_MODE, SET_SIZE = 1, 8
DETACH: Final = 2
"""MNT_DETACH."""
OPEN_OUT: Final = struct.pack("<QII", 0, 0, 0)

Answer = bytes | int
"""What to answer, or an errno."""

_libc = ctypes.CDLL(None, use_errno=True)


class Mount:
    """A platter mounted at a folder, until `power_off`; served by a thread."""

    def __init__(self, platter: Platter, folder: Path) -> None:
        self._platter = platter
        self._folder = folder
        self._handle = -1
        self._changes_left: int | None = None
        self._syncs_left = 0
        self.syncs = 0
        """How many syncs were asked for."""
        self.dark = threading.Event()
        """Set when the power went, at the change that `cut_after` named."""
        self.changes = 0
        """How many requests changed or synced something."""
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._handle = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
        options = f"fd={self._handle},rootmode=40000,user_id=0,group_id=0"
        where = os.fsencode(self._folder)
        if _libc.mount(b"lossy", where, b"fuse", 0, options.encode()):
            number = ctypes.get_errno()
            os.close(self._handle)
            raise OSError(number, os.strerror(number), str(self._folder))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.power_off()

    def cut_after(self, changes: int) -> None:
        """Stop answering, for ever, instead of the so-many-th change from now."""
        self._changes_left = changes

    def fail_sync(self, number: int) -> None:
        """Answer EIO to the so-many-th sync from now, and to no other."""
        self._syncs_left = number

    def power_off(self) -> None:
        """End it: whoever still waits for an answer gets none."""
        if self._handle < 0:
            return
        os.write(self._stop_write, b".")
        self._thread.join()
        _libc.umount2(os.fsencode(self._folder), DETACH)
        os.close(self._handle)
        os.close(self._stop_read)
        os.close(self._stop_write)
        self._handle = -1

    # -------------------------------------------------------------- in the thread

    def _serve(self) -> None:
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        waiting.register(self._stop_read, select.POLLIN)
        while not self.dark.is_set():
            ready = dict(waiting.poll())
            if self._stop_read in ready:
                return
            try:
                request = os.read(self._handle, WRITE_BYTES_MAX + 4_096)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EINTR, errno.ENOENT):
                    continue
                return  # unmounted
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        _, code, unique, node = struct.unpack_from("<IIQQ", request)
        if code in FORGOTTEN:
            return
        answer: Answer = errno.ENOSYS
        inode = self._platter.inodes.get(node or ROOT)  # INIT is about none
        if code in CHANGES:
            self.changes += 1
            if self._changes_left is not None:
                self._changes_left -= 1
                if self._changes_left <= 0:
                    self.dark.set()
                    return
        work = CALLS.get(code)
        if work is not None and inode is None:
            answer = errno.ESTALE
        elif inode is not None and self._is_failing(code):
            self._platter.lose(inode)
            answer = errno.EIO
        elif work is not None and inode is not None:
            answer = work(self._platter, inode, request[40:])
        body, failure = (answer, 0) if isinstance(answer, bytes) else (b"", -answer)
        head = struct.pack("<IiQ", 16 + len(body), failure, unique)
        try:
            os.write(self._handle, head + body)
        except FileNotFoundError:
            return  # whoever asked was killed meanwhile

    def _is_failing(self, code: int) -> bool:
        if code not in SYNCS:
            return False
        self.syncs += 1
        self._syncs_left -= 1
        return self._syncs_left == 0


# ---------------------------------------------------------------- the calls


def _attributes(inode: Inode) -> bytes:
    kind = stat.S_IFDIR if inode.is_directory else stat.S_IFREG
    size = len(inode.data)
    return struct.pack(
        "<6Q10I",
        *(inode.id, size, -(-size // 512), 0, 0, 0),
        *(0, 0, 0, kind | inode.rights, 1, os.getuid(), os.getgid(), 0, 4_096, 0),
    )


def _entry(inode: Inode) -> bytes:
    return struct.pack("<4Q2I", inode.id, 0, VALID_S, VALID_S, 0, 0) + _attributes(
        inode
    )


def _shown(inode: Inode) -> bytes:
    return struct.pack("<QII", VALID_S, 0, 0) + _attributes(inode)


def _text(raw: bytes) -> str:
    return os.fsdecode(raw.split(b"\0")[0])


def _init(_platter: Platter, _inode: Inode, raw: bytes) -> Answer:
    _, _, ahead = struct.unpack_from("<III", raw)
    return struct.pack(
        "<4I2H2I2H8I",
        *(*VERSION, ahead, BIG_WRITES, 12, 10, WRITE_BYTES_MAX, 1),
        *(0, 0, *([0] * 8)),
    )


def _lookup(_platter: Platter, inode: Inode, raw: bytes) -> Answer:
    found = inode.names.get(_text(raw))
    return errno.ENOENT if found is None else _entry(found)


def _getattr(_platter: Platter, inode: Inode, _raw: bytes) -> Answer:
    return _shown(inode)


def _setattr(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    valid, _, _, size = struct.unpack_from("<IIQQ", raw)
    if valid & SET_SIZE:
        platter.resize(inode, size)
    if valid & SET_MODE:
        (mode,) = struct.unpack_from("<I", raw, 68)
        inode.rights = stat.S_IMODE(mode)
    return _shown(inode)


def _mkdir(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    mode, umask = struct.unpack_from("<II", raw)
    name = _text(raw[8:])
    if name in inode.names:
        return errno.EEXIST
    rights = stat.S_IMODE(mode) & ~umask
    return _entry(platter.create(inode, name, rights, is_directory=True))


def _create(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    _, mode, umask, _ = struct.unpack_from("<4I", raw)
    rights = stat.S_IMODE(mode) & ~umask
    return _entry(platter.create(inode, _text(raw[16:]), rights)) + OPEN_OUT


def _unlink(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    platter.remove(inode, _text(raw))
    return b""


def _rmdir(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    if inode.names[_text(raw)].names:
        return errno.ENOTEMPTY
    platter.remove(inode, _text(raw))
    return b""


def _rename(head: int) -> Callable[[Platter, Inode, bytes], Answer]:
    def rename(platter: Platter, inode: Inode, raw: bytes) -> Answer:
        (target,) = struct.unpack_from("<Q", raw)
        old, new, *_ = raw[head:].split(b"\0")
        there = platter.inodes[target]
        platter.rename(inode, os.fsdecode(old), there, os.fsdecode(new))
        return b""

    return rename


def _open(_platter: Platter, _inode: Inode, _raw: bytes) -> Answer:
    return OPEN_OUT


def _read(_platter: Platter, inode: Inode, raw: bytes) -> Answer:
    _, offset, size = struct.unpack_from("<QQI", raw)
    return bytes(inode.data[offset : offset + size])


def _write(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    _, offset, size = struct.unpack_from("<QQI", raw)
    platter.write(inode, offset, raw[40 : 40 + size])
    return struct.pack("<II", size, 0)


def _readdir(_platter: Platter, inode: Inode, raw: bytes) -> Answer:
    _, offset, size = struct.unpack_from("<QQI", raw)
    listed = b""
    for at, (name, child) in enumerate(inode.names.items(), start=1):
        if at <= offset:
            continue
        text = os.fsencode(name)
        kind = 4 if child.is_directory else 8
        line = struct.pack("<QQII", child.id, at, len(text), kind) + text
        line += bytes(-len(line) % 8)
        if len(listed) + len(line) > size:
            break
        listed += line
    return listed


def _statfs(_platter: Platter, _inode: Inode, _raw: bytes) -> Answer:
    many = 1 << 20
    return struct.pack(
        "<5Q4I6I", many, many, many, many, many, 4_096, 255, 4_096, *([0] * 7)
    )


def _fsync(platter: Platter, inode: Inode, _raw: bytes) -> Answer:
    platter.sync(inode)
    return b""


def _fallocate(platter: Platter, inode: Inode, raw: bytes) -> Answer:
    _, offset, length = struct.unpack_from("<QQQ", raw)
    platter.resize(inode, max(len(inode.data), offset + length))
    return b""


def _nothing(_platter: Platter, _inode: Inode, _raw: bytes) -> Answer:
    return b""


CALLS: Final[dict[int, Callable[[Platter, Inode, bytes], Answer]]] = {
    1: _lookup,
    3: _getattr,
    4: _setattr,
    9: _mkdir,
    10: _unlink,
    11: _rmdir,
    12: _rename(8),
    14: _open,
    15: _read,
    16: _write,
    17: _statfs,
    18: _nothing,  # release
    20: _fsync,
    25: _nothing,  # flush
    26: _init,
    27: _open,  # opendir
    28: _readdir,
    29: _nothing,  # releasedir
    30: _fsync,  # fsyncdir
    35: _create,
    43: _fallocate,
    45: _rename(16),
}
CHANGES: Final = frozenset({4, 9, 10, 11, 12, 16, 20, 30, 35, 43, 45})
"""The calls that change or sync something: what a cut is counted in."""
SYNCS: Final = frozenset({20, 30})
FORGOTTEN: Final = frozenset({2, 36, 42})
"""Forget, interrupt and many forgets: they are not answered."""
