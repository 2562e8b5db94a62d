"""The shelf: the catalogue of what this node holds, brought up to date when asked.

Nothing is read until somebody searches, and then only what came since. A revision whose
manifest is not here yet is known by its record, and looked for again at each search.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.catalogue import DESIGNS_MAX, Catalogue, announce, summarise
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import Grant, GrantBody, open_grant
from fabnet.designs.lineage import kin_of
from fabnet.designs.revision import REVISION_BYTES_MAX, Revision, RevisionBody
from fabnet.errors import RemoteError
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.records.credential import open_credential
from fabnet.records.ids import RecordId
from fabnet.records.record import Record

PAGES: Final = (16, 500)
"""Records asked for at a time: first a few, for mostly nothing is new."""
LOOKED_MAX: Final = 500
"""Missing manifests looked for at one search, some 50 ms; the next goes on."""
GRANTS_MAX: Final = 64
"""Grants of one revision whose signers are counted."""


class Shelf:
    """Holds the catalogue of one node."""

    def __init__(self) -> None:
        self._catalogue = Catalogue()
        self._turn = asyncio.Lock()
        self._arrivals = 0
        self._newest: dict[str, RecordId | None] = {}
        """By kind, up to where the records were read."""
        self._missing: dict[Cid, None] = {}
        """Revisions whose manifest was not here when it was last looked for."""

    async def catalogue(self, store: Store, blobs: Blobs) -> Catalogue:
        """Return the catalogue of all that is kept by now."""
        async with self._turn:
            if grants.KIND not in self._newest:
                # Whatever is signed by now is counted with the manifests below.
                newest = await store.records(kind=grants.KIND, limit=1)
                self._newest[grants.KIND] = newest[0].id if newest else None
            looked = list(self._missing)[:LOOKED_MAX]
            for record in await self._came(store, revisions.KIND):
                looked += self._announced(record)
            for cid in looked:
                await self._look(store, blobs, cid)
            signed = await self._came(store, grants.KIND)
            for key in dict.fromkeys(record.header.key for record in signed):
                await self._recount(store, blobs, key)
        return self._catalogue

    async def _came(self, store: Store, kind: str) -> list[Record]:
        """Return the records of a kind that came since, the oldest first."""
        before: RecordId | None = None
        seen, found = self._newest.get(kind), list[Record]()
        for turn in range(1 + DESIGNS_MAX // PAGES[-1]):
            limit = PAGES[min(turn, 1)]
            page = await store.records(kind=kind, limit=limit, before=before)
            for record in page:
                if record.id == seen:
                    break
                found.append(record)
            else:
                if len(page) == limit:
                    before = page[-1].id
                    continue
            break
        if found:
            self._newest[kind] = found[0].id
        return found[::-1]

    def _announced(self, record: Record) -> list[Cid]:
        """Take in the record of a revision; return its CID if that is new."""
        try:
            body = record.read(RevisionBody)
        except RemoteError:
            return []
        cid = body.revision
        if self._catalogue.get(cid) is not None:
            return []
        first = body.lineage or cid
        self._catalogue.add(
            announce(cid, self._arrivals, record.id, title=body.title, first=first)
        )
        self._arrivals += 1
        self._missing[cid] = None
        return [cid]

    async def _look(self, store: Store, blobs: Blobs, cid: Cid) -> None:
        """Take in a manifest that came; what is not here goes to the end of the row."""
        del self._missing[cid]
        known = self._catalogue.get(cid)
        if known is None:
            return
        raw = await blobs.read(cid, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            self._missing[cid] = None
            return
        revision = await asyncio.to_thread(_parsed, raw)
        if revision is not None:
            signers = await _signers(store, cid, revision)
            kin = kin_of(cid, revision, signers)
            self._catalogue.add(summarise(known, revision, kin))

    async def _recount(self, store: Store, blobs: Blobs, key: str | None) -> None:
        """Count anew who signed for a revision that follows another."""
        kin = None if key is None else self._catalogue.lineages.get(Cid(key))
        if kin is None or kin.lineage is None:
            return
        raw = await blobs.read(kin.cid, bytes_max=REVISION_BYTES_MAX)
        revision = None if raw is None else await asyncio.to_thread(_parsed, raw)
        if revision is not None:
            signers = await _signers(store, kin.cid, revision)
            self._catalogue.lineages.add(kin_of(kin.cid, revision, signers))


async def _signers(store: Store, cid: Cid, revision: Revision) -> frozenset[str]:
    """Return who signed a valid grant for a revision that follows another, by DID."""
    if revision.lineage is None:
        return frozenset()
    records = await store.records(kind=grants.KIND, key=cid, limit=GRANTS_MAX)
    return await asyncio.to_thread(_signed, records, cid, revision)


def _signed(records: list[Record], cid: Cid, revision: Revision) -> frozenset[str]:
    found: set[str] = set()
    for record in records:
        try:
            document = record.read(GrantBody).document
            if isinstance(open_grant(document, revision, cid), Grant):
                found |= {key.did for key in open_credential(document).signers}
        except RemoteError:
            # A grant that does not hold adds nobody, and takes nobody away.
            continue
    return frozenset(found)


def _parsed(raw: bytes) -> Revision | None:
    try:
        return revisions.parse(raw)
    except RemoteError:
        return None
