"""What the parts of the mind refuse at their bounds, and what they name."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.cooperation import vouching
from fabnet.production.lots import lot as lots
from fabnet.production.receipt import LotClosed, lot_key
from fabnet.protocol import community as communities
from fabnet.protocol.effects import Answer, Note, Turn
from fabnet.protocol.events import AcceptLot, CancelRequest
from fabnet.protocol.handoff.asking import Asking
from fabnet.protocol.replica import papers as held_papers
from fabnet.protocol.replica.papers import Papers
from fabnet.records.ids import RecordId
from fabnet.records.refusal import Refusal
from tests.production import moves, samples
from tests.protocol.minds import (
    LOOM,
    MILL,
    community,
    knowing,
    papers,
    turn,
)
from tests.protocol.test_book import book
from tests.protocol.test_vouching import by_mill


def answered(spoken: Turn) -> str:
    """Return why the last ask was refused."""
    (answer,) = [each for each in spoken.effects if isinstance(each, Answer)]
    assert isinstance(answer.result, Refusal)
    return answer.result.reason


def test_a_lot_is_accepted_once_and_not_before_its_account_is_here() -> None:
    held, job = book()
    (lot,) = held.lots_of(job.id)
    closed = msgspec.structs.replace(lot, state="closed", closed=lot.job)
    held.keep_lot(turn(), closed)
    said = AcceptLot(1, job.id, lot.epoch, ())

    early = turn()
    Asking(held, knowing()).accept(early, said)
    assert answered(early) == "no-lot-closed"

    held.claims[lot_key(lot.job, lot.epoch)] = LotClosed(
        job.id, lot.epoch, samples.REQUESTER, lot.machine, 3, 0, "made", (), 0, 0,
        samples.POLICY, b"",
    )  # fmt: skip
    held.keep_lot(turn(), lots.accept(closed))
    again = turn()
    Asking(held, knowing()).accept(again, said)
    assert answered(again) == "already-accepted"


def test_a_cancelled_job_is_named_by_its_request_also_when_nothing_was_logged() -> None:
    held, job = book()
    (lot,) = held.lots_of(job.id)
    confirmed = lots.hear_maker(lot, moves.LEASE, author=lot.maker)
    assert isinstance(confirmed, lots.Lot)
    held.keep_lot(turn(), confirmed)

    spoken = turn()
    Asking(held, knowing()).cancel(spoken, CancelRequest(1, job.id))

    assert Answer(1, RecordId(job.id)) in spoken.effects


def test_a_charter_is_read_and_counted_before_it_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = community()
    unread = ours.learn_charter(turn(), b"not a charter")
    assert unread == Refusal("charter-unreadable")

    assert ours.learn_charter(turn(), MILL) is None
    monkeypatch.setattr(communities, "CHARTERS_MAX", 1)
    full = ours.learn_charter(turn(), LOOM)
    assert full == Refusal("too-many-charters", (("most", 1),))


def test_there_is_an_end_to_lists_of_vouches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vouching, "LISTS_MAX", 0)

    refusal = knowing().learn(turn(), by_mill()[1])

    assert refusal == Refusal("too-many-vouches", (("most", 0),))


def test_a_document_that_rests_on_a_charter_which_is_not_here_needs_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_papers, "WAITING_MAX", 0)
    *_, vouched = papers()

    spoken = turn()
    waiting = Papers(community())
    assert waiting.hear(spoken, vouched, kept=False) is not None

    assert not waiting.waiting
    (told,) = [each for each in spoken.effects if isinstance(each, Note)]
    assert told.code == "document-not-held"
