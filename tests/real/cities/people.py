"""The people of the towns: they ask for pieces, look at benches, and take what is made.

They speak through the nodes' APIs, and remember what they were told was done.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

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
)
from fabnet.node.api.asks import (
    BenchCount,
    FirstOperator,
    NewAcceptance,
    NewItem,
    NewPerson,
    NewRequest,
    NewToken,
)
from fabnet.node.client import API_VARIABLE, TOKEN_VARIABLE, Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.design import PART, write_design
from fabnet.node.drivers.journal import Did, Journal
from fabnet.node.keyring import ONE_TIME_FILE
from fabnet.records.ids import CidText
from tests.real.cities.export import append
from tests.real.cities.faults import SPAN_S
from tests.real.cities.node import Node
from tests.real.cities.towns import SCRAP_EVERY, Town

CALL_S: Final = 8
"""Seconds for one call: nobody waits for a node that is frozen."""
ROUND_S: Final = 1.0
MEET_S: Final = 60
REQUESTS: Final = 10
PIECES: Final = (4, 8)
DUE: Final = timedelta(hours=12)
MANIFEST_LINE: Final = "nozzle-um = 400"


@dataclass(frozen=True, slots=True)
class Wish:
    """A request that somebody will file."""

    at_s: float
    town: int
    pieces: int
    typed: bool
    """Whether by the command line."""


def wishes(dice: Random, towns: int) -> list[Wish]:
    """Draw them: a few at once, the others among the faults."""
    found: list[Wish] = []
    for at in range(REQUESTS):
        when = 0.0 if at < towns else round(dice.uniform(0, SPAN_S), 1)
        town = at if at < towns else dice.randrange(towns)
        found.append(Wish(when, town, dice.randint(*PIECES), at % 4 == 0))
    return found


@dataclass(slots=True)
class People:
    """All of them."""

    nodes: Sequence[Node]
    dice: Random
    clients: list[Client] = field(default_factory=list)
    """An operator's, by town."""
    tokens: list[str] = field(default_factory=list)
    revision: str = ""
    acknowledged: list[tuple[int, str, str]] = field(default_factory=list)
    """Town, what was done, and the record that says so."""

    # ------------------------------------------------------------------ beginnings

    async def move_in(self, stack: AsyncExitStack) -> None:
        """Become operators, and wait until all nodes know each other."""
        for node in self.nodes:
            one_time = await _one_time(node.town)
            async with Client(node.town.api) as stranger:
                body = FirstOperator(one_time, "operator")
                token = (await stranger.post("/v1/operators", body, NewBearer)).token
            self.tokens.append(token)
            client = await stack.enter_async_context(Client(node.town.api, token))
            self.clients.append(client)
            # A piece more is what anybody may ask for at any time.
            node.poke = partial(self.wish, Wish(0, node.place, 1, typed=False))
        async with asyncio.timeout(MEET_S):
            while not await self._have_met():
                await asyncio.sleep(ROUND_S)

    async def publish(self, folder: Path) -> None:
        """Publish a part that takes a second, and wait until all know of it."""
        manifest = await asyncio.to_thread(write_design, folder)
        text = manifest.read_text("utf-8")
        quick = text.replace(MANIFEST_LINE, f"{MANIFEST_LINE}\nreference-s = 1")
        assert quick != text
        manifest.write_text(quick, "utf-8")
        designer = NewToken("designer", "designer")
        given = await self.clients[0].post("/v1/tokens", designer, NewBearer)
        town = self.nodes[0].town
        told = await _typed(
            *("publish", str(manifest), "--key", str(town.designer_key)),
            town=town,
            token=given.token,
        )
        self.revision = told.splitlines()[0]
        async with asyncio.timeout(MEET_S):
            while not await self._have_heard():
                await asyncio.sleep(ROUND_S)

    async def _have_met(self) -> bool:
        many = len(self.nodes)
        for client in self.clients:
            node = await client.get("/v1/node", NodeAnswer)
            known = await client.get("/v1/machines", Machines)
            machines = [
                machine
                for each in known.facilities
                for machine in each.machines
                if each.is_vouched and machine.free_from_ms is not None
            ]
            if len(node.links) < many - 1 or len(machines) < many * len(SCRAP_EVERY):
                return False
        return True

    async def _have_heard(self) -> bool:
        for client in self.clients:
            found = await client.get("/v1/designs", Designs)
            if self.revision not in {design.cid for design in found.designs}:
                return False
        return True

    # ------------------------------------------------------------------ wishes

    async def wish(self, wish: Wish) -> None:
        """File one at its time; a node that does not answer has promised nothing."""
        await asyncio.sleep(wish.at_s)
        with suppress(RemoteError, TimeoutError):
            async with asyncio.timeout(CALL_S):
                job = await self._file(wish)
            self.acknowledged.append((wish.town, "request", job))

    async def _file(self, wish: Wish) -> str:
        if wish.typed:
            told = await _typed(
                *("request", self.revision, "--part", PART, "--due", "+12h"),
                *("--pieces", str(wish.pieces), "--need", "livelihood"),
                *("--for", "Odessa"),
                town=self.nodes[wish.town].town,
                token=self.tokens[wish.town],
            )
            return told.splitlines()[0]
        now_ms = SystemClock().now().moment_ms
        body = NewRequest(
            due=datetime.fromtimestamp(now_ms // 1_000, UTC) + DUE,
            need="livelihood",
            person=NewPerson("Odessa"),
            items=(NewItem(CidText(self.revision), PART, wish.pieces),),
        )
        client = self.clients[wish.town]
        return (await client.post("/v1/requests", body, Filed)).job

    # ------------------------------------------------------------------ every day

    async def live(self) -> None:
        """Look at benches in doubt and take finished pieces, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for town in range(len(self.nodes)):
                tasks.create_task(self._live(town))

    async def _live(self, town: int) -> None:
        while True:
            with suppress(RemoteError, TimeoutError):
                async with asyncio.timeout(CALL_S):
                    await self._count(town)
                    await self._accept(town)
            await asyncio.sleep(ROUND_S)

    async def _count(self, town: int) -> None:
        """Say what lies on each bench that is in doubt."""
        client = self.clients[town]
        for lot in (await client.get("/v1/makings", Makings)).makings:
            if lot.state != "in-doubt":
                continue
            piece = lot.good + lot.scrap + 1
            good = self._looks(self.nodes[town].town, lot.job, lot.epoch, piece)
            body = BenchCount(good=good, person="Ana")
            path = f"/v1/lots/{lot.job}/{lot.epoch}/count"
            await client.post(path, body, Created)

    def _looks(self, town: Town, job: str, epoch: int, piece: int) -> bool:
        """Return whether the piece in doubt is good.

        A machine whose node died under way may have finished by itself, or spoilt it:
        what came out then is written down by whoever found it. What was never begun is
        as good as scrap.
        """
        last: Did | None = None
        for did in Journal(town.journal).read():
            if (did.job, did.epoch, did.piece) == (job, epoch, piece):
                last = did
        if last is None or last.did != "begun":
            return last is not None and last.did == "good"
        good = self.dice.random() < 0.5
        append(town, last, "good" if good else "scrap")
        return good

    async def _accept(self, town: int) -> None:
        """Take what is made for us."""
        client = self.clients[town]
        for job in (await client.get("/v1/jobs", Jobs)).jobs:
            if job.side != "requester":
                continue
            for lot in job.lots:
                ready = lot.state == "closed" and lot.closed and lot.good
                if not ready or lot.accepted:
                    continue
                path = f"/v1/lots/{lot.job}/{lot.epoch}/acceptance"
                made = await client.post(path, NewAcceptance(), Created)
                self.acknowledged.append((town, "acceptance", made.id))


async def _one_time(town: Town) -> str:
    """Return a new node's token; it is written just after the first answer."""
    path = town.data / ONE_TIME_FILE
    async with asyncio.timeout(CALL_S):
        while not path.exists() or not path.read_text("ascii"):
            await asyncio.sleep(0.1)
    return path.read_text("ascii").strip()


async def _typed(*words: str, town: Town, token: str) -> str:
    """Run `fabnet …` as a person would; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fabnet", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, API_VARIABLE: town.api, TOKEN_VARIABLE: token},
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RemoteError(err.decode(errors="replace").strip())
    return out.decode().rstrip()
