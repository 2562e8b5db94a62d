"""A node that runs, through its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import msgspec

from fabnet.content.cid import Cid
from fabnet.errors import InputError, LocalError, RemoteError
from fabnet.node.api.answers import NodeAnswer, Stored
from fabnet.node.api.bundles.answers import FrameTaken
from fabnet.node.bundle.carrying import DISK_LOW, Who
from fabnet.node.bundle.framing import FileFrame
from fabnet.node.client import Client, ProblemError, UnreachableError
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.refusal import Refusal

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class ApiPorter:
    """Speaks with a running node; what it says no to is raised as RemoteError."""

    node: Client

    async def who(self) -> Who:
        """Return which node it is, on which network."""
        said = await self.node.get("/v1/node", NodeAnswer)
        return Who(said.network, PeerId(said.peer), _incarnation(said.incarnation))

    async def proofs(self) -> bytes:
        """Return all proofs of forks, framed."""
        return await self.node.get_bytes("/v1/bundle/proofs")

    async def section(self, after: int) -> bytes:
        """Return what arrived after `after`, and which files it names, framed."""
        return await self.node.get_bytes(f"/v1/bundle/after/{after}")

    def file(self, cid: Cid) -> AsyncIterator[bytes]:
        """Yield a file's bytes in pieces."""
        return self.node.get_pieces(f"/v1/bundle/files/{cid}")

    async def has(self, cid: Cid) -> bool:
        """Whether a file is there already."""
        return await self.node.find(f"/v1/blobs/{cid}", Stored) is not None

    async def bring(self, raw: bytes) -> tuple[int, int] | Refusal:
        """Take a frame; return how many records it held, and how many are kept."""
        body = _once(raw)
        said = await self._post("/v1/bundle/frames", body, len(raw), FrameTaken)
        return said if isinstance(said, Refusal) else (said.records, said.kept)

    async def bring_file(
        self, file: FileFrame, pieces: AsyncIterator[bytes]
    ) -> int | Refusal:
        """Take a file, and return its size; or say why it is not taken."""
        path = f"/v1/bundle/files/{file.design}/{file.cid}"
        said = await self._post(path, pieces, file.size, Stored)
        return said if isinstance(said, Refusal) else said.bytes

    async def _post(
        self, path: str, body: AsyncIterator[bytes], size: int, of: type[S]
    ) -> S | Refusal:
        """Write to the node; raise LocalError for what the bundle cannot help."""
        try:
            return await self.node.post_file(path, body, size, of)
        except UnreachableError as error:
            raise LocalError(str(error)) from error
        except ProblemError as error:
            said = error.problem
            if said.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise InputError("--token", said.detail) from error
            if said.reason == DISK_LOW:
                return Refusal(DISK_LOW)
            raise


def _incarnation(text: str) -> Incarnation:
    counter, _, random = text.partition("-")
    try:
        return Incarnation(int(counter), int(random, 16))
    except ValueError as error:
        raise RemoteError("not the answer of a fabnet node: incarnation") from error


async def _once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
