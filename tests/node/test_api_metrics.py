"""What a monitoring system is told, and what it is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.node.desk import at_desk
from tests.node.test_api_walk import CONTACT, NAME, filed

LINE = re.compile(r'(# (HELP|TYPE) .+|[a-z_]+(\{(state|kind)="[a-z-]+"\})? \S+)')


def told(page: str) -> dict[str, float]:
    """Return every figure, by its name and labels."""
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    return {
        name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)
    }


@pytest.mark.asyncio
async def test_a_node_tells_what_it_holds_and_what_it_last_planned(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        _, before = await desk.page("/metrics")
        job = await filed(desk)
        await desk.make()
        await desk.until_lot(job, "confirmed")

        status, page = await desk.page("/metrics")

    assert status == 200
    assert told(before)["fabnet_plans_total"] == 0
    assert "fabnet_plan_rows" not in told(before)
    figures = told(page)
    assert figures["fabnet_plans_total"] >= 1
    assert (figures["fabnet_plan_rows"], figures["fabnet_plan_placed"]) == (1, 1)
    cost_s, bound_s = (
        figures[f"fabnet_plan_{name}_seconds"] for name in ("cost", "bound")
    )
    assert cost_s == bound_s > 0  # one row, and nothing can beat its place
    assert figures['fabnet_jobs{state="open"}'] == 1
    assert figures['fabnet_doubts{kind="in-doubt"}'] == 0
    assert figures["fabnet_commits_total"] > told(before)["fabnet_commits_total"]
    for line in page.splitlines():
        assert re.fullmatch(
            r"(# (HELP|TYPE) .+|[a-z_]+(\{(state|kind)=\"[a-z-]+\"\})? \S+)", line
        )
    assert NAME not in page
    assert CONTACT not in page
    assert job not in page


def test_a_node_at_rest_does_not_load_what_writes_them() -> None:
    script = "import fabnet.node.app, sys; sys.exit('prometheus_client' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
