"""What a request to the gateway asks for, read from its address and headers.

Source: Trustless Gateway of 2026-03-05; `format` before Accept, and each parameter of
CAR before the same one in Accept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from fabnet.content import car
from fabnet.content import naming as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import FOLDER_DEPTH_MAX
from fabnet.errors import MalformedError
from fabnet.node.gateway.walking import Scope, Span

Format = Literal["raw", "car"]

RAW_TYPE: Final = "application/vnd.ipld.raw"
ACCEPTED_MAX: Final = 32
"""Media ranges read of one Accept header; browsers send seven."""

FILENAME_CHARS_MAX: Final = 200
"""Characters of a name to save under; a longer or unprintable one is passed over."""

_SCOPES: Final[dict[str, Scope]] = {"block": "block", "entity": "entity", "all": "all"}
_FORMATS: Final[dict[str, Format]] = {"raw": "raw", "car": "car"}
_TYPES: Final[dict[str, Format]] = {RAW_TYPE: "raw", car.MEDIA_TYPE: "car"}
_SPAN: Final = re.compile(r"(-?[0-9]{1,18}):(\*|-?[0-9]{1,18})")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_QUALITY: Final = re.compile(r"[01](\.[0-9]{0,3})?")


@dataclass(frozen=True, slots=True)
class No:
    """Why a request is turned down."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for."""

    cid: Cid | None
    """Nil is a sound CID that is never ours."""
    path: tuple[str, ...]
    format: Format
    in_address: bool
    """Whether the format stood in the address, and not in a header."""
    filename: str | None = None
    """What to call the answer where it is saved; nil for its CID."""
    scope: Scope = "all"
    span: Span | None = None
    dups: bool = False

    @property
    def media_type(self) -> str:
        """The Content-Type of the answer."""
        if self.format == "raw":
            return RAW_TYPE
        dups = "y" if self.dups else "n"
        return f"{car.MEDIA_TYPE}; version=1; order=dfs; dups={dups}"

    @property
    def etag(self) -> str:
        """The ETag: equal only where every byte of the answer is."""
        if self.format == "raw" and not self.path:
            return f'"{self.cid}.raw"'
        rest = repr((self.path, self.scope, self.span, self.dups)).encode()
        mark = hashlib.sha256(rest).hexdigest()[:16]
        return f'"{self.cid}.{self.format}.{mark}"'


def read_ask(
    name: str, path: str, query: Mapping[str, str], accept: str | None
) -> Ask | No:
    """Return what is asked for, or why it cannot be answered."""
    try:
        cid = cids.read(name)
    except MalformedError as error:
        return No(400, str(error))
    steps = tuple(step for step in path.split("/") if step)
    if len(steps) > FOLDER_DEPTH_MAX + 1:
        return No(400, f"path: at most {FOLDER_DEPTH_MAX + 1} names")
    chosen = _format(query, accept)
    if isinstance(chosen, No):
        return chosen
    form, params = chosen
    name = query.get("filename", "")
    called = name if name.isprintable() and len(name) <= FILENAME_CHARS_MAX else ""
    ask = Ask(cid, steps, form, "format" in query, called or None)
    return ask if form == "raw" else _car(ask, query, params)


def read_range(header: str | None, size: int) -> tuple[int, int] | No | None:
    """Return first byte and end of one range; nil where the whole is to be sent.

    A header that makes no sense, or asks for several ranges, is passed over, as RFC
    9110 lets a server do.
    """
    found = None if header is None else _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = int(found[2])
        return (max(0, size - length), size) if length and size else No(416, "range")
    first = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < first:
        return None
    return (first, end) if first < size else No(416, "range")


def has_tag(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match names the tag."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def _format(
    query: Mapping[str, str], accept: str | None
) -> tuple[Format, Mapping[str, str]] | No:
    """Return the format, and the parameters that came with it in Accept."""
    offered = _accepted(accept or "")
    wanted = query.get("format")
    if wanted is not None:
        if wanted not in _FORMATS:
            return No(400, "format: expected raw or car")
        form = _FORMATS[wanted]
        return form, next((params for it, params in offered if it == form), {})
    for known, params in offered:
        if known is not None:
            return known, params
    if any(ranged for ranged in (accept or "").split(",") if "*/*" not in ranged):
        return No(406, f"expected {RAW_TYPE} or {car.MEDIA_TYPE}")
    return No(400, f"expected ?format=raw, ?format=car, or Accept: {RAW_TYPE}")


def _accepted(accept: str) -> list[tuple[Format | None, Mapping[str, str]]]:
    """Return the media ranges of an Accept header that may be ours, the best first."""
    found: list[tuple[float, Format | None, Mapping[str, str]]] = []
    for ranged in accept.split(",")[:ACCEPTED_MAX]:
        name, *rest = (part.strip() for part in ranged.split(";"))
        pairs = (part.partition("=") for part in rest)
        params = {key.strip().lower(): value.strip(' "') for key, _, value in pairs}
        quality = params.pop("q", "1")
        weight = float(quality) if _QUALITY.fullmatch(quality) else 0.0
        if weight > 0:
            found.append((weight, _TYPES.get(name.lower()), params))
    found.sort(key=lambda it: -it[0])
    return [(form, params) for _, form, params in found]


def _car(ask: Ask, query: Mapping[str, str], params: Mapping[str, str]) -> Ask | No:
    version = query.get("car-version", params.get("version", "1"))
    order = query.get("car-order", params.get("order", "dfs"))
    dups = query.get("car-dups", params.get("dups", "n"))
    if version != "1":
        return No(400, "car-version: expected 1")
    if order not in ("dfs", "unk"):
        return No(400, "car-order: expected dfs or unk")
    if dups not in ("y", "n"):
        return No(400, "car-dups: expected y or n")
    scope = query.get("dag-scope", "all")
    if scope not in _SCOPES:
        return No(400, "dag-scope: expected block, entity or all")
    span = None
    if "entity-bytes" in query:
        span = _span(query["entity-bytes"])
        if span is None:
            return No(400, "entity-bytes: expected FROM:TO, such as 0:* or -1024:*")
        scope = "entity" if scope == "all" else scope
    return replace(ask, scope=_SCOPES[scope], span=span, dups=dups == "y")


def _span(text: str) -> Span | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    first, last = int(found[1]), None if found[2] == "*" else int(found[2])
    is_backwards = last is not None and first >= 0 and 0 <= last < first
    return None if is_backwards else Span(first, last)
