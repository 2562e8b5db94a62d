"""Designs: searched by words and facts, shown with where they come from and go."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final, Literal

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs import catalogue as catalogues
from fabnet.designs.catalogue import FOUND_MAX, Catalogue
from fabnet.designs.revision import Revision, RevisionBody
from fabnet.errors import RemoteError
from fabnet.node.api.asks import Ask
from fabnet.node.api.commons.answers import (
    AncestorAnswer,
    DesignDetail,
    FoundDesigns,
    LineageAnswer,
    MakerAnswer,
    MeasuredAnswer,
    MemberAnswer,
    OriginAnswer,
)
from fabnet.node.api.commons.evidence import evidence_of
from fabnet.node.api.handlers.designs import (
    design_answer,
    find_revision,
    revision_of,
)
from fabnet.node.api.handlers.known import readable
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.records.record import Record

PAGE: Final = 50
"""Designs in one answer where the caller names no number."""
LISTED_MAX: Final = 200
"""Revisions listed of one lineage, and designs that draw on one."""


class DesignSearch(Ask):
    """Which designs are wanted; empty texts mean any."""

    text: str = ""
    """Words of title, parts or function; all must be found."""
    process: str = ""
    material: str = ""
    licence: str = ""
    """The SPDX id of a licence within the expression."""
    lineage: str = ""
    """The CID of a design's first revision."""
    newest: Literal["", "yes", "no"] = ""
    """`yes` leaves out revisions that are superseded."""
    after: str = ""
    """What `more` said of the answer before."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=FOUND_MAX)] = PAGE


async def catalogue_of(shell: Shell) -> Catalogue:
    """Return the catalogue of all that this node holds by now."""
    return await shell.shelf.catalogue(shell.store, shell.blobs)


async def search(call: Call, asked: DesignSearch) -> FoundDesigns:
    """Return the designs that answer to what is asked."""
    query = catalogues.query(
        text=asked.text,
        process=asked.process,
        material=asked.material,
        licence=asked.licence,
        lineage=asked.lineage,
        newest=asked.newest == "yes",
        after=asked.after,
    )
    shell = call.shell
    held = await catalogue_of(shell)
    found = held.search(query, asked.limit)
    published = [await _published_as(shell, held, cid) for cid in found.cids]
    shown = [await design_answer(shell, *each) for each in published if each]
    return FoundDesigns(shown, found.count, found.more)


async def published(shell: Shell, name: str) -> tuple[Record, RevisionBody] | Problem:
    """Return the record that first published a design here, or that there is none."""
    try:
        cid = cids.parse(name)
    except RemoteError:
        return missing("design", name[:80])
    held = await catalogue_of(shell)
    found = await _published_as(shell, held, cid)
    return found or await find_revision(shell, cid) or missing("design", name)


async def manifest(shell: Shell, name: str) -> tuple[Cid, Revision] | Problem:
    """Return a published design's manifest, or why it cannot be had."""
    found = await published(shell, name)
    if isinstance(found, Problem):
        return found
    cid = found[1].revision
    revision = await revision_of(shell, cid)
    if revision is None:
        return problem(HTTPStatus.CONFLICT, "not-fetched", revision=cid)
    return cid, revision


async def get_design(call: Call) -> DesignDetail | Problem:
    """Return one design with its files, parts, kin and makers."""
    shell = call.shell
    found = await published(shell, call.params["cid"])
    if isinstance(found, Problem):
        return found
    record, body = found
    cid = body.revision
    base = await design_answer(shell, record, body)
    revision = await revision_of(shell, cid)
    made = await evidence_of(shell, cid, record.author)
    held = await catalogue_of(shell)
    kin = held.lineages
    first = body.lineage or cid
    return DesignDetail(
        **{name: getattr(base, name) for name in base.__struct_fields__},
        lineage=first,
        parents=[] if revision is None else list(revision.parents),
        derived_from=[] if revision is None else _origins(held, revision),
        drawn_on_by=list(kin.drawing_on(cid)[:LISTED_MAX]),
        superseded_by=list(kin.successors(cid)),
        forks=list(kin.forks(cid)[:LISTED_MAX]),
        newest=list(kin.newest(first)[:LISTED_MAX]),
        made_by=[
            MakerAnswer(
                it.cooperative, it.is_author, it.lots, it.pieces, it.witnessed_lots
            )
            for it in made.made_by
        ],
        made_independently_by=made.independently,
        measured=[
            MeasuredAnswer(it.part, it.lots, it.piece_s, it.piece_mg, it.piece_wh)
            for it in made.measured
        ],
    )


async def get_lineage(call: Call) -> LineageAnswer | Problem:
    """Return all known revisions of a design, and what this one follows."""
    shell = call.shell
    found = await published(shell, call.params["cid"])
    if isinstance(found, Problem):
        return found
    cid = found[1].revision
    first = found[1].lineage or cid
    held = await catalogue_of(shell)
    members = held.lineages.members(first)
    newest = held.lineages.newest(first)
    ancestry = held.lineages.ancestry(cid)
    listed = sorted(members, key=lambda each: _arrival(held, each))[-LISTED_MAX:]
    return LineageAnswer(
        lineage=first,
        revision=cid,
        newest=list(newest),
        members=[
            await _member(shell, held, each, members[each], is_newest=each in newest)
            for each in listed
        ],
        count=len(members),
        ancestors=[
            AncestorAnswer(step.cid, step.depth, step.standing)
            for step in ancestry.steps
        ],
        is_whole=ancestry.is_whole,
    )


async def _member(
    shell: Shell, held: Catalogue, cid: Cid, standing: str, *, is_newest: bool
) -> MemberAnswer:
    revision = await revision_of(shell, cid)
    return MemberAnswer(
        cid=cid,
        title="" if revision is None else revision.title,
        version="" if revision is None else revision.version,
        standing=standing,
        parents=[] if revision is None else list(revision.parents),
        superseded_by=list(held.lineages.successors(cid)),
        is_newest=is_newest,
    )


def _arrival(held: Catalogue, cid: Cid) -> int:
    summary = held.get(cid)
    return 0 if summary is None else summary.arrival


def _origins(held: Catalogue, revision: Revision) -> list[OriginAnswer]:
    found = []
    for origin in revision.derived_from:
        summary = held.get(origin.cid)
        title = "" if summary is None else summary.name
        found.append(OriginAnswer(origin.cid, title, origin.relation, origin.quantity))
    return found


async def _published_as(
    shell: Shell, held: Catalogue, cid: Cid
) -> tuple[Record, RevisionBody] | None:
    summary = held.get(cid)
    record = None if summary is None else await shell.store.record(summary.record)
    body = None if record is None else readable(record, RevisionBody)
    return None if record is None or body is None else (record, body)
