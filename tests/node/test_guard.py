"""No address a stranger gives us leads to our own network."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fabnet.errors import MalformedError
from fabnet.node.links.guard import (
    HEADER_LINE_BYTES_MAX,
    HEADERS_MAX,
    AddressForbiddenError,
    client_session,
    guarded_connector,
)

# --------------------------------------------------------------- over a real connection


@asynccontextmanager
async def serving(host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve a page, a redirect to it, and bad manners; yield the port."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="the operator's own pages")

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://127.0.0.1:{request.url.port}/")

    async def squeezed(_request: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    async def wordy(request: web.Request) -> web.Response:
        lines, length = int(request.query["lines"]), int(request.query["length"])
        return web.Response(headers={f"X-{n}": "a" * length for n in range(lines)})

    async def echo(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/redirect", redirect)
    app.router.add_get("/squeezed", squeezed)
    app.router.add_get("/wordy", wordy)
    app.router.add_get("/echo", echo)
    server = TestServer(app, host=host)
    async with server:
        assert server.port is not None
        yield server.port


SPELLINGS = [
    "127.0.0.1",
    "localhost",
    "0x7f.0.0.1",
    "①②⑦.⓪.⓪.①",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_our_own_address_gets_through(host: str) -> None:
    async with serving() as port, client_session(False) as session:
        with pytest.raises(AddressForbiddenError, match=r"allow_private|no peer has"):
            await session.get(f"http://{host}:{port}/")
        with pytest.raises(AddressForbiddenError, match=r"allow_private|no peer has"):
            await session.ws_connect(f"http://{host}:{port}/")


@pytest.mark.asyncio
async def test_the_refused_spellings_would_have_reached_us_without_the_guard() -> None:
    """Else the test above would pass for the wrong reason; IPv6 may be missing here."""
    spellings = [host for host in SPELLINGS if not host.startswith("[")]
    async with serving() as port, aiohttp.ClientSession() as session:
        for host in spellings:
            async with session.get(f"http://{host}:{port}/") as reply:
                assert await reply.text() == "the operator's own pages"


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["127.1", "2130706433"])
async def test_an_old_numeric_spelling_is_no_url_for_aiohttp(host: str) -> None:
    async with serving() as port, client_session(True) as session:
        with pytest.raises((aiohttp.InvalidUrlClientError, AddressForbiddenError)):
            await session.get(f"http://{host}:{port}/")


@pytest.mark.asyncio
async def test_a_node_on_a_lan_reaches_its_neighbours() -> None:
    async with (
        serving() as port,
        client_session(True) as session,
        session.get(f"http://127.0.0.1:{port}/") as reply,
    ):
        assert reply.status == 200


def resolving_to(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> list[str]:
    """Make the machine's resolver say so; return the names that it will be asked."""
    asked: list[str] = []

    def getaddrinfo(
        host: str, port: int, *_args: object, **_more: object
    ) -> list[tuple[socket.AddressFamily, int, int, str, tuple[str, int]]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (h, port)) for h in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "hosts", [["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["10.0.0.1"] * 3]
)
async def test_a_name_that_resolves_to_our_own_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, hosts: list[str]
) -> None:
    async with serving() as port, client_session(False) as session:
        asked = resolving_to(monkeypatch, *hosts)

        with pytest.raises(AddressForbiddenError, match="private range"):
            await session.get(f"http://rebound.example:{port}/")

        assert asked == ["rebound.example"]


@pytest.mark.asyncio
async def test_a_forbidden_address_of_a_name_leaves_its_other_addresses_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving() as port, client_session(True) as session:
        resolving_to(monkeypatch, "169.254.169.254", "127.0.0.1")

        async with session.get(f"http://two.example:{port}/") as reply:
            assert reply.status == 200


@pytest.mark.asyncio
async def test_a_bare_connector_refuses_too_in_the_words_of_aiohttp() -> None:
    async with serving() as port:
        connector = guarded_connector(False)
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError, match="allow_private"):
                await session.get(f"http://127.0.0.1:{port}/")


@pytest.mark.asyncio
async def test_an_ordinary_failure_to_connect_stays_what_it_is() -> None:
    async with serving() as port:
        pass
    async with client_session(True) as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/")


@pytest.mark.asyncio
async def test_a_peer_does_not_redirect_not_even_a_socket() -> None:
    async with serving() as port, client_session(True) as session:
        url = f"http://127.0.0.1:{port}/redirect"
        for attempt in (session.get(url), session.ws_connect(url)):
            with pytest.raises(MalformedError, match="redirect"):
                await attempt


@pytest.mark.asyncio
async def test_a_compressed_reply_is_refused_and_never_asked_for() -> None:
    async with serving() as port, client_session(True) as session:
        async with session.get(f"http://127.0.0.1:{port}/echo") as reply:
            assert (await reply.json())["Accept-Encoding"] == "identity"
        with pytest.raises(MalformedError, match="compressed"):
            await session.get(f"http://127.0.0.1:{port}/squeezed")


@pytest.mark.asyncio
async def test_a_reply_of_endless_headers_is_cut_off() -> None:
    async with serving() as port, client_session(True) as session:
        for lines, length in ((HEADERS_MAX + 1, 1), (1, HEADER_LINE_BYTES_MAX + 1)):
            query = {"lines": str(lines), "length": str(length)}
            with pytest.raises(aiohttp.ClientResponseError):
                await session.get(f"http://127.0.0.1:{port}/wordy", params=query)
        query = {"lines": str(HEADERS_MAX - 8), "length": "2048"}
        async with session.get(f"http://127.0.0.1:{port}/wordy", params=query) as reply:
            assert reply.status == 200


@pytest.mark.asyncio
async def test_the_proxy_of_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving() as port, client_session(True) as session:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        async with session.get(f"http://127.0.0.1:{port}/") as reply:
            assert reply.status == 200


@pytest.mark.asyncio
async def test_a_session_keeps_no_cookies_and_waits_no_longer_than_it_says() -> None:
    async with client_session(False) as session:
        timeout = session.timeout
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
        assert (timeout.total, timeout.connect, timeout.sock_read) == (60, 10, 20)
