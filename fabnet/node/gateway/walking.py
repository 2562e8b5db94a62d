"""The way through a DAG: down a path, then depth first, one block in memory at a time.

What is yielded is what was asked for and no more: one block, one file or folder, a
stretch of a file, or everything below. Source: Trustless Gateway, dag-scope and
entity-bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.content.cid import RAW, Cid, codec
from fabnet.content.dag import Node, read_node
from fabnet.errors import RemoteError

Scope = Literal["block", "entity", "all"]
Get = Callable[[Cid], Awaitable[bytes | None]]

SEEN_MAX: Final = 50_000
"""Blocks remembered so that none is sent twice; a design has a tenth of it. What comes
after is sent as often as it is linked."""


class MissingError(RemoteError):
    """A block below one that was sent is not here, or not for strangers any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """A block on the way."""

    cid: Cid
    block: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file, both ends in it; negative ones count from the file's end."""

    first: int
    last: int | None
    """Nil is the file's end."""

    def within(self, size: int) -> tuple[int, int]:
        """Return where it begins in a file of `size` bytes, and just after its end."""
        first = max(0, self.first + size) if self.first < 0 else self.first
        last = size - 1 if self.last is None else self.last
        last = last + size if last < 0 and self.last is not None else last
        return first, min(size, last + 1)


async def resolve(get: Get, root: Cid, path: tuple[str, ...]) -> list[Step] | None:
    """Return the blocks down a path, the last being what it names; nil if none is."""
    steps: list[Step] = []
    cid, names = root, list(path)
    while True:
        block = await get(cid)
        if block is None:
            return None
        steps.append(Step(cid, block))
        if not names:
            return steps
        name = names.pop(0)
        node = read_node(cid, block)
        below = next((it.cid for it in node.links if it.name == name), None)
        if not node.is_folder or below is None:
            return None
        cid = below


async def walk(
    get: Get, steps: list[Step], scope: Scope, span: Span | None, *, dups: bool
) -> AsyncIterator[Step]:
    """Yield the steps of a path, then what `scope` and `span` add to its last.

    A block comes once, or with `dups` as often as it is linked. Raises MissingError at
    the first that is not here.
    """
    seen = _Seen(dups)
    for step in steps:
        if seen.is_new(step.cid):
            yield step
    end = steps[-1]
    node = read_node(end.cid, end.block)
    if scope == "block" or (scope == "entity" and node.is_folder):
        return
    whole = 0, node.size
    wanted = whole if span is None else span.within(node.size)
    todo = _below(node, 0, wanted)
    while todo:
        cid, at = todo.pop()
        is_known = not seen.is_new(cid)
        # Of a node that comes twice, another stretch may be wanted the second time.
        if is_known and (span is None or codec(cid) == RAW):
            continue
        block = await get(cid)
        if block is None:
            raise MissingError(f"{cid} is not here")
        if not is_known:
            yield Step(cid, block)
        inner = read_node(cid, block)
        bounds = wanted if span is not None else (at, at + inner.size)
        todo += _below(inner, at, bounds)


class _Seen:
    """Which blocks were sent; with `dups` nobody asks."""

    def __init__(self, dups: bool) -> None:
        self._dups = dups
        self._cids: set[Cid] = set()

    def is_new(self, cid: Cid) -> bool:
        """Whether a block is to be sent; it then counts as sent."""
        if self._dups or len(self._cids) == SEEN_MAX:
            return cid not in self._cids
        before = len(self._cids)
        self._cids.add(cid)
        return len(self._cids) > before


def _below(node: Node, at: int, wanted: tuple[int, int]) -> list[tuple[Cid, int]]:
    """Return the links that hold wanted bytes, the first last; all of a folder."""
    if node.is_folder:
        return [(link.cid, 0) for link in reversed(node.links)]
    found: list[tuple[Cid, int]] = []
    at += len(node.data)
    for link, size in zip(node.links, node.sizes, strict=True):
        if at < wanted[1] and at + size > wanted[0]:
            found.append((link.cid, at))
        at += size
    return found[::-1]
