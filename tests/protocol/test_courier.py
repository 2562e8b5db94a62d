"""Messages arrive once and in order, whatever happens to them on the way."""

from __future__ import annotations

import dataclasses
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fabnet.protocol.courier import (
    BURST_MAX,
    FIRST_RETRY_MS,
    OUTBOX_MAX,
    RETRY_MS_MAX,
    Courier,
    OutboxRow,
    Route,
)
from fabnet.protocol.effects import Drop, Put, Send, Turn
from fabnet.protocol.voice import CountRow
from fabnet.records import canonical
from fabnet.records.ids import Incarnation
from fabnet.records.message import Message, stored_message
from tests.protocol.minds import FIRST, Said, identity, of, turn


def sent(spoken: Turn) -> list[Message]:
    return [each.message for each in spoken.effects if isinstance(each, Send)]


def words(messages: list[Message]) -> list[str]:
    return [message.read(Said).words for message in messages]


def pair() -> tuple[Courier, Courier]:
    one, other = Courier(identity(1)), Courier(identity(2))
    one.meet(turn(), other.identity.peer, FIRST)
    other.meet(turn(), one.identity.peer, FIRST)
    return one, other


def reborn(courier: Courier) -> Courier:
    """A courier of the same node, whose database is gone."""
    ours = courier.identity
    newer = Incarnation(ours.incarnation.counter + 1, 9)
    return Courier(dataclasses.replace(ours, incarnation=newer))


def post(courier: Courier, to: Courier, count: int, *, tick_ms: int = 0) -> Turn:
    spoken = turn(tick_ms)
    for number in range(count):
        courier.send(spoken, to.identity.peer, "talk/1", Said(f"word {number}"))
    return spoken


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_every_message_is_acted_on_once_and_in_order(seed: int, count: int) -> None:
    dice = Random(seed)
    one, other = pair()
    wire = sent(post(one, other, count))
    acted: list[Message] = []
    tick = 0
    for step in range(400):
        lossy = step < 200
        if wire:
            message = wire.pop(dice.randrange(len(wire)))
            if not (lossy and dice.random() < 0.3):
                if lossy and dice.random() < 0.3:
                    wire.append(message)
                heard = turn(tick)
                to = one if message.author == other.identity.peer else other
                if to.hear(heard, message):
                    acted.append(message)
                wire += sent(heard)
        due = one.due_tick()
        if due is None:
            break
        if not wire:
            tick = max(tick, due)
            again = turn(tick)
            one.tick(again)
            wire += sent(again)

    assert words(acted) == [f"word {number}" for number in range(count)]
    assert one.due_tick() is None, "everything was acknowledged"


def test_a_message_is_in_the_outbox_before_it_leaves_and_until_it_is_acknowledged() -> (
    None
):
    one, other = pair()
    spoken = post(one, other, 1)

    (message,) = sent(spoken)
    rows = [put for put in spoken.effects if isinstance(put, Put)]
    (row,) = [put.row for put in rows if put.table == "outbox"]
    kept = canonical.decode(row, OutboxRow, bytes_max=65_536)
    assert stored_message(kept.envelope) == message

    heard = turn()
    assert other.hear(heard, message)
    answered = turn()
    assert not one.hear(answered, sent(heard)[0])
    assert [drop.key for drop in answered.effects if isinstance(drop, Drop)] == [
        f"{other.identity.peer} {1:016d}"
    ]


def test_what_is_early_is_not_taken_and_what_is_late_is_acknowledged_again() -> None:
    one, other = pair()
    first, second = sent(post(one, other, 2))

    early = turn()
    assert not other.hear(early, second)
    assert not early.effects
    assert other.hear(turn(), first)
    late = turn()
    assert not other.hear(late, first)
    assert len(sent(late)) == 1


def test_repeats_come_ever_more_seldom_and_never_stop() -> None:
    one, other = pair()
    post(one, other, 1)
    waits: list[int] = []
    tick = 0
    for _ in range(14):
        due = one.due_tick()
        assert due is not None
        waits.append(due - tick)
        tick = due
        again = turn(tick)
        one.tick(again)
        assert len(sent(again)) == 1

    assert waits[0] == waits[1] == FIRST_RETRY_MS
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_MS_MAX


def test_a_peer_that_comes_back_is_not_drowned() -> None:
    one, other = pair()
    post(one, other, BURST_MAX + 5)
    back = turn(10)

    one.link_up(back, other.identity.peer)

    assert len(sent(back)) == BURST_MAX


def test_at_the_bound_nothing_new_is_begun() -> None:
    one, other = pair()
    peer = other.identity.peer
    (message,) = sent(post(one, other, 1))
    route = Route(FIRST, waiting=dict.fromkeys(range(OUTBOX_MAX), message))
    assert one.has_room(peer)

    one.routes[peer] = route

    assert not one.has_room(peer)


def test_an_acknowledgement_of_another_incarnation_frees_nothing() -> None:
    one, other = pair()
    (message,) = sent(post(one, other, 1))
    heard = turn()
    other.hear(heard, message)
    (ack,) = sent(heard)
    route = one.routes[other.identity.peer]
    one.identity = reborn(one).identity

    one.hear(turn(), ack)

    assert route.waiting


def test_what_waits_reaches_the_newer_database_of_a_recipient_in_order() -> None:
    one, other = pair()
    taken, *_ = sent(post(one, other, 3))
    acked = turn()
    assert other.hear(acked, taken)
    one.hear(turn(), sent(acked)[0])
    again = reborn(other)
    again.meet(turn(), one.identity.peer, FIRST)
    (early, _) = one.routes[other.identity.peer].waiting.values()

    nothing = turn()
    assert not again.hear(nothing, early), "it was meant for the database that is gone"
    (ack,) = sent(nothing)
    readdressed = turn()
    assert one.meet(readdressed, ack.author, ack.header.incarnation)
    one.hear(readdressed, ack)

    messages = sent(readdressed)
    assert [message.header.seq for message in messages] == [1, 2]
    assert all(again.hear(turn(), message) for message in messages)
    assert words(messages) == ["word 1", "word 2"]
    outbox = [each for each in readdressed.effects if isinstance(each, Put | Drop)]
    assert [type(each) for each in outbox if each.table == "outbox"] == [
        Drop, Drop, Put, Put,
    ]  # fmt: skip


def test_what_a_turn_would_send_to_a_lost_database_does_not_leave() -> None:
    one, other = pair()
    spoken = post(one, other, 1)
    newer = reborn(other).identity
    one.meet(spoken, newer.peer, newer.incarnation)

    assert [it.header.to for it in sent(spoken)] == [newer.incarnation]


def test_an_older_database_of_an_author_is_refused_for_ever() -> None:
    one, other = pair()
    (old,) = sent(post(one, other, 1))
    newer = reborn(one)
    newer.meet(turn(), other.identity.peer, FIRST)
    (said,) = sent(post(newer, other, 1))

    assert other.meet(turn(), said.author, said.header.incarnation)
    assert other.hear(turn(), said)
    late = turn()
    assert not other.meet(late, old.author, old.header.incarnation)
    assert not other.hear(late, old)

    assert not late.effects, "not even acknowledged: nobody is there to hear it"


def test_meeting_the_same_database_again_is_no_news() -> None:
    one, other = pair()

    again = turn()

    assert not one.meet(again, other.identity.peer, FIRST)
    assert not again.effects


def test_what_was_taken_is_written() -> None:
    one, other = pair()
    (message,) = sent(post(one, other, 1))
    heard = turn()
    other.hear(heard, message)

    (put,) = [effect for effect in of(heard.effects, Put) if isinstance(effect, Put)]
    assert put.table == "taken"
    assert canonical.decode(put.row, CountRow, bytes_max=64).count == 1
