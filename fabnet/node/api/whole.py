"""Whether what is to be published is whole: files, their folder, and its ancestors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from fabnet.content.cid import Cid
from fabnet.content.unixfs import CHUNK_BYTES, FileNode, file_cid, folder, leaf
from fabnet.designs.revision import (
    DESIGN_BYTES_MAX,
    REVISION_BYTES_MAX,
    FileEntry,
    Revision,
    parse,
)
from fabnet.errors import StorageError
from fabnet.node.api.problem import Problem, problem
from fabnet.node.shell import Shell
from fabnet.node.store.blobs import Blobs

_PIECE_BYTES: Final = 256 * 1_024


async def check_files(shell: Shell, revision: Revision, named: Cid) -> Problem | None:
    """Return why the files of a revision are not what it says; nil when they are.

    Each must be here and as long as stated, and together they make the folder `named`:
    for that, files of more than one chunk are read once.
    """
    total = sum(file.bytes for file in revision.files)
    if total > DESIGN_BYTES_MAX:
        return _unlike("design-too-large", bytes=total, most_bytes=DESIGN_BYTES_MAX)
    for file in revision.files:
        size_bytes = await shell.blobs.size(file.cid)
        if size_bytes is None:
            return _unlike("blob-missing", path=file.path, cid=file.cid)
        if size_bytes != file.bytes:
            return _unlike("blob-size-differs", path=file.path, bytes=size_bytes)
    made = await asyncio.to_thread(_folder_of, shell.blobs, revision)
    if made != named:
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "folder-differs", "folder", folder=made
        )
    return None


async def check_parents(shell: Shell, revision: Revision) -> Problem | None:
    """Return why a revision cannot follow the parents it names, as far as is known."""
    for cid in revision.parents:
        raw = await shell.blobs.read(cid, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            continue  # nobody may have it any more; its child is still worth keeping
        parent = parse(raw)
        if (parent.lineage or cid) != revision.lineage:
            return _unlike("parent-of-another-lineage", parent=cid)
    return None


def _folder_of(blobs: Blobs, revision: Revision) -> Cid:
    """Return the UnixFS folder that the files make; blocks on the disk."""
    return folder({it.path: _node(blobs, it) for it in revision.files}).cid


def _node(blobs: Blobs, file: FileEntry) -> FileNode:
    if file.bytes <= CHUNK_BYTES:
        return leaf(file.cid, file.bytes)
    try:
        return file_cid(_pieces(blobs, file.cid))
    except OSError as error:
        raise StorageError(f"{file.path}: the disk failed: {error}") from error


def _pieces(blobs: Blobs, cid: Cid) -> Iterator[bytes]:
    with blobs.path(cid).open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _unlike(reason: str, **args: str | int) -> Problem:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, reason, "manifest", **args)
