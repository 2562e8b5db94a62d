"""Whatever authors say, a site that reads a stick shows what one that syncs does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from random import Random

import pytest

from fabnet.cooperation import charter as charters
from fabnet.node.bundle.framing import decode, framed, unframed
from fabnet.node.links.frames import BatchFrame, Parcel, ProofsFrame
from fabnet.protocol.effects import Effect, Lower
from fabnet.protocol.events import BatchHeard, Brought
from fabnet.protocol.peer import Peer
from fabnet.protocol.replica import ends, notices, strangers
from fabnet.protocol.replica import replica as replicas
from fabnet.protocol.voice import Identity
from fabnet.records.ids import Incarnation, Now, PeerId
from fabnet.records.keys import SealingKey
from fabnet.records.proofs.fork import Fork, open_fork
from fabnet.records.record import Record, open_record
from tests.protocol import histories
from tests.protocol.histories import (
    FORKS,
    HOME_ID,
    LOG_BYTES,
    LOG_RECORDS,
    NOTICES,
    SITE_IDS,
    THEN_MS,
    TRUSTED,
    history,
)
from tests.protocol.sites import Site, Sites

HISTORIES = 12
NOBODY = PeerId("")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make bounds small, and pure checks of documents once: many sites ask the same."""
    monkeypatch.setattr(replicas, "LOG_BYTES_MAX", LOG_BYTES)
    monkeypatch.setattr(replicas, "LOG_RECORDS_MAX", LOG_RECORDS)
    monkeypatch.setattr(notices, "NOTICES_PER_AUTHOR_MAX", NOTICES)
    monkeypatch.setattr(ends, "FORKS_PER_AUTHOR_MAX", FORKS)
    for name in ("open_credential", "lineage_of"):
        remembered = lru_cache(maxsize=4_096)(getattr(charters, name))
        monkeypatch.setattr(charters, name, remembered)


def of(effects: list[Effect], kind: type[Lower]) -> list[Lower]:
    return [effect for effect in effects if isinstance(effect, kind)]


def newcomer() -> Site:
    """Return a site that has heard of nothing but the first documents."""
    sealing = SealingKey.from_seed(bytes(32))
    ours = Identity(
        histories.key(50), "test", Incarnation(1, 1), sealing.public, HOME_ID,
        frozenset((TRUSTED,)),
    )  # fmt: skip
    site = Site(9, Peer(ours))
    histories.introduce(site.peer.community)
    site.say = lambda _, event: site.happen(event)
    return site


def written(site: Site, batch: int) -> bytes:
    """Return the stick that a site fills."""
    pairs = [fork.pair for fork in site.peer.replica.ends.forks.values()]
    parts = [framed(ProofsFrame("proofs", (pair,))) for pair in pairs]
    after = 0
    while True:
        records, after = site.disk.served(
            after, NOBODY, records_max=batch, bytes_max=40_000
        )
        if not records:
            return b"".join(parts)
        parcels = tuple(Parcel(each.envelope, each.body) for each in records)
        incarnation = site.peer.identity.incarnation
        parts.append(framed(BatchFrame("batch", incarnation, after, parcels, ())))


def reads(site: Site, stick: bytes) -> None:
    for records, proofs in opened(stick):
        site.happen(Brought(1, records, proofs))


def opened(stick: bytes) -> Iterator[tuple[tuple[Record, ...], tuple[Fork, ...]]]:
    for raw in unframed(io.BytesIO(stick)):
        match decode(raw):
            case BatchFrame(records=parcels):
                yield tuple(_open(it.envelope, it.body) for it in parcels), ()
            case ProofsFrame(proofs=pairs):
                yield (), tuple(open_fork(it, network="test") for it in pairs)
            case frame:
                raise AssertionError(frame)


@lru_cache(maxsize=8_192)
def _open(envelope: bytes, body: bytes | None) -> Record:
    return open_record(envelope, body, network="test")


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_site_that_reads_a_stick_shows_what_those_that_sync_do(seed: int) -> None:
    dice = Random(seed)
    sites = Sites(dice, history(dice))
    sites.run()
    giver = dice.choice(sites.sites)

    carried = newcomer()
    stick = written(giver, dice.choice((1, 5, 64)))
    reads(carried, stick)
    assert carried.view() == giver.view()
    assert not carried.refused

    before = carried.bytes_kept(), carried.durable()
    reads(carried, stick)
    assert (carried.bytes_kept(), carried.durable()) == before, "read twice, kept once"


def test_two_sticks_in_either_order_come_to_the_same() -> None:
    dice = Random(77)
    sites = Sites(dice, history(dice))
    sites._hand_out()
    for number, speaker, records in sites.handed:
        sites._hand(number, speaker, records)
    sticks = [written(site, 5) for site in sites.sites]

    there, back = newcomer(), newcomer()
    for _ in range(2):
        for stick in sticks:
            reads(there, stick)
        for stick in reversed(sticks):
            reads(back, stick)

    assert there.view() == back.view()
    assert there.view()[0], "else nothing was carried"


def test_who_carries_strangers_on_a_stick_loses_no_standing_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strangers, "STRANGER_RECORDS_MAX", 1)
    drawn = history(Random(1))
    said = tuple(sorted(drawn.strangers, key=lambda it: (it.author, it.header.seq)))
    now, over_a_link, by_stick = Now(THEN_MS, 0, "boot"), newcomer(), newcomer()

    batch = BatchHeard(SITE_IDS[0], Incarnation(1, 1), 1, said)
    told = {it.peer for it in of(over_a_link.peer.handle(batch, now), Lower)}
    assert SITE_IDS[0] in told, "over a link whoever brought them does"

    told = {
        it.peer for it in of(by_stick.peer.handle(Brought(1, said, ()), now), Lower)
    }
    assert by_stick.id not in told


def test_no_cursor_moves_for_a_stick() -> None:
    dice = Random(3)
    sites = Sites(dice, history(dice))
    sites.run()
    carried = newcomer()

    reads(carried, written(sites.sites[0], 5))

    assert "cursor" not in carried.disk.rows
    assert not carried.peer.gossip.cursors
