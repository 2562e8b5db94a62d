"""On a disk that is nearly full what is under way ends, and nothing new begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.cooperative import design
from tests.node.desk import at_desk, design_body, request_body

MORE_THAN_THERE_IS = 2**50


@pytest.mark.asyncio
async def test_a_node_low_on_disk_begins_nothing_and_says_why(tmp_path: Path) -> None:
    async with at_desk(tmp_path, ballast_bytes=MORE_THAN_THERE_IS) as desk:
        await desk.people()
        await desk.cooperate()
        status, said = await desk.post("/v1/requests", request_body(desk, 1), "steward")
        published, _ = await desk.post("/v1/designs", design_body(design()), "designer")
        jobs, _ = await desk.get("/v1/jobs")
        _, figures = await desk.page("/metrics")

    assert (status, said["type"]) == (507, "urn:fabnet:reason:disk-low")
    assert published == 507
    assert jobs == 200
    assert "\nfabnet_disk_low 1.0\n" in figures


@pytest.mark.asyncio
async def test_what_ends_a_thing_is_still_taken(tmp_path: Path) -> None:
    async with at_desk(tmp_path, ballast_bytes=MORE_THAN_THERE_IS) as desk:
        await desk.people()
        await desk.cooperate()
        cancelled, said = await desk.post(
            "/v1/jobs/nothing/cancellation", {"reason": "no longer needed"}, "steward"
        )

    assert said["type"] != "urn:fabnet:reason:disk-low"
    assert cancelled in (404, 422)
