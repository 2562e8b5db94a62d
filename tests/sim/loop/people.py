"""A person at a node: asks, looks at what lies on the bench, and takes what is made.

Speaks through the node's own API, over the wires of the loop, and remembers what it was
told was done.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from fabnet.errors import RemoteError
from fabnet.node.api.answers import (
    Created,
    Designs,
    Filed,
    Jobs,
    Machines,
    Makings,
    NewBearer,
    NodeAnswer,
    PublishedDesign,
)
from fabnet.node.api.asks import (
    BenchCount,
    FirstOperator,
    NewAcceptance,
    NewDesign,
    NewItem,
    NewPerson,
    NewRequest,
)
from fabnet.node.client import Client
from fabnet.node.drivers.journal import Did, Journal
from fabnet.node.keyring import ONE_TIME_FILE
from fabnet.records.ids import CidText
from tests.node.cooperative import design
from tests.real.cities.export import append
from tests.sim.loop.node import Node

LOOK_S: Final = 20
"""How often a person looks, in virtual seconds."""
CALL_S: Final = 20
PART: Final = "hook"
PIECES: Final = 1
TOKEN_FILE: Final = "token"


@dataclass
class Person:
    """Who works at one node, whether it runs or not."""

    node: Node
    acknowledged: list[str] = field(default_factory=list)
    """Records that it was told are kept."""

    def calls(self) -> Client:
        token = self.node.town.folder / TOKEN_FILE
        known = token.read_text() if token.exists() else None
        return Client(self.node.town.api, known)

    # ------------------------------------------------------------------ beginnings

    async def moves_in(self) -> None:
        """Become the operator."""
        one_time = (self.node.town.data / ONE_TIME_FILE).read_text("ascii").strip()
        async with self.calls() as node:
            body = FirstOperator(one_time, "operator")
            given = await node.post("/v1/operators", body, NewBearer)
        (self.node.town.folder / TOKEN_FILE).write_text(given.token)

    async def publishes(self) -> None:
        """Publish the one design."""
        hook = design()
        token = (self.node.town.folder / TOKEN_FILE).read_text()
        async with (
            aiohttp.ClientSession() as session,
            self.calls() as node,
        ):
            for data in hook.files.values():
                url = self.node.town.api + "/v1/blobs"
                bearer = {"Authorization": f"Bearer {token}"}
                async with session.post(url, data=data, headers=bearer) as reply:
                    assert reply.status == 201, await reply.text()
            body = NewDesign(hook.manifest, hook.folder, hook.grant)
            await node.post("/v1/designs", body, PublishedDesign)

    async def knows(self, machines: int) -> bool:
        """Whether the node knows of so many machines, and of the design."""
        async with self.calls() as node:
            known = await node.get("/v1/machines", Machines)
            designs = await node.get("/v1/designs", Designs)
        free = [
            machine
            for each in known.facilities
            for machine in each.machines
            if each.is_vouched and machine.free_from_ms is not None
        ]
        is_known = design().cid in {each.cid for each in designs.designs}
        return is_known and len(free) >= machines

    # ------------------------------------------------------------------ every day

    async def asks(self) -> None:
        """File the one request, unless the node has it: an answer may be lost."""
        now_s = self.node.clock.now().moment_ms // 1_000
        body = NewRequest(
            due=datetime.fromtimestamp(now_s, UTC) + timedelta(hours=12),
            need="livelihood",
            person=NewPerson("Odessa"),
            items=(NewItem(CidText(design().cid), PART, PIECES),),
        )
        async with self.calls() as node:
            if not (await node.get("/v1/jobs", Jobs)).jobs:
                job = (await node.post("/v1/requests", body, Filed)).job
                self.acknowledged.append(job)

    async def tends(self) -> None:
        """Count what is in doubt and take what is made; a silent node has time."""
        with suppress(RemoteError, TimeoutError):
            async with asyncio.timeout(CALL_S):
                await self.counts()
                await self.takes()

    async def takes(self) -> None:
        """Accept every lot that is whole."""
        async with self.calls() as node:
            for job in (await node.get("/v1/jobs", Jobs)).jobs:
                for lot in job.lots if job.side == "requester" else ():
                    ready = lot.state == "closed" and lot.closed and lot.good
                    if not ready or lot.accepted:
                        continue
                    path = f"/v1/lots/{lot.job}/{lot.epoch}/acceptance"
                    made = await node.post(path, NewAcceptance(), Created)
                    self.acknowledged.append(made.id)

    async def counts(self) -> None:
        """Say what lies on the bench of each lot that is in doubt."""
        async with self.calls() as node:
            for lot in (await node.get("/v1/makings", Makings)).makings:
                if lot.state != "in-doubt":
                    continue
                good = self._looks(lot.job, lot.epoch, lot.good + lot.scrap + 1)
                body = BenchCount(good=good, person="Ana")
                path = f"/v1/lots/{lot.job}/{lot.epoch}/count"
                await node.post(path, body, Created)

    async def is_served(self) -> bool:
        """Whether the job is over; asks for the pieces while there is none."""
        with suppress(RemoteError, TimeoutError):
            async with asyncio.timeout(CALL_S), self.calls() as node:
                jobs = (await node.get("/v1/jobs", Jobs)).jobs
                if jobs:
                    return jobs[0].state == "fulfilled"
            async with asyncio.timeout(CALL_S):
                await self.asks()
        return False

    async def is_linked(self) -> bool:
        """Whether the node says that it has a link."""
        async with self.calls() as node:
            return bool((await node.get("/v1/node", NodeAnswer)).links)

    def _looks(self, job: str, epoch: int, piece: int) -> bool:
        """Return whether the piece in doubt is good.

        A machine whose node fell silent under way may have finished by itself: then
        what came out is written down by whoever found it.
        """
        last: Did | None = None
        for did in Journal(self.node.town.journal).read():
            if (did.job, did.epoch, did.piece) == (job, epoch, piece):
                last = did
        if last is None or last.did != "begun":
            return last is not None and last.did == "good"
        good = self.node.loop.dice.random() < 0.5
        append(self.node.town, last, "good" if good else "scrap")
        return good
