"""The workshop here, as other registries ask for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.node.desk import Desk, Json, at_desk

pytestmark = pytest.mark.asyncio


async def open_workshop(desk: Desk) -> dict[str, Json]:
    """Ask until the notices of the workshop and its printer are on disk."""
    async with asyncio.timeout(20):
        while True:
            status, told = await desk.get("/v1/okw")
            if status == 200 and "equipment" in told:
                return told
            await asyncio.sleep(0.05)


async def test_the_workshop_is_exported_in_both_dialects(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.cooperate()

        told = await open_workshop(desk)
        assert told["name"] == "Jackson Community Workshop"
        assert told["owner"] == {"name": "Jackson"}
        assert told["location"] == {"gpsCoordinates": "32.298800, -90.184800"}
        [printer] = told["equipment"] if isinstance(told["equipment"], list) else []
        assert isinstance(printer, dict)
        assert (printer["model"], printer["nozzleSizeMm"]) == ("MK4", [0.4])

        status, told = await desk.get("/v1/okw?dialect=iop")
        assert status == 200
        [row] = told["Address"] if isinstance(told["Address"], list) else []
        assert row == {"address_id": 1, "latitude": 32.2988, "longitude": -90.1848}


async def test_a_dialect_that_is_none_is_named(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        status, no = await desk.get("/v1/okw?dialect=okh")

        assert (status, no["field"]) == (422, "dialect")


async def test_before_the_workshop_opens_there_is_nothing_to_export(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        assert (await desk.get("/v1/okw"))[0] == 404
