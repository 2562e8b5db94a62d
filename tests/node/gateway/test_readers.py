"""Readers take turns: few at once from one place, and no faster than is fair."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from fabnet.node.clock import StillClock
from fabnet.node.gateway.readers import READERS_RATE, FullError, Readers
from fabnet.node.links.limits.proxies import proxies_in
from fabnet.node.links.limits.tolls import COST_BYTES


def readers() -> Readers:
    proxies = proxies_in(["127.0.0.0/8"])
    return Readers(
        StillClock(), proxies, reading_max=3, of_block_max=2, place_s_max=0.01
    )


def request(address: str) -> web.Request:
    class At:
        def get_extra_info(self, name: str) -> tuple[str, int] | None:
            return ("127.0.0.1", 1) if name == "peername" else None

    headers = {"X-Forwarded-For": address}
    return make_mocked_request("GET", "/", headers=headers, transport=At())


@pytest.mark.asyncio
async def test_one_block_of_addresses_leaves_places_to_others() -> None:
    held = readers()
    async with AsyncExitStack() as stack:
        for address in ("203.0.113.1", "203.0.113.2"):
            await stack.enter_async_context(held.place(request(address)))
        with pytest.raises(FullError):
            await stack.enter_async_context(held.place(request("203.0.113.3")))
        await stack.enter_async_context(held.place(request("198.51.100.1")))
        with pytest.raises(FullError):
            await stack.enter_async_context(held.place(request("192.0.2.1")))
    async with held.place(request("203.0.113.3")):
        pass


@pytest.mark.asyncio
async def test_who_waits_comes_in_when_another_is_done() -> None:
    held = readers()
    held.place_s_max = 5
    came: list[str] = []

    async def read(name: str) -> None:
        async with held.place(request("203.0.113.1")):
            came.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for name in "abcde":
            tasks.create_task(read(name))
    assert sorted(came) == [*"abcde"]


@pytest.mark.asyncio
async def test_who_read_a_design_at_once_waits_for_more_and_home_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    held = readers()
    monkeypatch.setattr("fabnet.node.gateway.readers.asyncio.sleep", sleep)
    burst = READERS_RATE.burst * COST_BYTES
    await held.pay(request("203.0.113.1"), burst)
    await held.pay(request("127.0.0.1"), 4 * burst)
    assert slept == []
    await held.pay(request("203.0.113.1"), READERS_RATE.per_s * COST_BYTES)
    assert slept == [1.0]
