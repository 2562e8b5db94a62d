"""`fabnet publish`: a design, from its OKH manifest and files to a signed grant."""

from __future__ import annotations

import stat
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.paths import check_paths
from fabnet.content.unixfs import file_cid, folder
from fabnet.designs.documents.grant import CREDENTIAL, grant_of, subject_of
from fabnet.designs.drafting import revision_from, role_of
from fabnet.designs.geometry.measure import measure
from fabnet.designs.licence.expression import Refused
from fabnet.designs.okh.manifest import Manifest
from fabnet.designs.okh.values import Toml
from fabnet.designs.requirement import Shape
from fabnet.designs.revision import (
    FILES_MAX,
    FileEntry,
    Revision,
    Rightsholder,
    encode,
)
from fabnet.designs.vocabulary import media_type_of
from fabnet.errors import InputError, RemoteError
from fabnet.node.api.answers import Created, Stored
from fabnet.node.api.asks import NewDesign
from fabnet.node.cli.command import Command, add_token, call, show
from fabnet.node.cli.okh import read_manifest, told
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.keyring import read_secret
from fabnet.node.web.sentences import reason
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.keys import SigningKey

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of one file; as many as a node takes in one upload."""
_NAMING: Final = (
    "bom",
    "contribution-guide",
    "manufacturing-instructions",
    "readme",
    "user-manual",
)
"""Keys of a manifest that name files, beside those of its parts."""
_ALONG: Final = ("okh.toml", "LICENSE", "LICENSE.txt", "LICENSE.md")
"""Files that go along wherever they are there."""


class Published(msgspec.Struct, frozen=True):
    """What came of it."""

    revision: str
    folder: str
    files: int
    parts: list[str]
    report: list[str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A design ready to be uploaded."""

    contents: Mapping[str, bytes]
    """By path."""
    revision: Revision
    manifest: bytes
    cid: Cid
    folder: Cid
    grant: bytes


def draft(
    manifest: Manifest, at: Path, signing: Sequence[SigningKey], moment_ms: int
) -> Draft:
    """Return the revision that a manifest comes to, with the grant signed by its keys.

    `at` is the folder that the manifest's paths count from. Raises FabnetError naming
    what is missing or wrong.
    """
    contents = {path: _content(at, path) for path in _paths(manifest, at)}
    check_paths(contents)
    files = [_entry(manifest, path, content) for path, content in contents.items()]
    revision = revision_from(
        manifest, files, _rightsholders(manifest, signing), _geometry(contents)
    )
    if isinstance(revision, Refused):
        raise RemoteError(reason(revision.reason, dict(revision.args)))
    raw = encode(revision)
    cid = cids.of_raw(raw)
    grant = grant_of(revision, cid)
    if isinstance(grant, Refused):
        raise RemoteError(reason(grant.reason, dict(grant.args)))
    now = rfc3339(moment_ms)
    signed = issue(
        CREDENTIAL,
        issuer=signing[0].public.did,
        subject=subject_of(grant),
        valid_from=now,
        keys=signing,
        created=now,
    )
    held = folder({path: file_cid([content]) for path, content in contents.items()})
    return Draft(contents, revision, raw, cid, held.cid, signed)


async def upload(client: Client, design: Draft) -> Created:
    """Upload the files of a design, then the design itself."""
    for content in design.contents.values():
        await client.post_bytes("/v1/blobs", content, Stored)
    body = NewDesign(design.manifest, design.folder, design.grant)
    return await client.post("/v1/designs", body, Created)


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("manifest", type=Path, help="the design's okh.toml")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        help="PEM key of a licensor, in the manifest's order; repeat for each",
    )
    add_token(parser)


def _run(args: Namespace) -> int:
    imported = read_manifest(args.manifest)
    signing = [SigningKey.from_pem(read_secret(path)) for path in args.key]
    moment_ms = SystemClock().now().moment_ms
    design = draft(imported.manifest, args.manifest.parent, signing, moment_ms)
    created = call(args, lambda client: upload(client, design))
    parts = [part.name for part in design.revision.parts]
    report = told(imported)
    published = Published(
        created.id, design.folder, len(design.contents), parts, report
    )
    lines = [created.id, f"folder {design.folder}, {len(design.contents)} files"]
    lines += [f"part {name}" for name in parts] + [f"note {note}" for note in report]
    return show(args, published, "\n".join(lines))


def _paths(manifest: Manifest, at: Path) -> list[str]:
    """Return the files that a manifest names, and what goes along; never others."""
    named = [path for key in _NAMING for path in _texts(manifest.data.get(key))]
    for part in (manifest.module, *manifest.parts):
        named += [*part.source, *part.export, *part.image]
    inside = [path.removeprefix("./").lstrip("/") for path in named]
    along = [name for name in _ALONG if (at / name).is_file()]
    found = list(dict.fromkeys((*inside, *along)))
    if len(found) > FILES_MAX:
        raise InputError("files", f"{len(found)} of them; the most is {FILES_MAX}")
    return found


def _texts(value: Toml | None) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each and "://" not in each:
            yield each


def _content(at: Path, path: str) -> bytes:
    """Return a file under the folder `at`; a link that leads out of it is refused."""
    file = at / path
    try:
        inside = file.resolve().is_relative_to(at.resolve())
        state = file.stat()
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from error
    if not inside or not stat.S_ISREG(state.st_mode):
        raise InputError(path, "expected a file in the manifest's folder")
    if state.st_size > FILE_BYTES_MAX:
        raise InputError(path, f"expected at most {FILE_BYTES_MAX} bytes")
    content = file.read_bytes()
    if not content:
        raise InputError(path, "is empty")
    return content


def _entry(manifest: Manifest, path: str, content: bytes) -> FileEntry:
    return FileEntry(
        path=path,
        cid=cids.of_raw(content),
        bytes=len(content),
        media_type=media_type_of(path),
        role=role_of(manifest, path),
    )


def _geometry(contents: Mapping[str, bytes]) -> dict[str, Shape]:
    found = {path: measure(path, content) for path, content in contents.items()}
    return {path: shape for path, shape in found.items() if shape is not None}


def _rightsholders(
    manifest: Manifest, signing: Sequence[SigningKey]
) -> tuple[Rightsholder, ...]:
    names = manifest.licensor
    if len(names) != len(signing):
        counts = f"expected one for each licensor: {', '.join(names)}"
        raise InputError("--key", counts)
    pairs = zip(names, signing, strict=True)
    return tuple(Rightsholder(did=key.public.did, name=name) for name, key in pairs)


COMMAND = Command(
    "publish",
    "publish a design from its OKH manifest",
    _configure,
    _run,
    "Read an okh.toml and the files that it names, measure its meshes, sign the\n"
    "licence grant with the licensors' keys, and publish all of it through a node.",
)
