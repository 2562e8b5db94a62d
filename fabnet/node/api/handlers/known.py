"""What this node knows, as its durable state and records tell it.

The peer is never asked: what is on disk is what it has promised, and a reader of the
disk cannot hold it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from fabnet.errors import RemoteError
from fabnet.node.shell import Shell
from fabnet.node.terms import ROW_BYTES_MAX, community_of
from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.protocol.community import Community, DocumentRow
from fabnet.protocol.handoff.doubt.recovery import Stray
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.civil import moment_of
from fabnet.records.credential import Json, strict_loads
from fabnet.records.ids import CharterId, Incarnation, PeerId, RecordId
from fabnet.records.record import Record

B = TypeVar("B", bound=Body)

PAGE: Final = 500
"""Records fetched at a time: the store's own bound."""
NOTICES_MAX: Final = 5_000
"""Notices looked at for one answer: a thousand workshops of five machines."""

Rows = Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Books:
    """Jobs and lots at both ends, and who vouches for whom."""

    jobs: dict[str, Job]
    """Filed here, open and closed."""
    lots: dict[str, Lot]
    """By job and epoch, as the requester here holds them."""
    makings: dict[str, Making]
    """By job and epoch, as the facility here holds them."""
    remnants: dict[str, Remnant]
    """By job and epoch, what is left of lots that an earlier database here had."""
    strays: dict[str, Stray]
    """By job and epoch, lots that only their makers know of."""
    restored: Incarnation | None
    """This database's, if it ever took over from another."""
    members: frozenset[CharterId]
    """Charters that a federation we trust vouches for now, and our own."""
    nodes: dict[str, CharterId]
    """By peer, the cooperative whose charter names it."""
    names: dict[str, str]
    """What cooperatives call themselves, by charter."""
    start_by_s: dict[str, int]
    """How long after its window a lot may begin, by the charter whose policy says."""

    def lots_of(self, job: str) -> list[Lot]:
        """Return the lots that were asked for a job, the oldest first."""
        found = [lot for lot in self.lots.values() if lot.job == job]
        return sorted(found, key=lambda lot: lot.epoch)

    def makings_of(self, job: str) -> list[Making]:
        """Return the lots that were made here for a job, the oldest first."""
        found = [making for making in self.makings.values() if making.job == job]
        return sorted(found, key=lambda making: making.epoch)


async def books(shell: Shell) -> Books:
    """Return what the peer has written down."""
    rows = await asyncio.to_thread(shell.store.rows)
    return Books(
        _read(rows, "closed-job", Job) | _read(rows, "job", Job),
        _read(rows, "lot", Lot),
        _read(rows, "making", Making),
        _read(rows, "remnant", Remnant),
        _read(rows, "stray", Stray),
        _recovering(rows),
        _members(shell, rows),
        _nodes(rows),
        _names(rows),
        _start_by_s(rows),
    )


async def community(shell: Shell) -> Community:
    """Return who belongs, read anew: a copy to try documents on."""
    return await asyncio.to_thread(community_of, shell.store, shell.identity)


async def records_of(
    shell: Shell,
    kind: str,
    *,
    key: str | None = None,
    author: PeerId | None = None,
    most: int = NOTICES_MAX,
) -> list[Record]:
    """Return records of one kind, the newest first, those whose body is here."""
    found: list[Record] = []
    before: RecordId | None = None
    while len(found) < most:
        page = await shell.store.records(
            kind=kind, key=key, author=author, limit=PAGE, before=before
        )
        found += [record for record in page if record.body is not None]
        if len(page) < PAGE:
            break
        before = page[-1].id
    return found[:most]


def readable(record: Record, of: type[B]) -> B | None:
    """Return a record's body, or nil when it is not what its kind says."""
    try:
        return record.read(of)
    except RemoteError:
        return None


def _read(rows: Rows, table: str, of: type[B]) -> dict[str, B]:
    return {
        key: canonical.decode(row, of, bytes_max=ROW_BYTES_MAX)
        for key, row in rows.get(table, {}).items()
    }


def _recovering(rows: Rows) -> Incarnation | None:
    row = rows.get("own", {}).get("recovering")
    if row is None:
        return None
    return canonical.decode(row, Incarnation, bytes_max=ROW_BYTES_MAX)


def _members(shell: Shell, rows: Rows) -> frozenset[CharterId]:
    """Return who is vouched for; the documents were verified before they were kept."""
    now_ms = shell.clock.now().moment_ms
    found = {shell.identity.charter}
    for key, row in rows.get("membership", {}).items():
        federation, _, member = key.partition(" ")
        until = _document(row).get("validUntil")
        is_trusted = federation in shell.identity.trust
        if is_trusted and isinstance(until, str) and now_ms < moment_of(until):
            found.add(CharterId(member))
    return frozenset(found)


def _nodes(rows: Rows) -> dict[str, CharterId]:
    """Return whose each node is: the oldest charter that names it counts."""
    found: dict[str, CharterId] = {}
    for key, row in sorted(rows.get("charter", {}).items()):
        charter, _, _ = key.partition(" ")
        subject = _document(row).get("credentialSubject")
        nodes = subject.get("nodes") if isinstance(subject, dict) else None
        for node in nodes if isinstance(nodes, list) else ():
            found.setdefault(str(node), CharterId(charter))
    return found


def _names(rows: Rows) -> dict[str, str]:
    """Return what each charter's newest version calls its cooperative."""
    found: dict[str, tuple[int, str]] = {}
    for key, row in rows.get("charter", {}).items():
        charter, _, _ = key.partition(" ")
        subject = _document(row).get("credentialSubject")
        if not isinstance(subject, dict):
            continue
        name, version = subject.get("name"), subject.get("version")
        if isinstance(name, str) and isinstance(version, int):
            found[charter] = max(found.get(charter, (0, "")), (version, name))
    return {charter: name for charter, (_, name) in found.items()}


def _start_by_s(rows: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for charter, row in rows.get("policy", {}).items():
        subject = _document(row).get("credentialSubject")
        told = subject.get("startByS") if isinstance(subject, dict) else None
        if isinstance(told, int):
            found[charter] = told
    return found


def _document(row: bytes) -> dict[str, Json]:
    """Return the document in a row; it was verified before it was written."""
    held = canonical.decode(row, DocumentRow, bytes_max=ROW_BYTES_MAX)
    return strict_loads(held.document)
