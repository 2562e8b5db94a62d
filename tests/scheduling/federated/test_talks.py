"""Cities agree on who gets what, though each sees little and some are told no."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling import fast
from fabnet.scheduling.federated.agreement import Agreement
from fabnet.scheduling.federated.messages import Verdict
from fabnet.scheduling.federated.talks import ROUNDS_MAX
from fabnet.scheduling.market.wave import wave
from tests.scheduling.federated.towns import (
    LYON,
    OSLO,
    PORTO,
    Towns,
    any_towns,
    towns,
)
from tests.scheduling.market.graphs import Ints, optimum

MANY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def reasons(found: Agreement) -> dict[int, str]:
    """Return why each row that got nothing did."""
    return {each.row: each.refusal.reason for each in found.unsettled}


def test_a_city_serves_itself_when_that_is_cheapest() -> None:
    # One job each in Porto and Lyon, one machine each.
    found = towns([[5, 20], [20, 5]], [PORTO, LYON], [PORTO, LYON]).agree()

    assert found.slot.tolist() == [0, 1]
    assert found.rounds == 1
    assert not found.proof.stopped


def test_a_refused_offer_is_planned_again_elsewhere() -> None:
    # Oslo would rather have Lyon's machine than Porto's, but Lyon will not.
    story = towns([[10, 4]], [OSLO], [PORTO, LYON])
    found = replace(story, no=np.array([[False, True]])).agree()

    assert found.slot.tolist() == [0]
    assert found.rounds == 2
    assert found.answers[Verdict.REFUSED] == 1
    assert found.unsettled == ()


def test_a_row_that_all_refuse_is_told_so() -> None:
    story = towns([[10, 4]], [OSLO], [PORTO, LYON])
    found = replace(story, no=np.array([[True, True]])).agree()

    assert found.slot.tolist() == [-1]
    assert reasons(found) == {0: "all-offers-refused"}


def test_a_stale_version_is_refused_and_the_next_round_uses_the_new_one() -> None:
    # Oslo believes that Lyon's machine is free at once; it was promised since.
    story = replace(
        towns([[10, 30]], [OSLO], [PORTO, LYON]),
        version=np.array([7, 8]),
        known_version=np.array([[7, 7]]),
        known_ms=np.array([[10, 4]]),
    )
    found = story.agree()

    assert found.slot.tolist() == [0]
    assert found.proof.cost_ms == 10
    assert found.answers[Verdict.STALE] == 1
    assert found.rounds == 2


def test_a_newer_version_that_still_does_is_asked_for_again() -> None:
    story = replace(
        towns([[10, 6]], [OSLO], [PORTO, LYON]),
        version=np.array([7, 8]),
        known_version=np.array([[7, 7]]),
        known_ms=np.array([[10, 4]]),
    )
    found = story.agree()

    assert found.slot.tolist() == [1]
    assert found.proof.cost_ms == 6
    assert found.rounds == 2


def test_what_waits_is_planned_again_when_an_offer_turns_out_cheaper() -> None:
    # Two jobs of Oslo, one machine of Porto: by the old version good for the first
    # only, by the new one for the second only.
    story = replace(
        towns([[90], [12]], [OSLO, OSLO], [PORTO], waiting_ms=20),
        version=np.array([1]),
        known_version=np.array([[0], [0]]),
        known_ms=np.array([[7], [90]]),
    )
    found = story.agree()

    assert found.slot.tolist() == [-1, 0]
    assert reasons(found) == {0: "waiting-costs-less"}


@pytest.mark.parametrize("gossip", [True, False])
def test_of_two_cities_the_one_that_values_a_machine_more_holds_it(
    gossip: bool,
) -> None:
    # Both like Porto's laser best. Lyon has a second choice, Oslo has only to wait.
    story = towns([[5, 9], [6, 45]], [LYON, OSLO], [PORTO, LYON])
    found = story.agree(gossip=gossip)

    assert found.slot.tolist() == [1, 0]
    assert found.price_ms[0] >= 4
    assert found.answers[Verdict.OUTBID] >= 1


def test_the_loser_waits_and_hears_what_the_machine_would_have_cost() -> None:
    found = towns([[5], [6]], [LYON, OSLO], [PORTO]).agree()
    (lost,) = found.unsettled
    args = dict(lost.refusal.args)

    assert (lost.row, lost.refusal.reason) == (1, "waiting-costs-less")
    assert args["waiting_ms"] == 50
    assert int(args["cheapest_ms"]) > 50


def test_a_row_without_any_offer_is_told_so() -> None:
    found = towns([[None, None]], [OSLO], [PORTO, LYON]).agree()

    assert reasons(found) == {0: "no-offer"}


def test_a_city_that_is_shown_nothing_elsewhere_stays_at_home() -> None:
    found = towns([[30, 1], [30, 2]], [PORTO, PORTO], [PORTO, LYON]).agree(0)

    assert found.slot.tolist() == [0, -1]
    assert reasons(found) == {1: "waiting-costs-less"}


def test_when_rounds_are_spent_rows_are_served_at_home_or_told_so() -> None:
    # All want Oslo's machine; one round does not settle it.
    story = towns(
        [[1, 9, None], [1, None, None], [1, None, None]],
        [PORTO, LYON, OSLO],
        [OSLO, PORTO, LYON],
    )
    found = story.agree(rounds_max=1)

    assert found.rounds == 1
    assert found.proof.stopped
    assert found.slot.tolist() == [1, 0, -1]
    assert reasons(found) == {2: "rounds-spent"}


def test_a_war_over_one_machine_ends_within_the_bound() -> None:
    # Thirty cities, one machine, and a wait that is a million raises away.
    many = 30
    story = towns([[1]] * many, list(range(many)), [many], waiting_ms=10**6)
    for gossip in (True, False):
        found = story.agree(gossip=gossip)
        assert found.rounds <= found.rounds_bound <= ROUNDS_MAX
        assert (found.slot >= 0).sum() == 1
        assert len(found.unsettled) == many - 1


def everything_holds(story: Towns, found: Agreement) -> None:
    """Check that no machine holds two rows, and that all that is placed is allowed."""
    given = [slot for slot in found.slot.tolist() if slot >= 0]
    assert len(set(given)) == len(given)
    cost_ms = 0
    for row, slot in enumerate(found.slot.tolist()):
        if slot >= 0:
            assert story.possible[row, slot] <= story.waiting_ms
            assert story.graph.slot[found.edge[row]] == slot
        cost_ms += story.waiting_ms if slot < 0 else int(story.dense[row, slot])
    assert cost_ms == found.proof.cost_ms
    left = set(np.flatnonzero(found.slot < 0).tolist())
    assert {each.row for each in found.unsettled} == left


@MANY
@given(
    story=any_towns(),
    offers=st.integers(0, 4),
    gossip=st.booleans(),
    rounds_max=st.sampled_from((0, 1, 3, 128)),
)
def test_no_machine_holds_two_rows_and_rounds_stay_within_the_bound(
    story: Towns,
    offers: int,
    gossip: bool,
    rounds_max: int,
) -> None:
    found = story.agree(offers, gossip=gossip, rounds_max=rounds_max)
    everything_holds(story, found)
    sure, best = found.proof, optimum(story.possible, story.waiting_ms)

    assert found.rounds <= found.rounds_bound <= rounds_max
    assert sure.bound_ms <= best <= sure.cost_ms
    assert sure.stopped or "rounds-spent" not in reasons(found).values()


@MANY
@given(story=any_towns(), offers=st.integers(0, 4), gossip=st.booleans())
def test_without_a_limit_everything_is_settled_within_the_proven_bound(
    story: Towns,
    offers: int,
    gossip: bool,
) -> None:
    found = story.agree(offers, gossip=gossip, rounds_max=10**9)

    assert found.rounds <= found.rounds_bound < 10**9
    assert not found.proof.stopped


@MANY
@given(story=any_towns(honest=True), offers=st.integers(1, 4), gossip=st.booleans())
def test_however_little_cities_see_they_are_within_the_slack_of_all_knowing(
    story: Towns,
    offers: int,
    gossip: bool,
) -> None:
    found = story.agree(offers, gossip=gossip, rounds_max=10**9)
    everything_holds(story, found)
    best = optimum(story.dense, story.waiting_ms)

    assert best <= found.proof.cost_ms <= best + found.slack_ms
    assert found.proof.gap_ms <= found.slack_ms


@MANY
@given(story=any_towns(honest=True))
def test_one_city_that_sees_everything_does_as_well_as_the_wave(story: Towns) -> None:
    one = replace(story, home=story.home * 0, host=story.host * 0)
    found, all_ = one.agree(99), wave(one.graph, one.waiting_ms, epsilon_ms=1)

    if found.slack_ms <= found.slot.size:  # nobody lost patience
        apart = found.proof.cost_ms - all_.proof.cost_ms
        assert -all_.proof.gap_ms <= apart <= found.slot.size


def test_many_cities_with_full_views_are_within_epsilon_a_row_of_all_knowing() -> None:
    dice = np.random.default_rng(5)
    dense: Ints = dice.integers(0, 10_000, (40, 60))
    story = towns(dense.tolist(), [0] * 40, [0] * 60, waiting_ms=50_000)
    story = replace(story, home=dice.integers(0, 6, 40), host=dice.integers(0, 6, 60))
    found = story.agree(60, epsilon_ms=20)
    best = wave(story.graph, story.waiting_ms, epsilon_ms=0).proof.cost_ms

    assert found.slack_ms == 20 * 40  # nobody lost patience
    assert best <= found.proof.cost_ms <= best + 20 * 40


@MANY
@given(story=any_towns(), offers=st.integers(0, 4), gossip=st.booleans())
def test_the_same_talks_end_the_same_to_the_byte(
    story: Towns,
    offers: int,
    gossip: bool,
) -> None:
    one, two = (story.agree(offers, gossip=gossip) for _ in range(2))

    assert one.slot.tobytes() == two.slot.tobytes()
    assert one.price_ms.tobytes() == two.price_ms.tobytes()
    assert (one.rounds, one.answers, one.unsettled) == (
        two.rounds,
        two.answers,
        two.unsettled,
    )


STORY = towns([[10, 4]], [OSLO], [PORTO, LYON])


@pytest.mark.parametrize(
    ("amiss", "field"),
    [
        (replace(STORY, home=np.array([0, 1])), "home"),
        (replace(STORY, host=np.array([-1, 0])), "host"),
        (replace(STORY, version=np.array([0])), "version"),
        (replace(STORY, waiting_ms=2**38), "postpone_ms"),
        (replace(STORY, known_ms=np.array([[-1, 0]])), "known.cost_ms"),
    ],
)
def test_what_is_amiss_is_named(amiss: Towns, field: str) -> None:
    with pytest.raises(InputError, match=field):
        amiss.agree()


@pytest.mark.parametrize(
    ("offers", "rounds_max", "epsilon_ms", "field"),
    [(-1, 1, 1, "offers"), (1, -1, 1, "rounds_max"), (1, 1, 0, "epsilon_ms")],
)
def test_a_limit_below_nothing_is_named(
    offers: int, rounds_max: int, epsilon_ms: int, field: str
) -> None:
    with pytest.raises(InputError, match=field):
        STORY.agree(offers, rounds_max=rounds_max, epsilon_ms=epsilon_ms)


@MANY
@given(story=any_towns(), offers=st.integers(0, 4))
def test_kernel_and_twin_come_to_the_same(story: Towns, offers: int) -> None:
    ends: list[Agreement] = []
    for compiled in (True, False) if fast.INSTALLED else (False,):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast, "FAST", compiled)
            ends.append(story.agree(offers))

    assert len({each.slot.tobytes() + each.price_ms.tobytes() for each in ends}) == 1
