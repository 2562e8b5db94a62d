"""What the planner is asked and what it answers; the planner itself is `scheduling`.

The plan is a proposal: the requester plans, the facility decides. It names the offer
versions it was made on, and a stale one is refused and planned again.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabnet.content.cid import Cid
from fabnet.designs.requirement import Requirement
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import Place
from fabnet.records.ids import CharterId, JobId, MachineId, PeerId, Window


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many pieces of one part, for one job: one row of a problem."""

    job: JobId
    part: str
    revision: Cid
    pieces: int
    requirement: Requirement
    reference_s: int
    """Making time of one piece at pace 1,000."""
    due_ms: int
    deadline_ms: int | None
    need_weight: int
    """Permille; what policy says this need is worth, beside the others."""
    radius_m: int | None
    place: Place
    charter: CharterId
    refused: tuple[tuple[PeerId, MachineId, int], ...]
    """Machines that said no to this, each up to a version: (peer, machine, version)."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One machine's capacity offer, joined with where and whose it is."""

    peer: PeerId
    version: int
    offer: CapacityOffer
    machine_name: str
    facility_name: str
    place: Place
    charter: CharterId
    state: str
    grid_g_per_kwh: int
    permitted: bool
    """Whether the maker's cooperative is vouched; a stranger's offer is not used."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the terms of a cost are worth, in seconds of waiting; from policy."""

    late_permille: int
    """A second after due, in permille of a second of waiting."""
    distance_s_per_km: int
    co2_s_per_kg: int
    own_first_s: int
    """What leaving the own cooperative costs."""


@dataclass(frozen=True, slots=True)
class Problem:
    """All that is wanted and all that is offered, at one moment."""

    wanted: tuple[Wanted, ...]
    offered: tuple[Offered, ...]
    moment_ms: int
    weights: Weights


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a cost, in milliseconds of waiting."""

    name: str
    """`lateness`, `waiting`, `distance`, `carbon`, `own-first`."""
    cost_ms: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one machine was not chosen for one row."""

    peer: PeerId
    machine: MachineId
    machine_name: str
    facility_name: str
    reason: str
    """A limit's name (`process`, `size`, …), `busy`, `closed`, `too-far`, `refused`,
    `stranger`, `after-deadline`, `taken` (wanted by another row), or `costlier`."""
    wanted: str
    limit: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A proposal: this row on this machine, in this window, at this cost."""

    job: JobId
    revision: Cid
    part: str
    pieces: int
    peer: PeerId
    machine: MachineId
    machine_name: str
    facility_name: str
    version: int
    window: Window
    distance_m: int
    terms: tuple[Term, ...]
    others: tuple[Rejection, ...]

    @property
    def cost_ms(self) -> int:
        """The sum of the terms."""
        return sum(term.cost_ms for term in self.terms)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """No machine will do now, and why each one will not."""

    job: JobId
    part: str
    reason: str
    """The nearest miss: of the machine that came furthest through the rules."""
    others: tuple[Rejection, ...]


Plan = tuple[Placed | Unplaced, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a plan costs, and what none that makes the same rows can cost less than."""

    cost_ms: int
    bound_ms: int

    @property
    def gap_permyriad(self) -> int:
        """By how many hundredths of a percent a plan could be cheaper, at most."""
        saving_ms = max(self.cost_ms - self.bound_ms, 0)
        return -(-saving_ms * 10_000 // max(self.cost_ms, 1))


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan, and how near it is to the best there can be."""

    plan: Plan
    certificate: Certificate
