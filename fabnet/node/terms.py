"""The terms of a design, from the grants and disputes kept here.

One that does not count harms nobody: it takes no place among those that do, and of
these the oldest stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

from fabnet.content.cid import Cid
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.dispute import (
    Dispute,
    DisputeBody,
    Disputed,
    open_dispute,
    standing,
)
from fabnet.designs.documents.grant import Grant, GrantBody, open_grant
from fabnet.designs.documents.terms import Terms, terms_of
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import Revision
from fabnet.errors import RemoteError
from fabnet.node.store.store import Store
from fabnet.protocol.community import Community, DocumentRow
from fabnet.protocol.effects import Turn
from fabnet.protocol.voice import Identity
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.credential import Credential, open_credential
from fabnet.records.ids import CharterId, DocumentId, Now, RecordId
from fabnet.records.record import Record

logger = logging.getLogger(__name__)

GRANTS_MAX: Final = 64
"""Valid grants of one design that count, the oldest; more would only say the same."""
DISPUTES_MAX: Final = 256
"""Disputes of one design, and what takes them back, the oldest; of all cooperatives
that a node follows one in ten might have its say."""
RECORDS_MAX: Final = 5_000
"""Records of one kind looked at for one design, the newest; each costs a check once."""
TERMS_KEPT_MAX: Final = 1_000
"""Grants remembered as verified, or as none: each cost a signature check."""
ROW_BYTES_MAX: Final = 128 * 1_024
"""Bytes of one state row: a lot with its licence acceptance has 40 KiB."""
PAGE: Final = 500
"""Records fetched at a time: the store's own bound."""

B = TypeVar("B", bound=Body)


async def read_terms(
    store: Store, identity: Identity, cid: Cid, revision: Revision
) -> Terms:
    """Return what the valid grants of a revision come to while disputes stand."""
    held: dict[DocumentId, Grant] = {}
    async for page in _pages(store, grants.KIND, cid):
        for body, _ in _bodies(page, GrantBody):
            granted = _granted(body.document, revision, cid)
            if granted is not None:
                held[granted[0]] = granted[1]
    oldest = list(held.items())[-GRANTS_MAX:]
    return terms_of(oldest, await read_disputes(store, identity, cid, revision))


async def read_disputes(
    store: Store, identity: Identity, cid: Cid, revision: Revision
) -> tuple[Disputed, ...]:
    """Return the disputes of a revision that stand; seldom there is one at all."""
    admitted: list[tuple[Dispute, Credential, str]] = []
    async for page in _pages(store, disputes.KIND, cid):
        said = [(body.document, at) for body, at in _bodies(page, DisputeBody)]
        named = _charters(said)
        known = await asyncio.to_thread(community_of, store, identity, only=named)
        admitted += known.admitted(revision, cid, said)
    return standing(admitted[-DISPUTES_MAX:])


def community_of(
    store: Store, identity: Identity, *, only: frozenset[str] | None = None
) -> Community:
    """Return who belongs, verified anew; blocks on the disk.

    With `only`, of cooperatives these alone, and every federation we trust.
    """
    rows = store.rows()
    known, turn = Community(identity), Turn(Now(0, 0, ""))
    wanted = None if only is None else only | identity.trust
    for table, place, learn in (
        ("charter", 0, known.learn_charter),
        ("membership", 1, known.learn_membership),
        ("policy", 0, known.learn_policy),
    ):
        for key, row in sorted(rows.get(table, {}).items()):
            if wanted is None or key.split(" ")[place] in wanted:
                held = canonical.decode(row, DocumentRow, bytes_max=ROW_BYTES_MAX)
                learn(turn, held.document)
    return known


def _charters(documents: Iterable[tuple[bytes, int]]) -> frozenset[str]:
    """Return the cooperatives that disputes name; what is not one is passed over."""
    found: set[CharterId] = set()
    for document, _ in documents:
        try:
            dispute, _ = open_dispute(document)
        except RemoteError:
            continue
        found |= {dispute.charter} if dispute.charter else set()
    return frozenset(found)


async def _pages(store: Store, kind: str, cid: Cid) -> AsyncIterator[list[Record]]:
    """Yield the records of one kind about a revision, the newest first."""
    before: RecordId | None = None
    for _ in range(RECORDS_MAX // PAGE):
        page = await store.records(kind=kind, key=cid, limit=PAGE, before=before)
        if page:
            yield page
        if len(page) < PAGE:
            return
        before = page[-1].id


def _bodies(records: Iterable[Record], of: type[B]) -> Iterator[tuple[B, int]]:
    """Yield the bodies that read, each with the moment its record gives."""
    for record in records:
        try:
            yield record.read(of), record.header.moment_ms
        except RemoteError as error:
            logger.info("%s %s: %s", record.kind, record.id, error)


@lru_cache(maxsize=TERMS_KEPT_MAX)
def _granted(
    document: bytes, revision: Revision, cid: Cid
) -> tuple[DocumentId, Grant] | None:
    """Return a grant and its id if it holds, or nil."""
    try:
        grant = open_grant(document, revision, cid)
        if isinstance(grant, Refused):
            logger.info("grant of %s: %s", cid, grant.reason)
            return None
        return open_credential(document).id, grant
    except RemoteError as error:
        logger.info("grant of %s: %s", cid, error)
        return None
