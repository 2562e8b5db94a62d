"""Designs: what was published, under which terms, and its files."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.descent import Ancestor, judge_descent, wanted
from fabnet.designs.documents.grant import Grant, GrantBody
from fabnet.designs.documents.terms import NO_TERMS, Terms
from fabnet.designs.licence.eligible import Review
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import (
    REVISION_BYTES_MAX,
    FileEntry,
    Part,
    Revision,
    RevisionBody,
)
from fabnet.errors import RemoteError
from fabnet.node.api.answers import (
    DesignAnswer,
    DisputeAnswer,
    FileAnswer,
    PartAnswer,
    Remark,
)
from fabnet.node.api.handlers.known import readable, records_of
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call, Raw
from fabnet.node.shell import Shell
from fabnet.node.terms import read_terms
from fabnet.node.web.sentences import reason, sentence
from fabnet.node.withdrawn import withdrawn_of
from fabnet.records.credential import open_credential
from fabnet.records.record import Record

LISTED_MAX: Final = 50
"""Designs on the first page, the newest; the search finds the others."""
PARSED_MAX: Final = 200
"""Manifests remembered: some ten KiB each, and a millisecond to read."""


async def newest_designs(shell: Shell) -> list[DesignAnswer]:
    """Return the newest designs, each once."""
    found: dict[str, DesignAnswer] = {}
    for record in await records_of(shell, revisions.KIND, most=LISTED_MAX):
        body = readable(record, RevisionBody)
        if body is not None and body.revision not in found:
            found[body.revision] = await design_answer(shell, record, body)
    return list(found.values())


async def get_file(call: Call) -> Raw | Problem:
    """Return one file of a design, to be saved and never shown."""
    found = await _published(call)
    if isinstance(found, Problem):
        return found
    _, body = found
    revision = await revision_of(call.shell, body.revision)
    if revision is None:
        return problem(HTTPStatus.CONFLICT, "not-fetched", revision=body.revision)
    file = revision.file(call.params["path"])
    if file is None:
        return missing("file", call.params["path"][:120])
    if not await call.shell.blobs.has(file.cid):
        return problem(HTTPStatus.CONFLICT, "not-fetched", revision=body.revision)
    name = file.path.rpartition("/")[2]
    return Raw(call.shell.blobs.path(file.cid), file.media_type, filename=name)


async def get_manifest(call: Call) -> Raw | Problem:
    """Return the manifest's one byte string, which hashes to the design's CID."""
    found = await _published(call)
    if isinstance(found, Problem):
        return found
    _, body = found
    raw = await call.shell.blobs.read(body.revision, bytes_max=REVISION_BYTES_MAX)
    if raw is None:
        return problem(HTTPStatus.CONFLICT, "not-fetched", revision=body.revision)
    return Raw(raw, "application/json", filename="revision.json")


async def get_grant(call: Call) -> Raw | Problem:
    """Return one grant of a design by its document id, as it was signed."""
    found = await _published(call)
    if isinstance(found, Problem):
        return found
    _, body = found
    shell, name = call.shell, call.params["grant"]
    records = await records_of(shell, grants.KIND, key=body.revision)
    for record in records:
        held = readable(record, GrantBody)
        if held is not None and _id_of(held.document) == name:
            return Raw(held.document, "application/json", filename="grant.json")
    return missing("grant", name[:80])


async def revision_of(shell: Shell, cid: Cid) -> Revision | None:
    """Return the manifest named `cid`, or nil when it is not here or breaks a rule."""
    raw = await shell.blobs.read(cid, bytes_max=REVISION_BYTES_MAX)
    return None if raw is None else _parsed(raw)


async def titles(shell: Shell) -> dict[str, str]:
    """Return the titles of the designs that are known, by revision."""
    records = await records_of(shell, revisions.KIND)
    bodies = [readable(record, RevisionBody) for record in records]
    return {body.revision: body.title for body in bodies if body is not None}


async def find_revision(shell: Shell, cid: Cid) -> tuple[Record, RevisionBody] | None:
    """Return the newest record that publishes a revision, or nil."""
    for record in await records_of(shell, revisions.KIND):
        body = readable(record, RevisionBody)
        if body is not None and body.revision == cid:
            return record, body
    return None


async def _published(call: Call) -> tuple[Record, RevisionBody] | Problem:
    name = call.params["cid"]
    try:
        cid = cids.parse(name)
    except RemoteError:
        return missing("design", name[:80])
    return await find_revision(call.shell, cid) or missing("design", name)


async def design_answer(
    shell: Shell, record: Record, body: RevisionBody
) -> DesignAnswer:
    """Return a published revision as it is shown, as far as it is here."""
    revision = await revision_of(shell, body.revision)
    terms = await terms_of(shell, body.revision, revision)
    withdrawn = None
    if revision is not None:
        withdrawn = await withdrawn_of(shell.store, revision, body.revision)
    files = () if revision is None else revision.files
    return DesignAnswer(
        cid=body.revision,
        title=body.title,
        publisher=record.author,
        folder=body.folder,
        published_ms=record.header.moment_ms,
        is_fetched=revision is not None,
        version="" if revision is None else revision.version,
        function="" if revision is None else revision.function,
        licence="" if revision is None else revision.licence,
        granted=terms.expression,
        grants=list(terms.grants),
        disputes=[
            DisputeAnswer(
                dispute=dispute.dispute,
                grant=dispute.grant,
                licence=expression,
                by=dispute.by,
                why=dispute.why,
            )
            for expression, dispute in terms.disputed
        ],
        files=[await _file(shell, file) for file in files],
        parts=[_part(part) for part in (() if revision is None else revision.parts)],
        withdrawn=None if withdrawn is None else withdrawn.reason,
        replacement=None if withdrawn is None else withdrawn.withdrawal.replacement,
    )


async def terms_of(shell: Shell, cid: Cid, revision: Revision | None) -> Terms:
    """Return what all grants of a revision come to; nothing until it is fetched."""
    if revision is None:
        return NO_TERMS
    return await read_terms(shell.store, shell.identity, cid, revision)


async def check_origins(
    shell: Shell, revision: Revision, grant: Grant, reviewed: Collection[Cid]
) -> list[Remark] | Problem:
    """Return what is worth saying of a design's origins, or why they do not allow it.

    Where their licences leave it open, a person must have read them.
    """
    held: dict[Cid, Ancestor | None] = {}
    while missing_here := wanted(revision, held):
        held |= {cid: await _ancestor(shell, cid) for cid in missing_here}
    descent = judge_descent(revision, grant.expression, held)
    remarks = [_remark("origin-unknown", {"origin": cid}) for cid in descent.unknown]
    answers: list[tuple[Cid, Refused | Review]] = [*descent.refused, *descent.unclear]
    for cid, no in answers:
        if isinstance(no, Review) and cid in reviewed:
            why = reason(no.reason, dict(no.args))
            remarks.append(_remark("origin-reviewed", {"origin": cid, "why": why}))
            continue
        field = "reviewed" if isinstance(no, Review) else "manifest"
        args = {**dict(no.args), "origin": cid}
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, no.reason, field, **args)
    return remarks


async def _ancestor(shell: Shell, cid: Cid) -> Ancestor | None:
    revision = await revision_of(shell, cid)
    if revision is None:
        return None
    return Ancestor(revision, (await terms_of(shell, cid, revision)).expression)


def _remark(code: str, args: dict[str, str | int]) -> Remark:
    return Remark(code, args, sentence(code, args))


async def _file(shell: Shell, file: FileEntry) -> FileAnswer:
    return FileAnswer(
        path=file.path,
        cid=file.cid,
        bytes=file.bytes,
        media_type=file.media_type,
        role=file.role,
        is_here=await shell.blobs.has(file.cid),
    )


def _part(part: Part) -> PartAnswer:
    needs = part.requirement
    return PartAnswer(
        name=part.name,
        process=needs.process,
        materials=list(needs.materials),
        size_um=[needs.size_x_um, needs.size_y_um, needs.size_z_um],
        quantity=part.quantity,
        reference_s=part.reference_s,
        mass_mg=needs.mass_mg,
        energy_wh=needs.energy_wh,
    )


def _id_of(document: bytes) -> str | None:
    """Return a document's id, or nil when it is not authentic."""
    try:
        return open_credential(document).id
    except RemoteError:
        return None


@lru_cache(maxsize=PARSED_MAX)
def _parsed(raw: bytes) -> Revision | None:
    try:
        return revisions.parse(raw)
    except RemoteError:
        return None
