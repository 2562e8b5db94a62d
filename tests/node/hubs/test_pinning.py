"""Files that a hub keeps of those it serves, and how many."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.content.cid import Cid
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import encode
from fabnet.node.hubs import pinning as pinnings
from fabnet.node.hubs.pinning import Pinning
from fabnet.node.links.fetching import Fetcher
from fabnet.protocol.effects import Keep
from fabnet.records.record import seal_record
from tests.designs.samples import FILES, revision
from tests.node.door import settled
from tests.node.hubs.village import Neighbour, neighbour
from tests.protocol.minds import FIRST, NOON_MS, identity, key

pytestmark = pytest.mark.asyncio

HUB, OTHER_HUB, MAKES = 2, 3, 4
SIZE = sum(file.bytes for file in FILES)


async def publishes(makes: Neighbour, hub: Neighbour) -> Cid:
    """Have a node grant a design, and a hub hear of the grant."""
    await makes.blobs.put_bytes(b"content")
    cid = await makes.blobs.put_bytes(encode(revision()))
    record = seal_record(
        key(MAKES), network="test", kind=grants.KIND, incarnation=FIRST, seq=1,
        prev=None, moment_ms=NOON_MS, about=cid, body=GrantBody(b"{}"),
    )  # fmt: skip
    await hub.store.commit([Keep(record, 1, makes.peer)], NOON_MS)
    return cid


def pins(hub: Neighbour) -> Pinning:
    fetcher = Fetcher(
        identity(HUB), store=hub.store, blobs=hub.blobs, links=hub.links,
        dialler=hub.dialler, session=hub.session,
    )  # fmt: skip
    return Pinning(
        hub.peer, store=hub.store, blobs=hub.blobs, fetcher=fetcher, links=hub.links
    )


async def held(hub: Neighbour, cid: Cid) -> list[bool]:
    return [await hub.blobs.has(each) for each in (cid, *(it.cid for it in FILES))]


async def test_a_hub_keeps_what_an_attached_node_published(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as makes,
    ):
        cid = await publishes(makes, hub)
        makes.attaches_to(hub)
        await makes.dials(hub)
        await pins(hub).look(makes.peer)
        assert all(await held(hub, cid))


async def test_a_node_that_names_another_hub_is_not_served(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, OTHER_HUB, is_public=True) as other,
        neighbour(tmp_path, MAKES) as makes,
    ):
        cid = await publishes(makes, hub)
        makes.attaches_to(other)
        await makes.dials(hub)
        await pins(hub).look(makes.peer)
        assert not any(await held(hub, cid))


@pytest.mark.parametrize(("room", "is_pinned"), [(SIZE, True), (SIZE - 1, False)])
async def test_what_exceeds_a_quota_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, *, is_pinned: bool
) -> None:
    monkeypatch.setattr(pinnings, "PINNED_BYTES_MAX", room)
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as makes,
    ):
        cid = await publishes(makes, hub)
        makes.attaches_to(hub)
        await makes.dials(hub)
        await settled(lambda: hub.links.is_linked(makes.peer))
        await pins(hub).look(makes.peer)
        assert await held(hub, cid) == [True, *[is_pinned] * len(FILES)]
