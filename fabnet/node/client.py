"""A caller of a node's HTTP API: what commands and the demonstration speak through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp
import msgspec

from fabnet.errors import FabnetError, InputError, RemoteError
from fabnet.node.api.problem import Problem

API_VARIABLE: Final = "FABNET_API"
"""The environment variable that names the API's address."""
TOKEN_VARIABLE: Final = "FABNET_TOKEN"  # noqa: S105  # its name, not a token
"""The environment variable that holds the bearer token."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of one answer: the largest file of a design that can be uploaded."""
TIMEOUT_S: Final = 60
"""Seconds for one answer, and for that to a file once all of it is sent."""
FILE_TIMEOUT_S: Final = 3_600
"""Seconds to send one file: the largest over a slow line."""
PIECE_BYTES: Final = 256 * 1_024
"""Bytes of a file handed on at a time."""
_TIMEOUT: Final = aiohttp.ClientTimeout(total=TIMEOUT_S)
_FILE_TIMEOUT: Final = aiohttp.ClientTimeout(
    total=FILE_TIMEOUT_S, sock_connect=TIMEOUT_S, sock_read=TIMEOUT_S
)

S = TypeVar("S", bound=msgspec.Struct)


class UnreachableError(RemoteError):
    """Nobody answers at the API's address."""


class ProblemError(RemoteError):
    """The node said no, and why."""

    def __init__(self, problem: Problem) -> None:
        field, detail = problem.field, problem.detail
        is_named = field is None or detail.startswith(field)
        super().__init__(detail if is_named else f"{field}: {detail}")
        self.problem = problem


class Client:
    """Asks one node, as whoever holds the token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError("api", f"expected http://HOST:PORT, got {url!r}")
        self.url = url.rstrip("/")
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, of: type[S]) -> S:
        """Return what stands at `path`."""
        return _read(await self.get_bytes(path), of)

    async def find(self, path: str, of: type[S]) -> S | None:
        """Return what stands at `path`, or nil when nothing does."""
        try:
            return await self.get(path, of)
        except ProblemError as error:
            if error.problem.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def get_bytes(self, path: str) -> bytes:
        """Return the bytes of a file, page or document."""
        return await self._call("GET", path, None, "")

    async def get_pieces(self, path: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a file as they come, however many."""
        assert self._session is not None, "used as `async with Client(…)`"
        url = self.url + path
        try:
            async with self._session.get(
                url, headers=self._bearer(), allow_redirects=False,
                timeout=_FILE_TIMEOUT,
            ) as reply:  # fmt: skip
                if reply.status >= 400:
                    raise _refused(reply.status, await reply.read(), url)
                async for piece in reply.content.iter_chunked(PIECE_BYTES):
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise UnreachableError(f"{self.url}: no answer: {why}") from error

    async def post(self, path: str, body: msgspec.Struct, of: type[S]) -> S:
        """Write what `body` says, and return the answer."""
        encoded = msgspec.json.encode(body)
        return _read(await self._call("POST", path, encoded, "application/json"), of)

    async def post_file(
        self, path: str, pieces: AsyncIterator[bytes], size: int, of: type[S]
    ) -> S:
        """Upload a file of `size` bytes in pieces, and return the answer."""
        media_type = "application/octet-stream"
        return _read(await self._call("POST", path, pieces, media_type, size), of)

    def _bearer(self) -> dict[str, str]:
        if self._token is None:
            return {}
        return {"Authorization": f"Bearer {self._token}"}

    async def _call(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        media_type: str,
        size: int | None = None,
    ) -> bytes:
        assert self._session is not None, "used as `async with Client(…)`"
        headers = {"Content-Type": media_type} if body is not None else {}
        if size is not None:
            headers["Content-Length"] = str(size)
        headers |= self._bearer()
        url = self.url + path
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=_TIMEOUT if size is None else _FILE_TIMEOUT,
            ) as reply:
                content = await reply.content.read(ANSWER_BYTES_MAX + 1)
                while not reply.content.at_eof() and len(content) <= ANSWER_BYTES_MAX:
                    content += await reply.content.read(ANSWER_BYTES_MAX)
                status = reply.status
        except (aiohttp.ClientError, TimeoutError) as error:
            if isinstance(error.__cause__, FabnetError):
                raise error.__cause__ from error  # what was to be sent failed, not this
            why = str(error) or type(error).__name__
            raise UnreachableError(f"{self.url}: no answer: {why}") from error
        if len(content) > ANSWER_BYTES_MAX:
            raise RemoteError(f"{url}: more than {ANSWER_BYTES_MAX} bytes")
        if status >= 400:
            raise _refused(status, content, url)
        return content


def _refused(status: int, content: bytes, url: str) -> RemoteError:
    try:
        return ProblemError(msgspec.json.decode(content, type=Problem))
    except msgspec.DecodeError:
        return RemoteError(f"{url}: HTTP status {status}")


def _read(content: bytes, of: type[S]) -> S:
    try:
        return msgspec.json.decode(content, type=of)
    except msgspec.DecodeError as error:
        raise RemoteError(f"not the answer of a fabnet node: {error}") from error
