"""The Merkle root of a row of record ids, as certificate logs have it (RFC 6962).

Leaves and nodes are hashed apart, so that no node passes for a leaf, and a row of any
length has one root.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from fabnet.records.ids import RecordId


def root_of(ids: Iterable[RecordId]) -> bytes:
    """Return the 32 bytes that stand for these ids in this order."""
    whole: list[tuple[int, bytes]] = []
    """Full trees, each with its height, the tallest first."""
    for each in ids:
        tree = (0, sha256(b"\x00" + each.encode()).digest())
        while whole and whole[-1][0] == tree[0]:
            height, left = whole.pop()
            tree = (height + 1, sha256(b"\x01" + left + tree[1]).digest())
        whole.append(tree)
    if not whole:
        return sha256(b"").digest()
    _, root = whole.pop()
    while whole:
        _, left = whole.pop()
        root = sha256(b"\x01" + left + root).digest()
    return root
