"""Checkpoints: an author says which of its records are still live, and others check.

Every CHECKPOINT_RECORDS of its log an author signs the Merkle root of the ids that are
live, in the order of their places. Live is every record but the requests that the same
log has closed. That is read from headers alone, so whoever holds the log finds the same
root, or knows that it was told something false: then the checkpoint is a record like
any other, and frees nothing.

From a true one on the quota counts what is live and what came after; the bodies of the
dead are pruned. Headers stay. While a checkpoint is being weighed, which takes the
shell a moment, what follows it waits in the pen: whether it fits depends on the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from fabnet.errors import RemoteError
from fabnet.production import request
from fabnet.protocol.effects import Drop, Lower, Prune, Turn, Weigh
from fabnet.protocol.events import Weighed
from fabnet.protocol.replica.ends import Author, place_key
from fabnet.protocol.voice import Voice
from fabnet.records.body import Body
from fabnet.records.ids import Count, RecordId
from fabnet.records.proofs.checkpoint import KIND, CheckpointBody
from fabnet.records.proofs.merkle import root_of
from fabnet.records.record import Header, Record

CHECKPOINT_RECORDS: Final = 4_096
"""Places of one log between checkpoints: reading that many takes a moment, and a log
that is full has two dozen of them. One that comes sooner frees nothing."""
TABLE: Final = "checkpoint"


class CheckpointRow(Body):
    """How far a log was checked, and the checkpoint that is being weighed."""

    upto: Count
    weighed: Weigh | None
    """What the shell was asked; nil when nothing is being weighed."""
    body: CheckpointBody | None
    """What its author says."""


def weigh(log: Iterable[tuple[RecordId, Header, bool]], asked: Weigh) -> Weighed:
    """Weigh a log, given what is kept of it from the last place to the first.

    Each is an id, a header, and whether its body may be here or come yet; those that
    the chain does not go through are passed over.
    """
    wanted: RecordId | None = asked.last
    closed: set[str] = set()
    live: list[RecordId] = []
    dead: list[RecordId] = []
    live_bytes = after_bytes = 0
    for id_, header, is_kept in log:
        if id_ != wanted:
            continue
        wanted = header.prev
        if header.seq > asked.upto:
            after_bytes += header.body_len
            continue
        if header.kind == request.CLOSED_KIND:
            closed.add(header.key or "")
        if header.kind == request.KIND and id_ in closed:
            dead += [id_] if is_kept else []
        else:
            live.append(id_)
            live_bytes += header.body_len
    if wanted is not None:
        return Weighed(asked, None, 0, ())
    body = CheckpointBody(asked.upto, len(live), live_bytes, root_of(reversed(live)))
    return Weighed(asked, body, after_bytes, tuple(dead))


@dataclass(slots=True)
class Checkpoints:
    """How far each log was checked, and what waits to be weighed."""

    voice: Voice
    rows: dict[Author, CheckpointRow] = field(default_factory=dict)
    asked: bool = False
    """Whether our own log is being weighed, or cannot be."""

    def is_weighing(self, author: Author) -> bool:
        """Whether what follows in a log must wait."""
        row = self.rows.get(author)
        return row is not None and row.weighed is not None

    def kept(self, turn: Turn, record: Record) -> None:
        """Have a checkpoint weighed that was kept, unless it came too soon."""
        header, author = record.header, (record.author, record.header.incarnation)
        upto = self._upto(author)
        try:
            body = record.read(CheckpointBody)
        except RemoteError as error:
            turn.note(record.author, "unreadable", kind=record.kind, why=str(error))
            turn.do(Lower(record.author, f"{record.kind}: {error}"))
            return
        if (
            header.prev is None
            or not upto + CHECKPOINT_RECORDS <= body.upto < header.seq
        ):
            return
        asked = Weigh(*author, header.seq, header.prev, body.upto, header.body_len)
        self._put(turn, author, CheckpointRow(upto, asked, body))
        turn.do(asked)

    def tend(self, turn: Turn) -> None:
        """Have our own log weighed when a checkpoint of it is due."""
        voice = self.voice
        if self.asked or voice.prev is None or voice.seq < CHECKPOINT_RECORDS:
            return
        ours = (voice.identity.peer, voice.identity.incarnation)
        if voice.seq >= self._upto(ours) + CHECKPOINT_RECORDS:
            self.asked = True
            turn.do(Weigh(*ours, 0, voice.prev, voice.seq, 0))

    def wake(self, turn: Turn) -> None:
        """Ask again what was being weighed when we stopped."""
        for row in self.rows.values():
            if row.weighed is not None:
                turn.do(row.weighed)

    def say(self, turn: Turn, event: Weighed) -> None:
        """Log a checkpoint of our own."""
        if event.body is None:
            return
        self.asked = False
        asked = event.asked
        row = CheckpointRow(asked.upto, None, None)
        self._put(turn, (asked.author, asked.incarnation), row)
        self.voice.log(turn, KIND, None, event.body)

    def judge(self, turn: Turn, event: Weighed, *, counts: bool) -> bool | None:
        """Hold a checkpoint against its log; whether it is true, nil if not asked.

        One that does not count any more, its log having ended below, frees nothing.
        """
        asked = event.asked
        author = (asked.author, asked.incarnation)
        row = self.rows.get(author)
        if row is None or row.weighed != asked:
            return None
        is_true = counts and event.body is not None and event.body == row.body
        upto = asked.upto if is_true else row.upto
        self._put(turn, author, CheckpointRow(upto, None, None))
        code = "checkpoint-true" if is_true else "checkpoint-false"
        if not counts:
            return False
        turn.note(asked.author, code, seq=asked.seq)
        if is_true:
            for id_ in event.dead:
                turn.do(Prune(id_))
        elif event.body is not None:
            turn.do(Lower(asked.author, "a checkpoint that its log belies"))
        return is_true

    def rewind(self, turn: Turn, author: Author, seq: int) -> None:
        """Know that a log of ours is shorter than was thought."""
        row = self.rows.get(author)
        if row is not None and (row.upto > seq or row.weighed is not None):
            del self.rows[author]
            turn.do(Drop(TABLE, place_key(*author)))

    def _upto(self, author: Author) -> int:
        row = self.rows.get(author)
        return 0 if row is None else row.upto

    def _put(self, turn: Turn, author: Author, row: CheckpointRow) -> None:
        self.rows[author] = row
        turn.put(TABLE, place_key(*author), row)
