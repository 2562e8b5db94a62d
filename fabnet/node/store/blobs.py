"""Files by the hash of their bytes.

A blob is written under another name, synced, renamed, and its directory synced: a name
that a power cut leaves behind then always has its content. Nothing is stored that does
not hash to its name, and nothing half-written survives a start.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import itertools
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeVar

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.errors import DiskError, LimitError, MalformedError, StorageError
from fabnet.node.store.alarm import Alarm, failed
from fabnet.node.store.engine import make_directory, sync_directory

T = TypeVar("T")
P = ParamSpec("P")

BLOB_BYTES_MAX: Final = 1024 * 1024 * 1024
"""One file: larger than any part we know of. None is held in memory at any length."""
_PIECE_BYTES: Final = 512 * 1024
"""What is gathered before a thread is asked to write it: a thread costs 0.1 ms."""
_AHEAD_MAX: Final = 2
"""Pieces with the thread, so that it need not wait until the loop has looked; a third
is gathered meanwhile."""
_UNSYNCED_BYTES: Final = 16 * 1024 * 1024
"""What is written before the disk is set to work on it: what comes meanwhile does not
wait, and little is left for the end."""
_PARTIAL: Final = "partial"
"""The directory of what is still being written."""


class Blobs:
    """The directory of blobs; one per data directory. Made by `open`."""

    def __init__(self, root: Path, alarm: Alarm | None = None) -> None:
        self._root = root
        self._alarm = Alarm() if alarm is None else alarm
        self._numbers = itertools.count(1)
        self._shards: set[Path] = set()

    @classmethod
    def open(cls, root: Path, alarm: Alarm | None = None) -> Blobs:
        """Return the blobs under `root`, made if absent, and clear what was cut short.

        Blocks; for the start, with the data directory's lock held. `alarm` is the
        store's, so that one failure stops both.
        """
        try:
            partial = root / _PARTIAL
            # Together these sync the names of both.
            make_directory(root)
            make_directory(partial)
            for left in partial.iterdir():
                left.unlink()
        except OSError as error:
            raise failed(f"{root}: cannot be opened", error) from error
        return cls(root, alarm)

    def path(self, cid: Cid) -> Path:
        """Return where the blob is, or would be. Only for reading."""
        # Sharded as IPFS does: CIDs begin alike, and the last letter is not even.
        # The alphabet makes it 1,024 directories at most.
        return self._root / cid[-3:-1] / cid

    async def has(self, cid: Cid) -> bool:
        """Whether the blob is here."""
        return await _in_thread(self.path(cid).is_file)

    async def size(self, cid: Cid) -> int | None:
        """Return how many bytes the blob has, or nil when it is not here."""
        return await _in_thread(_size, self.path(cid))

    async def put_bytes(self, data: bytes) -> Cid:
        """Store `data` and return its raw CID; durable when this returns."""
        if len(data) > BLOB_BYTES_MAX:
            raise LimitError(f"blob: {len(data)} bytes; the most is {BLOB_BYTES_MAX}")
        cid = await _in_thread(cids.of_raw, data)
        await self.put_stream(_once(data), cid)
        return cid

    async def put_stream(
        self,
        chunks: AsyncIterable[bytes],
        cid: Cid,
        *,
        bytes_max: int = BLOB_BYTES_MAX,
    ) -> int:
        """Store what `chunks` bring under `cid` and return its size in bytes.

        Durable when this returns. Raises MalformedError when the content is another
        and LimitError when it is longer than `bytes_max`; nothing is kept then. Of a
        blob that is here already, nothing is read.
        """
        self._alarm.check()
        found = await self.size(cid)
        if found is not None:
            # Whoever gave it its name may not have come to sync that.
            await self._in_thread(self._sync_name, self.path(cid))
            return found
        _, size_bytes = await self._put(chunks, cid, min(bytes_max, BLOB_BYTES_MAX))
        return size_bytes

    async def put_unnamed(self, chunks: AsyncIterable[bytes]) -> tuple[Cid, int]:
        """Store what `chunks` bring; return the raw CID it came to, and its bytes.

        Durable when this returns. Raises LimitError past BLOB_BYTES_MAX; nothing is
        kept then.
        """
        return await self._put(chunks, None, BLOB_BYTES_MAX)

    async def open_file(self, cid: Cid) -> BinaryIO | None:
        """Return the blob as a file open for reading, or nil. The caller closes it."""
        return await _in_thread(_open, self.path(cid))

    async def read(self, cid: Cid, *, bytes_max: int = BLOB_BYTES_MAX) -> bytes | None:
        """Return the blob's bytes, checked against its name, or nil when not here.

        Raises LimitError when it is longer than `bytes_max`, and StorageError when the
        disk has changed it.
        """
        return await _in_thread(_read, self.path(cid), cid, bytes_max)

    async def drop(self, cid: Cid) -> None:
        """Delete the blob, if it is here."""
        await _in_thread(self.path(cid).unlink, missing_ok=True)

    async def _put(
        self, chunks: AsyncIterable[bytes], cid: Cid | None, bytes_max: int
    ) -> tuple[Cid, int]:
        """Write and hash each piece while the next one comes, and sync beside both."""
        self._alarm.check()
        partial = _Partial(self._root / _PARTIAL / str(next(self._numbers)))
        thread = ThreadPoolExecutor(1, "blob")  # so that piece follows piece
        syncing = self._begin(thread, partial.open)
        writing: deque[asyncio.Future[None]] = deque()
        unsynced_bytes = 0
        try:
            await _ended(syncing)
            async for pieces in _pieces(chunks, bytes_max):
                while len(writing) >= _AHEAD_MAX:
                    await _ended(writing.popleft())
                if unsynced_bytes >= _UNSYNCED_BYTES and syncing.done():
                    await _ended(syncing)
                    unsynced_bytes = 0
                    syncing = self._begin(None, partial.sync)
                writing.append(self._begin(thread, partial.write, pieces))
                unsynced_bytes += sum(map(len, pieces))
            for each in (*writing, syncing):
                await _ended(each)
            named = partial.cid if cid is None else cid
            return named, await self._in_thread(self._keep, partial, named)
        finally:
            # A thread that is still at it holds the file.
            await asyncio.wait([*writing, syncing])
            await _in_thread(partial.discard)
            thread.shutdown(wait=False)

    async def _in_thread(
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do what writes in a thread; if the disk fails under it, ring the alarm."""
        return await _ended(self._begin(None, work, *args, **kwargs))

    def _begin(
        self,
        thread: ThreadPoolExecutor | None,
        work: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> asyncio.Future[T]:
        """The same, and go on beside it; whoever begins it waits until it has ended."""
        task = _begun(thread, work, *args, **kwargs)
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, task: asyncio.Future[T]) -> None:
        error = task.exception()
        if isinstance(error, OSError):
            error = failed("the disk failed", error)
        if isinstance(error, DiskError):
            self._alarm.ring(error)

    def _keep(self, partial: _Partial, cid: Cid) -> int:
        target = self.path(cid)
        self._make_shard(target.parent)
        return partial.keep(cid, target)

    def _sync_name(self, target: Path) -> None:
        self._make_shard(target.parent)
        sync_directory(target.parent)

    def _make_shard(self, shard: Path) -> None:
        if shard not in self._shards:
            shard.mkdir(mode=0o700, exist_ok=True)
            sync_directory(self._root)
            self._shards.add(shard)


class _Partial:
    """A blob being written; every method blocks on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._file: BinaryIO | None = None

    @property
    def cid(self) -> Cid:
        """What the bytes so far are called."""
        return cids.from_digest(self._hash.digest())

    def open(self) -> None:
        self._file = self._path.open("xb")

    def write(self, pieces: Sequence[bytes]) -> None:
        assert self._file is not None
        for piece in pieces:
            self._file.write(piece)
            self._hash.update(piece)
            self._size_bytes += len(piece)

    def sync(self) -> None:
        """Have on the disk what is written so far, but for what may follow."""
        assert self._file is not None
        os.fsync(self._file.fileno())

    def keep(self, cid: Cid, target: Path) -> int:
        """Give the blob its name, durably, if the name is its own."""
        assert self._file is not None
        if self._hash.digest() != cids.digest(cid):
            raise MalformedError(f"blob: the content is not {cid}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.rename(target)
        sync_directory(target.parent)
        return self._size_bytes

    def discard(self) -> None:
        """Close the file, and delete it if it was not kept."""
        self._path.unlink(missing_ok=True)
        if self._file is not None:
            # What could not be written is gone already; closing would try it again.
            with contextlib.suppress(OSError):
                self._file.close()


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work` in a thread."""
    return await _ended(_begun(None, work, *args, **kwargs))


def _begun(
    thread: ThreadPoolExecutor | None,
    work: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> asyncio.Future[T]:
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(thread, functools.partial(work, *args, **kwargs))


async def _ended(task: asyncio.Future[T]) -> T:
    """Wait for a thread; when cancelled, let it end first, for it holds a file."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
    except OSError as error:
        raise failed("the disk failed", error) from error


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _pieces(
    chunks: AsyncIterable[bytes], limit: int
) -> AsyncIterator[Sequence[bytes]]:
    """Gather chunks until they are worth a thread; LimitError past `limit` bytes."""
    held: list[bytes] = []
    size_bytes, sent_bytes = 0, 0
    async for chunk in chunks:
        size_bytes += len(chunk)
        if size_bytes > limit:
            raise LimitError(f"blob: more than {limit} bytes")
        held.append(chunk)
        if size_bytes - sent_bytes >= _PIECE_BYTES:
            yield held
            held = []
            sent_bytes = size_bytes
    yield held


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _open(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _read(path: Path, cid: Cid, bytes_max: int) -> bytes | None:
    file = _open(path)
    if file is None:
        return None
    with file:
        data = file.read(bytes_max + 1)
    if len(data) > bytes_max:
        raise LimitError(f"blob {cid}: more than {bytes_max} bytes")
    if hashlib.sha256(data).digest() != cids.digest(cid):
        raise StorageError(f"blob {cid}: the disk changed its content")
    return data
