"""A tree of sums over items: two that are equal have equal sums, and nobody else has.

A range is all items whose key begins with some hexadecimal digits. Of at most LEAF_MAX
items the sum is the hash of their list; of more, the hash of the sums of the sixteen
parts. So a sum says what is in a range, whatever order it came in and whatever else
there is; and to make two sets of one sum is to break the hash (a sum of hashes, which
can be kept up without a tree, falls to whoever owns many items).

Only the path to what changed is hashed again, and only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from fabnet.protocol.ranges.words import (
    DEPTH_MAX,
    KEY_BYTES,
    PARTS,
    SUM_BYTES,
    TAG_BYTES,
    Item,
)

LEAF_MAX: Final = 32
"""Items that are listed rather than split: a list of so many costs as much as the sums
that would be asked for instead."""
NAME_BYTES: Final = 16
"""Of an item's name here; its first 8 are its key on the wire."""
_NUMBER_BYTES: Final = 4
_WEIGHS: Final = NAME_BYTES + _NUMBER_BYTES + SUM_BYTES
EMPTY: Final = bytes(SUM_BYTES)
"""The sum of nothing."""


@dataclass(slots=True)
class _Node:
    """A range: its items one after the other, or its parts."""

    items: bytes = b""
    parts: list[_Node | None] | None = None
    count: int = 0
    sum: bytes | None = None
    """Nil when something in it changed since it was hashed."""


@dataclass(slots=True)
class Tree:
    """Items by name, and the sum of every range of them."""

    _root: _Node = field(default_factory=_Node)

    def __len__(self) -> int:
        return self._root.count

    def put(self, name: bytes, number: int, digest: bytes) -> None:
        """Have an item, in place of another of its name.

        `name` and `digest` are of 16 bytes; `number` is less than 2^32.
        """
        row = name + number.to_bytes(_NUMBER_BYTES, "big") + digest
        _put(self._root, name.hex(), 0, row)

    def drop(self, name: bytes) -> None:
        """Have no item of that name."""
        if self._row(name) is not None:
            _drop(self._root, name.hex(), 0, name)

    def get(self, name: bytes) -> tuple[int, bytes] | None:
        """Return number and digest of an item."""
        row = self._row(name)
        if row is None:
            return None
        return _number(row), row[-SUM_BYTES:]

    def find(self, key: bytes) -> tuple[bytes, Item] | None:
        """Return name and item of a key on the wire; of two, the lower name's."""
        for row in self._rows(key.hex()):
            return row[:NAME_BYTES], _item(row)
        return None

    def sum(self, prefix: str = "") -> bytes:
        """Return the sum of a range."""
        node, rest = self._at(prefix)
        if node is None:
            return EMPTY
        if not rest:
            return _sum(node)
        rows = [row for row in _split(node.items) if row.hex().startswith(prefix)]
        return _hash(b"".join(rows))

    def sums(self, prefix: str) -> list[bytes] | None:
        """Return the sums of a range's parts; nil where it is small enough to list."""
        node, rest = self._at(prefix)
        if node is None or rest or node.parts is None:
            return None
        return [EMPTY if part is None else _sum(part) for part in node.parts]

    def items(self, prefix: str) -> list[Item]:
        """Return the items of a range, in order."""
        return [_item(row) for row in self._rows(prefix)]

    # ------------------------------------------------------------------ inside

    def _at(self, prefix: str) -> tuple[_Node | None, str]:
        """Return the node of a range, or the leaf it is in with what digits remain."""
        node: _Node | None = self._root
        for depth, digit in enumerate(prefix):
            if node is None or node.parts is None:
                return node, prefix[depth:]
            node = node.parts[int(digit, 16)]
        return node, ""

    def _rows(self, prefix: str) -> Iterator[bytes]:
        node, _ = self._at(prefix)
        if node is not None:
            for row in _leaves(node):
                if row.hex().startswith(prefix):
                    yield row

    def _row(self, name: bytes) -> bytes | None:
        node, _ = self._at(name.hex()[:DEPTH_MAX])
        for row in () if node is None else _split(node.items):
            if row.startswith(name):
                return row
        return None


def _split(items: bytes) -> list[bytes]:
    return [items[at : at + _WEIGHS] for at in range(0, len(items), _WEIGHS)]


def _number(row: bytes) -> int:
    return int.from_bytes(row[NAME_BYTES : NAME_BYTES + _NUMBER_BYTES], "big")


def _item(row: bytes) -> Item:
    tag = row[-SUM_BYTES : TAG_BYTES - SUM_BYTES]
    return Item(row[:KEY_BYTES], _number(row), tag)


def _leaves(node: _Node) -> Iterator[bytes]:
    if node.parts is None:
        yield from _split(node.items)
        return
    for part in node.parts:
        if part is not None:
            yield from _leaves(part)


def _hash(items: bytes) -> bytes:
    return sha256(b"\x00" + items).digest()[:SUM_BYTES] if items else EMPTY


def _sum(node: _Node) -> bytes:
    if node.sum is None and node.parts is None:
        node.sum = _hash(node.items)
    elif node.sum is None and node.parts is not None:
        sums = b"".join(EMPTY if it is None else _sum(it) for it in node.parts)
        node.sum = sha256(b"\x01" + sums).digest()[:SUM_BYTES]
    assert node.sum is not None, "just hashed"
    return node.sum


def _put(node: _Node, digits: str, depth: int, row: bytes) -> int:
    """Put a row into a range; return by how many items that made it larger."""
    node.sum = None
    if node.parts is not None:
        digit = int(digits[depth], 16)
        part = node.parts[digit]
        if part is None:
            part = node.parts[digit] = _Node()
        more = _put(part, digits, depth + 1, row)
        node.count += more
        return more
    before = node.count
    rows = [it for it in _split(node.items) if it[:NAME_BYTES] != row[:NAME_BYTES]]
    rows.append(row)
    node.count = len(rows)
    if node.count <= LEAF_MAX or depth == DEPTH_MAX:
        node.items = b"".join(sorted(rows))
    else:
        node.items, node.parts, count = b"", [None] * PARTS, node.count
        for each in rows:
            _put(node, each[:NAME_BYTES].hex(), depth, each)
        node.count = count
    return node.count - before


def _drop(node: _Node, digits: str, depth: int, name: bytes) -> None:
    """Take out a row that is there."""
    node.sum = None
    node.count -= 1
    if node.parts is None:
        rows = _split(node.items)
        node.items = b"".join(it for it in rows if it[:NAME_BYTES] != name)
        return
    digit = int(digits[depth], 16)
    part = node.parts[digit]
    assert part is not None, "the row is there"
    _drop(part, digits, depth + 1, name)
    if not part.count:
        node.parts[digit] = None
    if node.count <= LEAF_MAX:
        node.items, node.parts = b"".join(_leaves(node)), None
