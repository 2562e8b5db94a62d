"""Bad bodies at a real node's API: the problem names the field, and nothing is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile.papers import edited
from tests.hostile.rows import written
from tests.node.cooperative import design
from tests.node.desk import Desk, Json, at_desk, request_body

JOB = "bafkrei" + "a" * 52


def good(desk: Desk, route: str) -> dict[str, Json]:
    """Return the body that each route is glad of, as far as its fields go."""
    stated: dict[str, dict[str, Json]] = {
        "/v1/requests": request_body(desk, 1),
        "/v1/designs": {"manifest": "e30=", "folder": JOB, "grant": "e30="},
        "/v1/documents": {"kind": "charter/1", "document": "e30="},
        "/v1/withdrawals": {"document": "e30="},
        "/v1/tokens": {"name": "ada", "role": "steward"},
        "/v1/operators": {"one_time_token": "spent", "name": "ada"},
        "count": {"good": True, "person": "Ada"},
        "state": {"state": "idle"},
        "piece": {"good": True},
    }
    return stated.get(route) or stated.get(route.rpartition("/")[2]) or {}


def spelt(path: str) -> str:
    """Return a path as a problem spells it, such as `items[0].pieces`."""
    return re.sub(r"\.(\d+)", r"[\1]", path.removeprefix("-"))


async def kept(desk: Desk) -> tuple[int, int]:
    """Return how much there is: records in the store, and files beside it."""
    records = await desk.shell.store.records(limit=1_000)
    return len(records), len(await desk.shell.store.tokens())


@pytest.mark.asyncio
async def test_every_bad_body_is_refused_by_field_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    wrong: list[str] = []
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.cooperate()
        status, said = await desk.publish(design())
        assert status == 201, said
        before = await kept(desk)
        rows = list(written("api"))
        for route, path, value, why in rows:
            body = edited(good(desk, route), path, value)
            status, no = await desk.post(route.replace("JOB", JOB), body)
            named = str(no.get("field"))
            told = str(no.get("detail"))
            if not (status == 422 and named.startswith(spelt(path)) and why in told):
                wrong.append(f"{route} {path} {str(value)[:20]}: {status} {told}")
        assert await kept(desk) == before
    assert len(rows) >= 100
    assert not wrong, "\n".join(wrong)
