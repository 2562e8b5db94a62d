"""Whether a design is whole: its manifest, its files, the folder, and who grants it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import FileNode, folder
from fabnet.designs import revision as revisions
from fabnet.designs.revision import FileEntry, Revision
from fabnet.designs.source import source_missing
from fabnet.errors import InputError, RemoteError
from fabnet.node.publishing.files import size_of
from fabnet.node.verifying.check import Check, no, ok, unknown, unreadable
from fabnet.node.verifying.parts import Parts, named
from fabnet.node.verifying.terms import (
    check_terms,
    disputes_of,
    doubtful,
    grants_of,
    refused,
    withdrawn,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one design may lie."""

    folder: Path | None
    """Files at their paths; nil for a manifest alone."""


def check_design(
    raw: bytes, place: Place, parts: Parts, expected: Cid | None
) -> Iterator[Check]:
    """Yield what was looked at of a design, its own name first.

    `expected` is what it should be called: the revision's CID, or that of its folder.
    """
    cid = cids.of_raw(raw)
    is_folder = expected is not None and cids.codec(expected) == cids.DAG_PB
    if expected is None or is_folder or expected == cid:
        yield ok("revision", "named", cid=cid)
    else:
        yield no("revision", "cid-differs", cid=cid, expected=expected)
    try:
        revision = revisions.parse(raw)
    except RemoteError as error:
        yield unreadable("manifest", error)
        return
    yield _source(revision)
    yield check_terms(revision.licence)
    yield from _files(revision, place, parts, expected if is_folder else None)
    yield _grants(revision, cid, parts)
    recalled = withdrawn(revision, cid, parts)
    if recalled is not None:
        yield recalled


def _source(revision: Revision) -> Check:
    lacking = source_missing(revision)
    if lacking is not None:
        return refused("source", lacking)
    return ok("source", "source-there", licence=revision.licence)


def _files(
    revision: Revision, place: Place, parts: Parts, expected: Cid | None
) -> Iterator[Check]:
    nodes: dict[str, FileNode] = {}
    for file in revision.files:
        found = _file(file, place, parts)
        if isinstance(found, Check):
            yield found
        else:
            nodes[file.path] = found
    if len(nodes) < len(revision.files):
        if expected is not None:
            yield unknown("folder", "file-not-here")
        return
    yield ok("files", "files-whole", files=len(nodes))
    made = folder(nodes).cid
    if expected is None or expected == made:
        yield ok("folder", "folder-named", folder=made)
    else:
        yield no("folder", "cid-differs", cid=made, expected=expected)


def _file(file: FileEntry, place: Place, parts: Parts) -> FileNode | Check:
    path = _where(file, place, parts)
    if path is None:
        return unknown(file.path, "file-not-here")
    if isinstance(path, Check):
        return path
    try:
        cid, node = named(path)
    except OSError as error:
        return unknown(file.path, "not-read", why=error.strerror or str(error))
    if cid != file.cid or node.size != file.bytes:
        return no(file.path, "file-differs")
    return node


def _where(file: FileEntry, place: Place, parts: Parts) -> Path | Check | None:
    if place.folder is not None and (place.folder / file.path).exists():
        try:
            size_of(place.folder, file.path)
        except InputError as error:
            return no(file.path, "not-read", why=error.expected)
        return place.folder / file.path
    kept = None if parts.blobs is None else parts.blobs.path(cids.parse(file.cid))
    return kept if kept is not None and kept.is_file() else None


def _grants(revision: Revision, cid: Cid, parts: Parts) -> Check:
    held = grants_of(revision, cid, parts)
    if not held:
        return unknown("grants", "no-grant-here", design=cid)
    against = {it.grant: it for it in disputes_of(revision, cid, parts)}
    standing = {grant.expression for id_, grant in held if id_ not in against}
    if not standing:
        return doubtful(against[held[0][0]])
    licence = " OR ".join(sorted(standing))
    return ok("grants", "grant-holds", licence=licence)
