"""Cursors: what was not confirmed is served again, and nothing is skipped."""

from __future__ import annotations

from dataclasses import replace

from fabnet.protocol.effects import Put, SendGot, Serve, Subscribe, Turn
from fabnet.protocol.events import BatchHeard, GotHeard, NothingToServe, SubscribeHeard
from fabnet.protocol.gossip import (
    BRIEF_MS,
    FEEDS_MAX,
    PENDING_MAX,
    SERVE_AGAIN_MS,
    SUBSCRIBE_AGAIN_MS,
    SUBSCRIBERS_MAX,
    CursorRow,
    Gossip,
    Subscriber,
)
from fabnet.records.ids import Incarnation, PeerId
from tests.protocol.minds import FIRST, key, talk, turn, voice

THEM = key(2).public.peer
OTHER = Incarnation(3, 3)
(RECORD,) = talk(3, 1)


def gossip(arrival: int = 10) -> Gossip:
    speaking = voice()
    speaking.arrival = arrival
    return Gossip(speaking)


def subscribed(
    at: Gossip,
    cursor: int,
    incarnation: Incarnation = FIRST,
    *,
    brief: bool = False,
) -> list[Serve]:
    said = turn()
    at.subscribed(said, SubscribeHeard(THEM, incarnation, cursor, brief))
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


def test_what_is_confirmed_again_is_worth_no_further_batch() -> None:
    ours = gossip()
    subscribed(ours, 0)
    ours.got(turn(), GotHeard(THEM, 6))
    said = turn()

    ours.got(said, GotHeard(THEM, 6))
    ours.got(said, GotHeard(THEM, 3))

    assert not said.effects, "the batch after 6 is under way, and once is enough"
    assert ours.due_tick() == SERVE_AGAIN_MS, "unless it is lost"


def test_where_nothing_was_to_serve_the_next_batch_begins() -> None:
    ours = gossip()
    subscribed(ours, 0)
    said = turn()
    ours.nothing_to_serve(said, NothingToServe(THEM, 10))
    assert not said.effects

    ours.voice.arrival = 11
    ours.voice.kept = [(RECORD, None)]
    ours.news(said, 10)

    assert said.effects == [Serve(THEM, 10)]


def test_whoever_brought_all_the_news_is_not_served_it() -> None:
    ours = gossip()
    subscribed(ours, 10)
    for sources, served in (({THEM}, []), ({THEM, None}, [Serve(THEM, 11)])):
        said = turn()
        ours.voice.kept = [(RECORD, source) for source in sources]
        ours.voice.arrival += 1
        ours.news(said, ours.voice.arrival - 1)
        assert said.effects == served


def test_what_another_brought_is_served_though_the_last_news_were_its_own() -> None:
    ours = gossip()
    subscribed(ours, 8)
    said = turn()
    ours.got(said, GotHeard(THEM, 9))
    ours.voice.kept = [(RECORD, THEM)]
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
    ours.voice.kept = [(RECORD, THEM)]
    ours.pens_emptied(later, ())

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
    assert quiet.effects == [Subscribe(THEM, OTHER, 7, brief=True)]

    ours.link_down(turn(), THEM, known=True)
    assert ours.due_tick() is None


def test_a_cursor_past_nothing_new_is_written_with_news_or_at_the_end() -> None:
    for news in (True, False):
        ours = gossip()
        ours.batch_done(turn(), BatchHeard(THEM, OTHER, 7, ()), penned=False)
        assert ours.cursors[THEM] == CursorRow(OTHER, 7)

        then = turn()
        if news:
            ours.voice.kept = [(RECORD, THEM)]
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


# ------------------------------------------------------------------ whole once

FOURTH = key(4).public.peer


def feeding(arrival: int = 10) -> Gossip:
    """A gossip that is fed an author, and has a subscriber which has enough of it."""
    ours = gossip(arrival)
    ours.fed(FOURTH, RECORD.author, news=True)
    subscribed(ours, arrival)
    ours.got(turn(), GotHeard(THEM, arrival, (RECORD.author,)))
    return ours


def brought(ours: Gossip, source: PeerId | None = FOURTH, tick_ms: int = 0) -> Turn:
    """Let one more record be kept, and tell of it."""
    said = turn(tick_ms)
    ours.voice.kept = [(RECORD, source)]
    ours.voice.arrival += 1
    ours.news(said, ours.voice.arrival - 1)
    return said


def patience(ours: Gossip) -> int:
    times = 1 if ours.voice.identity.peer < THEM else 2
    return times * BRIEF_MS


def enough(ours: Gossip, peer: PeerId) -> tuple[PeerId, ...]:
    said = turn()
    ours.batch_done(said, BatchHeard(peer, OTHER, 7, ()), penned=False)
    (got,) = [effect for effect in said.effects if isinstance(effect, SendGot)]
    return got.enough


def test_who_has_enough_of_an_author_is_sent_ids_that_were_gathered() -> None:
    ours = feeding()
    assert not brought(ours).effects
    assert not brought(ours, tick_ms=1).effects
    assert ours.due_tick() == patience(ours)

    late = turn(patience(ours))
    ours.tick(late)

    assert late.effects == [Serve(THEM, 10, brief=frozenset({RECORD.author}))]


def test_what_is_for_it_at_once_takes_the_ids_along() -> None:
    ours = feeding()
    brought(ours)
    (other,) = talk(5, 1)
    said = turn()
    ours.voice.kept = [(other, FOURTH)]
    ours.voice.arrival += 1
    ours.news(said, 11)

    assert said.effects == [Serve(THEM, 10, brief=frozenset({RECORD.author}))]


def test_an_id_that_a_peer_said_itself_is_not_said_to_it() -> None:
    ours = feeding()
    brought(ours)
    said = turn()
    said_first = BatchHeard(THEM, OTHER, 7, (), (RECORD.id,))

    assert not ours.lacks(said, said_first, {RECORD.id})

    assert not said.effects
    assert ours.subscribers[THEM].cursor == 11
    assert ours.due_tick() != patience(ours)


def test_an_id_of_which_a_peer_lacks_the_body_is_said_to_it_still() -> None:
    ours = feeding()
    brought(ours)
    waiting = set(ours.subscribers[THEM].pending)
    bare = replace(RECORD, body=None)
    ours.lacks(turn(), BatchHeard(THEM, FIRST, 1, (bare,), ()), waiting)
    assert ours.subscribers[THEM].pending == waiting

    ours.lacks(turn(), BatchHeard(THEM, FIRST, 1, (RECORD,), ()), waiting)
    assert not ours.subscribers[THEM].pending


def test_an_id_that_says_nothing_to_us_makes_us_subscribe_again() -> None:
    ours = gossip()
    said = turn()

    assert ours.lacks(said, BatchHeard(THEM, OTHER, 7, (), (RECORD.id,)), set())

    assert said.effects == [Subscribe(THEM, None, 0)]


def test_who_asks_for_what_ids_are_of_is_served_it_whole() -> None:
    ours = feeding()
    brought(ours)
    ours.tick(turn(patience(ours)))

    assert subscribed(ours, 10) == [Serve(THEM, 10)]
    ours.got(turn(), GotHeard(THEM, 11))
    said = brought(ours)

    assert said.effects == [Serve(THEM, 11)], "and whole from then on"


def test_who_asks_again_because_it_was_quiet_has_enough_as_before() -> None:
    ours = feeding()

    assert subscribed(ours, 10, brief=True) == []

    assert not brought(ours).effects


def test_of_nobody_is_enough_whom_nobody_else_brings_us() -> None:
    ours = gossip()
    subscribed(ours, 10)
    us = ours.voice.identity.peer
    ours.got(turn(), GotHeard(THEM, 10, (us, RECORD.author)))

    assert not ours.subscribers[THEM].brief


def test_ids_are_gathered_up_to_a_bound() -> None:
    ours = feeding()
    ours.subscribers[THEM].pending = {record.id for record in talk(6, PENDING_MAX)}

    (serve,) = brought(ours).effects

    assert serve == Serve(THEM, 10, brief=frozenset({RECORD.author}))


def test_the_author_itself_feeds_us_and_others_hear_that_it_is_enough() -> None:
    ours, author = gossip(), RECORD.author
    ours.fed(THEM, author, news=True)
    assert enough(ours, THEM) == ()
    ours.fed(FOURTH, author, news=False)
    assert enough(ours, FOURTH) == (author,)

    ours.fed(author, author, news=False)

    assert enough(ours, THEM) == (author,), "which it was told once"
    assert enough(ours, THEM) == ()
    ours.fed(FOURTH, author, news=True)
    assert ours.feeds[author] == author
    assert enough(ours, author) == ()


def test_who_is_first_with_the_newest_feeds_us() -> None:
    ours, author = gossip(), RECORD.author
    ours.fed(THEM, author, news=True)

    ours.fed(FOURTH, author, news=True)

    assert ours.feeds[author] == FOURTH
    assert enough(ours, THEM) == (author,)
    ours.link_down(turn(), FOURTH, known=True)
    assert author not in ours.feeds


def test_nobody_need_bring_us_what_we_said_ourselves() -> None:
    ours = gossip()
    us = ours.voice.identity.peer

    ours.fed(THEM, us, news=False)

    assert enough(ours, THEM) == (us,)


def test_more_authors_than_we_follow_feeds_of_come_over_every_link() -> None:
    ours = gossip()
    ours.feeds = {PeerId(str(number)): FOURTH for number in range(FEEDS_MAX)}

    ours.fed(THEM, RECORD.author, news=True)
    ours.fed(FOURTH, RECORD.author, news=False)

    assert enough(ours, FOURTH) == ()


def test_when_the_link_that_fed_us_goes_down_another_is_asked_at_once() -> None:
    ours, author = gossip(), RECORD.author
    ours.link_up(turn(), THEM)
    ours.link_up(turn(), FOURTH)
    ours.fed(FOURTH, author, news=True)
    ours.fed(THEM, author, news=False)

    said = turn()
    ours.link_down(said, FOURTH, known=True)

    assert said.effects == [Subscribe(THEM, None, 0)]
