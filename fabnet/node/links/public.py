"""The public port: what strangers and other nodes may ask of us.

Hostile ground. Bodies are small and never decompressed, every read is bounded, and
only a published spec or an authenticated peer gets more than a refusal.
"""

from __future__ import annotations

import json
from typing import Final

from aiohttp import web

from fabnet.content import cid as cids
from fabnet.errors import MalformedError
from fabnet.node.links.auth_http import AUTH_PATH, authenticate, install
from fabnet.node.links.frames import FRAME_BYTES_MAX
from fabnet.node.links.link import CLOSE_S_MAX, PING_S, Link
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.store.blobs import Blobs

WS_PATH: Final = "/fabnet/ws"
BLOB_PATH: Final = "/fabnet/blob/"
WELL_KNOWN: Final = "/.well-known/libp2p/protocols"
BODY_BYTES_MAX: Final = 64 * 1_024
"""Nobody sends us a body on this port but frames, which have a bound of their own."""

_PROTOCOLS: Final = {
    "/http-peer-id-auth/1.0.0": {"path": AUTH_PATH},
    "/fabnet/ws/1.0.0": {"path": WS_PATH},
    "/fabnet/blob/1.0.0": {"path": BLOB_PATH},
}


def make_public_app(*, auth: ServerAuth, links: Links, blobs: Blobs) -> web.Application:
    """Return the application of the public port."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    install(app, auth)

    async def protocols(_: web.Request) -> web.Response:
        # Nested as the spec says, and flat as go-libp2p and js-libp2p read it.
        known = {"protocols": _PROTOCOLS, **_PROTOCOLS}
        return web.Response(text=json.dumps(known), content_type="application/json")

    async def open_link(request: web.Request) -> web.StreamResponse:
        peer = authenticate(request)
        if isinstance(peer, web.Response):
            return peer
        if links.is_shut_out(peer):
            return web.Response(status=403, text="shut-out")
        socket = web.WebSocketResponse(
            heartbeat=PING_S,
            max_msg_size=FRAME_BYTES_MAX,
            compress=False,
            timeout=CLOSE_S_MAX,
        )
        await socket.prepare(request)
        await links.serve(Link(socket, peer=peer, dialler=peer))
        return socket

    async def blob(request: web.Request) -> web.StreamResponse:
        peer = authenticate(request)
        if isinstance(peer, web.Response):
            return peer
        try:
            cid = cids.parse(request.match_info["cid"])
        except MalformedError as error:
            return web.Response(status=422, text=str(error))
        if not await blobs.has(cid):
            return web.Response(status=404, text="no-such-blob")
        headers = {"Cache-Control": "immutable", "ETag": f'"{cid}"'}
        return web.FileResponse(blobs.path(cid), headers=headers)

    app.router.add_get(WELL_KNOWN, protocols)
    app.router.add_get(WS_PATH, open_link)
    app.router.add_get(BLOB_PATH + "{cid}", blob)
    return app
