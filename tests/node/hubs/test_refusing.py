"""A node whose operator wants it to be nobody's hub says so, and is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.node.config import parse
from fabnet.node.links.dialling import KNOWN_BYTES_MAX
from fabnet.node.links.hub.exchange import NO_HUB
from fabnet.node.links.public import HUB_PROTOCOL, WELL_KNOWN
from fabnet.protocol import address as addresses
from tests.node.door import settled
from tests.node.hubs.test_pinning import HUB, MAKES, held, pins, publishes
from tests.node.hubs.village import neighbour, peer
from tests.node.test_config import changed

ASKS = 5


@pytest.mark.asyncio
async def test_who_refuses_forwards_holds_and_pins_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        hub.exchange.is_hub = False
        cid = await publishes(makes, hub)
        makes.attaches_to(hub)
        await makes.dials(hub)
        await asks.dials(hub)
        await asks.hears_where(makes, hub)

        asks.says(MAKES, "lease?")
        await settled(lambda: f"{makes.peer}: {NO_HUB}" in caplog.text)
        await pins(hub).keep()

        assert not makes.words()
        assert len(hub.exchange.mailbox) == 0
        assert not any(await held(hub, cid))


@pytest.mark.asyncio
@pytest.mark.parametrize("is_hub", [True, False])
async def test_whoever_asks_is_told_whether_it_is_one(
    tmp_path: Path, *, is_hub: bool
) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
    ):
        hub.exchange.is_hub = is_hub
        assert hub.address is not None
        assert await asks.dialler.speaks(hub.address, HUB_PROTOCOL) == is_hub
        assert await asks.dialler.speaks(hub.address, "/fabnet/ws/1.0.0")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "said", "why"),
    [
        (200, "[]", MalformedError),
        (200, "{", MalformedError),
        (200, "{}" + " " * KNOWN_BYTES_MAX, LimitError),
        (404, "{}", MalformedError),
        (302, "{}", MalformedError),
    ],
    ids=["a list", "no JSON", "too much", "not there", "elsewhere"],
)
async def test_what_is_no_map_of_protocols_is_no_answer(
    tmp_path: Path, status: int, said: str, why: type[RemoteError]
) -> None:
    async def tell(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=said, headers={"Location": "/"})

    app = web.Application()
    app.router.add_get(WELL_KNOWN, tell)
    async with TestServer(app) as server, neighbour(tmp_path, ASKS) as asks:
        at = addresses.parse(f"/ip4/127.0.0.1/tcp/{server.port}/http/p2p/{peer(HUB)}")
        with pytest.raises(why):
            await asks.dialler.speaks(at, HUB_PROTOCOL)


def test_it_is_a_hub_unless_its_file_says_otherwise() -> None:
    assert parse(changed("listen").encode(), Path("/srv")).listen.hub
    assert not parse(changed("listen", hub=False).encode(), Path("/srv")).listen.hub
