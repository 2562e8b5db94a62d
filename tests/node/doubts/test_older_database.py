"""A database of the program before lost disks were known opens, and goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.config import Config

from fabnet.node.store.engine import open_writer
from fabnet.node.store.reading import IncarnationRow
from fabnet.node.store.store import Store
from fabnet.production import handoff
from fabnet.production.handoff import Cancel, Receipt
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Drop, Put, Send
from fabnet.protocol.events import Woke
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records import canonical
from fabnet.records.envelope import seal_envelope
from fabnet.records.ids import Incarnation, Now, PeerId
from fabnet.records.message import PAYLOAD_TYPE, Message, open_message
from fabnet.records.record import domain_of
from tests.node.cooperative import NODE, SEALING, charter_id
from tests.node.storing import ROOT
from tests.production.samples import MAKER, OURS, REQUESTER, asked, changed, job, queued

pytestmark = pytest.mark.asyncio

HERE = NODE.public.peer
DATABASE = Incarnation(1, 77)
NEWER = Incarnation(2, 5)
NOW = Now(1_000, 1_795_521_600_000, "boot")

LOT = msgspec.structs.replace(asked(), state="confirmed", incarnation=OURS, good=1)
MAKING = changed(
    queued(), job=job("theirs"), state="final", good=2, reason="made", maker=DATABASE
)


def fields(body: msgspec.Struct, fewer: int) -> bytes:
    """Return a row as the program before wrote it: without the newest fields."""
    whole = canonical.decode_plain(canonical.encode(body), bytes_max=65_536)
    assert isinstance(whole, list)
    return canonical.encode(whole[:-fewer])


def said(recipient: PeerId, seq: int, kind: str, body: msgspec.Struct) -> bytes:
    """Return an outbox row of then: its message names no database of its recipient."""
    header = [
        kind, HERE, recipient, [1, 77], seq, NOW.moment_ms, canonical.encode(body)
    ]  # fmt: skip
    envelope = seal_envelope(
        NODE, domain=domain_of("test"), payload_type=PAYLOAD_TYPE,
        payload=canonical.encode(header),
    )  # fmt: skip
    return canonical.encode([envelope, seq])


def count(number: int) -> bytes:
    return canonical.encode([number])


CANCEL = Cancel(LOT.job, LOT.epoch, OURS)
RECEIPT = Receipt(MAKING.job, MAKING.epoch, DATABASE, 2, 0, 0)
ROWS = (
    ("lot", lot_key(LOT.job, LOT.epoch), fields(LOT, 4)),
    ("making", lot_key(MAKING.job, MAKING.epoch), fields(MAKING, 2)),
    ("outbox", f"{MAKER} {7:016d}", said(MAKER, 7, handoff.CANCEL, CANCEL)),
    ("outbox", f"{REQUESTER} {3:016d}", said(REQUESTER, 3, handoff.RECEIPT, RECEIPT)),
    ("route", f"{MAKER} 1 77", count(8)),
    ("route", f"{REQUESTER} 1 77", count(4)),
    ("taken", f"{REQUESTER} 1 7", count(9)),
    ("taken", f"{REQUESTER} 2 5", count(2)),
)


def written(path: Path, *rows: tuple[str, str, bytes]) -> None:
    """Make a database as the program before left it."""
    engine = open_writer(path)
    config = Config()
    config.set_main_option(
        "script_location", str(ROOT / "fabnet/node/store/migrations")
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO incarnation VALUES (?, 1, 77, 1, 0)", (HERE,))
        for table, key, row in rows:
            raw.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?)", (HERE, table, key, row)
            )
    raw.close()


async def opened(path: Path) -> dict[str, dict[str, bytes]]:
    store = Store.open(path, HERE, ballast_bytes=0)
    try:
        found = await store.incarnation()
        assert found == IncarnationRow(DATABASE, filed=True, restored=False)
        return store.rows()
    finally:
        await store.close()


def woken(
    rows: dict[str, dict[str, bytes]], speaks_as: Incarnation = DATABASE
) -> tuple[Peer, list[object]]:
    identity = Identity(
        NODE, "test", speaks_as, SEALING.public, charter_id(), frozenset()
    )
    peer = Peer.restore(identity, rows, [], NOW)
    return peer, list(peer.handle(Woke(), NOW))


def sent(effects: list[object]) -> list[Message]:
    return [it.message for it in effects if isinstance(it, Send)]


async def test_lots_at_both_ends_are_carried_over(tmp_path: Path) -> None:
    written(tmp_path / "fabnet.db", *ROWS)
    rows = await opened(tmp_path / "fabnet.db")

    (lot,) = rows["lot"].values()
    assert canonical.decode(lot, Lot, bytes_max=65_536) == LOT
    assert LOT.asked == OURS
    (making,) = rows["making"].values()
    carried = canonical.decode(making, Making, bytes_max=65_536)
    assert carried == changed(MAKING, asked_by=NEWER)


async def test_what_was_on_its_way_is_signed_anew_and_counted_from_one(
    tmp_path: Path,
) -> None:
    written(tmp_path / "fabnet.db", *ROWS)
    peer, effects = woken(await opened(tmp_path / "fabnet.db"))

    said_now = {it.header.recipient: it for it in sent(effects)}
    for recipient, to, body in (
        (MAKER, OURS, CANCEL),
        (REQUESTER, NEWER, RECEIPT),
    ):
        message = open_message(said_now[recipient].envelope, network="test")
        assert (message.header.to, message.header.seq) == (to, 1)
        assert message.read(type(body)) == body
    assert len(said_now) == 2
    assert Drop("unsent", f"{MAKER} {7:016d}") in effects
    kept = {it.key for it in effects if isinstance(it, Put) and it.table == "outbox"}
    assert kept == {f"{MAKER} {1:016d}", f"{REQUESTER} {1:016d}"}
    assert peer.recovery.recovering is False


async def test_restored_at_the_same_time_it_says_nothing_of_before(
    tmp_path: Path,
) -> None:
    written(tmp_path / "fabnet.db", *ROWS)
    peer, effects = woken(await opened(tmp_path / "fabnet.db"), Incarnation(2, 1))

    kinds = {it.kind for it in sent(effects)}
    assert kinds <= {handoff.FENCE, handoff.LOST}
    assert Drop("unsent", f"{MAKER} {7:016d}") in effects
    assert peer.recovery.recovering


async def test_an_empty_database_of_before_opens_too(tmp_path: Path) -> None:
    written(tmp_path / "fabnet.db")
    rows = await opened(tmp_path / "fabnet.db")

    assert rows == {"own": {"incarnation": canonical.encode(DATABASE)}}
