"""What is to be written: a peer's durable effects, or the shell's own rows, as changes.

Changes are made ready on the caller's side, so that a mistake in them is the caller's
error; the writer only carries them out. A group of changes has the same result in one
transaction as one by one: of each row and each notice only the last is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec
from sqlalchemy import (
    Connection,
    Executable,
    and_,
    bindparam,
    case,
    delete,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from fabnet.node.store import tables
from fabnet.protocol.effects import Drop, Forget, Keep, Note, Prune, Put, Unsay, Void
from fabnet.protocol.replica.papers import STANDING_KINDS
from fabnet.records.ids import PeerId
from fabnet.records.record import NOTICE_PREFIX

Durable = Keep | Void | Forget | Prune | Put | Drop | Note | Unsay
Values = dict[str, str | int | bytes | None]

STORY_LINES_MAX: Final = 1_000_000
"""Lines of story in one database, some 200 MB; then the oldest line goes."""


@dataclass(slots=True)
class Changes:
    """Rows to write and rows to delete, in one transaction."""

    records: dict[tuple[str, ...], Values] = field(default_factory=dict)
    """By peer, id and arrival; a notice by peer and what it replaces."""
    forgotten: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    """Notices to delete: peer, author, kind and key."""
    void: list[Values] = field(default_factory=list)
    """Where logs end: marked once the records of the transaction are written."""
    pruned: list[Values] = field(default_factory=list)
    """Records whose bodies go, once those of the transaction are written."""
    state: dict[tuple[str, str, str], bytes | None] = field(default_factory=dict)
    """By peer, table and key; nil deletes the row."""
    story: list[Values] = field(default_factory=list)
    statements: list[Executable] = field(default_factory=list)
    """The shell's own statements, with their values bound."""
    count: int = 0
    """How many effects or statements these are."""
    size_bytes: int = 0
    """What they weigh, near enough to bound memory and the WAL."""

    def add(self, later: Changes) -> None:
        """Take in changes that were decided after these."""
        for notice in later.forgotten:
            self.forget(notice)
        for slot, row in later.records.items():
            self.records.pop(slot, None)
            self.records[slot] = row
        self.void += later.void
        self.pruned += later.pruned
        self.state |= later.state
        self.story += later.story
        self.statements += later.statements
        self.count += later.count
        self.size_bytes += later.size_bytes

    def forget(self, notice: tuple[str, str, str, str]) -> None:
        """Delete a notice, unless it is written again later."""
        self.records.pop(notice, None)
        self.forgotten[notice] = None


def of_effects(peer: PeerId, durable: Iterable[Durable], moment_ms: int) -> Changes:
    """Return the changes that a peer's durable effects are."""
    changes = Changes()
    for effect in durable:
        changes.count += 1
        match effect:
            case Keep():
                _keep(changes, peer, effect)
            case Void():
                changes.void.append(_ending(peer, effect))
            case Forget(author, kind, key):
                changes.forget((peer, author, kind, key))
            case Prune(record):
                changes.pruned.append({"of": peer, "named": record})
            case Put(table, key, row):
                changes.state[peer, table, key] = row
                changes.size_bytes += len(row)
            case Drop(table, key):
                changes.state[peer, table, key] = None
            case Note():
                _note(changes, peer, effect, moment_ms)
            case Unsay():
                changes.statements.append(_unsaid(peer, effect))
            case _:
                assert_never(effect)
    return changes


def of_shell(statement: Executable) -> Changes:
    """Return one statement of the shell's own as changes."""
    return Changes(statements=[statement], count=1)


def apply(connection: Connection, changes: Changes) -> None:
    """Carry out `changes` in the open transaction."""
    _apply_records(connection, changes)
    _apply_state(connection, changes)
    if changes.story:
        connection.execute(_NOTE, changes.story)
        connection.execute(_FORGET_STORY)
    for statement in changes.statements:
        connection.execute(statement)


def _keep(changes: Changes, peer: PeerId, effect: Keep) -> None:
    record, header = effect.record, effect.record.header
    slot: tuple[str, ...] = (peer, record.id, str(effect.arrival))
    if record.is_notice:
        slot = (peer, header.author, header.kind, header.key or "")
        changes.records.pop(slot, None)
    changes.records[slot] = {
        "peer": peer,
        "arrival": effect.arrival,
        "id": record.id,
        "kind": header.kind,
        "author": header.author,
        "inc_counter": header.incarnation.counter,
        "inc_random": header.incarnation.random,
        "seq": header.seq,
        "key": header.key,
        "moment_ms": header.moment_ms,
        "source": effect.source,
        "envelope": record.envelope,
        "body": record.body,
    }
    changes.size_bytes += len(record.envelope) + len(record.body or b"")


def _ending(peer: PeerId, effect: Void) -> Values:
    return {
        "of": peer,
        "by": effect.author,
        "at_counter": effect.incarnation.counter,
        "at_random": effect.incarnation.random,
        "last": effect.seq,
        "onward": int(effect.onward),
    }


def _unsaid(peer: PeerId, unsay: Unsay) -> Executable:
    """Delete records of our own that nobody has seen."""
    unseen = or_(_record.seq > unsay.seq, _record.kind.startswith(NOTICE_PREFIX))
    return delete(tables.record).where(
        _record.peer == peer,
        _record.author == peer,
        _record.inc_counter == unsay.incarnation.counter,
        _record.inc_random == unsay.incarnation.random,
        unseen,
    )


def _note(changes: Changes, peer: PeerId, note: Note, moment_ms: int) -> None:
    args = msgspec.json.encode(note.args).decode()
    changes.size_bytes += len(args)
    changes.story.append(
        {
            "peer": peer,
            "subject": note.subject,
            "moment_ms": moment_ms,
            "code": note.code,
            "args": args,
        }
    )


def _apply_records(connection: Connection, changes: Changes) -> None:
    rows = list(changes.records.values())
    replaced: list[Values] = [
        {"of": row["peer"], "by": row["author"], "like": row["kind"], "on": row["key"]}
        for row in rows
        if str(row["kind"]).startswith(NOTICE_PREFIX)
    ]
    replaced += [
        {"of": peer, "by": author, "like": kind, "on": key}
        for peer, author, kind, key in changes.forgotten
    ]
    if replaced:
        connection.execute(_FORGET_NOTICE, replaced)
    if rows:
        connection.execute(_KEEP, rows)
    if changes.void:
        connection.execute(_VOID, changes.void)
    if changes.pruned:
        connection.execute(_PRUNE, changes.pruned)


def _apply_state(connection: Connection, changes: Changes) -> None:
    puts: list[Values] = []
    drops: list[Values] = []
    for (peer, table, key), row in changes.state.items():
        if row is None:
            drops.append({"of": peer, "in": table, "on": key})
        else:
            puts.append({"peer": peer, "table_name": table, "key": key, "row": row})
    if drops:
        connection.execute(_DROP, drops)
    if puts:
        connection.execute(_PUT, puts)


_record, _state, _story = tables.record.c, tables.state.c, tables.story.c

_FORGET_NOTICE: Final = delete(tables.record).where(
    _record.peer == bindparam("of"),
    _record.author == bindparam("by"),
    _record.kind == bindparam("like"),
    _record.key == bindparam("on"),
)
_INSERT_RECORD: Final = insert(tables.record)
_GAINS: Final = and_(
    _record.body.is_(None),
    _record.pruned == 0,
    _INSERT_RECORD.excluded.body.is_not(None),
)
_KEEP: Final = _INSERT_RECORD.on_conflict_do_update(
    index_elements=["peer", "id"],
    set_={
        name: case((_GAINS, _INSERT_RECORD.excluded[name]), else_=_record[name])
        for name in ("arrival", "source", "body")
    },
)
"""A record kept twice keeps its first arrival. But one that gains a body that it lacked
arrives anew, so that whoever was served it without is served the body."""
_PRUNE: Final = (
    update(tables.record)
    .values(body=None, pruned=1)
    .where(_record.peer == bindparam("of"), _record.id == bindparam("named"))
)
_LATER: Final = or_(
    _record.inc_counter > bindparam("at_counter"),
    and_(
        _record.inc_counter == bindparam("at_counter"),
        _record.inc_random > bindparam("at_random"),
    ),
)
_NOTICE: Final = _record.kind.startswith(NOTICE_PREFIX, autoescape=True)
_PAST: Final = and_(
    _record.inc_counter == bindparam("at_counter"),
    _record.inc_random == bindparam("at_random"),
    _record.seq > bindparam("last"),
    not_(_NOTICE),
)
_VOID: Final = (
    update(tables.record)
    .values(void=1)
    .where(
        _record.peer == bindparam("of"),
        _record.author == bindparam("by"),
        _record.kind.not_in(STANDING_KINDS),
        or_(_PAST, and_(bindparam("onward") == 1, or_(_LATER, _NOTICE))),
    )
)
"""What carries a document that proves itself counts by the document."""
_DROP: Final = delete(tables.state).where(
    _state.peer == bindparam("of"),
    _state.table_name == bindparam("in"),
    _state.key == bindparam("on"),
)
_INSERT_STATE: Final = insert(tables.state)
_PUT: Final = _INSERT_STATE.on_conflict_do_update(
    index_elements=["peer", "table_name", "key"],
    set_={"row": _INSERT_STATE.excluded.row},
)
_NOTE: Final = insert(tables.story)
_NEWEST: Final = select(func.max(tables.story.alias().c.id)).scalar_subquery()
_FORGET_STORY: Final = delete(tables.story).where(
    _story.id <= _NEWEST - STORY_LINES_MAX
)
