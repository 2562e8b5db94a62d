"""What must hold whatever the climate: checked at each commit, send and piece.

H1 to H9 are those of the model of the hand-off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from fabnet.cooperation.benches import WRITE_OFF_KIND, WriteOffBody
from fabnet.cooperation.charter import CharterBody, named_in, open_charter
from fabnet.cooperation.credit import Posting, balances, match
from fabnet.production import handoff, receipt
from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import Acceptance, LotClosed, lot_key
from fabnet.production.request import KIND as REQUEST
from fabnet.production.request import Request
from fabnet.protocol.courier import OutboxRow
from fabnet.protocol.effects import Act, Drop, Effect, Keep, Note, Put, Unsay
from fabnet.protocol.replica import ends
from fabnet.protocol.replica.ends import ChainRow, place_key
from fabnet.protocol.replica.papers import STANDING_KINDS
from fabnet.protocol.voice import CountRow
from fabnet.records.ids import CharterId, Incarnation, PeerId, RecordId
from fabnet.records.message import Message
from fabnet.records.proofs.fork import ForkPair, stored_fork
from fabnet.records.record import Record
from tests.sim.disk import Disk, Durable, read
from tests.sim.shelf import withdrawn_at
from tests.sim.steps import Steps

Known = tuple[Incarnation | None, int]
"""The newest database met of a message's author, and how many of it were taken."""
Piece = tuple[str, int]
"""A lot's key, and the piece's number in it."""


@dataclass(slots=True)
class Bench:
    """What one workshop's machines physically do, whatever its node knows of it."""

    good: Counter[str] = field(default_factory=Counter)
    """Good pieces there are, by lot."""
    scrap: Counter[str] = field(default_factory=Counter)
    in_machine: dict[str, Piece] = field(default_factory=dict)
    came_out: dict[Piece, bool] = field(default_factory=dict)
    """Every piece that ever left a machine: good, or scrap."""


@dataclass(slots=True)
class Invariants:
    """Looks at all sites at once, as nobody in the world can."""

    disks: dict[PeerId, Disk] = field(default_factory=dict)
    benches: dict[PeerId, Bench] = field(default_factory=dict)
    said: dict[tuple[str, ...], RecordId] = field(default_factory=dict)
    """What each author said at each place in its log, or of each notice."""
    heads: dict[tuple[PeerId, PeerId, int, int], tuple[int, RecordId]] = field(
        default_factory=dict
    )
    """By disk, author and incarnation."""
    wanted: dict[str, int] = field(default_factory=dict)
    """Pieces of each job."""
    good: Counter[str] = field(default_factory=Counter)
    """Good pieces of each job that exist anywhere."""
    written_off: Counter[str] = field(default_factory=Counter)
    """Pieces of each job that a person signed off."""
    ended: dict[tuple[PeerId, PeerId, str], str] = field(default_factory=dict)
    """Lots of which a maker told someone that no more is made, and how it said so."""
    made_for: dict[tuple[PeerId, str], PeerId] = field(default_factory=dict)
    """Who asked for what is in a machine."""
    made_by: dict[tuple[PeerId, str], Incarnation] = field(default_factory=dict)
    """Which database of a maker had the pieces of a lot made."""
    steps: Steps = field(default_factory=Steps)

    def replaced(self, peer: PeerId, disk: Disk) -> None:
        """Know that a site goes on with another disk: its chains are as long as it has.

        What it said before stays said, so that a fork is seen.
        """
        self.disks[peer] = disk
        self.heads = {at: head for at, head in self.heads.items() if at[0] != peer}
        self.steps.replaced(peer, disk.rows)
        for record, _ in disk.records.values():
            header = record.header
            at = (header.incarnation.counter, header.incarnation.random)
            if not record.is_notice:
                self.heads[peer, record.author, *at] = (header.seq, record.id)

    # ------------------------------------------------------------------ commits

    def committed(self, peer: PeerId, durable: Sequence[Durable]) -> None:
        self.steps.committed(peer, durable)
        jobs: set[str] = set()
        for effect in durable:
            match effect:
                case Keep(record):
                    self._kept(peer, record)
                case Put("lot", _, row):
                    lot = read(row, Lot)
                    jobs.add(lot.job)
                    self._booked(lot)
                case Put("job", key, _):
                    jobs.add(key)
                case Unsay():
                    self.replaced(peer, self.disks[peer])
                case _:
                    pass
        for job in sorted(jobs):
            self._balanced(self.disks[peer], job)

    def _kept(self, peer: PeerId, record: Record) -> None:
        header = record.header
        at = (header.incarnation.counter, header.incarnation.random)
        about = (record.kind, header.key or "") if record.is_notice else ()
        place = (record.author, *map(str, at), str(header.seq), *about)
        if record.author != peer:
            # What its author has on disk itself may never have left it.
            assert self.said.setdefault(place, record.id) == record.id, "R5: a fork"
        if record.is_notice:
            return
        self._is_let_in(peer, record)
        seq, head = self.heads.get((peer, record.author, *at), (0, None))
        if record.kind in STANDING_KINDS and header.seq != seq + 1:
            return  # carried for its document, wherever its log ends
        if header.seq <= seq and record.body is not None:
            return  # it had come bare: the disk takes nothing else twice
        assert header.seq == seq + 1, "R3: a hole in a chain"
        assert header.prev == head, "R3: does not follow its log"
        self.heads[peer, record.author, *at] = (header.seq, record.id)
        if record.kind == WRITE_OFF_KIND and record.author == peer:
            body = record.read(WriteOffBody)
            self.written_off[body.job] += body.missing
        if record.kind == REQUEST and record.body is not None:
            items = record.read(Request).items
            self.wanted[record.id] = sum(item.pieces for item in items)

    def _is_let_in(self, peer: PeerId, record: Record) -> None:
        """Check that a log record is one that still counts where it is kept."""
        header = record.header
        if record.author == peer or record.kind in STANDING_KINDS:
            return
        author = place_key(record.author, header.incarnation)
        proof = self.disks[peer].rows.get("fork", {}).get(author)
        if proof is not None:
            seq = stored_fork(read(proof, ForkPair)).seq
            assert header.seq < seq, "R4: a record past where its author forked"
        head = self.disks[peer].rows.get("head", {}).get(author)
        if head is not None:
            weighs = read(head, ChainRow).body_bytes
            assert weighs <= ends.LOG_BYTES_MAX, "R6: a log longer than its quota"

    def _booked(self, lot: Lot) -> None:
        on_bench = self.benches[lot.maker].good[lot_key(lot.job, lot.epoch)]
        assert lot.good <= on_bench, "H3: booked what is not on the bench"
        if lot.state == "closed":
            assert lot.good == on_bench, "H6: closed, and the book is not the bench"
        if lot.state in ("asked", "dropped"):
            assert on_bench == 0, "made before CONFIRM"

    def _balanced(self, disk: Disk, id_: str) -> None:
        job = disk.job(id_)
        if job is None:
            return
        lots = [
            read(row, Lot)
            for key, row in disk.rows.get("lot", {}).items()
            if key.startswith(f"{id_}/")
        ]
        for item, owed in zip(job.request.items, job.owed, strict=True):
            reserved = sum(
                lot.reserved
                for lot in lots
                if (lot.job, lot.revision, lot.part) == (id_, item.revision, item.part)
            )
            assert item.pieces == owed + reserved, "pieces from nowhere, or lost"

    def heard(
        self, peer: PeerId, message: Message, known: Known, effects: Sequence[Effect]
    ) -> None:
        """Check that what was taken before, or taken back since, changes nothing."""
        header = message.header
        if message.kind == handoff.ACK or header.author == peer:
            return
        met, taken = known
        is_older = met is not None and header.incarnation < met
        again = header.incarnation == met and header.seq <= taken
        told = [it for it in effects if isinstance(it, Put | Drop | Note)]
        kinds = ", ".join(_names(told))
        assert not (is_older and told), f"an older database changed {kinds}"
        assert not (again and told), f"R11: what was taken once changed {kinds}"

    # ------------------------------------------------------------------ what leaves

    def leaves(self, peer: PeerId, message: Message) -> None:
        """Check that what a message says is on the disk of whoever sends it."""
        disk, header = self.disks[peer], message.header
        if message.kind == handoff.ACK:
            ack = message.read(handoff.Ack)
            taken = disk.rows.get("taken", {}).get(header.recipient)
            last = 0 if taken is None else read(taken, CountRow).count
            assert ack.seq <= last, "acknowledged before it was durable"
            return
        row = disk.rows.get("outbox", {}).get(f"{header.recipient} {header.seq:016d}")
        assert row is not None, "a Send left before its outbox row"
        assert read(row, OutboxRow).envelope == message.envelope
        match message.kind:
            case handoff.LEASE_REQUEST:
                asked = message.read(handoff.LeaseRequest)
                self._lot_is_durable(disk, asked.job, asked.epoch)
            case handoff.CONFIRM:
                confirm = message.read(handoff.Confirm)
                self._lot_is_durable(disk, confirm.job, confirm.epoch)
            case handoff.RECEIPT:
                counted = message.read(handoff.Receipt)
                key = lot_key(counted.job, counted.epoch)
                assert counted.good <= self.benches[peer].good[key], "H3"
            case handoff.FINAL:
                final = message.read(handoff.Final)
                key = lot_key(final.job, final.epoch)
                if self.made_by.get((peer, key), final.maker) == final.maker:
                    # Another database may say of itself that it made none.
                    assert final.good == self.benches[peer].good[key], "H4: FINAL"
                self.ended[peer, message.header.recipient, key] = "FINAL"
            case handoff.ATTEST:
                counts = message.read(handoff.Attest)
                key = lot_key(counts.job, counts.epoch)
                assert counts.good == self.benches[peer].good[key], "H4: ATTEST"
            case handoff.STATUS:
                for lot in message.read(handoff.Status).lots:
                    key = lot_key(lot.job, lot.epoch)
                    assert lot.good == self.benches[peer].good[key], "H4: STATUS"
                    self.ended[peer, message.header.recipient, key] = "STATUS"
            case _:
                pass

    def _lot_is_durable(self, disk: Disk, job: str, epoch: int) -> None:
        closed = disk.closed_job(job)
        known: Job | None = disk.job(job) or closed
        assert known is not None, "asked for a job that is not on disk"
        assert known.epoch >= epoch, "an epoch that left before it was durable"
        opened = disk.kept(receipt.LOT_OPENED, f"{job}/{epoch}")
        assert opened, "lot-opened left before it was durable"

    # ------------------------------------------------------------------ machines

    def begins(self, peer: PeerId, act: Act) -> Piece:
        """A machine takes a piece in hand."""
        key = lot_key(act.job, act.epoch)
        making = self.disks[peer].making(key, act.requester)
        assert making is not None, "H2: a machine acts for a lot that is not on disk"
        assert making.intent == act.piece, "H2: the intent is not durable"
        bench, piece = self.benches[peer], (key, act.piece)
        withdrawn = withdrawn_at(self.disks[peer], act.revision)
        assert withdrawn is None, "a piece of a withdrawn design is begun"
        assert act.machine not in bench.in_machine, "H9: two pieces in one machine"
        assert piece not in bench.came_out, "a piece that was made before"
        ended = self.ended.get((peer, act.requester, key))
        assert ended is None, f"H4: begun after {ended}"
        self.made_for[peer, act.machine] = act.requester
        made_by = self.made_by.setdefault((peer, key), making.maker)
        assert made_by == making.maker, "made on by a database that did not begin it"
        bench.in_machine[act.machine] = piece
        return piece

    def comes_out(self, peer: PeerId, machine: str, *, good: bool) -> None:
        """A piece lies on the bench."""
        bench = self.benches[peer]
        piece = bench.in_machine.pop(machine)
        ended = self.ended.get((peer, self.made_for[peer, machine], piece[0]))
        assert ended is None, f"H4: a piece came out after {ended}"
        bench.came_out[piece] = good
        (bench.good if good else bench.scrap)[piece[0]] += 1
        job = piece[0].partition("/")[0]
        self.good[job] += good
        most = self.wanted[job] + self.written_off[job]
        assert self.made(job) <= most, "H1: more than was asked for and written off"

    def made(self, job: str) -> int:
        """Good pieces of a job that exist anywhere."""
        return self.good[job]

    # ------------------------------------------------------------------ at the end

    def settled(self) -> dict[CharterId, int]:
        """Check that every site knows the same credit, and that it sums to zero."""
        for peer, disk in self.disks.items():
            _ends_where_it_forked(peer, disk)
        seen = [balances(postings(disk)) for disk in self.disks.values()]
        for balance in seen:
            assert sum(balance.values()) == 0
            assert balance == seen[0], "two sites that know of different credit"
        return seen[0] if seen else {}


def _ends_where_it_forked(peer: PeerId, disk: Disk) -> None:
    """Check that no view shows what lies past another's proven fork."""
    pairs = [read(row, ForkPair) for row in disk.rows.get("fork", {}).values()]
    forks = [stored_fork(pair) for pair in pairs]
    lowest = {(fork.author, fork.incarnation): fork.seq for fork in forks}
    for record in disk.valid() if lowest else []:
        seq = lowest.get((record.author, record.header.incarnation))
        shown = seq is not None and record.header.seq >= seq
        standing = record.is_notice or record.kind in STANDING_KINDS
        standing = standing or record.author == peer
        assert standing or not shown, "R4: a view shows what lies past a fork"


def _names(told: Sequence[Put | Drop | Note]) -> list[str]:
    return [it.code if isinstance(it, Note) else it.table for it in told]


def postings(disk: Disk) -> list[Posting]:
    """Return what a site's matched pairs of lot-closed and acceptance post."""
    charters: dict[PeerId, CharterId] = {}
    for record in disk.kept("charter/1"):
        raw = record.read(CharterBody).document
        if named_in(raw, "lineage") is None:
            charter = open_charter(raw, previous=None)
            for node in getattr(charter, "nodes", ()):
                charters[node] = CharterId(getattr(charter, "id", ""))
    found: list[Posting] = []
    for record in disk.kept(receipt.ACCEPTANCE):
        acceptance = record.read(Acceptance)
        for claim in disk.kept(receipt.LOT_CLOSED, record.header.key):
            posting = match(
                claim.read(LotClosed),
                claim.id,
                acceptance,
                maker=charters[claim.author],
                requester=charters[record.author],
            )
            if isinstance(posting, Posting):
                found.append(posting)
    return found
