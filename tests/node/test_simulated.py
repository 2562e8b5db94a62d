"""What a simulated machine does, and what it writes down of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.content.cid import of_raw
from fabnet.errors import InputError
from fabnet.node.drivers.journal import Did, Journal
from fabnet.node.drivers.simulated import Simulated
from fabnet.protocol.effects import Act
from fabnet.records.ids import JobId, MachineId

JOB = JobId(of_raw(b"job"))
PRINTER = MachineId("porto/printer-1")


def piece(number: int, run_s: int = 0) -> Act:
    return Act(PRINTER, JOB, 1, number, of_raw(b"design"), "Hook", run_s, 1)


def printer(journal: Journal | None) -> Simulated:
    return Simulated(power_w=1, time_factor=1, scrap_every=2, journal=journal)


async def quiet(_: int) -> None:
    """Listen to its progress, and do nothing."""


@pytest.mark.asyncio
async def test_it_writes_down_each_piece_before_and_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "bench.jsonl")
    machine = printer(journal)
    seen: list[list[str]] = []

    async def look(_: int) -> None:
        seen.append([did.did for did in journal.read()])

    first = await machine.make(piece(1), look)
    second = await machine.make(piece(2), quiet)

    assert (first.good, second.good) == (True, False)
    assert seen[0] == seen[-1] == ["begun"]
    told = [(did.piece, did.did) for did in journal.read()]
    assert told == [(1, "begun"), (1, "good"), (2, "begun"), (2, "scrap")]


@pytest.mark.asyncio
async def test_a_piece_whose_node_died_stands_there_as_begun(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "bench.jsonl")
    making = asyncio.ensure_future(printer(journal).make(piece(1, 3_600), quiet))
    while not journal.read():
        await asyncio.sleep(0)

    making.cancel()

    assert journal.read() == [Did(PRINTER, JOB, 1, 1, "begun")]
    with pytest.raises(asyncio.CancelledError):
        await making


@pytest.mark.asyncio
async def test_it_begins_nothing_that_it_cannot_write_down(tmp_path: Path) -> None:
    told: list[int] = []

    async def tell(permille: int) -> None:
        told.append(permille)

    with pytest.raises(FileNotFoundError):
        await printer(Journal(tmp_path / "no" / "bench")).make(piece(1), tell)

    assert told == []


def test_a_machine_that_did_nothing_has_an_empty_journal(tmp_path: Path) -> None:
    assert Journal(tmp_path / "bench.jsonl").read() == []


def test_a_journal_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bench.jsonl"
    path.write_text("begun\n")

    with pytest.raises(InputError, match=r"bench\.jsonl"):
        Journal(path).read()
