"""Files of a node that nobody can dial, over the link that it dialled."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.content import cid as cids
from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.node.links.frames import CHUNK_BYTES_MAX, ChunkFrame, WantFrame
from fabnet.node.links.hub.chunks import SPAN_CHUNKS
from tests.node.hubs.village import Neighbour, neighbour

pytestmark = pytest.mark.asyncio

HUB, MAKES = 2, 4
MEBI = 1_024 * 1_024


async def fetched(hub: Neighbour, makes: Neighbour, data: bytes) -> int:
    cid = cids.of_raw(data)
    assert hub.links.chunks is not None
    chunks = hub.links.chunks.fetch(makes.peer, cid, MEBI)
    return await hub.blobs.put_stream(chunks, cid)


@pytest.mark.parametrize(
    "size",
    [
        0,
        1,
        CHUNK_BYTES_MAX,
        SPAN_CHUNKS * CHUNK_BYTES_MAX,
        SPAN_CHUNKS * CHUNK_BYTES_MAX + 1,
        MEBI,
    ],
)
async def test_a_file_comes_whole_over_the_link(tmp_path: Path, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as makes,
    ):
        await makes.blobs.put_bytes(data)
        await makes.dials(hub)
        assert await fetched(hub, makes, data) == size
        assert await hub.blobs.read(cids.of_raw(data)) == data


async def test_what_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as makes,
    ):
        await makes.dials(hub)
        with pytest.raises(RemoteError, match="it is not there"):
            await fetched(hub, makes, b"nowhere")
        large = bytes(MEBI + 1)
        await makes.blobs.put_bytes(large)
        with pytest.raises(LimitError, match="the most is 1048576"):
            await fetched(hub, makes, large)
        await makes.leaves()
        with pytest.raises(RemoteError, match="the link is down"):
            await fetched(hub, makes, b"nowhere")
        assert not await hub.blobs.has(cids.of_raw(large))


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        ((0, 4, b"lies"), "the content is not"),
        ((1, 4, b"lies"), "another chunk than was asked for"),
        ((0, 3, b"lies"), "another chunk than was asked for"),
        ((0, 4, b""), "another chunk than was asked for"),
    ],
)
async def test_a_lie_about_a_file_is_not_kept(
    tmp_path: Path, chunk: tuple[int, int, bytes], why: str
) -> None:
    cid = cids.of_raw(b"true")
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as liar,
    ):
        liar.links.chunks = Liar(liar, ChunkFrame("chunk", cid, *chunk))  # type: ignore[assignment]  # it lies
        await liar.dials(hub)
        with pytest.raises((MalformedError, RemoteError), match=why):
            await fetched(hub, liar, b"true")
        assert not await hub.blobs.has(cid)


async def test_more_pieces_than_were_asked_for_are_a_lie(tmp_path: Path) -> None:
    cid = cids.of_raw(b"true")
    chunk = ChunkFrame("chunk", cid, 0, 40, b"t")
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as liar,
    ):
        chunks = hub.links.chunks
        assert chunks is not None
        liar.links.chunks = None  # it does not answer by itself
        await liar.dials(hub)
        liar.links.pass_on(hub.peer, chunk)  # nobody asked: let go

        async def first() -> bytes:
            return await anext(chunks.fetch(liar.peer, cid, MEBI))

        fetching = hub.tasks.create_task(first())
        await asyncio.sleep(0)
        for _ in range(SPAN_CHUNKS):
            chunks.heard(liar.peer, chunk)
        with pytest.raises(MalformedError, match="more than were asked for"):
            chunks.heard(liar.peer, chunk)
        assert await fetching == b"t"
        assert hub.links.is_linked(liar.peer)


class Liar:
    """Sends the same chunks, whatever was asked for."""

    def __init__(self, node: Neighbour, *chunks: ChunkFrame) -> None:
        self._node = node
        self._chunks = chunks

    async def give(self, peer: str, want: WantFrame) -> None:
        for chunk in self._chunks:
            self._node.links.pass_on(peer, chunk)  # type: ignore[arg-type]  # a PeerId
