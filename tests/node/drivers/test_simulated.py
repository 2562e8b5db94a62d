"""What a simulated machine does, and what it writes down of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.errors import InputError
from fabnet.node.clock import SystemClock
from fabnet.node.drivers.journal import Did, Journal
from fabnet.node.drivers.memory import TASKS_MAX, Memory, Task
from fabnet.node.drivers.simulated import Pretence, Simulated
from tests.node.drivers.contract import JOB, PRINTER, piece, quiet


def printer(journal: Journal | None) -> Simulated:
    return Simulated(Pretence(SystemClock(), 1, scrap_every=2, journal=journal))


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


def test_a_memory_keeps_the_last_pieces_and_lets_the_oldest_go(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "controller.json")
    for number in range(TASKS_MAX + 1):
        memory.add(Task(f"piece-{number}", 0, 1, True))

    assert len(Memory(tmp_path / "controller.json").tasks()) == TASKS_MAX
    assert memory.task("piece-0") is None
    assert memory.task(f"piece-{TASKS_MAX}") is not None


def test_a_memory_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "controller.json"
    path.write_text("[{}]")

    with pytest.raises(InputError, match=r"controller\.json"):
        Memory(path).tasks()
