"""`/ipfs/CID`: the IPFS Trustless Gateway, blocks and CARs that a client checks itself.

Nothing is decided here that a client must believe: no file is put together, nothing is
fetched from elsewhere, and what cannot be finished is cut off in the middle, so that
nobody takes it for whole.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from fabnet.content import car
from fabnet.content.cid import Cid
from fabnet.content.dag import read_node
from fabnet.content.naming import PROBE
from fabnet.errors import RemoteError, StorageError
from fabnet.node.gateway.asking import Ask, No, has_tag, read_ask, read_range
from fabnet.node.gateway.blocks import Blocks
from fabnet.node.gateway.readers import FullError, Readers
from fabnet.node.gateway.walking import Step, resolve, walk

IPFS_PATH: Final = "/ipfs/"
IMMUTABLE: Final = "public, max-age=29030400, immutable"
"""A CID's content never changes: 48 weeks, as the specification says."""
RETRY_S: Final = 5

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Cache-Control, Content-Type, "
    "If-None-Match, Range, User-Agent, X-Requested-With",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag, "
    "X-Ipfs-Path, X-Ipfs-Roots",
}
"""Any web page may read: what is given here is given to anybody."""


class Gateway:
    """Answers what IPFS clients ask for."""

    def __init__(self, blocks: Blocks, readers: Readers) -> None:
        self._blocks = blocks
        self._readers = readers

    def install(self, app: web.Application) -> None:
        """Serve `/ipfs/` in an application."""
        for path in (IPFS_PATH + "{cid}", IPFS_PATH + "{cid}/{path:.*}"):
            app.router.add_get(path, self.give)
            app.router.add_options(path, preflight)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Answer GET and HEAD."""
        name = request.match_info["cid"]
        ask = read_ask(
            name,
            request.match_info.get("path", ""),
            request.query,
            request.headers.get("Accept"),
        )
        if isinstance(ask, No):
            return refused(ask.status, ask.reason)
        try:
            async with self._readers.place(request):
                if name == PROBE and not ask.path:
                    return _probe(ask)
                return await self._give(request, ask)
        except FullError:
            return refused(503, "busy", {"Retry-After": str(RETRY_S)})
        except StorageError as error:
            return refused(500, str(error))

    async def _give(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        # One walk finds the path, so that what cannot be found is a 404 and no CAR.
        steps = None
        if ask.cid is not None:
            steps = await resolve(self._blocks.get, ask.cid, ask.path)
        if steps is None:
            cached = "only-if-cached" in request.headers.get("Cache-Control", "")
            return refused(412 if cached else 404, "not-here")
        headers = _headers(ask, steps)
        if has_tag(request.headers.get("If-None-Match"), ask.etag):
            return web.Response(status=304, headers=headers)
        if ask.format == "raw":
            return await self._give_block(request, ask, steps[-1], headers)
        return await self._give_car(request, ask, steps, headers)

    async def _give_block(
        self, request: web.Request, ask: Ask, step: Step, headers: dict[str, str]
    ) -> web.StreamResponse:
        size = len(step.block)
        headers["Accept-Ranges"] = "bytes"
        wanted = request.headers.get("Range")
        if request.headers.get("If-Range", ask.etag) != ask.etag:
            wanted = None
        found = read_range(wanted, size)
        if isinstance(found, No):
            refusal = {"Content-Range": f"bytes */{size}"}
            return refused(found.status, found.reason, refusal)
        first, end = (0, size) if found is None else found
        if request.method != "HEAD":
            await self._readers.pay(request, end - first)
        if found is not None:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        status = 200 if found is None else 206
        return web.Response(status=status, body=step.block[first:end], headers=headers)

    async def _give_car(
        self,
        request: web.Request,
        ask: Ask,
        steps: list[Step],
        headers: dict[str, str],
    ) -> web.StreamResponse:
        if ask.span is not None and _is_outside(ask, steps[-1]):
            return refused(400, "entity-bytes: the file is shorter")
        headers["Accept-Ranges"] = "none"
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        if request.method != "HEAD":
            try:
                await self._stream(request, response, ask, steps)
            except ConnectionError:
                # The reader hung up, which is no fault and is not logged as one.
                return response
            except (RemoteError, StorageError):
                # The head is gone, and with it every way to say so but this one.
                if request.transport is not None:
                    request.transport.abort()
                return response
        await response.write_eof()
        return response

    async def _stream(
        self,
        request: web.Request,
        response: web.StreamResponse,
        ask: Ask,
        steps: list[Step],
    ) -> None:
        await response.write(car.header([steps[-1].cid]))
        way = walk(self._blocks.get, steps, ask.scope, ask.span, dups=ask.dups)
        async for step in way:
            await self._readers.pay(request, len(step.block))
            await response.write(car.section(step.cid, len(step.block)))
            await response.write(step.block)


async def preflight(_: web.Request) -> web.Response:
    """Tell a browser that any page may ask."""
    return web.Response(status=204, headers=CORS)


def refused(
    status: int, reason: str, more: dict[str, str] | None = None
) -> web.Response:
    """Return a no, which is not to be cached: it may be here tomorrow."""
    headers = {**CORS, "Cache-Control": "no-store", "Vary": "Accept", **(more or {})}
    return web.Response(status=status, text=reason, headers=headers)


def _headers(ask: Ask, steps: list[Step]) -> dict[str, str]:
    path = "/".join((IPFS_PATH + str(ask.cid), *ask.path))
    headers = {
        **CORS,
        "Content-Type": ask.media_type,
        "Cache-Control": IMMUTABLE,
        "Content-Disposition": _disposition(ask),
        "ETag": ask.etag,
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "X-Ipfs-Path": quote(path),
        "X-Ipfs-Roots": ",".join(_roots(ask, steps)),
    }
    if not ask.in_address:
        headers["Content-Location"] = f"{quote(path)}?format={ask.format}"
    return headers


def _disposition(ask: Ask) -> str:
    """Return that the answer is to be saved, and under which name (RFC 6266)."""
    suffix = "bin" if ask.format == "raw" else "car"
    if ask.filename is None:
        return f'attachment; filename="{ask.cid}.{suffix}"'
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", ask.filename)
    named = quote(ask.filename, safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named}"


def _roots(ask: Ask, steps: list[Step]) -> list[Cid]:
    """Return the CID of each name down the path, which is one for each step."""
    return [step.cid for step in steps] if ask.path else [steps[0].cid]


def _is_outside(ask: Ask, end: Step) -> bool:
    node = read_node(end.cid, end.block)
    if node.is_folder or ask.span is None or not node.size:
        return False
    return ask.span.within(node.size)[0] >= node.size


def _probe(ask: Ask) -> web.Response:
    """Answer whether anybody is here: with the block of no bytes, or a CAR of none."""
    headers = {**CORS, "Cache-Control": IMMUTABLE, "Vary": "Accept"}
    headers["Content-Type"] = ask.media_type
    headers["Content-Disposition"] = f'attachment; filename="{PROBE}.{ask.format}"'
    headers["ETag"] = f'"{PROBE}.{ask.format}"'
    body = b"" if ask.format == "raw" else car.header([])
    return web.Response(body=body, headers=headers)
