from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.content.cid import Cid, of_dag_pb, of_raw
from fabnet.errors import LimitError, MalformedError, StorageError
from fabnet.node.store import blobs as module
from fabnet.node.store.alarm import Alarm
from fabnet.node.store.blobs import Blobs


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@pytest.mark.asyncio
async def test_what_was_put_is_read_under_its_name(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path / "blobs")
    cid = await blobs.put_bytes(b"solid chair")
    assert cid == of_raw(b"solid chair")
    assert await blobs.has(cid)
    assert await blobs.read(cid) == b"solid chair"
    assert blobs.path(cid).read_bytes() == b"solid chair"
    file = await blobs.open_file(cid)
    assert file is not None
    with file:
        assert file.read() == b"solid chair"


@pytest.mark.asyncio
async def test_a_blob_that_is_not_here_is_nil(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    missing = of_raw(b"elsewhere")
    assert not await blobs.has(missing)
    assert await blobs.read(missing) is None
    assert await blobs.open_file(missing) is None
    await blobs.drop(missing)


@pytest.mark.asyncio
async def test_a_stream_is_stored_whole_and_its_size_is_told(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    chunks = [bytes([n]) * 100_000 for n in range(9)]
    cid = of_raw(b"".join(chunks))
    assert await blobs.put_stream(stream(*chunks), cid) == 900_000
    assert await blobs.read(cid) == b"".join(chunks)
    assert files(tmp_path) == [cid]


@pytest.mark.asyncio
async def test_a_folder_block_is_kept_under_its_own_name(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = of_dag_pb(b"links")
    await blobs.put_stream(stream(b"links"), cid)
    assert await blobs.read(cid) == b"links"
    assert not await blobs.has(of_raw(b"links"))


@pytest.mark.asyncio
async def test_other_content_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = of_raw(b"a chair")
    with pytest.raises(MalformedError, match=cid):
        await blobs.put_stream(stream(b"a char"), cid)
    assert files(tmp_path) == []
    assert await blobs.put_stream(stream(b"a chair"), cid) == 7


@pytest.mark.asyncio
async def test_a_stream_past_its_bound_is_cut_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs.open(tmp_path)
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 1_000

    with pytest.raises(LimitError, match="10000"):
        await blobs.put_stream(endless(), of_raw(b""), bytes_max=10_000)
    assert len(read) == 11
    monkeypatch.setattr(module, "BLOB_BYTES_MAX", 10)
    with pytest.raises(LimitError, match="10"):
        await blobs.put_stream(endless(), of_raw(b""), bytes_max=10_000)
    with pytest.raises(LimitError, match="10"):
        await blobs.put_bytes(b"x" * 11)
    assert files(tmp_path) == []


@pytest.mark.asyncio
async def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000
        raise ConnectionResetError

    # A network's error is the caller's own; only the disk's become StorageError.
    with pytest.raises(ConnectionResetError):
        await blobs.put_stream(broken(), of_raw(b""))
    assert files(tmp_path) == []


@pytest.mark.asyncio
async def test_a_cancelled_put_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    begun = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000
        begun.set()
        await asyncio.sleep(60)

    async def put() -> None:
        await blobs.put_stream(stalled(), of_raw(b""))

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(put())
        await begun.wait()
        assert files(tmp_path) == ["1"]
        task.cancel()
    assert files(tmp_path) == []


@pytest.mark.asyncio
async def test_what_is_here_is_not_read_again(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = await blobs.put_bytes(b"a chair")

    read: list[int] = []

    async def unread() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"a chair"

    assert await blobs.put_stream(unread(), cid) == 7
    assert read == []


@pytest.mark.asyncio
async def test_the_same_blob_may_arrive_twice_at_once(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        puts = [tasks.create_task(blobs.put_bytes(b"a chair")) for _ in range(5)]
    cid = of_raw(b"a chair")
    assert {put.result() for put in puts} == {cid}
    assert files(tmp_path) == [cid]


@pytest.mark.asyncio
async def test_a_start_clears_what_was_cut_short(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = await blobs.put_bytes(b"a chair")
    (tmp_path / "partial" / "1").write_bytes(b"a ch")
    blobs = Blobs.open(tmp_path)
    assert files(tmp_path) == [cid]
    assert await blobs.read(cid) == b"a chair"


@pytest.mark.asyncio
async def test_a_dropped_blob_is_gone_and_may_come_back(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = await blobs.put_bytes(b"a chair")
    await blobs.drop(cid)
    assert not await blobs.has(cid)
    assert await blobs.put_bytes(b"a chair") == cid
    assert await blobs.has(cid)


@pytest.mark.asyncio
async def test_a_blob_that_the_disk_changed_is_not_passed_on(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = await blobs.put_bytes(b"a chair")
    blobs.path(cid).write_bytes(b"a chain")
    with pytest.raises(StorageError, match=cid):
        await blobs.read(cid)


@pytest.mark.asyncio
async def test_a_blob_too_long_to_read_is_told(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = await blobs.put_bytes(b"a chair")
    assert await blobs.read(cid, bytes_max=7) == b"a chair"
    with pytest.raises(LimitError, match=cid):
        await blobs.read(cid, bytes_max=6)


@pytest.mark.asyncio
async def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path)
    cid = of_raw(b"a chair")
    blobs.path(cid).parent.write_bytes(b"a file where the directory should be")
    with pytest.raises(StorageError):
        await blobs.put_bytes(b"a chair")
    assert not list((tmp_path / "partial").iterdir())


@pytest.mark.asyncio
async def test_content_is_on_disk_before_its_name_and_its_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs.open(tmp_path)
    cid = of_raw(b"a chair")
    steps: list[tuple[str, str]] = []
    really_sync, really_rename = os.fsync, Path.rename

    def sync(handle: int) -> None:
        at = Path(f"/proc/self/fd/{handle}").readlink().relative_to(tmp_path)
        steps.append(("sync", str(at)))
        really_sync(handle)

    def rename(path: Path, target: Path) -> Path:
        steps.append(("rename", str(path.relative_to(tmp_path))))
        return really_rename(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)
    await blobs.put_bytes(b"a chair")
    assert steps == [
        ("sync", "."),
        ("sync", "partial/1"),
        ("rename", "partial/1"),
        ("sync", cid[-3:-1]),
    ]


@pytest.mark.asyncio
async def test_the_next_piece_comes_while_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs.open(tmp_path)
    asked_on = threading.Event()
    waited: list[bool] = []
    really_write = module._Partial.write

    def write(partial: module._Partial, pieces: Sequence[bytes]) -> None:
        waited.append(asked_on.wait(5))
        really_write(partial, pieces)

    async def two() -> AsyncIterator[bytes]:
        yield b"x" * module._PIECE_BYTES
        asked_on.set()
        yield b"y"

    monkeypatch.setattr(module._Partial, "write", write)
    content = b"x" * module._PIECE_BYTES + b"y"
    assert await blobs.put_stream(two(), of_raw(content)) == len(content)
    assert waited == [True, True]


@pytest.mark.asyncio
async def test_a_disk_that_fails_in_the_middle_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = Alarm()
    blobs = Blobs.open(tmp_path, alarm)
    chunks = [bytes([n]) * module._PIECE_BYTES for n in range(4)]
    synced: list[int] = []

    def sync(handle: int) -> None:
        synced.append(handle)
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(module, "_UNSYNCED_BYTES", module._PIECE_BYTES)
    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(StorageError, match="the disk is gone"):
        await blobs.put_stream(stream(*chunks), of_raw(b"".join(chunks)))
    assert len(synced) == 1, "an error is not asked about twice"
    assert alarm.failure is not None, "nothing else is kept either"
    assert files(tmp_path) == []


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_pieces_hold_what_the_chunks_held(chunks: list[bytes], most: int) -> None:
    data = b"".join(chunks)

    async def gather() -> bytes:
        gathered = [held async for held in module._pieces(stream(*chunks), most)]
        return b"".join(chain.from_iterable(gathered))

    if len(data) <= most:
        assert asyncio.run(gather()) == data
    else:
        with pytest.raises(LimitError):
            asyncio.run(gather())


def test_names_spread_over_directories() -> None:
    where: Callable[[Cid], Path] = Blobs(Path("blobs")).path
    shards = {where(of_raw(bytes([n]))).parent.name for n in range(256)}
    assert len(shards) > 200
    assert {len(shard) for shard in shards} == {2}
