"""How a site in the simulation comes by a design: from whoever is linked and has it."""

from __future__ import annotations

import functools
from typing import Final, Protocol

from fabnet.content.cid import Cid, of_raw
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.dispute import DisputeBody, standing
from fabnet.designs.documents.grant import Grant, GrantBody, open_grant
from fabnet.designs.documents.terms import terms_of
from fabnet.designs.licence.expression import Refused
from fabnet.protocol.events import Design, Recalled
from fabnet.protocol.peer import Peer
from fabnet.records.credential import document_id, strict_loads
from fabnet.records.ids import DocumentId, PeerId
from tests.sim.disk import Disk
from tests.sim.invariants import Invariants
from tests.sim.shelf import withdrawn_at
from tests.sim.world import World

OPENED_MAX: Final = 256


class Reader(Protocol):
    """Whoever has a disk and links."""

    world: World
    watch: Invariants
    disk: Disk

    @property
    def id(self) -> PeerId: ...

    @property
    def mind(self) -> Peer: ...


def recalled(site: Reader, cid: Cid) -> Recalled:
    """Fetch a design with its files and grants, or say what is missing."""
    raw = _need(site, cid)
    if raw is None:
        return Recalled(cid, None, "none of the peers asked has it now")
    revision = revisions.parse(raw)
    for file in revision.files:
        if _need(site, file.cid) is None:
            return Recalled(cid, None, f"{file.path} cannot be had now")
    documents = [
        record.read(GrantBody).document for record in site.disk.kept(grants.KIND, cid)
    ]
    opened = [_opened(each, raw) for each in documents]
    ids = [(id_, grant) for id_, grant in opened if isinstance(grant, Grant)]
    said = [
        (record.read(DisputeBody).document, record.header.moment_ms)
        for record in site.disk.kept(disputes.KIND, cid)
    ]
    admitted = site.mind.community.admitted(revision, cid, said)
    terms = terms_of(ids, standing(admitted))
    withdrawn = withdrawn_at(site.disk, cid)
    return Recalled(cid, Design(cid, revision, terms, withdrawn), "")


@functools.lru_cache(OPENED_MAX)
def _opened(document: bytes, raw: bytes) -> tuple[DocumentId, Grant | Refused]:
    """Return a grant's id and what it says; once for all sites, since both are told."""
    cid = revisions.revision_cid(raw)
    grant = open_grant(document, revisions.parse(raw), cid)
    return document_id(strict_loads(document)), grant


def _need(site: Reader, cid: Cid) -> bytes | None:
    for peer in (site.id, *sorted(site.world.ends)):
        linked = frozenset((site.id, peer)) in site.world.linked
        blob = site.watch.disks[peer].blobs.get(cid)
        if blob is not None and (peer == site.id or linked):
            assert of_raw(blob) == cid
            site.disk.blobs[cid] = blob
            return blob
    return None
