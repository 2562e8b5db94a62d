"""A plain folder made into a design that can be published, with nothing added to it.

The folder's CID is then what any IPFS client works out from the same folder: there is
no manifest among its files, and every file is there, hidden ones too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.paths import check_paths
from fabnet.content.unixfs import folder as unixfs_folder
from fabnet.designs.documents.grant import CREDENTIAL, grant_of, subject_of
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import (
    DESIGN_BYTES_MAX,
    FILES_MAX,
    FileEntry,
    Revision,
    Rightsholder,
    encode,
)
from fabnet.designs.vocabulary import media_type_of
from fabnet.errors import InputError, StorageError
from fabnet.node.publishing.draft import Draft
from fabnet.node.publishing.files import Held, hold
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.keys import SigningKey

LICENCE: Final = "CC0-1.0"
HOLDER: Final = "Whoever started the sample"


def draft_folder(root: Path, designer: SigningKey, moment_ms: int) -> Draft:
    """Return a folder as a design, or raise FabnetError naming what it cannot hold.

    Blocks: every file is read once, in pieces.
    """
    paths = _paths(root)
    try:
        held = tuple(hold(root, path, lambda _: None) for path in paths)
    except InputError as error:
        raise InputError(str(root / error.field), error.expected) from error
    total = sum(file.bytes for file in held)
    if total > DESIGN_BYTES_MAX:
        most = f"{total} bytes together; the most is {DESIGN_BYTES_MAX}"
        raise InputError(str(root), most)
    directory = unixfs_folder({file.path: file.node for file in held}).cid
    revision = Revision(
        title=(root.resolve().name or "root")[:120],
        version="1",
        function="A folder served for whoever tries a client of their own.",
        licence=LICENCE,
        source_location="",
        rightsholders=(Rightsholder(did=designer.public.did, name=HOLDER),),
        quorum=1,
        files=tuple(_entry(file) for file in held),
        parts=(),
    )
    raw = encode(revision)
    cid = cids.of_raw(raw)
    grant = _grant(revision, cid, designer, moment_ms)
    return Draft(root, held, revision, raw, cid, directory, grant, ())


def _paths(root: Path) -> list[str]:
    """Return every file under a folder, by the bytes of their paths."""
    if not root.is_dir():
        raise InputError(str(root), "expected a folder")
    found: list[str] = []
    for at, folders, names in os.walk(root, onerror=_stop):
        below = Path(at).relative_to(root)
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        found += [(below / name).as_posix() for name in (*names, *links)]
        if len(found) > FILES_MAX:
            raise InputError(
                str(root), f"more files than {FILES_MAX}, the most of a design"
            )
    check_paths(found, at=str(root))
    return sorted(found)


def _stop(error: OSError) -> None:
    raise StorageError(f"{error.filename}: cannot be read: {error.strerror}")


def _entry(file: Held) -> FileEntry:
    return FileEntry(
        path=file.path,
        cid=file.cid,
        bytes=file.bytes,
        media_type=media_type_of(file.path),
        role="source",
    )


def _grant(
    revision: Revision, cid: cids.Cid, designer: SigningKey, moment_ms: int
) -> bytes:
    grant = grant_of(revision, cid)
    assert not isinstance(grant, Refused), f"{LICENCE} is known"
    now = rfc3339(moment_ms)
    return issue(
        CREDENTIAL,
        issuer=designer.public.did,
        subject=subject_of(grant),
        valid_from=now,
        keys=[designer],
        created=now,
    )
