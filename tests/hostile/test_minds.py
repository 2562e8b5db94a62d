"""A mind that hears a bad body says so, lowers whoever sent it, and acts on nothing.

What an author signed stays in its chain, or no later record of it could be taken; it is
kept as it came, and not one part of the mind knows anything more than before.
"""

from __future__ import annotations

import hashlib

import pytest

from fabnet.content.cid import of_raw
from fabnet.cooperation.charter import CharterBody
from fabnet.cooperation.membership import MembershipBody
from fabnet.production.handoff import ACK
from fabnet.protocol.effects import Effect, Keep, Lower, Note, Put, Send, SendGot
from fabnet.protocol.events import BatchHeard, MessageHeard
from fabnet.protocol.peer import Peer
from fabnet.records.canonical import encode
from fabnet.records.envelope import seal_envelope
from fabnet.records.ids import Kind, Now, RecordId
from fabnet.records.message import PAYLOAD_TYPE as MESSAGE_TYPE
from fabnet.records.message import Message, MessageHeader, open_message
from fabnet.records.record import (
    BODY_BYTES_MAX,
    PAYLOAD_TYPE,
    Header,
    Record,
    domain_of,
    open_record,
)
from tests.hostile import arrays
from tests.hostile.rows import Table
from tests.protocol.minds import (
    FEDERATION,
    FIRST,
    LOOM,
    LOOM_ID,
    NOON_MS,
    at_the_mill,
    key,
    log,
    membership,
)

NOON = Now(NOON_MS, 0, "boot")
LOOM_KEY = key(2)
READ_WHEN_HEARD = frozenset(
    {"charter/1", "membership/1", "policy/1", "revision/1", "dispute/1",
     "lot-closed/1", "withdrawal/1", "vouches/1", "checkpoint/1"}
)  # fmt: skip
"""Kinds whose body the mind reads at once; of others only who asks for them."""
READ_BY_LINKS = "notice.reach/1"
"""Where others can be dialled: no business of the mind's."""
BOOKKEEPING = frozenset({"own", "head", "cursor", "taken", "met", "recall"})
"""State rows that say how far we have heard, and nothing of what was said."""


def mill() -> tuple[Peer, Record]:
    """The Mill's mind, which knows the Loom; and the last record the Loom said."""
    peer = Peer(at_the_mill())
    said = log(
        2,
        ("charter/1", CharterBody(LOOM)),
        ("charter/1", CharterBody(FEDERATION)),
        ("membership/1", MembershipBody(membership(LOOM_ID))),
    )
    batch(peer, *said)
    assert peer.community.is_vouched(LOOM_KEY.public.peer, NOON_MS)
    return peer, said[-1]


def batch(peer: Peer, *records: Record) -> list[Effect]:
    return peer.handle(BatchHeard(LOOM_KEY.public.peer, FIRST, 1, records), NOON)


def record(kind: str, body: bytes, seq: int, prev: RecordId | None) -> Record:
    """What the Loom says, whatever its body is."""
    header = Header(
        Kind(kind), LOOM_KEY.public.peer, FIRST, seq, prev, NOON_MS,
        "it" if kind.startswith("notice.") else None, hashlib.sha256(body).digest(),
        len(body),
    )  # fmt: skip
    envelope = seal_envelope(
        LOOM_KEY, domain=domain_of("test"), payload_type=PAYLOAD_TYPE,
        payload=encode(header),
    )  # fmt: skip
    return open_record(envelope, body, network="test")


def message(kind: str, body: bytes, seq: int) -> Message:
    header = MessageHeader(
        Kind(kind),
        LOOM_KEY.public.peer,
        key(1).public.peer,
        FIRST,
        FIRST,
        seq,
        NOON_MS,
        body,
    )
    envelope = seal_envelope(
        LOOM_KEY, domain=domain_of("test"), payload_type=MESSAGE_TYPE,
        payload=encode(header),
    )  # fmt: skip
    return open_message(envelope, network="test")


def knows(peer: Peer) -> str:
    """All that the parts of a mind know of others, spelled out."""
    market, community = peer.market, peer.community
    return repr(
        (
            market.facilities, market.machines, market.offers, community.charters,
            community.memberships, community.policies, community.sealing_keys,
            peer.book.jobs, peer.book.lots, peer.book.claims, peer.workshop.lots,
            peer.planning.designs, peer.workshop.designs,
        )
    )  # fmt: skip


def only_bookkeeping(effects: list[Effect]) -> bool:
    return all(
        isinstance(each, (Keep, Lower, SendGot, Send))
        or (isinstance(each, Note) and each.code == "unreadable")
        or (isinstance(each, Put) and each.table in BOOKKEEPING)
        for each in effects
    )


def told(effects: list[Effect]) -> str:
    return " ".join(each.why for each in effects if isinstance(each, Lower))


@pytest.mark.parametrize("table", arrays.RECORDS, ids=lambda table: table.name)
def test_a_bad_record_stays_in_its_chain_and_is_not_acted_on(table: Table) -> None:
    ours, last = mill()
    before = knows(ours)
    for row in table.rows:
        assert isinstance(row.bad, bytes)
        if len(row.bad) > BODY_BYTES_MAX:
            continue
        last = record(table.name, row.bad, last.header.seq + 1, last.id)
        effects = batch(ours, last)

        assert Keep in map(type, effects), row.name
        assert only_bookkeeping(effects), row.name
        is_read = table.name in READ_WHEN_HEARD
        assert row.explains(told(effects)) if is_read else not told(effects), row.name
        assert knows(ours) == before, row.name


@pytest.mark.parametrize("table", arrays.NOTICES, ids=lambda table: table.name)
def test_a_bad_notice_is_not_listed_and_a_good_one_after_it_is(table: Table) -> None:
    ours, _ = mill()
    before = knows(ours)
    for seq, row in enumerate(table.rows, 1):
        assert isinstance(row.bad, bytes)
        effects = batch(ours, record(table.name, row.bad, seq, None))

        assert only_bookkeeping(effects), row.name
        is_read = table.name != READ_BY_LINKS
        assert row.explains(told(effects)) if is_read else not told(effects), row.name
        assert knows(ours) == before, row.name

    assert isinstance(table.good, bytes)
    effects = batch(ours, record(table.name, table.good, len(table.rows) + 1, None))
    assert not told(effects)
    assert knows(ours) != before or table.name in ("notice.node/1", READ_BY_LINKS)


@pytest.mark.parametrize("table", arrays.MESSAGES, ids=lambda table: table.name)
def test_a_bad_message_is_taken_off_the_line_and_changes_nothing(table: Table) -> None:
    ours, _ = mill()
    before = knows(ours)
    for seq, row in enumerate(table.rows, 1):
        assert isinstance(row.bad, bytes)
        at = 0 if table.name == ACK else seq
        effects = ours.handle(MessageHeard(message(table.name, row.bad, at)), NOON)

        assert only_bookkeeping(effects), row.name
        assert row.explains(told(effects)), row.name
        assert knows(ours) == before, row.name


def test_a_stranger_is_not_read_at_all() -> None:
    ours, _ = mill()
    stranger = key(9)
    header = MessageHeader(
        Kind("lease-request/1"), stranger.public.peer, key(1).public.peer, FIRST,
        FIRST, 1, NOON_MS, b"\xc1",
    )  # fmt: skip
    envelope = seal_envelope(
        stranger, domain=domain_of("test"), payload_type=MESSAGE_TYPE,
        payload=encode(header),
    )  # fmt: skip
    effects = ours.handle(MessageHeard(open_message(envelope, network="test")), NOON)

    assert effects == [Lower(stranger.public.peer, "a message from a stranger")]
    assert of_raw(envelope) not in knows(ours)
