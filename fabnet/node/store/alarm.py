"""A disk that fails, told once to all who must stop.

After an fsync that failed nobody can say what reached the disk: Linux takes the pages
for clean, and a second fsync that succeeds proves nothing (fsyncgate). So what failed
is never tried again, whatever was asked of it later, and the node ends.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Final

from fabnet.errors import DiskError, DiskFullError, StorageError

_FATAL: Final = frozenset(
    {errno.EIO, errno.EROFS, errno.ENXIO, errno.ENODEV, errno.EUCLEAN}
)
"""A disk that fails, is gone, or that the system has stopped writing to. That it is
full is not among them."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_FATAL_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)


class Alarm:
    """Whether the disk has failed. Rung from any thread; the first failure counts."""

    def __init__(self) -> None:
        self._first: Future[StorageError] = Future()

    @property
    def failure(self) -> StorageError | None:
        """Why nothing may be written any more, or nil."""
        return self._first.result() if self._first.done() else None

    def ring(self, failure: StorageError) -> None:
        """Say that nothing may be written any more."""
        with suppress(InvalidStateError):  # it was rung before
            self._first.set_result(failure)

    def check(self) -> None:
        """Raise the failure, if there is one."""
        failure = self.failure
        if failure is not None:
            raise type(failure)(str(failure)) from failure

    async def wait(self) -> StorageError:
        """Return the failure, once there is one."""
        return await asyncio.shield(asyncio.wrap_future(self._first))


def failed(what: str, error: OSError | BaseException | None) -> StorageError:
    """Return the error to raise for what the system, or SQLite, said of the disk."""
    kind = StorageError
    if isinstance(error, sqlite3.Error):
        # The low byte is the kind; the rest says where.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind = DiskError if code in _FATAL_SQLITE else kind
        kind = DiskFullError if code == sqlite3.SQLITE_FULL else kind
    elif isinstance(error, OSError):
        kind = DiskError if error.errno in _FATAL else kind
        kind = DiskFullError if error.errno in _FULL else kind
    return kind(f"{what}: {error}")
