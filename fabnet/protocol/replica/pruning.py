"""Which bodies may go from this disk when an operator wants them gone.

A body is personal, or nobody needs it any more; its header and envelope stay, so that
its author's chain still verifies and whoever follows us gets no hole. What others rest
on stays whole: who belongs, what may be made on which terms, and the accounts of lots,
by which minutes are posted and disputes are settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.cooperation import benches
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.production import receipt, request
from fabnet.production.lots.lot import is_over
from fabnet.protocol.effects import Answer, Drop, Prune, Turn
from fabnet.protocol.events import PruneBody
from fabnet.protocol.handoff.book import Book
from fabnet.protocol.handoff.workshop import Workshop
from fabnet.protocol.replica.papers import STANDING_KINDS
from fabnet.records.ids import JobId
from fabnet.records.proofs.checkpoint import KIND as CHECKPOINT
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal

TERMS: Final = (revisions.KIND, grants.KIND, disputes.KIND)
"""What a design is and on which terms it may be made: whoever made it cites them."""
ACCOUNTS: Final = (
    receipt.LOT_OPENED,
    receipt.LOT_CLOSED,
    receipt.ACCEPTANCE,
    benches.WRITE_OFF_KIND,
    benches.ATTESTATION_KIND,
    request.CLOSED_KIND,
)
"""How pieces and minutes add up, and that a job is over."""


STAY: Final = {
    STANDING_KINDS: "body-decides-who-belongs",
    (CHECKPOINT,): "body-is-account",
    TERMS: "body-is-terms",
    ACCOUNTS: "body-is-account",
}


@dataclass(slots=True)
class Pruning:
    """Deletes bodies, of records that nothing here rests on."""

    book: Book
    workshop: Workshop

    def prune(self, turn: Turn, event: PruneBody) -> None:
        """Delete a record's body, or say why it stays."""
        record = event.record
        refusal = self._why_not(record, closed=event.closed)
        if refusal is not None:
            turn.do(Answer(event.ask, refusal))
            return
        turn.do(Prune(record.id))
        if record.kind == request.KIND:
            # The job's own row says the same again, and for whom it was.
            turn.do(Drop("closed-job", record.id))
        turn.note(record.id, "body-pruned", kind=record.kind, why=event.why)
        turn.do(Answer(event.ask, record.id))

    def _why_not(self, record: Record, *, closed: bool) -> Refusal | None:
        kind = (("kind", record.kind),)
        if record.body is None:
            return Refusal("body-not-here", kind)
        if record.is_notice:
            return Refusal("notice-not-pruned", kind)
        for stay, why in STAY.items():
            if record.kind in stay:
                return Refusal(why, kind)
        if record.kind == request.KIND and not (
            closed and self._is_over(JobId(record.id))
        ):
            return Refusal("job-not-over", (("job", record.id),))
        return None

    def _is_over(self, job: JobId) -> bool:
        """Whether nothing of a job is under way here, at either end, or in doubt."""
        return (
            job not in self.book.jobs
            and job not in self.book.ended
            and all(map(is_over, self.book.lots_of(job)))
            and all(
                it.state == "final"
                for it in self.workshop.lots.values()
                if it.job == job
            )
            and all(
                it.state != "lost"
                for it in self.workshop.remnants.values()
                if it.job == job
            )
        )
