"""Sending a drafted design to a node: what it lacks of the files, then the design.

Nothing is published before the last step, and every step may be taken again: run once
more after a fault, it goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO, Final

from fabnet.content.cid import Cid
from fabnet.errors import InputError
from fabnet.node.api.answers import DesignAnswer, PublishedDesign, Stored
from fabnet.node.api.asks import NewDesign
from fabnet.node.client import Client, ProblemError
from fabnet.node.publishing.draft import Draft
from fabnet.node.publishing.files import Held, open_inside, pieces
from fabnet.node.publishing.progress import Progress

_CHANGED: Final = "was changed meanwhile; run it again"


async def is_published(client: Client, design: Draft) -> bool:
    """Whether the node knows this very revision, and a grant of it."""
    found = await client.find(f"/v1/designs/{design.cid}", DesignAnswer)
    return found is not None and bool(found.grants)


async def send(
    client: Client, design: Draft, progress: Progress, reviewed: Sequence[Cid] = ()
) -> PublishedDesign:
    """Upload the files that the node lacks, then publish the design.

    `reviewed` are origins whose licences leave it open, and a person has read them.
    """
    for held in {held.cid: held for held in design.held}.values():
        stored = await client.find(f"/v1/blobs/{held.cid}", Stored)
        if stored is None:
            await _send(client, design, held, progress)
    body = NewDesign(design.manifest, design.folder, design.grant, tuple(reviewed))
    return await client.post("/v1/designs", body, PublishedDesign)


async def _send(client: Client, design: Draft, held: Held, progress: Progress) -> None:
    progress.begin("sending", held.path, held.bytes)
    try:
        with open_inside(design.root, held.path) as file:
            body = _pieces(file, held, progress)
            where = f"/v1/blobs/{held.cid}"
            await client.post_file(where, body, held.bytes, Stored)
    except ProblemError as error:
        # What it read is not what was named: nothing was kept of it.
        if error.problem.reason == "not-authentic":
            raise InputError(held.path, _CHANGED) from error
        raise
    finally:
        progress.end()


async def _pieces(
    file: BinaryIO, held: Held, progress: Progress
) -> AsyncIterator[bytes]:
    """Yield an open file, exactly as long as it was when it was named."""
    size = 0
    for piece in pieces(file, held.path):
        size += len(piece)
        if size > held.bytes:
            break
        progress.add(len(piece))
        yield piece
    if size != held.bytes:
        raise InputError(held.path, _CHANGED)
