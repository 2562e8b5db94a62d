"""The planner: a problem goes in, a plan comes out, the same one on every processor.

It is a proposal made on capacity that was offered; the facility decides.
"""

from __future__ import annotations

from fabnet.production.place import distance_m
from fabnet.production.plan import Placed, Plan, Problem, Term, Unplaced
from fabnet.records.ids import Window
from fabnet.scheduling.cost import TERMS
from fabnet.scheduling.encode import encode
from fabnet.scheduling.explain.rejections import NO_MACHINE, others
from fabnet.scheduling.feasible import Rules, first_failing, tiles
from fabnet.scheduling.model import Encoded
from fabnet.scheduling.wave import Survey, Wave


def plan(problem: Problem) -> Plan:
    """Return an answer to each row, in the order of asking, or raise InputError.

    Rows take their turn by urgency. Neither the order of rows nor that of offers
    matters: ties go to the lesser (job, part, revision), (peer, machine, process).
    """
    return planned(encode(problem))


def planned(arrays: Encoded) -> Plan:
    """Return the same of a problem that is encoded already."""
    wave = Wave(arrays)
    answers: dict[int, Placed | Unplaced] = {}
    for rows in tiles(wave.arrays):
        every_failing = first_failing(wave.arrays, rows)
        for row, failing in zip(rows.tolist(), every_failing, strict=True):
            answers[row] = _answer(wave, row, failing)
    return tuple(answers[row] for row in range(arrays.rows.many))


def _answer(wave: Wave, row: int, failing: Rules) -> Placed | Unplaced:
    survey = wave.survey(row, failing)
    best = survey.best
    if best is None:
        return unplaced(wave, survey)
    answer = placed(wave, survey, best)
    wave.take(survey, best)
    return answer


def placed(wave: Wave, survey: Survey, best: int) -> Placed:
    """Return the answer that a row goes where it stands `best` among its slots."""
    problem = wave.arrays.problem
    want = problem.wanted[survey.row]
    offered = wave.arrays.offered[int(survey.slots[best])]
    costs_ms = survey.terms[:, best].tolist()
    return Placed(
        job=want.job,
        revision=want.revision,
        part=want.part,
        pieces=want.pieces,
        peer=offered.peer,
        machine=offered.offer.machine,
        machine_name=offered.machine_name,
        facility_name=offered.facility_name,
        version=offered.version,
        window=Window(
            problem.moment_ms + int(survey.start_ms[best]),
            problem.moment_ms + int(survey.end_ms[best]),
        ),
        distance_m=distance_m(want.place, offered.place),
        terms=tuple(map(Term, TERMS, costs_ms)),
        others=others(wave, survey, best),
    )


def unplaced(wave: Wave, survey: Survey) -> Unplaced:
    """Return the answer that no slot will do, and why each will not."""
    want = wave.arrays.problem.wanted[survey.row]
    rejections = others(wave, survey, None)
    reason = rejections[0].reason if rejections else NO_MACHINE
    return Unplaced(want.job, want.part, reason, rejections)
