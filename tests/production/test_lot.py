"""A lot only ever moves along its tables, and the book never exceeds the bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import TransitionError
from fabnet.production import handoff
from fabnet.production.handoff import (
    Cancel,
    Confirm,
    Final,
    Lease,
    LeaseRequest,
    Receipt,
)
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots import pages
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import (
    LOT_STATES,
    LOT_TABLE,
    Ignored,
    Lot,
    LotState,
    LotStep,
)
from fabnet.production.lots.making import (
    MAKING_STATES,
    MAKING_TABLE,
    Making,
    MakingState,
    MakingStep,
)
from fabnet.production.lots.remnant import REMNANT_STATES, REMNANT_TABLE
from fabnet.records import canonical
from fabnet.records.ids import Incarnation
from tests.production.moves import (
    CANCEL,
    CONFIRM,
    CONFIRMED,
    LEASE,
    MAKING,
    READY,
    TWO_OF_THREE,
    done,
    final,
    from_maker,
    from_requester,
    heard,
    held,
    receipt,
    taken,
)
from tests.production.samples import (
    MAKER,
    OURS,
    POLICY,
    RESTORED,
    asked,
    job,
    lease_request,
    queued,
    record_id,
)

LOST_LOT = lots.newer_maker(CONFIRMED, RESTORED)
LOTS: dict[LotState, list[Lot]] = {
    "asked": [asked()],
    "dropped": [lots.give_up(asked()), heard(asked(), final(0, reason="closed"))],
    "confirmed": [CONFIRMED, heard(CONFIRMED, receipt(2))],
    "cancelling": [lots.give_up(CONFIRMED)],
    "lost": [LOST_LOT],
    "forgotten": [lots.forget(CONFIRMED), lots.forget(asked())],
    "written-off": [
        lots.write_off(CONFIRMED),
        lots.write_off(LOST_LOT),
        lots.write_off(lots.forget(asked())),
    ],
    "closed": [
        heard(CONFIRMED, final(3)),
        lots.record(heard(CONFIRMED, final(3)), record_id("lot-closed")),
    ],
}
MAKINGS: dict[MakingState, list[Making]] = {
    "queued": [queued()],
    "held": [held(queued())],
    "ready": [READY],
    "running": [
        MAKING,
        TWO_OF_THREE,
        taken(TWO_OF_THREE, CANCEL),
        done(makings.intend(TWO_OF_THREE)),
    ],
    "in-doubt": [makings.doubt(MAKING)],
    "final": [
        makings.refuse(queued(), "too-many-pieces"),
        makings.end(done(makings.intend(TWO_OF_THREE))),
    ],
}


def untold(lot: Lot, maker: Incarnation, *, leads_on: bool) -> Lot | Ignored:
    """Hear a STATUS that does not name the lot, and so ends it or not."""
    after = lots.hear_status(lot, None, maker=maker)
    return after if (after != lot) == leads_on else Ignored("other row")


def reborn(lot: Lot) -> Lot | Ignored:
    """Hear anything at all from a newer database of the maker's."""
    if not lots.loses(lot, RESTORED):
        return Ignored("nothing was confirmed to an older one")
    return lots.newer_maker(lot, RESTORED)


def fenced(making: Making) -> Making | Ignored:
    after = makings.fence(making, RESTORED)
    return Ignored("over") if making.state == "final" else after


def lost(making: Making) -> Making:
    """Lose it: what is left is a remnant, so there is no state of its own."""
    remnants.lose(making)
    return msgspec.structs.replace(making, state=None)


LOT_STEPS: dict[LotStep, Callable[[Lot], Lot | Ignored]] = {
    "lease": lambda lot: from_maker(lot, LEASE),
    "receipt": lambda lot: from_maker(lot, receipt(1)),
    "final": lambda lot: from_maker(lot, final(1)),
    "give-up": lots.give_up,
    "unanswered": lots.unanswered,
    "record": lambda lot: lots.record(lot, record_id("lot-closed")),
    "accept": lots.accept,
    "lose": reborn,
    "attest": lambda lot: lots.attest(lot, author=MAKER, good=1, scrap=0),
    "write-off": lots.write_off,
    "forget": lots.forget,
    "status": lambda lot: lots.hear_status(lot, (1, 0), maker=OURS),
    "never-came": lambda lot: untold(lot, OURS, leads_on=True),
    "unknown": lambda lot: untold(lot, RESTORED, leads_on=False),
    "recall": lambda lot: lots.recall(lot, good=1, lot_closed=record_id("lot-closed")),
}
MAKING_STEPS: dict[MakingStep, Callable[[Making], Making | Ignored]] = {
    "lease-request": lambda making: from_requester(making, lease_request()),
    "confirm": lambda making: from_requester(making, CONFIRM),
    "cancel": lambda making: from_requester(making, CANCEL),
    "fence": fenced,
    "lose": lost,
    "hold": held,
    "refuse": lambda making: makings.refuse(making, "design-withdrawn"),
    "expire-hold": makings.expire_hold,
    "miss-start": makings.miss_start,
    "intend": makings.intend,
    "finish": done,
    "doubt": makings.doubt,
    "resume": makings.resume,
    "void": makings.void,
    "count": lambda making: makings.count(making, good=False),
    "stop": lambda making: makings.stop(making, "fault"),
    "end": makings.end,
}
SAID_BY_A_PEER = {
    "lease", "receipt", "final", "attest", "status", "never-came", "unknown",
    "lease-request", "confirm", "cancel", "fence",
}  # fmt: skip


# ------------------------------------------------------------------ the tables


def test_every_state_and_step_is_in_the_tables() -> None:
    assert set(LOT_STATES) == set(get_args(LotState)) == set(LOTS)
    assert set(MAKING_STATES) == set(get_args(MakingState)) == set(MAKINGS)
    assert {step for _, step in LOT_TABLE} == set(get_args(LotStep)) == set(LOT_STEPS)
    steps = {step for _, step in MAKING_TABLE}
    assert steps == set(get_args(MakingStep)) == set(MAKING_STEPS)
    assert {state for state, _ in LOT_TABLE} == set(LOT_STATES)
    assert {state for state, _ in MAKING_TABLE} == set(MAKING_STATES)


def test_every_message_that_a_row_sends_is_one_of_the_handoff() -> None:
    rows = [*LOT_TABLE.values(), *MAKING_TABLE.values(), *REMNANT_TABLE.values()]

    for _, sends, _ in rows:
        assert sends is None or getattr(handoff, sends) == f"{sends.lower()}/1"


@pytest.mark.parametrize("step", LOT_STEPS)
@pytest.mark.parametrize("state", LOTS)
def test_a_lot_takes_a_step_exactly_where_its_table_has_the_row(
    state: LotState, step: LotStep
) -> None:
    row = LOT_TABLE.get((state, step))
    outcomes = [_outcome(LOT_STEPS[step], lot, step) for lot in LOTS[state]]

    if row is None:
        assert set(outcomes) == {None}
    else:
        assert row[0] in outcomes
        assert set(outcomes) <= {row[0], None}


@pytest.mark.parametrize("step", MAKING_STEPS)
@pytest.mark.parametrize("state", MAKINGS)
def test_a_making_takes_a_step_exactly_where_its_table_has_the_row(
    state: MakingState, step: MakingStep
) -> None:
    row = MAKING_TABLE.get((state, step))
    outcomes = [_outcome(MAKING_STEPS[step], lot, step) for lot in MAKINGS[state]]

    if row is None:
        assert set(outcomes) == {None}
    else:
        assert row[0] in outcomes
        assert set(outcomes) <= {row[0], None}


L = Lot | Making


def _outcome(
    take: Callable[[Lot], Lot | Ignored] | Callable[[Making], Making | Ignored],
    lot: L,
    step: str,
) -> str | None:
    """Return the state after a step; nil if a peer was ignored, or we had a bug."""
    try:
        after: L | Ignored = take(lot)  # type: ignore[arg-type]  # of the same end
    except TransitionError:
        assert step not in SAID_BY_A_PEER, "a peer never makes us raise"
        return None
    except AssertionError:
        assert step == "finish", "only the test's own `done` asserts an open intent"
        return None
    if isinstance(after, Ignored):
        assert step in SAID_BY_A_PEER or step == "lose"
        return None
    if isinstance(after, Lot):
        lots.check(after)
    elif after.state is not None:
        makings.check(after)
    return after.state


def test_the_tables_as_a_page_hold_every_row_and_state() -> None:
    page = pages.table_markdown()

    rows = len(LOT_TABLE) + len(MAKING_TABLE) + len(REMNANT_TABLE)
    rows += len(LOT_STATES) + len(MAKING_STATES) + len(REMNANT_STATES)
    assert sum(line.startswith("| ") for line in page.splitlines()) == rows + 6
    assert "| asked | lease | confirmed | CONFIRM |" in page
    assert "| running | doubt | in-doubt | RECEIPT |" in page


@pytest.mark.parametrize("lot", [lot for each in LOTS.values() for lot in each])
def test_a_lot_survives_its_row(lot: Lot) -> None:
    lots.check(lot)
    assert canonical.decode(canonical.encode(lot), Lot, bytes_max=49_152) == lot


@pytest.mark.parametrize("lot", [lot for each in MAKINGS.values() for lot in each])
def test_a_making_survives_its_row(lot: Making) -> None:
    makings.check(lot)
    assert canonical.decode(canonical.encode(lot), Making, bytes_max=49_152) == lot


# ------------------------------------------------------------------ properties

PIECES = st.integers(0, 4)
FROM_MAKER = st.one_of(
    st.builds(Lease, st.just(job()), st.just(1), st.sampled_from([OURS, RESTORED]),
              st.just(600), st.just(POLICY), st.just(b"")),
    st.builds(Receipt, st.just(job()), st.just(1), st.sampled_from([OURS, RESTORED]),
              PIECES, PIECES, st.just(0)),
    st.builds(Final, st.just(job()), st.just(1), st.sampled_from([OURS, RESTORED]),
              PIECES, PIECES, st.just("made"), st.just("")),
)  # fmt: skip
FROM_REQUESTER = st.one_of(
    st.builds(lease_request, st.integers(1, 4)),
    st.builds(Confirm, st.just(job()), st.just(1), st.sampled_from([OURS, RESTORED]),
              st.binary(max_size=2)),
    st.builds(Cancel, st.just(job()), st.just(1),
              st.sampled_from([OURS, RESTORED, None])),
)  # fmt: skip


@given(st.lists(st.one_of(FROM_MAKER, st.sampled_from(sorted(LOT_STEPS)))))
def test_no_history_of_the_requester_breaks_what_always_holds(
    history: list[Lease | Receipt | Final | LotStep],
) -> None:
    lot = asked()
    for step in history:
        before = lot
        if isinstance(step, str):
            try:
                after = LOT_STEPS[step](lot)
            except TransitionError:
                continue
        else:
            after = from_maker(lot, step)
            if isinstance(after, Lot):
                again = from_maker(after, step)
                assert again == after or isinstance(again, Ignored)
        if isinstance(after, Lot):
            lot = after
        lots.check(lot)
        assert lot.good >= before.good
        assert lot.reserved <= before.reserved


@given(st.lists(st.one_of(FROM_REQUESTER, st.sampled_from(sorted(MAKING_STEPS)))))
def test_no_history_of_the_facility_breaks_what_always_holds(
    history: list[LeaseRequest | Confirm | Cancel | MakingStep],
) -> None:
    making = queued()
    for step in history:
        before = making
        if isinstance(step, str):
            if step == "finish" and making.intent is None:
                continue
            try:
                after = MAKING_STEPS[step](making)
            except TransitionError:
                continue
        else:
            after = from_requester(making, step)
            if isinstance(after, Making):
                again = from_requester(after, step)
                assert again == after or isinstance(again, Ignored)
        if isinstance(after, Making) and after.state is not None:
            making = after
        makings.check(making)
        assert making.good >= before.good
        assert before.state != "final" or making == before
