"""`/routing/v1/`: Delegated Routing, where IPFS clients ask who has what.

Source: Delegated Routing V1 of 2025-12-17; the unknown is an empty list (IPIP-513).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from fabnet.content import naming as cids
from fabnet.errors import RemoteError
from fabnet.node.gateway.filters import filtered, read_filter
from fabnet.node.gateway.providers import PeerAnswer, Providers
from fabnet.node.gateway.serving import CORS
from fabnet.protocol.address import peer_in

PROVIDERS_PATH: Final = "/routing/v1/providers/"
PEERS_PATH: Final = "/routing/v1/peers/"
NDJSON: Final = "application/x-ndjson"
KEPT_S: Final = 300
"""Seconds that an answer may be kept by who asks; where a peer is changes seldom."""
EMPTY_S: Final = 15
"""The same of an empty answer: a design may come any moment."""
STALE_S: Final = 48 * 3_600
"""Seconds after which an old answer is of no use even where we cannot be reached."""


class Routing:
    """Answers who has what."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def install(self, app: web.Application) -> None:
        """Serve `/routing/v1/` in an application."""
        for path, give in (
            (PROVIDERS_PATH + "{cid}", self.give_providers),
            (PEERS_PATH + "{peer}", self.give_peers),
        ):
            app.router.add_get(path, give)
            app.router.add_options(path, _preflight)

    async def give_providers(self, request: web.Request) -> web.Response:
        """Answer who has a CID."""
        try:
            cid = cids.read(request.match_info["cid"])
        except RemoteError as error:
            return _refused(str(error))
        found = [] if cid is None else await self._providers.of(cid)
        return _answer(request, "Providers", found)

    async def give_peers(self, request: web.Request) -> web.Response:
        """Answer where a peer is."""
        try:
            peer = peer_in(request.match_info["peer"])
        except RemoteError as error:
            return _refused(str(error))
        return _answer(request, "Peers", await self._providers.peer(peer))


def _answer(
    request: web.Request, name: str, answers: Sequence[PeerAnswer]
) -> web.Response:
    query = request.query
    found = filtered(
        answers,
        read_filter(query.get("filter-addrs")),
        read_filter(query.get("filter-protocols")),
    )
    kept_s = KEPT_S if found else EMPTY_S
    stale = f"stale-while-revalidate={STALE_S}, stale-if-error={STALE_S}"
    headers = {**_CORS, "Cache-Control": f"public, max-age={kept_s}, {stale}"}
    if NDJSON in request.headers.get("Accept", ""):
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in found)
        return web.Response(body=lines, content_type=NDJSON, headers=headers)
    whole = msgspec.json.encode({name: found})
    return web.Response(body=whole, content_type="application/json", headers=headers)


async def _preflight(_: web.Request) -> web.Response:
    return web.Response(status=204, headers=_CORS)


def _refused(reason: str) -> web.Response:
    return web.Response(status=422, text=reason, headers=_CORS)


_CORS: Final = {**CORS, "Vary": "Accept"}
