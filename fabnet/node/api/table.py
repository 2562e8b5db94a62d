"""What a route is: one row from which router, OpenAPI document and tests all derive.

A handler takes a `Call` and, where the route takes a body, the body as a struct, or as
pieces of a file that is never whole in memory; it returns a struct, bytes, or a
Problem. It sees no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from fabnet.node.api.problem import Problem
from fabnet.node.api.strict import read_json, read_query
from fabnet.node.shell import Shell

BODY_BYTES_MAX: Final = 64 * 1_024
"""Bytes of an ordinary request: fifty items and a page of text."""
JSON: Final = "application/json"
HTML: Final = "text/html"
ANY: Final = "application/octet-stream"

Role = Literal["operator", "steward", "designer"]
ROLES: Final[tuple[Role, ...]] = ("operator", "steward", "designer")

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as far as a handler needs to know it."""

    shell: Shell
    params: Mapping[str, str]
    """From the path."""
    turn: asyncio.Lock
    """Held by what must see its own last write: no token is given twice, and no design
    is published twice."""
    language: str = "en"
    query: Mapping[str, str] = field(default_factory=dict)
    """From the address, after the question mark."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply that is not one of our structs: a page, or a file."""

    content: bytes | Path
    """Bytes, or a file whose bytes are checked by its name."""
    media_type: str
    status: int = HTTPStatus.OK
    filename: str | None = None
    """Given to what strangers wrote, so that a browser saves it and never shows it."""


Reply = msgspec.Struct | Raw
Run = Callable[[Call, bytes], Awaitable[Reply]]
Pieces = AsyncIterator[bytes]
Take = Callable[[Call, Pieces], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One way to ask something of the node."""

    method: Literal["GET", "POST"]
    path: str
    role: Role | None
    """Who may; nil is anyone who reaches the listener."""
    takes: type[msgspec.Struct] | None
    """What the body holds; nil for none, or for bytes where `media_type` says so."""
    gives: type[msgspec.Struct] | str
    """What a good answer holds: a struct, or bytes of a media type."""
    summary: str
    run: Run | None
    """Nil where `take` answers."""
    status: int = HTTPStatus.OK
    media_type: str | None = None
    """Of the body; nil where there is none."""
    bytes_max: int = 0
    asks: type[msgspec.Struct] | None = None
    """What may stand in the address after the question mark; nil for nothing."""
    take: Take | None = None
    """Answers where the body is a file that comes in pieces."""
    begins: bool = False
    """Whether it begins something that will need more of the disk: not when it is low,
    while whatever ends a thing is still taken."""


def get(
    path: str,
    gives: type[S] | str,
    handler: Callable[[Call], Awaitable[S | Raw | Problem]],
    summary: str,
    role: Role | None = None,
) -> Route:
    """Return a route that reads; what is personal, only by role."""

    async def run(call: Call, _: bytes) -> Reply:
        return await handler(call)

    return Route("GET", path, role, None, gives, summary, run)


def get_asked(
    path: str,
    asks: type[T],
    gives: type[S] | str,
    handler: Callable[[Call, T], Awaitable[S | Raw | Problem]],
    summary: str,
) -> Route:
    """Return a route that reads what the address asks for."""

    async def run(call: Call, _: bytes) -> Reply:
        return await handler(call, read_query(call.query, asks))

    return Route("GET", path, None, None, gives, summary, run, asks=asks)


def post(
    path: str,
    role: Role | None,
    takes: type[T],
    gives: type[S],
    handler: Callable[[Call, T], Awaitable[S | Problem]],
    *,
    summary: str,
    bytes_max: int = BODY_BYTES_MAX,
    begins: bool = False,
) -> Route:
    """Return a route that writes what a JSON body holds."""

    async def run(call: Call, raw: bytes) -> Reply:
        return await handler(call, read_json(raw, takes))

    return Route(
        "POST",
        path,
        role,
        takes,
        gives,
        summary,
        run,
        status=HTTPStatus.CREATED,
        media_type=JSON,
        bytes_max=bytes_max,
        begins=begins,
    )


def post_file(
    path: str,
    role: Role,
    gives: type[S],
    handler: Callable[[Call, Pieces], Awaitable[S | Problem]],
    *,
    summary: str,
    bytes_max: int,
) -> Route:
    """Return a route that takes a file, in pieces as they come."""

    async def take(call: Call, pieces: Pieces) -> Reply:
        return await handler(call, pieces)

    return Route(
        "POST",
        path,
        role,
        None,
        gives,
        summary,
        None,
        status=HTTPStatus.CREATED,
        media_type=ANY,
        bytes_max=bytes_max,
        take=take,
        begins=True,
    )
