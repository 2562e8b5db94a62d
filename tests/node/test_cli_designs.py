"""The commands that find designs and look into them, against a running node."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fabnet.node.cli.main import main
from tests.node.desk import Desk, at_desk
from tests.node.test_api_designs import FIRST, FORK, RACK, SECOND, publish

Capture = pytest.CaptureFixture[str]


async def run(desk: Desk, *words: str) -> int:
    return await asyncio.to_thread(main, [*words, "--api", desk.url])


@pytest.mark.asyncio
async def test_designs_are_found_and_the_rest_is_a_mark_away(
    tmp_path: Path, capsys: Capture
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, SECOND, RACK)

        assert await run(desk, "designs", "--text", "union") == 0
        told = capsys.readouterr().out
        assert RACK.cid in told
        assert FIRST.cid not in told
        assert await run(desk, "designs", "--newest", "--limit", "1") == 0
        told = capsys.readouterr().out
        assert RACK.cid in told
        mark = told.rpartition("--after ")[2].strip()
        assert await run(desk, "designs", "--newest", "--after", mark) == 0
        told = capsys.readouterr().out
        assert SECOND.cid in told
        assert FIRST.cid not in told
        assert await run(desk, "designs", "--text", "nothing") == 0
        assert capsys.readouterr().out == "no such design is known\n"
        assert await run(desk, "designs", "--lineage", "x") == 1
        assert "lineage: expected a CID" in capsys.readouterr().err


@pytest.mark.asyncio
async def test_a_design_is_looked_into_and_compared(
    tmp_path: Path, capsys: Capture
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, SECOND, FORK, RACK)

        assert await run(desk, "bom", RACK.cid, "--units", "2") == 0
        told = capsys.readouterr().out
        assert "2 × Perchero de unión" in told
        assert "laser-cutting, 1 min 30 s each" in told
        assert "M4 screw" in told
        assert await run(desk, "lineage", FIRST.cid) == 0
        lines = capsys.readouterr().out.splitlines()
        assert any(f"  {SECOND.cid}" in line and "newest" in line for line in lines)
        assert any(line.startswith(f"* {FIRST.cid}") for line in lines)
        assert any("fork" in line and FORK.cid in line for line in lines)
        assert any("first, superseded" in line for line in lines)
        assert await run(desk, "diff", FIRST.cid, SECOND.cid) == 0
        assert "The version was 1.0, and is 2.0." in capsys.readouterr().out
        assert await run(desk, "diff", FIRST.cid, FIRST.cid, "--json") == 0
        assert json.loads(capsys.readouterr().out)["changes"] == []


@pytest.mark.asyncio
async def test_units_of_a_design_are_asked_for_by_its_name_alone(
    tmp_path: Path, capsys: Capture
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)
        await desk.cooperate()
        words = f"--need other --for Rosa --due +1d --token {desk.tokens['steward']}"

        assert await run(desk, "request", RACK.cid, "--units", "2", *words.split()) == 0
        job = capsys.readouterr().out.splitlines()[0]
        _, shown = await desk.get(f"/v1/jobs/{job}")
        assert isinstance(shown["items"], list)
        assert len(shown["items"]) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--units 1", "DESIGN: expected the CID of one design"),
        ("CID --revision OTHER --units 1", "DESIGN: expected the CID of one design"),
        ("CID", "--units: expected --units, or --part and --pieces"),
        ("CID --part a", "--units: expected --units, or --part and --pieces"),
        ("CID --part a --pieces 1 --units 1", "--units: expected --units, or"),
    ],
)
def test_what_is_asked_for_must_be_clear(
    words: str, told: str, capsys: Capture
) -> None:
    rest = "--need other --for Rosa --due +1d"

    assert main(["request", *words.split(), *rest.split()]) == 1
    assert told in capsys.readouterr().err
