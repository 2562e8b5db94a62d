"""Peer ID authentication on aiohttp: what a handler asks, and how a node logs in.

A handler calls `authenticate` and gets a peer or a reply; `install` makes that work in
an application, and serves a route that does nothing but log in. Between nodes, the
upgrade to a WebSocket carries `Authorization` like any other request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

import aiohttp
from aiohttp import web

from fabnet.errors import MalformedError
from fabnet.node.links.auth_header import is_ours
from fabnet.node.links.peer_id_auth import (
    BEARER_MS_MAX,
    Admitted,
    Challenged,
    ClientAuth,
    Refused,
    ServerAuth,
)
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

AUTH_PATH: Final = "/fabnet/auth"
"""A route that only logs in, named `/http-peer-id-auth/1.0.0` in the well-known map."""

_SERVER_AUTH: Final = web.AppKey("server_auth", ServerAuth)
_INFO: Final = web.RequestKey("authentication_info", str)
_MISDIRECTED: Final = 421
_READABLE: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Authentication-Info, WWW-Authenticate",
}
"""A web page may log in as itself: nothing here rests on a cookie."""
_PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
}


def install(app: web.Application, auth: ServerAuth) -> None:
    """Let the handlers of `app` call `authenticate`, and serve AUTH_PATH."""
    app[_SERVER_AUTH] = auth
    app.on_response_prepare.append(_tell)
    app.router.add_get(AUTH_PATH, _only_log_in)
    app.router.add_options(AUTH_PATH, _only_log_in)


def authenticate(request: web.Request) -> PeerId | web.Response:
    """Return who sent `request`, or the reply that asks for a login.

    A route that browsers or js-libp2p may meet serves OPTIONS with it too: the js
    middleware logs in by OPTIONS with Authorization, a preflight comes without.
    """
    found = request.headers.getall("Authorization", [])
    if request.method == "OPTIONS" and not found:
        return web.Response(status=204, headers=_PREFLIGHT)
    if len(found) > 1:
        return web.Response(status=400, text="bad-header")
    auth = request.config_dict[_SERVER_AUTH]
    verdict = auth.judge(request.headers.get("Host", ""), found[0] if found else None)
    match verdict:
        case Admitted(peer, info):
            if info is not None:
                request[_INFO] = info
            return peer
        case Challenged(challenge, reason):
            headers = {"WWW-Authenticate": challenge, "Cache-Control": "no-store"}
            headers |= _READABLE
            return web.Response(status=401, text=reason, headers=headers)
        case Refused(reason):
            status = _MISDIRECTED if reason == "unknown-host" else 400
            return web.Response(status=status, text=reason)
        case _:
            assert_never(verdict)


async def _only_log_in(request: web.Request) -> web.Response:
    found = authenticate(request)
    return found if isinstance(found, web.Response) else web.Response(status=204)


async def _tell(request: web.Request, response: web.StreamResponse) -> None:
    """Give a client that has just logged in its bearer, whatever it asked for."""
    info = request.get(_INFO)
    if info is not None:
        response.headers["Authentication-Info"] = info
        response.headers.update(_READABLE)
        response.headers["Cache-Control"] = "no-store"


@dataclass(frozen=True, slots=True)
class Login:
    """What a node holds after logging in at one host of another."""

    peer: PeerId
    """Who answered, proved."""
    bearer: str
    """The Authorization header of every later request to this host, and no other."""
    expires_ms: int
    """When to log in again, on the clock that `login` was given; the server may ask
    sooner, by a 401."""


async def login(
    session: aiohttp.ClientSession,
    base_url: str,
    host: str,
    key: SigningKey,
    expected: PeerId | None,
    *,
    now_ms: Callable[[], int],
    token: Callable[[int], bytes],
) -> Login:
    """Log in at `base_url` as `key`'s peer, and make sure that `expected` answers.

    `host` is the Host header to send and sign, as `protocol.address.authority` gives
    it. Raise RemoteError for a lie, and aiohttp.ClientError or TimeoutError when there
    is no one to talk to.
    """
    auth = ClientAuth(key, host, token, expected)
    began_ms = now_ms()
    asked = await _ask(session, base_url, host, auth.hello())
    if asked.status != 401:
        raise MalformedError(f"login at {host}: expected 401, got {asked.status}")
    answer = auth.answer(_header(asked, "WWW-Authenticate"))
    told = await _ask(session, base_url, host, answer)
    if not 200 <= told.status < 300:
        raise MalformedError(f"login at {host}: refused with {told.status}")
    bearer = auth.finish(_header(told, "Authentication-Info"))
    return Login(auth.peer, bearer, began_ms + BEARER_MS_MAX)


async def _ask(
    session: aiohttp.ClientSession, base_url: str, host: str, authorization: str
) -> aiohttp.ClientResponse:
    """Return the reply's head; its body is not read."""
    request = session.get(
        base_url + AUTH_PATH,
        headers={"Authorization": authorization, "Host": host},
        server_hostname=tls_name(host),
        allow_redirects=False,
    )
    async with request as response:
        return response


def tls_name(host: str) -> str:
    """Return the name that TLS must prove for the Host header `host`: without its port.

    Every request that shows a bearer asks for it, as the login did. aiohttp would ask
    for the host that it connects to, which `/tls/sni/NAME` says is another.
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _header(response: aiohttp.ClientResponse, name: str) -> str:
    """Return the header `name` that speaks of our scheme; a proxy may add others."""
    for value in response.headers.getall(name, []):
        if is_ours(value):
            return value
    raise MalformedError(f"login: {name} is missing")
