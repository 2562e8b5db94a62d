"""A site's disk: what a transaction wrote is there whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from fabnet.content.cid import Cid
from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.protocol.effects import (
    Drop,
    Forget,
    Keep,
    Note,
    Place,
    Prune,
    Put,
    Unsay,
    Void,
    Weigh,
)
from fabnet.protocol.events import Compared, Weighed
from fabnet.protocol.remembering import ROW_BYTES_MAX
from fabnet.protocol.replica.checkpoints import weigh
from fabnet.protocol.replica.papers import STANDING_KINDS
from fabnet.records import canonical
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.record import Record

B = TypeVar("B")
Durable = Keep | Void | Forget | Prune | Put | Drop | Note | Unsay
PARCEL_BYTES = 16
READ_MAX = 8_192
_remembered: dict[tuple[bytes, type], object] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a story."""

    moment_ms: int
    subject: str
    code: str
    args: tuple[tuple[str, str | int], ...]

    def arg(self, name: str) -> str | int:
        return dict(self.args)[name]


@dataclass(slots=True)
class Disk:
    """Records by arrival, state rows, stories and blobs."""

    records: dict[int, tuple[Record, PeerId | None]] = field(default_factory=dict)
    arrivals: dict[RecordId, int] = field(default_factory=dict)
    index: dict[tuple[str, str | None], dict[int, Record]] = field(default_factory=dict)
    """By kind, and by kind and key; in order of arrival."""
    notice_at: dict[tuple[str, str, str], int] = field(default_factory=dict)
    rows: dict[str, dict[str, bytes]] = field(default_factory=dict)
    story: list[Line] = field(default_factory=list)
    blobs: dict[Cid, bytes] = field(default_factory=dict)
    newest: int = 0
    void: set[int] = field(default_factory=set)
    """Arrivals that no view shows."""
    chains: dict[tuple[PeerId, Incarnation, int], list[int]] = field(
        default_factory=dict
    )
    """Arrivals of log records, by their place."""
    pruned: set[RecordId] = field(default_factory=set)
    """Records whose body was deleted here."""

    def commit(self, durable: Sequence[Durable], moment_ms: int) -> None:
        for effect in durable:
            match effect:
                case Keep():
                    self._keep(effect)
                case Void():
                    self._end(effect)
                case Forget(author, kind, key):
                    self._forget((author, kind, key))
                case Prune(record):
                    self._prune(record)
                case Put(table, key, row):
                    self.rows.setdefault(table, {})[key] = row
                case Drop(table, key):
                    self.rows.get(table, {}).pop(key, None)
                case Unsay():
                    self._unsay(effect)
                case Note(subject, code, args):
                    self.story.append(Line(moment_ms, subject, code, args))
                case _:
                    assert_never(effect)

    def _keep(self, effect: Keep) -> None:
        record = effect.record
        assert effect.arrival == self.newest + 1, "a hole in the arrivals"
        self.newest = effect.arrival
        if record.id in self.arrivals:
            self._keep_again(effect)
            return
        if record.is_notice:
            place = (record.author, record.kind, record.header.key or "")
            self._forget(place)
            self.notice_at[place] = effect.arrival
        else:
            header = record.header
            at = (header.author, header.incarnation, header.seq)
            self.chains.setdefault(at, []).append(effect.arrival)
        self.records[effect.arrival] = (record, effect.source)
        self.arrivals[record.id] = effect.arrival
        for shelf in _places(record):
            self.index.setdefault(shelf, {})[effect.arrival] = record

    def _keep_again(self, effect: Keep) -> None:
        """Let a record gain the body that it lacked: then it arrives anew."""
        record, before = effect.record, self.arrivals[effect.record.id]
        old, _ = self.records[before]
        lacked = old.body is None and record.id not in self.pruned
        if not lacked or record.body is None:
            assert record.kind in STANDING_KINDS, "a record kept twice"
            return
        header = record.header
        chain = self.chains[header.author, header.incarnation, header.seq]
        chain[chain.index(before)] = effect.arrival
        for shelf in _places(record):
            del self.index[shelf][before]
            self.index[shelf][effect.arrival] = record
        del self.records[before]
        self.records[effect.arrival] = (record, effect.source)
        self.arrivals[record.id] = effect.arrival
        if before in self.void:
            self.void ^= {before, effect.arrival}

    def _prune(self, id_: RecordId) -> None:
        """Delete a body for good."""
        at = self.arrivals[id_]
        whole, source = self.records[at]
        record = Record(whole.header, whole.envelope, None, id_)
        self.records[at] = (record, source)
        for shelf in _places(record):
            self.index[shelf][at] = record
        self.pruned.add(id_)

    def _forget(self, place: tuple[str, str, str]) -> None:
        replaced = self.notice_at.pop(place, None)
        if replaced is not None:
            old, _ = self.records.pop(replaced)
            del self.arrivals[old.id]
            for shelf in _places(old):
                del self.index[shelf][replaced]

    def _end(self, effect: Void) -> None:
        end = effect.incarnation, effect.seq
        for arrival, (record, _) in self.records.items():
            header = record.header
            at = header.incarnation, header.seq
            past = at > end and (effect.onward or at[0] == end[0])
            if record.is_notice:
                past = effect.onward
            if header.author == effect.author and record.kind not in STANDING_KINDS:
                self.void |= {arrival} if past else set()

    def beside(self, heard: Sequence[Record]) -> Compared:
        """Return log records, each with what is kept there, or just before."""
        found = tuple((record, self._beside(record)) for record in heard)
        return Compared(found, frozenset(self.pruned))

    def weigh(self, asked: Weigh) -> Weighed:
        """Return what a true checkpoint of a log says."""
        log = [
            each
            for each, _ in self.records.values()
            if each.author == asked.author
            and each.header.incarnation == asked.incarnation
            and not each.is_notice
        ]
        log.sort(key=lambda each: -each.header.seq)
        return weigh(
            ((each.id, each.header, each.id not in self.pruned) for each in log), asked
        )

    def _beside(self, record: Record) -> Record | None:
        header = record.header
        for seq in (header.seq, header.seq - 1):
            kept = self.chains.get((header.author, header.incarnation, seq))
            if kept:
                return self.records[min(kept)][0]
        return None

    def _unsay(self, unsay: Unsay) -> None:
        for arrival, (record, source) in list(self.records.items()):
            header = record.header
            ours = source is None and header.incarnation == unsay.incarnation
            if ours and (record.is_notice or header.seq > unsay.seq):
                del self.records[arrival]
                del self.arrivals[record.id]
                for shelf in _places(record):
                    del self.index[shelf][arrival]
                place = (header.author, header.incarnation, header.seq)
                self.chains.pop(place, None)
        for at, arrival in list(self.notice_at.items()):
            if arrival not in self.records:
                del self.notice_at[at]

    def envelopes(self, ids: Sequence[RecordId]) -> tuple[bytes, ...]:
        """Return the envelopes of those of these records that are kept."""
        places = [self.arrivals[id_] for id_ in ids if id_ in self.arrivals]
        return tuple(self.records[place][0].envelope for place in places)

    def served(
        self,
        after: int,
        not_from: PeerId,
        *,
        lost: int = 0,
        records_max: int,
        bytes_max: int,
    ) -> tuple[list[Record], int]:
        """Return what arrived after `after`, as the store does."""
        batch: list[Record] = []
        size, cursor = 0, after
        for arrival in range(after + 1, self.newest + 1):
            found = self.records.get(arrival)
            if found is None or arrival in self.void:
                continue
            record, source = found
            if source == not_from and arrival > lost:
                continue
            size += len(record.envelope) + len(record.body or b"") + PARCEL_BYTES
            if batch and (size > bytes_max or len(batch) == records_max):
                return batch, cursor
            batch.append(record)
            cursor = arrival
        return batch, max(cursor, self.newest)

    def supplied(
        self, places: Sequence[Place], *, records_max: int, bytes_max: int
    ) -> tuple[int, list[Record]]:
        """Return what follows these places, as the store does."""
        found: list[Record] = []
        size = 0
        for done, place in enumerate(places):
            for record in self._following(place):
                size += len(record.envelope) + len(record.body or b"") + PARCEL_BYTES
                if found and (size > bytes_max or len(found) == records_max):
                    return done, found
                found.append(record)
        return len(places), found

    def _following(self, place: Place) -> list[Record]:
        theirs = [each for each in self.valid() if each.author == place.author]
        if place.incarnation is None:
            notices = [each for each in theirs if each.is_notice]
            return notices[place.after : place.after + place.most]
        log = [
            each
            for each in theirs
            if each.header.incarnation == place.incarnation
            and place.after < each.header.seq <= place.after + max(1, place.most)
            and (place.most or each.body is not None)
            and not each.is_notice
        ]
        return sorted(log, key=lambda each: each.header.seq)

    def copy(self) -> Disk:
        """Return what a backup of it holds: all of it as it is now."""
        backup = Disk(newest=self.newest)
        backup.records, backup.arrivals = dict(self.records), dict(self.arrivals)
        backup.index = {place: dict(of) for place, of in self.index.items()}
        backup.notice_at = dict(self.notice_at)
        backup.void, backup.pruned = set(self.void), set(self.pruned)
        backup.chains = {at: list(kept) for at, kept in self.chains.items()}
        backup.rows = {table: dict(rows) for table, rows in self.rows.items()}
        backup.story, backup.blobs = list(self.story), dict(self.blobs)
        return backup

    def notices(self) -> list[Record]:
        return [record for record in self.valid() if record.is_notice]

    def valid(self) -> list[Record]:
        """Return the records that count, in the order they arrived."""
        return [
            record
            for arrival, (record, _) in self.records.items()
            if arrival not in self.void
        ]

    def kept(self, kind: str, key: str | None = None) -> list[Record]:
        found = self.index.get((kind, key), {})
        return [record for at, record in found.items() if at not in self.void]

    def size(self) -> int:
        """Bytes of records and rows."""
        rows = (row for table in self.rows.values() for row in table.values())
        kept = (
            len(record.envelope) + len(record.body or b"")
            for record, _ in self.records.values()
        )
        return sum(kept) + sum(map(len, rows))

    def lot(self, key: str) -> Lot | None:
        row = self.rows.get("lot", {}).get(key)
        return None if row is None else read(row, Lot)

    def making(self, key: str, requester: str = "") -> Making | None:
        """Return a lot as its facility holds it; of two of a name, one requester's."""
        rows = self.rows.get("making", {})
        row = rows.get(f"{key} {requester}", rows.get(key))
        return None if row is None else read(row, Making)

    def job(self, id_: str) -> Job | None:
        row = self.rows.get("job", {}).get(id_)
        return None if row is None else read(row, Job)

    def closed_job(self, id_: str) -> Job | None:
        row = self.rows.get("closed-job", {}).get(id_)
        return None if row is None else read(row, Job)

    def codes(self, subject: str) -> list[str]:
        return [line.code for line in self.story if line.subject == subject]


def _places(record: Record) -> set[tuple[str, str | None]]:
    return {(record.kind, None), (record.kind, record.header.key)}


def read(row: bytes, of: type[B]) -> B:
    """Return what a row says; whoever watches looks at the same rows twice."""
    if len(_remembered) > READ_MAX:
        _remembered.clear()
    found = _remembered.get((row, of))
    if found is None:
        found = canonical.decode(row, of, bytes_max=ROW_BYTES_MAX)
        _remembered[row, of] = found
    assert isinstance(found, of)
    return found
