"""Each check of the five towns finds what it is for: none of them cannot fail."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest

from fabnet.designs.documents.withdrawal import WithdrawalBody
from fabnet.node.drivers.journal import Deed, Did, Journal
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.records import canonical
from fabnet.records.ids import CharterId, RecordId
from fabnet.records.record import Record, seal_record
from tests.production.samples import (
    MACHINE,
    MAKER,
    NOON_MS,
    OURS,
    REQUESTER,
    asked,
    job,
    key,
    queued,
)
from tests.real.cities import checks, faults
from tests.real.cities.export import Export, bench, deeds_without_intent, lost_with
from tests.real.cities.towns import NETWORK, Town

LOT = lot_key(job(), 1)
GOOD: tuple[Deed, ...] = ("begun", "good")
MADE = (*GOOD, *GOOD, *GOOD)


def deeds(*did: Deed) -> list[Did]:
    """Return what a printer did, one piece after the other."""
    piece, found = 0, []
    for deed in did:
        piece += deed == "begun"
        found.append(Did(MACHINE, job(), 1, piece, deed))
    return found


def maker(making: Making | None, *did: Deed) -> Export:
    rows = {} if making is None else {"making": {LOT: canonical.encode(making)}}
    did_here = deeds(*did)
    return Export("porto", MAKER, [], rows, [], did_here, bench(did_here))


def requester(lot: Lot | None, *records: Record) -> Export:
    rows = {} if lot is None else {"lot": {LOT: canonical.encode(lot)}}
    return Export("jackson", REQUESTER, [*records], rows, [], [], Counter())


def final(good: int, scrap: int = 0) -> Making:
    return msgspec.structs.replace(
        queued(), state="final", good=good, scrap=scrap, reason="made"
    )


def closed(good: int) -> Lot:
    return msgspec.structs.replace(asked(), state="closed", good=good, incarnation=OURS)


def said(seq: int, prev: RecordId | None, what: bytes, by: int = 2) -> Record:
    return seal_record(
        key(by), network=NETWORK, kind="withdrawal/1", incarnation=OURS, seq=seq,
        prev=prev, moment_ms=NOON_MS, about="x", body=WithdrawalBody(what),
    )  # fmt: skip


def invariants(found: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in found}


def test_a_job_that_went_well_leaves_nothing_to_say() -> None:
    towns = [maker(final(3), *MADE), requester(closed(3))]

    assert checks.out_of_hand(towns) == []
    assert checks.misbooked(towns) == []
    assert checks.at_odds(towns) == []


def test_pieces_that_nobody_asked_for_are_found() -> None:
    assert invariants(checks.over_made([maker(final(3), *MADE)])) == {"H1"}


def test_a_piece_begun_without_an_account_is_found() -> None:
    assert invariants(checks.out_of_hand([maker(None, *GOOD)])) == {"H2"}
    assert invariants(checks.out_of_hand([maker(final(2), *MADE)])) == {"H2"}


def test_a_piece_begun_twice_is_found() -> None:
    town = maker(final(3), *MADE)
    again = Did(MACHINE, job(), 1, 1, "begun")
    town.deeds.append(again)

    assert checks.out_of_hand([town])[0].startswith("H2: porto")


def test_two_pieces_in_one_machine_are_found() -> None:
    town = maker(final(2), "begun", "begun", "good")

    assert invariants(checks.out_of_hand([town])) == {"H9"}


@pytest.mark.parametrize("booked", [2, 4])
def test_a_book_that_is_not_the_bench_is_found(booked: int) -> None:
    maker_says = [maker(final(booked), *MADE), requester(closed(3))]
    requester_says = [maker(final(3), *MADE), requester(closed(booked))]

    assert invariants(checks.misbooked(maker_says)) == {"H3"}
    assert invariants(checks.misbooked(requester_says)) == {"H6"}


def test_pieces_in_nobodys_book_are_found() -> None:
    towns = [maker(final(3), *MADE), requester(None)]

    assert invariants(checks.misbooked(towns)) == {"L2"}


def test_a_fork_is_found_wherever_the_two_records_are() -> None:
    one, other = said(1, None, b"made"), said(1, None, b"not made")

    assert checks.forked([requester(None, one), requester(None, one)]) == []
    found = checks.forked([requester(None, one), requester(None, other)])
    assert invariants(found) == {"R5"}


def test_a_hole_in_a_log_is_found() -> None:
    first = said(1, None, b"one")
    third = said(3, first.id, b"three")

    assert invariants(checks.forked([requester(None, first, third)])) == {"R3"}


def test_what_was_acknowledged_and_is_gone_is_found() -> None:
    kept, lost = said(1, None, b"one"), said(1, None, b"two")
    acknowledged = [(0, "request", kept.id), (0, "request", lost.id)]

    found = checks.forgotten([requester(None, kept)], acknowledged)

    assert invariants(found) == {"S1"}
    assert len(found) == 1


def test_what_went_with_a_lost_disk_is_asked_of_nobody() -> None:
    lost = said(1, None, b"two")
    forgetful = replace(maker(None, *GOOD), gone=frozenset({LOT, lost.id}))

    assert checks.out_of_hand([forgetful]) == []
    assert checks.misbooked([forgetful]) == []
    assert checks.forgotten([forgetful], [(0, "request", lost.id)]) == []


def test_a_lot_that_was_not_over_went_with_its_disk(tmp_path: Path) -> None:
    disk, backup = tmp_path / "disk.db", tmp_path / "backup.db"
    rows = {"over/1": final(3), "later/1": final(3), "open/1": queued()}
    with_rows(disk, ["one", "two"], rows)
    with_rows(backup, ["one"], {**rows, "later/1": queued()})

    assert lost_with(disk, backup) == {"two", "later/1", "open/1"}


def with_rows(path: Path, records: list[str], makings: dict[str, Making]) -> None:
    with closing(sqlite3.connect(path)) as disk:
        disk.execute("CREATE TABLE record (id)")
        disk.executemany("INSERT INTO record VALUES (?)", [(it,) for it in records])
        disk.execute("CREATE TABLE state (table_name, key, row)")
        found = [("making", key, canonical.encode(it)) for key, it in makings.items()]
        disk.executemany("INSERT INTO state VALUES (?, ?, ?)", found)
        disk.commit()


def test_towns_that_know_different_records_are_found() -> None:
    towns = [requester(None, said(1, None, b"one")), requester(None)]

    assert invariants(checks.at_odds(towns)) == {"R1"}
    assert invariants(checks.unsettled(towns)) == {"L1"}


def test_what_is_still_open_is_found() -> None:
    waiting = maker(queued())
    waiting.rows["outbox"] = {"someone 1": b""}
    waiting.rows["job"] = {job(): b""}

    assert len(checks.unsettled([waiting])) == 3


@pytest.mark.parametrize(
    ("making", "late"),
    [
        (None, True),
        (queued(), True),
        (msgspec.structs.replace(queued(), state="running", intent=1), False),
        (msgspec.structs.replace(queued(), state="running", good=1), False),
    ],
)
def test_an_act_whose_intent_is_not_on_disk_is_found(
    tmp_path: Path, making: Making | None, late: bool
) -> None:
    town = Town("porto", tmp_path, "", MAKER, CharterId("sha256:" + "0" * 64))
    Journal(town.journal).write(Did(MACHINE, job(), 1, 1, "begun"))
    with closing(sqlite3.connect(":memory:")) as disk:
        disk.execute("CREATE TABLE state (peer, table_name, key, row)")
        if making is not None:
            row = (MAKER, "making", LOT, canonical.encode(making))
            disk.execute("INSERT INTO state VALUES (?, ?, ?, ?)", row)

        found = deeds_without_intent(town, connection=disk)

    assert bool(found) == late


def test_a_seed_draws_the_same_twenty_faults_and_every_kind_twice() -> None:
    drawn = faults.drawn(Random(7), 5)

    assert drawn == faults.drawn(Random(7), 5)
    assert len(drawn) == faults.EVENTS
    kinds = Counter(fault.kind for fault in drawn)
    assert set(kinds) == set(faults.KINDS)
    assert min(kinds.values()) >= 2
    assert all(fault.told(list("abcde")) for fault in drawn)
