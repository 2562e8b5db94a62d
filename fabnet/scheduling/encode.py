"""From values to arrays: checked, bounded and sorted once, so that no rule has to look.

What the types of a request or an offer admit never stops the planner, for an offer may
be a stranger's: where arithmetic would overflow, the value is cut to the point past
which it changes no decision. Anything else, and a weight beyond bounds, is refused by
its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

from fabnet.errors import InputError
from fabnet.production.offer import HORIZON_S, WINDOWS_MAX, FreeWindow
from fabnet.production.plan import Offered, Problem, Wanted
from fabnet.records.ids import CharterId
from fabnet.scheduling.bits import (
    Bits,
    assign,
    can_of,
    demands_of,
    family_of,
    words_of,
)
from fabnet.scheduling.columns import (
    Columns,
    check_weights,
    limits,
    places,
    sizes,
    whole,
)
from fabnet.scheduling.lines import Lines
from fabnet.scheduling.model import (
    ENERGY_W_MAX,
    HORIZON_MS,
    LENGTH_UM_MAX,
    NO_LIMIT,
    OFFERS_MAX,
    OTHERS,
    OWN,
    R_COLUMNS,
    ROWS_MAX,
    USABLE,
    Encoded,
    Ints,
    Rows,
    Slots,
)

Numbers = Mapping[CharterId, int]
Names = Mapping[tuple[str, str], Sequence[int]]
"""The slots of each (peer, machine)."""
T = TypeVar("T")

STATES: Final = ("idle", "busy", "offline", "drained", "in-doubt")


def encode(problem: Problem) -> Encoded:
    """Return a problem as arrays, or raise InputError naming the field."""
    for name, given, most in (
        ("wanted", problem.wanted, ROWS_MAX),
        ("offered", problem.offered, OFFERS_MAX),
    ):
        if len(given) > most:
            raise InputError(name, f"expected at most {most}, got {len(given)}")
    check_weights(problem)
    by_slot = _by_slot(problem.offered)
    offered = tuple(problem.offered[index] for index in by_slot)
    bits = assign(problem.wanted)
    charters = _numbered(
        [each.charter for each in problem.wanted] + [each.charter for each in offered]
    )
    rows = _rows(problem, offered, bits, Lines(bits, charters, problem.moment_ms))
    slots = _slots(problem, by_slot, bits, charters)
    slot = {_key(each): at for at, each in enumerate(offered)}
    return Encoded(
        problem.weights,
        demands_of(bits),
        rows,
        slots,
        problem,
        offered,
        slot,
        bits,
        charters,
    )


def _by_slot(offered: Sequence[Offered]) -> list[int]:
    """Return which offer each slot is; of two for one machine and process, the newer.

    A peer can say two things of one machine under two keys: no reason not to plan.
    """
    newest: dict[tuple[str, str, str], int] = {}
    for index, each in enumerate(offered):
        held = newest.setdefault(_key(each), index)
        if held != index and _newness(offered[held]) < _newness(each):
            newest[_key(each)] = index
    return [newest[key] for key in sorted(newest)]


def _newness(each: Offered) -> tuple[int, str]:
    return each.version, repr(each.offer)


def _key(each: Offered) -> tuple[str, str, str]:
    return each.peer, each.offer.machine, each.offer.capability.process


# ------------------------------------------------------------------ rows and slots


def _rows(
    problem: Problem, offered: Sequence[Offered], bits: Bits, lines: Lines
) -> Rows:
    wanted, needs = problem.wanted, []

    def numbers() -> Iterator[int]:
        for row, want in enumerate(wanted):
            family, asked = lines.asks(want.requirement)
            needs.append(asked)
            yield from lines.line(want, row, family)

    table = np.fromiter(numbers(), np.int64, len(wanted) * R_COLUMNS)
    named = names_of(offered) if any(want.refused for want in wanted) else {}
    refused = [
        (row, slot)
        for row, want in enumerate(wanted)
        for slot in refused_by(want, offered, named)
    ]
    return Rows.laid(
        table.reshape(-1, R_COLUMNS),
        turn=_turns(problem),
        needs=words_of(needs, bits),
        refused=whole(refused).reshape(-1, 2).T,
    )


def _turns(problem: Problem) -> Ints:
    def key(row: int) -> tuple[int, str, str, str]:
        want = problem.wanted[row]
        return urgency(want, problem.moment_ms), want.job, want.part, want.revision

    turn = sorted(range(len(problem.wanted)), key=key)
    return whole(turn)


def urgency(want: Wanted, moment_ms: int) -> int:
    """Return the slack that is left a row, in milliseconds, less the greater its need.

    Slack is what could be wasted before work at pace 1,000 must begin; where it is
    negative, need makes it worse.
    """
    wanted_by_ms = want.due_ms
    if want.deadline_ms is not None:
        wanted_by_ms = min(want.due_ms, want.deadline_ms)
    slack_ms = wanted_by_ms - moment_ms - want.pieces * want.reference_s * 1_000
    need = max(want.need_weight, 1)
    return slack_ms * 1_000 // need if slack_ms >= 0 else slack_ms * need // 1_000


def names_of(offered: Sequence[Offered]) -> Names:
    """Return the slots of each (peer, machine)."""
    named: dict[tuple[str, str], list[int]] = {}
    for slot, each in enumerate(offered):
        named.setdefault((each.peer, each.offer.machine), []).append(slot)
    return named


def refused_by(want: Wanted, offered: Sequence[Offered], named: Names) -> list[int]:
    """Return the slots that already said no to a row, each once."""
    if not want.refused:
        return []
    slots = {
        slot
        for peer, machine, version in want.refused
        for slot in named.get((peer, machine), ())
        if offered[slot].version <= version
    }
    return sorted(slots)


def _slots(
    problem: Problem, by_slot: Sequence[int], bits: Bits, charters: Numbers
) -> Slots:
    offered = [problem.offered[index] for index in by_slot]
    offers = [each.offer for each in offered]
    cans = [offer.capability for offer in offers]
    families, units = _numbered(bits), _numbered(_unit(each) for each in offered)
    column = Columns(lambda slot: f"offered[{by_slot[slot]}]")
    paces = [offer.pace_permille for offer in offers]
    setup_s = column("offer.setup_s", [offer.setup_s for offer in offers])
    energy_w = column("offer.energy_w", [offer.energy_w for offer in offers])
    grids = [each.grid_g_per_kwh for each in offered]
    count, start_ms, end_ms = _windows(problem, by_slot)
    return Slots.of(
        can=can_of(offered, bits),
        count=count,
        start_ms=start_ms,
        end_ms=end_ms,
        unit=whole([units[_unit(each)] for each in offered]),
        family=whole([families.get(family_of(can.process), -1) for can in cans]),
        size_um=np.minimum(sizes(column, "offer.capability", cans), LENGTH_UM_MAX),
        tolerance_um=limits(
            column,
            "offer.capability.tolerance_um",
            [can.tolerance_um for can in cans],
            None,
        ),
        thickness_um=limits(
            column,
            "offer.capability.thickness_um",
            [can.thickness_um for can in cans],
            NO_LIMIT,
        ),
        place_m=places(column, [each.place for each in offered]),
        charter=whole([charters[each.charter] for each in offered]),
        access=_access(column, offered),
        pace_permille=column("offer.pace_permille", paces, 50, 20_000),
        setup_s=np.minimum(setup_s, HORIZON_S + 1),
        energy_w=np.minimum(energy_w, ENERGY_W_MAX),
        grid_g_per_kwh=column("grid_g_per_kwh", grids, 0, 5_000),
    )


def _access(column: Columns, offered: Sequence[Offered]) -> Ints:
    for at, each in enumerate(offered):
        if each.state not in STATES:
            raise InputError(f"{column.entry(at)}.state", f"expected one of {STATES}")
    return whole(
        [
            OWN * admits(each, own=True)
            + OTHERS * admits(each, own=False)
            + USABLE * (each.state in ("idle", "busy"))
            for each in offered
        ]
    )


def admits(each: Offered, *, own: bool) -> bool:
    """Whether an offer is open to its own cooperative, or to another that it trusts.

    Whoever is nearer is let in by the wider door: strangers, federation, members.
    """
    doors = (
        {"strangers", "federation", "members"} if own else {"strangers", "federation"}
    )
    return each.permitted and not doors.isdisjoint(each.offer.open_to)


def _unit(each: Offered) -> tuple[str, str]:
    return each.peer, each.offer.machine


def _windows(problem: Problem, by_slot: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """Return how many windows each slot has, and where they start and end.

    Each slot gets an empty one more: so none has none, and there is room to cut one.
    """
    moment_ms = problem.moment_ms
    flat: list[FreeWindow] = []
    names: list[tuple[int, int]] = []
    count: list[int] = []
    for index in by_slot:
        windows = problem.offered[index].offer.windows
        if len(windows) > WINDOWS_MAX:
            field = f"offered[{index}].offer.windows"
            raise InputError(field, f"expected at most {WINDOWS_MAX}")
        flat += (*windows, FreeWindow(moment_ms, moment_ms))
        names += [(index, at) for at in range(len(windows) + 1)]
        count.append(len(windows) + 1)
    column = Columns(lambda at: "offered[{}].offer.windows[{}]".format(*names[at]))
    start_ms = column("start_ms", [window.start_ms for window in flat]) - moment_ms
    end_ms = column("end_ms", [window.end_ms for window in flat]) - moment_ms
    return (
        whole(count),
        np.clip(start_ms, 0, HORIZON_MS),
        np.clip(end_ms, 0, HORIZON_MS),
    )


def _numbered(values: Iterable[T]) -> dict[T, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}
