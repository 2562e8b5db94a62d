"""Whom a node dials by its own choice, so that liars cannot be all it hears (R12)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fabnet.node.clock import StillClock
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.guard import client_session
from fabnet.node.links.limits.keeping import AGAIN_MS, TABLE, Fits, Outbound
from fabnet.node.links.limits.outbound import (
    ANCHORS,
    OUTBOUND_MIN,
    PER_BLOCK_MAX,
    PER_SOURCE_MAX,
    Candidate,
    block_at,
    choose,
)
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.store.reading import TOLD_MAX
from fabnet.node.store.store import Store
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address, to_bytes
from fabnet.protocol.community import REACH_KIND, Reach
from fabnet.protocol.effects import Keep
from fabnet.protocol.events import Event, LinkDown, LinkUp
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.record import seal_record
from tests.node.door import door, settled
from tests.node.storing import opened
from tests.protocol.minds import FIRST, NOON_MS, identity, key


def who(number: int) -> SigningKey:
    return SigningKey.from_seed(number.to_bytes(32, "big"))


def charter(number: int) -> CharterId:
    return CharterId(f"sha256:{number:064x}")


def at(host: str) -> Address:
    kind = "ip6" if ":" in host else "ip4" if host[0].isdigit() else "dns4"
    return addresses.parse(f"/{kind}/{host}/tcp/443/tls/http")


def candidate(
    number: int, host: str, *, of: int | None = None, source: int | None = 0
) -> Candidate:
    told = None if source is None else who(1_000 + source).public.peer
    cooperative = charter(number if of is None else of)
    return Candidate(who(number).public.peer, cooperative, at(host), told)


def all_chosen(candidates: Iterable[Candidate]) -> list[Candidate]:
    held: list[Candidate] = []
    while len(held) < OUTBOUND_MIN:
        found = choose([*candidates], held, rank=lambda it: it.peer.encode())
        if found is None:
            break
        held.append(found)
    return held


def test_two_of_one_block_at_most() -> None:
    crowd = [candidate(n, f"203.0.113.{n}", source=n) for n in range(1, 50)]
    crowd += [candidate(n, f"2001:db8:7:{n}::1", source=n) for n in range(60, 90)]
    chosen = all_chosen(crowd)
    assert len(chosen) == 2 * PER_BLOCK_MAX == OUTBOUND_MIN
    assert {block_at(it.address.host) for it in chosen} == {
        "203.0.113.0/24",
        "2001:db8:7::/48",
    }


def test_one_of_each_cooperative() -> None:
    crowd = [candidate(n, f"10.{n}.0.1", of=7, source=n) for n in range(1, 50)]
    assert len(all_chosen(crowd)) == 1


def test_never_all_that_one_neighbour_told_of() -> None:
    crowd = [candidate(n, f"10.{n}.0.1", source=1) for n in range(1, 50)]
    assert len(all_chosen(crowd)) == PER_SOURCE_MAX < OUTBOUND_MIN


@pytest.mark.parametrize("seed", range(20))
def test_r12_an_eclipse_set_cannot_take_all_places(seed: int) -> None:
    """120 vouched liars, of 40 cooperatives, told of by one; five honest by another."""
    liars = [candidate(n, f"10.{n}.0.1", of=n % 40, source=1) for n in range(100, 220)]
    honest = [candidate(n, f"172.16.{n}.1", source=2) for n in range(5)]

    held: list[Candidate] = []
    while len(held) < OUTBOUND_MIN:
        found = choose(
            [*liars, *honest],
            held,
            rank=lambda it: hashlib.sha256(f"{seed} {it.peer}".encode()).digest(),
        )
        assert found is not None
        held.append(found)

    assert sum(it in honest for it in held) >= OUTBOUND_MIN - PER_SOURCE_MAX


# ------------------------------------------------------------------ with real links


@asynccontextmanager
async def caller(path: Path) -> AsyncIterator[Dialler]:
    """Return a dialler of another node, which has a store and links of its own."""
    clock, them = StillClock(), identity(5)

    async def post(_: Event) -> None: ...

    async with opened(path) as store, client_session(allow_private=True) as session:
        links = Links(
            them, store=store, peer_record=seal_peer_record(them.key, 1, []), post=post,
            standing=Standing(clock, store), tolls=Tolls(clock, lambda _: True),
        )  # fmt: skip
        yield Dialler(them, links=links, session=session, clock=clock)


@pytest.mark.asyncio
async def test_r12_who_is_blocked_is_not_dialled(tmp_path: Path) -> None:
    us = key(1).public.peer
    (tmp_path / "us").mkdir()
    (tmp_path / "them").mkdir()
    async with door(tmp_path / "us") as ours, caller(tmp_path / "them") as dialler:
        port = ours.host.rpartition(":")[2]
        address = addresses.parse(f"/ip4/127.0.0.1/tcp/{port}/http/p2p/{us}")
        await dialler.links.block(us, "sent us junk", None)
        assert not await dialler.hold(address)
        assert not ours.links.tolls.blocks.held, "nobody knocked"

        await dialler.links.standing.unblock(us)
        assert not await dialler.hold(address, lambda _: False)
        assert not ours.heard(LinkUp)
        where: list[str] = []

        def fits(ip: str) -> bool:
            where.append(ip)
            return True

        holding = asyncio.create_task(dialler.hold(address, fits))
        await settled(lambda: bool(ours.heard(LinkUp)))
        assert where == ["127.0.0.1"]
        await dialler.links.block(us, "sent us junk", None)
        assert await holding
        await settled(lambda: bool(ours.heard(LinkDown)))


# ------------------------------------------------------------------ with a real store


@dataclass(slots=True)
class Wire:
    """Who answers when it is dialled, and who is linked."""

    where: dict[str, str] = field(default_factory=dict)
    """The IP address that each host leads to; who is not in it does not answer."""
    linked: set[PeerId] = field(default_factory=set)
    dialled: list[PeerId] = field(default_factory=list)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, address: Address, fits: Fits) -> bool:
        peer = address.peer
        assert peer is not None
        self.dialled.append(peer)
        ip = self.where.get(address.host)
        if ip is None or not fits(ip):
            return False
        self.linked.add(peer)
        await self.cut.wait()
        self.linked.discard(peer)
        return True


def told(number: int, host: str, arrival: int, source: int) -> Keep:
    key = who(number)
    record = seal_peer_record(key, 1, [to_bytes(at(host))])
    said = seal_record(
        key, network="test", kind=REACH_KIND, incarnation=FIRST, seq=1, prev=None,
        moment_ms=NOON_MS, about="node", body=Reach(record, 600),
    )  # fmt: skip
    return Keep(said, arrival, who(1_000 + source).public.peer)


NUMBERS = {who(number).public.peer: number for number in range(300)}


def outbound(store: Store, wire: Wire, clock: StillClock) -> Outbound:
    return Outbound(
        clock=clock,
        store=store,
        hold=wire.hold,
        is_linked=wire.linked.__contains__,
        charter_of=lambda peer: charter(NUMBERS[peer]),
        may_dial=lambda _: True,
    )


async def tended(ours: Outbound, wire: Wire, links: int) -> None:
    """Let a node look after its links until it has so many."""
    async with asyncio.timeout(5):
        task = asyncio.create_task(ours.keep())
        while len(wire.linked) < links:
            await asyncio.sleep(0.01)
        await ours._remember()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
async def test_r12_anchors_are_dialled_first_after_a_restart(tmp_path: Path) -> None:
    clock, wire = StillClock(), Wire()
    wire.where = {f"10.{n}.0.1": f"10.{n}.0.1" for n in range(1, 6)}
    async with opened(tmp_path) as store:
        told_of = [told(n, f"10.{n}.0.1", n, source=n) for n in range(1, 6)]
        await store.commit(told_of, NOON_MS)
        first = outbound(store, wire, clock)
        await tended(first, wire, OUTBOUND_MIN)
        anchors = set(first.anchors)
        assert len(anchors) == ANCHORS

    # Now liars have told of a hundred more, before anyone honest is heard again.
    clock.advance(AGAIN_MS)
    again = Wire(where={f"172.16.{n}.1": f"172.16.{n}.1" for n in range(100, 200)})
    again.where |= wire.where
    async with opened(tmp_path) as store:
        liars = [told(n, f"172.16.{n}.1", n, source=9) for n in range(100, 200)]
        await store.commit(liars, NOON_MS)
        second = outbound(store, again, clock)
        rows = await asyncio.to_thread(store.rows)
        second.restore(rows[TABLE])
        await tended(second, again, OUTBOUND_MIN)

    assert set(again.dialled[:ANCHORS]) == anchors
    lying = [peer for peer in again.linked if NUMBERS[peer] >= 100]
    assert len(lying) <= PER_SOURCE_MAX


@pytest.mark.asyncio
async def test_r12_who_tells_of_many_does_not_push_out_what_others_told(
    tmp_path: Path,
) -> None:
    """The liars' nodes are vouched for, and newer than all that anyone honest told."""
    honest = [told(n, f"10.{n}.0.1", n, source=1) for n in range(1, 4)]
    liars = [told(n, f"172.16.{n % 200}.1", n, source=9) for n in range(10, 200)]
    async with opened(tmp_path) as store:
        await store.commit([*honest, *liars], NOON_MS)
        found = await store.reached(100)

    tellers = [source for _, source, _ in found]
    assert tellers.count(who(1_001).public.peer) == 3
    assert tellers.count(who(1_009).public.peer) == TOLD_MAX


@pytest.mark.asyncio
async def test_names_that_all_lead_to_one_house_are_two_links_at_most(
    tmp_path: Path,
) -> None:
    clock, wire = StillClock(), Wire()
    hosts = [f"fab{n}.example.org" for n in range(1, 10)]
    wire.where = dict.fromkeys(hosts, "203.0.113.7")
    async with opened(tmp_path) as store:
        await store.commit(
            [told(n, f"fab{n}.example.org", n, source=n) for n in range(1, 10)], NOON_MS
        )
        ours = outbound(store, wire, clock)
        await tended(ours, wire, PER_BLOCK_MAX)
        await asyncio.sleep(0)

    assert len(wire.dialled) == OUTBOUND_MIN
    assert block_at("203.0.113.7") == "203.0.113.0/24"


@pytest.mark.asyncio
async def test_who_does_not_answer_is_passed_over_for_a_while(tmp_path: Path) -> None:
    clock, wire = StillClock(), Wire()
    async with opened(tmp_path) as store:
        await store.commit(
            [told(n, f"10.{n}.0.1", n, source=n) for n in range(1, 10)], NOON_MS
        )
        ours = outbound(store, wire, clock)
        rounds: list[set[PeerId]] = []
        for _ in range(3):
            chosen = await ours.look()
            rounds.append({each.peer for each in chosen})
            await asyncio.gather(*map(ours._dial, chosen))
        assert [len(each) for each in rounds] == [4, 4, 1]
        assert not rounds[0] & rounds[1]
        assert not await ours.look()

        clock.advance(AGAIN_MS)
        assert len(await ours.look()) == OUTBOUND_MIN


@pytest.mark.asyncio
async def test_a_lonely_hour_costs_no_anchor(tmp_path: Path) -> None:
    clock, wire = StillClock(), Wire()
    wire.where = {f"10.{n}.0.1": f"10.{n}.0.1" for n in range(1, 6)}
    async with opened(tmp_path) as store:
        told_of = [told(n, f"10.{n}.0.1", n, source=n) for n in range(1, 6)]
        await store.commit(told_of, NOON_MS)
        ours = outbound(store, wire, clock)
        await tended(ours, wire, OUTBOUND_MIN)
        before = dict(ours.anchors)
        wire.linked.clear()
        await ours._remember()

        assert ours.anchors == before
        rows = await asyncio.to_thread(store.rows)
        assert set(rows[TABLE]) == set(before)
