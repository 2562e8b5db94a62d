"""The replica: whose records we keep, in the order they were said.

A log record is taken only right after the one it names as `prev`; one that is early
waits in the pen. The records of an author that nobody vouches for are held in memory,
few and for few authors, until a membership among them makes it one of ours: a stranger
costs a bounded bucket and no disk.

For notices the greatest (incarnation, seq) of each (author, kind, key) wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from fabnet.protocol.community import Community
from fabnet.protocol.effects import Lower, Turn
from fabnet.protocol.voice import HeadRow, Voice
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.record import Record

PEN_MAX: Final = 2_000
"""Early records held in memory; at the bound a newcomer is not taken, and comes again
with the next batch, since its cursor is not written."""
STRANGERS_MAX: Final = 100
"""Authors nobody vouches for yet; at the bound the oldest is forgotten."""
STRANGER_RECORDS_MAX: Final = 16
"""Records held for each: its charter, its federation's and its memberships."""

Author = tuple[PeerId, Incarnation]
NoticeKey = tuple[PeerId, str, str]


@dataclass(slots=True)
class Replica:
    """Heads of all authors, and the records that wait."""

    voice: Voice
    community: Community
    heads: dict[Author, HeadRow] = field(default_factory=dict)
    notices: dict[NoticeKey, tuple[Incarnation, int, RecordId]] = field(
        default_factory=dict
    )
    pen: dict[tuple[PeerId, Incarnation, int], tuple[Record, PeerId]] = field(
        default_factory=dict
    )
    strangers: dict[Author, list[tuple[Record, PeerId]]] = field(default_factory=dict)
    turned_away: set[PeerId] = field(default_factory=set)
    """Links whose records did not fit in the pen; they begin again where they were."""

    def hear(self, turn: Turn, record: Record, source: PeerId) -> Iterator[Record]:
        """Take one authentic record; yield each that is now kept, in order."""
        if record.author == self.voice.identity.peer and not self._is_older(record):
            return
        if record.is_notice:
            if self._newer_notice(turn, record, source):
                yield record
            return
        yield from self._hear_log(turn, record, source)

    def _is_older(self, record: Record) -> bool:
        """Whether an earlier database of ours logged it, and this one may lack it."""
        ours = self.voice.identity.incarnation
        return not record.is_notice and record.header.incarnation < ours

    def has_penned(self, source: PeerId) -> bool:
        """Whether records that `source` brought still wait, or found no room to."""
        if source in self.turned_away:
            return True
        if not self.pen and not self.strangers:
            return False
        waiting = chain(self.pen.values(), chain.from_iterable(self.strangers.values()))
        return any(bringer == source for _, bringer in waiting)

    def restore_notice(self, record: Record) -> None:
        """Know a notice that was kept before a restart."""
        header = record.header
        place = (record.author, record.kind, header.key or "")
        self.notices[place] = (header.incarnation, header.seq, record.id)

    def _newer_notice(self, turn: Turn, record: Record, source: PeerId) -> bool:
        if not self.community.takes(record, turn.now.moment_ms):
            # It may have overtaken the membership that vouches for its author.
            waiting = self.strangers.get((record.author, record.header.incarnation))
            has_room = waiting is not None and len(waiting) < STRANGER_RECORDS_MAX
            if (
                waiting
                and has_room
                and all(each.id != record.id for each, _ in waiting)
            ):
                waiting.append((record, source))
            return False
        header = record.header
        place = (record.author, record.kind, header.key or "")
        held = self.notices.get(place)
        ours = (header.incarnation, header.seq)
        # Of two with one place the lower id wins, so that all sites agree.
        if held is not None and (
            ours < held[:2] or (ours == held[:2] and record.id >= held[2])
        ):
            return False
        self.notices[place] = (*ours, record.id)
        self.voice.keep(turn, record, source=source)
        return True

    def _hear_log(self, turn: Turn, record: Record, source: PeerId) -> Iterator[Record]:
        author = (record.author, record.header.incarnation)
        takes = self.community.takes(record, turn.now.moment_ms)
        if takes and author in self.strangers:
            # Vouched for since, or our clock was wrong: it comes again, and stays.
            yield from self._admit(turn, author, self.strangers.pop(author))
        head = self._head(author)
        seq = record.header.seq
        if not takes and self.community.is_revoked(record.author):
            turn.do(Lower(source, "a record of a revoked node, from after its cut"))
            return
        if seq > head.seq + 1:
            if takes:
                self._pen(record, source)
            else:
                # The pen is not for strangers: one could fill it alone.
                self.turned_away.add(source)
            return
        if seq <= head.seq:
            if seq == head.seq and record.id != head.id:
                turn.note(record.author, "fork", seq=seq, one=head.id, other=record.id)
                turn.do(Lower(record.author, "two records at one place in its log"))
            return
        if seq > 1 and record.header.prev != head.id:
            turn.note(record.author, "broken-chain", seq=seq, record=record.id)
            turn.do(Lower(record.author, "a record that does not follow its log"))
            return
        yield from self._take(turn, author, record, source)
        after = self.pen.pop((*author, seq + 1), None)
        if after is not None:
            yield from self._hear_log(turn, *after)

    def _take(
        self, turn: Turn, author: Author, record: Record, source: PeerId
    ) -> Iterator[Record]:
        moment_ms = turn.now.moment_ms
        if self.community.takes(record, moment_ms):
            # What waited here goes first, if another's record vouched for it since.
            held = [*self.strangers.pop(author, ()), (record, source)]
            yield from self._admit(turn, author, held)
            return
        waiting = self.strangers.setdefault(author, [])
        if len(waiting) >= STRANGER_RECORDS_MAX:
            turn.do(Lower(source, "records of an author nobody vouches for"))
            return
        waiting.append((record, source))
        said = [each for each, _ in waiting]
        if self.community.would_vouch(said, moment_ms):
            yield from self._admit(turn, author, self.strangers.pop(author))
        elif len(self.strangers) > STRANGERS_MAX:
            del self.strangers[next(iter(self.strangers))]

    def _admit(
        self, turn: Turn, author: Author, held: list[tuple[Record, PeerId]]
    ) -> Iterator[Record]:
        # Notices last: their author is vouched for once its log was learnt.
        for record, source in held:
            if not record.is_notice:
                yield self._keep(turn, author, record, source)
        for record, source in held:
            if record.is_notice and self._newer_notice(turn, record, source):
                yield record

    def _keep(
        self, turn: Turn, author: Author, record: Record, source: PeerId
    ) -> Record:
        peer, incarnation = author
        head = HeadRow(record.header.seq, record.id)
        self.heads[author] = head
        place = f"{peer} {incarnation.counter} {incarnation.random}"
        turn.put("head", place, head)
        self.voice.keep(turn, record, source=source)
        return record

    def _head(self, author: Author) -> HeadRow:
        waiting = self.strangers.get(author, ())
        logged = [each for each, _ in waiting if not each.is_notice]
        if logged:
            return HeadRow(logged[-1].header.seq, logged[-1].id)
        return self.heads.get(author, HeadRow(0, RecordId("")))

    def _pen(self, record: Record, source: PeerId) -> None:
        if len(self.pen) >= PEN_MAX:
            self.turned_away.add(source)
            return
        place = (record.author, record.header.incarnation, record.header.seq)
        self.pen.setdefault(place, (record, source))
