"""The one thread that writes: what waits together is committed together.

A write is done when the COMMIT that covers it has returned. While one commit is on its
way to the disk, the next group gathers: the slower the disk, the larger the groups. A
write that comes alone is committed at once; to hold it back for company was measured
to cost those who wait for it more than it saves the disk.

A disk that fails is never asked twice: after an error nobody can say what reached it
(fsyncgate), so everything that waits fails, and so does everything after. Only a full
disk is given a second chance, when there is ballast to give up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from fabnet.errors import StorageError
from fabnet.node.store.alarm import Alarm, failed
from fabnet.node.store.changes import Changes, apply
from fabnet.node.store.datadir import Ballast
from fabnet.node.store.engine import BUSY_S_MAX

logger = logging.getLogger(__name__)

WRITES_MAX: Final = 2_048
"""Unfinished writes; twice what the runner lets stand. At the bound `room` waits."""
WRITE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes in unfinished writes, so that a Pi with a slow card keeps its memory."""
GROUP_COUNT_MAX: Final = 100
"""Effects in a group, or one write of more; measured, larger gains little."""
CHECKPOINT_BYTES: Final = 4 * 1024 * 1024
"""WAL written before it is copied into the database: SQLite's own thousand pages."""
CLEAN_MS_MAX: Final = 100
"""How long commits wait for a reader, so that the WAL can be emptied."""
CLEAN_AGAIN_S: Final = 10
"""How soon it is tried again, when one was in the way."""
_COMMIT_BYTES: Final = 32 * 1024
"""What one commit adds to the WAL besides its rows: pages of tables and indexes."""


@dataclass(frozen=True, slots=True)
class _Write:
    changes: Changes
    done: asyncio.Future[None]


class Writer:
    """The write queue and its thread. All methods are for the event loop."""

    def __init__(
        self, engine: Engine, ballast: Ballast, alarm: Alarm, *, stale: bool
    ) -> None:
        self._engine = engine
        self._alarm = alarm
        self._ballast = ballast
        self._wake = threading.Condition()
        self._queue: deque[_Write] = deque()
        self._closing = False
        self._failure: StorageError | None = None
        self._unfinished = 0
        self._unfinished_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._commits = 0
        self._unsaved_bytes = 0
        # Whether the WAL may hold what was deleted for good: at the start, if a process
        # that was cut short left one.
        self._stale = stale
        # A daemon, for what was not acknowledged need not hold up the process's end.
        self._thread = threading.Thread(
            target=self._run, name="store-writer", daemon=True
        )
        self._thread.start()

    @property
    def failure(self) -> StorageError | None:
        """Why nothing can be written any more, or nil."""
        return self._failure

    @property
    def commits(self) -> int:
        """How many transactions were committed."""
        return self._commits

    async def room(self) -> None:
        """Wait until one more write may be put."""
        while not self._has_room():
            self._room.clear()
            await self._room.wait()

    def put(self, changes: Changes) -> asyncio.Future[None]:
        """Queue one write; the result resolves when it is durable, in order.

        Without changes it resolves when everything put before is durable. Raises
        StorageError when the writer failed or was closed, or when `room` was not
        awaited and there is none.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._wake:
            # Under the lock: the thread rings it there, and takes nothing more.
            self._alarm.check()
            if self._unfinished >= WRITES_MAX:
                raise StorageError(f"{WRITES_MAX} writes are unfinished")
            if self._closing:
                raise StorageError("the store is closed")
            if not self._unfinished and not changes.count:
                done.set_result(None)
                return done
            self._queue.append(_Write(changes, done))
            self._wake.notify()
        self._unfinished += 1
        self._unfinished_bytes += changes.size_bytes
        return done

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)

    def _has_room(self) -> bool:
        return (
            self._unfinished < WRITES_MAX and self._unfinished_bytes < WRITE_BYTES_MAX
        )

    def _settle(self, group: list[_Write], failure: StorageError | None) -> None:
        for write in group:
            self._unfinished -= 1
            self._unfinished_bytes -= write.changes.size_bytes
            if write.done.done():
                continue
            if failure is None:
                write.done.set_result(None)
            else:
                write.done.set_exception(type(failure)(str(failure)))
                write.done.exception()  # seen, since the thread logged it once
        if self._has_room():
            self._room.set()

    # -------------------------------------------------------------- in the thread

    def _run(self) -> None:
        group: list[_Write] = []
        failure = StorageError("the writer's thread ended by an error of its own")
        try:
            with self._engine.connect() as connection:
                while (gathered := self._gather()) is not None:
                    group = gathered
                    self._commit(connection, _merge(group))
                    # Before it is said: what was pruned is gone when that is answered.
                    self._clean(connection)
                    if group:
                        self._finish(group, None)
                    group = []
                    self._checkpoint(connection)
        except (DBAPIError, sqlite3.Error, OSError) as error:
            why = error.orig if isinstance(error, DBAPIError) else error
            failure = failed("the disk failed", why)
            failure.__cause__ = error
            logger.critical("nothing more is written: the disk failed: %s", why)
        finally:
            self._stop(group, failure)

    def _gather(self) -> list[_Write] | None:
        """Wait for writes and return a group of them; nil when the writer closes.

        An empty group when the WAL is to be cleaned and nobody writes.
        """
        with self._wake:
            wait_s = CLEAN_AGAIN_S if self._stale and self._commits else None
            self._wake.wait_for(lambda: self._queue or self._closing, wait_s)
            if self._closing and not self._queue:
                return None
            group: list[_Write] = []
            count = 0
            while self._queue and (not group or count < GROUP_COUNT_MAX):
                group.append(self._queue.popleft())
                count += group[-1].changes.count
            return group

    def _commit(self, connection: Connection, changes: Changes) -> None:
        if not changes.count:
            return
        try:
            _transact(connection, changes)
        except DBAPIError as error:
            if not _is_full(error.orig) or not self._ballast.give_up():
                raise
            logger.critical("the disk is full; the ballast was given up")
            _transact(connection, changes)
        self._commits += 1
        self._stale = self._stale or bool(changes.pruned)
        self._unsaved_bytes += changes.size_bytes + _COMMIT_BYTES

    def _checkpoint(self, connection: Connection) -> None:
        """Copy the WAL into the database when there is enough of it."""
        if self._unsaved_bytes >= CHECKPOINT_BYTES:
            self._save(connection, "PASSIVE")

    def _clean(self, connection: Connection) -> None:
        """Empty the WAL, if a body is to be gone: older pages in it hold it still.

        A reader that is under way holds that up, such as a backup: it is tried again.
        """
        if self._stale:
            _wait(connection, CLEAN_MS_MAX)
            self._stale = not self._save(connection, "TRUNCATE")
            _wait(connection, BUSY_S_MAX * 1_000)

    def _save(self, connection: Connection, how: str) -> bool:
        """Copy the WAL into the database; whether nothing was in the way."""
        self._unsaved_bytes = 0
        try:
            # Past SQLAlchemy, which would open a transaction around it.
            cursor = connection.connection.cursor()
            cursor.execute(f"PRAGMA wal_checkpoint({how})")
            ((was_busy, _, _),) = cursor.fetchall()
        except sqlite3.Error as error:
            if not _is_full(error):
                raise
            logger.critical("the disk is full; the database cannot grow")
            self._ballast.give_up()
            return False
        return not was_busy

    def _finish(self, group: list[_Write], failure: StorageError | None) -> None:
        # A loop that was closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop = group[0].done.get_loop()
            loop.call_soon_threadsafe(self._settle, group, failure)

    def _stop(self, group: list[_Write], failure: StorageError) -> None:
        """Fail what is unfinished, and everything after it."""
        with self._wake:
            if not self._closing or group or self._queue:
                self._failure = failure
                self._alarm.ring(failure)
            unfinished = [*group, *self._queue]
            self._queue.clear()
        if unfinished:
            self._finish(unfinished, failure)


def _merge(group: list[_Write]) -> Changes:
    merged = Changes()
    for write in group:
        merged.add(write.changes)
    return merged


def _transact(connection: Connection, changes: Changes) -> None:
    with connection.begin():
        apply(connection, changes)


def _wait(connection: Connection, wait_ms: int) -> None:
    """Say how long a lock of another connection is waited for."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {wait_ms}")


def _is_full(error: BaseException | None) -> bool:
    return (
        isinstance(error, sqlite3.Error)
        and error.sqlite_errorcode == sqlite3.SQLITE_FULL
    )
