"""The planner said one machine at a time: slow, and short enough to be seen right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from fabnet.designs.requirement import Requirement
from fabnet.production.capability import Capability, Misfit, fit
from fabnet.production.place import distance_m
from fabnet.production.plan import (
    Offered,
    Placed,
    Plan,
    Problem,
    Rejection,
    Term,
    Unplaced,
    Wanted,
)
from fabnet.records.ids import Window

HORIZON_MS = 14 * 86_400_000
LENGTH_UM_MAX = 2_147_483_646
OVERDUE_MS = 60 * 86_400_000
STAGES = (
    "process",
    "material",
    "size",
    "tolerance",
    "thickness",
    "nozzle",
    "skill",
    "stranger",
    "state",
    "too-far",
    "refused",
    "closed",
    "after-deadline",
    "taken",
    "costlier",
)
Machine = tuple[str, str]
T = TypeVar("T", Requirement, Capability)
Taken = dict[Machine, list[tuple[Window, Wanted]]]


@dataclass(frozen=True)
class Verdict:
    """What becomes of one offer for one row."""

    offered: Offered
    stage: str
    misfit: Misfit | None = None
    window: Window | None = None
    terms: tuple[Term, ...] = ()

    @property
    def cost_ms(self) -> int:
        return sum(term.cost_ms for term in self.terms)

    @property
    def nearness(self) -> tuple[int, int, tuple[str, str, str]]:
        return -STAGES.index(self.stage), self.cost_ms, identity(self.offered)


def plan_slowly(problem: Problem) -> Plan:
    """Place row after row, by urgency, each where it is cheapest at its turn."""
    answers: dict[int, Placed | Unplaced] = {}
    for row, verdicts in judged_slowly(problem).items():
        want = problem.wanted[row]
        if verdicts and verdicts[0].window is not None:
            answers[row] = placed(want, verdicts[0], verdicts)
        else:
            rejections = tuple(rejection(each) for each in one_a_machine(verdicts)[:32])
            reason = rejections[0].reason if rejections else "no-machine"
            answers[row] = Unplaced(want.job, want.part, reason, rejections)
    return tuple(answers[row] for row in range(len(problem.wanted)))


def judged_slowly(problem: Problem) -> dict[int, list[Verdict]]:
    """Return what becomes of each offer for each row at its turn, the nearest first."""
    offers = sorted(problem.offered, key=identity)
    taken: Taken = {}
    judged: dict[int, list[Verdict]] = {}
    for row in sorted(
        range(len(problem.wanted)), key=lambda row: turn(problem, problem.wanted[row])
    ):
        want = problem.wanted[row]
        verdicts = [judge(problem, want, offered, taken) for offered in offers]
        verdicts.sort(key=lambda verdict: verdict.nearness)
        judged[row] = verdicts
        if verdicts and verdicts[0].window is not None:
            lots = taken.setdefault(machine_of(verdicts[0].offered), [])
            lots.append((verdicts[0].window, want))
    return judged


def identity(offered: Offered) -> tuple[str, str, str]:
    return offered.peer, offered.offer.machine, offered.offer.capability.process


def machine_of(offered: Offered) -> Machine:
    return offered.peer, offered.offer.machine


def turn(problem: Problem, want: Wanted) -> tuple[int, str, str, str]:
    wanted_by = min(
        moment for moment in (want.due_ms, want.deadline_ms) if moment is not None
    )
    slack_ms = wanted_by - problem.moment_ms - want.pieces * want.reference_s * 1_000
    need = max(1, want.need_weight)
    urgency = slack_ms * 1_000 // need if slack_ms >= 0 else slack_ms * need // 1_000
    return urgency, want.job, want.part, want.revision


# ------------------------------------------------------------------ one row, one offer


def judge(problem: Problem, want: Wanted, offered: Offered, taken: Taken) -> Verdict:
    misfit = fit(cut(want.requirement), cut(offered.offer.capability))
    if isinstance(misfit, Misfit):
        return Verdict(offered, misfit.reason, misfit)
    return judge_access(want, offered) or judge_time(problem, want, offered, taken)


def cut(body: T) -> T:
    """Return what its lengths count for, of a requirement or a capability."""
    lengths = ("size_x_um", "size_y_um", "size_z_um", "tolerance_um", "thickness_um")
    asked = {name: getattr(body, name) for name in lengths}
    return msgspec.structs.replace(
        body,
        **{
            name: min(length, LENGTH_UM_MAX)
            for name, length in asked.items()
            if length is not None
        },
    )


def no(
    offered: Offered, stage: str, wanted: str, limit: str, *, reason: str = ""
) -> Verdict:
    return Verdict(offered, stage, Misfit(reason or stage, wanted, limit))


def judge_access(want: Wanted, offered: Offered) -> Verdict | None:
    own = want.charter == offered.charter
    doors = (
        ["members", "federation", "strangers"] if own else ["federation", "strangers"]
    )
    if not offered.permitted:
        return no(offered, "stranger", doors[0], "unvouched")
    if not set(doors) & set(offered.offer.open_to):
        return no(
            offered, "stranger", doors[0], " ".join(offered.offer.open_to) or "none"
        )
    if offered.state in {"offline", "drained", "in-doubt"}:
        return no(offered, "state", "idle", offered.state, reason=offered.state)
    away_m = distance_m(want.place, offered.place)
    if want.radius_m is not None and away_m > want.radius_m:
        radius, away = f"{want.radius_m / 1000:g} km", f"{away_m / 1000:g} km"
        return no(offered, "too-far", radius, away)
    if any(
        machine_of(offered) == (peer, machine) and offered.version <= version
        for peer, machine, version in want.refused
    ):
        return no(offered, "refused", "", str(offered.version))
    return None


def judge_time(
    problem: Problem, want: Wanted, offered: Offered, taken: Taken
) -> Verdict:
    offer = offered.offer
    run_s = -(-want.pieces * want.reference_s * 1_000 // offer.pace_permille)
    length_ms = max(1, (offer.setup_s + run_s) * 1_000)
    needed = f"{offer.setup_s + run_s} s"
    free = windows(problem, offered)
    if all(window.end_ms - window.start_ms < length_ms for window in free):
        longest_ms = max([0, *(window.end_ms - window.start_ms for window in free)])
        reason = "busy" if offered.state == "busy" else "closed"
        return no(offered, "closed", needed, f"{longest_ms // 1_000} s", reason=reason)

    deadline_ms = want.deadline_ms
    start_ms = earliest(free, length_ms, [])
    assert start_ms is not None
    if deadline_ms is not None and start_ms + length_ms > deadline_ms:
        within_s = (deadline_ms - problem.moment_ms) // 1_000
        ready_s = -((problem.moment_ms - start_ms - length_ms) // 1_000)
        return no(offered, "after-deadline", f"{within_s} s", f"{ready_s} s")

    lots = taken.get(machine_of(offered), [])
    start_ms = earliest(free, length_ms, [window for window, _ in lots])
    if start_ms is None or (
        deadline_ms is not None and start_ms + length_ms > deadline_ms
    ):
        return no(offered, "taken", needed, lots[-1][1].job)
    window = Window(start_ms, start_ms + length_ms)
    terms = costs(problem, want, offered, window, run_s)
    return Verdict(offered, "costlier", window=window, terms=terms)


def windows(problem: Problem, offered: Offered) -> list[Window]:
    """Return what is offered from now to the horizon."""
    first, last = problem.moment_ms, problem.moment_ms + HORIZON_MS
    cut = [
        Window(max(first, each.start_ms), min(last, each.end_ms))
        for each in offered.offer.windows
    ]
    return [window for window in cut if window.start_ms < window.end_ms]


def earliest(free: list[Window], length_ms: int, lots: list[Window]) -> int | None:
    """Return the first moment from which there is so much time in one window."""
    starts = [window.start_ms for window in free] + [lot.end_ms for lot in lots]
    for start_ms in sorted(starts):
        mine = Window(start_ms, start_ms + length_ms)
        if not any(mine.overlaps(lot) for lot in lots) and any(
            window.holds(mine) for window in free
        ):
            return start_ms
    return None


def costs(
    problem: Problem,
    want: Wanted,
    offered: Offered,
    window: Window,
    run_s: int,
) -> tuple[Term, ...]:
    weights = problem.weights
    away_m = distance_m(want.place, offered.place)
    overdue_ms = min(
        window.end_ms - want.due_ms, window.end_ms - problem.moment_ms + OVERDUE_MS
    )
    late_ms = max(0, overdue_ms)
    energy_j = run_s * min(offered.offer.energy_w, 10_000_000)
    mass_g = min(-(-want.pieces * want.requirement.mass_mg // 1_000), 100_000_000)
    carbon_mg = energy_j * offered.grid_g_per_kwh // 3_600
    carbon_mg += mass_g * away_m * 137 // 1_000_000
    own = want.charter == offered.charter
    return (
        Term(
            "lateness",
            late_ms * weights.late_permille // 1_000 * want.need_weight // 1_000,
        ),
        Term("waiting", window.end_ms - problem.moment_ms),
        Term("distance", away_m * weights.distance_s_per_km),
        Term("carbon", carbon_mg * weights.co2_s_per_kg // 1_000),
        Term("own-first", 0 if own else weights.own_first_s * 1_000),
    )


# ------------------------------------------------------------------ answers


def placed(want: Wanted, best: Verdict, verdicts: list[Verdict]) -> Placed:
    offered, window = best.offered, best.window
    assert window is not None
    others = [
        each
        for each in one_a_machine(verdicts)
        if machine_of(each.offered) != machine_of(offered)
    ]
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
        window=window,
        distance_m=distance_m(want.place, offered.place),
        terms=best.terms,
        others=tuple(rejection(each, best) for each in others[:32]),
    )


def one_a_machine(verdicts: list[Verdict]) -> list[Verdict]:
    """Keep the first verdict on each machine, which is where it came furthest."""
    first: dict[Machine, Verdict] = {}
    for verdict in verdicts:
        first.setdefault(machine_of(verdict.offered), verdict)
    return list(first.values())


def rejection(verdict: Verdict, best: Verdict | None = None) -> Rejection:
    misfit = verdict.misfit
    if misfit is None:
        assert best is not None
        misfit = costlier(best, verdict)
    offered = verdict.offered
    return Rejection(
        peer=offered.peer,
        machine=offered.offer.machine,
        machine_name=offered.machine_name,
        facility_name=offered.facility_name,
        reason=misfit.reason,
        wanted=misfit.wanted,
        limit=misfit.limit,
    )


def costlier(best: Verdict, other: Verdict) -> Misfit:
    pairs = list(zip(best.terms, other.terms, strict=True))
    mine, theirs = max(pairs, key=lambda pair: pair[1].cost_ms - pair[0].cost_ms)
    return Misfit(
        "costlier",
        f"{mine.name} {mine.cost_ms} ms",
        f"{theirs.name} {theirs.cost_ms} ms",
    )
