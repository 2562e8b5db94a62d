"""Publishing: files first, then the manifest that names them, then who grants what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fabnet.content import cid as cids
from fabnet.cooperation import charter as charters
from fabnet.cooperation import policy as policies
from fabnet.cooperation.charter import CharterBody
from fabnet.cooperation.membership import MembershipBody
from fabnet.cooperation.policy import PolicyBody
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.dispute import DisputeBody, open_dispute
from fabnet.designs.documents.grant import GrantBody, open_grant
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import RevisionBody
from fabnet.node.api.answers import Created, PublishedDesign, Stored
from fabnet.node.api.asks import NewDesign, NewDocument
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.designs import check_origins, revision_of, terms_of
from fabnet.node.api.handlers.known import community
from fabnet.node.api.problem import Problem, problem, refused
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.store.reading import BlobEntry
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Turn
from fabnet.protocol.events import Publish
from fabnet.records.body import Body
from fabnet.records.ids import Now
from fabnet.records.refusal import Refusal

UPLOAD_BYTES_MAX: Final = 64 * 1_024 * 1_024
"""Bytes of one uploaded file, held in memory while its name is worked out."""


async def put_blob(call: Call, raw: bytes) -> Stored | Problem:
    """Keep a file, and return the CID that names it."""
    if not raw:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "empty-body")
    cid = await call.shell.blobs.put_bytes(raw)
    await call.shell.store.put_blob(
        BlobEntry(cid, len(raw), "application/octet-stream", pinned=True)
    )
    return Stored(cid, len(raw))


async def publish_design(call: Call, new: NewDesign) -> PublishedDesign | Problem:
    """Publish a revision whose files are all here, and its grant."""
    shell = call.shell
    revision = revisions.parse(new.manifest)
    cid = cids.of_raw(new.manifest)
    for file in revision.files:
        if not await shell.blobs.has(file.cid):
            return problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "blob-missing",
                "manifest",
                path=file.path,
                cid=file.cid,
            )
    grant = open_grant(new.grant, revision, cid)
    if isinstance(grant, Refused):
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, grant.reason, "grant", **dict(grant.args)
        )
    remarks = await check_origins(shell, revision, grant, new.reviewed)
    if isinstance(remarks, Problem):
        return remarks
    stored = await put_blob(call, new.manifest)
    if isinstance(stored, Problem):
        return stored
    body = RevisionBody(
        cid, len(new.manifest), new.folder, revision.title, revision.lineage
    )
    said = await _publish(shell, revisions.KIND, None, body)
    if isinstance(said, Problem):
        return said
    said = await _publish(shell, grants.KIND, cid, GrantBody(new.grant))
    return said if isinstance(said, Problem) else PublishedDesign(cid, remarks)


async def publish_document(call: Call, new: NewDocument) -> Created | Problem:
    """Carry a signed document as a record of ours, if it holds beside what we know."""
    about, body = _carried(new)
    known = await community(call.shell)
    refusal = await _taken(call.shell, known, new)
    if refusal is not None:
        return refused(refusal)
    return await _publish(call.shell, new.kind, about, body)


def _carried(new: NewDocument) -> tuple[str | None, Body]:
    """Return the record's key, which says whose it is, and its body."""
    match new.kind:
        case "charter/1":
            return None, CharterBody(new.document)
        case "membership/1":
            about = charters.named_in(new.document, "member")
            return about, MembershipBody(new.document)
        case "policy/1":
            return policies.charter_of(new.document), PolicyBody(new.document)
        case "dispute/1":
            return disputes.revision_of(new.document), DisputeBody(new.document)


async def _heeded(shell: Shell, known: Community, document: bytes) -> Refusal | None:
    """Return why a dispute, or taking one back, would not count; nil when it would."""
    dispute, credential = open_dispute(document)
    cid, now_ms = dispute.revision, shell.clock.now().moment_ms
    revision = await revision_of(shell, cid)
    if revision is None:
        return Refusal("not-fetched", (("revision", cid),))
    name = known.disputant(dispute, credential, revision, cid, now_ms)
    if isinstance(name, Refusal):
        return name
    terms = await terms_of(shell, cid, revision)
    against = {each.dispute: each for _, each in terms.disputed}
    if dispute.retracts is not None:
        raised = dispute.retracts in against
        args = (("dispute", dispute.retracts),)
        return None if raised else Refusal("no-such-dispute", args)
    granted = {*terms.grants, *(each.grant for each in against.values())}
    if dispute.grant not in granted:
        return Refusal("no-such-grant", (("grant", dispute.grant),))
    return None


async def _taken(shell: Shell, known: Community, new: NewDocument) -> Refusal | None:
    """Return why our own community would not take a document; nil when it would."""
    turn = Turn(Now(0, 0, ""))
    match new.kind:
        case "charter/1":
            return known.learn_charter(turn, new.document)
        case "membership/1":
            return known.learn_membership(turn, new.document)
        case "policy/1":
            return known.learn_policy(turn, new.document)
        case "dispute/1":
            return await _heeded(shell, known, new.document)


async def _publish(
    shell: Shell, kind: str, about: str | None, body: Body
) -> Created | Problem:
    said = await ask(shell, lambda number: Publish(number, kind, about, body))
    return said if isinstance(said, Problem) else Created(said)
