"""Cursors: what was not confirmed is served again, and nothing is skipped."""

from __future__ import annotations

from fabnet.protocol.effects import Put, SendGot, Serve, Subscribe
from fabnet.protocol.events import BatchHeard, GotHeard, NothingToServe, SubscribeHeard
from fabnet.protocol.gossip import (
    SERVE_AGAIN_MS,
    SUBSCRIBE_AGAIN_MS,
    SUBSCRIBERS_MAX,
    CursorRow,
    Gossip,
    Subscriber,
)
from fabnet.records.ids import Incarnation, PeerId
from tests.protocol.minds import FIRST, key, turn, voice

THEM = key(2).public.peer
OTHER = Incarnation(3, 3)


def gossip(arrival: int = 10) -> Gossip:
    speaking = voice()
    speaking.arrival = arrival
    return Gossip(speaking)


def subscribed(
    at: Gossip, cursor: int, incarnation: Incarnation = FIRST
) -> list[Serve]:
    said = turn()
    at.subscribed(said, SubscribeHeard(THEM, incarnation, cursor))
    return [effect for effect in said.effects if isinstance(effect, Serve)]


def test_a_subscriber_is_served_from_where_it_is() -> None:
    assert subscribed(gossip(), 4) == [Serve(THEM, 4)]
    assert subscribed(gossip(), 10) == []


def test_a_cursor_of_another_database_begins_anew() -> None:
    assert subscribed(gossip(), 4, OTHER) == [Serve(THEM, 0)]
    assert subscribed(gossip(), 11) == [Serve(THEM, 0)]


def test_the_next_batch_leaves_when_the_one_before_is_confirmed() -> None:
    ours = gossip()
    subscribed(ours, 0)
    said = turn()
    ours.news(said, 10)
    assert not said.effects, "one batch at a time"

    ours.got(said, GotHeard(THEM, 6))

    assert said.effects == [Serve(THEM, 6)]


def test_where_nothing_was_to_serve_the_next_batch_begins() -> None:
    ours = gossip()
    subscribed(ours, 0)
    said = turn()
    ours.nothing_to_serve(said, NothingToServe(THEM, 10))
    assert not said.effects

    ours.voice.arrival = 11
    ours.news(said, 10)

    assert said.effects == [Serve(THEM, 10)]


def test_whoever_brought_all_the_news_is_not_served_it() -> None:
    ours = gossip()
    subscribed(ours, 10)
    for sources, served in (({THEM}, []), ({THEM, None}, [Serve(THEM, 11)])):
        said = turn()
        ours.voice.sources = set(sources)
        ours.voice.arrival += 1
        ours.news(said, ours.voice.arrival - 1)
        assert said.effects == served


def test_what_another_brought_is_served_though_the_last_news_were_its_own() -> None:
    ours = gossip()
    subscribed(ours, 9)
    said = turn()
    ours.got(said, GotHeard(THEM, 9))
    ours.voice.sources = {THEM}
    ours.voice.arrival += 1
    ours.news(said, 10)

    assert said.effects == [Serve(THEM, 9)]


def test_a_batch_that_nobody_confirmed_is_served_again() -> None:
    ours = gossip()
    subscribed(ours, 0)
    early, late = turn(SERVE_AGAIN_MS - 1), turn(SERVE_AGAIN_MS)
    ours.tick(early)
    ours.tick(late)

    assert not early.effects
    assert late.effects == [Serve(THEM, 0)]


def test_nobody_confirms_what_we_have_not_said() -> None:
    ours = gossip()
    subscribed(ours, 0)
    ours.got(turn(), GotHeard(THEM, 999))

    assert ours.subscribers[THEM].cursor == 0


def test_a_cursor_is_written_only_when_its_records_are_kept() -> None:
    ours = gossip()
    heard = turn()
    batch = BatchHeard(THEM, OTHER, 7, ())
    ours.batch_done(heard, batch, penned=True)
    assert heard.effects == [SendGot(THEM, 7)], "confirmed, but not written"

    later = turn()
    ours.voice.sources = {THEM}
    ours.pen_emptied(later, THEM)

    (put,) = later.effects
    assert isinstance(put, Put)
    assert (put.table, put.key) == ("cursor", THEM)
    assert ours.cursors[THEM] == CursorRow(OTHER, 7)
    assert not ours.held


def test_a_link_asks_from_where_we_are_and_again_when_it_is_quiet() -> None:
    ours = gossip()
    up = turn()
    ours.link_up(up, THEM)
    ours.cursors[THEM] = CursorRow(OTHER, 7)
    quiet = turn(SUBSCRIBE_AGAIN_MS)
    ours.tick(quiet)

    assert up.effects == [Subscribe(THEM, None, 0)]
    assert quiet.effects == [Subscribe(THEM, OTHER, 7)]

    ours.link_down(turn(), THEM, known=True)
    assert ours.due_tick() is None


def test_a_cursor_past_nothing_new_is_written_with_news_or_at_the_end() -> None:
    for news in (True, False):
        ours = gossip()
        ours.batch_done(turn(), BatchHeard(THEM, OTHER, 7, ()), penned=False)
        assert ours.cursors[THEM] == CursorRow(OTHER, 7)

        then = turn()
        if news:
            ours.voice.sources = {THEM}
            ours.batch_done(then, BatchHeard(THEM, OTHER, 8, ()), penned=False)
        else:
            ours.link_down(then, THEM, known=True)

        (put,) = [effect for effect in then.effects if isinstance(effect, Put)]
        assert (put.table, put.key) == ("cursor", THEM)


def test_at_the_bound_one_more_is_not_served_until_another_leaves() -> None:
    ours = gossip()
    for number in range(SUBSCRIBERS_MAX):
        ours.subscribers[PeerId(str(number))] = Subscriber(10)

    assert subscribed(ours, 0) == []
    ours.link_down(turn(), PeerId("0"), known=True)
    assert subscribed(ours, 0) == [Serve(THEM, 0)]
