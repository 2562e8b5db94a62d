"""The public port: what strangers and other nodes may ask of us.

Hostile ground. Bodies are small and never decompressed, every read is bounded, and
only a published spec or an authenticated peer gets more than a refusal.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from fabnet.content import cid as cids
from fabnet.errors import MalformedError
from fabnet.node.links.auth_http import AUTH_PATH, authenticate, install
from fabnet.node.links.frames import FRAME_BYTES_MAX
from fabnet.node.links.limits.blocks import block_of
from fabnet.node.links.limits.proxies import Proxies, sender_of
from fabnet.node.links.limits.standing import BLOCKED, SHUT_OUT
from fabnet.node.links.limits.tolls import REQUEST_COST, Payer, size_cost
from fabnet.node.links.link import CLOSE_S_MAX, Link
from fabnet.node.links.links import FULL, TOO_MUCH, Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.store.blobs import Blobs

WS_PATH: Final = "/fabnet/ws"
BLOB_PATH: Final = "/fabnet/blob/"
WELL_KNOWN: Final = "/.well-known/libp2p/protocols"
HUB_PROTOCOL: Final = "/fabnet/hub/1.0.0"
"""Spoken by those by way of whom others may be reached."""
BODY_BYTES_MAX: Final = 64 * 1_024
"""Nobody sends us a body on this port but frames, which have a bound of their own."""

_PROTOCOLS: Final = {
    "/http-peer-id-auth/1.0.0": {"path": AUTH_PATH},
    "/ipfs/gateway": {"path": "/"},
    "/fabnet/ws/1.0.0": {"path": WS_PATH},
    "/fabnet/blob/1.0.0": {"path": BLOB_PATH},
}
_HUB: Final = {HUB_PROTOCOL: {"path": WS_PATH}}


_STATUS: Final = {BLOCKED: 403, SHUT_OUT: 403, TOO_MUCH: 429, FULL: 503}


def make_public_app(
    *, auth: ServerAuth, links: Links, blobs: Blobs, proxies: Proxies = ()
) -> web.Application:
    """Return the application of the public port; `proxies` may stand in front."""
    door = _Door(links, blobs, proxies)
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[door.toll()])
    install(app, auth)
    app.router.add_get(WELL_KNOWN, door.tell_protocols)
    app.router.add_get(WS_PATH, door.open_link)
    app.router.add_get(BLOB_PATH + "{cid}", door.give_blob)
    app.on_shutdown.append(door.let_go)
    return app


class _Door:
    """What the port gives to whom, and what it costs them."""

    def __init__(self, links: Links, blobs: Blobs, proxies: Proxies) -> None:
        self._links = links
        self._tolls = links.tolls
        self._blobs = blobs
        self._proxies = proxies

    def toll(self) -> Middleware:
        """Charge the address; in debt only who logged in before gets any further.

        A bearer is checked by a hash, a login by a signature: so a flood beside them
        does not shut out the peers of the same block that pay for themselves.
        """

        @web.middleware
        async def toll(request: web.Request, handler: Handler) -> web.StreamResponse:
            wait_ms = self._tolls.pay_request(self._block(request))
            shown = request.headers.get("Authorization", "")
            if wait_ms > 0 and "bearer=" not in shown:
                return self._too_much(wait_ms)
            return await handler(request)

        return toll

    async def open_link(self, request: web.Request) -> web.StreamResponse:
        """Hold a link with whoever logged in, unless something is against it."""
        peer = authenticate(request)
        if isinstance(peer, web.Response):
            return peer
        block = self._block(request)
        why = self._links.why_not(Payer(peer, block))
        if why is not None:
            return self._refused(why)
        socket = web.WebSocketResponse(
            autoping=False,
            max_msg_size=FRAME_BYTES_MAX,
            compress=False,
            timeout=CLOSE_S_MAX,
        )
        await socket.prepare(request)
        await self._links.serve(Link(socket, peer=peer, dialler=peer, block=block))
        return socket

    async def tell_protocols(self, _: web.Request) -> web.Response:
        """Tell what is spoken here, and whether we are a hub."""
        spoken = _PROTOCOLS | (_HUB if self._links.exchange.is_hub else {})
        # Nested as the spec says, and flat as go-libp2p and js-libp2p read it.
        known = {"protocols": spoken, **spoken}
        return web.Response(text=json.dumps(known), content_type="application/json")

    async def let_go(self, _: web.Application) -> None:
        """End the links: they are requests, for whose end the server would wait."""
        self._links.let_go()

    async def give_blob(self, request: web.Request) -> web.StreamResponse:
        """Give a file to whoever logged in and is not in debt; it pays afterwards."""
        peer = authenticate(request)
        if isinstance(peer, web.Response):
            return peer
        why = self._links.standing.why_not(peer)
        if why is not None:
            return self._refused(why)
        payer = Payer(peer, self._block(request))
        wait_ms = self._tolls.pay(payer, REQUEST_COST)
        if wait_ms > 0:
            return self._too_much(wait_ms)
        try:
            cid = cids.parse(request.match_info["cid"])
        except MalformedError as error:
            return web.Response(status=422, text=str(error))
        if not await self._blobs.has(cid):
            return web.Response(status=404, text="no-such-blob")
        path = self._blobs.path(cid)
        self._tolls.pay(payer, size_cost((await asyncio.to_thread(path.stat)).st_size))
        headers = {"Cache-Control": "immutable", "ETag": f'"{cid}"'}
        return web.FileResponse(path, headers=headers)

    def _block(self, request: web.Request) -> str:
        return block_of(sender_of(request, self._proxies))

    def _refused(self, why: str) -> web.Response:
        self._tolls.counted["refused"] += 1
        return web.Response(status=_STATUS[why], text=why)

    def _too_much(self, wait_ms: int) -> web.Response:
        refused = self._refused(TOO_MUCH)
        refused.headers["Retry-After"] = str(-(-wait_ms // 1_000))
        return refused
