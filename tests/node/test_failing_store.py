"""Disks that fail a store in ways of their own, and what is done about each."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fabnet.errors import DiskError, StorageError
from fabnet.node.store.alarm import Alarm
from fabnet.node.store.datadir import Lock
from tests.node.storing import OPEN, opened, run
from tests.node.test_ballast import on_a_small_disk
from tests.node.test_writer import FILL, UNTIL_IT_FAILS

CANNOT_GROW = (
    OPEN.replace("ballast_bytes=0", "ballast_bytes=1_000_000")
    + """
from fabnet.node.store import writer
async def cannot_grow():
    for n in range(20):
        await store.commit([Put("lot", str(n), bytes(100_000))], 0)
    free = os.statvfs("PATH").f_bavail * 4096
    Path("PATH", "films").write_bytes(bytes(free - LEFT))
    writer.CHECKPOINT_BYTES = EACH
    await store.commit([Put("lot", "last", bytes(50_000))], 0)
    await store.commit([], 0)
    await store.close()
    print(Path("PATH", "ballast").exists(), store.failed)
asyncio.run(cannot_grow())
"""
)
NO_BALLAST = """
import resource
from pathlib import Path
from fabnet.node.store.datadir import Ballast
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
print(Ballast(Path("PATH"), 1 << 20).look(), list(Path("PATH").iterdir()))
"""


@pytest.mark.asyncio
async def test_a_failure_in_another_thread_is_told_to_who_waits_for_one() -> None:
    alarm = Alarm()
    waiting = asyncio.ensure_future(alarm.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    threading.Thread(target=alarm.ring, args=(DiskError("gone"),)).start()

    assert str(await waiting) == "gone"


def test_a_directory_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageError, match="cannot be opened"):
        Lock.take(tmp_path / "file")


def test_a_ballast_that_cannot_be_set_aside_leaves_nothing(tmp_path: Path) -> None:
    said = run(NO_BALLAST.replace("PATH", str(tmp_path))).stdout

    assert said == "low []\n"


@pytest.mark.parametrize(("left", "each"), [("200_000", "1"), ("4096", "1 << 30")])
def test_a_log_or_a_database_that_cannot_grow_takes_the_ballast_and_goes_on(
    tmp_path: Path, left: str, each: str
) -> None:
    script = CANNOT_GROW.replace("LEFT", left).replace("EACH", each)

    assert on_a_small_disk(script, tmp_path)[0] == "False None"


def test_a_database_that_cannot_be_written_to_ends_the_store(tmp_path: Path) -> None:
    limit = (
        "from fabnet.node.store import writer\n"
        "writer.CHECKPOINT_BYTES = 1\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
    )
    script = OPEN + limit + FILL + UNTIL_IT_FAILS
    out = run(script.replace("PATH", str(tmp_path)).replace("PAGE", "20_000")).stdout

    assert "refused the disk failed: disk I/O error" in out


@pytest.mark.asyncio
async def test_a_store_that_is_closing_takes_no_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        writer = store._writer
        await writer.close()
        with pytest.raises(StorageError, match="the store is closed"):
            await store.commit([], 0)
