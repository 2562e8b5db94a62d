"""The throw-away node from end to end: found it, run it, publish, tell, and wait."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.errors import LocalError
from fabnet.node.api.answers import NewBearer
from fabnet.node.api.asks import FirstOperator, NewToken
from fabnet.node.app import run_node
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.gateway.serving import IPFS_PATH
from fabnet.node.keyring import ONE_TIME_FILE
from fabnet.node.links.guard import client_session
from fabnet.node.publishing.draft import Draft
from fabnet.node.publishing.progress import Progress
from fabnet.node.publishing.sending import send
from fabnet.node.sample.drafting import draft_folder
from fabnet.node.sample.folders import write_samples
from fabnet.node.sample.layout import Sample, check_port, lay_out

SERVED_S_MAX: Final = 600
"""Seconds until what was published must be served: a gigabyte on a slow card."""
POLL_S: Final = 0.1

Say = Callable[[str], None]


class SampleFile(msgspec.Struct, frozen=True):
    """One file as an IPFS client fetches it."""

    path: str
    cid: str
    """As UnixFS: what a folder's link says, and helia or kubo work out."""
    size: int
    raw: str
    """Of all its bytes at once, as a fabnet manifest names it."""


class SampleFolder(msgspec.Struct, frozen=True):
    """One folder that is served."""

    folder: str
    """Where it lies, as it was given."""
    cid: str
    """Of the UnixFS folder that holds its files."""
    revision: str
    """Of the manifest under which it was published."""
    files: list[SampleFile]


class Told(msgspec.Struct, frozen=True):
    """The one line that is printed when everything is served."""

    peer: str
    multiaddrs: list[str]
    url: str
    folders: list[SampleFolder]


async def serve_sample(port: int, folders: Sequence[Path], say: Say) -> None:
    """Serve folders, or samples where none is given, until cancelled or SIGTERM.

    `say` is called once, with one line of JSON, when all is served. Whatever the node
    kept goes with it.
    """
    task = asyncio.current_task()
    assert task is not None, "asyncio.run made one"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="fabnet-sample-") as temporary:
        await _serve(Path(temporary), port, folders, say)


async def _serve(home: Path, port: int, folders: Sequence[Path], say: Say) -> None:
    clock = SystemClock()
    check_port(port)
    sample = await asyncio.to_thread(lay_out, home / "node", port, clock)
    shown = list(folders)
    if not shown:
        shown = await asyncio.to_thread(write_samples, home / "samples")
    # What cannot be published is told before anything listens.
    moment_ms = clock.now().moment_ms
    drafts = [
        await asyncio.to_thread(draft_folder, folder, sample.designer, moment_ms)
        for folder in shown
    ]
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(
            run_node(sample.config, ready=lambda _: ready.set()), name="node"
        )
        tasks.create_task(_publish(sample, drafts, shown, ready, say), name="publish")
        await running


async def _publish(
    sample: Sample,
    drafts: Sequence[Draft],
    shown: Sequence[Path],
    ready: asyncio.Event,
    say: Say,
) -> None:
    await ready.wait()
    token = await _designer_token(sample)
    progress = Progress(sys.stderr)
    async with Client(_operator(sample), token) as client:
        for draft in drafts:
            await send(client, draft, progress)
    await _until_served(sample, [draft.folder for draft in drafts])
    told = [_told(folder, draft) for folder, draft in zip(shown, drafts, strict=True)]
    line = Told(sample.peer, sample.multiaddrs, sample.url, told)
    say(msgspec.json.encode(line).decode())


def _told(folder: Path, draft: Draft) -> SampleFolder:
    files = [
        SampleFile(file.path, file.node.cid, file.bytes, file.cid)
        for file in draft.held
    ]
    return SampleFolder(str(folder), draft.folder, draft.cid, files)


async def _designer_token(sample: Sample) -> str:
    path = sample.config.node.data_dir / ONE_TIME_FILE
    one_time = (await asyncio.to_thread(path.read_text)).strip()
    async with Client(_operator(sample)) as client:
        body = FirstOperator(one_time, "operator")
        first = (await client.post("/v1/operators", body, NewBearer)).token
    async with Client(_operator(sample), first) as client:
        given = await client.post(
            "/v1/tokens", NewToken("designer", "designer"), NewBearer
        )
    return given.token


async def _until_served(sample: Sample, folders: Sequence[Cid]) -> None:
    """Wait until the gateway gives each folder."""
    async with asyncio.timeout(SERVED_S_MAX), client_session(True) as session:
        for folder in folders:
            url = f"{sample.url}{IPFS_PATH}{folder}?format=raw"
            while True:
                async with session.head(url) as reply:
                    if reply.status == 200:
                        break
                    if reply.status != 404:
                        raise LocalError(f"{url}: {reply.status}")
                await asyncio.sleep(POLL_S)


def _operator(sample: Sample) -> str:
    host, port = sample.config.listen.operator
    return f"http://{host}:{port}"
