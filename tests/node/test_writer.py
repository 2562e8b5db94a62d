from __future__ import annotations

import functools
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

from fabnet.errors import StorageError
from fabnet.node.store import writer
from fabnet.node.store.changes import of_effects
from fabnet.node.store.reading import Token
from fabnet.protocol.effects import Keep, Note, Put
from tests.node.storing import ME, OPEN, ROOT, THEN, chain, keeps, opened, run

# ---------------------------------------------------------------- how it is written


@pytest.mark.asyncio
async def test_writes_that_wait_together_are_committed_together(
    tmp_path: Path,
) -> None:
    records = chain(90)
    async with opened(tmp_path) as store:
        writes = [store.commit([keep], THEN) for keep in keeps(records)]
        for write in writes:
            await write
        assert 1 <= store.commits <= 4
        assert len(await store.records()) == 90


@pytest.mark.asyncio
async def test_a_group_stays_near_a_hundred_effects(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        writes = [store.commit([Put("lot", str(n), b"")], THEN) for n in range(1_000)]
        for write in writes:
            await write
        assert 10 <= store.commits <= 13


@pytest.mark.asyncio
async def test_writes_finish_in_the_order_they_were_decided(tmp_path: Path) -> None:
    finished: list[int] = []
    async with opened(tmp_path) as store:
        writes = [store.commit([Put("lot", "1", b"")], THEN) for _ in range(300)]
        for number, write in enumerate(writes):
            write.add_done_callback(functools.partial(_add, finished, number))
        await writes[-1]
    assert finished == list(range(300))


@pytest.mark.asyncio
async def test_a_write_of_nothing_waits_for_what_was_decided_before(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        assert store.commit([], THEN).done()
        before = store.commit([Put("lot", "1", b"")], THEN)
        barrier = store.commit([], THEN)
        assert not barrier.done()
        await barrier
        assert before.done()
        assert store.commits == 1


@pytest.mark.asyncio
async def test_room_waits_while_too_much_is_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WRITES_MAX", 3)
    async with opened(tmp_path) as store:
        writes = []
        for _ in range(3):
            await store.room()
            writes.append(store.commit([Put("lot", "1", b"")], THEN))
        with pytest.raises(StorageError, match="unfinished"):
            await store.commit([], THEN)
        await store.room()
        assert writes[0].done()
        await store.commit([Put("lot", "2", b"")], THEN)


@pytest.mark.asyncio
async def test_room_counts_bytes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WRITE_BYTES_MAX", 1_000)
    async with opened(tmp_path) as store:
        write = store.commit([Put("lot", "1", bytes(1_000))], THEN)
        await store.room()
        assert write.done()


@pytest.mark.asyncio
async def test_a_cancelled_wait_does_not_undo_the_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.commit([Put("lot", "1", b"")], THEN).cancel()
        await store.commit([Put("lot", "2", b"")], THEN)
        assert store.rows() == {"lot": {"1": b"", "2": b""}}


@pytest.mark.asyncio
async def test_closing_writes_what_waits_and_refuses_what_comes(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        write = store.commit([Put("lot", "1", b"")], THEN)
        await store.close()
        assert write.done()
        with pytest.raises(StorageError, match="closed"):
            await store.commit([], THEN)
        with pytest.raises(StorageError, match="closed"):
            await store.records()
    assert not (tmp_path / "fabnet.sqlite-wal").exists()


@pytest.mark.asyncio
async def test_the_wal_is_copied_into_the_database_as_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHECKPOINT_BYTES", 1)
    async with opened(tmp_path) as store:
        for n in range(20):
            await store.commit([Put("lot", str(n), bytes(50_000))], THEN)
        size = (tmp_path / "fabnet.sqlite").stat().st_size
        assert size > 900_000
        assert (tmp_path / "fabnet.sqlite-wal").stat().st_size < 300_000


# ---------------------------------------------------------------- failing disks

FILL = """
async def fill():
    number = 0
    while True:
        writes = [
            store.commit([Put("lot", str(number + n), bytes(PAGE))], 0)
            for n in range(5)
        ]
        for write in writes:
            await write
            number += 1
            print(number, store.low)
"""

UNTIL_IT_FAILS = """
try:
    asyncio.run(fill())
except StorageError as error:
    print("refused", error)
kept = store.rows()["lot"]
print("kept", len(kept), store.failed is not None)
os._exit(0)
"""


def test_everything_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    script = (OPEN + FILL).replace("PATH", str(tmp_path)).replace("PAGE", "700")
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", script + "\nasyncio.run(fill())"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line.split()[0]) >= 400:
                    break
            process.send_signal(signal.SIGKILL)
            acknowledged = max(
                [400, *(int(line.split()[0]) for line in process.stdout if " " in line)]
            )
        raw = sqlite3.connect(tmp_path / "fabnet.sqlite")
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {int(key) for (key,) in raw.execute("SELECT key FROM state")}
        raw.close()
        assert set(range(acknowledged)) <= kept


def test_a_write_error_is_told_and_nothing_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
    script = OPEN + limit + FILL + UNTIL_IT_FAILS
    out = run(script.replace("PATH", str(tmp_path)).replace("PAGE", "2000")).stdout
    *acknowledged, refused, kept = out.splitlines()
    assert refused.startswith("refused the disk failed")
    assert len(acknowledged) > 10
    assert kept.split() == ["kept", str(len(acknowledged)), "True"]
    raw = sqlite3.connect(tmp_path / "fabnet.sqlite")
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert raw.execute("SELECT count(*) FROM state").fetchone()[0] >= len(acknowledged)
    raw.close()


def test_on_a_full_disk_the_ballast_is_given_up_first(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a small disk")
    mount = ["unshare", "-rUm", "sh", "-c", 'mount -t tmpfs -o size=6m none "$0"']
    if subprocess.run([*mount, tmp_path], capture_output=True, check=False).returncode:
        pytest.skip("needs user namespaces, to mount a small disk")
    mount[-1] += ' && exec "$@"'
    small = OPEN.replace("ballast_bytes=0", "ballast_bytes=1_000_000")
    script = (small + FILL + UNTIL_IT_FAILS).replace("PATH", str(tmp_path))
    out = run(script.replace("PAGE", "2000"), *mount, str(tmp_path)).stdout
    *acknowledged, refused, kept = out.splitlines()
    assert "full" in refused
    assert acknowledged[0] == "1 False"
    assert acknowledged[-1].endswith(" True")
    last_words = sum(line.endswith(" True") for line in acknowledged)
    assert last_words > 100
    assert kept.split() == ["kept", str(len(acknowledged)), "True"]


@pytest.mark.asyncio
async def test_after_a_failure_everything_that_waits_is_refused(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        await store.commit([Put("lot", "1", b"")], THEN)
        limit = "PRAGMA max_page_count = 40"
        store._write_engine.raw_connection().cursor().execute(limit)
        writes = [
            store.commit([Put("lot", str(n), bytes(40_000))], THEN) for n in range(9)
        ]
        barrier = store.commit([], THEN)
        for write in [*writes, barrier]:
            with pytest.raises(StorageError, match="full"):
                await write
        with pytest.raises(StorageError, match="full"):
            await store.commit([], THEN)
        with pytest.raises(StorageError, match="full"):
            await store.put_token(Token("phone", "operator", b"", THEN))
        assert store.failed is not None
        assert store.rows() == {"lot": {"1": b""}}


@pytest.mark.asyncio
async def test_a_mistake_in_an_effect_is_the_callers_and_stops_nothing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        mistake = Note("press", "odd", ((object(), 1),))  # type: ignore[arg-type]  # on purpose
        with pytest.raises(TypeError):
            await store.commit([mistake], THEN)
        await store.commit([Put("lot", "1", b"")], THEN)
        assert store.failed is None


def test_changes_of_a_group_weigh_what_they_hold() -> None:
    (record,) = chain(1, "x" * 100)
    changes = of_effects(ME, [Keep(record, 1, None), Put("lot", "1", bytes(50))], 0)
    assert changes.count == 2
    assert changes.size_bytes == len(record.envelope) + len(record.body or b"") + 50


def _add(finished: list[int], number: int, _: Awaitable[None]) -> None:
    finished.append(number)
