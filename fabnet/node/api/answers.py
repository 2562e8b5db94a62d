"""What callers get: every good answer of the operator's API.

Moments are milliseconds since 1970, as everywhere. Nothing personal is in any of these
but Recipients, which takes a token: who a piece is for is known to the node's own disk
and, sealed, to the facility.
"""

from __future__ import annotations

from typing import dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Answer(msgspec.Struct, frozen=True):
    """Base of every good answer."""


class Health(Answer):
    """The listener answers."""

    ok: bool


class Created(Answer):
    """What was written: its record, or the job that it changed."""

    id: str


class Stored(Answer):
    """A blob that is kept here."""

    cid: str
    bytes: int


class Done(Answer):
    """It was done."""

    done: bool


class NewBearer(Answer):
    """A bearer token, shown this once."""

    name: str
    role: str
    token: str


class Spot(Answer):
    """A place for people."""

    latitude_udeg: int
    longitude_udeg: int


class NodeAnswer(Answer):
    """This node."""

    peer: str
    name: str
    cooperative: str
    """The id of its charter."""
    facility: str
    """The name of its workshop."""
    place: Spot
    network: str
    incarnation: str
    """The database's counter and its random bits."""
    version: str
    links: list[str]
    """Peers with an open link."""
    blocked: int
    """Peers that the operator blocked."""
    ready: bool
    now_ms: int


class Stretch(Answer):
    """A stretch of UTC time."""

    start_ms: int
    end_ms: int


class CapabilityAnswer(Answer):
    """What a machine can do, and when it is free for it."""

    process: str
    materials: list[str]
    size_um: list[int]
    tolerance_um: int
    version: int | None
    """Of its capacity offer; nil when none stands."""
    pace_permille: int | None
    windows: list[Stretch]


class MachineAnswer(Answer):
    """A machine here or elsewhere."""

    id: str
    peer: str
    name: str
    model: str
    state: str
    capabilities: list[CapabilityAnswer]
    free_from_ms: int | None
    """The start of its first free window; nil when none is offered."""
    is_ours: bool


class FacilityAnswer(Answer):
    """A workshop with its machines."""

    id: str
    peer: str
    name: str
    charter: str
    is_vouched: bool
    """Whether the charter is ours, or a federation we trust vouches for it."""
    place: Spot
    time_zone: str
    opening_hours: str
    machines: list[MachineAnswer]


class Machines(Answer):
    """Every live facility with its machines."""

    facilities: list[FacilityAnswer]


class FileAnswer(Answer):
    """A file of a design."""

    path: str
    cid: str
    bytes: int
    media_type: str
    role: str
    is_here: bool


class PartAnswer(Answer):
    """A part of a design."""

    name: str
    process: str
    materials: list[str]
    size_um: list[int]
    quantity: int
    reference_s: int
    mass_mg: int
    energy_wh: int


class DisputeAnswer(Answer):
    """A grant under dispute: it allows nothing by itself until that is settled."""

    dispute: str
    """The dispute's document."""
    grant: str
    licence: str
    """What the grant would allow by."""
    by: str
    """The cooperative, or the rightsholder."""
    why: str


class DesignAnswer(Answer):
    """A published revision of a design."""

    cid: str
    title: str
    publisher: str
    """The peer that carries it."""
    folder: str
    published_ms: int
    is_fetched: bool
    """Whether its manifest is here; without it the rest is empty."""
    version: str
    function: str
    licence: str
    granted: str | None
    """What all grants that stand come to; nil when there is none."""
    grants: list[str]
    """Ids of the grants that stand."""
    disputes: list[DisputeAnswer]
    """Grants set apart, each with who disputes it and why."""
    files: list[FileAnswer]
    parts: list[PartAnswer]
    withdrawn: str | None
    """Why it was recalled; nil while it may be made."""
    replacement: str | None
    """The revision to make instead, where whoever recalled it named one."""


class Remark(Answer):
    """Something worth saying about what was done."""

    code: str
    args: dict[str, str | int]
    sentence: str


class PublishedDesign(Answer):
    """A design that was published."""

    id: str
    """The revision."""
    warnings: list[Remark]
    """What nobody could check of the licences it draws on."""


class DutyAnswer(Answer):
    """What a licence asks in return."""

    code: str
    licence: str
    clause: str
    sentence: str


class MayAnswer(Answer):
    """What one kind of actor may do."""

    actor: str
    verdict: str
    """`yes`, `if` certain things are signed, `ask` a person, or `no`."""
    elected: str
    """Of several licences, those that it goes by; empty where the answer is no."""
    conditions: list[str]
    """What must be signed, as the terms table writes it."""
    clause: str
    sentence: str


class ActAnswer(Answer):
    """One thing to do under a licence: who may, and what is asked in return."""

    act: str
    title: str
    actors: list[MayAnswer]
    duties: list[DutyAnswer]


class LicenceAnswer(Answer):
    """What a licence lets whom do, as we read it; not legal advice."""

    text: str
    """As it was asked for."""
    expression: str
    """As it was understood."""
    note: str
    """How it was read where it was not an expression as it stood; else empty."""
    acts: list[ActAnswer]
    version: str
    """Of the terms table."""


class Designs(Answer):
    """Every design that is known."""

    designs: list[DesignAnswer]


class AffectedJob(Answer):
    """A job that used a withdrawn revision: filed here, or made here for another."""

    job: str
    short_code: str
    side: str
    """`requester` or `facility`."""
    state: str
    cooperative: str
    """The one that asked."""
    pieces: int
    good: int
    """Pieces of it that exist, as far as is known here."""


class WithdrawalAnswer(Answer):
    """A revision that its rightsholders called back."""

    revision: str
    title: str
    """Empty while no record that publishes it is here."""
    is_verified: bool
    """Whether enough of them signed; without the manifest nobody here can tell, and
    what follows is empty."""
    severity: str
    """`recall`: use no more of it. `stop`: make no more of it."""
    reason: str
    signed_by: list[str]
    replacement: str | None
    valid_from_ms: int
    jobs: list[AffectedJob]
    left_out: int
    """Jobs that did not fit in this answer."""


class Withdrawals(Answer):
    """Every withdrawal that is known, the newest first."""

    withdrawals: list[WithdrawalAnswer]


class Recipient(Answer):
    """Whom pieces were for. For those who must reach them, and shown to nobody else."""

    job: str
    short_code: str
    side: str
    cooperative: str
    good: int
    name: str
    """Empty where this node was never told."""
    contact: str


class Recipients(Answer):
    """Whom the jobs of one revision were for."""

    recipients: list[Recipient]


class Filed(Answer):
    """A request that was filed."""

    job: str
    short_code: str


class LotAnswer(Answer):
    """A lot, as this node knows it."""

    job: str
    epoch: int
    side: str
    """`requester` or `facility`."""
    revision: str
    part: str
    pieces: int
    good: int
    scrap: int
    state: str
    machine: str
    machine_name: str
    facility_name: str
    maker: str
    requester: str
    start_ms: int
    end_ms: int
    progress_permille: int
    closed: str | None
    """The facility's lot-closed record."""
    accepted: bool
    reason: str
    """Why it ended, at the facility; empty while it goes on."""


class ItemAnswer(Answer):
    """How far one item of a request is."""

    revision: str
    title: str
    part: str
    pieces: int
    owed: int
    good: int


class JobAnswer(Answer):
    """A job: filed here, or made here for another."""

    job: str
    short_code: str
    side: str
    """`requester` or `facility`."""
    state: str
    need: str
    due_ms: int
    deadline_ms: int | None
    place: Spot | None
    items: list[ItemAnswer]
    unplaced: str | None
    """Why the last plan found no machine."""
    lots: list[LotAnswer]


class Jobs(Answer):
    """Jobs, the newest first."""

    jobs: list[JobAnswer]


class Handover(Answer):
    """For whom the pieces of one lot are: what its requester sealed to this facility.

    It names a person, as only Recipients does beside it, and takes an operator's token.
    """

    job: str
    epoch: int
    name: str
    contact: str


class Makings(Answer):
    """Lots made here, the newest first."""

    makings: list[LotAnswer]


class Line(Answer):
    """One line of a story."""

    moment_ms: int
    code: str
    args: dict[str, str | int]
    sentence: str


class Story(Answer):
    """All that happened to one thing, as this node knows it."""

    subject: str
    lines: list[Line]


class MinutesAnswer(Answer):
    """So many minutes of one kind of work."""

    kind: str
    minutes: int


class PostingAnswer(Answer):
    """Minutes that one cooperative owes another for a lot, posted or pending."""

    job: str
    epoch: int
    maker: str
    """The cooperative that worked; empty when its charter is not known here."""
    requester: str
    minutes: list[MinutesAnswer]
    total_minutes: int
    reason: str
    """Why it is pending; empty for what is posted."""


class Balance(Answer):
    """What a cooperative is owed in minutes; what it owes is below zero."""

    cooperative: str
    minutes: int


class Credit(Answer):
    """Minutes between cooperatives, as the records kept here tell."""

    balances: list[Balance]
    sum_minutes: int
    """Of all balances; always zero."""
    postings: list[PostingAnswer]
    pending: list[PostingAnswer]
