"""Writing a bundle and reading one, frame by frame, between a file and some node.

Neither ever holds more than a frame and a batch. Writing ends, on a full stick, with
the number from which the next one goes on; reading ends at a tear, and what came before
it is kept. Either may be begun again from the start at any time: what is there is
passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from fabnet.content.cid import Cid
from fabnet.errors import InputError, MalformedError, RemoteError, StorageError
from fabnet.node.bundle import framing
from fabnet.node.bundle.framing import (
    MAGIC,
    PIECE_BYTES,
    End,
    FileFrame,
    Head,
    Piece,
    TornError,
    framed,
)
from fabnet.node.links.frames import BatchFrame, ProofsFrame
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.refusal import Refusal

DISK_LOW: Final = "disk-low"
REFUSED_TOLD_MAX: Final = 20
"""Reasons that are told one by one; more are only counted."""


class Who(msgspec.Struct, frozen=True):
    """Whose records a bundle holds."""

    network: str
    peer: PeerId
    incarnation: Incarnation


class Porter(Protocol):
    """One node, whether it runs or not: what it gives, and what it takes."""

    async def who(self) -> Who:
        """Return which node it is, on which network."""

    async def proofs(self) -> bytes:
        """Return all proofs of forks, framed."""

    async def section(self, after: int) -> bytes:
        """Return what arrived after `after`, and which files it names, framed."""

    def file(self, cid: Cid) -> AsyncIterator[bytes]:
        """Yield a file's bytes in pieces."""

    async def has(self, cid: Cid) -> bool:
        """Whether a file is there already."""

    async def bring(self, raw: bytes) -> tuple[int, int] | Refusal:
        """Take a frame; return how many records it held, and how many are kept."""

    async def bring_file(
        self, file: FileFrame, pieces: AsyncIterator[bytes]
    ) -> int | Refusal:
        """Take a file, and return its size; or say why it is not taken."""


class Written(msgspec.Struct, frozen=True):
    """What a bundle holds."""

    records: int
    files: int
    bytes: int
    cursor: int
    """`--since` of the next bundle."""


class Taken(msgspec.Struct, frozen=True):
    """What came of a bundle that was read."""

    records: int
    kept: int
    """How many of them are kept here now, whether they were before or not."""
    files: int
    """Files that were not here before."""
    refused: list[str]
    """Why something was not taken, the first few."""
    not_taken: int
    """Files and frames that were refused."""
    whole: bool
    """Whether the bundle was read to its end."""


async def write(porter: Porter, path: Path, *, since: int = 0) -> Written:
    """Write what a node has, from what arrived after `since`, to a new file.

    Raises StorageError, naming where to go on, when there is no more room.
    """
    who = await porter.who()
    records = files = 0
    cursor = since
    try:
        with path.open("xb") as out:
            head = Head("bundle", who.network, who.peer, who.incarnation, since)
            out.write(MAGIC + framed(head))
            out.write(await porter.proofs())
            while section := await porter.section(cursor):
                reached = cursor
                for frame in _frames_in(section):
                    await asyncio.to_thread(out.write, framed(frame))
                    if isinstance(frame, BatchFrame):
                        records, reached = records + len(frame.records), frame.cursor
                    elif isinstance(frame, FileFrame):
                        await _write_file(porter, frame, out)
                        files += 1
                out.flush()
                cursor = reached
            out.write(framed(End("end", cursor)))
            size = out.tell()
    except FileExistsError as error:
        raise InputError(str(path), "is there already; choose a new name") from error
    except OSError as error:
        raise StorageError(
            f"{path}: {error.strerror}; what is on it is good, up to there:"
            f" go on with --since {cursor} on another"
        ) from error
    return Written(records, files, size, cursor)


async def _write_file(porter: Porter, file: FileFrame, out: BinaryIO) -> None:
    left = file.size
    async for data in porter.file(file.cid):
        for at in range(0, len(data), PIECE_BYTES):
            piece = framed(Piece("piece", data[at : at + PIECE_BYTES]))
            await asyncio.to_thread(out.write, piece)
        left -= len(data)
    if left:
        raise RemoteError(f"file {file.cid}: {left} bytes are missing at the node")


def _frames_in(section: bytes) -> Iterator[framing.BundleFrame]:
    at = 0
    while at < len(section):
        size = int.from_bytes(section[at : at + 4])
        at += framing.FRAMING_BYTES + size
        yield framing.decode(section[at - size : at])


async def read(porter: Porter, path: Path) -> Taken:
    """Read a bundle into a node, as far as it is good.

    Raises RemoteError for a file that is no bundle, or of another network.
    """
    try:
        with path.open("rb") as source:
            return await _Reading(porter, source).run()
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from error


class _Reading:
    """One bundle being read."""

    def __init__(self, porter: Porter, source: BinaryIO) -> None:
        self._porter = porter
        self._source = source
        self._frames = framing.unframed(source)
        self._records = self._kept = self._files = self._not_taken = 0
        self._refused: list[str] = []
        self._waiting: bytes | None = None
        """A frame that was read to see that a file had ended."""

    async def run(self) -> Taken:
        framing.read_magic(self._source)
        whole = False
        try:
            head = framing.decode(next(self._frames, b""))
            await self._check(head)
            while (raw := await self._next()) is not None:
                frame = framing.decode(raw)
                if isinstance(frame, End):
                    whole = True
                    break
                await self._take(frame, raw)
        except TornError as error:
            self._refuse(str(error))
        return Taken(
            self._records, self._kept, self._files, self._refused, self._not_taken,
            whole,
        )  # fmt: skip

    async def _check(self, head: framing.BundleFrame) -> None:
        ours = (await self._porter.who()).network
        if not isinstance(head, Head):
            raise MalformedError("bundle: it does not begin with its head")
        if head.network != ours:
            raise MalformedError(f"bundle: of network {head.network!r}, not {ours!r}")

    async def _take(self, frame: framing.BundleFrame, raw: bytes) -> None:
        match frame:
            case BatchFrame() | ProofsFrame():
                await self._bring(raw)
            case FileFrame():
                await self._take_file(frame)
            case Piece():
                pass  # of a file that was not taken, or is here
            case _:
                raise MalformedError("bundle: a second head")

    async def _bring(self, raw: bytes) -> None:
        try:
            said = await self._porter.bring(raw)
        except RemoteError as error:
            self._refuse(str(error))
            return
        if isinstance(said, Refusal):
            _stop_if_full(said)
            self._refuse(said.reason)
            return
        self._records += said[0]
        self._kept += said[1]

    async def _take_file(self, file: FileFrame) -> None:
        if await self._porter.has(file.cid):
            return
        try:
            said = await self._porter.bring_file(file, self._pieces(file.size))
        except TornError:
            raise
        except RemoteError as error:
            self._refuse(f"file {file.cid}: {error}")
            return
        if isinstance(said, Refusal):
            _stop_if_full(said)
            self._refuse(f"file {file.cid}: {said.reason}")
            return
        self._files += 1

    async def _pieces(self, size: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a file; raise TornError where the bundle ends in it."""
        while size > 0:
            raw = await self._next()
            frame = None if raw is None else framing.decode(raw)
            if not isinstance(frame, Piece):
                self._waiting = raw
                raise TornError("bundle: it ends in the middle of a file")
            size -= len(frame.data)
            yield frame.data

    async def _next(self) -> bytes | None:
        if self._waiting is not None:
            raw, self._waiting = self._waiting, None
            return raw
        return await asyncio.to_thread(next, self._frames, None)

    def _refuse(self, why: str) -> None:
        self._not_taken += 1
        if len(self._refused) < REFUSED_TOLD_MAX:
            self._refused.append(why)


def _stop_if_full(said: Refusal) -> None:
    if said.reason == DISK_LOW:
        raise StorageError("the node's disk is nearly full; read it again later")
