"""A job remembers which machines said no, and up to which version of their offers."""

from __future__ import annotations

import msgspec

from fabnet.content.cid import of_raw
from fabnet.production.job import REFUSED_MAX, Job, RefusedOffer, refusing
from fabnet.production.place import place_at
from fabnet.production.request import Item, Request
from fabnet.records.ids import INT_MAX, CharterId, JobId, MachineId
from fabnet.records.keys import SigningKey

PEER = SigningKey.from_seed(bytes(32)).public.peer
CID = of_raw(b"hook")


def job() -> Job:
    request = Request(
        (Item(CID, "Hook", 6),), 1_000, None, "other", "make_for_peer_at_cost",
        (), (), None, place_at(0, 0), CharterId("sha256:" + "0" * 64), "0" * 64,
    )  # fmt: skip
    return Job(JobId(CID), request, "open", 0, (6,), (0,), (), None, b"", bytes(32))


def no(machine: str, version: int) -> RefusedOffer:
    return RefusedOffer(PEER, MachineId(f"shop/{machine}"), version)


def test_a_no_for_good_is_not_undone_by_a_passing_one_of_the_same_machine() -> None:
    refused = refusing(
        refusing(job(), no("printer", INT_MAX)), no("printer", 4)
    ).refused

    assert refused == (no("printer", INT_MAX),)


def test_beyond_the_bound_the_machine_that_said_no_longest_ago_is_forgotten() -> None:
    asked = job()
    for number in range(REFUSED_MAX + 1):
        asked = refusing(asked, no(f"printer-{number}", 1))

    assert len(asked.refused) == REFUSED_MAX
    assert asked.refused[0] == no("printer-1", 1)
    assert msgspec.structs.replace(asked, refused=()) == job()
