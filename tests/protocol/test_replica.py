"""Records are kept in the order they were said, and only of those vouched for."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.charter import CharterBody
from fabnet.protocol import replica as replicas
from fabnet.protocol.effects import Keep, Lower, Note, Turn
from fabnet.protocol.replica import STRANGER_RECORDS_MAX, STRANGERS_MAX, Replica
from fabnet.protocol.voice import Voice
from fabnet.records.record import Record
from tests.protocol.minds import (
    Said,
    at_the_mill,
    community,
    key,
    knowing,
    log,
    notice,
    papers,
    revoking,
    talk,
    turn,
)

THEM, CARRIER = key(2).public.peer, key(3).public.peer


def replica(*, vouched: bool = True) -> Replica:
    return Replica(Voice(at_the_mill()), knowing() if vouched else community())


def hear(ours: Replica, records: list[Record]) -> tuple[list[Record], Turn]:
    """Hear records as the peer does: each is learnt before the next is asked for."""
    heard = turn()
    kept: list[Record] = []
    for record in records:
        for each in ours.hear(heard, record, CARRIER):
            ours.community.hear(heard, each)
            kept.append(each)
    return kept, heard


def lowered(heard: Turn) -> list[Lower]:
    return [effect for effect in heard.effects if isinstance(effect, Lower)]


@given(st.integers(0, 2**32), st.integers(1, 10))
def test_a_chain_is_kept_in_order_however_it_arrives(seed: int, count: int) -> None:
    chain = talk(2, count)
    dice = Random(seed)
    shuffled = [*chain, *dice.sample(chain, dice.randint(0, count))]
    dice.shuffle(shuffled)
    ours = replica()

    kept, heard = hear(ours, shuffled)

    assert kept == chain
    assert [each.record for each in heard.effects if isinstance(each, Keep)] == chain
    assert not ours.has_penned(CARRIER)
    assert not lowered(heard)


def test_what_a_revoked_node_says_after_its_cut_is_not_kept() -> None:
    chain = talk(2, 4)
    ours = replica()
    hear(ours, chain[:1])
    ours.community.learn_charter(turn(), revoking(2, cut=3, instead=5))

    kept, heard = hear(ours, chain[1:])

    assert kept == chain[1:3]
    assert [each.peer for each in lowered(heard)] == [CARRIER]


def test_a_stranger_whose_node_is_revoked_is_known_by_what_came_before() -> None:
    chain = papers()
    chain += log(2, ("charter/1", CharterBody(revoking(2, 4, 5))), after=chain[-1])
    chain += log(2, ("talk/1", Said("too late")), after=chain[-1])
    ours = replica(vouched=False)

    kept, _ = hear(ours, chain)

    assert kept == chain[:4]


def test_what_is_early_waits_in_the_pen() -> None:
    first, second, third = talk(2, 3)
    ours = replica()

    assert hear(ours, [third, second])[0] == []
    assert ours.has_penned(CARRIER)
    assert hear(ours, [first])[0] == [first, second, third]
    assert not ours.has_penned(CARRIER)


def test_a_full_pen_turns_away_and_its_bringer_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replicas, "PEN_MAX", 1)
    first, second, third = talk(2, 3)
    ours = replica()

    hear(ours, [second, third])
    kept, _ = hear(ours, [first])

    assert kept == [first, second]
    assert ours.has_penned(CARRIER), "its cursor must not be written"


def test_a_fork_is_noted_and_lowers_its_author() -> None:
    (one,), (other,) = talk(2, 1), log(2, ("talk/1", Said("otherwise")))
    ours = replica()

    kept, heard = hear(ours, [one, other])

    assert kept == [one]
    assert [lower.peer for lower in lowered(heard)] == [THEM]
    assert "fork" in [each.code for each in heard.effects if isinstance(each, Note)]


def test_a_record_that_does_not_follow_its_log_lowers_its_author() -> None:
    (one,), (other,) = talk(2, 1), log(2, ("talk/1", Said("otherwise")))
    (after,) = log(2, ("talk/1", Said("next")), after=other)
    ours = replica()

    kept, heard = hear(ours, [one, after])

    assert kept == [one]
    assert [lower.peer for lower in lowered(heard)] == [THEM]


def test_a_stranger_is_kept_from_the_record_that_vouches_for_it() -> None:
    ours = replica(vouched=False)
    records = papers()
    said = notice(2, 1, Said("open today"))

    assert hear(ours, [records[0], said, records[1]])[0] == []
    assert ours.has_penned(CARRIER)
    kept, _ = hear(ours, [records[2]])

    assert kept == [*records, said], "its notice comes after what vouches for it"
    assert not ours.strangers


def test_a_stranger_whom_another_brings_papers_for_loses_nothing_it_said() -> None:
    ours = replica(vouched=False)
    first, second, third = talk(2, 3)

    assert hear(ours, [first, second])[0] == []
    ours.community = knowing()
    kept, _ = hear(ours, [third])

    assert kept == [first, second, third]
    assert not ours.has_penned(CARRIER)


def test_a_stranger_costs_a_bounded_bucket_and_no_disk() -> None:
    ours = replica(vouched=False)

    kept, heard = hear(ours, talk(4, STRANGER_RECORDS_MAX + 3))

    assert kept == []
    assert not [each for each in heard.effects if isinstance(each, Keep)]
    assert sum(map(len, ours.strangers.values())) == STRANGER_RECORDS_MAX
    assert [lower.peer for lower in lowered(heard)] == [CARRIER]
    assert not ours.pen, "the pen is not for strangers"
    assert ours.has_penned(CARRIER)


def test_of_too_many_strangers_the_oldest_is_forgotten() -> None:
    ours = replica(vouched=False)
    for number in range(20, 20 + STRANGERS_MAX + 5):
        hear(ours, talk(number, 1))

    assert len(ours.strangers) == STRANGERS_MAX
    assert key(20).public.peer not in {author for author, _ in ours.strangers}


def test_a_notice_said_again_fills_no_bucket() -> None:
    ours = replica(vouched=False)
    first = papers()[0]

    hear(ours, [first, *[notice(2, 1, Said("open"))] * 30])

    assert sum(map(len, ours.strangers.values())) == 2


@given(st.permutations([1, 2, 3, 4]))
def test_the_newest_notice_wins_in_any_order(order: list[int]) -> None:
    ours = replica()
    said = {seq: notice(2, seq, Said(f"version {seq}")) for seq in order}

    kept, _ = hear(ours, [said[seq] for seq in order])

    assert kept[-1] == said[4]
    assert [each.header.seq for each in kept] == sorted(
        each.header.seq for each in kept
    )


def test_of_two_notices_at_one_place_all_sites_keep_the_same() -> None:
    one, other = notice(2, 1, Said("one")), notice(2, 1, Said("other"))
    lower = min(one, other, key=lambda each: each.id)

    for order in ([one, other], [other, one]):
        assert hear(replica(), order)[0][-1] == lower


def test_our_own_records_that_come_back_are_not_kept_twice() -> None:
    assert hear(replica(), talk(1, 2))[0] == []
