"""The terms table: what each licence lets whom do, each cell citing its clause.

The table is `terms.json` beside this file: 27 licences, five actors, six acts. A cell
allows, allows if certain facts are signed, asks for a human review, or denies. What it
does not hold is denied. Clauses were read by us; this is not legal advice.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final, Literal, dataclass_transform

import msgspec

ACTS: Final = (
    "view",
    "replicate_own",
    "make_for_peer_at_cost",
    "sell",
    "modify",
    "redistribute",
)
ACTORS: Final = ("worker_coop", "nonprofit", "public_body", "individual", "firm")

_OCCASIONS: Final = {
    "replicate_own": {"replicate_own", "make"},
    "make_for_peer_at_cost": {"make_for_peer_at_cost", "make"},
    "sell": {"sell", "make"},
    "modify": {"modify", "modify+make", "modify+convey"},
}
"""What the table's duties wait for, in each act; else the act itself."""
_ANY: Final = "any:"


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class _Row(msgspec.Struct, frozen=True):
    """Base of what the table is read into; its notes are passed over."""


class _Cell(_Row):
    """The answer for one licence, actor and act."""

    d: Literal["allow", "review", "deny"]
    cite: str
    requires: tuple[str, ...] = ()

    def unmet(self, facts: frozenset[str]) -> tuple[str, ...]:
        """Return the conditions that `facts` do not meet.

        A condition is a fact, or `any:a|b+c`: fact a, or facts b and c.
        """
        return tuple(it for it in self.requires if not _met(it, facts))


class _DutyRow(_Row):
    """What a licence asks in return."""

    code: str
    when: tuple[str, ...]
    cite: str
    note: str

    def applies(self, act: str) -> bool:
        """Whether doing `act` brings this duty, now or when it is passed on."""
        occasions = _OCCASIONS.get(act, {act})
        return "*" in self.when or not occasions.isdisjoint(self.when)


class LicenceTerms(_Row):
    """All that the table says of one licence."""

    kind: str
    text_sha256: str | None
    """Of the licence's text; nil where none was at hand."""
    source_duty: str | None
    """The duty by which whoever gets a product can get its source."""
    share_alike: str
    matrix: dict[str, dict[str, _Cell]]
    duties: tuple[_DutyRow, ...] = ()

    def cell(self, actor: str, act: str) -> _Cell | None:
        """Return the answer for `actor` doing `act`; nil when the table has none."""
        return self.matrix.get(actor, {}).get(act)

    @property
    def source_clause(self) -> str | None:
        """The clause that asks for source; nil for licences that do not."""
        rows = (row for row in self.duties if row.code == self.source_duty)
        return next((row.cite for row in rows), None)


class _Step(_Row):
    """Whether what came under one licence may go on under another."""

    d: Literal["allow", "review", "deny"]
    cite: str


class _Merge(_Row):
    """What a merged work may be published under, for one licence of its sources."""

    cite: str
    """The clause that decides where `into` says nothing."""
    anything: bool = False
    """Whether any licence of the table will do."""
    into: dict[str, _Step] = msgspec.field(default_factory=dict)


class TermsTable(_Row):
    """The whole table."""

    version: str
    predicates: dict[str, str]
    """What each fact means to whoever signs it."""
    licences: dict[str, LicenceTerms]
    derivatives: dict[str, _Merge]
    """By the licence of a source: what a work merged from it may be under."""
    assemblies: dict[str, _Step]
    """By the licence of a part: whether it may stand in a whole under another."""
    components: dict[str, str]
    """Licences of a whole whose parts anyone must be free to make, and the clause."""


@functools.cache
def table() -> TermsTable:
    """Return the table, read once from the package."""
    packaged = resources.files("fabnet.designs.licence") / "terms.json"
    return msgspec.json.decode(packaged.read_bytes(), type=TermsTable)


def _met(condition: str, facts: frozenset[str]) -> bool:
    if not condition.startswith(_ANY):
        return condition in facts
    ways = condition.removeprefix(_ANY).split("|")
    return any(facts.issuperset(way.split("+")) for way in ways)
