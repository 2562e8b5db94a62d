"""What a peer and its shell keep: one database, one thread that writes, two that read.

A reader sees only what is committed, and what is committed is durable, so nothing read
here can be unsaid by a power cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError

from fabnet.content.cid import Cid
from fabnet.errors import StorageError
from fabnet.node.store import reading, shell
from fabnet.node.store.alarm import Alarm, failed
from fabnet.node.store.changes import Durable, of_effects, of_shell
from fabnet.node.store.datadir import BALLAST_BYTES, Ballast, Lock
from fabnet.node.store.engine import READERS_MAX, migrate, open_readers, open_writer
from fabnet.node.store.reading import (
    BlobEntry,
    BlockEntry,
    IncarnationRow,
    StoryLine,
    Token,
)
from fabnet.node.store.writer import Writer
from fabnet.protocol.community import REACH_KIND
from fabnet.protocol.effects import Place, Weigh
from fabnet.protocol.events import Compared, DiskState, Weighed
from fabnet.records.ids import PeerId, RecordId
from fabnet.records.record import Record

T = TypeVar("T")

READS_MAX: Final = 64
"""Reads handed to the threads at a time; at the bound the next one waits its turn."""
BLOCKS_PUT_MAX: Final = 500
"""Blocks in one statement: SQLite takes 32,766 values in one, and each has seven."""


class Store:
    """One peer's durable memory. Made by `open`, ended by `close`."""

    def __init__(
        self,
        peer: PeerId,
        *,
        lock: Lock,
        writer: Engine,
        ballast: Ballast,
        path: Path,
        stale: bool,
    ) -> None:
        self.alarm = Alarm()
        """Rings when the disk fails; whoever else writes there rings it too."""
        self._peer = peer
        self._lock = lock
        self._ballast = ballast
        self._write_engine = writer
        self._read_engine = open_readers(path)
        self._writer = Writer(writer, ballast, self.alarm, stale=stale)
        self._threads = ThreadPoolExecutor(READERS_MAX, "store-reader")
        self._reads = asyncio.Semaphore(READS_MAX)
        self._closed = False

    @classmethod
    def open(
        cls, path: Path, peer: PeerId, *, ballast_bytes: int = BALLAST_BYTES
    ) -> Store:
        """Open the database at `path`, made if absent, and hold its directory.

        Blocks; for the start. Raises StorageError when another process holds the
        directory, the disk refuses what we need, or a newer program wrote it.
        """
        path = path.resolve()
        with ExitStack() as undo:
            lock = Lock.take(path.parent)
            undo.callback(lock.release)
            stale = path.with_name(f"{path.name}-wal").exists()
            writer = open_writer(path)
            undo.callback(writer.dispose)
            migrate(writer)
            ballast = Ballast(path.parent, ballast_bytes)
            ballast.look()
            undo.pop_all()
        return cls(
            peer, lock=lock, writer=writer, ballast=ballast, path=path, stale=stale
        )

    @property
    def failed(self) -> StorageError | None:
        """Why nothing can be written any more, or nil."""
        return self._writer.failure

    @property
    def low(self) -> bool:
        """Whether the disk is nearly full, so that no new work should be taken on."""
        return self.disk != "ample"

    @property
    def disk(self) -> DiskState:
        """How full the disk was when it was last looked at."""
        return self._ballast.state

    def look_at_disk(self) -> DiskState:
        """Look how full the disk is. Blocks."""
        return self._ballast.look()

    @property
    def commits(self) -> int:
        """How many transactions were committed since the start."""
        return self._writer.commits

    # ---------------------------------------------------------------- the peer's

    async def room(self) -> None:
        """Wait until one more `commit` fits within the bounds."""
        await self._writer.room()

    def commit(
        self, durable: Sequence[Durable], moment_ms: int
    ) -> asyncio.Future[None]:
        """Queue one transaction; the result resolves when it is on disk, in order.

        With nothing durable it resolves when all that was queued before is on disk.
        The result, or this call itself, raises StorageError when the disk failed.
        """
        return self._writer.put(of_effects(self._peer, durable, moment_ms))

    def rows(self) -> dict[str, dict[str, bytes]]:
        """Return all of the peer's state, by table and key. Blocks; for the start."""
        return self._query(lambda connection: reading.rows(connection, self._peer))

    def notices(self) -> list[Record]:
        """Return every notice kept, oldest arrival first. Blocks; for the start."""
        return self._query(lambda connection: reading.notices(connection, self._peer))

    async def serve(
        self,
        after: int,
        limit: int,
        not_from: PeerId,
        *,
        lost: int = 0,
        bytes_max: int = 1 << 20,
    ) -> tuple[list[tuple[bytes, bytes | None]], int]:
        """Return records that arrived after `after`, and the cursor to go on from.

        Each is (envelope, body or nil when pruned); none that `not_from` brought, but
        up to the arrival `lost`. At most 512 and `bytes_max`; an empty batch means
        there is nothing more.
        """
        return await self._read(
            lambda connection: reading.serve(
                connection,
                self._peer,
                after,
                limit,
                not_from,
                lost=lost,
                bytes_max=bytes_max,
            )
        )

    async def supply(
        self, places: Sequence[Place], limit: int, *, bytes_max: int
    ) -> tuple[int, list[tuple[bytes, bytes | None]]]:
        """Return the records that follow these places, and of how many that is all.

        In the order of the places; each is (envelope, body or nil when pruned).
        """
        return await self._read(
            lambda connection: reading.supply(
                connection, self._peer, places, limit, bytes_max=bytes_max
            )
        )

    async def beside(self, heard: Sequence[Record]) -> Compared:
        """Return log records with what is kept at their places, or just before them."""
        return await self._read(
            lambda connection: reading.beside(connection, self._peer, heard)
        )

    async def weigh(self, asked: Weigh) -> Weighed:
        """Return what a true checkpoint of a log says."""
        return await self._read(
            lambda connection: reading.weighed(connection, self._peer, asked)
        )

    # ---------------------------------------------------------------- for people

    async def record(self, record_id: RecordId) -> Record | None:
        """Return one record, or nil."""
        return await self._read(
            lambda connection: reading.record(connection, self._peer, record_id)
        )

    async def records(
        self,
        *,
        kind: str | None = None,
        key: str | None = None,
        author: PeerId | None = None,
        limit: int = 100,
        before: RecordId | None = None,
    ) -> list[Record]:
        """Return records, the newest arrival first, those that arrived before one.

        At most 500. None when `before` is not kept any more, as a replaced notice.
        """
        return await self._read(
            lambda connection: reading.records(
                connection,
                self._peer,
                kind=kind,
                key=key,
                author=author,
                limit=limit,
                before=before,
            )
        )

    async def authors(self, kind: str, key: str) -> list[PeerId]:
        """Return who said records of one kind about one thing, at most AUTHORS_MAX."""
        return await self._read(
            lambda connection: reading.authors(connection, self._peer, kind, key)
        )

    async def reached(self, limit: int) -> list[tuple[PeerId, PeerId | None, bytes]]:
        """Return where peers say they are, with who brought it, the newest first."""
        return await self._read(
            lambda connection: reading.reached(
                connection, self._peer, REACH_KIND, limit
            )
        )

    async def find_prefix(self, prefix: str) -> list[RecordId]:
        """Return the record ids that begin with `prefix`, at most FOUND_MAX."""
        return await self._read(
            lambda connection: reading.find_prefix(connection, self._peer, prefix)
        )

    async def story(self, subject: str, limit: int = 100) -> list[StoryLine]:
        """Return the newest lines about `subject`, in the order they happened."""
        return await self._read(
            lambda connection: reading.story(connection, self._peer, subject, limit)
        )

    # ---------------------------------------------------------------- the shell's

    async def incarnation(self) -> IncarnationRow | None:
        """Return the database's incarnation, or nil in a new one."""
        return await self._read(
            lambda connection: reading.incarnation(connection, self._peer)
        )

    async def put_incarnation(self, row: IncarnationRow) -> None:
        """Say which database this is; return when that is durable."""
        await self._write(shell.put_incarnation(self._peer, row))

    async def tokens(self) -> list[Token]:
        """Return all tokens, by name."""
        return await self._read(
            lambda connection: reading.tokens(connection, self._peer)
        )

    async def put_token(self, token: Token) -> None:
        """Write a token, in place of the one of its name; return when durable."""
        await self._write(shell.put_token(self._peer, token))

    async def drop_token(self, name: str) -> None:
        """Delete a token, if there is one; return when that is durable."""
        await self._write(shell.drop_token(self._peer, name))

    async def blob(self, cid: Cid) -> BlobEntry | None:
        """Return one blob's entry in the index, or nil."""
        return await self._read(
            lambda connection: reading.blob(connection, self._peer, cid)
        )

    async def blobs(
        self, *, after: str = "", limit: int = reading.BLOBS_MAX
    ) -> list[BlobEntry]:
        """Return blob entries in the order of their CIDs, those after `after`."""
        return await self._read(
            lambda connection: reading.blobs(connection, self._peer, after, limit)
        )

    async def blob_bytes(self) -> int:
        """Return how many bytes the indexed blobs are."""
        return await self._read(
            lambda connection: reading.blob_bytes(connection, self._peer)
        )

    async def put_blob(self, entry: BlobEntry) -> None:
        """Write a blob's entry, in place of the one of its CID; return when durable."""
        await self._write(shell.put_blob(self._peer, entry))

    async def drop_blob(self, cid: Cid) -> None:
        """Delete a blob's entry, if there is one; return when that is durable."""
        await self._write(shell.drop_blob(self._peer, cid))

    async def blocks(self, cid: Cid) -> list[BlockEntry]:
        """Return where a block is, once for each design that has it."""
        return await self._read(
            lambda connection: reading.blocks(connection, self._peer, cid)
        )

    async def put_blocks(self, entries: Sequence[BlockEntry]) -> None:
        """Write where blocks are, at most BLOCKS_PUT_MAX; return when durable."""
        assert 0 < len(entries) <= BLOCKS_PUT_MAX
        await self._write(shell.put_blocks(self._peer, entries))

    # ---------------------------------------------------------------- the end

    async def close(self) -> None:
        """Write what is queued, then let the database and its directory go."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._threads.shutdown()
        self._read_engine.dispose()
        self._write_engine.dispose()
        self._lock.release()

    async def _write(self, statement: Executable) -> None:
        await self._writer.room()
        await self._writer.put(of_shell(statement))

    async def _read(self, question: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StorageError("the store is closed")
        async with self._reads:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._query, question)

    def _query(self, question: Callable[[Connection], T]) -> T:
        try:
            with self._read_engine.begin() as connection:
                return question(connection)
        except DBAPIError as error:
            raise failed("the database cannot be read", error.orig) from error
