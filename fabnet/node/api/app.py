"""The operator's listener: the routes as an aiohttp application.

Order of the checks for each request: host, route, origin, token and role, encoding and
media type, length, body. Nothing of a body is read before the caller may write.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from fabnet.errors import (
    DiskFullError,
    InputError,
    LimitError,
    RemoteError,
)
from fabnet.node.api import problem as problems
from fabnet.node.api.gate import admit, bearer, check_host, check_origin, hosts_of
from fabnet.node.api.handlers.pages import problem_page
from fabnet.node.api.problem import Problem, problem, wrong_field
from fabnet.node.api.routes import ROUTES
from fabnet.node.api.table import (
    HTML,
    JSON,
    Call,
    Pieces,
    Raw,
    Reply,
    Route,
    Take,
)
from fabnet.node.shell import Shell

logger = logging.getLogger(__name__)

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, errors included."""
BODY_S_MAX: Final = 120
"""Seconds for a whole body that is kept in memory, and for one piece of a file."""
FILE_S_MAX: Final = 3_600
"""Seconds for a whole file: the largest at 75 kB a second."""
_SANDBOX: Final = "default-src 'none'; sandbox"
"""For what strangers wrote: even shown, it may do nothing."""


def make_operator_app(shell: Shell) -> web.Application:
    """Return the operator's API and pages for one node.

    To be served with `auto_decompress=False`; a compressed body is refused anyway.
    """
    app = web.Application(middlewares=[_outermost(shell)])
    turn = asyncio.Lock()
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(shell, route, turn))
    return app


def _outermost(shell: Shell) -> Middleware:
    """Return the one place where any error at all becomes an answer."""
    hosts = hosts_of(shell.config.listen.operator[0])

    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        wrong = check_host(request.headers, hosts)
        if wrong is not None:
            return _problem(wrong)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _problem(_of_aiohttp(error))
        except Exception:  # whoever asked is told, and the log has it whole
            logger.exception("%s %s failed", request.method, request.path)
            fault = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")
            return _problem(fault)

    return outermost


def _handler(shell: Shell, route: Route, turn: asyncio.Lock) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        reply = await _answer(shell, route, turn, request)
        return _respond(shell, route, reply)

    return handle


async def _answer(
    shell: Shell, route: Route, turn: asyncio.Lock, request: web.Request
) -> Reply:
    """Return what a handler answers, or the first reason not to ask it."""
    wrong = await _unfit(shell, route, request)
    if wrong is not None:
        return wrong
    try:
        params = dict(request.match_info)
        call = Call(shell, params, turn, query=_query(request))
        if route.take is not None:
            return await _take(route, route.take, call, request)
        return await _run(route, call, request)
    except InputError as error:
        return wrong_field(error.field, error.expected)
    except RemoteError as error:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not-authentic", why=str(error))
    except DiskFullError:
        return problem(HTTPStatus.INSUFFICIENT_STORAGE, "disk-low")


def _query(request: web.Request) -> dict[str, str]:
    """Return what the address asks; a name that occurs twice means nothing."""
    found: dict[str, str] = {}
    for name, value in request.query.items():
        if name in found:
            raise InputError(name[:80], "occurs twice")
        found[name] = value
    return found


async def _unfit(shell: Shell, route: Route, request: web.Request) -> Problem | None:
    """Return the first thing that is wrong before the body is read; nil for nothing."""
    wrong = check_origin(request.headers) if route.method != "GET" else None
    wrong = wrong or await _unadmitted(shell, route, request)
    if wrong is None and route.begins and shell.store.low:
        return problem(HTTPStatus.INSUFFICIENT_STORAGE, "disk-low")
    return wrong or _unlike_body(route, request)


async def _unadmitted(
    shell: Shell, route: Route, request: web.Request
) -> Problem | None:
    if route.role is None:
        return None
    held = await shell.store.tokens()
    caller = admit(bearer(request.headers), held, route.role)
    return caller if isinstance(caller, Problem) else None


async def _run(route: Route, call: Call, request: web.Request) -> Reply:
    """Return what a handler answers that has the body whole."""
    body = b"" if route.media_type is None else await _body(route, request)
    if isinstance(body, Problem):
        return body
    assert route.run is not None, "a route without `take` has `run`"
    return await route.run(call, body)


async def _take(route: Route, take: Take, call: Call, request: web.Request) -> Reply:
    """Return what a handler answers that has the body in pieces."""
    try:
        async with asyncio.timeout(FILE_S_MAX):
            return await take(call, _pieces(request, route.bytes_max))
    except TimeoutError:
        return problem(HTTPStatus.REQUEST_TIMEOUT, "too-slow", seconds=BODY_S_MAX)
    except LimitError:
        return _too_long(route)
    except (aiohttp.ClientPayloadError, ConnectionError):
        return problem(HTTPStatus.BAD_REQUEST, "wrong-request", why="it was cut short")


async def _pieces(request: web.Request, bytes_max: int) -> Pieces:
    """Yield the body as it comes, no more of it than `bytes_max`."""
    size_bytes = 0
    while True:
        async with asyncio.timeout(BODY_S_MAX):
            piece = await request.content.readany()
        if not piece and request.content.at_eof():
            return
        size_bytes += len(piece)
        if size_bytes > bytes_max:
            raise LimitError(f"body: more than {bytes_max} bytes")
        yield piece


def _too_long(route: Route) -> Problem:
    most = route.bytes_max
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-long", most_bytes=most)


def _unlike_body(route: Route, request: web.Request) -> Problem | None:
    """Return what is wrong with a body by its headers alone; nil for nothing."""
    if route.media_type is None:
        return None
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "encoded-body")
    if route.media_type == JSON and request.content_type != JSON:
        return problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-media-type", expected=JSON
        )
    if (request.content_length or 0) > route.bytes_max:
        return _too_long(route)
    return None


async def _body(route: Route, request: web.Request) -> bytes | Problem:
    """Return the body, no longer than the route allows."""
    try:
        async with asyncio.timeout(BODY_S_MAX):
            body = await _bounded(request, route.bytes_max)
    except TimeoutError:
        return problem(HTTPStatus.REQUEST_TIMEOUT, "too-slow", seconds=BODY_S_MAX)
    return _too_long(route) if body is None else body


async def _bounded(request: web.Request, bytes_max: int) -> bytes | None:
    """Return the body, or nil as soon as it is longer than `bytes_max`."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


def _of_aiohttp(error: web.HTTPException) -> Problem:
    """Return what the router or the parser refused, as a problem of ours."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return problem(error.status, "wrong-method", allowed=allowed)
    if error.status == HTTPStatus.NOT_FOUND:
        return problem(error.status, "no-such-page")
    return problem(error.status, "wrong-request", why=error.reason)


def _respond(shell: Shell, route: Route, reply: Reply) -> web.StreamResponse:
    if isinstance(reply, Problem):
        if route.gives != HTML:
            return _problem(reply)
        reply = problem_page(shell, reply)
    if isinstance(reply, Raw):
        return _raw(reply)
    body = msgspec.json.encode(reply)
    return web.Response(
        body=body, status=route.status, content_type=JSON, headers=HEADERS
    )


def _problem(shown: Problem) -> web.Response:
    response = web.Response(
        body=msgspec.json.encode(shown),
        status=shown.status,
        content_type=problems.MEDIA_TYPE,
        headers=HEADERS,
    )
    if shown.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fabnet"'
    if shown.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = str(shown.args["allowed"])
    return response


def _raw(reply: Raw) -> web.StreamResponse:
    headers = {**HEADERS, "Content-Type": reply.media_type}
    if reply.filename is not None:
        headers["Content-Security-Policy"] = _SANDBOX
        name = quote(reply.filename, safe="")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    if isinstance(reply.content, Path):
        return web.FileResponse(reply.content, status=reply.status, headers=headers)
    if reply.media_type.startswith("text/"):
        headers["Content-Type"] += "; charset=utf-8"
    return web.Response(body=reply.content, status=reply.status, headers=headers)
