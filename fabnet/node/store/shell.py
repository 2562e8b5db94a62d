"""The shell's own rows, as statements: incarnation, tokens, the indexes of blobs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Executable, delete
from sqlalchemy.dialects.sqlite import Insert, insert

from fabnet.content.cid import Cid
from fabnet.node.store import tables
from fabnet.node.store.changes import Values
from fabnet.node.store.reading import BlobEntry, BlockEntry, IncarnationRow, Token
from fabnet.records.ids import PeerId


def put_incarnation(peer: PeerId, row: IncarnationRow) -> Executable:
    """Say which database this is."""
    values: Values = {
        "counter": row.incarnation.counter,
        "random": row.incarnation.random,
        "filed": int(row.filed),
        "restored": int(row.restored),
    }
    return _put(insert(tables.incarnation), {"peer": peer}, values)


def put_token(peer: PeerId, token: Token) -> Executable:
    """Write a token, in place of the one of its name."""
    values: Values = {
        "role": token.role,
        "sha256": token.sha256,
        "created_ms": token.created_ms,
    }
    return _put(insert(tables.token), {"peer": peer, "name": token.name}, values)


def drop_token(peer: PeerId, name: str) -> Executable:
    """Delete a token; nothing happens when there is none."""
    token = tables.token.c
    return delete(tables.token).where(token.peer == peer, token.name == name)


def put_blob(peer: PeerId, entry: BlobEntry) -> Executable:
    """Write a blob's entry, in place of the one of its CID."""
    values: Values = {
        "bytes": entry.size_bytes,
        "media_type": entry.media_type,
        "pinned": int(entry.pinned),
    }
    return _put(insert(tables.blob), {"peer": peer, "cid": entry.cid}, values)


def drop_blob(peer: PeerId, cid: Cid) -> Executable:
    """Delete a blob's entry; nothing happens when there is none."""
    blob = tables.blob.c
    return delete(tables.blob).where(blob.peer == peer, blob.cid == cid)


def put_blocks(peer: PeerId, entries: Sequence[BlockEntry]) -> Executable:
    """Write where blocks are, in place of what was known of each in its design."""
    rows: list[Values] = [
        {
            "peer": peer,
            "cid": entry.cid,
            "design": entry.design,
            "file": entry.file,
            "at": entry.at,
            "bytes": entry.size_bytes,
            "node": entry.node,
        }
        for entry in entries
    ]
    into = insert(tables.block).values(rows)
    put = {name: into.excluded[name] for name in ("file", "at", "bytes", "node")}
    return into.on_conflict_do_update(
        index_elements=["peer", "cid", "design"], set_=put
    )


def _put(into: Insert, key: Values, values: Values) -> Executable:
    return into.values(key | values).on_conflict_do_update(
        index_elements=list(key), set_=values
    )
