"""A walk sends what was asked for: one block at a time, and each once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fabnet.content import unixfs
from fabnet.content.cid import RAW, Cid, codec
from fabnet.content.unixfs import FileNode, file_cid
from fabnet.node.gateway.walking import MissingError, Span, Step, resolve, walk


def blocks_of(content: bytes) -> tuple[FileNode, dict[Cid, bytes]]:
    node = file_cid([content])
    size = unixfs.CHUNK_BYTES
    leaves = {
        leaf: content[index * size : (index + 1) * size]
        for index, leaf in enumerate(node.leaves)
    }
    return node, leaves | dict(node.blocks)


def walked(
    root: Cid, blocks: dict[Cid, bytes], span: Span | None, *, dups: bool = False
) -> list[Step]:
    async def get(cid: Cid) -> bytes | None:
        return blocks.get(cid)

    async def steps() -> list[Step]:
        down = await resolve(get, root, ())
        assert down is not None
        way = walk(get, down, "entity", span, dups=dups)
        return [step async for step in way]

    return asyncio.run(steps())


@given(
    st.binary(max_size=60) | st.sampled_from([b"ab" * 30, b"a" * 60, b"aabbcc" * 9]),
    st.integers(-70, 70),
    st.none() | st.integers(-70, 70),
)
@example(b"aabbcc" * 9, 4, 6)  # one node twice, and another leaf of it each time
@settings(max_examples=200, deadline=None)
def test_a_stretch_comes_with_every_leaf_that_holds_some_of_it(
    content: bytes, first: int, last: int | None
) -> None:
    # Files so small still have many nodes, with leaves of two bytes, three to a node.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unixfs, "CHUNK_BYTES", 2)
        patch.setattr(unixfs, "LINKS_MAX", 3)
        node, blocks = blocks_of(content)
        found = [step.cid for step in walked(node.cid, blocks, Span(first, last))]

    assert len(set(found)) == len(found)
    start, end = Span(first, last).within(len(content))
    wanted = {
        leaf
        for index, leaf in enumerate(node.leaves)
        if index * 2 < end and index * 2 + 2 > start
    }
    if start >= end or not content:
        wanted = set()
    leaves = {cid for cid in found if codec(cid) == RAW}
    assert leaves == (wanted or leaves & {node.cid})


def test_with_dups_a_block_comes_as_often_as_it_is_linked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unixfs, "CHUNK_BYTES", 1)
    node, blocks = blocks_of(b"aabaa")

    assert len(walked(node.cid, blocks, None)) == 3
    assert len(walked(node.cid, blocks, None, dups=True)) == 6


def test_a_missing_leaf_ends_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unixfs, "CHUNK_BYTES", 1)
    node, blocks = blocks_of(b"abc")
    del blocks[node.leaves[1]]

    with pytest.raises(MissingError, match=node.leaves[1]):
        walked(node.cid, blocks, None)
