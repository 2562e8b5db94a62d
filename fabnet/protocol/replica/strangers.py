"""The records of authors nobody vouches for yet: in memory, few, and for few authors.

A membership among them may make an author one of ours; until then it costs a bounded
bucket and no disk. A proof about one waits as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.proofs.fork import Fork
from fabnet.records.record import Record

STRANGERS_MAX: Final = 100
"""Authors nobody vouches for yet; at the bound the oldest is forgotten."""
STRANGER_RECORDS_MAX: Final = 16
"""Records held for each: its charter, its federation's and its memberships."""

Author = tuple[PeerId, Incarnation]


@dataclass(slots=True)
class Bucket:
    """What one stranger said, each with who brought it."""

    chain: list[tuple[Record, PeerId]] = field(default_factory=list)
    beside: list[tuple[Record, PeerId]] = field(default_factory=list)
    """Notices, and log records that do not fit in the chain."""

    def __len__(self) -> int:
        return len(self.chain) + len(self.beside)

    @property
    def has_room(self) -> bool:
        """Whether one more record may wait."""
        return len(self) < STRANGER_RECORDS_MAX

    def fill(self, record: Record, source: PeerId) -> bool:
        """Give a record that waits the body that it lacks; whether one did."""
        for waiting in (self.chain, self.beside):
            for at, (each, _) in enumerate(waiting):
                if each.id == record.id and each.body is None:
                    waiting[at] = (record, source)
                    return record.body is not None
        return False

    def holds(self, record: Record) -> bool:
        """Whether it waits already."""
        waiting = (*self.chain, *self.beside)
        return any(each.id == record.id for each, _ in waiting)


@dataclass(slots=True)
class Strangers:
    """A bucket for each stranger, and proofs about those we do not know."""

    buckets: dict[Author, Bucket] = field(default_factory=dict)
    proofs: dict[Author, Fork] = field(default_factory=dict)

    def bucket(self, author: Author) -> Bucket:
        """Return a stranger's bucket; the oldest is forgotten when there are many."""
        bucket = self.buckets.setdefault(author, Bucket())
        if len(self.buckets) > STRANGERS_MAX:
            del self.buckets[next(iter(self.buckets))]
        return bucket

    def wait(self, fork: Fork) -> None:
        """Hold a proof about a stranger; it comes again with each subscription."""
        held = self.proofs.get((fork.author, fork.incarnation))
        if held is None or fork.seq < held.seq:
            self.proofs[fork.author, fork.incarnation] = fork
        if len(self.proofs) > STRANGERS_MAX:
            del self.proofs[next(iter(self.proofs))]

    def bringers(self) -> set[PeerId]:
        """Return who brought what waits here."""
        return {
            source
            for bucket in self.buckets.values()
            for _, source in (*bucket.chain, *bucket.beside)
        }
