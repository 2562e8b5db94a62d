"""What a peer's state rows remember, given back to its parts after a restart.

Each part writes rows of its own tables, named here once more; nothing replays a log.
Rows that no longer read are a fault of ours or of the disk, and stop the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot, is_over
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.production.receipt import LotClosed
from fabnet.protocol.community import Community, DocumentRow, VouchesRow
from fabnet.protocol.courier import Courier, OutboxRow, Route, RouteRow
from fabnet.protocol.effects import Turn
from fabnet.protocol.gossip import CursorRow, Gossip
from fabnet.protocol.handoff.book import JOBS_OPEN_MAX, RESTORED, Book, Early
from fabnet.protocol.handoff.doubt.recovery import Recovery, Stray
from fabnet.protocol.handoff.workshop import Workshop
from fabnet.protocol.release import HeldRow, Release
from fabnet.protocol.replica import bare, checkpoints
from fabnet.protocol.replica.checkpoints import CheckpointRow
from fabnet.protocol.replica.ends import ChainRow
from fabnet.protocol.replica.papers import PaperRow
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.voice import CountRow, HeadRow, Voice
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, Now, PeerId, RecordId
from fabnet.records.message import MessageHeader, stored_message
from fabnet.records.proofs.fork import ForkPair, stored_fork

ROW_BYTES_MAX: Final = 64 * 1_024
"""No row is longer than a body and what a message adds."""

B = TypeVar("B", bound=Body)
Rows = Mapping[str, Mapping[str, bytes]]


def restore(
    rows: Rows,
    *,
    voice: Voice,
    community: Community,
    courier: Courier,
    gossip: Gossip,
    replica: Replica,
    book: Book,
    workshop: Workshop,
    recovery: Recovery,
    release: Release,
) -> None:
    """Give every part back what it wrote."""
    _restore_voice(rows, voice)
    _restore_community(rows, community)
    spoke = _read(rows, "own", Incarnation, only="incarnation").get("incarnation")
    recovery.spoke = spoke
    recovery.recovering = bool(_read(rows, "own", Incarnation, only="recovering"))
    recovery.fenced = set(map(PeerId, rows.get("fenced", {})))
    recovery.strays = _read(rows, "stray", Stray)
    release.start = _read(rows, "own", HeldRow, only="held").get("held")
    _restore_courier(rows, courier, spoke=spoke)
    for peer, cursor in _read(rows, "cursor", CursorRow).items():
        gossip.cursors[PeerId(peer)] = cursor
    for peer, arrival in _read(rows, "lost", CountRow).items():
        gossip.lost[PeerId(peer)] = arrival.count
    _restore_replica(rows, replica)
    _restore_book(rows, book)
    for key, making in _read(rows, "making", Making).items():
        workshop.remember(key, making)
    workshop.remnants = _read(rows, "remnant", Remnant)
    for peer, newer in _read(rows, "fence", Incarnation).items():
        workshop.fences[PeerId(peer)] = newer


def _restore_replica(rows: Rows, replica: Replica) -> None:
    ours = replica.voice.identity
    for place, head in _read(rows, "head", ChainRow).items():
        author, counter, random = place.split(" ")
        incarnation = Incarnation(int(counter), int(random))
        replica.heads[PeerId(author), incarnation] = head
    for place, row in rows.get("own", {}).items():
        # What an earlier database of ours said, others may bring back.
        if place.startswith("head ") and place != ours.head_key:
            _, counter, random = place.split(" ")
            incarnation = Incarnation(int(counter), int(random))
            own = canonical.decode(row, HeadRow, bytes_max=ROW_BYTES_MAX)
            head = ChainRow(own.seq, own.id)
            replica.heads.setdefault((ours.peer, incarnation), head)
    for place, checked in _read(rows, checkpoints.TABLE, CheckpointRow).items():
        author, counter, random = place.split(" ")
        incarnation = Incarnation(int(counter), int(random))
        replica.checkpoints.rows[PeerId(author), incarnation] = checked
    for place in rows.get(bare.TABLE, {}):
        replica.bare.remember(place)
    for paper in _read(rows, "paper", PaperRow).values():
        replica.papers.remember(paper)
    for key in rows.get("recall", {}):
        peer, _, record = key.partition(" ")
        known = replica.papers.recalls.setdefault(PeerId(peer), set())
        known.add(RecordId(record))
    for pair in _read(rows, "fork", ForkPair).values():
        replica.ends.remember(stored_fork(pair))


def _restore_voice(rows: Rows, voice: Voice) -> None:
    head = _read(rows, "own", HeadRow, only=voice.identity.head_key)
    for row in head.values():
        voice.seq, voice.prev = row.seq, row.id
    for count in _read(rows, "own", CountRow, only="arrival").values():
        voice.arrival = count.count
    for count in _read(rows, "own", CountRow, only="beside").values():
        voice.beside = count.count
    for counter, count in _read(rows, "notice", CountRow).items():
        voice.counters[counter] = count.count


def _restore_community(rows: Rows, community: Community) -> None:
    """Verify all documents anew: the disk is not trusted with who belongs."""
    turn = Turn(Now(0, 0, ""))
    for _, row in sorted(_read(rows, "charter", DocumentRow).items()):
        community.learn_charter(turn, row.document)
    for _, row in sorted(_read(rows, "membership", DocumentRow).items()):
        community.learn_membership(turn, row.document)
    for _, row in sorted(_read(rows, "policy", DocumentRow).items()):
        community.learn_policy(turn, row.document)
    for _, lists in sorted(_read(rows, "vouches", VouchesRow).items()):
        for document in lists.documents:
            community.vouching.learn(document, community.charters)
    community.vouching.touched.clear()


def _restore_courier(
    rows: Rows, courier: Courier, *, spoke: Incarnation | None
) -> None:
    for peer, incarnation in _read(rows, "met", Incarnation).items():
        courier.newest[PeerId(peer)] = incarnation
    if spoke != courier.identity.incarnation:
        # All of it was counted from and to an earlier database of ours.
        tables = ("outbox", "route", "taken", "unsent")
        courier.void = [(table, key) for table in tables for key in rows.get(table, {})]
        return
    for peer, route in _read(rows, "route", RouteRow).items():
        courier.routes[PeerId(peer)] = Route(route.to, route.next_seq)
    for key, row in sorted(_read(rows, "outbox", OutboxRow).items()):
        message = stored_message(row.envelope)
        courier.routes[PeerId(key.split(" ")[0])].waiting[row.seq] = message
    courier.unsent = _read(rows, "unsent", MessageHeader)
    for peer, taken in _read(rows, "taken", CountRow).items():
        courier.taken[PeerId(peer)] = taken.count


def _restore_book(rows: Rows, book: Book) -> None:
    for job in _read(rows, "job", Job).values():
        book.remember_job(job)
    for key, lot in _read(rows, "lot", Lot).items():
        if lot.job in book.jobs or not is_over(lot):
            book.lots[key] = lot
    for key, claim in _read(rows, "claim", LotClosed).items():
        if key in book.lots:
            book.claims[key] = claim
    book.early = _read(rows, "early", Early)
    if book.voice.identity.incarnation.counter > 1:
        closed = _read(rows, "closed-job", Job).values()
        ended = [job for job in closed if job.unplaced == RESTORED][-JOBS_OPEN_MAX:]
        book.ended = {job.id: job for job in ended}


def _read(
    rows: Rows, table: str, of: type[B], *, only: str | None = None
) -> dict[str, B]:
    return {
        key: canonical.decode(row, of, bytes_max=ROW_BYTES_MAX)
        for key, row in rows.get(table, {}).items()
        if only is None or key == only
    }
