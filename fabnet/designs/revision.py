"""A revision: one immutable, published version of a design, named by its bytes.

The manifest is canonical JSON (JCS), itself a blob, and its CID is what people ask for,
license and make. It names every file by CID, so one CID holds the whole design. What
parses is canonical: the bytes that a manifest is read from are the bytes it is written
to, or it is refused.
"""

from __future__ import annotations

import functools
import re
from typing import Annotated, Final, Literal, TypeVar, dataclass_transform

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.paths import PATH_CHARS_MAX, check_paths
from fabnet.designs.licence import expression as licences
from fabnet.designs.requirement import Requirement
from fabnet.errors import LimitError, MalformedError
from fabnet.records.body import Body
from fabnet.records.credential import Json, canonical_json, strict_loads
from fabnet.records.ids import CidText, Count, Name, Text, Token
from fabnet.records.keys import from_did

KIND: Final = "revision/1"
REVISION_BYTES_MAX: Final = 256 * 1_024
"""A thousand files with their paths and CIDs need 200 KiB."""
DESIGN_BYTES_MAX: Final = 1_024 * 1_024 * 1_024
"""Bytes of one design's files together; a larger one is not published, nor fetched."""
FILES_MAX: Final = 1_000
"""Files of one design; the largest in the public list has some 700."""
PARTS_MAX: Final = 200
"""Parts that are made; each is placed by itself."""
PARENTS_MAX: Final = 16
"""Versions that one revision merges."""
ORIGINS_MAX: Final = 64
"""Other designs that one revision draws on."""
RIGHTSHOLDERS_MAX: Final = 64
"""As many as one document has proofs."""
QUANTITY_MAX: Final = 10_000
"""Pieces of one part in one unit of the design."""
OKH_BYTES_MAX: Final = 96 * 1_024
"""Of the OKH manifest that a revision carries along; the longest of 2,095 has 9 KiB."""
PARSED_MAX: Final = 16
"""Manifests remembered as parsed, of at most 256 KiB each: one that is made is read at
its lease, its start and its end. Beyond it the longest unread is parsed again."""

Role = Literal["source", "export", "instructions", "bom", "image", "licence"]
Relation = Literal["remix", "variant", "part"]
Expression = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Did = Annotated[
    str, msgspec.Meta(pattern="^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}(?!\\n)$")
]

_FORMAT: Final = 1
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Document(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """Base of the JSON objects that people sign; what is unset is left out."""

    def to_json(self) -> dict[str, Json]:
        """Return the JSON object to sign."""
        document: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(self))
        return document


D = TypeVar("D", bound=Document)


class FileEntry(Document):
    """One file of the design, fetched by its CID."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=PATH_CHARS_MAX)]
    cid: CidText
    bytes: Count
    media_type: Annotated[
        str, msgspec.Meta(pattern="^[a-z]+/[A-Za-z0-9.+-]{1,80}(?!\\n)$")
    ]
    role: Role
    licence: Expression | None = None
    """Nil when it is that of the revision."""


class Part(Document):
    """One thing to make, by one process."""

    name: Name
    requirement: Requirement
    reference_s: Count
    """The making time of one piece at pace 1,000."""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    """Pieces in one unit of the design."""
    files: Annotated[tuple[str, ...], msgspec.Meta(max_length=FILES_MAX)]
    """Paths of what it is made from."""
    licence: Expression | None = None
    """Nil when it is that of the revision."""
    estimates: Annotated[tuple[Token, ...], msgspec.Meta(max_length=8)] = ()
    """Which of its figures were estimated from its shape, not stated or measured."""


class Rightsholder(Document):
    """Someone whose permission counts."""

    did: Did
    name: Name


class Origin(Document):
    """Another design that this one draws on."""

    cid: CidText
    relation: Relation
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)] = 1
    """Units of a `part` in one unit of this design; 1 for what is no part."""


class Revision(Document):
    """The parsed manifest."""

    title: Name
    version: Name
    """A label for people; the CID is what counts."""
    function: Text
    licence: Expression
    source_location: Text
    """Where the source can be had for years to come; empty if nowhere yet."""
    rightsholders: Annotated[
        tuple[Rightsholder, ...],
        msgspec.Meta(min_length=1, max_length=RIGHTSHOLDERS_MAX),
    ]
    quorum: Annotated[int, msgspec.Meta(ge=1, le=RIGHTSHOLDERS_MAX)]
    """How many rightsholders together may grant."""
    files: Annotated[tuple[FileEntry, ...], msgspec.Meta(max_length=FILES_MAX)]
    parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=PARTS_MAX)]
    """None when the design says how nothing of it is made."""
    lineage: CidText | None = None
    """The first revision of this design; nil in the first itself."""
    parents: Annotated[tuple[CidText, ...], msgspec.Meta(max_length=PARENTS_MAX)] = ()
    """The versions before, of the same lineage."""
    derived_from: Annotated[
        tuple[Origin, ...], msgspec.Meta(max_length=ORIGINS_MAX)
    ] = ()
    okh: Annotated[str, msgspec.Meta(max_length=OKH_BYTES_MAX)] = ""
    """The OKH manifest it was published from, as TOML, with all that we do not read."""

    def part(self, name: str) -> Part | None:
        """Return the part of that name, if there is one."""
        return next((part for part in self.parts if part.name == name), None)

    def file(self, path: str) -> FileEntry | None:
        """Return the file at that path, if there is one."""
        return next((file for file in self.files if file.path == path), None)

    def licence_of(self, part: Part) -> str:
        """Return the expression that `part` is under."""
        return part.licence or self.licence


class RevisionBody(Body):
    """The record of a revision: where its manifest and its folder are to be had."""

    revision: CidText
    """Of the manifest, which is a blob."""
    bytes: Annotated[int, msgspec.Meta(ge=1, le=REVISION_BYTES_MAX)]
    folder: CidText
    """The UnixFS folder by which any IPFS client fetches all files."""
    title: Name
    lineage: CidText | None


def encode(revision: Revision) -> bytes:
    """Return the manifest's one byte string; raise RemoteError if it breaks a rule."""
    _check(revision)
    document = revision.to_json()
    document["v"] = _FORMAT
    document["parts"] = [
        {**part.to_json(), "requirement": part.requirement.to_json()}
        for part in revision.parts
    ]
    raw = canonical_json(document)
    if len(raw) > REVISION_BYTES_MAX:
        raise LimitError(
            f"revision: {len(raw)} bytes; the most is {REVISION_BYTES_MAX}"
        )
    return raw


@functools.lru_cache(maxsize=PARSED_MAX)
def parse(raw: bytes) -> Revision:
    """Return the revision in `raw`, or raise RemoteError naming the field."""
    if len(raw) > REVISION_BYTES_MAX:
        raise LimitError(
            f"revision: {len(raw)} bytes; the most is {REVISION_BYTES_MAX}"
        )
    document = strict_loads(raw)
    if document.pop("v", None) != _FORMAT:
        raise MalformedError(f"v: expected {_FORMAT}")
    parts = document.get("parts")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict) and "requirement" in part:
            at = f"parts[{index}].requirement"
            requirement = Requirement.from_json(part["requirement"], at=at)
            part["requirement"] = msgspec.to_builtins(requirement)
    revision = read_document(document, Revision)
    if encode(revision) != raw:
        raise MalformedError("revision: not the canonical form")
    return revision


def revision_cid(raw: bytes) -> Cid:
    """Return the CID of a manifest's bytes: the revision's name."""
    return cids.of_raw(raw)


def read_document(given: Json, of: type[D]) -> D:
    """Return the `of` in a JSON object, or raise MalformedError naming the field."""
    try:
        return msgspec.convert(given, of)
    except msgspec.ValidationError as error:
        sentence = str(error)
        place = _PLACE.search(sentence)
        where = f"{place[1]}: " if place and place[1] else ""
        raise MalformedError(where + _PLACE.sub("", sentence)) from error


def _check(revision: Revision) -> None:
    """Raise MalformedError unless the parts of a manifest fit together."""
    check_paths(file.path for file in revision.files)
    _check_names(revision)
    _check_lineage(revision)
    for index, file in enumerate(revision.files):
        cids.parse(file.cid)
        _check_licence(f"files[{index}].licence", file.licence)
    paths = {file.path for file in revision.files}
    for index, part in enumerate(revision.parts):
        _check_licence(f"parts[{index}].licence", part.licence)
        for path in part.files:
            if path not in paths:
                raise MalformedError(f"parts[{index}].files: no file {path[:80]!r}")
    _check_licence("licence", revision.licence)


def _check_names(revision: Revision) -> None:
    for rightsholder in revision.rightsholders:
        from_did(rightsholder.did)
    _check_distinct("rightsholders.did", [it.did for it in revision.rightsholders])
    _check_distinct("parts.name", [part.name for part in revision.parts])
    if revision.quorum > len(revision.rightsholders):
        raise MalformedError("quorum: more than there are rightsholders")


def _check_lineage(revision: Revision) -> None:
    if (revision.lineage is None) != (not revision.parents):
        raise MalformedError("lineage: expected with parents, and only with them")
    origins = [origin.cid for origin in revision.derived_from]
    for cid in (revision.lineage, *revision.parents, *origins):
        if cid is not None:
            cids.parse(cid)
    for index, origin in enumerate(revision.derived_from):
        if origin.quantity != 1 and origin.relation != "part":
            raise MalformedError(f"derivedFrom[{index}].quantity: only of a part")
    _check_distinct("parents", list(revision.parents))


def _check_distinct(field: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise MalformedError(f"{field}: {value[:80]!r} occurs twice")


def _check_licence(field: str, expression: str | None) -> None:
    if expression is None:
        return
    licence = licences.parse(expression)
    if isinstance(licence, licences.Refused):
        raise MalformedError(f"{field}: {licence.reason}, {licence.args}")
    if licence.expression != expression:
        raise MalformedError(f"{field}: expected {licence.expression}")
