"""What all grants of a revision come to: those that stand, and those under dispute.

Grants only add: each is judged by itself and the best answer counts, so no later one
narrows an earlier. One under dispute is set apart, and speaks only where no other would
do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fabnet.designs.documents.acceptance import GRANTS_MAX
from fabnet.designs.documents.dispute import Disputed
from fabnet.designs.documents.grant import Grant, effective
from fabnet.designs.licence.eligible import Permitted, Review, Verdict, best
from fabnet.designs.licence.expression import Licence, Refused, parse
from fabnet.records.ids import DocumentId

DISPUTED: Final = "disputed"
"""Why a person must decide, where only a grant under dispute would do."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the grants of one revision come to."""

    granted: tuple[tuple[DocumentId, str], ...]
    """The grants that stand, each with its expression."""
    disputed: tuple[tuple[str, Disputed], ...] = ()
    """The expression of each grant under dispute, and the dispute."""
    expression: str | None = None
    """Any of those that stand, for people to read; nil when there is none."""

    @property
    def grants(self) -> tuple[DocumentId, ...]:
        """The documents that stand."""
        return tuple(id_ for id_, _ in self.granted)

    def resting_on(self, elected: str) -> tuple[DocumentId, ...]:
        """Return the grants in which `elected` can be chosen, as many as are cited.

        Where it is in none of them, as the licence of one part may be, all are.
        """
        wanted = _ids(elected)
        holding = [id_ for id_, text in self.granted if wanted <= _ids(text)]
        return tuple(holding or self.grants)[:GRANTS_MAX]


NO_TERMS: Final = Terms(())
"""Of a revision that nobody has granted anything of."""


def terms_of(
    grants: Iterable[tuple[DocumentId, Grant]], disputes: Iterable[Disputed] = ()
) -> Terms:
    """Return what valid grants come to while these disputes stand."""
    against: dict[DocumentId, Disputed] = {}
    for dispute in disputes:
        against.setdefault(dispute.grant, dispute)
    each = sorted(dict(grants).items())
    standing = [(id_, grant) for id_, grant in each if id_ not in against]
    return Terms(
        tuple((id_, grant.expression) for id_, grant in standing),
        tuple(
            (grant.expression, against[id_]) for id_, grant in each if id_ in against
        ),
        effective(grant for _, grant in standing),
    )


def judged(terms: Terms, judge: Callable[[str], Verdict]) -> Verdict:
    """Return the best answer of all grants; if only one under dispute would do, review.

    `judge` is asked of one expression at a time. Without any grant the answer is the
    refusal `no-valid-grant`.
    """
    sure = best([judge(text) for _, text in terms.granted])
    if isinstance(sure, Permitted):
        return sure
    for text, dispute in terms.disputed:
        if not isinstance(judge(text), Refused):
            return Review(DISPUTED, (("by", dispute.by), ("why", dispute.why)))
    return sure or Refused("no-valid-grant")


def _ids(expression: str) -> frozenset[str]:
    licence = parse(expression)
    return frozenset(licence.terms if isinstance(licence, Licence) else ())
