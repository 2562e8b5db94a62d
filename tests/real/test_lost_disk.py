"""A workshop's disk is lost in the middle of a lot: people see it, count, and go on."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from fabnet.node.api.answers import LotAnswer
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.layout import Site, lay_out
from fabnet.node.demo.processes import DemoError, Nodes, command
from fabnet.node.demo.walk import PIECES, Place, Walk
from fabnet.node.store.incarnation import FILE_NAME

pytestmark = [pytest.mark.asyncio, pytest.mark.real]

SLOWER = 500
"""How many times as fast as in life Detroit prints: seven seconds a piece."""
WAIT_S = 120


@asynccontextmanager
async def three_cities(
    folder: Path, set_up: Callable[[Site], None] | None = None
) -> AsyncIterator[Walk]:
    """Run the demonstration's nodes, with slower machines than there.

    Detroit is `set_up` before it starts.
    """
    sites = lay_out(folder, SystemClock())
    for site in sites:
        words = site.config.read_text()
        site.config.write_text(words.replace("= 4000", f"= {SLOWER}"))
    if set_up is not None:
        set_up(sites[1])
    nodes = Nodes()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(nodes.stop)
        places: list[Place] = []
        for site in sites:
            await nodes.start(site)
            client = await stack.enter_async_context(Client(site.operator))
            places.append(Place(site, client))
        for place in places:
            await nodes.wait(place.site)
        jackson, detroit, barcelona = places
        walk = Walk(nodes, jackson, detroit, barcelona, lambda _: None)
        await walk.meet()
        yield walk


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await holds():
            await asyncio.sleep(0.2)


async def the_lot(walk: Walk, epoch: int = 1) -> LotAnswer:
    job = await walk.job_at(walk.jackson)
    return next(lot for lot in job.lots if lot.epoch == epoch)


def backed_up(site: Site, to: Path) -> None:
    """Copy a running node's database, as a backup does."""
    with sqlite3.connect(site.data / "fabnet.db") as live, sqlite3.connect(to) as copy:
        live.backup(copy)
    live.close()
    copy.close()


def brought_back(site: Site, backup: Path) -> None:
    """Put a copy in the place of a stopped node's database."""
    for name in ("fabnet.db", "fabnet.db-wal", "fabnet.db-shm", FILE_NAME):
        (site.data / name).unlink(missing_ok=True)
    (site.data / "fabnet.db").write_bytes(backup.read_bytes())


async def loses_its_disk(walk: Walk, backup: Path) -> None:
    """Stop Detroit at once, and start it with an older copy of its database."""
    site = walk.detroit.site
    process = walk.nodes.running.pop(site.city.id)
    process.kill()
    await process.wait()
    brought_back(site, backup)
    await walk.nodes.start(site)
    await walk.nodes.wait(site)


async def doubts(place: Place, token: str) -> dict[str, dict[str, object]]:
    """Return what `fabnet doubts` lists at a node, by kind."""
    told = await command("doubts", "--json", api=place.client.url, token=token)
    found = json.loads(told)["doubts"]
    return {each["kind"]: each for each in found}


async def test_a_maker_restored_in_the_middle_of_a_lot_has_its_bench_counted(
    tmp_path: Path,
) -> None:
    async with three_cities(tmp_path) as walk:
        await walk.publish(tmp_path / "design")
        await walk.request()

        async def one_is_made() -> bool:
            job = await walk.job_at(walk.jackson)
            return any(lot.good for lot in job.lots)

        async def another_is_made() -> bool:
            return (await the_lot(walk)).good >= 2

        await until(one_is_made)
        backed_up(walk.detroit.site, tmp_path / "backup")
        await until(another_is_made)
        await loses_its_disk(walk, tmp_path / "backup")
        await _both_sides_see_it(walk)
        await _the_bench_is_counted(walk)


async def _both_sides_see_it(walk: Walk) -> None:
    jackson, detroit = walk.jackson, walk.detroit

    async def are_told() -> bool:
        here = await doubts(jackson, walk.steward_token)
        there = await doubts(detroit, detroit.operator_token)
        return "lot-lost" in here and {"bench-unknown", "restored"} <= there.keys()

    await until(are_told)
    lost = (await doubts(jackson, walk.steward_token))["lot-lost"]
    unknown = (await doubts(detroit, detroit.operator_token))["bench-unknown"]
    assert (lost["job"], lost["epoch"]) == (walk.job, 1)
    assert (lost["pieces"], lost["other"]) == (PIECES, "Eastern Market Makers")
    assert "write-off" in str(lost["command"])
    assert (unknown["job"], unknown["other"]) == (
        walk.job,
        "Jackson Community Production",
    )
    assert "fabnet attest" in str(unknown["command"])
    told = await command("doubts", api=detroit.client.url, token=detroit.operator_token)
    assert "Count all good and spoilt pieces" in told
    for place in (jackson, detroit):
        for path in ("/", f"/jobs/{walk.job}"):
            page = (await place.client.get_bytes(path)).decode()
            assert "Somebody must look" in page, (place.name, path)


async def _the_bench_is_counted(walk: Walk) -> None:
    detroit = walk.detroit
    key = str(detroit.site.folder / "keys" / "operator.pem")
    good = (await the_lot(walk)).good
    words = ("attest", f"{walk.job[7:15]}/1", "--scrap", "1", "--key", key, "--good")

    async def attests(pieces: int) -> str:
        return await command(
            *words, str(pieces), api=detroit.client.url, token=detroit.operator_token
        )

    with pytest.raises(DemoError, match="good pieces were signed for"):
        await attests(0)
    assert f"attested: {good} good, 1 scrap" in await attests(good)

    async def is_closed() -> bool:
        return (await the_lot(walk)).state == "closed"

    async def is_whole() -> bool:
        job = await walk.job_at(walk.jackson)
        return sum(item.good for item in job.items) == PIECES

    await until(is_closed)
    lot = await the_lot(walk)
    assert (lot.good, lot.scrap) == (good, 1)
    assert "lot-lost" not in await doubts(walk.jackson, walk.steward_token)
    assert "bench-unknown" not in await doubts(detroit, detroit.operator_token)
    await until(is_whole)
