"""A standing plan is what looking at every machine would have made it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.production.plan import Problem
from fabnet.records.ids import CharterId
from fabnet.scheduling import cost
from fabnet.scheduling.encode import encode
from fabnet.scheduling.feasible import Rule, first_failing, making_ms
from fabnet.scheduling.index.forest import refresh
from fabnet.scheduling.index.state import (
    Arrive,
    Event,
    Fail,
    Finish,
    Idle,
    Lot,
    Refuse,
    State,
)
from fabnet.scheduling.index.topk import topk
from fabnet.scheduling.model import NEVER, USABLE, Encoded, Slots
from fabnet.scheduling.wave import Calendar
from tests.scheduling.index.either import EITHER
from tests.scheduling.problems import (
    HOUR_MS,
    capability,
    offered,
    problem,
    problems,
    requirement,
    wanted,
    window,
)

COIN: st.SearchStrategy[bool] = st.booleans()


class Slowly:
    """The same plan, found by looking at every slot each time."""

    def __init__(self, arrays: Encoded) -> None:
        self.arrays = arrays
        self.lots: dict[int, Lot] = {}
        self.gone = set(np.flatnonzero(~arrays.slots.usable).tolist())
        self.refused: set[tuple[int, int]] = set()
        self.now_ms = 0

    def place(self, row: int) -> Lot | None:
        arrays = _all_usable(self.arrays)
        (failing,) = first_failing(arrays, np.array([row]))
        slots = np.flatnonzero(failing == Rule.COSTLIER)
        units = arrays.slots.unit.tolist()
        keep = [
            slot not in self.gone and (row, units[slot]) not in self.refused
            for slot in slots.tolist()
        ]
        slots = slots[np.array(keep, np.bool_)]
        calendar = Calendar(arrays)
        for lot in self.lots.values():
            calendar.take(lot.slot, lot.start_ms, lot.end_ms)
        for slot in range(arrays.slots.many):
            calendar.take(slot, -(10**12), self.now_ms)
        length_ms = making_ms(arrays, np.array([row]), slots)
        start_ms = calendar.earliest(slots, length_ms)
        end_ms = start_ms + length_ms
        fine = (start_ms < NEVER) & (end_ms <= arrays.rows.deadline_ms[row])
        slots, start_ms, end_ms = slots[fine], start_ms[fine], end_ms[fine]
        if not slots.size:
            return None
        total = cost.terms(arrays, row, slots, end_ms).sum(axis=0)
        at = int(total.argmin())
        lot = Lot(*map(int, (slots[at], start_ms[at], end_ms[at], total[at])))
        self.lots[row] = lot
        return lot

    def apply(self, event: Event) -> tuple[int, ...]:
        units = self.arrays.slots.unit
        match event:
            case Fail(unit):
                self.gone.update(np.flatnonzero(units == unit).tolist())
                lots = self.lots.items()
                lost = [row for row, lot in lots if units[lot.slot] == unit]
                for row in lost:
                    del self.lots[row]
                return tuple(sorted(lost))
            case Idle(unit):
                self.gone -= set(np.flatnonzero(units == unit).tolist())
            case Refuse(row):
                self.refused.add((row, int(units[self.lots.pop(row).slot])))
                return (row,)
            case Finish(row, moment_ms):
                del self.lots[row]
                self.now_ms = max(self.now_ms, moment_ms)
            case _:
                raise AssertionError(event)
        return ()


def _all_usable(arrays: Encoded) -> Encoded:
    slots = arrays.slots
    table = slots.table.copy()
    table[:, 11] |= USABLE
    return replace(arrays, slots=Slots(table, slots.can, slots.span, slots.windows))


@EITHER
@settings(max_examples=100, deadline=None)
@given(problems, st.data())
def test_whatever_happens_the_plan_is_the_one_that_looking_everywhere_finds(
    compiled: bool, asked: Problem, data: st.DataObject
) -> None:
    arrays = encode(asked)
    state, slowly = State(arrays, compiled=compiled), Slowly(arrays)
    loose: list[int] = list(range(arrays.rows.many))
    units = sorted(set(arrays.slots.unit.tolist()))
    for _ in range(12):
        heads = data.draw(COIN)
        if heads and loose:
            row = loose.pop(0)
            assert state.place(row) == slowly.place(row)
            continue
        held = sorted(slowly.lots)
        events: list[Event] = [Fail(unit) for unit in units]
        events += [Idle(unit) for unit in units]
        events += [Refuse(row) for row in held]
        events += [Finish(row, slowly.lots[row].end_ms - 60_000) for row in held]
        if not events:
            continue
        event: Event = data.draw(st.sampled_from(events))
        if isinstance(event, Finish):
            # The clock goes on for all, so that the slow one need not know for whom.
            state.pass_time(event.moment_ms)
        lost = state.apply(event)
        assert lost == slowly.apply(event)
        loose += lost
    assert {row: tuple(lot[:3]) for row, lot in slowly.lots.items()} == {
        row: tuple(lot) for row, lot in enumerate(state.lots.tolist()) if lot[0] >= 0
    }


@EITHER
@settings(max_examples=150, deadline=None)
@given(problems)
def test_a_burst_is_one_by_one(compiled: bool, asked: Problem) -> None:
    arrays = encode(asked)
    one, all_ = State(arrays, compiled=compiled), State(arrays, compiled=compiled)
    rows = arrays.rows.turn
    assert all_.burst(rows) == [one.place(row) for row in rows.tolist()]
    assert all_.lots.tolist() == one.lots.tolist()


@EITHER
@settings(max_examples=100, deadline=None)
@given(problems)
def test_a_repaired_tree_is_the_tree_built_anew(compiled: bool, asked: Problem) -> None:
    arrays = encode(asked)
    state = State(arrays, compiled=compiled)
    state.burst(arrays.rows.turn)
    forest = state.settle()
    repaired = forest.branches.tobytes(), forest.lanes.tobytes()
    refresh(forest)
    assert repaired == (forest.branches.tobytes(), forest.lanes.tobytes())


@EITHER
def test_a_machine_cut_many_times_finds_room_for_every_piece(compiled: bool) -> None:
    # Long rows leave gaps that short ones take, so that windows part again and again.
    shifts = tuple(window(4 * day, 4 * day + 2) for day in range(60))
    rows = [
        wanted(f"job-{at:03}", pieces=1, reference_s=600 * (1 + at % 7))
        for at in range(120)
    ]
    both = [
        offered(windows=shifts, setup_s=0),
        offered(
            windows=(window(0, 300),), setup_s=0, capability=capability(process="cut")
        ),
    ]
    arrays = encode(problem(rows, both))
    state, slowly = State(arrays, compiled=compiled), Slowly(arrays)
    for row in range(len(rows)):
        assert state.place(row) == slowly.place(row)
    assert state.lots[:, 0].min() == 0


# ------------------------------------------------------------------ single events


@EITHER
def test_a_failed_machine_holds_nothing_and_gets_nothing(compiled: bool) -> None:
    far = offered("shop/far", charter=CharterId("detroit"))
    arrays = encode(problem([wanted()], [offered("shop/near"), far]))
    state = State(arrays, compiled=compiled)
    near, other = arrays.slot[far.peer, "shop/near", "3d-printing.fdm"], None
    first = state.place(0)
    assert first is not None
    assert first.slot == near
    assert state.apply(Fail(int(arrays.slots.unit[near]))) == (0,)
    other = state.place(0)
    assert other is not None
    assert arrays.offered[other.slot] is far
    assert state.apply(Fail(int(arrays.slots.unit[other.slot]))) == (0,)
    assert state.place(0) is None
    assert state.apply(Idle(int(arrays.slots.unit[near]))) == ()
    assert state.place(0) == first


@EITHER
def test_who_arrives_is_placed_as_if_he_had_always_been_there(compiled: bool) -> None:
    offers = [offered(f"shop/{at}", pace_permille=900 + at) for at in range(40)]
    offers.append(offered("shop/saw", capability=capability(process="cut")))
    rows = [
        wanted("job-0"),
        wanted("job-1"),
        wanted("job-2", requirement=requirement(materials=("petg",))),
        wanted("job-3", requirement=requirement(process="cut", materials=())),
        wanted("job-4", charter=CharterId("somebody-new")),
    ]
    together = State(encode(problem(rows, offers)), compiled=compiled)
    expected = [together.place(row) for row in range(len(rows))]
    state = State(encode(problem(rows[:1], offers)), compiled=compiled)
    found = [state.place(0)]
    for want in rows[1:]:
        (row,) = state.apply(Arrive(want))
        found.append(state.place(row))
    assert found == expected
    assert None not in found


@EITHER
def test_a_refusal_is_remembered_through_an_arrival(compiled: bool) -> None:
    arrays = encode(problem([wanted()], [offered()]))
    state = State(arrays, compiled=compiled)
    assert state.place(0) is not None
    assert state.apply(Refuse(0)) == (0,)
    new = wanted("job-2", requirement=requirement(materials=("petg",)))
    (row,) = state.apply(Arrive(new))
    assert state.place(0) is None
    assert state.place(row) is not None


@EITHER
def test_what_is_not_so_is_refused_by_name(compiled: bool) -> None:
    arrays = encode(problem([wanted()], [offered()]))
    state = State(arrays, compiled=compiled)
    for event in (Refuse(0), Finish(0, 5), Fail(7), Idle(-1)):
        with pytest.raises(InputError):
            state.apply(event)
    assert state.place(0) is not None
    with pytest.raises(InputError, match="row"):
        state.place(0)


@EITHER
def test_time_that_has_passed_is_gone(compiled: bool) -> None:
    arrays = encode(problem([wanted()], [offered(windows=(window(0, 48),))]))
    state = State(arrays, compiled=compiled)
    state.pass_time(5 * HOUR_MS)
    lot = state.place(0)
    assert lot is not None
    assert lot.start_ms == 5 * HOUR_MS


@EITHER
def test_candidates_are_sought_in_what_is_left(compiled: bool) -> None:
    offers = [offered(f"shop/{at}") for at in range(3)]
    rows = [wanted(f"job-{at}") for at in range(4)]
    state = State(encode(problem(rows, offers)), compiled=compiled)
    taken = cast("Lot", state.place(0))
    graph = topk(state.arrays, state.settle(), np.array([1]), 3, compiled=compiled)
    assert graph.slot[-1] == taken.slot
    assert graph.cost_ms[-1] > graph.cost_ms[0]


@EITHER
def test_many_arrive_one_by_one_and_every_row_is_still_known(compiled: bool) -> None:
    # Enough for the tables to grow more than once, after which all is as if encoded.
    offers = [offered(f"shop/{at:02}", pace_permille=900 + at) for at in range(20)]
    rows = [
        wanted(f"job-{at:03}", pieces=1 + at % 5, charter=CharterId(f"coop-{at % 7}"))
        for at in range(90)
    ]
    state = State(encode(problem(rows[:1], offers)), compiled=compiled)
    found = [state.place(0)]
    for row, want in enumerate(rows[1:], start=1):
        assert state.apply(Arrive(want)) == (row,)
        found.append(state.place(row))
    together = State(encode(problem(rows, offers)), compiled=compiled)
    assert found == [together.place(row) for row in range(90)]
    known, all_ = state.arrays, together.arrays
    assert isinstance(known, Encoded)
    assert isinstance(all_, Encoded)
    assert known.problem.wanted == tuple(rows)
    # Who came later has another number, and all else is the same.
    mine = np.delete(known.rows.table, 9, axis=1)
    assert mine.tolist() == np.delete(all_.rows.table, 9, axis=1).tolist()
    assert known.rows.needs.tolist() == all_.rows.needs.tolist()
    assert len(known.charters) == len(all_.charters)


@EITHER
def test_an_arrival_that_is_not_so_changes_nothing(compiled: bool) -> None:
    state = State(encode(problem([wanted()], [offered()])), compiled=compiled)
    with pytest.raises(InputError) as said:
        state.apply(Arrive(wanted("job-2", pieces=0)))
    assert said.value.field == "wanted[1].pieces"
    assert state.arrays.rows.many == 1
    assert state.apply(Arrive(wanted("job-2"))) == (1,)


@EITHER
def test_whoever_said_no_before_a_request_arrived_is_not_asked(compiled: bool) -> None:
    offers = [offered("shop/near"), offered("shop/other", pace_permille=800)]
    encoded = encode(problem([wanted()], offers))
    state = State(encoded, compiled=compiled)
    first = state.place(0)
    assert first is not None
    no = encoded.offered[first.slot]
    state.apply(Finish(0, first.end_ms - HOUR_MS))
    said = ((no.peer, no.offer.machine, no.version),)
    (row,) = state.apply(Arrive(wanted("job-2", refused=said)))
    lot = state.place(row)
    assert lot is not None
    assert lot.slot != first.slot
