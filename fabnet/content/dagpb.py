"""dag-pb: the protobuf node in which IPFS writes links; one node, one byte string.

Only writing is here, and only the canonical form of the spec: links before data,
sorted by the bytes of their names, every field present. Source: ipld/dag-pb.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid, to_bytes
from fabnet.content.multibase import varint

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


def _name_bytes(link: Link) -> bytes:
    return link.name.encode()


def _encode_link(link: Link) -> bytes:
    tsize = bytes((_LINK_TSIZE,)) + varint(link.tsize)
    name = _field(_LINK_NAME, _name_bytes(link))
    return _field(_LINK_HASH, to_bytes(link.cid)) + name + tsize


def _field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value
