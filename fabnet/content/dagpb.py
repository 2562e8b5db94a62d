"""dag-pb: the protobuf node in which IPFS writes links; one node, one byte string.

Only the canonical form of the spec is written or read: links before data, sorted by the
bytes of their names, every field present. Source: ipld/dag-pb.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid, from_bytes, to_bytes
from fabnet.content.multibase import read_varint, varint
from fabnet.errors import LimitError, MalformedError

LINKS_READ_MAX: Final = 6_000
"""Links of a node that is read: a plain folder of 256 KiB has 5,600 at most, a file's
node 1,024. A node of more is refused before its links are made."""

_NODE_DATA: Final = 0x0A
_NODE_LINK: Final = 0x12
_LINK_HASH: Final = 0x0A
_LINK_NAME: Final = 0x12
_LINK_TSIZE: Final = 0x18


@dataclass(frozen=True, slots=True)
class Link:
    """One named arrow from a node to the block below it."""

    name: str
    """Empty where order alone tells the links apart, as in a file."""
    cid: Cid
    tsize: int
    """Bytes of the block below and of every block under it."""


def encode(links: Iterable[Link], data: bytes) -> bytes:
    """Return the one encoding of the node; links of one name keep their order."""
    ordered = sorted(links, key=_name_bytes)
    body = b"".join(_field(_NODE_LINK, _encode_link(link)) for link in ordered)
    return body + _field(_NODE_DATA, data)


def decode(block: bytes) -> tuple[tuple[Link, ...], bytes]:
    """Return the links and the data of a node, or raise RemoteError."""
    links: list[Link] = []
    at = 0
    while block[at : at + 1] == bytes((_NODE_LINK,)):
        if len(links) == LINKS_READ_MAX:
            raise LimitError(f"dag-pb: more than {LINKS_READ_MAX} links")
        raw, at = _read_field(block, at, _NODE_LINK)
        links.append(_decode_link(raw))
    data, _ = _read_field(block, at, _NODE_DATA)
    if encode(links, data) != block:
        raise MalformedError("dag-pb: not the canonical form")
    return tuple(links), data


def _decode_link(raw: bytes) -> Link:
    cid, at = _read_field(raw, 0, _LINK_HASH)
    name, at = _read_field(raw, at, _LINK_NAME)
    if raw[at : at + 1] != bytes((_LINK_TSIZE,)):
        raise MalformedError("dag-pb: a link without its size")
    tsize, _ = read_varint(raw, at + 1)
    try:
        return Link(name.decode(), from_bytes(cid), tsize)
    except UnicodeDecodeError as error:
        raise MalformedError("dag-pb: a name that is not UTF-8") from error


def _read_field(raw: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """Return the bytes of the field `tag` at `at`, and where they end."""
    if raw[at : at + 1] != bytes((tag,)):
        raise MalformedError(f"dag-pb: expected field {tag >> 3} at byte {at}")
    length, start = read_varint(raw, at + 1)
    end = start + length
    if end > len(raw):
        raise MalformedError(f"dag-pb: truncated in field {tag >> 3}")
    return raw[start:end], end


def _name_bytes(link: Link) -> bytes:
    return link.name.encode()


def _encode_link(link: Link) -> bytes:
    tsize = bytes((_LINK_TSIZE,)) + varint(link.tsize)
    name = _field(_LINK_NAME, _name_bytes(link))
    return _field(_LINK_HASH, to_bytes(link.cid)) + name + tsize


def _field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value
