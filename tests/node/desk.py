"""One whole node at a desk: real store, blobs, peer and runner, and its API on loopback.

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

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import file_cid, folder
from fabnet.cooperation.charter import DOCUMENT_KIND as CHARTER
from fabnet.cooperation.charter import charter_subject, lineage_of
from fabnet.cooperation.policy import DOCUMENT_KIND as POLICY
from fabnet.cooperation.policy import policy_subject
from fabnet.designs.grant import CREDENTIAL as GRANT
from fabnet.designs.grant import Grant, grant_of, subject_of
from fabnet.designs.requirement import Requirement
from fabnet.designs.revision import FileEntry, Part, Revision, Rightsholder, encode
from fabnet.node.api.app import make_operator_app
from fabnet.node.api.handlers.designs import revision_of
from fabnet.node.api.handlers.people import first_token
from fabnet.node.clock import SystemClock
from fabnet.node.runner import Runner
from fabnet.node.shell import Shell
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import place_at
from fabnet.production.plan import Plan, Problem
from fabnet.protocol.effects import Act, Lower, Recall, Send, SendGot, Serve, Subscribe
from fabnet.protocol.events import (
    Design,
    Event,
    FacilitySeen,
    MachineSeen,
    MessageHeard,
    PieceMade,
    Progressed,
    Recalled,
    Served,
    Woke,
)
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import (
    CharterId,
    FacilityId,
    Incarnation,
    MachineId,
    PeerId,
    Window,
)
from fabnet.records.keys import SealingKey, SigningKey
from fabnet.scheduling.plan import plan
from tests.node.configured import config_for

NODE = SigningKey.from_seed(b"node".ljust(32))
STEWARD = SigningKey.from_seed(b"steward".ljust(32))
DESIGNER = SigningKey.from_seed(b"designer".ljust(32))
SEALING = SealingKey.from_seed(b"sealing".ljust(32))
THEN = "2026-01-01T00:00:00Z"
PRINTER = MachineId("workshop/printer")
JACKSON = place_at(32.2988, -90.1848)
LICENCE = "CERN-OHL-S-2.0"

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def charter() -> bytes:
    """The charter of the one cooperative here."""
    subject = charter_subject(
        name="Jackson", stewards=[STEWARD.public], nodes=[NODE.public.peer]
    )
    return issue(
        CHARTER,
        issuer=STEWARD.public.did,
        subject=subject,
        valid_from=THEN,
        keys=[STEWARD],
        created=THEN,
    )


def charter_id() -> CharterId:
    """Its name."""
    found = lineage_of(charter())
    assert found is not None
    return found


def policy(signer: SigningKey = STEWARD, version: int = 1) -> bytes:
    """A policy that decides at once."""
    subject = policy_subject({"roundS": 1}, charter_id(), version)
    return issue(
        POLICY,
        issuer=signer.public.did,
        subject=subject,
        valid_from=THEN,
        keys=[signer],
        created=THEN,
    )


@dataclass(frozen=True, slots=True)
class Published:
    """A design, ready to be uploaded."""

    files: dict[str, bytes]
    manifest: bytes
    grant: bytes
    folder: Cid

    @property
    def cid(self) -> Cid:
        """The revision."""
        return cids.of_raw(self.manifest)


def design(title: str = "Wall hook", signer: SigningKey = DESIGNER) -> Published:
    """A small design under CERN-OHL-S-2.0, with its grant."""
    files = {"hook.scad": b"cube([20, 10, 30]);\n", "how.md": b"# Print it\n"}
    media = {"hook.scad": "application/x-openscad", "how.md": "text/markdown"}
    needs = Requirement(
        "3d-printing.fdm", ("pla",), 20_000, 10_000, 30_000,
        None, None, None, (), 6_000, 30,
    )  # fmt: skip
    revision = Revision(
        title=title,
        version="1.0",
        function="Holds a coat.",
        licence=LICENCE,
        source_location="https://example.org/hook",
        rightsholders=(Rightsholder(did=DESIGNER.public.did, name="Ada"),),
        quorum=1,
        files=tuple(
            FileEntry(
                path=path,
                cid=cids.of_raw(data),
                bytes=len(data),
                media_type=media[path],
                role="source" if path == "hook.scad" else "instructions",
            )
            for path, data in files.items()
        ),
        parts=(
            Part(
                name="hook",
                requirement=needs,
                reference_s=60,
                quantity=1,
                files=("hook.scad",),
            ),
        ),
    )
    manifest = encode(revision)
    granted = grant_of(revision, cids.of_raw(manifest))
    assert isinstance(granted, Grant)
    document = issue(
        GRANT,
        issuer=signer.public.did,
        subject=subject_of(granted),
        valid_from=THEN,
        keys=[signer],
        created=THEN,
    )
    entries = {path: file_cid([data]) for path, data in files.items()}
    return Published(files, manifest, document, folder(entries).cid)


def facility() -> Facility:
    """The workshop here."""
    return Facility(
        FacilityId("workshop"), "Jackson Community Workshop", charter_id(), JACKSON,
        "America/Chicago", "Mo-Su 00:00-24:00", 400, 3_600,
    )  # fmt: skip


def printer(state: str = "idle") -> Machine:
    """Its one machine."""
    assert state in ("idle", "drained", "offline")
    return Machine(
        PRINTER, FacilityId("workshop"), "The blue printer", "MK4",
        "idle" if state == "idle" else "drained", (_capability(),), 3_600,
    )  # fmt: skip


def offer() -> CapacityOffer:
    """What it offers."""
    return CapacityOffer(
        PRINTER, FacilityId("workshop"), _capability(), 1_000, 60, 120, (),
        ("members",), 3_600,
    )  # fmt: skip


def _capability() -> Capability:
    return Capability(
        "3d-printing.fdm",
        ("pla",),
        250_000,
        210_000,
        220_000,
        200,
        None,
        (400,),
        (),
        120,
    )


@dataclass(slots=True)
class World:
    """The network and the machine: what is outside the program."""

    store: Store
    clock: SystemClock
    begun: asyncio.Queue[Act] = field(default_factory=asyncio.Queue)
    """Pieces that the machine was told to make."""
    mail: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)

    def subscribe(self, effect: Subscribe) -> None: ...

    def got(self, effect: SendGot) -> None: ...

    def lower(self, effect: Lower) -> None: ...

    def send(self, effect: Send) -> None:
        """Bring our messages to ourselves, and lose all others."""
        if effect.message.header.recipient == NODE.public.peer:
            self.mail.put_nowait(MessageHeard(effect.message))

    async def serve(self, effect: Serve) -> Served:
        return Served(effect.peer, effect.after, 0)

    async def act(self, effect: Act) -> None:
        await self.begun.put(effect)


@dataclass(slots=True)
class Desk:
    """One running node, and a client of its API."""

    shell: Shell
    world: World
    url: str
    client: aiohttp.ClientSession
    one_time: str
    states: dict[str, str] = field(default_factory=dict)
    """What people said of machines."""
    by_hand: list[tuple[str, bool]] = field(default_factory=list)
    """What people said was made at manual stations."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Bearer tokens, by role."""

    async def get(self, path: str) -> tuple[int, dict[str, Json]]:
        """Return status and JSON of a read."""
        async with self.client.get(self.url + path) as response:
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
        await post(Progressed(act.job, act.epoch, act.piece, 500))
        await post(PieceMade(act.job, act.epoch, act.piece, good, 60, 30, 6_000))
        return act

    async def until(self, path: str, field_: str, value: Json) -> dict[str, Json]:
        """Ask again until a field has a value; the test's own time limit ends it."""
        async with asyncio.timeout(20):
            while True:
                status, found = await self.get(path)
                if status == 200 and found.get(field_) == value:
                    return found
                await asyncio.sleep(0.05)


def base64_of(raw: bytes) -> str:
    """Return bytes as JSON carries them."""
    return base64.b64encode(raw).decode()


def design_body(published: Published) -> Json:
    """Return the body that publishes a design."""
    return {
        "manifest": base64_of(published.manifest),
        "folder": published.folder,
        "grant": base64_of(published.grant),
    }


@contextlib.asynccontextmanager
async def at_desk(path: Path, *, running: bool = True) -> AsyncIterator[Desk]:
    """Start a node in a directory and serve its API; stop it at the end."""
    store = Store.open(path / "fabnet.sqlite", NODE.public.peer, ballast_bytes=0)
    blobs = Blobs.open(path / "blobs")
    clock = SystemClock()
    world = World(store, clock)
    identity = Identity(
        NODE, "test", Incarnation(1, 7), SEALING.public, charter_id(), frozenset()
    )
    desk: Desk

    async def recall(effect: Recall) -> Recalled:
        revision = await revision_of(desk.shell, effect.cid)
        if revision is None:
            return Recalled(effect.cid, None, "nobody has it")
        known = Design(effect.cid, revision, LICENCE, (), None)
        return Recalled(effect.cid, known, "")

    async def make_plan(problem: Problem) -> Plan:
        return await asyncio.to_thread(plan, problem)

    def set_machine(name: str, state: str) -> bool:
        desk.states[name] = state
        return name == PRINTER

    def finish_by_hand(name: str, good: bool) -> bool:
        desk.by_hand.append((name, good))
        return name == PRINTER

    runner = Runner(
        Peer(identity),
        clock=clock,
        keeper=store,
        outlet=world,
        hands=world,
        recall=recall,
        plan=make_plan,
    )
    shell = Shell(
        identity=identity,
        config=config_for(path, JACKSON),
        clock=clock,
        store=store,
        blobs=blobs,
        runner=runner,
        linked=list[PeerId],
        finish_by_hand=finish_by_hand,
        set_machine=set_machine,
    )
    one_time = await first_token(store, clock)
    assert one_time is not None
    served = web.AppRunner(make_operator_app(shell), auto_decompress=False)
    await served.setup()
    site = web.TCPSite(served, "127.0.0.1", 0)
    await site.start()
    host, port = served.addresses[0][:2]
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        desk = Desk(shell, world, f"http://{host}:{port}", client, one_time)
        work = [
            tasks.create_task(runner.run()),
            tasks.create_task(_post(world, runner)),
        ]
        await runner.post(Woke())
        try:
            yield desk
        finally:
            for task in work:
                task.cancel()
            await served.cleanup()
    await store.close()


async def _post(world: World, runner: Runner) -> None:
    while True:
        await runner.post(await world.mail.get())
