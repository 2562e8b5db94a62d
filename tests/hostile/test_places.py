"""Whatever address a stranger names, no connection leads into our own network."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.node.links.guard import (
    AddressForbiddenError,
    check,
    check_port,
    client_session,
)
from tests.hostile.places import HOME, NOWHERE, PUBLIC, Row
from tests.hostile.rebinding import lying
from tests.node.test_guard import serving


def name_of(row: Row) -> str:
    return row[0]


def test_the_table_is_long_and_names_no_place_twice() -> None:
    hosts = [row[0] for row in HOME + NOWHERE + PUBLIC]

    assert len(HOME + NOWHERE) >= 60
    assert len(set(hosts)) == len(hosts)
    assert all(row[2] for row in HOME + NOWHERE + PUBLIC)


@pytest.mark.parametrize("row", HOME, ids=name_of)
def test_our_own_network_is_open_only_to_those_who_live_in_it(row: Row) -> None:
    host, name, _ = row
    check(host, allow_private=True)
    with pytest.raises(AddressForbiddenError) as caught:
        check(host, allow_private=False)

    assert str(caught.value) == (
        f"address: {host} is in a private range ({name}) and allow_private is off"
    )


@pytest.mark.parametrize("row", NOWHERE, ids=name_of)
def test_where_no_peer_is_stays_closed_to_all(row: Row) -> None:
    host, name, _ = row
    for allow_private in (False, True):
        with pytest.raises(AddressForbiddenError) as caught:
            check(host, allow_private=allow_private)
        assert str(caught.value) == (
            f"address: {host} is in a range no peer has ({name})"
        )


@pytest.mark.parametrize("row", PUBLIC, ids=name_of)
def test_the_public_network_is_open(row: Row) -> None:
    check(row[0], allow_private=False)


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "①②⑦.⓪.⓪.①"],
)
def test_what_is_not_plainly_an_ip_address_is_refused(host: str) -> None:
    with pytest.raises(AddressForbiddenError, match="not an IP address"):
        check(host, allow_private=True)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_never_dialled(ip: object) -> None:
    for clothes in ("::ffff:{}", "::{}", "64:ff9b::{}", "::ffff:0:{}"):
        with pytest.raises(AddressForbiddenError):
            check(clothes.format(ip), allow_private=False)


@pytest.mark.parametrize("port", [80, 443, 1_024, 8_101, 8_443, 32_768, 65_535])
def test_a_peer_is_at_the_ports_of_the_web_or_above_those_of_the_system(
    port: int,
) -> None:
    check_port(port)


@pytest.mark.parametrize(
    "port", [0, 1, 22, 25, 53, 81, 1_023, 2_375, 5_432, 6_000, 6_379, 11_211]
)
def test_no_other_service_is_spoken_to(port: int) -> None:
    with pytest.raises(AddressForbiddenError, match=f"port {port} belongs to no peer"):
        check_port(port)


@pytest.mark.asyncio
async def test_a_neighbours_database_is_not_dialled_on_a_lan_either() -> None:
    async with client_session(allow_private=True) as session:
        with pytest.raises(AddressForbiddenError, match="port 6379"):
            await session.get("http://127.0.0.1:6379/")


# ------------------------------------------------------------------ a name that turns


@pytest.mark.asyncio
async def test_a_name_that_is_public_first_and_loopback_after_gains_nothing() -> None:
    """Whoever looks up to check, and again to dial, is led home by the second answer.

    The first dial goes where the first answer says, and nowhere else: these tests may
    not leave this machine, so it ends there. The second meets the second answer.
    """
    async with (
        serving() as port,
        lying(("1.1.1.1",), ("127.0.0.1",)) as (dns, resolver),
        client_session(allow_private=False, resolver=resolver) as session,
    ):
        with pytest.raises(Exception, match=r"1\.1\.1\.1"):
            await session.get(f"http://turns.example:{port}/")
        assert dns.asked == 1, "what was checked is what is dialled"

        with pytest.raises(AddressForbiddenError, match=r"127\.0\.0\.1.*loopback"):
            await session.get(f"http://turns.example:{port}/")
        assert dns.asked == 2


@pytest.mark.asyncio
async def test_the_same_name_would_have_led_an_unguarded_session_home() -> None:
    """Else the test above would pass for the wrong reason."""
    async with (
        serving() as port,
        lying(("127.0.0.1",)) as (_, resolver),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver)
        ) as session,
        session.get(f"http://turns.example:{port}/") as reply,
    ):
        assert await reply.text() == "the operator's own pages"


@pytest.mark.asyncio
async def test_every_answer_of_a_name_is_checked_and_the_good_one_dialled() -> None:
    async with (
        serving() as port,
        lying(("169.254.169.254", "0.0.0.0", "127.0.0.1")) as (dns, resolver),
        client_session(allow_private=True, resolver=resolver) as session,
    ):
        async with session.get(f"http://many.example:{port}/") as reply:
            assert reply.status == 200
        assert dns.asked == 1


@pytest.mark.asyncio
async def test_a_socket_that_stays_open_is_not_led_elsewhere() -> None:
    """An answer that changes while a link is held changes nothing about the link."""
    async with (
        serving() as port,
        lying(("127.0.0.1",), ("169.254.169.254",)) as (dns, resolver),
        client_session(allow_private=True, resolver=resolver) as session,
    ):
        for _ in range(3):
            async with session.get(f"http://held.example:{port}/") as reply:
                assert await reply.text()
            await asyncio.sleep(0)
        assert dns.asked == 1, "one connection, so one look-up"
