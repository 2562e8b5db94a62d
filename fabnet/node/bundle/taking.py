"""What a node puts on a stick: its records as they arrived, and the files they name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs import revision as revisions
from fabnet.designs.revision import REVISION_BYTES_MAX, RevisionBody
from fabnet.errors import RemoteError
from fabnet.node.bundle.framing import FileFrame, framed
from fabnet.node.links.frames import (
    BATCH_BYTES_MAX,
    BatchFrame,
    Parcel,
    ProofsFrame,
)
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.protocol.effects import PROOFS_MAX
from fabnet.protocol.voice import Identity
from fabnet.records import canonical
from fabnet.records.ids import PeerId
from fabnet.records.proofs.fork import PAIR_BYTES_MAX, ForkPair
from fabnet.records.record import stored

RECORDS_MAX: Final = 64
"""Records of one section: with a thousand files for each, what names them is 10 MiB."""
FORKS: Final = "fork"
"""The table of the peer's rows that holds its proofs."""
NOBODY: Final = PeerId("")
"""Who brought nothing: a stick may come back to whoever brought a record."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Reads what one node has for others."""

    identity: Identity
    store: Store
    blobs: Blobs

    async def proofs(self) -> bytes:
        """Return all proofs of forks, framed."""
        rows = (await asyncio.to_thread(self.store.rows)).get(FORKS, {})
        pairs = [
            canonical.decode(rows[key], ForkPair, bytes_max=PAIR_BYTES_MAX)
            for key in sorted(rows)
        ]
        some = (pairs[at : at + PROOFS_MAX] for at in range(0, len(pairs), PROOFS_MAX))
        return b"".join(framed(ProofsFrame("proofs", tuple(each))) for each in some)

    async def section(self, after: int) -> bytes:
        """Return a batch of what arrived after `after`, and `file` frames of what its
        revisions name and is here, all framed; nothing where there is no more."""
        records, cursor = await self.store.serve(
            after, RECORDS_MAX, NOBODY, bytes_max=BATCH_BYTES_MAX
        )
        if not records:
            return b""
        parcels = tuple(Parcel(envelope, body) for envelope, body in records)
        batch = BatchFrame("batch", self.identity.incarnation, cursor, parcels, ())
        parts = [framed(batch)]
        for parcel in parcels:
            for cid in _named(parcel):
                parts += [framed(file) for file in await self._files(cid)]
        return b"".join(parts)

    async def _files(self, design: Cid) -> list[FileFrame]:
        """Return a design's manifest and files, the manifest first, if all is here."""
        raw = await self.blobs.read(design, bytes_max=REVISION_BYTES_MAX)
        if raw is None:
            return []
        try:
            revision = revisions.parse(raw)
        except RemoteError:
            return []
        found = [FileFrame("file", design, design, len(raw))]
        for cid, size in {file.cid: file.bytes for file in revision.files}.items():
            if await self.blobs.size(cid) == size:
                found.append(FileFrame("file", design, cid, size))
        return found


def _named(parcel: Parcel) -> Iterator[Cid]:
    """Yield the revision that a record announces, if it is such a record."""
    record = stored(parcel.envelope, parcel.body)
    if record.kind != revisions.KIND or record.body is None:
        return
    try:
        yield record.read(RevisionBody).revision
    except RemoteError:
        return
