"""Everything that was given to verify with: documents, manifests, and files by CID."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import FileNode, file_cid
from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation import vouches
from fabnet.designs.documents import acceptance as acceptances
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.errors import InputError, RemoteError
from fabnet.node.store.aside import Aside
from fabnet.node.store.blobs import Blobs
from fabnet.node.verifying.check import Check, unreadable
from fabnet.records.credential import (
    DOCUMENT_BYTES_MAX,
    Credential,
    open_credential,
    strict_loads,
)

_CARRIED: Final = {
    charters.DOCUMENT_KIND: charters.KIND,
    disputes.CREDENTIAL: disputes.KIND,
    grants.CREDENTIAL: grants.KIND,
    memberships.DOCUMENT_KIND: memberships.KIND,
    policies.DOCUMENT_KIND: policies.KIND,
    vouches.DOCUMENT_KIND: vouches.KIND,
    withdrawals.CREDENTIAL: withdrawals.KIND,
}
"""The records that carry documents of a kind."""
GIVEN_MAX: Final = 1_000
"""Files looked at in one folder of documents."""
PIECE_BYTES: Final = 256 * 1_024


@dataclass(slots=True)
class Parts:
    """What was found in the files and folders given, and in a node's own folder."""

    documents: list[Credential] = field(default_factory=list)
    """Authentic ones; whatever is not is among `faults`."""
    manifests: dict[Cid, bytes] = field(default_factory=dict)
    faults: list[Check] = field(default_factory=list)
    aside: Aside | None = None
    blobs: Blobs | None = None

    def of_kind(self, kind: str) -> Iterator[Credential]:
        """Yield the documents of a kind, those that were given before a node's own."""
        yield from (each for each in self.documents if each.kind == kind)
        for raw in self._kept(kind):
            try:
                yield open_credential(raw, kind=kind)
            except RemoteError:
                continue  # a node keeps what peers say; some of it is nothing

    def _kept(self, kind: str) -> list[bytes]:
        if self.aside is None:
            return []
        if kind == acceptances.CREDENTIAL:
            return self.aside.acceptances()
        return self.aside.documents(_CARRIED[kind]) if kind in _CARRIED else []

    def by_id(self, kind: str, id_: str) -> Credential | None:
        """Return the document of that id, or nil when it is not here."""
        return next((each for each in self.of_kind(kind) if each.id == id_), None)

    def manifest(self, cid: Cid) -> bytes | None:
        """Return the bytes whose name is `cid`, or what should be; nil for nothing.

        Where one manifest was given, it is meant, whatever it is called.
        """
        if cid in self.manifests or len(self.manifests) == 1:
            return self.manifests.get(cid, next(iter(self.manifests.values())))
        if self.blobs is None:
            return None
        try:
            return self.blobs.path(cid).read_bytes()
        except OSError:
            return None


def read_given(path: Path) -> bytes:
    """Return the bytes of a document or manifest, or raise InputError."""
    try:
        with path.open("rb") as file:
            raw = file.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    return raw


def gather(given: Sequence[Path], data: Path | None) -> Parts:
    """Return what the paths hold: files, and folders of files that end in `.json`."""
    parts = Parts()
    for path in given:
        for each in _json_in(path) if path.is_dir() else [path]:
            _add(parts, each)
    if data is not None:
        parts.aside = Aside.open(data)
        parts.blobs = Blobs(data / "blobs")
    return parts


def named(path: Path) -> tuple[Cid, FileNode]:
    """Return what a file is called, raw and in UnixFS, reading it in pieces."""
    sha = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        with closing(path.open("rb")) as file:
            while piece := file.read(PIECE_BYTES):
                sha.update(piece)
                yield piece

    node = file_cid(pieces())
    return cids.from_digest(sha.digest()), node


def is_document(raw: bytes) -> bool:
    """Whether the bytes claim to be a signed document; RemoteError for no JSON."""
    return "credentialSubject" in strict_loads(raw)


def _json_in(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.json"))
    if len(found) > GIVEN_MAX:
        raise InputError(str(folder), f"more than {GIVEN_MAX} documents in it")
    return found


def _add(parts: Parts, path: Path) -> None:
    raw = read_given(path)
    try:
        if is_document(raw):
            parts.documents.append(open_credential(raw))
        else:
            parts.manifests[cids.of_raw(raw)] = raw
    except RemoteError as error:
        parts.faults.append(unreadable(path.name, error))
