"""An operator prunes the request of a job that is over: nobody is named any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.node.cli.main import main
from fabnet.records.ids import RecordId
from tests.node.desk import Desk, Json, at_desk
from tests.node.test_api_walk import CONTACT, NAME, filed
from tests.node.test_pruning import holds

pytestmark = pytest.mark.asyncio

WHY: Json = {"why": "personal"}


async def reason(desk: Desk, record: str) -> tuple[int, str]:
    status, said = await desk.post(f"/v1/records/{record}/prune", WHY)
    return status, str(said.get("type", "")).rpartition(":")[2]


async def test_the_request_of_a_job_that_is_over_is_pruned_with_its_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        assert holds(tmp_path, NAME)
        assert await reason(desk, job) == (409, "job-not-over")

        await desk.make()
        await desk.until_lot(job, "closed")
        assert await reason(desk, job) == (409, "job-not-over"), "not accepted yet"
        status, said = await desk.post(f"/v1/lots/{job}/1/acceptance", {}, "steward")
        assert status == 201, said
        accepted = str(said["id"])

        for role in ("steward", "designer"):
            assert (await desk.post(f"/v1/records/{job}/prune", WHY, role))[0] == 403
        to = ["--api", desk.url, "--token", desk.tokens["operator"]]
        words = ["prune", job[7:15], "--why", "personal", *to]
        assert await asyncio.to_thread(main, words) == 0
        assert f"pruned here: {job}" in capsys.readouterr().out

        assert not holds(tmp_path, NAME)
        assert not holds(tmp_path, CONTACT)
        record = await desk.shell.store.record(RecordId(job))
        assert record is not None
        assert record.body is None
        assert await reason(desk, job) == (409, "body-not-here")
        assert await reason(desk, accepted) == (409, "body-is-account")
        assert (await desk.get(f"/v1/jobs/{job}"))[0] == 200, "made here as well"
        _, story = await desk.get(f"/v1/stories/{job}")
        assert "was deleted here, as personal" in str(story)
        assert (await desk.page("/"))[0] == 200


async def test_what_is_not_there_or_not_meant_is_told(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert await reason(desk, "bafkrei" + "a" * 52) == (404, "not-found")
        status, _ = await desk.post("/v1/records/x/prune", {"why": "bored"})
        assert status == 422
