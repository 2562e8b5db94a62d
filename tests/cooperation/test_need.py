"""Need decides who is answered first, then slack; never arrival, never money."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.need import round_order, slack_ms
from fabnet.production.lots.making import Making
from fabnet.production.request import NEED_CODES
from tests.cooperation.people import enacted
from tests.production.samples import HOUR_MS, NOON_MS, changed, job, queued

POLICY = enacted({})


def waiting(name: str, **changes: object) -> Making:
    return changed(queued(), job=job(name), **changes)


def test_need_goes_before_haste() -> None:
    medicine = waiting("splint", need="life-and-health", due_ms=NOON_MS + 90 * HOUR_MS)
    toy = waiting("toy", need="other", due_ms=NOON_MS + HOUR_MS)

    assert round_order(POLICY, [toy, medicine], NOON_MS) == [medicine, toy]


def test_of_equal_need_the_one_with_less_slack_goes_first() -> None:
    long = waiting("long", end_ms=NOON_MS + 5 * HOUR_MS, due_ms=NOON_MS + 6 * HOUR_MS)
    short = waiting("short", due_ms=NOON_MS + 5 * HOUR_MS)

    assert slack_ms(long, NOON_MS) < slack_ms(short, NOON_MS)
    assert round_order(POLICY, [short, long], NOON_MS) == [long, short]


def test_to_claim_an_earlier_due_moment_than_now_wins_nothing() -> None:
    honest = waiting("honest", due_ms=NOON_MS + HOUR_MS, start_ms=NOON_MS)
    hasty = waiting(
        "hasty",
        due_ms=0,
        start_ms=NOON_MS + HOUR_MS,
        end_ms=NOON_MS + 2 * HOUR_MS,
    )

    assert slack_ms(honest, NOON_MS) == slack_ms(hasty, NOON_MS) == 0
    assert round_order(POLICY, [hasty, honest], NOON_MS) == [honest, hasty]


LOTS = st.builds(
    waiting,
    st.sampled_from(["a", "b", "c"]),
    epoch=st.integers(1, 3),
    need=st.sampled_from(NEED_CODES),
    due_ms=st.integers(NOON_MS, NOON_MS + 3),
    start_ms=st.integers(NOON_MS, NOON_MS + 3),
    pieces=st.integers(1, 9),
)


@given(
    st.lists(LOTS, max_size=8, unique_by=lambda lot: (lot.job, lot.epoch)).flatmap(
        lambda lots: st.tuples(st.just(lots), st.permutations(lots))
    )
)
def test_who_came_first_does_not_matter(
    orders: tuple[list[Making], list[Making]],
) -> None:
    one, other = (round_order(POLICY, order, NOON_MS) for order in orders)

    assert one == other
    weights = [POLICY.need_weight(lot.need) for lot in one]
    assert weights == sorted(weights, reverse=True)
