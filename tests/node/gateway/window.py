"""A node's gateway over real files and records, and whoever asks at it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import unused_port

from fabnet.content.car import Car, read_car
from fabnet.content.cid import Cid
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import RevisionBody
from fabnet.node.clock import StillClock
from fabnet.node.gateway.gateway import add_gateway
from fabnet.node.gateway.index import Index
from fabnet.node.links.door import open_door
from fabnet.node.publishing.draft import Draft
from fabnet.node.sample.drafting import draft_folder
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Keep
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.record import seal_record
from tests.node.storing import KEY, THEN, opened
from tests.protocol.minds import identity

MIB = 1 << 20
ADDRESS = "/ip4/127.0.0.1/tcp/8101/http"
DESIGNER = SigningKey.from_seed(b"designer".ljust(32))
LONG = b"".join(n.to_bytes(4) for n in range(5 * MIB // 8))
"""Two and a half leaves, no two alike."""
TREE = {
    "a.txt": b"a",
    "empty": b"",
    "peçes/long.bin": LONG,
    "peçes/κύβος/日本語.txt": b"deep",
    "twin.txt": b"a",
}


@dataclass
class Reply:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def car(self) -> Car:
        return read_car(io.BytesIO(self.body))

    @property
    def cids(self) -> list[Cid]:
        return list(self.car.places)


@dataclass
class Window:
    """The gateway of one node."""

    url: str
    store: Store
    blobs: Blobs
    index: Index
    clock: StillClock
    session: aiohttp.ClientSession
    arrivals: int = 0
    last: RecordId | None = None

    async def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.url + path
        async with self.session.request(method, url, headers=named) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def publish(
        self,
        root: Path,
        *,
        granted: bool = True,
        without: Sequence[str] = (),
        calling: Cid | None = None,
    ) -> Draft:
        """Keep a folder as a design, and index it; its record may lie of its name."""
        design = await asyncio.to_thread(draft_folder, root, DESIGNER, THEN)
        for held in design.held:
            if held.path not in without:
                await self.blobs.put_bytes((root / held.path).read_bytes())
        await self.blobs.put_bytes(design.manifest)
        title = design.revision.title
        size = len(design.manifest)
        body = RevisionBody(design.cid, size, calling or design.folder, title, None)
        await self.say("revision/1", None, body)
        if granted:
            await self.say("grant/1", design.cid, GrantBody(design.grant))
        await self.index.catch_up()
        return design

    async def say(self, kind: str, about: str | None, body: Body) -> None:
        self.arrivals += 1
        record = seal_record(
            KEY, network="test", kind=kind, incarnation=Incarnation(1, 7),
            seq=self.arrivals, prev=self.last, moment_ms=THEN, about=about, body=body,
        )  # fmt: skip
        self.last = record.id
        await self.store.commit([Keep(record, self.arrivals, None)], THEN)


def write(root: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


@asynccontextmanager
async def window(path: Path) -> AsyncIterator[Window]:
    """Open the gateway of a node that has nothing yet."""
    clock = StillClock()
    async with opened(path) as store:
        blobs = Blobs.open(path / "blobs")
        app = web.Application()
        index = add_gateway(
            app,
            identity=identity(1),
            store=store,
            blobs=blobs,
            clock=clock,
            addresses=[ADDRESS],
        )
        port = unused_port()
        async with AsyncExitStack() as stack, aiohttp.ClientSession() as session:
            await open_door(stack, app, ("127.0.0.1", port), shutdown_s=1)
            url = f"http://127.0.0.1:{port}"
            yield Window(url, store, blobs, index, clock, session)
