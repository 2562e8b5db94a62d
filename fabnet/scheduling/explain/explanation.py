"""What an explanation holds: figures and codes, from which `node` makes sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fabnet.content.cid import Cid
from fabnet.production.plan import Certificate, Term
from fabnet.records.ids import JobId, MachineId, PeerId, Window

Kind = Literal["due", "deadline", "radius", "material", "need"]
"""What of a request could be asked otherwise."""
Bar = Literal["unvouched", "not-open", "refused"]
"""What keeps a machine out that could do it: nobody vouches for its maker, its offer is
not open to us, or this version of it said no before."""


@dataclass(frozen=True, slots=True)
class Named:
    """One machine, by its ids and by its names."""

    peer: PeerId
    machine: MachineId
    machine_name: str
    facility_name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One machine that would do: when, how far away, and what it costs."""

    at: Named
    window: Window
    distance_m: int
    terms: tuple[Term, ...]

    @property
    def cost_ms(self) -> int:
        """The sum of the terms."""
        return sum(term.cost_ms for term in self.terms)


@dataclass(frozen=True, slots=True)
class Difference:
    """The term in which another machine is worse than the chosen one by most."""

    term: str
    here_ms: int
    there_ms: int

    @property
    def texts(self) -> tuple[str, str]:
        """The two figures as a `Rejection` has them."""
        return f"{self.term} {self.here_ms} ms", f"{self.term} {self.there_ms} ms"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one machine stands with one row."""

    at: Named
    reason: str
    """`chosen`, or a reason as in `Rejection`."""
    wanted: str
    limit: str
    choice: Choice | None
    """What it would have cost; nil where it cannot do it, or not in time."""
    difference: Difference | None
    """From the chosen machine; nil without a choice."""
    taken_by: JobId | None
    price_ms: int | None
    """What its time is worth to others in this wave; nil where no market was held."""
    opens_ms: int | None
    """When its first window begins; nil if it is open now, or not within 14 days."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to ask otherwise, by the least that will do, and what comes of it."""

    kind: Kind
    was: int | str
    """Milliseconds, metres, materials, or a need code; empty where it is not known."""
    becomes: int | str
    choice: Choice
    """Where the row would be placed then."""


@dataclass(frozen=True, slots=True)
class Barred:
    """A machine that could do it, and that only permission or a refusal keeps out."""

    at: Named
    bars: tuple[Bar, ...]
    choice: Choice
    """What it would cost if it were let in."""
    flips: bool
    """Whether it would then be chosen."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why one row is where it is, or nowhere, and what would change that."""

    job: JobId
    revision: Cid
    part: str
    pieces: int
    chosen: Choice | None
    unplaced: str | None
    """The reason of a row that has no machine."""
    runner_up: Choice | None
    """The cheapest other machine that would do."""
    difference: Difference | None
    """Of the runner-up; nil where there is none, or nothing to compare it with."""
    others: tuple[Verdict, ...]
    """The nearest misses first."""
    asked: Verdict | None
    """The machine that was asked about."""
    changes: tuple[Change, ...]
    barred: tuple[Barred, ...]
    untried: int
    """Possible changes that the limits of the search left out."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why each row of one job is where it is."""

    job: JobId
    rows: tuple[Reasons, ...]
    certificate: Certificate | None
    """Nil where the plan came without a bound."""
