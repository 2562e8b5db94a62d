"""One whole node at a desk: real store, blobs, peer and runner, its API on loopback.

Only what lies outside the program is played: the network brings our own messages back
to ourselves, and a machine makes a piece when it is told to.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from fabnet.node.api.app import make_operator_app
from fabnet.node.api.handlers.designs import revision_of, terms_of
from fabnet.node.api.handlers.people import first_token
from fabnet.node.clock import SystemClock
from fabnet.node.config import parse
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.planning.plans import Plans
from fabnet.node.runner import Remembered, Runner
from fabnet.node.shell import Shell
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.node.withdrawn import withdrawn_of
from fabnet.production.request import Request
from fabnet.protocol.effects import (
    Act,
    Compare,
    Look,
    Lower,
    Probe,
    Recall,
    Reconcile,
    Send,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Supply,
    TellKnown,
    Weigh,
)
from fabnet.protocol.events import (
    Compared,
    Design,
    Event,
    FacilitySeen,
    MachineSeen,
    MessageHeard,
    NothingToServe,
    PieceLost,
    PieceMade,
    Progressed,
    Recalled,
    Weighed,
    Woke,
)
from fabnet.protocol.voice import Identity
from fabnet.records.civil import rfc3339
from fabnet.records.ids import (
    Incarnation,
    PeerId,
    Window,
)
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.record import Record
from tests.node.cooperative import (
    JACKSON,
    NODE,
    PRINTER,
    SEALING,
    Published,
    charter,
    charter_id,
    design,
    facility,
    offer,
    policy,
    printer,
)

CONFIG = b"""
[node]
name = "Jackson node"
data_dir = "."
[documents]
charter = "charter.json"
[facility]
id = "workshop"
name = "Jackson Community Workshop"
latitude = 32.2988
longitude = -90.1848
"""

FIRST = Incarnation(1, 7)
"""The database of a node that never lost one."""

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@dataclass(slots=True)
class World:
    """The network and the machine: what is outside the program."""

    begun: asyncio.Queue[Act] = field(default_factory=asyncio.Queue)
    """Pieces that the machine was told to make."""
    mail: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    states: dict[str, str] = field(default_factory=dict)
    """What people said of machines."""
    by_hand: list[tuple[str, bool]] = field(default_factory=list)
    """What people said was made at manual stations."""

    def set_machine(self, name: str, state: str) -> bool:
        self.states[name] = state
        return name == PRINTER

    def finish_by_hand(self, name: str, good: bool) -> bool:
        self.by_hand.append((name, good))
        return name == PRINTER

    def subscribe(self, effect: Subscribe) -> None: ...

    def probe(self, effect: Probe) -> None: ...

    async def tell_known(self, effect: TellKnown) -> None: ...

    def got(self, effect: SendGot) -> None: ...

    def lower(self, effect: Lower) -> None: ...

    def send(self, effect: Send) -> None:
        """Bring our messages to ourselves, and lose all others."""
        if effect.message.header.recipient == NODE.public.peer:
            self.mail.put_nowait(MessageHeard(effect.message))

    async def serve_batch(self, effect: Serve) -> NothingToServe | None:
        return NothingToServe(effect.peer, effect.after)

    async def reconcile(self, effect: Reconcile) -> None:
        raise AssertionError("nobody is behind here")

    async def supply(self, effect: Supply) -> None:
        raise AssertionError("nobody is behind here")

    async def compare(self, effect: Compare) -> Compared:
        return Compared(())

    async def weigh(self, effect: Weigh) -> Weighed:
        raise AssertionError("nobody says so much here")

    def prove(self, effect: SendProofs) -> None:
        raise AssertionError("nobody forks here")

    async def act(self, effect: Act) -> None:
        await self.begun.put(effect)

    async def look(self, effect: Look) -> None:
        """Know nothing of a piece in doubt: the machine is of class C."""


@dataclass(slots=True)
class Desk:
    """One running node, and a client of its API."""

    shell: Shell
    world: World
    url: str
    client: aiohttp.ClientSession
    one_time: str
    commits: int
    """Transactions before anyone asked for anything."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Bearer tokens, by role."""

    async def get(
        self, path: str, role: str | None = None
    ) -> tuple[int, dict[str, Json]]:
        """Return status and JSON of a read."""
        headers = {} if role is None else self.bearer(role)
        async with self.client.get(self.url + path, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def post(
        self, path: str, body: Json = None, role: str | None = "operator"
    ) -> tuple[int, dict[str, Json]]:
        """Return status and JSON of a write, shown the token of a role."""
        headers = {} if role is None else self.bearer(role)
        async with self.client.post(
            self.url + path, json={} if body is None else body, headers=headers
        ) as response:
            return response.status, await response.json(content_type=None)

    async def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        async with self.client.get(self.url + path) as response:
            return response.status, await response.text()

    def bearer(self, role: str) -> dict[str, str]:
        """Return the header that shows a role's token."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def people(self) -> None:
        """Make the first operator, a steward and a designer."""
        status, made = await self.post(
            "/v1/operators", {"one_time_token": self.one_time, "name": "olu"}, None
        )
        assert status == 201, made
        self.tokens["operator"] = str(made["token"])
        for role in ("steward", "designer"):
            status, made = await self.post("/v1/tokens", {"name": role, "role": role})
            assert status == 201, made
            self.tokens[role] = str(made["token"])

    async def cooperate(self) -> None:
        """Publish charter and policy, and open the workshop."""
        for kind, document in (("charter/1", charter()), ("policy/1", policy())):
            status, said = await self.post(
                "/v1/documents", {"kind": kind, "document": base64_of(document)}
            )
            assert status == 201, said
        now_ms = self.shell.clock.now().moment_ms
        opened = (Window(now_ms - 3_600_000, now_ms + 86_400_000),)
        # Only a charter that is known lets a node's sealing key count.
        await self.shell.runner.post(Woke())
        await self.shell.runner.post(FacilitySeen(facility()))
        await self.shell.runner.post(MachineSeen(printer(), (offer(),), opened))

    async def publish(self, published: Published) -> tuple[int, dict[str, Json]]:
        """Upload a design's files, then publish it."""
        for data in published.files.values():
            async with self.client.post(
                self.url + "/v1/blobs", data=data, headers=self.bearer("designer")
            ) as response:
                assert response.status == 201, await response.text()
        return await self.post("/v1/designs", design_body(published), "designer")

    def due(self, hours: int = 5) -> str:
        """Return a time to come, as people write it."""
        return rfc3339(self.shell.clock.now().moment_ms + hours * 3_600_000)

    async def make(self, *, good: bool = True) -> Act:
        """Let the machine make the piece it was told to, half of it at a time."""
        act = await self.world.begun.get()
        post = self.shell.runner.post
        name = act.requester, act.job, act.epoch, act.piece
        await post(Progressed(*name, 500))
        await post(PieceMade(*name, good, 60, 30, 6_000))
        return act

    def request_in(self, record: Record) -> Request:
        """Return the request that a record holds."""
        return record.read(Request)

    async def lose(self, why: str) -> None:
        """Let the machine lose sight of the piece it was told to make."""
        act = await self.world.begun.get()
        name = act.requester, act.job, act.epoch, act.piece
        await self.shell.runner.post(PieceLost(*name, why))

    async def until_lot(self, job: str, state: str) -> dict[str, Json]:
        """Ask again until a job's first lot is in a state and its account is here."""
        return await self._until(f"/v1/jobs/{job}", "lots", job, state)

    async def until_making(self, job: str, state: str) -> dict[str, Json]:
        """Ask again until a lot made here for a job is in a state."""
        return await self._until("/v1/makings", "makings", job, state)

    async def _until(
        self, path: str, field_: str, job: str, state: str
    ) -> dict[str, Json]:
        async with asyncio.timeout(20):
            while True:
                _, found = await self.get(path)
                lots = found.get(field_)
                for lot in lots if isinstance(lots, list) else ():
                    if isinstance(lot, dict) and _is_there(lot, job, state):
                        return lot
                await asyncio.sleep(0.05)


def _is_there(lot: dict[str, Json], job: str, state: str) -> bool:
    is_told = state != "closed" or lot["closed"] is not None
    return (lot["job"], lot["state"]) == (job, state) and is_told


def base64_of(raw: bytes) -> str:
    """Return bytes as JSON carries them."""
    return base64.b64encode(raw).decode()


def request_body(
    desk: Desk, pieces: int, *, name: str = "Rosa", contact: str = ""
) -> dict[str, Json]:
    """Return the body that asks for hooks."""
    return {
        "items": [{"revision": design().cid, "part": "hook", "pieces": pieces}],
        "due": desk.due(),
        "need": "shelter-and-food",
        "for": {"name": name, "contact": contact},
    }


def design_body(published: Published) -> Json:
    """Return the body that publishes a design."""
    return {
        "manifest": base64_of(published.manifest),
        "folder": published.folder,
        "grant": base64_of(published.grant),
    }


@contextlib.asynccontextmanager
async def at_desk(
    path: Path, ballast_bytes: int = 0, *, database: Incarnation = FIRST
) -> AsyncIterator[Desk]:
    """Start a node in a directory and serve its API; stop it at the end."""
    store = Store.open(
        path / "fabnet.db", NODE.public.peer, ballast_bytes=ballast_bytes
    )
    shell, world = node_at(path, store, database=database)
    one_time = await first_token(store, shell.clock)
    assert one_time is not None
    served = web.AppRunner(make_operator_app(shell), auto_decompress=False)
    await served.setup()
    await web.TCPSite(served, "127.0.0.1", 0).start()
    host, port = served.addresses[0][:2]
    url = f"http://{host}:{port}"
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        running = (shell.runner.run(), _post(world, shell.runner))
        work = [tasks.create_task(each) for each in running]
        try:
            yield Desk(shell, world, url, client, one_time, store.commits)
        finally:
            for task in work:
                task.cancel()
            await served.cleanup()
    await store.close()


def node_at(
    path: Path,
    store: Store,
    world: World | None = None,
    database: Incarnation = FIRST,
) -> tuple[Shell, World]:
    """Return a node that is ready to run, and the world around it."""
    clock = SystemClock()
    world = World() if world is None else world
    identity = Identity(
        NODE, "test", database, SEALING.public, charter_id(), frozenset()
    )

    async def recall(effect: Recall) -> Recalled:
        return await _recalled(shell, effect)

    plans = Plans(clock)
    runner = Runner.restore(
        Remembered(identity, store.rows(), store.notices()),
        clock=clock,
        keeper=store,
        outlet=world,
        hands=world,
        recall=recall,
        plan=plans.plan,
    )
    shell = Shell(
        identity=identity,
        config=parse(CONFIG, path),
        person_secret=b"s" * 32,
        sealing=SEALING,
        place=JACKSON,
        clock=clock,
        store=store,
        blobs=Blobs.open(path / "blobs"),
        runner=runner,
        linked=list[PeerId],
        finish_by_hand=world.finish_by_hand,
        set_machine=world.set_machine,
        plans=plans,
        links=Links(
            identity,
            store=store,
            peer_record=seal_peer_record(NODE, 1, []),
            post=runner.post,
            standing=Standing(clock, store),
            tolls=Tolls(clock, runner.is_vouched),
        ),
    )
    return shell, world


async def _recalled(shell: Shell, effect: Recall) -> Recalled:
    """Read a design that was published here."""
    revision = await revision_of(shell, effect.cid)
    if revision is None:
        return Recalled(effect.cid, None, "nobody has it")
    terms = await terms_of(shell, effect.cid, revision)
    withdrawn = await withdrawn_of(shell.store, revision, effect.cid)
    return Recalled(effect.cid, Design(effect.cid, revision, terms, withdrawn), "")


async def _post(world: World, runner: Runner) -> None:
    while True:
        await runner.post(await world.mail.get())
