"""A request of a node that nobody can dial is made on a machine that nobody can dial.

Two hubs of different cooperatives are all that the two can reach. One of them is killed
while the pieces are made. Both wrote down every byte, and know nothing of the person.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from fabnet.content.cid import of_raw
from fabnet.errors import RemoteError
from fabnet.node import founding
from fabnet.node.api.answers import (
    Credit,
    Designs,
    Handover,
    Health,
    JobAnswer,
    Machines,
    NewBearer,
)
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.client import API_VARIABLE, TOKEN_VARIABLE, Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.design import PART, write_design
from fabnet.node.keyring import ONE_TIME_FILE
from tests.house.tree import ROOT
from tests.real.cities.towns import PUBLIC_PORT, Town, lay_out

pytestmark = [
    pytest.mark.real,
    pytest.mark.asyncio,
    pytest.mark.allow_hosts(["127.0.0.0/8"]),
]

STEP_S = 60
PIECES = 6
PERSON, CONTACT = "Mrs Odessa Green", "Rosa will bring them"
DAY_LINE = "nozzle-um = 400"


@dataclass(slots=True)
class Place:
    """A running node, and an operator at it."""

    town: Town
    process: Process
    client: Client
    operator: str
    """The operator's token."""

    async def typed(self, *words: str, token: str = "") -> str:
        """Run `fabnet …` as a person would; return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fabnet", *words),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, API_VARIABLE: self.town.api, TOKEN_VARIABLE: token},
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, words
        return out.decode()

    async def token(self, role: str) -> str:
        body = NewToken(role, role)  # type: ignore[arg-type]  # one of three words
        return (await self.client.post("/v1/tokens", body, NewBearer)).token


def arrange(town: Town, hubs: list[Town], *, is_hub: bool, has_machines: bool) -> None:
    """Write a town's configuration anew: whom it calls on, and where it answers."""
    tables = tomllib.loads(town.config.read_text("utf-8"))
    others = [hub for hub in hubs if hub is not town]
    tables["peers"]["dial"] = [f"{hub.multiaddr}/p2p/{hub.peer}" for hub in others]
    tables["facility"]["hours"] = ["Mo-Su 00:00-24:00"]
    if not is_hub:
        tables["listen"] |= {"public": "none", "addresses": []}
    if not has_machines:
        del tables["machine"]
    town.config.write_bytes(founding.config_toml(tables))


@asynccontextmanager
async def started(town: Town, diary: Path | None = None) -> AsyncIterator[Process]:
    """Run a town's node; with a diary it writes down every byte."""
    nosy = ("-m", "fabnet") if diary is None else ("-m", "tests.real.hubs.nosy", diary)
    with town.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *map(str, nosy), "run", str(town.config)),
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@asynccontextmanager
async def moved_in(town: Town, process: Process) -> AsyncIterator[Place]:
    """Become the operator of a node that has just started."""
    async with Client(town.api) as stranger:
        await until(town, lambda: answers(stranger, town))
        one_time = (town.data / ONE_TIME_FILE).read_text("ascii").strip()
        body = FirstOperator(one_time, "operator")
        token = (await stranger.post("/v1/operators", body, NewBearer)).token
    async with Client(town.api, token) as client:
        yield Place(town, process, client, token)


async def answers(client: Client, town: Town) -> bool:
    """Whether a node answers, and has written down how to become its operator."""
    path = town.data / ONE_TIME_FILE
    with suppress(RemoteError):
        is_up = (await client.get("/healthz", Health)).ok
        return is_up and path.exists() and bool(path.read_text("ascii"))
    return False


async def until(town: Town, holds: Callable[[], Awaitable[bool]]) -> None:
    try:
        async with asyncio.timeout(STEP_S):
            while not await holds():
                await asyncio.sleep(0.2)
    except TimeoutError:
        log = town.log.read_text("utf-8", "replace")[-6_000:]
        pytest.fail(f"{town.name}: not within {STEP_S} s; its log ends: {log}")


def publishable(folder: Path) -> Path:
    """Write a design of which a piece takes a second."""
    manifest = write_design(folder)
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace(DAY_LINE, f"{DAY_LINE}\nreference-s = 1"), "utf-8")
    return manifest


async def knows_machines(place: Place, count: int) -> bool:
    """Whether a node knows so many machines that are free."""
    known = await place.client.get("/v1/machines", Machines)
    vouched = [each for each in known.facilities if each.is_vouched]
    machines = [machine for each in vouched for machine in each.machines]
    return sum(each.free_from_ms is not None for each in machines) == count


async def publish(place: Place, folder: Path) -> str:
    manifest = await asyncio.to_thread(publishable, folder)
    words = ("publish", str(manifest), "--key", str(place.town.designer_key))
    told = await place.typed(*words, token=await place.token("designer"))
    return told.splitlines()[0]


async def request(place: Place, revision: str) -> str:
    words = (
        *("request", "--revision", revision, "--part", PART, "--due", "+3d"),
        *("--pieces", str(PIECES), "--need", "care-and-learning"),
        *("--for", PERSON, "--contact", CONTACT),
    )
    told = await place.typed(*words, token=await place.token("steward"))
    return told.splitlines()[0]


async def gives(hub: Town, revision: str) -> bool:
    """Whether any IPFS client gets from a hub what an attached node published."""
    url = f"http://{hub.address}:{PUBLIC_PORT}/ipfs/{revision}?format=raw"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        return reply.status == 200 and of_raw(await reply.read()) == revision


async def nobody_can_dial(town: Town) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(town.address, PUBLIC_PORT)


def knows_nothing_of_the_person(hub: Town, diary: Path, job: str) -> None:
    heard = diary.read_bytes()
    assert job.encode() in heard, f"{hub.name} heard of the job"
    kept = [file.read_bytes() for file in hub.data.rglob("*") if file.is_file()]
    for private in (PERSON, CONTACT, "Odessa", "Rosa"):
        assert private.encode() not in heard + b"".join(kept), hub.name


async def test_a_machine_that_nobody_can_dial_works_for_a_person_nobody_can_see(
    tmp_path: Path,
) -> None:
    at = [f"127.0.0.{number}" for number in range(11, 16)]
    jackson, detroit, barcelona, porto, _ = towns = await asyncio.to_thread(
        lay_out, tmp_path, at, SystemClock()
    )
    hubs = [jackson, detroit]
    for town in towns:
        arrange(town, hubs, is_hub=town in hubs, has_machines=town is porto)
    diaries = [tmp_path / "jackson.diary", tmp_path / "detroit.diary"]

    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(started(town, diary))
            for town, diary in zip(towns, [*diaries, None, None], strict=False)
        ]
        first, _, asking, making = [
            await stack.enter_async_context(moved_in(town, process))
            for town, process in zip(towns, processes, strict=False)
        ]
        for town in (barcelona, porto):
            await nobody_can_dial(town)

        await until(barcelona, lambda: knows_machines(asking, 2))
        revision = await publish(asking, tmp_path / "design")

        async def knows_the_design() -> bool:
            known = await making.client.get("/v1/designs", Designs)
            return revision in {design.cid for design in known.designs}

        await until(porto, knows_the_design)
        job = await request(asking, revision)

        async def has_begun() -> bool:
            answer = await asking.client.get(f"/v1/jobs/{job}", JobAnswer)
            return any(lot.good or lot.progress_permille for lot in answer.lots)

        await until(barcelona, has_begun)
        first.process.kill()
        await first.process.wait()

        async def is_made() -> bool:
            answer = await asking.client.get(f"/v1/jobs/{job}", JobAnswer)
            return sum(lot.good for lot in answer.lots if lot.closed) >= PIECES

        await until(barcelona, is_made)
        answer = await asking.client.get(f"/v1/jobs/{job}", JobAnswer)
        lots = [lot for lot in answer.lots if lot.good]
        for lot in lots:
            await asking.typed("accept", job, str(lot.epoch), token=asking.operator)

        async def is_accepted() -> bool:
            credit = await making.client.get("/v1/credit", Credit)
            posted = {it.epoch for it in credit.postings if it.job == job}
            return posted >= {lot.epoch for lot in lots}

        await until(porto, is_accepted)
        await until(detroit, lambda: gives(detroit, revision))
        path = f"/v1/lots/{job}/{lots[0].epoch}/handover"
        told = await making.client.get(path, Handover)

    assert (told.name, told.contact) == (PERSON, CONTACT), "it was said, to the maker"
    for hub, diary in zip(hubs, diaries, strict=True):
        knows_nothing_of_the_person(hub, diary, job)
    assert b"confirm/1" in b"".join(diary.read_bytes() for diary in diaries)
