"""Records are kept in the order they were said, and only of those vouched for."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.charter import CharterBody
from fabnet.protocol.effects import Compare, Forget, Keep, Lower, Note, Turn, Void
from fabnet.protocol.events import Compared
from fabnet.protocol.replica import ends, notices
from fabnet.protocol.replica import papers as papers_room
from fabnet.protocol.replica import replica as replicas
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.replica.strangers import STRANGER_RECORDS_MAX, STRANGERS_MAX
from fabnet.protocol.voice import Voice
from fabnet.records.ids import Incarnation
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
    proof,
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
    ours.compare(heard)
    return kept, heard


def compare(ours: Replica, shelf: list[Record], heard: Turn) -> Turn:
    """Look up what the mind asked for among the records that were kept."""
    kept = {record.header.seq: record for record in shelf}
    found: list[tuple[Record, Record | None]] = []
    for effect in heard.effects:
        for record in effect.records if isinstance(effect, Compare) else ():
            seq = record.header.seq
            found.append((record, kept.get(seq) or kept.get(seq - 1)))
    after = turn()
    ours.compared(after, Compared(tuple(found)))
    return after


def otherwise(after: Record | None = None) -> Record:
    (said,) = log(2, ("talk/1", Said("otherwise")), after=after)
    return said


def voids(heard: Turn) -> list[tuple[int, bool]]:
    ends = [effect for effect in heard.effects if isinstance(effect, Void)]
    return [(end.seq, end.onward) for end in ends]


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
    assert not lowered(heard), "who brings it need not have heard of the cut"


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


def test_r4_a_fork_anywhere_behind_the_head_becomes_a_proof() -> None:
    chain = talk(2, 5)
    for at in range(5):
        ours = replica()
        kept, heard = hear(ours, chain)
        _, again = hear(ours, [otherwise(after=chain[at - 1] if at else None)])

        after = compare(ours, kept, again)

        (fork,) = ours.ends.forks.values()
        assert (fork.author, fork.seq) == (THEM, at + 1)
        assert [lower.peer for lower in lowered(after)] == [THEM]
        assert voids(after) == [(at, False)]
        assert ours.take_proven() == [(fork, None)]
        codes = [each.code for each in after.effects if isinstance(each, Note)]
        assert codes == ["author-forked"]
        assert not lowered(heard)


def test_r4_a_record_that_does_not_follow_its_log_proves_a_fork_before_it() -> None:
    (one,) = talk(2, 1)
    ours = replica()
    kept, heard = hear(ours, [one, otherwise(after=otherwise())])

    after = compare(ours, kept, heard)

    assert kept == [one]
    assert [fork.seq for fork in ours.ends.forks.values()] == [1]
    assert [lower.peer for lower in lowered(after)] == [THEM]


def test_r4_two_early_records_at_one_place_are_a_proof() -> None:
    first, second = talk(2, 2)
    ours = replica()

    hear(ours, [second, otherwise(after=first)])

    assert [fork.seq for fork in ours.ends.forks.values()] == [2]
    assert hear(ours, [first])[0] == [first]
    assert not ours.has_penned(CARRIER), "what waits past a fork waits for nothing"


def test_no_cursor_is_written_before_what_was_heard_again_is_looked_up() -> None:
    chain = talk(2, 3)
    ours = replica()
    kept, _ = hear(ours, chain)
    _, heard = hear(ours, [otherwise()])
    assert ours.has_penned(CARRIER), "a crash now must bring the fork again"

    compare(ours, kept, heard)

    assert not ours.has_penned(CARRIER)


def test_what_is_heard_again_is_no_fork_and_is_looked_up_once() -> None:
    chain = talk(2, 3)
    ours = replica()
    kept, _ = hear(ours, chain)
    ours.recent.clear()  # as after a restart

    _, heard = hear(ours, chain)
    compare(ours, kept, heard)
    _, again = hear(ours, chain)

    assert [len(each.records) for each in heard.effects if isinstance(each, Compare)]
    assert not again.effects
    assert not ours.ends.forks


def test_the_lowest_proven_fork_counts_in_any_order() -> None:
    chain = talk(2, 4)
    low, high = (proof(chain[at], otherwise(after=chain[at - 1])) for at in (1, 3))
    for order in ((low, high), (high, low)):
        ours = replica()
        for fork in order:
            ours.prove(turn(), fork, CARRIER)

        assert list(ours.ends.forks.values()) == [low]
        assert hear(ours, chain)[0] == chain[:1]


def test_a_proof_about_a_stranger_costs_no_disk_and_waits_until_it_is_known() -> None:
    records = papers()
    said = log(2, ("talk/1", Said("one")), after=records[-1])
    other = log(2, ("talk/1", Said("other")), after=records[-1])
    ours = replica(vouched=False)
    heard = turn()

    ours.prove(heard, proof(said[0], other[0]), CARRIER)
    assert not heard.effects, "R12"
    kept, _ = hear(ours, [*records, *said])

    assert kept == records
    assert [fork.seq for fork in ours.ends.forks.values()] == [4]


def test_r4_a_stranger_that_forks_is_proven_when_it_becomes_one_of_ours() -> None:
    records = papers()
    ours = replica(vouched=False)

    kept, heard = hear(ours, [records[0], otherwise(), *records[1:]])
    compare(ours, kept, heard)

    assert kept == records
    assert [fork.seq for fork in ours.ends.forks.values()] == [1]


def test_a_charter_is_learnt_even_from_a_record_that_does_not_count() -> None:
    chain = papers()
    other = otherwise()
    revocation = log(2, ("charter/1", CharterBody(revoking(2, 9, 5))), after=chain[-1])
    ours = replica()
    ours.prove(turn(), proof(chain[0], other), CARRIER)

    kept, _ = hear(ours, [*chain, *revocation])
    again, heard = hear(ours, [*chain, *revocation])

    assert kept == revocation, "the charter is news, the rest is not"
    assert again == []
    assert not heard.effects, "R11: replay changes nothing"


def test_a_recall_stands_wherever_the_log_ends_that_carries_it() -> None:
    recall = ("withdrawal/1", Said("it breaks"))
    before = talk(2, 2)
    recalls = log(2, *[recall] * 3, after=before[-1])
    ours = replica()
    first, _ = hear(ours, [*before, *recalls[:1]])
    ours.prove(turn(), proof(before[0], otherwise()), CARRIER)

    kept, _ = hear(ours, recalls)
    again, heard = hear(ours, recalls)

    assert first[-1:] + kept == recalls, "each once"
    assert again == []
    assert not heard.effects, "R11"


def test_of_too_many_recalls_the_rest_falls_with_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(papers_room, "RECALLS_OF_AUTHOR_MAX", 2)
    recalls = log(2, *[("withdrawal/1", Said("it breaks"))] * 4)
    ours = replica()
    ours.prove(turn(), proof(recalls[0], otherwise()), CARRIER)

    assert hear(ours, recalls)[0] == recalls[:2]


def test_r7_a_charter_that_comes_late_takes_back_what_came_before_it() -> None:
    ours = replica()
    hear(ours, talk(2, 4))
    late = turn()

    ours.community.learn_charter(late, revoking(2, cut=2, instead=5))

    assert voids(late) == [(2, True)]


def test_r6_a_log_ends_before_the_record_that_exceeds_its_quota(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = talk(2, 6)
    weigh = [record.header.body_len for record in chain]
    monkeypatch.setattr(ends, "LOG_BYTES_MAX", sum(weigh[:3]) + 1)
    monkeypatch.setattr(replicas, "LOG_BYTES_MAX", sum(weigh[:3]) + 1)
    for order in (chain, chain[::-1]):
        ours = replica()

        kept, _ = hear(ours, order)

        assert kept == chain[:3]
        assert not ours.has_penned(CARRIER), "what is past the end waits for nothing"
        assert hear(ours, chain)[0] == []


def test_r6_a_log_ends_at_its_last_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "LOG_RECORDS_MAX", 2)
    chain = talk(2, 4)
    assert hear(replica(), chain)[0] == chain[:2]


def test_whoever_forks_in_many_incarnations_has_no_more_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ends, "FORKS_PER_AUTHOR_MAX", 2)
    forks = []
    for counter in (1, 2, 3):
        at = Incarnation(counter, 5)
        one, other = (talk(2, 1, at)[0], log(2, ("talk/1", Said("no")), at=at)[0])
        forks.append(proof(one, other))
    for order in permutations(forks):
        ours = replica()
        for fork in order:
            ours.prove(turn(), fork, CARRIER)

        assert sorted(ours.ends.forks) == [(THEM, Incarnation(n, 5)) for n in (1, 2)]
        assert hear(ours, talk(2, 2, Incarnation(4, 9)))[0] == []


def test_a_stranger_is_kept_from_the_record_that_vouches_for_it() -> None:
    ours = replica(vouched=False)
    records = papers()
    said = notice(2, 1, Said("open today"))

    assert hear(ours, [records[0], said, records[1]])[0] == []
    assert ours.has_penned(CARRIER)
    kept, _ = hear(ours, [records[2]])

    assert kept == [*records, said], "its notice comes after what vouches for it"
    assert not ours.strangers.buckets


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
    assert sum(map(len, ours.strangers.buckets.values())) == STRANGER_RECORDS_MAX
    assert [lower.peer for lower in lowered(heard)] == [CARRIER]
    assert not ours.pen, "the pen is not for strangers"
    assert ours.has_penned(CARRIER)


def test_of_too_many_strangers_the_oldest_is_forgotten() -> None:
    ours = replica(vouched=False)
    for number in range(20, 20 + STRANGERS_MAX + 5):
        hear(ours, talk(number, 1))

    assert len(ours.strangers.buckets) == STRANGERS_MAX
    assert key(20).public.peer not in {author for author, _ in ours.strangers.buckets}


def test_a_notice_said_again_fills_no_bucket() -> None:
    ours = replica(vouched=False)
    first = papers()[0]

    hear(ours, [first, *[notice(2, 1, Said("open"))] * 30])

    assert sum(map(len, ours.strangers.buckets.values())) == 2


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


@given(st.permutations(range(6)))
def test_r6_of_too_many_notices_all_sites_keep_the_same(order: list[int]) -> None:
    said = [notice(2, 1, Said("open"), about=f"machine-{at}") for at in range(6)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notices, "NOTICES_PER_AUTHOR_MAX", 3)
        ours = replica()
        kept, heard = hear(ours, [said[at] for at in order])
        again, _ = hear(ours, said)

    gone = [each.key for each in heard.effects if isinstance(each, Forget)]
    assert {each.header.key for each in kept} - {*gone} == {
        f"machine-{at}" for at in range(3)
    }
    assert again == [], "R11"
