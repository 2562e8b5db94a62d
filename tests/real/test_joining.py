"""A newcomer reaches a port by an invitation, and is let in by a federation alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fabnet.cooperation.charter import lineage_of
from fabnet.node import founding
from fabnet.node.api.answers import Machines
from fabnet.node.api.peers.answers import PeerAnswer, Peers
from fabnet.node.cli.main import main
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.demo.cities import NETWORK
from fabnet.node.demo.layout import HOST, Site, free_ports, lay_out
from fabnet.node.demo.processes import Nodes, command
from fabnet.node.joining.writing import with_added
from fabnet.node.keyring import Keyring
from fabnet.records.ids import CharterId

pytestmark = [pytest.mark.real, pytest.mark.asyncio]

PATIENCE_S = 60


def newcomer(folder: Path, like: Site) -> Site:
    """Found a workshop that nobody knows; it lives on the same network."""
    public, operator = free_ports(2)
    words = ("init", str(folder), "--name", "New Loom", "--network", NETWORK)
    place = ("--latitude", "32.4", "--longitude", "-90.1")
    listen = (
        *("--public", f"{HOST}:{public}", "--operator", f"{HOST}:{operator}"),
        *("--address", f"/ip4/{HOST}/tcp/{public}/http"),
    )
    assert main([*words, *place, *listen]) == 0
    config = folder / "config.toml"
    text = config.read_text(encoding="utf-8") + "\n[peers]\nallow_private = true\n"
    config.write_text(text, encoding="utf-8")
    charter = lineage_of((folder / "charter.json").read_bytes())
    assert charter is not None
    peer = Keyring.open(folder / "data", bytes).node.public.peer
    urls = f"http://{HOST}:{public}", f"http://{HOST}:{operator}"
    return Site(like.city, folder, peer, charter, *urls)


def admit(site: Site, sites: tuple[Site, ...]) -> None:
    """Let two stewards of the federation sign in turn, and the newcomer carry it."""
    signed = site.folder / "membership.json"
    federation = sites[0].folder / founding.FEDERATION_FILE
    begun = ["--actor-type", "worker_coop"]
    for each in sites[1:]:
        words = ["admit", site.charter, "--federation", str(federation), *begun]
        key = each.folder / "keys" / "steward.pem"
        assert main([*words, "--key", str(key), "--write", str(signed)]) == 0
        begun = ["--document", str(signed)]
    text = site.config.read_text(encoding="utf-8")
    text = with_added(text, "documents", "memberships", ["membership.json"])
    site.config.write_text(text, encoding="utf-8")


def federation_of(site: Site) -> CharterId:
    return founding.id_of((site.folder / founding.FEDERATION_FILE).read_bytes())


async def facilities(site: Site) -> set[str]:
    """Return the workshops that a node shows as vouched for."""
    async with Client(site.operator) as node:
        found = await node.get("/v1/machines", Machines)
    return {each.name for each in found.facilities if each.is_vouched}


async def standing(site: Site, peer: str) -> PeerAnswer | None:
    async with Client(site.operator) as node:
        found = (await node.get("/v1/peers", Peers)).peers
    return next((each for each in found if each.peer == peer), None)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            await asyncio.sleep(0.2)


async def test_who_reaches_the_port_is_a_stranger_until_the_federation_signs(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    sites = lay_out(tmp_path, clock)
    jackson = sites[0]
    loom = await asyncio.to_thread(newcomer, tmp_path / "loom", sites[0])
    nodes = Nodes()
    try:
        await nodes.start(jackson)
        await nodes.wait(jackson)
        line = (await command("invite", str(jackson.config), "--plain", api="")).strip()
        said = await command("join", line, "--config", str(loom.config), api="")
        assert "You hear the others now, and are a stranger to them" in said
        assert loom.charter in said

        # It is linked, it hears them, and nothing of its own is kept there.
        first = Nodes()
        try:
            await first.start(loom)
            await first.wait(loom)
            await until(lambda: _shows(loom, jackson.city.name))
            seen = await standing(jackson, loom.peer)
            assert seen is not None
            assert (seen.link, seen.known, seen.cooperative) == ("theirs", False, None)
            assert await facilities(jackson) == {jackson.city.name}
        finally:
            await first.stop()

        # Two stewards sign, and the same link makes it one of them.
        admit(loom, sites)
        await nodes.start(loom)
        await nodes.wait(loom)
        await until(lambda: _shows(jackson, "New Loom"))
        seen = await standing(jackson, loom.peer)
        assert seen is not None
        assert seen.known
    finally:
        await nodes.stop()


async def _shows(site: Site, name: str) -> bool:
    return name in await facilities(site)
