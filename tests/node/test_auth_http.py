"""A login over a real connection: requests, sockets, js clients and TLS."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from fabnet.errors import MalformedError, SignatureError
from fabnet.node.links import auth_http
from fabnet.node.links.guard import client_session
from fabnet.node.links.peer_id_auth import BEARER_MS_MAX, Admitted, ServerAuth
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey
from tests.certificates import certificate_for
from tests.node.auth_pair import (
    CLIENT,
    SERVER,
    Clock,
    challenged,
    client_key,
    client_of,
    mallory_key,
    server_at,
    server_key,
)


@asynccontextmanager
async def serving(
    key: SigningKey = server_key,
    name: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve one protected route and one protected socket; yield the Host header."""

    async def whoami(request: web.Request) -> web.StreamResponse:
        found = auth_http.authenticate(request)
        return found if isinstance(found, web.Response) else web.Response(text=found)

    async def socket(request: web.Request) -> web.StreamResponse:
        found = auth_http.authenticate(request)
        if isinstance(found, web.Response):
            return found
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(found)
        await ws.close()
        return ws

    port = unused_port()
    host = f"{name}:{port}"
    clock = Clock()
    auth = ServerAuth(key, frozenset({host}), bytes(32), clock.read, clock.token)
    app = web.Application()
    app.router.add_route("*", "/whoami", whoami)
    app.router.add_get("/socket", socket)
    auth_http.install(app, auth)
    server = TestServer(app, port=port)
    await server.start_server(ssl=tls)
    try:
        yield host
    finally:
        await server.close()


async def log_in(
    session: aiohttp.ClientSession,
    host: str,
    expected: PeerId | None = SERVER,
    at: str | None = None,
) -> auth_http.Login:
    clock = Clock(now_ms=50)
    return await auth_http.login(
        session,
        at or f"http://{host}",
        host,
        client_key,
        expected,
        now_ms=clock.read,
        token=clock.token,
    )


@pytest.mark.asyncio
async def test_a_node_logs_in_once_and_shows_its_bearer_ever_after() -> None:
    async with serving() as host, client_session(True) as session:
        login = await log_in(session, host)

        assert (login.peer, login.expires_ms) == (SERVER, 50 + BEARER_MS_MAX)
        headers = {"Authorization": login.bearer}
        async with session.get(f"http://{host}/whoami", headers=headers) as reply:
            assert (reply.status, await reply.text()) == (200, CLIENT)
            assert "Authentication-Info" not in reply.headers


@pytest.mark.asyncio
async def test_a_socket_between_nodes_carries_the_bearer_in_its_upgrade() -> None:
    async with serving() as host, client_session(True) as session:
        login = await log_in(session, host)
        headers = {"Authorization": login.bearer}

        async with session.ws_connect(f"http://{host}/socket", headers=headers) as ws:
            assert await ws.receive_str() == CLIENT
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"http://{host}/socket")
        assert caught.value.status == 401


@pytest.mark.asyncio
async def test_a_js_client_logs_in_by_options_and_gets_its_bearer_with_the_reply() -> (
    None
):
    async with serving() as host, client_session(True) as session:
        url = f"http://{host}/whoami"
        client = client_of(host=host)
        async with session.options(url) as preflight:
            assert preflight.status == 204
            allowed = preflight.headers["Access-Control-Allow-Headers"]
            assert allowed == "Authorization"
        headers = {"Authorization": client.hello()}
        async with session.options(url, headers=headers) as asked:
            assert asked.status == 401
            shown = asked.headers["Access-Control-Expose-Headers"]
            assert "WWW-Authenticate" in shown
        headers = {"Authorization": client.answer(asked.headers["WWW-Authenticate"])}
        async with session.get(url, headers=headers) as told:
            assert await told.text() == CLIENT
        headers = {"Authorization": client.finish(told.headers["Authentication-Info"])}
        async with session.get(url, headers=headers) as again:
            assert await again.text() == CLIENT


@pytest.mark.asyncio
async def test_a_socket_may_finish_the_login_in_its_own_upgrade() -> None:
    async with serving() as host, client_session(True) as session:
        client = client_of(host=host)
        headers = {"Authorization": client.hello()}
        async with session.get(f"http://{host}/socket", headers=headers) as asked:
            answer = client.answer(asked.headers["WWW-Authenticate"])
        headers = {"Authorization": answer}

        async with session.ws_connect(f"http://{host}/socket", headers=headers) as ws:
            assert await ws.receive_str() == CLIENT
            info = ws._response.headers["Authentication-Info"]
        assert client.finish(info).startswith("libp2p-PeerID bearer=")


@pytest.mark.asyncio
async def test_the_wrong_server_is_found_out() -> None:
    async with serving(mallory_key) as host, client_session(True) as session:
        with pytest.raises(SignatureError, match="expected"):
            await log_in(session, host)
        assert (await log_in(session, host, None)).peer == mallory_key.public.peer


@pytest.mark.asyncio
async def test_a_host_that_is_not_ours_and_a_header_sent_twice_are_refused() -> None:
    async with serving() as host, client_session(True) as session:
        url = f"http://{host}/whoami"
        async with session.get(url, headers={"Host": "evil.example"}) as reply:
            assert (reply.status, await reply.text()) == (421, "unknown-host")
        twice = [("Authorization", "Basic YQ=="), ("Authorization", "Basic YQ==")]
        async with session.get(url, headers=twice) as reply:
            assert (reply.status, await reply.text()) == (400, "bad-header")
        nonsense = {"Authorization": "libp2p-PeerID x"}
        async with session.get(url, headers=nonsense) as reply:
            assert (reply.status, await reply.text()) == (400, "bad-header")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "said"),
    [(204, "expected 401"), (401, "WWW-Authenticate"), (302, "redirect")],
)
async def test_a_server_that_speaks_no_login_is_told_apart(
    status: int, said: str
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Location": "/elsewhere", "WWW-Authenticate": "Basic realm=x"}
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_get(auth_http.AUTH_PATH, answer)
    async with TestServer(app) as server, client_session(True) as session:
        with pytest.raises(MalformedError, match=said):
            await log_in(session, f"127.0.0.1:{server.port}")


@pytest.mark.asyncio
async def test_a_server_that_proves_itself_and_still_refuses_ends_the_login() -> None:
    async def unkind(request: web.Request) -> web.Response:
        host, shown = request.headers["Host"], request.headers["Authorization"]
        verdict = server_at(Clock(), host).judge(host, shown)
        if isinstance(verdict, Admitted):
            return web.Response(status=403)
        headers = {"WWW-Authenticate": challenged(verdict)}
        return web.Response(status=401, headers=headers)

    app = web.Application()
    app.router.add_get(auth_http.AUTH_PATH, unkind)
    async with TestServer(app) as server, client_session(True) as session:
        with pytest.raises(MalformedError, match="refused with 403"):
            await log_in(session, f"127.0.0.1:{server.port}")


@pytest.mark.asyncio
async def test_tls_must_prove_the_name_that_is_signed(tmp_path: Path) -> None:
    """The address is `/ip4/127.0.0.1/tcp/…/tls/sni/hub.example/http`."""
    certificate, key = certificate_for("hub.example")
    (tmp_path / "all.pem").write_bytes(certificate + key)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(tmp_path / "all.pem")
    ours = ssl.create_default_context(cadata=certificate.decode())

    async with (
        serving(name="hub.example", tls=theirs) as host,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ours)) as session,
    ):
        port = host.partition(":")[2]
        assert (await log_in(session, host, at=f"https://127.0.0.1:{port}")).peer
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await log_in(session, f"127.0.0.1:{port}", at=f"https://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("hub.example", "hub.example"),
        ("hub.example:8443", "hub.example"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("[2001:db8::1]:8443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_tls_asks_for_the_name_that_is_signed(host: str, name: str) -> None:
    assert auth_http.tls_name(host) == name
