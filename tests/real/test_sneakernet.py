"""Two real nodes of two cooperatives with no network between them, and a stick."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.node.api.answers import Designs, JobAnswer, NewBearer, NodeAnswer
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.api.table import Role
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.design import PART, write_design
from fabnet.node.demo.layout import Site, lay_out
from fabnet.node.demo.processes import DemoError, Nodes, command
from fabnet.node.keyring import ONE_TIME_FILE

pytestmark = [pytest.mark.real, pytest.mark.asyncio]

PATIENCE_S = 60


def isolate(site: Site) -> None:
    """Let a node call on nobody."""
    lines = site.config.read_text(encoding="utf-8").splitlines()
    at = lines.index("[peers]")
    end = lines.index("[trust]")
    site.config.write_text("\n".join(lines[:at] + lines[end:]), encoding="utf-8")


async def people(site: Site, *roles: Role) -> dict[str, str]:
    """Make a node's first operator, and others; return their tokens by role."""
    file = site.data / ONE_TIME_FILE
    async with asyncio.timeout(PATIENCE_S):
        while not file.exists():
            await asyncio.sleep(0.1)
    one_time = file.read_text(encoding="utf-8").strip()
    async with Client(site.operator) as node:
        first = await node.post(
            "/v1/operators", FirstOperator(one_time, "olu"), NewBearer
        )
    tokens = {"operator": first.token}
    async with Client(site.operator, first.token) as node:
        for role in roles:
            made = await node.post("/v1/tokens", NewToken(role, role), NewBearer)
            tokens[role] = made.token
    return tokens


async def designs(site: Site) -> set[str]:
    async with Client(site.operator) as node:
        return {it.cid for it in (await node.get("/v1/designs", Designs)).designs}


async def made(site: Site, job: str) -> int:
    async with Client(site.operator) as node:
        lots = (await node.get(f"/v1/jobs/{job}", JobAnswer)).lots
    return sum(lot.good for lot in lots if lot.closed is not None)


async def test_a_design_comes_by_stick_is_verified_and_made(tmp_path: Path) -> None:
    _, detroit, barcelona = lay_out(tmp_path, SystemClock())
    nodes = Nodes()
    there, back = str(tmp_path / "there.bundle"), str(tmp_path / "back.bundle")
    try:
        for site in (detroit, barcelona):
            isolate(site)
            await nodes.start(site)
        for site in (detroit, barcelona):
            await nodes.wait(site)
        ours = await people(barcelona, "designer")
        theirs = await people(detroit, "steward")

        # Barcelona publishes, and fills a stick while its node runs.
        manifest = await asyncio.to_thread(write_design, tmp_path / "design")
        key = str(barcelona.designer_key)
        said = await command(
            *("publish", str(manifest), "--key", key),
            api=barcelona.operator,
            token=ours["designer"],
        )
        revision = said.splitlines()[0]
        await command("bundle", "export", there, api=barcelona.operator)

        # Detroit does not know it; who has no token brings nothing in.
        assert revision not in await designs(detroit)
        with pytest.raises(DemoError, match="token"):
            await command("bundle", "import", there, api=detroit.operator)
        assert revision not in await designs(detroit)

        # With one, the design is there, whole, and its grant holds.
        token = theirs["operator"]
        said = await command(
            "bundle", "import", there, api=detroit.operator, token=token
        )
        assert "files taken" in said
        assert revision in await designs(detroit)

        # It is asked for and made where no network ever told of it.
        said = await command(
            *("request", "--revision", revision, "--part", PART, "--pieces", "2"),
            *("--due", "+3d", "--need", "care-and-learning", "--for", "Ms Day"),
            api=detroit.operator,
            token=theirs["steward"],
        )
        job = said.splitlines()[0]
        async with asyncio.timeout(PATIENCE_S):
            while await made(detroit, job) < 2:
                await asyncio.sleep(0.2)

        async with Client(detroit.operator) as node:
            assert not (await node.get("/v1/node", NodeAnswer)).links
    finally:
        await nodes.stop()

    # The stick goes home, between two nodes that are switched off.
    await command("bundle", "export", back, "--config", str(detroit.config), api="")
    words = ("bundle", "import", back, "--config", str(barcelona.config))
    said = await command(*words, api="")
    assert " 0 files taken" in said
    said = await command(*words, "--json", api="")
    assert '"whole": true' in said
    assert '"refused": []' in said
