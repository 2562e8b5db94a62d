"""What is asked of the database: each function is one question in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, not_, or_, select

from fabnet.content.cid import Cid
from fabnet.node.store import tables
from fabnet.protocol.effects import Place, Weigh
from fabnet.protocol.events import Compared, Weighed
from fabnet.protocol.replica.checkpoints import weigh
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.record import NOTICE_PREFIX, Record, stored

SERVED_MAX: Final = 512
"""Records in a batch for a peer."""
SERVED_BYTES_MAX: Final = 1024 * 1024
PARCEL_BYTES: Final = 12
"""What a batch adds to each record: an array and two lengths."""
"""Bytes in a batch for a peer: a few seconds of a slow uplink."""
RECORDS_MAX: Final = 500
"""Records in one answer; whoever wants more asks again with `before`."""
AUTHORS_MAX: Final = 5_000
"""Authors in one answer: as many as there are charters that a node may know."""
WEIGHED_AT_ONCE: Final = 1_000
"""Headers read at a time while a log is weighed, under a megabyte."""
STORY_MAX: Final = 1_000
"""Lines in one answer."""
FOUND_MAX: Final = 16
"""Ids in the answer to a prefix: enough to say that it is ambiguous."""
BLOBS_MAX: Final = 500
"""Blob entries in one answer; whoever wants more asks again with `after`."""
DESIGNS_OF_MAX: Final = 64
"""Designs looked at for one block: a licence text may be in all, and one is enough."""

TOLD_MAX: Final = 64
"""Addresses chosen from that one neighbour told of: four links need no more, and with
39 such neighbours there is still room for what another told."""
NOTICES_MAX: Final = 50_000
"""Notices read back at a start: as many as the mind lists."""

_Batch = tuple[list[tuple[bytes, bytes | None]], int]
_record, _story = tables.record.c, tables.story.c
_Args = tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened: a reason code with its arguments."""

    moment_ms: int
    code: str
    args: _Args


@dataclass(frozen=True, slots=True)
class Token:
    """Who may call the operator's API: a name, a role, and the hash of the secret."""

    name: str
    role: str
    sha256: bytes
    created_ms: int


@dataclass(frozen=True, slots=True)
class BlobEntry:
    """A blob that is kept here, and whether it must stay."""

    cid: Cid
    size_bytes: int
    media_type: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block that IPFS clients may ask for, and where its bytes are."""

    cid: Cid
    design: Cid
    """The revision that it is a part of."""
    file: Cid | None
    """The blob that it is a stretch of; nil where it is none."""
    at: int
    """Where in the blob it begins."""
    size_bytes: int
    node: bytes | None
    """Its bytes, where they are in no blob. With neither, it is only known of."""


@dataclass(frozen=True, slots=True)
class IncarnationRow:
    """The incarnation as the database has it."""

    incarnation: Incarnation
    filed: bool
    """Whether the file outside the backups was written after the row."""
    restored: bool
    """Whether the recovery that it began with is not done yet."""


def rows(connection: Connection, peer: PeerId) -> dict[str, dict[str, bytes]]:
    """Return all of the peer's own state, by table and key."""
    state = tables.state.c
    found: dict[str, dict[str, bytes]] = {}
    query = select(state.table_name, state.key, state.row).where(state.peer == peer)
    for table, key, row in connection.execute(query):
        found.setdefault(table, {})[key] = row
    return found


def serve(
    connection: Connection,
    peer: PeerId,
    after: int,
    limit: int,
    not_from: PeerId,
    *,
    lost: int = 0,
    bytes_max: int = SERVED_BYTES_MAX,
) -> _Batch:
    """Return what arrived after `after` but not from one peer, and where that ends.

    What that peer brought up to the arrival `lost` is returned too.
    """
    query = (
        select(_record.arrival, _record.envelope, _record.body)
        .where(
            _record.peer == peer,
            _record.arrival > after,
            _record.void == 0,
            or_(
                _record.source.is_(None),
                _record.source != not_from,
                _record.arrival <= lost,
            ),
        )
        .order_by(_record.arrival)
        .limit(min(limit, SERVED_MAX))
    )
    batch: list[tuple[bytes, bytes | None]] = []
    size_bytes, cursor = 0, after
    with connection.execute(query) as found:
        for arrival, envelope, body in found:
            size_bytes += len(envelope) + len(body or b"") + PARCEL_BYTES
            if batch and size_bytes > min(bytes_max, SERVED_BYTES_MAX):
                return batch, cursor
            batch.append((envelope, body))
            cursor = arrival
    if len(batch) == min(limit, SERVED_MAX):
        return batch, cursor
    # Nothing more is for this peer: skip what it brought itself.
    newest = select(func.max(_record.arrival)).where(_record.peer == peer)
    return batch, max(cursor, connection.execute(newest).scalar() or 0)


def supply(
    connection: Connection,
    peer: PeerId,
    places: Sequence[Place],
    limit: int,
    *,
    bytes_max: int,
) -> tuple[int, list[tuple[bytes, bytes | None]]]:
    """Return the records that follow these places, and of how many that is all."""
    found: list[tuple[bytes, bytes | None]] = []
    size_bytes = 0
    for done, place in enumerate(places):
        most = max(1, place.most)
        query = _following(peer, place).limit(min(most, limit - len(found) + 1))
        with connection.execute(query) as rows:
            for envelope, body in rows:
                size_bytes += len(envelope) + len(body or b"") + PARCEL_BYTES
                is_full = size_bytes > bytes_max or len(found) == limit
                if found and is_full:
                    return done, found
                found.append((envelope, body))
    return len(places), found


def _following(peer: PeerId, place: Place) -> Select[bytes, bytes | None]:
    is_notice = _record.kind.startswith(NOTICE_PREFIX, autoescape=True)
    query = _valid(peer).where(_record.author == place.author)
    if place.incarnation is None:
        # What is said anew meanwhile comes last.
        kept = query.where(is_notice).order_by(_record.arrival)
        return kept.offset(place.after)
    log = query.where(
        _record.inc_counter == place.incarnation.counter,
        _record.inc_random == place.incarnation.random,
        _record.seq > place.after,
        _record.seq <= place.after + max(1, place.most),
        not_(is_notice),
    )
    if not place.most:
        log = log.where(_record.body.is_not(None))
    return log.order_by(_record.seq)


def record(connection: Connection, peer: PeerId, record_id: RecordId) -> Record | None:
    """Return one record that counts, or nil."""
    query = _valid(peer).where(_record.id == record_id)
    row = connection.execute(query).first()
    return None if row is None else _read(row)


def records(
    connection: Connection,
    peer: PeerId,
    *,
    kind: str | None,
    key: str | None,
    author: PeerId | None,
    limit: int,
    before: RecordId | None,
) -> list[Record]:
    """Return records that count, the newest arrival first."""
    query = _valid(peer).order_by(_record.arrival.desc())
    if kind is not None:
        query = query.where(_record.kind == kind)
    if key is not None:
        query = query.where(_record.key == key)
    if author is not None:
        query = query.where(_record.author == author)
    if before is not None:
        other = tables.record.alias().c
        mark = select(other.arrival).where(other.peer == peer, other.id == before)
        query = query.where(_record.arrival < mark.scalar_subquery())
    found = connection.execute(query.limit(min(limit, RECORDS_MAX)))
    return [_read(row) for row in found]


def authors(connection: Connection, peer: PeerId, kind: str, key: str) -> list[PeerId]:
    """Return who said records of one kind about one thing, at most AUTHORS_MAX."""
    query = (
        select(_record.author)
        .where(
            _record.peer == peer,
            _record.kind == kind,
            _record.key == key,
            _record.void == 0,
        )
        .distinct()
        .order_by(_record.author)
        .limit(AUTHORS_MAX)
    )
    return [PeerId(author) for author in connection.execute(query).scalars()]


def reached(
    connection: Connection, peer: PeerId, kind: str, limit: int
) -> list[tuple[PeerId, PeerId | None, bytes]]:
    """Return author, bringer and body of notices of one kind, the newest first.

    Of one bringer the newest TOLD_MAX, so that none can push out what others told.
    """
    newest = func.row_number().over(
        partition_by=_record.source, order_by=_record.arrival.desc()
    )
    told = (
        select(
            _record.author, _record.source, _record.body, _record.arrival,
            newest.label("place"),
        )
        .where(_record.peer == peer, _record.kind == kind, _record.body.is_not(None))
        .where(_record.author != peer)
        .subquery()
    )  # fmt: skip
    query = (
        select(told.c.author, told.c.source, told.c.body)
        .where(told.c.place <= TOLD_MAX)
        .order_by(told.c.arrival.desc())
        .limit(limit)
    )
    return [
        (PeerId(author), None if source is None else PeerId(source), body)
        for author, source, body in connection.execute(query)
    ]


def notices(connection: Connection, peer: PeerId) -> list[Record]:
    """Return every notice kept, oldest arrival first; each is the newest of its key."""
    query = (
        _valid(peer)
        .where(_record.kind.startswith(NOTICE_PREFIX, autoescape=True))
        .order_by(_record.arrival)
        .limit(NOTICES_MAX)
    )
    return [_read(row) for row in connection.execute(query)]


def beside(connection: Connection, peer: PeerId, heard: Sequence[Record]) -> Compared:
    """Return each log record with what is kept at its place, or else just before."""
    found: list[tuple[Record, Record | None]] = []
    pruned: set[RecordId] = set()
    for record in heard:
        header = record.header
        query = (
            select(_record.envelope, _record.body, _record.pruned)
            .where(
                _record.peer == peer,
                _record.author == header.author,
                _record.inc_counter == header.incarnation.counter,
                _record.inc_random == header.incarnation.random,
                _record.seq.in_((header.seq, header.seq - 1)),
                not_(_record.kind.startswith(NOTICE_PREFIX, autoescape=True)),
            )
            .order_by(_record.seq.desc(), _record.arrival)
            .limit(1)
        )
        row = connection.execute(query).first()
        kept = None if row is None else stored(row.envelope, row.body)
        found.append((record, kept))
        if row is not None and kept is not None and row.pruned:
            pruned.add(kept.id)
    return Compared(tuple(found), frozenset(pruned))


def weighed(connection: Connection, peer: PeerId, asked: Weigh) -> Weighed:
    """Return what a true checkpoint of a log says, as its headers here tell."""
    query = (
        select(_record.envelope, _record.pruned)
        .where(
            _record.peer == peer,
            _record.author == asked.author,
            _record.inc_counter == asked.incarnation.counter,
            _record.inc_random == asked.incarnation.random,
            not_(_record.kind.startswith(NOTICE_PREFIX, autoescape=True)),
        )
        .order_by(_record.seq.desc())
        .execution_options(yield_per=WEIGHED_AT_ONCE)
    )
    with connection.execute(query) as found:
        headers = ((stored(envelope, None), not gone) for envelope, gone in found)
        return weigh(((it.id, it.header, kept) for it, kept in headers), asked)


def find_prefix(connection: Connection, peer: PeerId, prefix: str) -> list[RecordId]:
    """Return the record ids that begin with `prefix`, at most FOUND_MAX."""
    query = (
        select(_record.id)
        .where(_record.peer == peer, _record.id >= prefix, _record.id < prefix + "\x7f")
        .order_by(_record.id)
        .limit(FOUND_MAX)
    )
    return [RecordId(found) for found in connection.execute(query).scalars()]


def story(
    connection: Connection, peer: PeerId, subject: str, limit: int
) -> list[StoryLine]:
    """Return the newest lines about `subject`, in the order they happened."""
    query = (
        select(_story.moment_ms, _story.code, _story.args)
        .where(_story.peer == peer, _story.subject == subject)
        .order_by(_story.id.desc())
        .limit(min(limit, STORY_MAX))
    )
    lines = [
        StoryLine(moment_ms, code, msgspec.json.decode(args, type=_Args))
        for moment_ms, code, args in connection.execute(query)
    ]
    return lines[::-1]


def incarnation(connection: Connection, peer: PeerId) -> IncarnationRow | None:
    """Return the database's incarnation, or nil in a new one."""
    row = connection.execute(
        select(tables.incarnation).where(tables.incarnation.c.peer == peer)
    ).first()
    if row is None:
        return None
    _, counter, random, filed, restored = row
    return IncarnationRow(Incarnation(counter, random), bool(filed), bool(restored))


def tokens(connection: Connection, peer: PeerId) -> list[Token]:
    """Return all tokens, by name."""
    token = tables.token.c
    query = (
        select(token.name, token.role, token.sha256, token.created_ms)
        .where(token.peer == peer)
        .order_by(token.name)
    )
    return [Token(*row) for row in connection.execute(query)]


def blobs(
    connection: Connection, peer: PeerId, after: str, limit: int
) -> list[BlobEntry]:
    """Return blob entries in the order of their CIDs, those after `after`."""
    blob = tables.blob.c
    query = _blobs(peer).where(blob.cid > after).order_by(blob.cid)
    found = connection.execute(query.limit(min(limit, BLOBS_MAX)))
    return [_blob(row) for row in found]


def blob(connection: Connection, peer: PeerId, cid: Cid) -> BlobEntry | None:
    """Return one blob's entry, or nil."""
    row = connection.execute(_blobs(peer).where(tables.blob.c.cid == cid)).first()
    return None if row is None else _blob(row)


def blob_bytes(connection: Connection, peer: PeerId) -> int:
    """Return how many bytes all blobs are."""
    query = select(func.sum(tables.blob.c.bytes)).where(tables.blob.c.peer == peer)
    return connection.execute(query).scalar() or 0


def blocks(connection: Connection, peer: PeerId, cid: Cid) -> list[BlockEntry]:
    """Return where a block is, once for each of at most DESIGNS_OF_MAX designs."""
    block = tables.block.c
    query = (
        select(block.design, block.file, block.at, block.bytes, block.node)
        .where(block.peer == peer, block.cid == cid)
        # Who only claims to have it comes last, and can hide nobody who has.
        .order_by(and_(block.file.is_(None), block.node.is_(None)), block.design)
        .limit(DESIGNS_OF_MAX)
    )
    return [
        BlockEntry(cid, Cid(design), Cid(file) if file else None, at, size, node)
        for design, file, at, size, node in connection.execute(query)
    ]


def _records(peer: PeerId) -> Select[bytes, bytes | None]:
    return select(_record.envelope, _record.body).where(_record.peer == peer)


def _valid(peer: PeerId) -> Select[bytes, bytes | None]:
    """Records that count: below every fork of their author, and up to its cut."""
    return _records(peer).where(_record.void == 0)


def _read(row: Row[bytes, bytes | None]) -> Record:
    envelope, body = row
    return stored(envelope, body)


def _blobs(peer: PeerId) -> Select[str, int, str, int]:
    blob = tables.blob.c
    columns = select(blob.cid, blob.bytes, blob.media_type, blob.pinned)
    return columns.where(blob.peer == peer)


def _blob(row: Row[str, int, str, int]) -> BlobEntry:
    cid, size_bytes, media_type, pinned = row
    return BlobEntry(Cid(cid), size_bytes, media_type, bool(pinned))
