"""An operator sees how other nodes stand, blocks one, and lets it in again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from fabnet.node.cli.main import main
from fabnet.protocol.effects import Lower
from fabnet.records.ids import PeerId
from tests.node.desk import Desk, Json, at_desk
from tests.protocol.minds import key

pytestmark = pytest.mark.asyncio

GUEST = key(7).public.peer


async def listed(desk: Desk) -> Iterator[dict[str, Json]]:
    status, found = await desk.get("/v1/peers")
    assert status == 200
    peers = found["peers"]
    assert isinstance(peers, list)
    return (each for each in peers if isinstance(each, dict))


async def test_an_operator_blocks_a_peer_and_lets_it_in_again(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert not [*await listed(desk)]
        desk.shell.links.lower(Lower(GUEST, "a lie"))
        (lied,) = await listed(desk)
        assert (lied["faults"], lied["last_fault"]) == (1, "a lie")
        assert (lied["known"], lied["link"], lied["blocked"]) == (False, None, None)

        body: Json = {"peer": GUEST, "why": "sent us junk"}
        for role in ("steward", "designer"):
            assert (await desk.post("/v1/peers/block", body, role))[0] == 403
        assert (await desk.post("/v1/peers/block", body))[0] == 201
        (peer,) = await listed(desk)
        blocked = peer["blocked"]
        assert isinstance(blocked, dict)
        assert (blocked["why"], blocked["until_ms"]) == ("sent us junk", None)
        assert "1 node blocked" in (await desk.page("/"))[1]
        assert "fabnet_blocked_peers 1.0" in (await desk.page("/metrics"))[1]

        assert (await desk.post("/v1/peers/unblock", {"peer": GUEST}))[0] == 201
        status, said = await desk.post("/v1/peers/unblock", {"peer": GUEST})
        assert (status, said["type"]) == (404, "urn:fabnet:reason:not-found")


async def test_what_cannot_be_meant_blocks_nobody(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        ours = desk.shell.identity.peer
        cases: tuple[tuple[Json, int], ...] = (
            ({"peer": "somebody"}, 422),
            ({"peer": ours}, 409),
            ({"peer": GUEST, "until": "2001-01-01T00:00:00Z"}, 409),
            ({"peer": GUEST, "why": "x" * 201}, 422),
        )
        for body, status in cases:
            assert (await desk.post("/v1/peers/block", body))[0] == status, body
        assert not [*await listed(desk)]


async def test_the_commands_do_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        at = ["--api", desk.url]
        to = [*at, "--token", desk.tokens["operator"]]

        async def typed(*words: str) -> str:
            assert await asyncio.to_thread(main, [*words]) == 0
            return capsys.readouterr().out

        assert "no peers are known" in await typed("peers", *at)
        until = ["--until", "2099-01-31T12:00Z"]
        await typed("block", GUEST, "--why", "sent us junk", *until, *to)
        told = await typed("peers", *at)
        assert GUEST in told
        assert "blocked until 2099-01-31 12:00 UTC: sent us junk" in told
        await typed("unblock", GUEST, *to)
        assert "no peers are known" in await typed("peers", *at)
        assert desk.shell.links.standing.block_of(PeerId(GUEST)) is None
