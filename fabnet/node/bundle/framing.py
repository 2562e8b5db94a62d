r"""A bundle: frames one after the other in a file, each with its length and checksum.

    16 bytes          "fabnet bundle 1\n"
    then, repeated    length (4 bytes, big endian) · CRC-32 of the frame · the frame

The first frame is a head, the last an end. Between them are the frames of a link,
`proofs` and `batch`, and files: each a `file` frame and then as many `piece` frames as
hold its bytes. A file follows the batch with the revision that names it.

The checksum says that the stick is whole, and nothing about who wrote it: what is in a
frame is believed no more than what a stranger sends. A frame that is cut short or does
not fit its checksum ends what can be read, and what came before it is good.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Annotated, BinaryIO, Final, Literal

import msgspec

from fabnet.errors import MalformedError
from fabnet.node.links import frames
from fabnet.node.links.frames import (
    FRAME_BYTES_MAX,
    BatchFrame,
    ProofsFrame,
)
from fabnet.node.store.blobs import BLOB_BYTES_MAX
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import CidText, Count, Incarnation, PeerIdText

MAGIC: Final = b"fabnet bundle 1\n"
PIECE_BYTES: Final = 60 * 1_024
"""Bytes of a file in one frame, with room for the rest of it."""
FRAMING_BYTES: Final = 8
"""What is before each frame: its length and its checksum."""


class Head(Body):
    """Whose records these are: the network, the node that wrote them, and from where
    on in the order that they arrived there."""

    frame: Literal["bundle"]
    network: Annotated[str, msgspec.Meta(max_length=60)]
    peer: PeerIdText
    incarnation: Incarnation
    since: Count


class FileFrame(Body):
    """A file of a design; its bytes follow in pieces."""

    frame: Literal["file"]
    design: CidText
    """The revision that names it, or whose manifest it is."""
    cid: CidText
    size: Annotated[int, msgspec.Meta(ge=0, le=BLOB_BYTES_MAX)]


class Piece(Body):
    """The next bytes of the file that was named last."""

    frame: Literal["piece"]
    data: Annotated[bytes, msgspec.Meta(min_length=1, max_length=PIECE_BYTES)]


class End(Body):
    """Nothing is missing; `cursor` is where the next bundle may go on."""

    frame: Literal["end"]
    cursor: Count


BundleFrame = Head | ProofsFrame | BatchFrame | FileFrame | Piece | End

_OURS: Final[dict[str, type[Head | FileFrame | Piece | End]]] = {
    "bundle": Head,
    "file": FileFrame,
    "piece": Piece,
    "end": End,
}


class TornError(MalformedError):
    """A bundle that ends, or turns to noise, before its end."""


def framed(frame: BundleFrame) -> bytes:
    """Return a frame as it stands in a bundle."""
    raw = canonical.encode(frame)
    assert len(raw) <= FRAME_BYTES_MAX, "whoever makes a frame keeps it in bounds"
    return len(raw).to_bytes(4) + zlib.crc32(raw).to_bytes(4) + raw


def decode(raw: bytes) -> BundleFrame:
    """Return the frame in `raw`, its signatures unchecked; raise RemoteError."""
    value = canonical.decode_plain(raw, bytes_max=FRAME_BYTES_MAX)
    name = value[0] if isinstance(value, list) and value else None
    if isinstance(name, str) and name in _OURS:
        return canonical.read(value, _OURS[name])
    frame = frames.decode(raw)
    if isinstance(frame, BatchFrame | ProofsFrame):
        return frame
    raise MalformedError(f"bundle: {frame.frame!r} has no place in one")


def read_magic(source: BinaryIO) -> None:
    """Read how a bundle begins; raise MalformedError for any other file."""
    if source.read(len(MAGIC)) != MAGIC:
        raise MalformedError("bundle: this file is not one, or of a newer version")


def unframed(source: BinaryIO) -> Iterator[bytes]:
    """Yield each frame, as bytes, until the source ends; raise TornError at a tear."""
    while head := source.read(FRAMING_BYTES):
        size = int.from_bytes(head[:4])
        if len(head) < FRAMING_BYTES or not 0 < size <= FRAME_BYTES_MAX:
            raise TornError("bundle: it turns to noise here")
        raw = source.read(size)
        if len(raw) < size or zlib.crc32(raw) != int.from_bytes(head[4:]):
            raise TornError("bundle: a frame is cut short or was changed on the way")
        yield raw
