"""UnixFS files and folders, cut as every IPFS client of profile unixfs-v1-2025 does.

The same bytes have the same CID everywhere only if all agree how to cut them: raw
leaves of 1 MiB, 1,024 links a node, every leaf at one depth, plain folders of at most
256 KiB. A file of one chunk is its raw block. Source: IPIP-499 and the UnixFS spec.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fabnet.content import dagpb
from fabnet.content.cid import Cid, from_digest, of_dag_pb
from fabnet.content.dagpb import Link
from fabnet.content.multibase import varint
from fabnet.errors import LimitError, MalformedError

CHUNK_BYTES: Final = 1 << 20
"""Bytes of a leaf; the profile's."""
LINKS_MAX: Final = 1_024
"""Links of one node of a file; the profile's."""
FOLDER_BYTES_MAX: Final = 256 * 1_024
"""Bytes of a folder's block; above it the profile shards, which we do not write."""
FOLDER_DEPTH_MAX: Final = 32
"""Folders within folders; real designs nest fewer than ten."""

Block = tuple[Cid, bytes]
"""A block that is in no file as it stands, and its name."""

_FOLDER_DATA: Final = b"\x08\x01"
_FILE_DATA: Final = b"\x08\x02"
_FILE_SIZE: Final = b"\x18"
_BLOCK_SIZE: Final = b"\x20"


@dataclass(frozen=True, slots=True)
class FileNode:
    """A file as IPFS clients see it."""

    cid: Cid
    tsize: int
    """Bytes of the file and of the blocks that hold it together."""
    size: int
    """Bytes of the file."""
    leaves: tuple[Cid, ...]
    """Leaf i holds the bytes from i * CHUNK_BYTES."""
    blocks: tuple[Block, ...]
    """The nodes above the leaves, root last; none if the file is one leaf."""


@dataclass(frozen=True, slots=True)
class FolderNode:
    """A folder as IPFS clients see it."""

    cid: Cid
    tsize: int
    """Bytes of the folder's block and of everything under it."""
    blocks: tuple[Block, ...]
    """Every block under it that is no leaf, each once, root last."""


def file_cid(pieces: Iterable[bytes]) -> FileNode:
    """Return the file that the pieces, of any lengths, make one after another.

    Keeps 1,024 links a level, and about 60 bytes of names for every MiB it has read.
    """
    tree = _Tree()
    leaves = []
    for leaf in _leaves(pieces):
        leaves.append(leaf.cid)
        tree.add(leaf)
    root = tree.root()
    return FileNode(root.cid, root.tsize, root.size, tuple(leaves), tuple(tree.blocks))


def leaf(cid: Cid, size: int) -> FileNode:
    """Return a file of at most one chunk, whose raw CID is known."""
    assert size <= CHUNK_BYTES
    return FileNode(cid, size, size, (cid,), ())


def folder(entries: Mapping[str, FileNode]) -> FolderNode:
    """Return the folder that holds each file at its path, such as `parts/arm.stl`.

    Raises MalformedError for a path that no folder can hold, and LimitError naming a
    folder too large or too deep.
    """
    tree: _Names = {}
    for path, file in entries.items():
        _put(tree, path, file)
    blocks: dict[Cid, bytes] = {}
    cid, tsize = _write("", tree, blocks)
    return FolderNode(cid, tsize, tuple(blocks.items()))


@dataclass(frozen=True, slots=True)
class _Part:
    """A leaf, or a node with all under it."""

    cid: Cid
    tsize: int
    size: int


class _Tree:
    """The nodes above the leaves, built from the left, every leaf at one depth."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._rows: list[list[_Part]] = [[]]
        """The parts that have no node above them yet: leaves first, then upwards."""

    def add(self, part: _Part, level: int = 0) -> None:
        if level == len(self._rows):
            self._rows.append([])
        if len(self._rows[level]) == LINKS_MAX:
            self._gather(level)
        self._rows[level].append(part)

    def root(self) -> _Part:
        """Return the node over everything added; the tree takes no more after it."""
        level = 0
        while level + 1 < len(self._rows):
            self._gather(level)
            level += 1
        top = self._rows[level]
        return top[0] if len(top) == 1 else self._node(top)

    def _gather(self, level: int) -> None:
        node = self._node(self._rows[level])
        self._rows[level] = []
        self.add(node, level + 1)

    def _node(self, parts: list[_Part]) -> _Part:
        size = sum(part.size for part in parts)
        sizes = b"".join(_BLOCK_SIZE + varint(part.size) for part in parts)
        links = [Link("", part.cid, part.tsize) for part in parts]
        block = dagpb.encode(links, _FILE_DATA + _FILE_SIZE + varint(size) + sizes)
        cid = of_dag_pb(block)
        self.blocks.append((cid, block))
        return _Part(cid, len(block) + sum(part.tsize for part in parts), size)


def _leaves(pieces: Iterable[bytes]) -> Iterator[_Part]:
    """Yield the leaves; an empty file has one, of no bytes."""
    sha, held, any_yet = hashlib.sha256(), 0, False
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            taken = rest[: CHUNK_BYTES - held]
            sha.update(taken)
            held += len(taken)
            rest = rest[len(taken) :]
            if held == CHUNK_BYTES:
                yield _Part(from_digest(sha.digest()), held, held)
                sha, held, any_yet = hashlib.sha256(), 0, True
    if held or not any_yet:
        yield _Part(from_digest(sha.digest()), held, held)


_Names = dict[str, "FileNode | _Names"]


def _put(tree: _Names, path: str, file: FileNode) -> None:
    *folders, name = path.split("/")
    if len(folders) > FOLDER_DEPTH_MAX:
        raise LimitError(f"{path!r}: folders nest at most {FOLDER_DEPTH_MAX} deep")
    for step in (*folders, name):
        _check_name(step, path)
    inner = tree
    for step in folders:
        below = inner.setdefault(step, {})
        if isinstance(below, FileNode):
            raise MalformedError(f"{path!r}: {step!r} is a file and a folder")
        inner = below
    if name in inner:
        raise MalformedError(f"{path!r}: {name!r} is a file and a folder")
    inner[name] = file


def _check_name(name: str, path: str) -> None:
    """Raise MalformedError unless a folder can hold an entry of this name."""
    if name in ("", ".", "..") or "\0" in name:
        raise MalformedError(f"{path!r}: expected names with one / between them")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(f"{path!r}: not Unicode text") from error


def _write(at: str, tree: _Names, blocks: dict[Cid, bytes]) -> tuple[Cid, int]:
    """Add the blocks of the folder `at`, its own last; return its name and tsize."""
    links = []
    for name, below in tree.items():
        if isinstance(below, FileNode):
            blocks.update(below.blocks)
            links.append(Link(name, below.cid, below.tsize))
        else:
            inner = f"{at}/{name}" if at else name
            links.append(Link(name, *_write(inner, below, blocks)))
    block = dagpb.encode(links, _FOLDER_DATA)
    if len(block) > FOLDER_BYTES_MAX:
        raise LimitError(
            f"folder {at or '.'}: its {len(links)} names come to {len(block)} bytes; "
            f"the most is {FOLDER_BYTES_MAX}; spread the files over more folders"
        )
    cid = of_dag_pb(block)
    blocks[cid] = block
    return cid, len(block) + sum(link.tsize for link in links)
