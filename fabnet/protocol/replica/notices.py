"""Notices: of each (author, kind, key) the greatest (incarnation, seq) is kept.

Of two with one place the lower id wins. Of an author that speaks of too many things the
lowest (kind, key) stay, whatever came first: so all sites keep the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.protocol.effects import Forget, Turn
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.record import Record

NOTICES_PER_AUTHOR_MAX: Final = 256
"""Kinds and keys of one author: a workshop of eighty machines, each with three offers.
At 48 KiB each an author's notices are at most 12 MiB."""

Subject = tuple[str, str]
"""What a notice is about: kind and key."""
Said = tuple[Incarnation, int, RecordId]


@dataclass(slots=True)
class Notices:
    """The newest notice of everything, by author."""

    by_author: dict[PeerId, dict[Subject, Said]] = field(default_factory=dict)

    def remember(self, record: Record) -> None:
        """Know a notice that was kept before a restart."""
        self.by_author.setdefault(record.author, {})[subject_of(record)] = what_said(
            record
        )

    def hear(self, turn: Turn, record: Record) -> bool:
        """Whether a notice is newer than what we have, and one of those that stay."""
        kept = self.by_author.setdefault(record.author, {})
        subject, said = subject_of(record), what_said(record)
        held = kept.get(subject)
        if held is not None:
            if said[:2] < held[:2] or (said[:2] == held[:2] and said[2] >= held[2]):
                return False
        elif len(kept) >= NOTICES_PER_AUTHOR_MAX:
            greatest = max(kept)
            if subject > greatest:
                return False
            del kept[greatest]
            turn.do(Forget(record.author, *greatest))
        kept[subject] = said
        return True


def subject_of(record: Record) -> Subject:
    """Return what a notice is about."""
    return record.kind, record.header.key or ""


def what_said(record: Record) -> Said:
    """Return what makes one notice newer than another, and its id."""
    header = record.header
    return header.incarnation, header.seq, record.id
