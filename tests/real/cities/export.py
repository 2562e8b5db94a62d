"""What a node's disk and its bench hold, read from outside while it runs or after."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fabnet.node.drivers.journal import Deed, Did, Journal
from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.records.ids import JobId, PeerId
from fabnet.records.record import Record, open_record
from tests.real.cities.towns import NETWORK, Town
from tests.sim.disk import read

BUSY_S = 5


@dataclass(frozen=True, slots=True)
class Export:
    """All of one town: what its node wrote, and what its machines did."""

    town: str
    peer: PeerId
    records: list[Record]
    rows: dict[str, dict[str, bytes]]
    stories: list[tuple[str, str, str]]
    """Subject, reason code and arguments, oldest first."""
    deeds: list[Did]
    good: Counter[str] = field(default_factory=Counter)
    """Good pieces on the bench, by lot."""
    gone: frozenset[str] = frozenset()
    """Records and lots of which this disk forgot something that a lost one knew."""

    def lots(self) -> dict[str, Lot]:
        return {key: read(row, Lot) for key, row in self.rows.get("lot", {}).items()}

    def makings(self) -> dict[str, Making]:
        found = self.rows.get("making", {})
        return {key: read(row, Making) for key, row in found.items()}

    def jobs(self) -> dict[str, Job]:
        found = {**self.rows.get("closed-job", {}), **self.rows.get("job", {})}
        return {key: read(row, Job) for key, row in found.items()}

    def kept(self, kind: str, key: str | None = None) -> list[Record]:
        """Return records of a kind, as the simulation's disk does."""
        return [
            record
            for record in self.records
            if record.kind == kind and key in (None, record.header.key)
        ]


@contextmanager
def opened(database: Path, *, locked: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a node's database to read; `locked`, nobody else can write meanwhile."""
    mode = "rw" if locked else "ro"
    uri = f"{database.as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE" if locked else "BEGIN")
        yield connection
        connection.execute("ROLLBACK")


def export(town: Town) -> Export:
    """Read a whole town; every signature is checked again."""
    with opened(town.database) as connection:
        deeds = Journal(town.journal).read()
        found = connection.execute(
            "SELECT envelope, body FROM record WHERE peer = ? ORDER BY arrival",
            (town.peer,),
        )
        records = [open_record(raw, body, network=NETWORK) for raw, body in found]
        rows: dict[str, dict[str, bytes]] = {}
        for table, key, row in connection.execute(
            "SELECT table_name, key, row FROM state WHERE peer = ?", (town.peer,)
        ):
            rows.setdefault(table, {})[key] = row
        stories = connection.execute(
            "SELECT subject, code, args FROM story WHERE peer = ? ORDER BY id",
            (town.peer,),
        ).fetchall()
    gone = gone_from(town)
    lies = bench(deeds)
    return Export(town.name, town.peer, records, rows, stories, deeds, lies, gone)


def gone_from(town: Town) -> frozenset[str]:
    """Return the records and lots of which a lost disk knew more than its backup."""
    lines = town.gone.read_text("ascii") if town.gone.exists() else ""
    return frozenset(lines.splitlines())


def lost_with(disk: Path, backup: Path) -> set[str]:
    """Return the records and lots of which only a `disk` knows all, and its backup not.

    A lot that is not over when its disk is lost is taken up by nobody but people.
    """
    (records, makings), (older, before) = _names_on(disk), _names_on(backup)
    final = {key for key, row in makings.items() if read(row, Making).state == "final"}
    kept = {key for key in final if before.get(key) == makings[key]}
    return (records - older) | (makings.keys() - kept)


def _names_on(database: Path) -> tuple[set[str], dict[str, bytes]]:
    with opened(database) as connection:
        records = connection.execute("SELECT id FROM record").fetchall()
        makings = connection.execute(
            "SELECT key, row FROM state WHERE table_name = 'making'"
        ).fetchall()
    return {id_ for (id_,) in records}, dict(makings)


def bench(deeds: list[Did]) -> Counter[str]:
    """Return how many good pieces of each lot lie there."""
    good = [did for did in deeds if did.did == "good"]
    return Counter(lot_key(JobId(did.job), did.epoch) for did in good)


def deeds_without_intent(town: Town, *, connection: sqlite3.Connection) -> list[str]:
    """Return what a machine began although no durable INTENT says so.

    The journal is read first, so whatever is in it was begun before `connection` looks.
    """
    deeds = [did for did in Journal(town.journal).read() if did.did == "begun"]
    gone = gone_from(town)
    found: list[str] = []
    for did in deeds:
        if f"{did.job}/{did.epoch}" in gone:
            continue
        row = connection.execute(
            "SELECT row FROM state WHERE peer = ? AND table_name = 'making'"
            " AND key = ?",
            (town.peer, f"{did.job}/{did.epoch}"),
        ).fetchone()
        making = None if row is None else read(row[0], Making)
        if making is None or did.piece > intended(making):
            said = "no lot" if making is None else f"piece {intended(making)}"
            found.append(f"H2: {town.name} acts at {name(did)}, on disk is {said}")
    return found


def has_more_to_begin(town: Town) -> bool:
    """Return whether a machine makes a piece now, and another of its lot comes next."""
    with opened(town.database) as connection:
        found = connection.execute(
            "SELECT row FROM state WHERE peer = ? AND table_name = 'making'",
            (town.peer,),
        )
        makings = [read(row, Making) for (row,) in found]
    return any(
        making.state == "running" and making.good + 1 < making.pieces
        for making in makings
    )


def intended(making: Making) -> int:
    """Return the newest piece of which an intent is, or was, durable."""
    return making.intent or making.good + making.scrap


def name(did: Did) -> str:
    """Return a piece in a few letters."""
    return f"{did.job[7:15]}/{did.epoch} piece {did.piece}"


def append(town: Town, did: Did, deed: Deed) -> None:
    """Write down what a person saw come out of a machine whose node was dead."""
    Journal(town.journal).write(msgspec.structs.replace(did, did=deed))
