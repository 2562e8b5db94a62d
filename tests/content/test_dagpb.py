"""A dag-pb node has one encoding, whatever order its links are given in."""

from __future__ import annotations

from itertools import permutations

import pytest

from fabnet.content import dagpb
from fabnet.content.cid import of_dag_pb, of_raw, to_bytes
from fabnet.content.dagpb import Link
from fabnet.errors import MalformedError


def test_an_empty_folder_is_the_one_everybody_knows() -> None:
    block = dagpb.encode([], b"\x08\x01")

    assert block == bytes.fromhex("0a020801")
    assert of_dag_pb(block).startswith("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofsz")


def test_links_come_before_data_and_hold_hash_name_and_size() -> None:
    named = of_raw(b"x")
    block = dagpb.encode([Link("é", named, 300)], b"\x08\x01")

    link = b"\x0a\x24" + to_bytes(named) + b"\x12\x02\xc3\xa9" + b"\x18\xac\x02"
    assert block == b"\x12" + bytes((len(link),)) + link + b"\x0a\x02\x08\x01"


def test_an_empty_name_and_a_size_of_nothing_are_still_written() -> None:
    block = dagpb.encode([Link("", of_raw(b""), 0)], b"")

    assert block.endswith(b"\x12\x00\x18\x00\x0a\x00")


def test_links_are_ordered_by_the_bytes_of_their_names() -> None:
    # U+FF5E sorts before U+1F600 in UTF-8 and after it in UTF-16.
    names = ("B", "a", "a.stl", "é", "\uff5e", "\U0001f600")
    links = [Link(name, of_raw(name.encode()), 1) for name in names]
    blocks = {dagpb.encode(order, b"") for order in permutations(links)}

    (block,) = blocks
    found = [
        block.index(b"\x12" + bytes((len(n.encode()),)) + n.encode()) for n in names
    ]
    assert found == sorted(found)


def test_links_of_one_name_keep_their_order() -> None:
    first, second = Link("", of_raw(b"1"), 1), Link("", of_raw(b"2"), 1)

    assert dagpb.encode([first, second], b"") != dagpb.encode([second, first], b"")


def test_what_was_written_is_read_back() -> None:
    links = (Link("a", of_raw(b"1"), 1), Link("é", of_raw(b"2"), 300))

    assert dagpb.decode(dagpb.encode(links, b"data")) == (links, b"data")


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_truncated_node_is_refused(cut: int) -> None:
    block = dagpb.encode([Link("a", of_raw(b"1"), 1)], b"data")

    with pytest.raises(MalformedError):
        dagpb.decode(block[:-cut])


def test_another_spelling_of_a_node_is_refused() -> None:
    one, two = Link("a", of_raw(b"1"), 1), Link("b", of_raw(b"2"), 2)
    block = dagpb.encode([one, two], b"")
    link = len(block) // 2
    swapped = block[link - 1 : -2] + block[: link - 1] + block[-2:]

    assert sorted(swapped) == sorted(block)
    for wrong in (swapped, block + b"\x00", block.replace(b"a", b"\xff", 1)):
        with pytest.raises(MalformedError):
            dagpb.decode(wrong)
