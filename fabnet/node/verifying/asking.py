"""What is to be verified: a document, a manifest, a folder, or a name in a node's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.errors import InputError, RemoteError
from fabnet.node.verifying.check import Check, no, unknown, unreadable
from fabnet.node.verifying.designs import Place, check_design
from fabnet.node.verifying.documents import check_document, check_jwt
from fabnet.node.verifying.jwt import is_jwt
from fabnet.node.verifying.parts import Parts, gather, is_document, read_given

MANIFEST: Final = "revision.json"
"""What the manifest of a revision is called in a folder."""
SIGNED: Final = "fabnet"
"""The folder within a design's in which its signed documents lie, if they do there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified, with what."""

    subject: str
    """A path, or a CID."""
    given: tuple[Path, ...]
    """Files and folders of further documents and manifests."""
    data: Path | None
    """A node's data folder."""
    expected: Cid | None
    """What it should be called."""


def verify(asked: Asked, now_ms: int) -> list[Check]:
    """Return everything that was looked at; raise InputError for nothing to look at."""
    path = Path(asked.subject)
    if path.is_dir():
        return list(_folder(path, asked, now_ms))
    if path.exists():
        return list(_file(path, asked, now_ms))
    try:
        cid = cids.parse(asked.subject)
    except RemoteError as error:
        nothing = "expected a file, a folder, or the CID of a design"
        raise InputError(asked.subject[:200], nothing) from error
    return list(_named(cid, asked))


def _folder(path: Path, asked: Asked, now_ms: int) -> Iterator[Check]:
    """Yield the checks of a design's folder, and of every document that lies in it."""
    signed = path / SIGNED if (path / SIGNED / MANIFEST).is_file() else path
    if not (signed / MANIFEST).is_file():
        expected = f"expected {MANIFEST} in it, or in its folder {SIGNED}"
        raise InputError(str(path), expected)
    documents = [
        each
        for each in sorted(signed.glob("*.json"))
        if each.name != MANIFEST and (signed != path or _is_ours(each))
    ]
    raw = read_given(signed / MANIFEST)
    parts = gather([*documents, *asked.given], asked.data)
    parts.manifests = {cids.of_raw(raw): raw}
    yield from parts.faults
    yield from check_design(raw, Place(path), parts, asked.expected)
    for each in documents:
        if not any(fault.what == each.name for fault in parts.faults):
            yield from _within(each.name, read_given(each), parts, now_ms)


def _is_ours(path: Path) -> bool:
    """Whether a file beside a design's own is a document of ours, by its name."""
    names = (
        *("acceptance", "charter", "dispute", "grant", "membership", "passport"),
        *("policy", "withdrawal"),
    )
    return path.name.startswith(names)


def _file(path: Path, asked: Asked, now_ms: int) -> Iterator[Check]:
    raw = read_given(path)
    parts = gather(asked.given, asked.data)
    yield from parts.faults
    if is_jwt(raw):
        yield from check_jwt(raw, parts)
        return
    try:
        signed = is_document(raw)
    except RemoteError as error:
        yield unreadable(path.name, error)
        return
    if signed:
        if asked.expected is not None and cids.of_raw(raw) != asked.expected:
            made = cids.of_raw(raw)
            yield no("document", "cid-differs", cid=made, expected=asked.expected)
        yield from check_document(raw, parts, now_ms)
        return
    parts.manifests = {cids.of_raw(raw): raw}
    beside = path.parent.parent if path.parent.name == SIGNED else path.parent
    yield from check_design(raw, Place(beside), parts, asked.expected)


def _within(name: str, raw: bytes, parts: Parts, now_ms: int) -> Iterator[Check]:
    """Yield the checks of a document, each said to be of that document."""
    for check in check_document(raw, parts, now_ms):
        yield Check(f"{name} {check.what}", check.verdict, check.why)


def _named(cid: Cid, asked: Asked) -> Iterator[Check]:
    """Yield the checks of a design that a node keeps, by its name or its folder's."""
    parts = gather(asked.given, asked.data)
    yield from parts.faults
    revision: Cid | None = cid
    if cids.codec(cid) == cids.DAG_PB:
        revision = None if parts.aside is None else parts.aside.revision_of(cid)
    raw = None if revision is None else parts.manifest(revision)
    if revision is None or raw is None:
        yield unknown("design", "design-not-here", design=cid)
        return
    if cids.of_raw(raw) != revision:
        made = cids.of_raw(raw)
        yield no("revision", "cid-differs", cid=made, expected=revision)
        return
    yield from check_design(raw, Place(None), parts, cid)
