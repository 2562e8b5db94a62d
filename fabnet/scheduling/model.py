"""A problem as arrays: checked, bounded and sorted once, so that no rule has to look.

What the types of a request or an offer admit never stops the planner, for an offer may
be a stranger's: where arithmetic would overflow, the value is cut to the point past
which it changes no decision. Anything else, and a weight beyond bounds, is refused by
its name.

Times are milliseconds after the problem's moment. A *row* is something wanted, a *slot*
is one capacity offer, and a *unit* is one machine, which may have several slots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fabnet.designs.requirement import Requirement
from fabnet.errors import InputError
from fabnet.production.capability import Capability
from fabnet.production.offer import HORIZON_S, WINDOWS_MAX, FreeWindow
from fabnet.production.place import Place
from fabnet.production.plan import Offered, Problem, Wanted, Weights
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import INT_MAX, CharterId
from fabnet.scheduling.bits import (
    Bits,
    Words,
    assign,
    can_of,
    demands_of,
    family_of,
    needs_of,
)

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Numbers = Mapping[CharterId, int]
T = TypeVar("T")

NEVER: Final = 2**62
"""Milliseconds no plan reaches, and a limit nothing fails; a sum of two still fits."""
HORIZON_MS: Final = HORIZON_S * 1_000
"""How far ahead windows count: as far as a facility promises capacity."""
OVERDUE_MS_MAX: Final = 60 * 86_400_000
"""A row longer overdue counts as two months late: more adds the same everywhere."""
WORK_S_MAX: Final = 20 * HORIZON_S + 1
"""Reference time of a lot; the fastest pace does not make more within the horizon."""
ENERGY_W_MAX: Final = 10_000_000
"""Average power; ten megawatts is a steelworks, more is a slip of the keyboard."""
MASS_G_MAX: Final = 100_000_000
"""Mass of a lot that transport counts; a hundred tonnes is two lorries and more."""
RADIUS_M_MAX: Final = 25_000_000
"""No two places are further apart, and its square fits."""
NEED_PERMILLE_MAX: Final = 1_000_000
"""What one need may be worth: as policy bounds it, so that lateness fits 64 bits."""
WEIGHTS_MAX: Final = Weights(1_000_000, 10_000_000, 10_000_000, 10_000_000)
"""As policy bounds them, so that no cost, and no sum of costs, outgrows 64 bits."""
ROWS_MAX: Final = 2**20
"""Rows of one problem, twice what a node's open jobs can owe; more is refused."""
OFFERS_MAX: Final = 2**20
"""Offers of one problem, twenty times what a node lists; more is refused."""
PLACE_M_MAX: Final = 7_000_000
"""Along one axis; as `Place` bounds it, so that squares of distances fit."""
STATES: Final = ("idle", "busy", "offline", "drained", "in-doubt")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is wanted, one entry a row, in the problem's order."""

    turn: Ints
    """Rows by urgency: the slack, divided by the need; ties by job, part, revision."""
    family: Ints
    needs: Words
    """`[word, row]`: a bit for each of the row's clauses."""
    size_um: Ints
    """`[3, row]`, least first: sizes fit in any axis rotation."""
    tolerance_um: Ints
    thickness_um: Ints
    place_m: Ints
    """`[3, row]`, Earth-centred."""
    charter: Ints
    work_s: Ints
    mass_g: Ints
    due_ms: Ints
    deadline_ms: Ints
    need_permille: Ints
    radius_m: Ints
    refused: Ints
    """`[2, refusal]`: row and slot, sorted by row."""


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """What is offered, one entry a capacity offer, by peer, machine and process."""

    unit: Ints
    """Which machine; its slots lie side by side."""
    family: Ints
    can: Words
    """`[word, slot]`: a bit for each clause that the machine meets."""
    size_um: Ints
    tolerance_um: Ints
    thickness_um: Ints
    place_m: Ints
    charter: Ints
    for_own: Flags
    """Whether its own cooperative's rows may use it."""
    for_others: Flags
    usable: Flags
    """Whether the machine's state lets anything be planned on it."""
    pace_permille: Ints
    setup_s: Ints
    energy_w: Ints
    grid_g_per_kwh: Ints
    first: Ints
    """Where the slot's windows begin in `start_ms` and `end_ms`."""
    count: Ints
    """How many they are; never none, if need be an empty one."""
    start_ms: Ints
    end_ms: Ints
    longest_ms: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """One problem, ready to reckon with, beside the values it was made of."""

    problem: Problem
    offered: tuple[Offered, ...]
    """The offer of each slot."""
    slot: Mapping[tuple[str, str, str], int]
    """The slot of each (peer, machine, process)."""
    demands: Words
    """`[demand, family, word]`: which bits are of which kind."""
    rows: Rows
    slots: Slots


def encode(problem: Problem) -> Arrays:
    """Return a problem as arrays, or raise InputError naming the field."""
    for name, given, most in (
        ("wanted", problem.wanted, ROWS_MAX),
        ("offered", problem.offered, OFFERS_MAX),
    ):
        if len(given) > most:
            raise InputError(name, f"expected at most {most}, got {len(given)}")
    _check_weights(problem)
    by_slot = _by_slot(problem.offered)
    offered = tuple(problem.offered[index] for index in by_slot)
    bits = assign(problem.wanted)
    charters = _numbered(
        [each.charter for each in problem.wanted] + [each.charter for each in offered]
    )
    rows = _rows(problem, offered, bits, charters)
    slots = _slots(problem, by_slot, bits, charters)
    for table in (rows, slots):
        for field in fields(table):
            getattr(table, field.name).setflags(write=False)
    slot = {_key(each): at for at, each in enumerate(offered)}
    return Arrays(problem, offered, slot, demands_of(bits), rows, slots)


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
    problem: Problem, offered: Sequence[Offered], bits: Bits, charters: Numbers
) -> Rows:
    wanted, families = problem.wanted, _numbered(bits)
    needs = [want.requirement for want in wanted]
    column = _Columns("wanted[{}]".format)
    pieces = column("pieces", [want.pieces for want in wanted], 1, PIECES_MAX)
    reference_s = column("reference_s", [want.reference_s for want in wanted])
    mass_mg = column("requirement.mass_mg", [need.mass_mg for need in needs])
    due_ms = column("due_ms", [want.due_ms for want in wanted])
    need_permille = column(
        "need_weight", [want.need_weight for want in wanted], 0, NEED_PERMILLE_MAX
    )
    deadline_ms = column(
        "deadline_ms", [want.deadline_ms for want in wanted], absent=NEVER
    )
    radius_m = column(
        "radius_m", [want.radius_m for want in wanted], absent=RADIUS_M_MAX
    )
    return Rows(
        turn=_turns(problem),
        family=_whole([families[family_of(need.process)] for need in needs]),
        needs=needs_of(wanted, bits),
        size_um=_sizes(column, "requirement", needs),
        tolerance_um=column(
            "requirement.tolerance_um", [n.tolerance_um for n in needs], absent=NEVER
        ),
        thickness_um=column(
            "requirement.thickness_um", [n.thickness_um for n in needs], absent=0
        ),
        place_m=_places(column, [want.place for want in wanted]),
        charter=_whole([charters[want.charter] for want in wanted]),
        # No product can overflow: one piece is already cut to what a lot may be.
        work_s=np.minimum(pieces * np.minimum(reference_s, WORK_S_MAX), WORK_S_MAX),
        mass_g=np.minimum(
            -(-pieces * np.minimum(mass_mg, MASS_G_MAX * 1_000) // 1_000), MASS_G_MAX
        ),
        due_ms=np.maximum(due_ms - problem.moment_ms, -OVERDUE_MS_MAX),
        deadline_ms=deadline_ms - problem.moment_ms,
        need_permille=need_permille,
        radius_m=np.minimum(radius_m, RADIUS_M_MAX),
        refused=_refused(wanted, offered),
    )


def _turns(problem: Problem) -> Ints:
    def key(row: int) -> tuple[int, str, str, str]:
        want = problem.wanted[row]
        return urgency(want, problem.moment_ms), want.job, want.part, want.revision

    turn = sorted(range(len(problem.wanted)), key=key)
    return _whole(turn)


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


def _refused(wanted: Sequence[Wanted], offered: Sequence[Offered]) -> Ints:
    named: dict[tuple[str, str], list[int]] = {}
    for slot, each in enumerate(offered):
        named.setdefault((each.peer, each.offer.machine), []).append(slot)
    pairs = {
        (row, slot)
        for row, want in enumerate(wanted)
        for peer, machine, version in want.refused
        for slot in named.get((peer, machine), ())
        if offered[slot].version <= version
    }
    return _whole(sorted(pairs)).reshape(-1, 2).T


def _slots(
    problem: Problem, by_slot: Sequence[int], bits: Bits, charters: Numbers
) -> Slots:
    offered = [problem.offered[index] for index in by_slot]
    offers = [each.offer for each in offered]
    cans = [offer.capability for offer in offers]
    families, units = _numbered(bits), _numbered(_unit(each) for each in offered)
    column = _Columns(lambda slot: f"offered[{by_slot[slot]}]")
    paces = [offer.pace_permille for offer in offers]
    setup_s = column("offer.setup_s", [offer.setup_s for offer in offers])
    energy_w = column("offer.energy_w", [offer.energy_w for offer in offers])
    grids = [each.grid_g_per_kwh for each in offered]
    count, start_ms, end_ms = _windows(problem, by_slot)
    first = np.cumsum(count) - count
    return Slots(
        unit=_whole([units[_unit(each)] for each in offered]),
        family=_whole([families.get(family_of(can.process), -1) for can in cans]),
        can=can_of(offered, bits),
        size_um=_sizes(column, "offer.capability", cans),
        tolerance_um=column(
            "offer.capability.tolerance_um", [can.tolerance_um for can in cans]
        ),
        thickness_um=column(
            "offer.capability.thickness_um",
            [can.thickness_um for can in cans],
            absent=NEVER,
        ),
        place_m=_places(column, [each.place for each in offered]),
        charter=_whole([charters[each.charter] for each in offered]),
        for_own=np.array([admits(each, own=True) for each in offered], np.bool_),
        for_others=np.array([admits(each, own=False) for each in offered], np.bool_),
        usable=_usable(column, [each.state for each in offered]),
        pace_permille=column("offer.pace_permille", paces, 50, 20_000),
        setup_s=np.minimum(setup_s, HORIZON_S + 1),
        energy_w=np.minimum(energy_w, ENERGY_W_MAX),
        grid_g_per_kwh=column("grid_g_per_kwh", grids, 0, 5_000),
        first=first,
        count=count,
        start_ms=start_ms,
        end_ms=end_ms,
        longest_ms=(
            np.maximum.reduceat(end_ms - start_ms, first) if offered else _whole([])
        ),
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


def _usable(column: _Columns, states: Sequence[str]) -> Flags:
    for at, state in enumerate(states):
        if state not in STATES:
            raise InputError(f"{column.entry(at)}.state", f"expected one of {STATES}")
    return np.array([state in ("idle", "busy") for state in states], np.bool_)


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
    column = _Columns(lambda at: "offered[{}].offer.windows[{}]".format(*names[at]))
    start_ms = column("start_ms", [window.start_ms for window in flat]) - moment_ms
    end_ms = column("end_ms", [window.end_ms for window in flat]) - moment_ms
    return (
        _whole(count),
        np.clip(start_ms, 0, HORIZON_MS),
        np.clip(end_ms, 0, HORIZON_MS),
    )


# ------------------------------------------------------------------ columns


class _Columns:
    """Makes columns of whole numbers, and says which entry is not one."""

    def __init__(self, entry: Callable[[int], str]) -> None:
        self.entry = entry

    def __call__(
        self,
        name: str,
        values: Sequence[int | None],
        least: int = 0,
        most: int = INT_MAX,
        *,
        absent: int | None = None,
    ) -> Ints:
        """Return a checked column, or raise InputError; nil becomes `absent`."""
        column = [absent if value is None else value for value in values]
        for at, value in enumerate(column):
            if values[at] is None and absent is not None:
                continue
            if type(value) is not int or not least <= value <= most:
                field = f"{self.entry(at)}.{name}"
                expected = f"expected a whole number from {least} to {most}"
                raise InputError(field, f"{expected}, got {value!r}")
        return _whole(column)


def _sizes(
    column: _Columns, name: str, bodies: Sequence[Requirement | Capability]
) -> Ints:
    sizes = (
        column(f"{name}.size_x_um", [body.size_x_um for body in bodies]),
        column(f"{name}.size_y_um", [body.size_y_um for body in bodies]),
        column(f"{name}.size_z_um", [body.size_z_um for body in bodies]),
    )
    return np.sort(np.stack(sizes), axis=0)


def _places(column: _Columns, places: Sequence[Place]) -> Ints:
    most = PLACE_M_MAX
    axes = (
        column("place.x_m", [place.x_m for place in places], -most, most),
        column("place.y_m", [place.y_m for place in places], -most, most),
        column("place.z_m", [place.z_m for place in places], -most, most),
    )
    return np.stack(axes)


def _check_weights(problem: Problem) -> None:
    check = _Columns(lambda _: "weights")
    weights = problem.weights
    for name in ("late_permille", "distance_s_per_km", "co2_s_per_kg", "own_first_s"):
        check(name, [getattr(weights, name)], 0, getattr(WEIGHTS_MAX, name))
    _Columns(lambda _: "problem")("moment_ms", [problem.moment_ms])


def _numbered(values: Iterable[T]) -> dict[T, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _whole(values: Sequence[int | tuple[int, int] | None]) -> Ints:
    return np.array(values, np.int64)
