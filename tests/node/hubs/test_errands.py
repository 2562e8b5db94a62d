"""A message that has no way makes its sender dial one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.node.hubs.errands import ERRANDS_MAX, Errands
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.events import LinkUp
from tests.node.door import settled
from tests.node.hubs.village import neighbour

pytestmark = pytest.mark.asyncio

ASKS, HUB, MAKES = 1, 2, 4


async def test_a_recipient_that_can_be_dialled_is_dialled(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, MAKES, is_public=True) as makes,
        neighbour(tmp_path, ASKS) as asks,
    ):
        await asks.hears_where(makes)
        asks.says(MAKES, "lease?")
        await settled(lambda: LinkUp(makes.peer) in asks.told)
        asks.says(MAKES, "lease?")
        await settled(lambda: makes.words() == ["lease?"])


async def test_a_hub_of_one_that_nobody_can_dial_is_dialled(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        makes.attaches_to(hub)
        await makes.dials(hub)
        await asks.hears_where(makes, hub)
        asks.says(MAKES, "lease?")
        await settled(lambda: LinkUp(hub.peer) in asks.told)
        asks.says(MAKES, "lease?")
        await settled(lambda: makes.words() == ["lease?"])


async def test_each_address_is_dialled_once_and_no_more_than_a_few() -> None:
    dialled: list[str] = []

    async def hold(address: Address) -> bool:
        dialled.append(address.text)
        await asyncio.Event().wait()
        return True

    errands = Errands(hold)
    for number in range(2 * ERRANDS_MAX):
        for _ in range(2):
            errands.ask(addresses.parse(f"/ip4/192.0.2.{number}/tcp/80/http"))
    keeping = asyncio.ensure_future(errands.keep())
    await settled(lambda: len(dialled) >= ERRANDS_MAX)
    keeping.cancel()
    assert len(dialled) == len(set(dialled)) == ERRANDS_MAX
