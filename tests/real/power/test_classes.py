"""Real nodes killed in the middle of a piece: what it costs, by the machine's class."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fabnet.node import founding
from fabnet.node.api.answers import LotAnswer
from fabnet.node.config import DriverClass
from fabnet.node.demo.layout import Site
from fabnet.node.demo.processes import command
from fabnet.node.demo.walk import PIECES, Walk
from fabnet.node.drivers.journal import Deed, Did, Journal
from tests.real.test_lost_disk import three_cities, until

pytestmark = [pytest.mark.asyncio, pytest.mark.real]

FASTER = 3_000
"""How many times as fast as in life Detroit prints: a second a piece."""


def becomes(site: Site, driver_class: DriverClass) -> None:
    """Have all machines of a stopped node be of one class, each with its files."""
    tables = tomllib.loads(site.config.read_text())
    for machine in tables["machine"]:
        if machine["driver"] == "simulated":
            machine["time_factor"] = FASTER
            machine["driver_class"] = driver_class
            machine["journal"] = "bench.jsonl"
            machine.pop("memory", None)
            if driver_class != "C":
                machine["memory"] = f"{machine['id']}-{driver_class}.json"
    site.config.write_bytes(founding.config_toml(tables))


def did(walk: Walk) -> list[Did]:
    """Return what Detroit's machines did of the job."""
    lines = Journal(walk.detroit.site.folder / "bench.jsonl").read()
    return [line for line in lines if line.job == walk.job]


def counted(walk: Walk, deed: Deed) -> int:
    return sum(line.did == deed for line in did(walk))


async def is_killed(walk: Walk) -> None:
    process = walk.nodes.running.pop(walk.detroit.site.city.id)
    process.kill()
    await process.wait()


async def starts(walk: Walk) -> None:
    await walk.nodes.start(walk.detroit.site)
    await walk.nodes.wait(walk.detroit.site)


async def is_killed_in_a_piece(walk: Walk) -> None:
    """Ask for pieces, and kill Detroit's node when the second is in the machine."""
    await walk.request()

    async def second_is_begun() -> bool:
        return counted(walk, "begun") == 2 and counted(walk, "good") == 1

    await until(second_is_begun)
    await is_killed(walk)
    assert counted(walk, "begun") == 2, "the second piece was in the machine"


async def made(walk: Walk) -> LotAnswer:
    """Wait until Jackson has booked all that it asked for."""

    async def all_of_it() -> bool:
        job = await walk.job_at(walk.jackson)
        return sum(lot.good for lot in job.lots) >= PIECES

    await until(all_of_it)
    lots = (await walk.job_at(walk.jackson)).lots
    (lot,) = [lot for lot in lots if lot.state != "dropped"]
    return lot


async def codes(walk: Walk) -> list[str]:
    return [line.code for line in await walk.lines_at(walk.detroit)]


async def test_a_goes_on_b_scraps_and_c_waits_for_a_person(tmp_path: Path) -> None:
    async with three_cities(tmp_path, lambda site: becomes(site, "A")) as walk:
        await walk.publish(tmp_path / "design")
        await is_killed_in_a_piece(walk)
        await starts(walk)
        lot = await made(walk)

        assert (lot.good, lot.scrap) == (PIECES, 0)
        assert counted(walk, "begun") == counted(walk, "good") == PIECES
        story = await codes(walk)
        assert "in-doubt" in story
        assert "bench-counted" not in story

        await is_killed(walk)
        becomes(walk.detroit.site, "B")
        await starts(walk)
        await is_killed_in_a_piece(walk)
        await starts(walk)
        lot = await made(walk)

        assert (lot.good, lot.scrap) == (PIECES, 1)
        assert counted(walk, "good") == PIECES
        assert counted(walk, "begun") == PIECES + 1
        assert "bench-counted" not in await codes(walk)

        await is_killed(walk)
        becomes(walk.detroit.site, "C")
        await starts(walk)
        await is_killed_in_a_piece(walk)
        await starts(walk)
        await _waits_for_a_person(walk)
        lot = await made(walk)

        assert (lot.good, lot.scrap) == (PIECES, 1)
        assert counted(walk, "good") == PIECES


async def _waits_for_a_person(walk: Walk) -> None:
    detroit = walk.detroit

    async def says_so() -> bool:
        told = await command(
            "doubts", api=detroit.client.url, token=detroit.operator_token
        )
        return "fabnet count" in told

    await until(says_so)
    begun = counted(walk, "begun")
    words = ("count", walk.job[7:15], "1", "scrap", "--person", "Ana")
    assert begun == 2, "nothing runs again by itself"
    await command(*words, api=detroit.client.url, token=detroit.operator_token)
