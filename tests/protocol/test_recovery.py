"""What two databases of one node owe each other: seldom ways of coming back."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fabnet.production import handoff, receipt, request
from fabnet.production.handoff import Counted, Lost, Status
from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import Acceptance, LotClosed, LotOpened, lot_key
from fabnet.production.request import RequestClosed
from fabnet.protocol.community import Community
from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Drop, Lower, Send, Turn, Unsay
from fabnet.protocol.events import KnownHeard
from fabnet.protocol.handoff.book import RESTORED, Book
from fabnet.protocol.handoff.doubt import recovery
from fabnet.protocol.handoff.doubt.lost import LostLots
from fabnet.protocol.handoff.doubt.recovery import Recovery
from fabnet.protocol.release import HeldRow, Release
from fabnet.protocol.replica.replica import Replica
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, JobId
from fabnet.records.message import Message, seal_message
from tests.production import moves, samples
from tests.protocol import test_book
from tests.protocol.minds import FIRST, identity, key, knowing, log, of, talk, turn

SECOND = Incarnation(2, 6)
MAKER = key(2)


def book() -> tuple[Book, Job, Lot]:
    held, job = test_book.book()
    (lot,) = held.lots_of(job.id)
    lot = msgspec.structs.replace(lot, maker=MAKER.public.peer)
    held.keep_lot(turn(), lot)
    held.courier.meet(turn(), lot.maker, FIRST)
    return held, job, lot


def says(kind: str, body: Body, *, incarnation: Incarnation = FIRST) -> Message:
    """Return what the maker says to us."""
    return seal_message(
        MAKER, network="test", kind=kind, recipient=identity(1).peer, to=FIRST,
        incarnation=incarnation, seq=1, moment_ms=samples.NOON_MS, body=body,
    )  # fmt: skip


def codes(spoken: Turn) -> list[str]:
    return [getattr(each, "code", "") for each in spoken.effects]


def opened(lot: Lot, job: JobId | None = None) -> LotOpened:
    names = LotOpened.__struct_fields__
    fields = {name: getattr(lot, name) for name in names}
    return LotOpened(**(fields | {"job": job or lot.job}))


# ------------------------------------------------------------------ our own database


def test_a_job_that_only_its_end_was_missing_of_is_closed_after_the_next_start() -> (
    None
):
    held, job, _ = book()
    held.lots.clear()
    held.keep_job(
        turn(), msgspec.structs.replace(job, state="refused", unplaced=RESTORED)
    )
    back = Recovery(held, held.courier, spoke=FIRST)

    back.wake(turn())
    assert held.jobs, "its lots may still be told of"
    later = turn()
    due = back.due_tick()
    assert due is not None
    later.now = msgspec.structs.replace(later.now, tick_ms=due)
    back.tick(later)

    assert not held.jobs


def test_whom_the_database_before_fenced_is_fenced_anew() -> None:
    held, _, lot = book()
    back = Recovery(held, held.courier, spoke=SECOND, fenced={lot.maker})

    spoken = turn()
    back.wake(spoken)

    assert Drop("fenced", lot.maker) in spoken.effects
    assert back.fenced == {lot.maker}
    sent = [it.message.kind for it in spoken.effects if isinstance(it, Send)]
    assert sent[-1] == handoff.FENCE


def test_a_maker_that_was_never_heard_is_not_written_to() -> None:
    held, _, lot = book()
    stranger = Recovery(held, Courier(identity(1)), spoke=SECOND)

    spoken = turn()
    stranger.wake(spoken)

    assert held.lots[lot_key(lot.job, lot.epoch)].state == "forgotten"
    assert not of(spoken.effects, Send)


def test_a_status_in_two_parts_is_waited_for() -> None:
    held, _, lot = book()
    back = Recovery(held, held.courier, waiting={lot.maker})

    back.hear(turn(), says(handoff.STATUS, Status(FIRST, FIRST, (), 1)))
    assert back.waiting == {lot.maker}
    back.hear(turn(), says(handoff.STATUS, Status(FIRST, FIRST, (), 0)))
    assert not back.waiting


def test_of_too_many_strays_the_oldest_is_left_to_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "STRAYS_MAX", 1)
    held, _, _ = book()
    back = Recovery(held, held.courier)
    lost = tuple(Counted(samples.job(name), 1, 2, 0) for name in ("old", "new"))

    spoken = turn()
    back.hear(spoken, says(handoff.STATUS, Status(FIRST, FIRST, lost, 0)))

    assert list(back.strays) == [lot_key(samples.job("new"), 1)]
    assert codes(spoken).count("stray-lot") == 2


def test_of_too_many_bare_requests_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "RECALLED_MAX", 1)
    held, job, _ = book()
    back = Recovery(held, held.courier)
    requests = [(request.KIND, job.request)] * 2
    bare = [replace(record, body=None) for record in log(1, *requests, at=SECOND)]
    for record in bare:
        back.hear_bare(record)

    assert list(back.bare) == [JobId(bare[-1].id)]


def test_what_our_own_log_tells_twice_or_of_nothing_brings_nothing_back() -> None:
    held, job, lot = book()
    back = Recovery(held, held.courier)
    before = dict(held.lots)
    known = log(1, (receipt.LOT_OPENED, opened(lot)), at=SECOND)
    other = opened(lot, samples.job("never asked for"))
    unknown = log(1, (receipt.LOT_OPENED, other), at=SECOND)
    for record in (*known, *unknown):
        back.hear_record(turn(), record)

    (again,) = log(1, (request.KIND, job.request), at=SECOND)
    back.hear_record(turn(), again)
    back.hear_record(turn(), again)

    assert held.lots == before
    assert set(held.jobs) == {job.id, JobId(again.id)}


def test_pieces_of_a_pruned_request_that_our_log_ended_are_no_strays() -> None:
    held, job, lot = book()
    back = Recovery(held, held.courier)
    (asked,) = log(1, (request.KIND, job.request), at=SECOND)
    older = JobId(asked.id)
    made = Status(FIRST, FIRST, (Counted(older, lot.epoch, 2, 0),), 0)
    back.hear(turn(), says(handoff.STATUS, made))
    assert list(back.strays) == [lot_key(older, lot.epoch)]

    back.hear_bare(replace(asked, body=None))
    told = turn()
    over = RequestClosed(older, "fulfilled", "")
    for record in log(
        1,
        (receipt.LOT_OPENED, opened(lot, older)),
        (request.CLOSED_KIND, over),
        at=SECOND,
    ):
        back.hear_record(told, record)

    assert not back.strays
    assert Drop("stray", lot_key(older, lot.epoch)) in told.effects
    again = turn()
    back.hear(again, says(handoff.STATUS, made))
    assert "stray-lot" not in codes(again)


def test_a_lot_that_our_own_log_accepted_is_over_and_no_stray(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "RECALLED_MAX", 0)
    held, _, lot = book()
    back = Recovery(held, held.courier, spoke=SECOND)
    back.wake(turn())
    body = Acceptance(lot.job, lot.epoch, samples.record_id("closed"), lot.pieces, ())
    (record,) = log(1, (receipt.ACCEPTANCE, body), at=SECOND)

    back.hear_record(turn(), record)

    assert lot_key(lot.job, lot.epoch) not in held.lots
    assert not back.recalled, "no more are remembered than the limit"


# ------------------------------------------------------------------ a maker's database


def test_a_lot_is_lost_by_its_makers_word_as_by_its_voice() -> None:
    held, _, lot = book()
    confirmed = lots.hear_maker(lot, moves.LEASE, author=lot.maker)
    assert isinstance(confirmed, Lot)
    held.keep_lot(turn(), confirmed)
    lost = LostLots(held, Community(identity(1)))

    said = Lost(lot.job, lot.epoch, samples.OURS, samples.RESTORED)
    lost.hear(turn(), says(handoff.LOST, said, incarnation=samples.RESTORED))

    assert held.lots[lot_key(lot.job, lot.epoch)].state == "lost"


def test_an_account_of_more_than_was_asked_for_settles_no_doubt() -> None:
    held, job, lot = book()
    key_ = lot_key(lot.job, lot.epoch)
    forgotten = lots.forget(lot)
    held.keep_lot(turn(), forgotten)
    held.claims[key_] = LotClosed(
        job.id, lot.epoch, identity(1).peer, lot.machine, lot.pieces + 1, 0, "made",
        (), 0, 0, samples.POLICY, b"",
    )  # fmt: skip

    spoken = turn()
    LostLots(held, Community(identity(1))).by_account(spoken, forgotten)

    assert codes(spoken) == ["ignored"]
    assert held.lots[key_] == forgotten


# ------------------------------------------------------------------ release


def held_back(start: HeldRow | None = None) -> Release:
    known = knowing()
    voice = test_book.book()[0].voice
    return Release(voice, known, Replica(voice, known), start=start)


def test_a_database_that_never_logged_unsays_all_that_it_wrote_while_held() -> None:
    release = held_back(HeldRow(FIRST, 0, None, ()))

    spoken = turn()
    release.wake(spoken, first=True)

    assert Unsay(FIRST, 0) in spoken.effects
    assert [it for it in of(spoken.effects, Drop) if it != Drop("own", "held")]


def test_a_peer_that_shows_us_others_records_as_ours_is_trusted_less() -> None:
    release = held_back()
    release.wake(turn(), first=False)

    spoken = turn()
    assert not release.known(spoken, KnownHeard(key(2).public.peer, tuple(talk(3, 1))))

    assert of(spoken.effects, Lower)
    assert release.held
