"""Nodes of cooperatives that know each other's federation and have no network."""

from __future__ import annotations

import shutil
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation.charter import CharterBody, named_in
from fabnet.cooperation.membership import MembershipBody
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.revision import RevisionBody
from fabnet.node.bundle.alone import DATABASE, alone
from fabnet.node.bundle.local import LocalPorter
from fabnet.node.clock import SystemClock
from fabnet.node.config import load
from fabnet.node.demo.layout import Site, lay_out
from fabnet.node.keyring import Keyring
from fabnet.node.store.store import Store
from fabnet.protocol.events import Publish
from fabnet.records.body import Body
from fabnet.records.ids import RecordId
from tests.node.cooperative import Published


@dataclass(frozen=True, slots=True)
class Coop:
    """One cooperative's node, and its people."""

    site: Site

    def opened(self) -> AbstractAsyncContextManager[LocalPorter]:
        """Open the node as `fabnet bundle --config` does."""
        return alone(load(self.site.config))

    def copied(self, path: Path) -> Coop:
        """Return the same cooperative with a folder of its own."""
        folder = path / self.site.city.id
        shutil.copytree(self.site.folder, folder)
        return Coop(replace(self.site, folder=folder))

    async def introduces(self, node: LocalPorter) -> None:
        """Log the papers that the first start of a node publishes."""
        for name, kind in (
            ("charter.json", charters.KIND),
            ("federation.json", charters.KIND),
            ("membership.json", memberships.KIND),
        ):
            raw = (self.site.folder / name).read_bytes()
            if kind == charters.KIND:
                await says(node, kind, None, CharterBody(raw))
            else:
                await says(node, kind, named_in(raw, "member"), MembershipBody(raw))

    async def publishes(self, node: LocalPorter, published: Published) -> RecordId:
        """Log a design with its grant, and keep its files."""
        for data in (published.manifest, *published.files.values()):
            await node.taker.blobs.put_bytes(data)
        cid, size = published.cid, len(published.manifest)
        await says(node, grants.KIND, cid, GrantBody(published.grant))
        revision = revisions.parse(published.manifest)
        body = RevisionBody(
            revision=cid, bytes=size, folder=published.folder, title=revision.title,
            lineage=None,
        )  # fmt: skip
        return await says(node, revisions.KIND, None, body)


async def says(node: LocalPorter, kind: str, about: str | None, body: Body) -> RecordId:
    said = await node.bringer.ask(lambda ask: Publish(ask, kind, about, body))
    assert isinstance(said, str), said
    return said


async def coops(path: Path) -> tuple[Coop, Coop]:
    """Found cooperatives, and start the nodes of two of them once."""
    clock = SystemClock()
    first, second, _ = lay_out(path, clock)
    for site in (first, second):
        ours = Keyring.open(site.data, clock.token).node.public.peer
        await Store.open(site.data / DATABASE, ours, ballast_bytes=0).close()
    return Coop(first), Coop(second)
