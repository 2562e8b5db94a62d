"""Uploads: a file comes in pieces, whole and by its name, or nothing of it is kept."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fabnet.content.cid import of_raw
from fabnet.node.api import app
from fabnet.node.store import blobs as module
from tests.node.desk import Desk, at_desk

pytestmark = pytest.mark.asyncio
HOOK = b"cube([20, 10, 30]);\n"


def kept(tmp_path: Path) -> list[str]:
    """Every file that lies among the blobs, half-written ones too."""
    return [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


async def upload(desk: Desk, body: bytes, path: str = "", **headers: str) -> int:
    bearer = desk.bearer("designer")
    async with desk.client.post(
        f"{desk.url}/v1/blobs{path}", data=body, headers={**bearer, **headers}
    ) as response:
        return response.status


async def test_a_file_can_be_asked_for_by_its_name(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        cid = of_raw(HOOK)
        assert (await desk.get(f"/v1/blobs/{cid}"))[0] == 404
        assert await upload(desk, HOOK, f"/{cid}") == 201
        assert await upload(desk, HOOK, f"/{cid}") == 201
        assert await upload(desk, HOOK) == 201

        assert await desk.get(f"/v1/blobs/{cid}") == (200, {"cid": cid, "bytes": 20})
        assert kept(tmp_path) == [cid]


async def test_bytes_of_another_name_are_not_kept(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert await upload(desk, HOOK, f"/{of_raw(b'else')}") == 422
        assert await upload(desk, HOOK, "/hook.scad") == 422
        assert kept(tmp_path) == []


async def test_an_empty_file_is_kept_only_where_it_is_meant(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert await upload(desk, b"") == 422
        assert kept(tmp_path) == []
        assert await upload(desk, b"", f"/{of_raw(b'')}") == 201
        assert kept(tmp_path) == [of_raw(b"")]


async def test_too_long_a_file_is_refused_with_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOB_BYTES_MAX", 1_000)
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert await upload(desk, b"x" * 1_001) == 413
        assert await upload(desk, b"x" * 1_001, f"/{of_raw(b'x' * 1_001)}") == 413
        assert kept(tmp_path) == []


async def test_a_length_that_is_too_much_is_refused_unread(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        length = module.BLOB_BYTES_MAX + 1
        reply = await begun(desk, length, b"")
        assert b"413" in reply.splitlines()[0]


async def begun(desk: Desk, length: int, body: bytes) -> bytes:
    """Announce so many bytes, send some, and return what comes before we hang up."""
    host, port = urlsplit(desk.url).hostname, urlsplit(desk.url).port
    assert host is not None
    reader, writer = await asyncio.open_connection(host, port)
    head = (
        f"POST /v1/blobs HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Authorization: Bearer {desk.tokens['designer']}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    reply = b""
    if not body:
        reply = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return reply


async def test_an_upload_that_is_cut_short_leaves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        with caplog.at_level(logging.ERROR):
            await begun(desk, 10_000_000, b"x" * 1_000_000)
            async with asyncio.timeout(10):
                while kept(tmp_path):
                    await asyncio.sleep(0.02)
        assert not caplog.records


async def test_an_upload_that_stands_still_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_S_MAX", 0.2)
    async with at_desk(tmp_path) as desk:
        await desk.people()
        async with asyncio.timeout(10):
            assert b"408" in await begun(desk, 1_000_000, b"")
        assert kept(tmp_path) == []
