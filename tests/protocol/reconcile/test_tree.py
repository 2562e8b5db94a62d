"""The tree of sums: what is in it decides every sum, and nothing else does."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fabnet.protocol.ranges.tree import EMPTY, LEAF_MAX, NAME_BYTES, Tree
from fabnet.protocol.ranges.words import DEPTH_MAX, KEY_BYTES, PARTS, TAG_BYTES

Rows = dict[bytes, tuple[int, bytes]]

names = st.binary(min_size=NAME_BYTES, max_size=NAME_BYTES)
crowded = st.builds(
    lambda end: bytes(NAME_BYTES - len(end)) + end, st.binary(max_size=2)
)
"""Names that begin alike, as somebody makes them who has time."""
values = st.tuples(st.integers(1, 2**32 - 1), st.binary(min_size=16, max_size=16))
rows = st.dictionaries(names | crowded, values, max_size=120)


def tree_of(held: Rows, order: Random | None = None) -> Tree:
    tree, them = Tree(), list(held.items())
    (order or Random(0)).shuffle(them)
    for name, (number, digest) in them:
        tree.put(name, number, digest)
    return tree


def many(count: int, seed: int = 1) -> Rows:
    dice = Random(seed)
    return {
        dice.randbytes(NAME_BYTES): (dice.randint(1, 9_999), dice.randbytes(16))
        for _ in range(count)
    }


def sum_of(held: Rows, prefix: str = "") -> bytes:
    """The sum as it is defined, with no tree."""
    told = sorted(
        name + number.to_bytes(4, "big") + digest
        for name, (number, digest) in held.items()
        if name.hex().startswith(prefix)
    )
    if not told:
        return EMPTY
    if len(told) <= LEAF_MAX or len(prefix) == DEPTH_MAX:
        return sha256(b"\0" + b"".join(told)).digest()[:16]
    parts = (sum_of(held, f"{prefix}{digit:x}") for digit in range(PARTS))
    return sha256(b"\1" + b"".join(parts)).digest()[:16]


@given(rows, rows, st.randoms(use_true_random=False))
def test_the_sum_tells_what_is_there_whatever_came_first_or_went(
    held: Rows, gone: Rows, order: Random
) -> None:
    tree = tree_of(gone | held, order)
    for name in gone.keys() - held.keys():
        tree.drop(name)
        tree.drop(name)

    assert tree.sum() == sum_of(held)
    assert len(tree) == len(held)
    for prefix in ("0", "00", "f", "0" * DEPTH_MAX):
        assert tree.sum(prefix) == sum_of(held, prefix)


@given(rows, names, values)
def test_one_item_more_or_another_number_changes_the_sum(
    held: Rows, name: bytes, value: tuple[int, bytes]
) -> None:
    tree = tree_of(held)
    before = tree.sum()
    tree.put(name, *value)

    assert (tree.sum() == before) == (held.get(name) == value)
    assert tree.get(name) == value


def test_a_range_is_split_when_it_is_too_long_to_list() -> None:
    held = many(LEAF_MAX)
    tree = tree_of(held)
    assert tree.sums("") is None
    assert [item.number for item in tree.items("")] == [
        held[name][0] for name in sorted(held)
    ]

    tree.put(b"x" * NAME_BYTES, 7, bytes(16))
    sums = tree.sums("")

    assert sums == [tree.sum(f"{digit:x}") for digit in range(PARTS)]


def test_items_that_all_begin_alike_are_listed_at_the_end_of_their_key() -> None:
    alike = {
        bytes(KEY_BYTES) + number.to_bytes(8, "big"): (1, bytes(16))
        for number in range(3 * LEAF_MAX)
    }
    tree = tree_of(alike)

    assert tree.sum() == sum_of(alike)
    assert tree.sums("0" * DEPTH_MAX) is None
    assert len(tree.items("0" * DEPTH_MAX)) == 3 * LEAF_MAX


def test_an_item_is_found_by_its_key_and_of_two_the_lower_name() -> None:
    one, two = bytes(KEY_BYTES) + b"a" * 8, bytes(KEY_BYTES) + b"b" * 8
    tree = tree_of({two: (2, b"t" * 16), one: (1, b"u" * 16)})
    found = tree.find(bytes(KEY_BYTES))

    assert found is not None
    name, item = found
    assert (name, item.number, item.tag) == (one, 1, b"u" * TAG_BYTES)
    assert tree.find(b"z" * KEY_BYTES) is None
