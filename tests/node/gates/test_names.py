"""Over TLS a peer must prove the name in its address, wherever that leads."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fabnet.errors import RemoteError
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.fetching import Fetcher
from fabnet.node.links.guard import AddressForbiddenError, client_session
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from tests.certificates import certificate_for
from tests.node.door import Door, door, settled
from tests.node.hubs.village import Neighbour, neighbour, peer
from tests.protocol.minds import identity

pytestmark = pytest.mark.asyncio

NAME = "hub.example"
HUB = 1
"""The number of whoever answers at `NAME`."""


class Names(AbstractResolver):
    """Says where every name is, and remembers for which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port,
                family=socket.AF_INET, proto=0, flags=0,
            )
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Pair:
    """A hub behind TLS, and a node that dials it."""

    hub: Door
    us: Neighbour
    dialler: Dialler
    fetcher: Fetcher
    names: Names

    def at(self, form: str) -> Address:
        """Return an address of the hub's port; `form` says all but the port."""
        port = self.hub.host.partition(":")[2]
        return addresses.parse(f"{form.format(port)}/p2p/{peer(HUB)}")


@asynccontextmanager
async def pair(
    path: Path, *proves: str, allow_private: bool = True
) -> AsyncIterator[Pair]:
    """Start a hub that answers to `NAME`, and whose certificate proves other names."""
    certificate, key = certificate_for(*proves)
    (path / "all.pem").write_bytes(certificate + key)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(path / "all.pem")
    ours = ssl.create_default_context(cadata=certificate.decode())
    names = Names()
    async with (
        door(path / "hub", name=NAME, tls=theirs) as hub,
        neighbour(path, 2) as us,
        client_session(allow_private, names, ours) as session,
    ):
        who = identity(2)
        dialler = Dialler(who, links=us.links, session=session, clock=us.clock)
        fetcher = Fetcher(
            who, store=us.store, blobs=us.blobs, links=us.links, dialler=dialler,
            session=session,
        )  # fmt: skip
        yield Pair(hub, us, dialler, fetcher, names)


FORMS = {
    "a number": ("/ip4/127.0.0.1/tcp/{}/tls/sni/hub.example/http", []),
    "another name": ("/dns4/shared.example/tcp/{}/tls/sni/hub.example/ws", ["shared"]),
    "the name itself": ("/dns4/hub.example/tcp/{}/tls/sni/hub.example/http", ["hub"]),
    "the name alone": ("/dns4/hub.example/tcp/{}/tls/http", ["hub"]),
}


@pytest.mark.parametrize(("form", "looked_up"), FORMS.values(), ids=FORMS)
async def test_links_and_files_come_from_who_proves_the_name(
    tmp_path: Path, form: str, looked_up: list[str]
) -> None:
    async with pair(tmp_path, NAME) as two:
        cid = await two.hub.blobs.put_bytes(b"a drawing")
        address = two.at(form)
        two.us.links.addresses[peer(HUB)] = (address,)

        await two.fetcher.need(cid, 9, "text/plain", (peer(HUB),))
        holding = asyncio.create_task(two.dialler.hold(address))
        await settled(lambda: two.us.links.is_linked(peer(HUB)))
        two.us.links.let_go()

        assert await holding
        assert await two.us.blobs.has(cid)
        assert set(two.names.asked) == {f"{name}.example" for name in looked_up}


@pytest.mark.parametrize("proves", ["other.example", "shared.example"])
async def test_who_proves_another_name_gives_neither_links_nor_files(
    tmp_path: Path, proves: str
) -> None:
    async with pair(tmp_path, proves) as two:
        cid = await two.hub.blobs.put_bytes(b"a drawing")
        address = two.at("/dns4/shared.example/tcp/{}/tls/sni/hub.example/http")
        two.us.links.addresses[peer(HUB)] = (address,)

        assert not await two.dialler.hold(address)
        with pytest.raises(RemoteError, match="none of 1 peers"):
            await two.fetcher.need(cid, 9, "text/plain", (peer(HUB),))
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await two.dialler.log_in(address)


async def test_a_name_for_tls_opens_no_way_into_our_own_network(tmp_path: Path) -> None:
    """The name to prove is another than the one to connect to: this one is checked."""
    async with pair(tmp_path, NAME, allow_private=False) as two:
        for form in ("/ip4/127.0.0.1", "/dns4/shared.example"):
            with pytest.raises(AddressForbiddenError):
                await two.dialler.log_in(
                    two.at(form + "/tcp/{}/tls/sni/hub.example/ws")
                )
