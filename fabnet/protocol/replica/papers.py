"""Signed documents that came too early: they wait for the charter they rest on.

A charter is followed version by version and a membership needs its federation, but
different nodes may carry them, and nothing orders these. What another charter may yet
make count is tried again whenever one is learnt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation.charter import version_in
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.protocol.community import DOCUMENT_KINDS, Community, DocumentRow
from fabnet.protocol.effects import Drop, Put, Turn
from fabnet.protocol.voice import CountRow
from fabnet.records.body import Body
from fabnet.records.ids import Count, PeerId, RecordId
from fabnet.records.record import BODY_BYTES_MAX, ENVELOPE_BYTES_MAX, Record, stored
from fabnet.records.refusal import Refusal

STANDING_KINDS: Final = (*DOCUMENT_KINDS, withdrawals.KIND)
"""Kinds of records that stand by their document, wherever their author's log ends."""
RECALLS_OF_AUTHOR_MAX: Final = 64
"""Withdrawals of one node that stand by themselves, at most 3 MiB; others fall with its
log. More than enough for who means well, and others can carry the rest."""
WAITING_MAX: Final = 256
"""Documents that wait, at most 12 MiB; at the bound a newcomer is not learnt here until
somebody carries it again."""
WAITING_OF_AUTHOR_MAX: Final = 16
"""Of one node, so that none fills it alone."""
TABLE: Final = "paper"
WAIT: Final = frozenset(
    {
        "charter-unknown",
        "charter-version-missing",
        "charter-quorum-not-met",
        "federation-not-trusted",
        "membership-quorum-not-met",
        "policy-quorum-not-met",
    }
)
"""Refusals that a charter, or a newer one, may undo."""


class PaperRow(Body):
    """The record that carries a document, and whether it is kept for its own sake."""

    envelope: Annotated[bytes, msgspec.Meta(max_length=ENVELOPE_BYTES_MAX)]
    body: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]
    kept: Count
    """1 for one that counts in its log; another is kept once its document is learnt."""


def has_news(turn: Turn, count: int) -> bool:
    """Whether a document was learnt in a turn after its first `count` effects."""
    return any(
        isinstance(effect, Put) and effect.table != TABLE
        for effect in turn.effects[count:]
    )


@dataclass(slots=True)
class Papers:
    """Hands documents to the community, early ones again."""

    community: Community
    waiting: dict[RecordId, tuple[Record, bool]] = field(default_factory=dict)
    """Each with whether its record is kept already."""
    recalls: dict[PeerId, set[RecordId]] = field(default_factory=dict)
    """Withdrawals that are kept, by who carries them."""

    def hear(self, turn: Turn, record: Record, *, kept: bool) -> Refusal | None:
        """Learn a record's document, or have it wait for what it rests on."""
        refusal = self.community.hear(turn, record)
        if refusal is not None and refusal.reason in WAIT:
            self._wait(turn, record, kept=kept)
        elif record.id in self.waiting:
            self._drop(turn, record)
        return refusal

    def recall(self, turn: Turn, record: Record) -> bool:
        """Know a withdrawal by its record; whether it is news, and there is room."""
        known = self.recalls.setdefault(record.author, set())
        if record.id in known or len(known) >= RECALLS_OF_AUTHOR_MAX:
            return False
        known.add(record.id)
        turn.put("recall", f"{record.author} {record.id}", CountRow(record.header.seq))
        return True

    def again(self, turn: Turn) -> Iterator[Record]:
        """Try what waits, a charter having come; yield what is to be kept for it."""
        learnt = True
        while learnt:
            learnt = False
            for record, kept in list(self.waiting.values()):
                count = len(turn.effects)
                refusal = self.community.hear(turn, record)
                if refusal is not None and refusal.reason in WAIT:
                    continue
                is_news = has_news(turn, count)
                self._drop(turn, record)
                learnt = learnt or record.kind == charters.KIND
                if refusal is None and is_news and not kept:
                    yield record

    def remember(self, row: PaperRow) -> None:
        """Know what waited before a restart."""
        record = stored(row.envelope, row.body)
        self.waiting[record.id] = (record, bool(row.kept))

    def _drop(self, turn: Turn, record: Record) -> None:
        del self.waiting[record.id]
        turn.do(Drop(TABLE, record.id))

    def _may_count(self, record: Record) -> bool:
        """Whether a charter that is not here could make this document count."""
        document = record.read(DocumentRow).document
        if record.kind == charters.KIND:
            lineage, version = charters.lineage_of(document), version_in(document)
            known = None if lineage is None else self.community.charters.get(lineage)
            return known is None or version > known.version + 1
        if record.kind == memberships.KIND:
            federation = memberships.federation_of(document)
            return federation in self.community.identity.trust
        return True

    def _wait(self, turn: Turn, record: Record, *, kept: bool) -> None:
        if record.body is None or record.id in self.waiting:
            return
        if not self._may_count(record):
            return
        held = [each for each, _ in self.waiting.values()]
        theirs = sum(each.author == record.author for each in held)
        if len(held) >= WAITING_MAX or theirs >= WAITING_OF_AUTHOR_MAX:
            turn.note(record.id, "document-not-held", peer=record.author)
            return
        self.waiting[record.id] = (record, kept)
        turn.put(TABLE, record.id, PaperRow(record.envelope, record.body, int(kept)))
