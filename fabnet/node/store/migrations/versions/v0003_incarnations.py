"""Carry the rows of the hand-off over to the schema that knows lost databases.

A lot and a making grew fields that say which databases they are between. Messages now
name the database that they are meant for, and are counted anew for each: those still
on their way are set aside unsigned, and the mind signs them again when it wakes. Every
message may come twice, so it does no harm that one of them had arrived.

The rows are read and written here as plain arrays: what the program's own types are by
now is no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import sqlalchemy as sa
from alembic import op

from fabnet.records import canonical
from fabnet.records.envelope import parse_envelope

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BYTES_MAX: Final = 64 * 1_024
"""No row is longer; as the program that wrote them had it."""
MESSAGE: Final = b"/fabnet/message/1"
LOT_FIELDS: Final = 17
MAKING_FIELDS: Final = 28
MAKER: Final = 5
"""Of a lot's fields the maker's peer; before it job, epoch, revision, part, pieces."""
LOT_INCARNATION: Final = 14
REQUESTER: Final = 14
"""Of a making's fields the requester's peer, after those of the lease-request."""
UNKNOWN: Final = (1, 0)
"""A database older than any that dice make: whatever speaks is newer."""

Known = Mapping[str, tuple[int, int]]
Field = canonical.Value

state = sa.table(
    "state",
    sa.column("peer", sa.Text),
    sa.column("table_name", sa.Text),
    sa.column("key", sa.Text),
    sa.column("row", sa.LargeBinary),
)


def upgrade() -> None:
    """Bring over the rows of each peer that the database knows."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT peer, counter, random FROM incarnation"))
    for peer, counter, random in rows.all():
        _upgrade(connection, peer, (counter, random))


def downgrade() -> None:
    """Refuse: what a lot is between cannot be told to a program that knows it not."""
    raise NotImplementedError("a newer fabnet wrote this database")


def _upgrade(connection: sa.Connection, peer: str, ours: tuple[int, int]) -> None:
    taken = _newest(connection, peer, "taken")
    known = _newest(connection, peer, "head")
    lots = _rows(connection, peer, "lot")
    makings = _rows(connection, peer, "making")
    met = dict(taken)
    for author, incarnation in known.items():
        met[author] = max(incarnation, met.get(author, UNKNOWN))
    for lot in lots.values():
        told = _incarnation(lot[LOT_INCARNATION])
        _meet(met, lot[MAKER], told or UNKNOWN)
    for making in makings.values():
        _meet(met, making[REQUESTER], UNKNOWN)
    waiting = _waiting(connection, peer, ours, met)
    for table in ("outbox", "route", "taken"):
        connection.execute(sa.delete(state).where(_in(peer, table)))
    _put(connection, peer, "met", {it: met[it] for it in met if it != peer})
    _put(connection, peer, "own", {"incarnation": ours})
    _put(connection, peer, "unsent", waiting)
    _put(connection, peer, "lot", _changed(lots, LOT_FIELDS, _lot))
    _put(
        connection,
        peer,
        "making",
        _changed(makings, MAKING_FIELDS, lambda row: _making(row, peer, ours, taken)),
    )


def _lot(row: list[Field]) -> list[Field]:
    """Add asked, written_off, surplus and attested."""
    return [*row, row[LOT_INCARNATION], 0, 0, 0]


def _making(
    row: list[Field], peer: str, ours: tuple[int, int], known: Known
) -> list[Field]:
    """Add maker and asked_by: the newest database of the requester asked for it."""
    requester = str(row[REQUESTER])
    asked_by = ours if requester == peer else known.get(requester, UNKNOWN)
    return [*row, list(ours), list(asked_by)]


def _waiting(
    connection: sa.Connection, peer: str, ours: tuple[int, int], met: Known
) -> dict[str, Field]:
    """Return what was on its way, as headers that are still to be signed.

    Not what an earlier database had on its way: the program let that lie, too.
    """
    found: dict[str, Field] = {}
    for key, row in sorted(_rows(connection, peer, "outbox").items()):
        envelope = row[0]
        assert isinstance(envelope, bytes), "an outbox row holds an envelope"
        _, payload, _ = parse_envelope(envelope, payload_type=MESSAGE)
        kind, author, recipient, incarnation, seq, moment_ms, body = _fields(payload)
        if _incarnation(incarnation) == ours:
            to = ours if recipient == peer else met.get(str(recipient), UNKNOWN)
            header: list[Field] = [kind, author, recipient, [*to], incarnation, seq]
            found[key] = [*header, moment_ms, body]
    return found


# ------------------------------------------------------------------ rows


def _rows(connection: sa.Connection, peer: str, table: str) -> dict[str, list[Field]]:
    query = sa.select(state.c.key, state.c.row).where(_in(peer, table))
    return {key: _fields(row) for key, row in connection.execute(query)}


def _fields(row: bytes) -> list[Field]:
    found = canonical.decode_plain(row, bytes_max=BYTES_MAX)
    assert isinstance(found, list), "every row is an array"
    return found


def _newest(
    connection: sa.Connection, peer: str, table: str
) -> dict[str, tuple[int, int]]:
    """Return the newest database of each peer by the keys of a table."""
    found: dict[str, tuple[int, int]] = {}
    query = sa.select(state.c.key).where(_in(peer, table))
    for (key,) in connection.execute(query):
        author, counter, random = key.split(" ")
        _meet(found, author, (int(counter), int(random)))
    return found


def _meet(
    met: dict[str, tuple[int, int]], peer: Field, incarnation: tuple[int, int]
) -> None:
    met[str(peer)] = max(incarnation, met.get(str(peer), UNKNOWN))


def _incarnation(field: Field) -> tuple[int, int] | None:
    if not isinstance(field, list):
        return None
    counter, random = field
    assert isinstance(counter, int), "a counter"
    assert isinstance(random, int), "random bits"
    return counter, random


def _changed(
    rows: Mapping[str, list[Field]],
    fields: int,
    change: Callable[[list[Field]], list[Field]],
) -> dict[str, Field]:
    for row in rows.values():
        assert len(row) == fields, "a row of the schema before"
    return {key: change(row) for key, row in rows.items()}


def _put(
    connection: sa.Connection, peer: str, table: str, rows: Mapping[str, object]
) -> None:
    for key, value in rows.items():
        here = sa.and_(_in(peer, table), state.c.key == key)
        connection.execute(sa.delete(state).where(here))
        row = {"peer": peer, "table_name": table, "key": key}
        row_bytes = canonical.encode(value)
        connection.execute(sa.insert(state).values({**row, "row": row_bytes}))


def _in(peer: str, table: str) -> sa.ColumnElement[bool]:
    return sa.and_(state.c.peer == peer, state.c.table_name == table)
