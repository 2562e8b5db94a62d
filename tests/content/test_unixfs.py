"""A file or a folder has the CID that every client of unixfs-v1-2025 gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import islice

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content import unixfs
from fabnet.content.cid import DAG_PB, RAW, codec, of_dag_pb, of_raw
from fabnet.content.unixfs import (
    CHUNK_BYTES,
    FOLDER_BYTES_MAX,
    FOLDER_DEPTH_MAX,
    LINKS_MAX,
    FileNode,
    file_cid,
    folder,
    leaf,
)
from fabnet.errors import LimitError, MalformedError
from tests.content.helia import FULL, NAMES, TREE
from tests.content.shared import vectors

X = file_cid([b"x"])


def spread(size: int) -> bytes:
    """The first bytes of sha256('fabnet0'), sha256('fabnet1')…, as the vectors say."""
    digests = (hashlib.sha256(b"fabnet%d" % n).digest() for n in range(size // 32 + 1))
    return b"".join(digests)[:size]


def keystream(size: int, seed: str) -> bytes:
    """The bytes that kubo's profile test makes of a seed: ChaCha20, zero nonce."""
    key = hashlib.sha256(seed.encode()).digest()
    return (
        Cipher(algorithms.ChaCha20(key, bytes(16)), None)
        .encryptor()
        .update(bytes(size))
    )


def kubo_names(last_length: int) -> list[str]:
    """The 4,766 names with which kubo's profile test meets the folder threshold."""
    letters = "abcdefghijklmnopqrstuvwxyz01234567890-_"
    lengths = [11] * 4_765 + [last_length]
    stream = iter(keystream(sum(lengths), "hamt-unixfs-v1-2025"))
    return [
        "".join(letters[byte % len(letters)] for byte in islice(stream, length))
        for length in lengths
    ]


def official() -> dict[str, str]:
    found = json.loads(vectors("libp2p-ipfs-vectors.json").read_text())
    known = found["ipip_0499_official"]
    (others,) = [value for value in known.values() if isinstance(value, dict)]
    return {**known, **others}


@pytest.mark.parametrize(
    ("size", "cid"),
    [
        (0, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (CHUNK_BYTES, "bafkreigv4dtdn3fq4pbf6yufck5y7n6i3v4s5h32ylx2w6g77bnqaadrvy"),
        (
            CHUNK_BYTES + 1,
            "bafybeidfbi6qy6ks2em6aadmjtyjsda44uca3maafus6kiibktfz7q4vnm",
        ),
        (2_500_000, "bafybeidncgulnpfqq26zcl7jfxlva6weobqkugvwfqvtlq2k5ug75edpnm"),
    ],
)
def test_a_file_has_the_cid_that_helia_gives_it(size: int, cid: str) -> None:
    assert file_cid([spread(size)]).cid == cid


def test_every_file_of_the_helia_vectors_agrees() -> None:
    known = json.loads(vectors("libp2p-ipfs-vectors.json").read_text())
    sizes = {k: v for k, v in known["unixfs_v1_2025"].items() if k.isdigit()}

    assert len(sizes) == 8
    assert sizes == {size: file_cid([spread(int(size))]).cid for size in sizes}


def test_the_official_fixtures_of_the_profile_agree() -> None:
    known = official()
    seeded = keystream(CHUNK_BYTES + 1, "chunk-v1-seed")

    assert file_cid([b"hello world"]).cid == known["hello world (11 bytes)"]
    assert folder({}).cid == known["empty directory"]
    assert file_cid([seeded[:-1]]).cid == known["1048576 B"]
    assert file_cid([seeded]).cid == known["1048577 B"]


def test_a_tree_of_any_letters_has_the_cid_that_helia_gives_it() -> None:
    tree = {path: file_cid([content]) for path, content in TREE.items()}

    assert folder(tree).cid == NAMES["tree"]
    assert folder(dict.fromkeys(FULL, X)).cid == NAMES["full"]
    assert folder({}).cid == NAMES["empty"]


def test_a_long_file_has_the_cid_that_helia_gives_it() -> None:
    chunks = [bytes(CHUNK_BYTES)] * 100

    assert file_cid(chunks).cid == NAMES["100 MiB"]
    assert file_cid([*chunks, b"\0"]).cid == NAMES["100 MiB + 1 B"]


def test_a_leaf_of_known_name_is_the_file_itself() -> None:
    assert leaf(of_raw(b"x"), 1) == X


def test_a_folder_too_full_is_named() -> None:
    with pytest.raises(LimitError, match=r"^folder parts/small: its 1067 names come"):
        folder({f"parts/small/{name}": X for name in (*FULL, "one more")})
    with pytest.raises(LimitError, match=r"^folder \.: its"):
        folder(dict.fromkeys((*FULL, "one more"), X))


def test_a_folder_at_the_official_threshold_stays_plain() -> None:
    node = folder(dict.fromkeys(kubo_names(21), X))

    assert len(node.blocks[-1][1]) == FOLDER_BYTES_MAX
    assert node.cid == official()["directory at HAMT threshold 262144"]


def test_a_folder_one_byte_over_the_threshold_is_refused() -> None:
    with pytest.raises(LimitError, match="262145 bytes"):
        folder(dict.fromkeys(kubo_names(22), X))


def test_a_file_is_the_same_however_it_arrives_in_pieces() -> None:
    data = spread(2 * CHUNK_BYTES + 7)
    whole = file_cid([data])

    for length in (1_000, 4_096, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1):
        cuts = range(0, len(data), length)
        assert file_cid(data[at : at + length] for at in cuts) == whole
    assert file_cid([b"", data, b""]) == whole


def test_a_file_of_one_chunk_is_its_raw_block_and_needs_no_other() -> None:
    data = spread(CHUNK_BYTES)
    node = file_cid([data])

    assert node == FileNode(of_raw(data), len(data), len(data), (of_raw(data),), ())


def test_a_longer_file_says_which_leaf_holds_which_bytes() -> None:
    data = spread(2 * CHUNK_BYTES + 5)
    node = file_cid([data])

    cuts = range(0, len(data), CHUNK_BYTES)
    assert node.leaves == tuple(of_raw(data[at : at + CHUNK_BYTES]) for at in cuts)
    assert [cid for cid, _ in node.blocks] == [node.cid]
    assert node.size == len(data)
    assert node.tsize == len(data) + len(node.blocks[0][1])


def test_beyond_1024_leaves_every_leaf_stays_at_one_depth() -> None:
    chunk = bytes(CHUNK_BYTES)
    one_level = file_cid([chunk] * LINKS_MAX)
    two_levels = file_cid([*[chunk] * LINKS_MAX, b"!"])

    assert len(one_level.blocks) == 1
    full, lone, root = two_levels.blocks
    assert full == one_level.blocks[0]
    assert lone[1].count(b"\x12\x00") == 1  # a node for the last leaf alone
    assert root[0] == two_levels.cid
    # Checked against kubo's fixtures of 1,024 MiB, one byte more, and 1,025 MiB.
    assert (
        two_levels.cid == "bafybeihduznrt4wku3id425cslzrrm2woez6brd7ue3wiwbkv3v2psacqy"
    )


@pytest.mark.parametrize("leaves", range(2, 70))
def test_no_leaf_is_nearer_to_the_root_than_another(
    leaves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unixfs, "LINKS_MAX", 4)  # four levels, without 1 TiB to cut
    tree = unixfs._Tree()
    (leaf,) = unixfs._leaves([b"x"])
    for _ in range(leaves):
        tree.add(leaf)
    root = tree.root()

    row, nodes = leaves, 0
    while row > 1:  # each level holds the one below in fours, the last in what is left
        row = -(-row // 4)
        nodes += row
    assert len(tree.blocks) == nodes
    assert tree.blocks[-1][0] == root.cid
    assert root.size == leaves


def test_a_folder_nests_and_counts_everything_under_it() -> None:
    node = folder({"README.md": X, "parts/arm.stl": X, "parts/in/deep.stl": X})

    deep, parts, root = node.blocks
    assert root[0] == node.cid
    assert node.tsize == 3 + sum(len(block) for _, block in node.blocks)
    assert b"\x12\x02in" in parts[1]
    assert b"\x12\x08deep.stl" in deep[1]
    # Small and ours, so that the shape of a tree cannot change unseen.
    assert node.cid == "bafybeihwgaij34r3pdqjwomei2i32ejs7e4ynj73ky7e5epyxsby4e52ny"


def test_a_folder_holds_every_block_that_is_no_leaf_once() -> None:
    long = file_cid([spread(CHUNK_BYTES + 1)])
    node = folder({"a/long.step": long, "b/long.step": long, "long.step": long})

    names = [cid for cid, _ in node.blocks]
    assert len(names) == len(set(names)) == 3  # the file, a and b alike, the root
    assert all(of_dag_pb(block) == cid for cid, block in node.blocks)


def paths() -> st.SearchStrategy[list[str]]:
    name = st.text("ab é\U0001f600.", min_size=1, max_size=3)
    sound = name.filter(lambda text: text not in (".", ".."))
    path = st.lists(sound, min_size=1, max_size=3).map("/".join)
    return st.lists(path, unique=True, max_size=8)


@given(paths())
def test_the_order_of_entries_changes_nothing(found: list[str]) -> None:
    def made(order: Iterator[str]) -> str:
        try:
            return folder(dict.fromkeys(order, X)).cid
        except MalformedError:
            return "a file and a folder"

    assert made(iter(found)) == made(reversed(found)) == made(iter(sorted(found)))


@pytest.mark.parametrize(
    "path",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b", "a/\ud800"],
)
def test_a_path_that_no_folder_can_hold_is_refused(path: str) -> None:
    with pytest.raises(MalformedError):
        folder({path: X})


@pytest.mark.parametrize("order", [["a", "a/b"], ["a/b", "a"], ["a/b/c", "a/b"]])
def test_a_name_is_not_a_file_and_a_folder(order: list[str]) -> None:
    with pytest.raises(MalformedError, match="a file and a folder"):
        folder(dict.fromkeys(order, X))


def test_folders_nest_only_so_deep() -> None:
    folder({"a/" * FOLDER_DEPTH_MAX + "f": X})

    with pytest.raises(LimitError, match="nest"):
        folder({"a/" * (FOLDER_DEPTH_MAX + 1) + "f": X})


def test_leaves_are_raw_and_nodes_are_dag_pb() -> None:
    node = file_cid([spread(CHUNK_BYTES + 1)])

    assert {codec(leaf) for leaf in node.leaves} == {RAW}
    assert codec(node.cid) == DAG_PB
