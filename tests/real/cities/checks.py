"""What must hold at the end, whatever befell the towns: read from disks and benches.

Each check returns what is wrong in sentences that begin with the invariant's name.
Nothing a node says over its API counts here, but what it said was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fabnet.cooperation.benches import WRITE_OFF_KIND, WriteOffBody
from fabnet.cooperation.charter import CharterBody, named_in, open_charter
from fabnet.cooperation.credit import Posting, balances, match
from fabnet.node.drivers.journal import Did
from fabnet.production.lots.lot import OPEN
from fabnet.production.receipt import ACCEPTANCE, LOT_CLOSED, Acceptance, LotClosed
from fabnet.production.request import KIND as REQUEST
from fabnet.production.request import Request
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.record import Record
from tests.real.cities.export import Export, intended, name

Acknowledged = Sequence[tuple[int, str, str]]


def wrong(towns: Sequence[Export], acknowledged: Acknowledged) -> list[str]:
    """Return all that is wrong, in order of the invariants."""
    return [
        *over_made(towns),
        *out_of_hand(towns),
        *misbooked(towns),
        *forked(towns),
        *forgotten(towns, acknowledged),
        *at_odds(towns),
    ]


def over_made(towns: Sequence[Export]) -> list[str]:
    """H1: no more good pieces than were asked for, and written off by a person."""
    wanted: Counter[str] = Counter()
    for town in towns:
        for record in town.kept(REQUEST):
            if record.author == town.peer:
                items = record.read(Request).items
                wanted[record.id] += sum(item.pieces for item in items)
        for record in town.kept(WRITE_OFF_KIND):
            if record.author == town.peer:
                body = record.read(WriteOffBody)
                wanted[body.job] += body.missing
    made: Counter[str] = Counter()
    for town in towns:
        for key, count in town.good.items():
            made[key.partition("/")[0]] += count
    return [
        f"H1: {job[7:15]}: {count} good pieces of {wanted[job]}"
        for job, count in sorted(made.items())
        if count > wanted[job]
    ]


def out_of_hand(towns: Sequence[Export]) -> list[str]:
    """H2, H9: each piece is begun once, under its intent, one at a time a machine."""
    found: list[str] = []
    for town in towns:
        makings = town.makings()
        in_hand: dict[str, Did] = {}
        begun: set[tuple[str, int, int]] = set()
        for did in town.deeds:
            piece = (did.job, did.epoch, did.piece)
            at = f"{town.town}: {name(did)}"
            if did.did != "begun":
                held = in_hand.pop(did.machine, None)
                if held is None or (held.job, held.epoch, held.piece) != piece:
                    found.append(f"H9: {at} came out of a machine that had another")
                continue
            if piece in begun:
                found.append(f"H2: {at} was begun twice")
            begun.add(piece)
            key = f"{did.job}/{did.epoch}"
            making = makings.get(key)
            is_told = making is not None and did.piece <= intended(making)
            if not is_told and key not in town.gone:
                found.append(f"H2: {at} is in no account")
            if did.machine in in_hand:
                found.append(f"H9: {at} was begun with another in the machine")
            in_hand[did.machine] = did
    return found


def misbooked(towns: Sequence[Export]) -> list[str]:
    """H3, H5, H6, L2: the book of each closed lot is its bench, piece for piece."""
    found: list[str] = []
    benches = {town.peer: town for town in towns}
    booked: set[str] = set()
    for town in towns:
        for key, making in town.makings().items():
            lies = town.good[key]
            if making.good != lies:
                found.append(f"H3: {key[7:15]}: says {making.good}, {lies} lie there")
        goods: Counter[str] = Counter()
        for key, lot in town.lots().items():
            booked.add(key)
            lies = benches[lot.maker].good[key]
            is_over = lot.state not in OPEN
            if is_over:
                goods[lot.job] += lot.good - lot.surplus
            if lot.good > lies or (is_over and lot.good != lies):
                said = f"booked {lot.good} while {lot.state}, {lies} lie there"
                found.append(f"H6: {key[7:15]}/{lot.epoch}: {said}")
        for id_, job in town.jobs().items():
            if sum(job.good) != goods[id_]:
                said = f"the job has {sum(job.good)}, its lots {goods[id_]}"
                found.append(f"L2: {id_[7:15]}: {said}")
        booked |= town.rows.get("stray", {}).keys()
    for town in towns:
        # What its maker forgot with a disk may have no book left that knows of it.
        booked |= town.gone
        extra = [key for key, count in town.good.items() if count and key not in booked]
        found += [f"L2: {key[7:15]}: made, and in nobody’s book" for key in extra]
    return found


def forked(towns: Sequence[Export]) -> list[str]:
    """R3, R5: nobody says two things at one place, and no log has a hole."""
    found: list[str] = []
    said: dict[tuple[str, ...], Record] = {}
    for town in towns:
        heads: dict[tuple[str, ...], int] = {}
        for record in town.records:
            header = record.header
            at = (str(header.incarnation.counter), str(header.incarnation.random))
            about = (record.kind, header.key or "") if record.is_notice else ()
            place = (record.author, *at, str(header.seq), *about)
            if said.setdefault(place, record).id != record.id:
                found.append(f"R5: {record.author[-8:]} forked at {header.seq}")
            if record.is_notice:
                continue
            author = (record.author, *at)
            if header.seq != heads.get(author, 0) + 1:
                found.append(f"R3: {town.town} has a hole before {header.seq}")
            heads[author] = header.seq
    return found


def forgotten(towns: Sequence[Export], acknowledged: Acknowledged) -> list[str]:
    """S1: what was acknowledged is there, or went with a disk that was lost."""
    kept = [{record.id for record in town.records} for town in towns]
    return [
        f"S1: {towns[town].town} forgot the {what} {id_[7:15]}"
        for town, what, id_ in acknowledged
        if id_ not in kept[town] and id_ not in towns[town].gone
    ]


def at_odds(towns: Sequence[Export]) -> list[str]:
    """R1: all towns know the same records, and the same credit, which sums to zero."""
    found: list[str] = []
    logs = [{it.id for it in town.records if not it.is_notice} for town in towns]
    books = [balances(postings(town)) for town in towns]
    for town, log, book in zip(towns, logs, books, strict=True):
        lacks = len(set.union(*logs) - log)
        if lacks:
            found.append(f"R1: {town.town} lacks {lacks} records")
        if sum(book.values()) != 0:
            found.append(f"R1: {town.town}: credit sums to {sum(book.values())}")
        if book != books[0]:
            found.append(f"R1: {town.town} knows of other credit than {towns[0].town}")
    return found


def postings(town: Export) -> list[Posting]:
    """Return what a town's matched pairs of lot-closed and acceptance post."""
    charters: dict[PeerId, CharterId] = {}
    for record in town.kept("charter/1"):
        raw = record.read(CharterBody).document
        if named_in(raw, "lineage") is None:
            charter = open_charter(raw, previous=None)
            for node in getattr(charter, "nodes", ()):
                charters[node] = CharterId(getattr(charter, "id", ""))
    found: list[Posting] = []
    for record in town.kept(ACCEPTANCE):
        accepted = record.read(Acceptance)
        for claim in town.kept(LOT_CLOSED, record.header.key):
            posting = match(
                claim.read(LotClosed),
                claim.id,
                accepted,
                maker=charters[claim.author],
                requester=charters[record.author],
            )
            if isinstance(posting, Posting):
                found.append(posting)
    return found


def unsettled(towns: Sequence[Export]) -> list[str]:
    """L1: what is still open."""
    found: list[str] = []
    for town in towns:
        jobs = town.rows.get("job", {})
        found += [f"L1: {town.town}: job {id_[7:15]} is open" for id_ in jobs]
        for key, making in town.makings().items():
            if making.state != "final":
                found.append(f"L1: {town.town}: lot {key[7:15]} is {making.state}")
        if town.rows.get("outbox"):
            found.append(f"L1: {town.town}: messages wait to be taken")
    logs = [{it.id for it in town.records if not it.is_notice} for town in towns]
    if any(log != logs[0] for log in logs):
        found.append(f"L1: {[len(log) for log in logs]} records are known")
    return found
