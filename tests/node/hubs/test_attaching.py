"""Which of the peers that it dialled a node names as its hubs."""

from __future__ import annotations

import pytest

from fabnet.errors import RemoteError
from fabnet.node.hubs.attaching import Attaching, Hub, choose
from fabnet.node.links.hub.whereabouts import hubs_in
from fabnet.node.links.public import HUB_PROTOCOL
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.records.ids import CharterId
from fabnet.records.peer_record import open_peer_record, seal_peer_record
from tests.protocol.minds import key

US = key(1).public.peer


def hub(number: int, cooperative: str) -> Hub:
    peer = key(number).public.peer
    where = f"/dns4/hub{number}.example/tcp/443/tls/http/p2p/{peer}"
    return Hub(peer, CharterId(cooperative), addresses.parse(where))


MILL, LOOM, FORGE, KILN = (
    hub(number, name)
    for number, name in enumerate(("mill", "loom", "forge", "kiln"), start=2)
)
OF_THE_MILL = hub(6, "mill")


def test_hubs_are_of_different_cooperatives_and_three_at_most() -> None:
    chosen = choose((), [MILL, OF_THE_MILL, LOOM, FORGE, KILN])
    assert set(chosen) == {MILL, LOOM, FORGE}


def test_a_hub_stays_while_it_is_linked_and_one_that_is_away_makes_room() -> None:
    assert set(choose((KILN,), [MILL, LOOM, FORGE, KILN])) == {KILN, MILL, LOOM}
    assert set(choose((MILL, LOOM), [LOOM])) == {MILL, LOOM}, "what it holds will come"
    three = (MILL, LOOM, FORGE)
    assert set(choose(three, [LOOM, FORGE, KILN])) == {LOOM, FORGE, KILN}


async def yes(_address: Address, protocol: str) -> bool:
    return protocol == HUB_PROTOCOL


@pytest.mark.asyncio
async def test_it_is_told_once_when_the_hubs_change() -> None:
    linked, told = [MILL], list[tuple[Hub, ...]]()

    async def tell(hubs: tuple[Hub, ...]) -> None:
        told.append(hubs)

    attaching = Attaching(lambda: linked, tell, yes)
    await attaching.look()
    await attaching.look()
    linked.append(LOOM)
    await attaching.look()
    linked.clear()
    await attaching.look()

    assert [set(hubs) for hubs in told] == [{MILL}, {MILL, LOOM}]


@pytest.mark.asyncio
async def test_who_is_no_hub_is_not_named_and_asked_once_for_each_link() -> None:
    linked, told = [MILL, LOOM], list[tuple[Hub, ...]]()
    asked: list[Address] = []

    async def tell(hubs: tuple[Hub, ...]) -> None:
        told.append(hubs)

    async def speaks(address: Address, _protocol: str) -> bool:
        asked.append(address)
        return address != MILL.address

    attaching = Attaching(lambda: linked, tell, speaks)
    await attaching.look()
    await attaching.look()
    assert told == [(LOOM,)]
    assert asked == [MILL.address, LOOM.address]

    linked.remove(MILL)
    await attaching.look()
    linked.append(MILL)
    await attaching.look()
    assert asked == [MILL.address, LOOM.address, MILL.address]


@pytest.mark.asyncio
async def test_who_does_not_say_is_asked_again_and_one_that_was_named_stays() -> None:
    linked, told = [MILL], list[tuple[Hub, ...]]()
    answers: list[bool | Exception] = [TimeoutError(), True]

    async def tell(hubs: tuple[Hub, ...]) -> None:
        told.append(hubs)

    async def speaks(_address: Address, _protocol: str) -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    attaching = Attaching(lambda: linked, tell, speaks)
    await attaching.look()
    assert not told
    await attaching.look()
    assert told == [(MILL,)]

    linked.clear()
    await attaching.look()
    linked.append(MILL)
    answers.append(RemoteError("a page of errors"))
    await attaching.look()
    assert told == [(MILL,)], "and nobody is told anything else"


def test_a_relayed_address_is_written_as_libp2p_writes_it() -> None:
    binary = addresses.to_relayed(MILL.address, US)
    assert addresses.from_relayed(binary) == (MILL.address, US)
    with pytest.raises(RemoteError):
        addresses.from_bytes(binary)

    plain = addresses.to_bytes(MILL.address)
    others = addresses.to_relayed(MILL.address, LOOM.peer)
    nameless = binary.replace(plain[-39:], b"", 1)
    record = seal_peer_record(key(1), 1, [plain, b"\x01", nameless, others, binary])
    assert hubs_in(open_peer_record(record)) == (MILL.address,)


@pytest.mark.parametrize(
    ("binary", "why"),
    [
        (b"\x01\x02", "not a binary multiaddr"),
        (bytes(641), "max 640"),
        (addresses.to_bytes(MILL.address), "not one by way of a hub"),
    ],
)
def test_what_is_no_relayed_address_is_refused(binary: bytes, why: str) -> None:
    with pytest.raises(RemoteError, match=why):
        addresses.from_relayed(binary)
