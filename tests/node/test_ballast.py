"""The room set aside, on a small disk of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node.storing import run

BALLAST = """
from pathlib import Path
from fabnet.node.store.datadir import Ballast
disk = Path("PATH")
ballast = Ballast(disk, 1 << 20)
print(ballast.look(), (disk / "ballast").stat().st_size)
(disk / "films").write_bytes(bytes(5 << 20))
print(ballast.look())
print(ballast.give_up(), ballast.state, (disk / "ballast").exists())
print(ballast.give_up())
(disk / "more").write_bytes(bytes(1 << 19))
print(ballast.look())
(disk / "more").unlink()
(disk / "films").write_bytes(bytes(2 << 20))
print(ballast.look(), (disk / "ballast").exists())
"""
BLOBS = """
import asyncio
from pathlib import Path
from fabnet.errors import DiskError, DiskFullError
from fabnet.node.store.alarm import Alarm
from fabnet.node.store.blobs import Blobs
disk, alarm = Path("PATH"), Alarm()
blobs = Blobs.open(disk / "blobs", alarm)
(disk / "films").write_bytes(bytes(6 << 20))
async def keep():
    try:
        await blobs.put_bytes(bytes(3 << 20))
    except DiskFullError as error:
        print("full", alarm.failure, list((disk / "blobs" / "partial").iterdir()))
    (disk / "films").unlink()
    print(await blobs.has(await blobs.put_bytes(bytes(3 << 20))))
asyncio.run(keep())
"""


def on_a_small_disk(script: str, path: Path) -> list[str]:
    """Run a script with 8 MiB mounted at a path; return the lines it printed."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a small disk")
    mount = ["unshare", "-rUm", "sh", "-c", 'mount -t tmpfs -o size=8m none "$0"']
    if subprocess.run([*mount, path], capture_output=True, check=False).returncode:
        pytest.skip("needs user namespaces, to mount a small disk")
    mount[-1] += ' && exec "$@"'
    return run(script.replace("PATH", str(path)), *mount, str(path)).stdout.split("\n")


def test_room_is_set_aside_given_up_and_taken_again_when_there_is_some(
    tmp_path: Path,
) -> None:
    assert on_a_small_disk(BALLAST, tmp_path)[:-1] == [
        "ample 1048576",
        "low",
        "True critical False",
        "False",
        "low",
        "ample True",
    ]


def test_a_file_that_does_not_fit_is_refused_and_the_disk_is_not_given_up(
    tmp_path: Path,
) -> None:
    assert on_a_small_disk(BLOBS, tmp_path)[:-1] == ["full None []", "True"]
