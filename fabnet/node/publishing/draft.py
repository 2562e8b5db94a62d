"""From chosen files to a revision with its signed grant, ready to be sent."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import folder
from fabnet.designs.documents.grant import CREDENTIAL, grant_of, subject_of
from fabnet.designs.drafting import revision_from, role_of
from fabnet.designs.geometry.measure import is_measured, measure
from fabnet.designs.licence.expression import Refused
from fabnet.designs.okh.manifest import Manifest
from fabnet.designs.requirement import Shape
from fabnet.designs.revision import FileEntry, Revision, Rightsholder, encode
from fabnet.designs.source import only_mesh
from fabnet.designs.vocabulary import media_type_of
from fabnet.errors import InputError, MalformedError, RemoteError
from fabnet.node.publishing.choosing import Chosen
from fabnet.node.publishing.files import Held, hold, open_inside
from fabnet.node.publishing.lineage import Lineage
from fabnet.node.publishing.progress import Progress
from fabnet.node.web.sentences import reason
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal

MAPPED_BYTES_MIN: Final = 16 * 1024 * 1024
"""From here on a mesh is mapped: the system reads of it what is looked at."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A design ready to be sent."""

    root: Path
    """Where its files lie."""
    held: tuple[Held, ...]
    """Its files, each read once and named."""
    revision: Revision
    manifest: bytes
    cid: Cid
    folder: Cid
    grant: bytes
    remarks: tuple[Refusal, ...]
    """What is worth saying: reason codes with their arguments."""


def draft(
    chosen: Chosen,
    signing: Sequence[SigningKey],
    moment_ms: int,
    *,
    lineage: Lineage,
    progress: Progress,
) -> Draft:
    """Return the revision that a design comes to, with the grant signed by its keys.

    Raises FabnetError naming what is missing or wrong.
    """
    manifest = chosen.manifest
    rightsholders = _rightsholders(manifest, signing)
    held = tuple(_held(chosen, path, progress) for path in chosen.sizes)
    revision = revision_from(
        manifest,
        [_entry(manifest, file) for file in held],
        rightsholders,
        _geometry(chosen),
        lineage=lineage.first,
        parents=lineage.parents,
        derived_from=lineage.origins,
        source_location=chosen.source_location,
    )
    if isinstance(revision, Refused):
        raise RemoteError(reason(revision.reason, dict(revision.args)))
    raw = encode(revision)
    cid = cids.of_raw(raw)
    directory = folder({file.path: file.node for file in held}).cid
    remarks = (*chosen.remarks, *_remarks(revision))
    grant = _grant(revision, cid, signing, moment_ms)
    return Draft(chosen.root, held, revision, raw, cid, directory, grant, remarks)


def _held(chosen: Chosen, path: str, progress: Progress) -> Held:
    progress.begin("reading", path, chosen.sizes[path])
    try:
        return hold(chosen.root, path, progress.add)
    finally:
        progress.end()


def _remarks(revision: Revision) -> list[Refusal]:
    mesh = only_mesh(revision)
    return [] if mesh is None else [Refusal("source-is-mesh", (("path", mesh),))]


def _entry(manifest: Manifest, file: Held) -> FileEntry:
    role = role_of(manifest, file.path)
    if not file.bytes and role in ("source", "export", "bom", "image"):
        raise InputError(file.path, f"is empty; expected a file of role {role}")
    return FileEntry(
        path=file.path,
        cid=file.cid,
        bytes=file.bytes,
        media_type=media_type_of(file.path),
        role=role,
    )


def _geometry(chosen: Chosen) -> dict[str, Shape]:
    """Return what the files measure that parts are made from, by path."""
    manifest = chosen.manifest
    parts = manifest.parts or (manifest.module,)
    listed = {path for part in parts for path in (*part.export, *part.source)}
    found = {}
    for path in chosen.sizes:
        if path in listed and is_measured(path):
            with open_inside(chosen.root, path) as file:
                content = _content(file, path)
            try:
                shape = measure(path, content)
            except RemoteError as error:
                raise MalformedError(f"{path}: {error}") from error
            if shape is not None:
                found[path] = shape
    return found


def _content(file: BinaryIO, path: str) -> bytes:
    """Return what an open file holds: read, or of a large STL mapped."""
    is_stl = path.lower().endswith(".stl")
    if not is_stl or os.fstat(file.fileno()).st_size < MAPPED_BYTES_MIN:
        return file.read()
    # Sliced, searched and measured as bytes are.
    return mmap.mmap(  # type: ignore[return-value]  # as the line above says
        file.fileno(), 0, access=mmap.ACCESS_READ
    )


def _rightsholders(
    manifest: Manifest, signing: Sequence[SigningKey]
) -> tuple[Rightsholder, ...]:
    names = manifest.licensor
    if len(names) != len(signing):
        counts = f"expected one for each licensor: {', '.join(names)}"
        raise InputError("--key", counts)
    pairs = zip(names, signing, strict=True)
    return tuple(Rightsholder(did=key.public.did, name=name) for name, key in pairs)


def _grant(
    revision: Revision, cid: Cid, signing: Sequence[SigningKey], moment_ms: int
) -> bytes:
    grant = grant_of(revision, cid)
    if isinstance(grant, Refused):
        raise RemoteError(reason(grant.reason, dict(grant.args)))
    now = rfc3339(moment_ms)
    return issue(
        CREDENTIAL,
        issuer=signing[0].public.did,
        subject=subject_of(grant),
        valid_from=now,
        keys=signing,
        created=now,
    )
