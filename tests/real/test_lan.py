"""Two nodes of one LAN find each other by mDNS, over real multicast."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from fabnet.node.joining.lan import Lan
from fabnet.protocol.address import Address, parse
from fabnet.records.ids import PeerId
from tests.protocol.minds import key

pytest.importorskip("zeroconf", reason="the extra fabnet[lan] is not installed")
pytestmark = [
    pytest.mark.real, pytest.mark.asyncio, pytest.mark.enable_socket,
]  # fmt: skip

LOOPBACK = ["127.0.0.1"]
PATIENCE_S = 30


async def test_two_nodes_of_one_lan_find_each_other() -> None:
    mill, loom = key(1).public.peer, key(2).public.peer
    found: dict[PeerId, list[str]] = {mill: [], loom: []}
    done = asyncio.Event()

    def node(ours: PeerId, port: int, name: str) -> Lan:
        async def hold(address: Address) -> bool:
            found[ours].append(address.text)
            if all(found.values()):
                done.set()
            await done.wait()
            return True

        at = parse(f"/ip4/127.0.0.1/tcp/{port}/http")
        return Lan(ours, listed=[at], hold=hold, name=name)

    async with asyncio.TaskGroup() as tasks:
        keeping = [
            tasks.create_task(node(mill, 8101, "aa" * 8).keep(LOOPBACK)),
            tasks.create_task(node(loom, 8201, "bb" * 8).keep(LOOPBACK)),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await done.wait()
        done.set()
        for task in keeping:
            task.cancel()

    assert found == {
        mill: [f"/ip4/127.0.0.1/tcp/8201/http/p2p/{loom}"],
        loom: [f"/ip4/127.0.0.1/tcp/8101/http/p2p/{mill}"],
    }
