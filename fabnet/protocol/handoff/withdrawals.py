"""Withdrawals that are heard: held against the design they are of, at once or later.

A design that somebody here may use is in memory, and a withdrawal of it counts in the
turn that hears it. Any other is fetched; until it is here the document waits. Nothing
is lost when it cannot wait, or at a restart: the record is kept, and whoever fetches a
design reads its withdrawals with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import (
    KIND,
    WithdrawalBody,
    Withdrawn,
    open_withdrawal,
)
from fabnet.errors import RemoteError
from fabnet.protocol.effects import Lower, Recall, Turn
from fabnet.protocol.events import Design, Recalled
from fabnet.records.ids import PeerId, RecordId
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal

COUNTED_MAX: Final = 1_000
"""Withdrawals remembered, so that a design which was being fetched when one was heard
does not come back without it; at the bound the oldest is forgotten, and every fetch
that was begun since reads it from the records."""
WAITING_MAX: Final = 256
"""Documents that wait for their designs, 40 KiB each at most; at the bound the oldest
is let go, and counts when its design is fetched."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A withdrawal whose design is not here yet."""

    cid: Cid
    document: bytes
    author: PeerId


@dataclass(slots=True)
class Withdrawals:
    """Holds withdrawals against designs, whichever comes first."""

    waiting: dict[RecordId, Waiting] = field(default_factory=dict)
    counted: dict[Cid, Withdrawn] = field(default_factory=dict)
    """Those that counted since the start, the greatest of each revision."""

    def hear(
        self, turn: Turn, record: Record, designs: tuple[Design | None, ...]
    ) -> Recalled | None:
        """Take a withdrawal record; return the design as it changes it, if it does.

        `designs` are what is in memory of the revision. Raises RemoteError for a record
        that is no withdrawal.
        """
        document = record.read(WithdrawalBody).document
        said = Waiting(cids.parse(record.header.key or ""), document, record.author)
        design = next((each for each in designs if each is not None), None)
        if design is not None:
            after = self._hold(turn, design, said)
            return None if after is design else Recalled(said.cid, after, "")
        if len(self.waiting) >= WAITING_MAX:
            del self.waiting[next(iter(self.waiting))]
        self.waiting[record.id] = said
        turn.do(Recall(said.cid, (record.author,)))
        return None

    def recalled(self, turn: Turn, event: Recalled) -> Recalled:
        """Return what was fetched, with what waited for it held against it."""
        design = event.design
        if design is None:
            return event
        for id_, said in list(self.waiting.items()):
            if said.cid == event.cid:
                del self.waiting[id_]
                design = self._hold(turn, design, said)
        return replace(event, design=_marked(design, self.counted.get(event.cid)))

    def _hold(self, turn: Turn, design: Design, said: Waiting) -> Design:
        """Return the design as a withdrawal leaves it: withdrawn, or as it was."""
        try:
            found = open_withdrawal(said.document, design.revision, said.cid)
        except RemoteError as error:
            found = Refusal("not-authentic", (("why", str(error)),))
        if not isinstance(found, Withdrawn):
            turn.note(
                said.cid, "withdrawal-not-counted", peer=said.author,
                reason=found.reason, **dict(found.args),
            )  # fmt: skip
            turn.do(Lower(said.author, f"{KIND}: {found.reason}"))
            return design
        told = found.withdrawal
        turn.note(
            said.cid, "withdrawn", severity=told.severity, why=told.reason,
            signed_by=", ".join(found.signed_by)[:200],
            replacement=told.replacement or "",
        )  # fmt: skip
        after = _marked(design, found)
        if len(self.counted) >= COUNTED_MAX and said.cid not in self.counted:
            del self.counted[next(iter(self.counted))]
        self.counted[said.cid] = after.withdrawn or found
        return after


def _marked(design: Design, found: Withdrawn | None) -> Design:
    """Return the design with the greater of its withdrawal and another, if any."""
    before = design.withdrawn
    if found is None or (before is not None and before.rank >= found.rank):
        return design
    return replace(design, withdrawn=found)
