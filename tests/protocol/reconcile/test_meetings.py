"""Two that were apart come to know the same, and say little about it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.protocol import gossip
from fabnet.protocol.gossip import (
    COMPARE_MS,
    INVITED_MS,
    SUBSCRIBE_AGAIN_MS,
    CursorRow,
)
from fabnet.protocol.reconcile.meetings import MEETING_WAIT_MS
from fabnet.records.ids import Incarnation
from tests.protocol.histories import SITE_IDS
from tests.protocol.reconcile.pairs import Pair, log, notice

AUTHORS = 9
"""Logs, of three authors in three incarnations each."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invite whoever is behind by a few."""
    monkeypatch.setattr(gossip, "RECONCILE_MIN", 4)


lengths = st.lists(st.integers(0, 12), min_size=AUTHORS, max_size=AUTHORS)
said_anew = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(1, 9)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(lengths, lengths, said_anew, said_anew)
def test_r1_whatever_two_have_after_they_met_both_have_all_of_it(
    here: list[int],
    there: list[int],
    one: list[tuple[int, int, int]],
    other: list[tuple[int, int, int]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gossip, "RECONCILE_MIN", 4)
        pair = Pair()
        for number, counts, things in ((0, here, one), (1, there, other)):
            for author, count in enumerate(counts):
                pair.hears(number, *log(author, count))
            pair.hears(number, *(notice(*each) for each in things))
        pair.meet()

    longest = [
        log(author, max(two))
        for author, two in enumerate(zip(here, there, strict=True))
    ]
    logged = {record.id for records in longest for record in records}
    assert pair.heads(0) == pair.heads(1)
    assert pair.kept(0) == pair.kept(1)
    assert logged <= pair.kept(0)
    assert len(pair.sums()) == 1
    assert not any(site.peer.meetings.open for site in pair.sites)


@settings(max_examples=30, deadline=None)
@given(
    lengths,
    lengths,
    st.integers(0, AUTHORS - 1),
    st.integers(3, 9),
    st.integers(0, 2),
)
def test_r4_a_log_that_forked_while_they_were_apart_is_found_out(
    here: list[int], there: list[int], forked: int, count: int, more: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gossip, "RECONCILE_MIN", 4)
        pair = Pair()
        for number, counts in enumerate((here, there)):
            counts[forked] = 0
            pair.hears(number, *log(forked, count + number * more, branch=number))
            for author, length in enumerate(counts):
                pair.hears(number, *log(author, length))
        pair.meet()
        pair.part()
        pair.meet()

    one, other = (site.proven() for site in pair.sites)
    assert one == other
    assert [*one.values()] == [3], "the first place at which the branches differ"
    assert pair.kept(0) == pair.kept(1)


def apart(count: int, behind: int = 0) -> Pair:
    """Return two of which one has so many logs, and the other all but some."""
    pair = Pair()
    for author in range(AUTHORS):
        pair.hears(0, *log(author, count))
        pair.hears(1, *log(author, count - behind * (author == 1)))
    return pair


def test_two_that_have_the_same_say_one_small_frame_each() -> None:
    pair = apart(9)
    pair.meet()

    assert pair.bore["SubscribeHeard"] == 2
    assert pair.bore["records"] == 0
    assert pair.size == 0


def test_of_one_log_that_went_on_no_other_is_sent() -> None:
    pair = apart(12, behind=5)
    pair.meet()

    assert pair.kept(0) == pair.kept(1)
    # And the notice by which each says whose it is.
    assert pair.bore["records"] <= 5 + 2
    assert pair.bore["SupplyHeard"] >= 1


def test_whoever_found_out_all_begins_next_time_where_the_other_was() -> None:
    pair = apart(9, behind=5)
    here, there = pair.sites
    arrival = here.peer.voice.arrival
    pair.meet()
    pair.part()

    row = there.peer.gossip.cursors[here.id]
    assert row.incarnation == here.peer.identity.incarnation
    assert row.cursor >= arrival
    assert there.disk.rows["cursor"][here.id]


def test_who_does_not_answer_an_invitation_is_served_by_cursor() -> None:
    pair = apart(9, behind=5)
    there = pair.sites[1]
    pair.link()
    for _ in range(2):
        pair.step()
    invited = [event for to, event in pair.waiting if to == there.id]
    assert "ReconcileHeard" in {type(event).__name__ for event in invited}
    pair.waiting.clear()
    pair.wait(INVITED_MS + 1)

    assert pair.bore["SupplyHeard"] == 0
    assert pair.kept(0) == pair.kept(1)


def test_a_meeting_in_which_nobody_answers_is_given_up() -> None:
    pair = apart(9, behind=5)
    _, there = pair.sites
    pair.link()
    while not there.peer.meetings.open:
        pair.step()
    pair.waiting.clear()
    assert there.peer.meetings.due_tick() == there.tick_ms + MEETING_WAIT_MS

    pair.wait(MEETING_WAIT_MS)

    assert not there.peer.meetings.open
    pair.wait(INVITED_MS)
    assert pair.kept(0) == pair.kept(1)


def test_one_that_was_served_all_and_lacks_some_is_found_within_the_hour() -> None:
    pair = apart(9, behind=5)
    # Cursors that are past what is there: a disk that lost a page, or our own fault.
    for site, other in (pair.sites, pair.sites[::-1]):
        row = CursorRow(other.peer.identity.incarnation, other.peer.voice.arrival)
        site.peer.gossip.cursors[other.id] = row
    pair.meet()
    assert pair.kept(0) != pair.kept(1)

    for _ in range(COMPARE_MS // SUBSCRIBE_AGAIN_MS):
        pair.wait(SUBSCRIBE_AGAIN_MS)

    assert pair.kept(0) == pair.kept(1)


@pytest.mark.parametrize("behind", [0, 5])
def test_a_body_that_one_lacks_comes_when_they_meet(behind: int) -> None:
    pair = apart(9, behind=behind)
    there = pair.sites[1]
    whole = log(0, 12)[9]
    pair.hears(0, whole)
    pair.hears(1, replace(whole, body=None))
    assert there.peer.replica.bare.count == 1
    pair.meet()

    assert not there.lacks()
    assert there.peer.replica.bare.count == 0
    assert pair.kept(0) == pair.kept(1)


def test_bodies_that_are_lacking_are_known_after_a_restart() -> None:
    pair = Pair()
    (first, second) = log(0, 2)
    pair.hears(0, first, replace(second, body=None))
    site = pair.sites[0]
    site.restarts()

    assert [*site.peer.replica.bare.each()] == [((second.author, Incarnation(1, 5)), 2)]


def test_whoever_lost_its_database_is_not_sent_what_it_has() -> None:
    """It is served from the beginning again, and has most of it."""
    pair = apart(12, behind=5)
    here, there = pair.sites
    pair.meet()
    pair.part()
    here.peer.gossip.lost[there.id] = here.peer.voice.arrival
    pair.bore.clear()
    pair.hears(0, *log(0, 20)[12:])
    pair.meet()

    assert pair.kept(0) == pair.kept(1)
    assert pair.bore["records"] <= 8
    assert there.id not in here.peer.gossip.lost, "it has all of it back"


def test_where_no_head_tells_of_all_the_feed_goes_on() -> None:
    pair = apart(9, behind=5)
    for site in pair.sites:
        site.peer.voice.beside = site.peer.voice.arrival
    pair.meet()

    assert pair.bore["SupplyHeard"] == 0
    assert pair.kept(0) == pair.kept(1)


def test_the_order_in_which_frames_come_changes_nothing() -> None:
    for seed in range(20):
        dice = Random(seed)
        pair = Pair()
        for author in range(AUTHORS):
            pair.hears(0, *log(author, dice.randint(0, 12)))
            pair.hears(1, *log(author, dice.randint(0, 12)))
        pair.link()
        while pair.waiting:
            pair.waiting.rotate(dice.randrange(len(pair.waiting)))
            pair.step()
        assert pair.kept(0) == pair.kept(1)
        assert SITE_IDS[0] not in pair.sites[1].peer.meetings.open
