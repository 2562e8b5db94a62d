"""A record without its body holds its place in a chain, and counts for nothing."""

from __future__ import annotations

import pytest

from fabnet.cooperation.charter import CharterBody
from fabnet.protocol.effects import Answer, Effect, Keep, Lower, Note, Prune
from fabnet.protocol.events import BatchHeard, Compared, PruneBody
from fabnet.protocol.peer import Peer
from fabnet.protocol.replica.pruning import STAY
from fabnet.records.ids import Incarnation, Now
from fabnet.records.record import Record
from fabnet.records.refusal import Refusal
from tests.protocol.minds import (
    NOON_MS,
    Said,
    at_the_mill,
    knowing,
    log,
    notice,
    of,
    papers,
    proof,
    revoking,
    talk,
    turn,
)
from tests.protocol.test_replica import CARRIER, THEM, hear, lowered, replica


def bare(record: Record) -> Record:
    return Record(record.header, record.envelope, None, record.id)


def peer() -> Peer:
    ours = Peer(at_the_mill())
    known = knowing()
    ours.community.charters.update(known.charters)
    ours.community.memberships.update(known.memberships)
    ours.community.nodes.update(known.nodes)
    return ours


def handle(ours: Peer, event: BatchHeard | Compared | PruneBody) -> list[Effect]:
    return ours.handle(event, Now(NOON_MS, 0, "boot"))


def bring(ours: Peer, *records: Record) -> list[Effect]:
    return handle(ours, BatchHeard(CARRIER, Incarnation(1, 5), 1, records))


def kept(effects: list[Effect]) -> list[tuple[Record, int]]:
    keeps = [effect for effect in effects if isinstance(effect, Keep)]
    return [(each.record, each.arrival) for each in keeps if each.source is not None]


# ---------------------------------------------------------------- what comes bare


def test_a_chain_goes_through_a_record_that_comes_bare() -> None:
    first, second, third = talk(2, 3)
    ours = replica()

    found, heard = hear(ours, [first, bare(second), third])

    assert found == [first, bare(second), third]
    assert not lowered(heard), "it may have been pruned where it comes from"


def test_nothing_here_acts_on_a_body_that_nobody_has_read() -> None:
    (said,) = log(2, ("lot-closed/1", Said("ten good pieces")))
    ours = peer()

    effects = bring(ours, bare(said))

    assert kept(effects) == [(bare(said), 1)]
    note = Note(said.id, "without-body", (("kind", "lot-closed/1"),))
    assert of(effects, Note) == [note]
    assert not of(effects, Lower), "its author did not strip it"


def test_the_body_is_taken_from_whoever_has_it_and_passed_on() -> None:
    first, second = talk(2, 2)
    ours = peer()
    bring(ours, bare(first), second)

    asked = bring(ours, first)
    assert not kept(asked), "what is here is looked up first"
    effects = handle(ours, Compared(((first, bare(first)),)))

    assert kept(effects) == [(first, 3)], "it arrives anew, for all who had it bare"
    assert not kept(bring(ours, first, second))


def test_a_body_that_was_pruned_here_does_not_come_back() -> None:
    (first,) = talk(2, 1)
    ours = peer()
    bring(ours, bare(first))

    bring(ours, first)
    pruned = frozenset((first.id,))
    assert not kept(handle(ours, Compared(((first, bare(first)),), pruned)))


def test_a_notice_that_comes_bare_does_not_push_out_one_that_says_something() -> None:
    older, newer = (notice(2, seq, Said(f"version {seq}")) for seq in (1, 2))
    ours = replica()

    found, heard = hear(ours, [older, bare(newer)])
    assert found == [older]
    assert [each.peer for each in lowered(heard)] == [CARRIER]
    assert hear(ours, [newer])[0] == [newer]


def test_a_recall_that_came_bare_is_still_news() -> None:
    (recall,) = log(2, ("withdrawal/1", Said("the arm breaks")))
    ours = replica()
    hear(ours, [bare(recall)])
    assert not ours.papers.recalls.get(THEM)

    hear(ours, [recall])
    after = turn()
    ours.compared(after, Compared(((recall, bare(recall)),)))

    assert [*ours.pick_up(after)] == [recall]
    assert ours.papers.recalls[THEM] == {recall.id}


def test_a_document_that_came_bare_is_learnt_past_where_its_log_ends() -> None:
    first, other = talk(2, 1)[0], log(2, ("talk/1", Said("otherwise")))[0]
    newer = CharterBody(revoking(4, 0, 2))
    (paper,) = log(2, ("charter/1", newer), after=first)
    ours = replica()
    for record in (first, bare(paper), paper):
        assert len([*ours.hear(turn(), record, CARRIER)]) == (record != paper)
    ours.prove(turn(), proof(first, other), CARRIER)

    after = turn()
    ours.compared(after, Compared(((paper, bare(paper)),)))

    assert [*ours.pick_up(after)] == [paper], "a fork came before the answer"


def test_who_came_bare_is_let_in_by_the_body_that_comes_later() -> None:
    charter, federation, membership = papers()
    ours = replica(vouched=False)
    assert not hear(ours, [bare(charter), federation, membership])[0]

    assert hear(ours, [charter])[0] == [charter, federation, membership]


def test_of_two_that_wait_early_the_whole_one_is_taken() -> None:
    first, second = talk(2, 2)
    ours = replica()

    assert hear(ours, [bare(second), second, bare(second), first])[0] == [first, second]


# ---------------------------------------------------------------- what may go


def pruning(ours: Peer, record: Record, *, closed: bool = True) -> list[Effect]:
    return handle(ours, PruneBody(7, record, closed=closed, why="personal"))


def test_an_operator_prunes_what_nothing_here_rests_on() -> None:
    for kind in ("talk/1", "request/1"):
        (said,) = log(2, (kind, Said("for Alma")))

        effects = pruning(peer(), said)

        assert of(effects, Prune) == [Prune(said.id)]
        assert of(effects, Answer) == [Answer(7, said.id)]
        (note,) = of(effects, Note)
        assert note == Note(
            said.id, "body-pruned", (("kind", kind), ("why", "personal"))
        )


@pytest.mark.parametrize("kind", [kind for kinds in STAY for kind in kinds])
def test_what_others_rest_on_stays(kind: str) -> None:
    (said,) = log(2, (kind, Said("something")))

    effects = pruning(peer(), said)

    why = next(why for kinds, why in STAY.items() if kind in kinds)
    assert effects == [Answer(7, Refusal(why, (("kind", kind),)))]


def test_a_job_that_is_not_over_keeps_its_request() -> None:
    (said,) = log(2, ("request/1", Said("a chair")))

    effects = pruning(peer(), said, closed=False)

    assert effects == [Answer(7, Refusal("job-not-over", (("job", said.id),)))]


def test_a_notice_and_a_body_that_is_gone_are_not_pruned() -> None:
    said = notice(2, 1, Said("open"))
    (gone,) = talk(2, 1)
    for record, why in ((said, "notice-not-pruned"), (bare(gone), "body-not-here")):
        (answer,) = pruning(peer(), record)

        assert isinstance(answer, Answer)
        assert isinstance(answer.result, Refusal)
        assert answer.result.reason == why
