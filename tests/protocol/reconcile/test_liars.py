"""Whoever lies in a meeting is cut off at a named bound, and what is kept is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from fabnet.protocol.effects import Effect, Lower, Reconcile
from fabnet.protocol.events import ReconcileHeard, SupplyHeard
from fabnet.protocol.ranges.words import (
    DEPTH_MAX,
    PARTS,
    SUM_BYTES,
    Item,
    Lack,
    Look,
    Ranges,
    Span,
    pack,
    unpack_places,
)
from fabnet.protocol.reconcile.meeting import (
    ANSWERS_MAX,
    BARREN_MAX,
    FAULTS_MAX,
    WANTS_MAX,
)
from fabnet.protocol.reconcile.meetings import MEETINGS_MAX
from fabnet.protocol.replica.ends import LOG_RECORDS_MAX
from fabnet.protocol.replica.holdings import name_of_record
from fabnet.records.ids import Incarnation, PeerId
from tests.protocol.histories import SITE_IDS
from tests.protocol.minds import talk, turn
from tests.protocol.reconcile.pairs import Pair, log

LIAR = SITE_IDS[1]
AT = Incarnation(1, 1)


class Victim:
    """One real mind, and all that it says to a liar."""

    def __init__(self) -> None:
        self.pair = Pair()
        for author in range(9):
            self.pair.hears(0, *log(author, 5))
        self.peer = self.pair.sites[0].peer
        self.said: list[Ranges | Look | Lack] = []
        self.lowered: list[str] = []

    def hears(self, said: Ranges | Look | Lack, peer: PeerId = LIAR) -> None:
        heard = turn()
        self.peer.meetings.hear(heard, ReconcileHeard(peer, said))
        self._note(heard.effects)

    def sent(self, event: SupplyHeard) -> None:
        heard = turn()
        self.peer.meetings.asked_for(heard, event)
        self.peer.meetings.taken(heard, event)
        self._note(heard.effects)

    def _note(self, effects: Sequence[Effect]) -> None:
        self.said = [it.said for it in effects if isinstance(it, Reconcile)]
        self.lowered += [it.why for it in effects if isinstance(it, Lower)]

    def invited(self, *spans: Span) -> None:
        self.hears(Ranges("ranges", 0, AT, 99, spans or (splitting("", Random(1)),)))

    @property
    def meets(self) -> bool:
        return LIAR in self.peer.meetings.open

    def look(self) -> Look:
        (look,) = [it for it in self.said if isinstance(it, Look)]
        return look

    def lack(self) -> Lack:
        (lack,) = [it for it in self.said if isinstance(it, Lack)]
        return lack


def splitting(prefix: str, dice: Random) -> Span:
    """Claim that every part of a range differs."""
    return Span(prefix, dice.randbytes(PARTS * SUM_BYTES), None)


def listing(prefix: str, *items: Item) -> Span:
    return Span(prefix, None, pack(items))


def item(number: int, key: bytes = b"\xa3" + bytes(7)) -> Item:
    return Item(key, number, b"tag")


def answer(step: int, *spans: Span) -> Ranges:
    return Ranges("ranges", step, AT, 99, spans)


def test_ranges_that_split_without_end_are_followed_for_so_long() -> None:
    victim, dice, answers = Victim(), Random(1), 1
    victim.invited()
    while victim.meets:
        look = victim.look()
        spans = (splitting(each, dice) for each in look.prefixes[:1])
        victim.hears(answer(look.step, *spans))
        answers += 1

    assert answers <= BARREN_MAX
    assert len(victim.lowered) == 1


def test_ranges_that_split_and_then_hold_nothing_new_are_followed_for_so_long() -> None:
    victim, dice, answers = Victim(), Random(1), 1
    victim.invited()
    while victim.meets:
        look = victim.look()
        tree = victim.peer.holdings.tree
        spans = (
            splitting(each, dice)
            if len(each) < DEPTH_MAX - 1
            else listing(each, *tree.items(each))
            for each in look.prefixes
        )
        victim.hears(answer(look.step, *spans))
        answers += 1

    assert answers == BARREN_MAX
    assert victim.lowered == ["ranges without end, and nothing in them"]


def test_lists_without_end_are_followed_for_so_long() -> None:
    """Each says that we are ahead, which makes us tell and ask on."""
    victim = Victim()
    told = [it.key for it in victim.peer.holdings.follow().items("")]
    victim.invited()
    answers = 0
    while victim.meets and answers < 2 * ANSWERS_MAX:
        less = [Item(key, 1, b"tag") for key in told]
        victim.hears(Look("look", answers, (), pack(less)))
        answers += 1

    assert answers <= ANSWERS_MAX
    assert victim.lowered == ["ranges without end, and nothing in them"]


def lie(said: Callable[[Look], Ranges]) -> list[str]:
    """Return why somebody was lowered that answered the first question so."""
    victim = Victim()
    victim.invited()
    victim.hears(said(victim.look()))
    assert not victim.meets, "it goes on with a liar"
    return victim.lowered


UNSORTED = pack([item(1, bytes(7) + b"\2"), item(1, bytes(8))])
LIES: dict[str, tuple[Callable[[Look], Ranges], str]] = {
    "ranges that nobody asked for": (
        lambda look: answer(look.step, listing("a3a3")), "not asked for",
    ),
    "one range twice": (
        lambda look: answer(look.step, *[listing(look.prefixes[0])] * 2),
        "not asked for",
    ),
    "ranges in another order": (
        lambda look: answer(look.step, *map(listing, look.prefixes[::-1])),
        "not asked for",
    ),
    "more ranges than were asked for": (
        lambda look: answer(look.step, *map(listing, (*look.prefixes, "a3a3"))),
        "not asked for",
    ),
    "items of another range": (
        lambda look: answer(
            look.step, listing(look.prefixes[0], item(1, b"\xff" * 8))
        ),
        "items of another range",
    ),
    "items out of order": (
        lambda look: answer(look.step, Span(look.prefixes[0], None, UNSORTED)),
        "not in order",
    ),
    "items cut short": (
        lambda look: answer(look.step, Span(look.prefixes[0], None, b"\0" * 9)),
        "cut short",
    ),
    "neither sums nor items": (
        lambda look: answer(look.step, Span(look.prefixes[0], None, None)),
        "neither sums nor items",
    ),
    "both sums and items": (
        lambda look: answer(
            look.step, Span(look.prefixes[0], bytes(256), pack([item(1)]))
        ),
        "neither sums nor items",
    ),
    "fifteen sums": (
        lambda look: answer(look.step, Span(look.prefixes[0], bytes(240), None)),
        "neither sums nor items",
    ),
    "a log longer than any": (
        lambda look: answer(
            look.step, listing(look.prefixes[0], item(LOG_RECORDS_MAX + 1, bytes(8)))
        ),
        "a log longer than any",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_an_answer_that_no_honest_peer_gives_ends_the_meeting(name: str) -> None:
    said, why = LIES[name]
    (told,) = lie(said)

    assert why in told


def test_a_range_split_beyond_its_keys_ends_the_meeting() -> None:
    victim, dice = Victim(), Random(1)
    victim.invited()
    for _ in range(20):
        if victim.meets:
            look = victim.look()
            # Of all that differs, always the first, and nothing of the rest.
            victim.hears(answer(look.step, splitting(look.prefixes[0], dice)))

    assert victim.lowered == ["a range that is split beyond its keys"]


def test_an_answer_that_comes_twice_or_to_nothing_changes_nothing() -> None:
    victim = Victim()
    victim.invited()
    first = victim.look()
    told = answer(first.step, *map(listing, first.prefixes))
    victim.hears(told)
    after = victim.peer.meetings.steps
    for late in (told, answer(10**6, listing("a3")), answer(first.step, listing(""))):
        victim.hears(late)

    assert not victim.lowered
    assert victim.peer.meetings.steps <= after + 2


# ------------------------------------------------------------------ records


def claiming(*numbers: int) -> Victim:
    """Return a victim that was told of logs it does not have, of such lengths."""
    victim = Victim()
    items = [item(number, bytes((at,)) * 8) for at, number in enumerate(numbers)]
    victim.hears(Look("look", 1, (), pack(items)))
    return victim


def test_records_that_were_claimed_and_do_not_come_are_asked_for_so_often() -> None:
    victim, asked = claiming(*[500] * 9), 0
    while victim.meets:
        victim.sent(SupplyHeard(LIAR, victim.lack().step, 0, ()))
        asked += 1

    assert asked == FAULTS_MAX
    assert victim.lowered == ["records that it does not have"]


def test_of_a_stranger_no_more_is_asked_for_than_came_at_first() -> None:
    said = talk(9, 5)
    victim = Victim()
    key = name_of_record(said[0])[:8]
    victim.hears(Look("look", 1, (), pack([item(500, key)])))
    victim.sent(SupplyHeard(LIAR, victim.lack().step, 0, tuple(said)))

    assert not victim.meets
    assert not victim.lowered, "it was we who asked"


def test_a_claim_that_was_cut_short_once_is_no_lie() -> None:
    victim = claiming(500)
    victim.sent(SupplyHeard(LIAR, victim.lack().step, 1, ()))

    assert not victim.lowered
    assert not victim.meets


def test_a_record_that_was_not_asked_for_ends_the_meeting() -> None:
    for records in (tuple(talk(9, 1)), log(0, 5)[4:]):
        victim = claiming(500)
        step = victim.lack().step
        victim.sent(SupplyHeard(LIAR, step, 1, records))
        assert victim.lowered == ["a record that was not asked for"]


def test_records_that_go_back_or_come_twice_end_the_meeting() -> None:
    whole = log(0, 9)
    for records in (whole[6:4:-1], (whole[5], whole[5]), whole[4:6]):
        victim = Victim()
        told = Item(key_of(0), 9, b"tag")
        victim.hears(Look("look", 1, (), pack([told])))
        (place,) = unpack_places(victim.lack().places)
        assert (place.after, place.most) == (5, 4)
        victim.sent(SupplyHeard(LIAR, victim.lack().step, 1, tuple(records)))
        assert victim.lowered == ["a record that was not asked for"]


def key_of(author: int) -> bytes:
    return name_of_record(log(author, 1)[0])[:8]


def test_more_places_than_were_asked_for_end_the_meeting() -> None:
    victim = claiming(500)
    victim.sent(SupplyHeard(LIAR, victim.lack().step, 2, ()))

    assert victim.lowered == ["more places than were asked for"]


def test_what_is_claimed_is_remembered_up_to_a_bound() -> None:
    dice = Random(1)
    victim = Victim()
    for _ in range(3):
        keys = sorted(dice.randbytes(8) for _ in range(3_000))
        victim.hears(Look("look", 1, (), pack(item(9, key) for key in keys)))

    assert len(victim.peer.meetings.open[LIAR].meeting.wants) == WANTS_MAX


def test_so_many_peers_are_met_at_once_and_one_more_is_served_by_cursor() -> None:
    victim = Victim()
    for number in range(MEETINGS_MAX + 1):
        root = splitting("", Random(number))
        invitation = Ranges("ranges", 0, AT, 99, (root,))
        victim.hears(invitation, PeerId(f"peer {number}"))

    assert len(victim.peer.meetings.open) == MEETINGS_MAX
    assert not victim.lowered


def test_places_that_cannot_be_read_lower_whoever_asks() -> None:
    victim = Victim()
    victim.hears(Lack("lack", 1, b"\xff" * 12))

    assert len(victim.lowered) == 1


def test_what_a_liar_sends_of_another_log_is_not_kept() -> None:
    victim = claiming(500)
    before = victim.pair.kept(0)
    bent = replace(log(0, 7)[6], body=None)
    victim.pair.sites[0].happen(SupplyHeard(LIAR, victim.lack().step, 1, (bent,)))

    assert victim.pair.kept(0) == before
    assert not victim.meets
