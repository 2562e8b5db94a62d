"""What the requester's book does with a job that may not go on."""

from __future__ import annotations

from fabnet.production.job import Job
from fabnet.production.lots import lot as lots
from fabnet.production.place import place_at
from fabnet.production.request import Item, Request
from fabnet.protocol.courier import Courier
from fabnet.protocol.handoff.book import Book
from fabnet.records.ids import CharterId
from tests.production import samples
from tests.protocol.minds import identity, turn, voice


def book() -> tuple[Book, Job]:
    """A job of six pieces, of which three are asked of a maker."""
    lot = samples.asked(3)
    request = Request(
        (Item(lot.revision, lot.part, 6),), samples.NOON_MS, None, "other",
        "make_for_peer_at_cost", (), (), None, place_at(0, 0),
        CharterId("sha256:" + "0" * 64), "0" * 64,
    )  # fmt: skip
    job = Job(lot.job, request, "open", 1, (3,), (0,), (), None, b"", b"s" * 32)
    held = Book(voice(), Courier(identity(1)))
    held.keep_job(turn(), job)
    held.keep_lot(turn(), lot)
    return held, job


def test_a_refused_job_stays_until_the_lots_that_were_placed_are_over() -> None:
    held, job = book()

    held.refuse(turn(), job, "licence-review-disputed")

    assert held.jobs[job.id].state == "refused"
    (lot,) = held.lots_of(job.id)
    held.drop(turn(), lots.give_up(lot))
    assert job.id not in held.jobs
    assert not held.lots


def test_a_refused_job_of_which_nothing_was_placed_is_closed_at_once() -> None:
    held, job = book()
    held.lots.clear()

    held.refuse(turn(), job, "licence-review-disputed")

    assert not held.jobs
