"""A checkpoint frees its author's quota where it is true, and nothing where it lies."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from fabnet.production import request
from fabnet.protocol.effects import Effect, Keep, Lower, Note, Prune, Weigh
from fabnet.protocol.events import BatchHeard, ProofsHeard, Publish, Weighed, Woke
from fabnet.protocol.peer import Peer
from fabnet.protocol.replica import checkpoints, ends
from fabnet.protocol.replica import replica as replicas
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, Now
from fabnet.records.proofs import checkpoint
from fabnet.records.proofs.checkpoint import CheckpointBody
from fabnet.records.proofs.merkle import root_of
from fabnet.records.record import Record, seal_record
from tests.protocol.histories import truth
from tests.protocol.minds import FIRST, NOON_MS, Said, key, log, of, proof, talk
from tests.protocol.test_pruning import bare, bring, peer
from tests.sim.disk import Disk

ASKED, CLOSED = 200, 60
"""Letters of a request, and of what closes it."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT_RECORDS", 4)


def jobs(*, closing: int) -> list[Record]:
    """Return a log of four requests, the first of which are closed."""
    said = log(2, *[(request.KIND, Said(f"{n}" * ASKED)) for n in range(4)])
    for at in range(closing):
        about, last = said[at].id, said[-1]
        said.append(
            seal_record(
                key(2),
                network="test",
                kind=request.CLOSED_KIND,
                incarnation=FIRST,
                seq=last.header.seq + 1,
                prev=last.id,
                moment_ms=NOON_MS,
                about=about,
                body=Said("." * CLOSED),
            )
        )
    return said


def checked(said: list[Record], body: Body | None = None) -> Record:
    """Return a checkpoint of a log, a true one unless it says otherwise."""
    body = body or truth(said, len(said))
    (record,) = log(2, (checkpoint.KIND, body), after=said[-1])
    return record


def shelf(*records: Record) -> Disk:
    disk = Disk()
    disk.commit([Keep(each, at, None) for at, each in enumerate(records, 1)], 0)
    return disk


def weighed(ours: Peer, effects: list[Effect], disk: Disk) -> list[Effect]:
    (asked,) = [each for each in effects if isinstance(each, Weigh)]
    return ours.handle(disk.weigh(asked), Now(NOON_MS, 0, "boot"))


def weight(ours: Peer) -> int:
    return ours.replica.heads[key(2).public.peer, FIRST].body_bytes


def test_a_true_checkpoint_frees_what_is_dead() -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said)

    effects = weighed(ours, bring(ours, *said, point), shelf(*said, point))

    assert of(effects, Prune) == [Prune(each.id) for each in said[2::-1]]
    live = [*said[3:], point]
    assert weight(ours) == sum(each.header.body_len for each in live)
    assert not of(effects, Lower)


LIES: list[tuple[str, Callable[[CheckpointBody], CheckpointBody]]] = [
    ("another root", lambda it: msgspec.structs.replace(it, root=bytes(32))),
    ("fewer records", lambda it: msgspec.structs.replace(it, live=it.live - 1)),
    ("fewer bytes", lambda it: msgspec.structs.replace(it, live_bytes=0)),
]


@pytest.mark.parametrize(("name", "lie"), LIES)
def test_one_that_lies_frees_nothing_and_costs_its_author_standing(
    name: str, lie: Callable[[CheckpointBody], CheckpointBody]
) -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said, lie(truth(said, len(said))))
    (after,) = log(2, ("talk/1", Said("and so on")), after=point)

    effects = weighed(ours, bring(ours, *said, point, after), shelf(*said, point))

    assert not of(effects, Prune), name
    assert of(effects, Lower), name
    (note,) = [it for it in effects if isinstance(it, Note)]
    assert note.code == "checkpoint-false"
    kept = [it.record for it in effects if isinstance(it, Keep)]
    assert kept == [after], "its log goes on"
    whole = [*said, point, after]
    assert weight(ours) == sum(each.header.body_len for each in whole)


def test_what_follows_waits_until_it_is_weighed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said)
    (after,) = log(2, ("talk/1", Said("x" * ASKED)), after=point)
    most = sum(each.header.body_len for each in (*said, point)) + 10
    for room in (ends, replicas):
        monkeypatch.setattr(room, "LOG_BYTES_MAX", most)

    first = bring(ours, *said, point, after)
    assert [it.record for it in first if isinstance(it, Keep)] == [*said, point]
    effects = weighed(ours, first, shelf(*said, point))

    kept = [it.record for it in effects if isinstance(it, Keep)]
    assert kept == [after], "there is room for it now"


def test_one_that_comes_too_soon_is_not_weighed() -> None:
    said, ours = jobs(closing=0), peer()
    point = checked(said[:3])

    assert not of(bring(ours, *said[:3], point), Weigh)


def test_one_that_speaks_of_itself_or_what_is_to_come_is_not_weighed() -> None:
    said, ours = jobs(closing=3), peer()
    ahead = msgspec.structs.replace(truth(said, len(said)), upto=len(said) + 1)

    assert not of(bring(ours, *said, checked(said, ahead)), Weigh)


def test_one_that_does_not_read_is_a_record_like_any_other() -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said, Said("half of it"))

    effects = bring(ours, *said, point)

    assert not of(effects, Weigh)
    assert len(of(effects, Keep)) == len(said) + 1


def test_one_without_its_body_is_not_taken() -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said)

    assert len(of(bring(ours, *said, bare(point)), Keep)) == len(said)
    assert of(bring(ours, point), Keep), "whoever has it whole is heard"


def test_what_was_being_weighed_is_asked_again_after_a_restart() -> None:
    said, ours = jobs(closing=3), peer()
    first = bring(ours, *said, checked(said))
    disk = Disk()
    disk.commit([each for each in first if isinstance(each, Keep)], 0)
    ours.replica.checkpoints.asked = True
    rows = dict(ours.replica.checkpoints.rows)

    again = peer()
    again.replica.checkpoints.rows = rows
    again.replica.heads = dict(ours.replica.heads)
    effects = again.handle(Woke(), Now(NOON_MS, 0, "boot"))

    assert weighed(again, effects, disk)
    assert not again.replica.checkpoints.is_weighing((key(2).public.peer, FIRST))


def test_an_author_says_one_when_it_is_due_and_not_before() -> None:
    ours, disk = peer(), Disk()
    points: list[Record] = []
    for number in range(12):
        said = Publish(number, "talk/1", None, Said(f"word {number}"))
        effects = ours.handle(said, Now(NOON_MS, 0, "boot"))
        disk.commit([it for it in effects if isinstance(it, Keep)], 0)
        if of(effects, Weigh):
            said_then = weighed(ours, effects, disk)
            keeps = [it for it in said_then if isinstance(it, Keep)]
            disk.commit([*keeps], 0)
            points += [it.record for it in keeps]

    assert [point.header.seq for point in points] == [5, 9, 13]
    whole = [it for it, _ in disk.records.values() if not it.is_notice]
    for point in points:
        body = point.read(CheckpointBody)
        assert truth(whole, body.upto) == body, "whoever checks it finds the same"


def test_a_log_that_is_not_whole_here_says_nothing_of_a_checkpoint() -> None:
    said = talk(2, 6)
    asked = Weigh(key(2).public.peer, FIRST, 6, said[4].id, 5, 0)

    assert shelf(*said[1:]).weigh(asked) == Weighed(asked, None, 0, ())


def test_one_that_its_author_forked_below_prunes_nothing() -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said)
    first = bring(ours, *said, point)
    other = log(2, ("talk/1", Said("otherwise")), after=said[1])[0]
    fork = proof(said[2], other)
    ours.handle(ProofsHeard(key(3).public.peer, (fork,)), Now(NOON_MS, 0, "boot"))

    effects = weighed(ours, first, shelf(*said, point))

    assert not of(effects, Prune), "what closed them may be void"


def test_the_root_is_that_of_certificate_logs() -> None:
    ids = [each.id for each in talk(2, 7)]
    for count in range(8):
        records = talk(2, count)
        assert root_of(ids[:count]) == truth(records, count).root


def test_who_was_not_asked_is_not_heard() -> None:
    said, ours = jobs(closing=3), peer()
    bring(ours, *said)
    asked = Weigh(key(2).public.peer, FIRST, 8, said[-1].id, 7, 0)

    effects = ours.handle(
        Weighed(asked, truth(said, 7), 0, (said[0].id,)), Now(NOON_MS, 0, "boot")
    )

    assert effects == []


def test_a_batch_that_waits_for_the_scales_is_confirmed_without_its_cursor() -> None:
    said, ours = jobs(closing=3), peer()
    point = checked(said)
    (after,) = log(2, ("talk/1", Said("and so on")), after=point)
    carrier = key(2).public.peer
    batch = BatchHeard(carrier, Incarnation(1, 5), 9, (*said, point, after))

    effects = ours.handle(batch, Now(NOON_MS, 0, "boot"))

    assert carrier in ours.gossip.held
    weighed(ours, effects, shelf(*said, point))
    assert carrier not in ours.gossip.held
