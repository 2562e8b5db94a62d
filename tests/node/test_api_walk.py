"""The main way through the API: publish, request, make, accept, and see it told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.desk import Desk, at_desk, design

pytestmark = pytest.mark.asyncio

SECRET = "Rosa Delgado"


async def filed(desk: Desk) -> str:
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(design())
    assert status == 201, said
    status, said = await desk.post(
        "/v1/requests",
        {
            "items": [{"revision": design().cid, "part": "hook", "pieces": 2}],
            "due": desk.due(),
            "need": "shelter-and-food",
            "for": {"name": SECRET, "contact": "+1 555 0100"},
        },
        "steward",
    )
    assert status == 201, said
    assert str(said["job"])[7:15] == said["short_code"]
    return str(said["job"])


async def test_a_request_is_made_accepted_and_told_in_one_story(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.make()
        print(await desk.get(f"/v1/jobs/{job[7:15]}"))
