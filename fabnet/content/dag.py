"""What a block says of the blocks below it, and a folder or file read back from blocks.

Whoever gives the blocks is not believed: each is hashed before it is read, and sizes,
names, depth and count are bounded. So a DAG cannot be cyclic, since no block can name a
block that names it, and one that is deep, endless or a lie ends with an error. Source:
the UnixFS spec.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fabnet.content import cid as cids
from fabnet.content import dagpb
from fabnet.content.cid import Cid
from fabnet.content.dagpb import Link
from fabnet.content.multibase import read_varint
from fabnet.content.unixfs import FOLDER_DEPTH_MAX, LINKS_MAX
from fabnet.errors import LimitError, MalformedError

BLOCK_BYTES_MAX: Final = 2 * 1024 * 1024
"""Bytes of one block: what every IPFS client takes, and no more."""
FILE_DEPTH_MAX: Final = 8
"""Nodes above one another in a file: with two links each they still hold 256 MiB."""
FILES_MAX: Final = 10_000
"""Files and folders under one root; as many as an archive's entries."""
BLOCKS_MAX: Final = 100_000
"""Blocks read below one root: a link costs 40 bytes, so that a small DAG could name
the same block for ever."""

Fetch = Callable[[Cid], bytes]
"""Returns the bytes said to be a block's; raises MalformedError where it is missing."""

_TYPE, _DATA, _SIZE, _BLOCK_SIZE = 0x08, 0x12, 0x18, 0x20
_RAW_LEAF, _FOLDER, _FILE = 0, 1, 2
_SHARDED: Final = 5


@dataclass(frozen=True, slots=True)
class Node:
    """One block: a folder, or a stretch of a file."""

    is_folder: bool
    links: tuple[Link, ...]
    data: bytes
    """Bytes of the file that are in the block itself."""
    sizes: tuple[int, ...]
    """Bytes of the file below each link; none of a folder."""

    @property
    def size(self) -> int:
        """Bytes of the file, here and below; 0 of a folder."""
        return len(self.data) + sum(self.sizes)


def read_node(cid: Cid, block: bytes) -> Node:
    """Return what a block says; raise RemoteError if it is not its CID's, or wrong."""
    if len(block) > BLOCK_BYTES_MAX:
        raise LimitError(f"{cid}: a block of more than {BLOCK_BYTES_MAX} bytes")
    if hashlib.sha256(block).digest() != cids.digest(cid):
        raise MalformedError(f"{cid}: the block is another's")
    if cids.codec(cid) == cids.RAW:
        return Node(False, (), block, ())
    links, unixfs = dagpb.decode(block)
    kind, data, size, sizes = _read_unixfs(unixfs)
    if kind == _SHARDED:
        raise MalformedError(f"{cid}: a sharded folder, which is not read here")
    if kind == _FOLDER:
        if data or size or sizes:
            raise MalformedError(f"{cid}: a folder that is also a file")
        return Node(True, links, b"", ())
    if kind not in (_FILE, _RAW_LEAF):
        raise MalformedError(f"{cid}: neither a file nor a folder")
    if len(sizes) != len(links) or len(links) > LINKS_MAX:
        raise MalformedError(f"{cid}: {len(links)} links, {len(sizes)} sizes")
    node = Node(False, links, data, sizes)
    if size != node.size:
        raise MalformedError(f"{cid}: its sizes do not add up")
    return node


@dataclass(frozen=True, slots=True)
class Found:
    """A file under a root, and its bytes as they are read."""

    path: str
    """Empty where the root itself is the file."""
    pieces: Iterator[bytes]


def files_under(root: Cid, fetch: Fetch) -> Iterator[Found]:
    """Yield each file under `root`, to be read before the next is asked for.

    Raises RemoteError at the first block that is missing, wrong or one too many.
    """
    yield from _Reading(fetch).files("", root, 0)


class _Reading:
    """Counts what is read of one DAG."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._blocks = 0
        self._files = 0

    def files(self, at: str, cid: Cid, depth: int) -> Iterator[Found]:
        node = self._node(cid)
        self._files += 1
        if self._files > FILES_MAX:
            raise LimitError(f"more than {FILES_MAX} files under one root")
        if not node.is_folder:
            yield Found(at, self._pieces(cid, node, node.size, 0))
            return
        if depth > FOLDER_DEPTH_MAX:
            raise LimitError(f"folders nest at most {FOLDER_DEPTH_MAX} deep")
        names = [link.name for link in node.links]
        if len(set(names)) < len(names):
            raise MalformedError(f"{at or '.'}: two entries of one name")
        for link in node.links:
            if not link.name or "/" in link.name:
                raise MalformedError(f"{at or '.'}: an entry named {link.name[:80]!r}")
            inner = f"{at}/{link.name}" if at else link.name
            yield from self.files(inner, link.cid, depth + 1)

    def _pieces(self, cid: Cid, node: Node, size: int, depth: int) -> Iterator[bytes]:
        if depth > FILE_DEPTH_MAX:
            raise LimitError(f"{cid}: nodes nest at most {FILE_DEPTH_MAX} deep")
        if node.is_folder or node.size != size:
            raise MalformedError(f"{cid}: not the {size} bytes that were named")
        if node.data:
            yield node.data
        for link, below in zip(node.links, node.sizes, strict=True):
            yield from self._pieces(link.cid, self._node(link.cid), below, depth + 1)

    def _node(self, cid: Cid) -> Node:
        self._blocks += 1
        if self._blocks > BLOCKS_MAX:
            raise LimitError(f"more than {BLOCKS_MAX} blocks under one root")
        return read_node(cid, self._fetch(cid))


def _read_unixfs(raw: bytes) -> tuple[int, bytes, int, tuple[int, ...]]:
    """Return kind, bytes, size and sizes; the fields of later versions are skipped."""
    kind, data, size = -1, b"", 0
    sizes: list[int] = []
    at = 0
    while at < len(raw):
        tag, at = read_varint(raw, at)
        value, at = read_varint(raw, at)
        if tag & 7 == 2:
            end = at + value
            if end > len(raw):
                raise MalformedError("unixfs: truncated")
            data = raw[at:end] if tag == _DATA else data
            at = end
        elif tag & 7:
            raise MalformedError(f"unixfs: no field has tag {tag}")
        elif tag == _TYPE:
            kind = value
        elif tag == _SIZE:
            size = value
        elif tag == _BLOCK_SIZE:
            sizes.append(value)
    return kind, data, size, tuple(sizes)
