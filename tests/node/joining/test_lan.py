"""What a LAN announces is an address to dial, a bounded number of times."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.node.config import parse as parse_config
from fabnet.node.joining.lan import (
    ADDRESSES_MAX,
    KEY,
    LINKS_MAX,
    WAITING_MAX,
    Lan,
    addresses_in,
    is_near,
    texts_of,
)
from fabnet.protocol.address import Address, parse
from fabnet.records.ids import PeerId
from tests.node.desk import CONFIG
from tests.protocol.minds import key

LOOM = key(3).public.peer
NEAR = f"/ip4/192.168.1.20/tcp/8101/http/p2p/{LOOM}"


def record(*said: str) -> bytes:
    return b"".join(bytes((len(it.encode()),)) + it.encode() for it in said)


def announced(number: int) -> bytes:
    peer = key(number).public.peer
    return record(f"dnsaddr=/ip4/10.0.0.{number}/tcp/8101/http/p2p/{peer}")


def test_what_is_announced_is_read_as_it_was_meant() -> None:
    listed = [
        parse("/ip4/192.168.1.20/tcp/8101/http"),
        parse("/dns4/fab.example.org/tcp/443/tls/http"),
    ]
    text = texts_of(listed, LOOM)

    assert [each.text for each in addresses_in(text)] == [NEAR]


@pytest.mark.parametrize(
    "said",
    [
        NEAR,
        f"dnsaddr=/ip4/1.1.1.1/tcp/8101/http/p2p/{LOOM}",
        f"dnsaddr=/dns4/fab.example.org/tcp/443/tls/http/p2p/{LOOM}",
        f"dnsaddr=/ip4/169.254.169.254/tcp/80/http/p2p/{LOOM}",
        f"dnsaddr=/ip4/224.0.0.251/tcp/8101/http/p2p/{LOOM}",
        "dnsaddr=/ip4/192.168.1.20/tcp/8101/http",
        "dnsaddr=/ip4/192.168.1.20/udp/4001/quic-v1",
        "dnsaddr=",
        "dnsaddr=ü",
    ],
)
def test_what_is_no_neighbour_of_ours_is_passed_over(said: str) -> None:
    assert addresses_in(record(said)) == []
    assert addresses_in(record(said, f"dnsaddr={NEAR}"))[0].text == NEAR


@given(st.binary(max_size=1_300))
def test_any_bytes_may_stand_in_an_announcement(text: bytes) -> None:
    for address in addresses_in(text):
        assert is_near(address)


def test_of_one_announcement_only_so_many_addresses_are_read() -> None:
    assert len(addresses_in(record(f"dnsaddr={NEAR}") * 50)) == ADDRESSES_MAX
    assert texts_of([parse("/ip4/10.0.0.1/tcp/8101/http")] * 50, LOOM).count(KEY) == (
        ADDRESSES_MAX
    )


class Calls:
    """Who was dialled; each link is held until it is let go."""

    def __init__(self) -> None:
        self.dialled: list[PeerId | None] = []
        self.over = asyncio.Event()

    async def hold(self, address: Address) -> bool:
        self.dialled.append(address.peer)
        await self.over.wait()
        return True


@pytest.mark.asyncio
async def test_a_lan_full_of_liars_costs_so_many_links_and_no_more() -> None:
    calls = Calls()
    lan = Lan(LOOM, listed=(), hold=calls.hold, name="here")
    async with asyncio.TaskGroup() as tasks:
        for number in range(10, 40):
            lan._meet(announced(number), tasks)
            lan._meet(announced(number), tasks)
        await asyncio.sleep(0)
        assert len(calls.dialled) == LINKS_MAX
        assert len(set(calls.dialled)) == LINKS_MAX, "nobody is dialled twice"
        calls.over.set()

    async with asyncio.TaskGroup() as tasks:
        lan._meet(announced(50), tasks)
    assert calls.dialled[-1] == key(50).public.peer, "there is room again"


@pytest.mark.asyncio
async def test_our_own_announcement_is_not_dialled() -> None:
    calls = Calls()
    calls.over.set()
    lan = Lan(LOOM, listed=(), hold=calls.hold, name="here")
    async with asyncio.TaskGroup() as tasks:
        lan._meet(record(f"dnsaddr={NEAR}"), tasks)

    assert not calls.dialled


@pytest.mark.asyncio
async def test_more_announcements_than_are_looked_at_are_dropped() -> None:
    lan = Lan(LOOM, listed=(), hold=Calls().hold, name="here")
    for number in range(2 * WAITING_MAX):
        lan._hear(name=f"{number}._p2p._udp.local.")

    assert lan._heard.qsize() == WAITING_MAX


def test_it_is_off_and_does_not_go_without_private_addresses(tmp_path: Path) -> None:
    plain = parse_config(CONFIG, tmp_path)
    assert not plain.peers.lan

    both = b"[peers]\nlan = true\nallow_private = true\n"
    assert parse_config(CONFIG + both, tmp_path).peers.lan
    with pytest.raises(InputError, match=r"needs peers\.allow_private"):
        parse_config(CONFIG + b"[peers]\nlan = true\n", tmp_path)
