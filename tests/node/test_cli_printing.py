"""`fabnet label` and `fabnet sheet` against a running node."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.node.desk import Desk, at_desk
from tests.node.test_api_walk import filed

pytestmark = pytest.mark.asyncio


async def fabnet(desk: Desk, *words: str, at: Path) -> tuple[int, str]:
    """Run a command in a folder; return its exit code and all that it printed."""
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fabnet", *words, "--api", desk.url,
        cwd=at,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await done.communicate()
    assert done.returncode is not None
    return done.returncode, out.decode()


async def test_a_sheet_and_a_label_are_written_where_they_are_wanted(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        code = job[7:15]
        await desk.until_making(job, "running")
        assert await fabnet(desk, "sheet", code, "1", at=tmp_path) == (
            0,
            f"sheet-{code}-1.pdf\n",
        )
        assert (tmp_path / f"sheet-{code}-1.pdf").read_bytes().startswith(b"%PDF-")

        await desk.make()
        await desk.until_lot(job, "closed")
        words = ("label", f"{code}-1", "--paper", "a4", "--copies", "7", "-o", "l.svg")
        assert await fabnet(desk, *words, at=tmp_path) == (0, "l.svg\nl-2.svg\n")
        assert "Wall hook" in (tmp_path / "l-2.svg").read_text(encoding="utf-8")

        told = await fabnet(desk, "label", "nothing-1", at=tmp_path)
        assert told[0] == 1
        assert "There is no passport called nothing-1" in told[1]
        none = await fabnet(desk, "label", f"{code}-1", "-o", "no/l.pdf", at=tmp_path)
        assert "no/l.pdf" in none[1]
        assert "cannot be written" in none[1]
