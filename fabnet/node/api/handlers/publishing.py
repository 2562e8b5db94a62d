"""Publishing: files first, then the manifest that names them, then who grants what."""

from __future__ import annotations

from http import HTTPStatus

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
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
from fabnet.designs.revision import Revision, RevisionBody
from fabnet.designs.source import source_missing
from fabnet.errors import RemoteError
from fabnet.node.api.answers import Created, PublishedDesign, Stored
from fabnet.node.api.asks import NewDesign, NewDocument
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.designs import check_origins, revision_of, terms_of
from fabnet.node.api.handlers.known import community, readable, records_of
from fabnet.node.api.problem import Problem, missing, problem, refused
from fabnet.node.api.table import Call, Pieces
from fabnet.node.api.whole import check_files, check_parents
from fabnet.node.shell import Shell
from fabnet.node.store.reading import BlobEntry
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Turn
from fabnet.protocol.events import Publish
from fabnet.records.body import Body
from fabnet.records.credential import Credential, open_credential
from fabnet.records.ids import Now
from fabnet.records.refusal import Refusal


async def put_file(call: Call, pieces: Pieces) -> Stored | Problem:
    """Keep a file, and return the CID that names it."""
    cid, size_bytes = await call.shell.blobs.put_unnamed(pieces)
    if not size_bytes:
        await call.shell.blobs.drop(cid)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "empty-body")
    return await _indexed(call.shell, cid, size_bytes)


async def put_named_file(call: Call, pieces: Pieces) -> Stored | Problem:
    """Keep the file of a CID, if its bytes have that name; nothing of another."""
    cid = cids.parse(call.params["cid"])
    return await _indexed(
        call.shell, cid, await call.shell.blobs.put_stream(pieces, cid)
    )


async def get_stored(call: Call) -> Stored | Problem:
    """Return whether a file is here, so that it need not be sent again."""
    cid = cids.parse(call.params["cid"])
    size_bytes = await call.shell.blobs.size(cid)
    return missing("file", cid) if size_bytes is None else Stored(cid, size_bytes)


async def publish_design(call: Call, new: NewDesign) -> PublishedDesign | Problem:
    """Publish a revision whose files are all here, and its grant.

    The grant goes first: a node that stops in between leaves terms for a revision that
    nobody knows, and never a revision without its terms. What was published before is
    not published again.
    """
    shell = call.shell
    revision = revisions.parse(new.manifest)
    cid = cids.of_raw(new.manifest)
    wrong = await _not_whole(shell, revision, new.folder)
    if wrong is not None:
        return wrong
    grant = open_grant(new.grant, revision, cid)
    if isinstance(grant, Refused):
        return _unfit(grant, "grant")
    remarks = await check_origins(shell, revision, grant, new.reviewed)
    if isinstance(remarks, Problem):
        return remarks
    await _indexed(shell, await shell.blobs.put_bytes(new.manifest), len(new.manifest))
    body = RevisionBody(
        cid, len(new.manifest), new.folder, revision.title, revision.lineage
    )
    async with call.turn:
        wrong = await _log(shell, body, new.grant)
    return PublishedDesign(cid, remarks) if wrong is None else wrong


async def _not_whole(shell: Shell, revision: Revision, folder: Cid) -> Problem | None:
    """Return what a revision lacks, or says of its files that is not so."""
    lacking = source_missing(revision)
    if lacking is not None:
        return _unfit(lacking, "manifest")
    return await check_files(shell, revision, folder) or await check_parents(
        shell, revision
    )


async def _log(shell: Shell, body: RevisionBody, grant: bytes) -> Problem | None:
    """Write the records of a design that are not written yet; or return why not."""
    cid = body.revision
    if not await _is_granted(shell, cid, grant):
        said = await _publish(shell, grants.KIND, cid, GrantBody(grant))
        if isinstance(said, Problem):
            return said
    if await _is_published(shell, body):
        return None
    said = await _publish(shell, revisions.KIND, None, body)
    return said if isinstance(said, Problem) else None


async def _is_published(shell: Shell, body: RevisionBody) -> bool:
    own = shell.identity.peer
    for record in await records_of(shell, revisions.KIND, author=own):
        if readable(record, RevisionBody) == body:
            return True
    return False


async def _is_granted(shell: Shell, cid: Cid, document: bytes) -> bool:
    """Whether the same people granted the same in a record that is here."""
    new = open_credential(document)
    for record in await records_of(shell, grants.KIND, key=cid):
        held = readable(record, GrantBody)
        if held is not None and _says_all(held.document, new):
            return True
    return False


def _says_all(document: bytes, new: Credential) -> bool:
    try:
        old = open_credential(document)
    except RemoteError:
        return False
    return old.subject == new.subject and old.signers >= new.signers


async def _indexed(shell: Shell, cid: Cid, size_bytes: int) -> Stored:
    entry = BlobEntry(cid, size_bytes, "application/octet-stream", pinned=True)
    await shell.store.put_blob(entry)
    return Stored(cid, size_bytes)


def _unfit(no: Refused, field: str) -> Problem:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, no.reason, field, **dict(no.args))


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
