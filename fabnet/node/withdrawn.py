"""What the records kept here say of a revision: whether it was withdrawn, and why."""

from __future__ import annotations

from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import (
    KIND,
    WithdrawalBody,
    Withdrawn,
    standing,
)
from fabnet.designs.revision import Revision
from fabnet.errors import RemoteError
from fabnet.node.store.store import Store
from fabnet.records.record import Record

OF_AUTHOR_MAX: Final = 8
"""Withdrawals of one revision that are looked at for each node that carries them, the
newest; so no node can bury another's under false ones of its own."""


async def withdrawn_of(store: Store, revision: Revision, cid: Cid) -> Withdrawn | None:
    """Return the withdrawal that stands against a revision, or nil."""
    documents: list[bytes] = []
    for author in await store.authors(KIND, cid):
        kept = await store.records(
            kind=KIND, key=cid, author=author, limit=OF_AUTHOR_MAX
        )
        documents += [raw for raw in map(_document, kept) if raw is not None]
    return standing(documents, revision, cid)


def _document(record: Record) -> bytes | None:
    """Return the document in a record; nil when it was pruned or does not read."""
    if record.body is None:
        return None
    try:
        return record.read(WithdrawalBody).document
    except RemoteError:
        return None
