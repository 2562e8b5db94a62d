"""The walk: publish, learn, request, make and accept, each step seen through APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fabnet.errors import RemoteError
from fabnet.node.api.answers import (
    Credit,
    DesignAnswer,
    Designs,
    JobAnswer,
    Line,
    Machines,
    NewBearer,
    NodeAnswer,
    Story,
)
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.api.table import Role
from fabnet.node.client import Client
from fabnet.node.demo.design import PART, write_design
from fabnet.node.demo.layout import Site
from fabnet.node.demo.processes import POLL_S, DemoError, Nodes, command
from fabnet.node.keyring import ONE_TIME_FILE

PIECES: Final = 6
NEED: Final = "care-and-learning"
STEP_S: Final = 60
"""Seconds that any one step may take."""
QUIET: Final = frozenset({"receipt"})
"""Lines that repeat what the other side has told."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Place:
    """One city's node, and how to speak with it."""

    site: Site
    client: Client
    operator_token: str = ""
    told: int = 0
    """Lines of the job's story that were shown."""

    @property
    def name(self) -> str:
        """The city."""
        return self.site.city.place.partition(",")[0]


@dataclass(slots=True)
class Walk:
    """Three running nodes, and what has come about so far."""

    nodes: Nodes
    jackson: Place
    detroit: Place
    barcelona: Place
    say: Say
    steward_token: str = ""
    designer_token: str = ""
    revision: str = ""
    job: str = ""
    lots: list[int] = field(default_factory=list)
    """Epochs of the lots that were made."""

    @property
    def places(self) -> tuple[Place, Place, Place]:
        """All three."""
        return self.jackson, self.detroit, self.barcelona

    async def meet(self) -> None:
        """Make the first operators, and wait until each node knows all three."""
        for place in self.places:
            place.operator_token = await _become_operator(place)
        self.steward_token = await _token(self.jackson, "steward", "rosa")
        self.designer_token = await _token(self.barcelona, "designer", "nuria")
        await self._until("the nodes are linked and know each other", self._have_met)
        self.say("  all three are linked, vouched for, and know each other's machines")

    async def publish(self, folder: Path) -> None:
        """Publish the design in Barcelona, and wait until the others know of it."""
        manifest = write_design(folder)
        key = str(self.barcelona.site.designer_key)
        words = ("publish", str(manifest), "--key", key)
        told = await command(
            *words, api=self.barcelona.client.url, token=self.designer_token
        )
        self.revision = told.splitlines()[0]
        for line in told.splitlines():
            self._tell(self.barcelona, line)
        await self._until("the others know the design", self._have_heard)
        self.say("  Jackson and Detroit learned of it by gossip")

    async def request(self) -> None:
        """File the request in Jackson, for someone who has no account."""
        words = (
            *("request", "--revision", self.revision, "--part", PART),
            *("--pieces", str(PIECES), "--due", "+3d", "--need", NEED),
            *("--for", "Mrs Odessa Green", "--contact", "Rosa will bring them"),
        )
        told = await command(
            *words, api=self.jackson.client.url, token=self.steward_token
        )
        self.job, short = told.splitlines()
        self._tell(self.jackson, f"{PIECES} × {PART}, {short}")

    async def make(self) -> None:
        """Watch until the lots are closed at both ends."""
        await self._until("the pieces are made", self._are_made)

    async def accept(self) -> None:
        """Take the pieces in Jackson, and wait until all three posted the minutes."""
        for epoch in self.lots:
            told = await command(
                *("accept", self.job, str(epoch)),
                api=self.jackson.client.url,
                token=self.steward_token,
            )
            self._tell(self.jackson, told)
        await self._until("the minutes are credited", self._have_posted)

    async def story(self) -> str:
        """Return what `fabnet story` prints of the job in Jackson."""
        return await command("story", self.job, api=self.jackson.client.url)

    async def job_at(self, place: Place) -> JobAnswer:
        """Return the job as a node has it."""
        return await place.client.get(f"/v1/jobs/{self.job}", JobAnswer)

    async def design_at(self, place: Place) -> DesignAnswer:
        """Return the design as a node has it."""
        path = f"/v1/designs/{self.revision}"
        return await place.client.get(path, DesignAnswer)

    async def lines_at(self, place: Place) -> list[Line]:
        """Return the job's story as a node tells it; none when it knows nothing."""
        with suppress(RemoteError):
            found = await place.client.get(f"/v1/stories/{self.job}", Story)
            return found.lines
        return []

    async def _until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(STEP_S):
                while not await holds():
                    self.nodes.check()
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DemoError(f"{what}: not within {STEP_S} s") from error

    async def _have_met(self) -> bool:
        for place in self.places:
            node = await place.client.get("/v1/node", NodeAnswer)
            known = await place.client.get("/v1/machines", Machines)
            vouched = [each for each in known.facilities if each.is_vouched]
            machines = [machine for each in vouched for machine in each.machines]
            configured = sum(len(it.site.city.machines) for it in self.places)
            if len(node.links) < 2 or len(machines) < configured:
                return False
            if any(machine.free_from_ms is None for machine in machines):
                return False
        return True

    async def _have_heard(self) -> bool:
        for place in self.places:
            found = await place.client.get("/v1/designs", Designs)
            if self.revision not in {design.cid for design in found.designs}:
                return False
        return True

    async def _are_made(self) -> bool:
        await self._show_lines()
        job = await self.job_at(self.jackson)
        made = [lot for lot in job.lots if lot.closed is not None]
        self.lots = [lot.epoch for lot in made]
        return sum(lot.good for lot in made) >= PIECES

    async def _have_posted(self) -> bool:
        await self._show_lines()
        for place in self.places:
            credit = await place.client.get("/v1/credit", Credit)
            posted = {it.epoch for it in credit.postings if it.job == self.job}
            if not posted.issuperset(self.lots):
                return False
        return True

    async def _show_lines(self) -> None:
        """Say what the two ends have to tell since we last asked."""
        for place in (self.jackson, self.detroit, self.barcelona):
            lines = await self.lines_at(place)
            for line in lines[place.told :]:
                if _is_news(line):
                    self._tell(place, line.sentence)
            place.told = len(lines)

    def _tell(self, place: Place, text: str) -> None:
        self.say(f"  {place.name:<10} {text}")


def _is_news(line: Line) -> bool:
    """Whether a line is worth showing live; the story at the end has them all."""
    if line.code == "not-chosen":
        return line.args.get("reason") != "process"
    if line.code == "progress":
        return line.args.get("permille") == 500
    return line.code not in QUIET


async def _become_operator(place: Place) -> str:
    one_time = await asyncio.to_thread((place.site.data / ONE_TIME_FILE).read_text)
    body = FirstOperator(one_time.strip(), "operator")
    return (await place.client.post("/v1/operators", body, NewBearer)).token


async def _token(place: Place, role: Role, name: str) -> str:
    async with Client(place.site.operator, place.operator_token) as client:
        given = await client.post("/v1/tokens", NewToken(name, role), NewBearer)
    return given.token
