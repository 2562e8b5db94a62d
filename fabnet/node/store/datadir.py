"""What stands beside the database in its directory: a lock, and a ballast.

The lock keeps a second process out. The ballast is room set aside for the day the disk
is full: SQLite then cannot even delete, so a file is given up to let it finish.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from pathlib import Path
from typing import Final

from fabnet.errors import StorageError
from fabnet.node.store.alarm import failed
from fabnet.node.store.engine import make_directory, sync_directory
from fabnet.protocol.events import DiskState

BALLAST_BYTES: Final = 16 * 1024 * 1024
"""Room for some thousand receipts and finals, after which a person must come."""
AMPLE: Final = 4
"""Ballasts that must fit beside the one that is held for a disk to be ample."""


class Lock:
    """A data directory held by this process until `release`, or its death."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def take(cls, directory: Path) -> Lock:
        """Hold `directory`, made if absent, or raise StorageError naming who has it."""
        try:
            make_directory(directory)
            handle = os.open(directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise failed(f"{directory}: cannot be opened", error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise StorageError(
                f"{directory}: in use by the process {holder or 'unknown'}"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return cls(handle)

    def release(self) -> None:
        """Let another process have the directory."""
        os.close(self._handle)


class Ballast:
    """A file given up when the disk is full; of no bytes, none is wanted."""

    def __init__(self, directory: Path, size_bytes: int) -> None:
        self._path = directory / "ballast"
        self._size_bytes = size_bytes
        self._held = False
        self._free_bytes = 0
        # The writer gives it up while another thread looks.
        self._lock = threading.Lock()

    @property
    def state(self) -> DiskState:
        """How the disk was when it was looked at, or the ballast given up."""
        if not self._size_bytes:
            return "ample"
        if self._held:
            return "ample" if self._free_bytes >= AMPLE * self._size_bytes else "low"
        return "low" if self._free_bytes >= self._size_bytes else "critical"

    def look(self) -> DiskState:
        """Look how full the disk is; set room aside unless that would nearly fill it.

        Blocks.
        """
        with self._lock:
            self._held = self._path.exists()
            self._free_bytes = shutil.disk_usage(self._path.parent).free
            if not self._held and self._free_bytes >= 2 * self._size_bytes > 0:
                self._take()
            return self.state

    def give_up(self) -> bool:
        """Give the room to whoever is writing; false when there is none."""
        with self._lock:
            self._free_bytes = 0
            if not self._held:
                return False
            self._held = False
            self._path.unlink()
            sync_directory(self._path.parent)
            return True

    def _take(self) -> None:
        partial = self._path.with_suffix(".new")
        try:
            with partial.open("wb") as file:
                # Not sparse, and not zeros that a file system could squeeze away.
                os.posix_fallocate(file.fileno(), 0, self._size_bytes)
            partial.rename(self._path)
        except OSError:
            partial.unlink(missing_ok=True)
        else:
            self._held = True
            self._free_bytes -= self._size_bytes
