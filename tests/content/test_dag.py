"""A DAG from a stranger gives what its root names, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content import dag, dagpb
from fabnet.content.cid import Cid, of_dag_pb, of_raw
from fabnet.content.dag import files_under, read_node
from fabnet.content.dagpb import Link
from fabnet.content.multibase import varint
from fabnet.content.unixfs import CHUNK_BYTES, file_cid, folder
from fabnet.errors import LimitError, MalformedError, RemoteError

Blocks = dict[Cid, bytes]
FOLDER = b"\x08\x01"


def blocks_of(files: dict[str, bytes]) -> tuple[Cid, Blocks]:
    """Return the root of a folder, and every block below it."""
    nodes = {path: file_cid([content]) for path, content in files.items()}
    root = folder(nodes)
    found = dict(root.blocks)
    for path, node in nodes.items():
        for index, leaf in enumerate(node.leaves):
            found[leaf] = files[path][index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
    return root.cid, found


def read(root: Cid, blocks: Blocks) -> dict[str, bytes]:
    def fetch(cid: Cid) -> bytes:
        if cid not in blocks:
            raise MalformedError(f"{cid} is missing")
        return blocks[cid]

    return {each.path: b"".join(each.pieces) for each in files_under(root, fetch)}


def put(blocks: Blocks, links: list[Link], data: bytes) -> Cid:
    block = dagpb.encode(links, data)
    blocks[of_dag_pb(block)] = block
    return of_dag_pb(block)


def file_data(*sizes: int, kind: int = 2) -> bytes:
    each = b"".join(b"\x20" + varint(size) for size in sizes)
    return b"\x08" + varint(kind) + b"\x18" + varint(sum(sizes)) + each


FILES = {
    "a.txt": b"a",
    "empty": b"",
    "peçes/long": bytes(2 * CHUNK_BYTES + 7),
    "peçes/κύβος/日本語": b"text",
}


def test_a_folder_is_read_back_as_it_was() -> None:
    assert read(*blocks_of(FILES)) == FILES


@pytest.mark.parametrize("lost", range(6))
def test_a_missing_block_ends_it(lost: int) -> None:
    root, blocks = blocks_of(FILES)
    del blocks[sorted(blocks)[lost]]

    with pytest.raises(MalformedError, match="missing"):
        read(root, blocks)


def test_a_block_that_is_another_s_ends_it() -> None:
    root, blocks = blocks_of(FILES)
    blocks[of_raw(b"a")] = b"b"

    with pytest.raises(MalformedError, match="another's"):
        read(root, blocks)


def test_a_folder_too_deep_is_refused_before_the_stack_is_used_up() -> None:
    blocks: Blocks = {of_raw(b"x"): b"x"}
    cid, name = of_raw(b"x"), "x"
    for _ in range(5_000):
        cid = put(blocks, [Link(name, cid, 1)], FOLDER)

    with pytest.raises(LimitError, match="32 deep"):
        read(cid, blocks)


def test_a_file_too_deep_is_refused() -> None:
    blocks: Blocks = {of_raw(b"x"): b"x"}
    cid = of_raw(b"x")
    for _ in range(50):
        cid = put(blocks, [Link("", cid, 1)], file_data(1))

    with pytest.raises(LimitError, match="8 deep"):
        read(cid, blocks)


def test_a_small_dag_that_never_ends_is_cut_by_its_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dag, "BLOCKS_MAX", 3_000)
    blocks: Blocks = {of_raw(b""): b""}
    cid = of_raw(b"")
    for _ in range(4):
        cid = put(blocks, [Link("", cid, 0)] * 1_024, file_data(*[0] * 1_024))

    with pytest.raises(LimitError, match="more than 3000 blocks under one root"):
        read(cid, blocks)


def test_a_folder_of_folders_that_doubles_is_cut_by_its_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dag, "FILES_MAX", 1_000)
    blocks: Blocks = {of_raw(b"x"): b"x"}
    cid = of_raw(b"x")
    for _ in range(30):
        cid = put(blocks, [Link("a", cid, 1), Link("b", cid, 1)], FOLDER)

    with pytest.raises(LimitError, match="more than 1000 files under one root"):
        read(cid, blocks)


def test_a_node_of_a_million_links_is_refused_before_they_are_made() -> None:
    link = dagpb.encode([Link("", of_raw(b""), 0)], b"")[:-2]
    many = link * 1_000_000

    with pytest.raises(LimitError, match="more than 2097152 bytes"):
        read_node(of_dag_pb(many), many)
    fits = link * (dag.BLOCK_BYTES_MAX // len(link))
    with pytest.raises(LimitError, match="6000 links"):
        read_node(of_dag_pb(fits), fits)


@pytest.mark.parametrize(
    ("links", "data", "wrong"),
    [
        ([Link("", of_raw(b"x"), 1)], file_data(), "1 links, 0 sizes"),
        ([], file_data(5), "0 links, 1 sizes"),
        ([Link("", of_raw(b"x"), 1)], file_data(2), "not the 2 bytes"),
        ([Link("", of_raw(b"x"), 1)], file_data(1)[:-2] + b"\x20\x07", "add up"),
        ([], b"\x08\x05", "sharded"),
        ([], b"\x08\x04", "neither"),
        ([], b"", "neither"),
        ([], b"\x08\x01\x18\x05", "also a file"),
        ([Link("a/b", of_raw(b"x"), 1)], FOLDER, "named 'a/b'"),
        ([Link("", of_raw(b"x"), 1)], FOLDER, "named ''"),
        ([Link("a", of_raw(b"x"), 1)] * 2, FOLDER, "two entries"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    links: list[Link], data: bytes, wrong: str
) -> None:
    blocks: Blocks = {of_raw(b"x"): b"x"}
    cid = put(blocks, links, data)

    with pytest.raises(MalformedError, match=wrong):
        read(cid, blocks)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_node_or_theirs_to_answer_for(block: bytes) -> None:
    try:
        node = read_node(of_dag_pb(block), block)
    except RemoteError:
        return
    assert len(node.sizes) in (0, len(node.links))
