"""What callers get when they ask why: the planner's figures, each with its sentence."""

from __future__ import annotations

from fabnet.node.api.answers import Answer


class TermAnswer(Answer):
    """One part of a cost, in milliseconds of waiting."""

    term: str
    title: str
    cost_ms: int


class ChoiceAnswer(Answer):
    """A machine that would do: when, how far away, and what it costs."""

    peer: str
    machine: str
    machine_name: str
    facility_name: str
    start_ms: int
    end_ms: int
    distance_m: int
    terms: list[TermAnswer]
    cost_ms: int


class DifferenceAnswer(Answer):
    """The term in which another machine is worse by most."""

    term: str
    title: str
    here_ms: int
    there_ms: int


class VerdictAnswer(Answer):
    """How one machine stands with what was asked."""

    peer: str
    machine: str
    machine_name: str
    facility_name: str
    reason: str
    """`chosen`, or why not."""
    wanted: str
    limit: str
    choice: ChoiceAnswer | None
    difference: DifferenceAnswer | None
    taken_by: str | None
    """The job that takes it."""
    price_ms: int | None
    """What its time is worth to others; nil where no market was held."""
    opens_ms: int | None
    """When it opens next; nil if it is open."""
    sentence: str


class WhatIfAnswer(Answer):
    """The least of one kind that would place it elsewhere."""

    kind: str
    """`due`, `deadline`, `radius`, `material` or `need`."""
    was: int | str
    becomes: int | str
    choice: ChoiceAnswer
    sentence: str


class BarredAnswer(Answer):
    """A machine that only permission or a refusal keeps out."""

    bars: list[str]
    """`unvouched`, `not-open`, `refused`."""
    flips: bool
    """Whether it would be chosen if it were let in."""
    choice: ChoiceAnswer
    sentence: str


class RowAnswer(Answer):
    """Why the pieces of one part are where they are."""

    revision: str
    part: str
    pieces: int
    planned_ms: int
    chosen: ChoiceAnswer | None
    unplaced: str | None
    runner_up: ChoiceAnswer | None
    difference: DifferenceAnswer | None
    others: list[VerdictAnswer]
    asked: VerdictAnswer | None
    """The machine that was asked about."""
    changes: list[WhatIfAnswer]
    barred: list[BarredAnswer]
    untried: int
    """Possible changes that the bounds of the search left out."""
    sentences: list[str]
    """Why here."""
    change_sentences: list[str]
    """What would change it."""


class CertificateAnswer(Answer):
    """How near the plan is to the best there can be."""

    cost_ms: int
    bound_ms: int
    gap_permyriad: int


class WhyAnswer(Answer):
    """Why a job is where it is, by the newest plan of each of its rows."""

    job: str
    rows: list[RowAnswer]
    certificate: CertificateAnswer | None
    certificate_sentence: str
