"""Who has a block, and where peers are, from the records that this node keeps.

Ourselves for whatever we give; and for a design that we know of, whoever signed for it
in the open: the nodes that carry its grants, where they say that they can be reached.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.designs.documents import grant as grants
from fabnet.errors import RemoteError
from fabnet.node.gateway.blocks import Blocks
from fabnet.node.store.store import Store
from fabnet.protocol import address as addresses
from fabnet.protocol.community import REACH_KIND, Reach
from fabnet.records.ids import PeerId
from fabnet.records.peer_record import open_peer_record

PROVIDERS_MAX: Final = 100
"""Peers in one answer, as the specification says."""
GATEWAY_PROTOCOL: Final = "transport-ipfs-gateway-http"


class PeerAnswer(msgspec.Struct, frozen=True, rename="pascal"):
    """A peer as Delegated Routing tells of it: its Peer Schema."""

    schema: str
    id: str = msgspec.field(name="ID")
    addrs: tuple[str, ...]
    protocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Providers:
    """Answers who has what, and who is where."""

    blocks: Blocks
    store: Store
    us: PeerId
    addresses: tuple[str, ...]
    """Multiaddrs under which others reach us, without our id."""

    async def of(self, cid: Cid) -> list[PeerAnswer]:
        """Return who has a block, ourselves first, at most PROVIDERS_MAX."""
        found: list[PeerAnswer] = []
        if self.addresses and await self.blocks.find(cid) is not None:
            found.append(_answer(self.us, self.addresses))
        known: dict[PeerId, None] = {}
        for design in await self.blocks.designs_of(cid):
            authors = await self.store.authors(grants.KIND, design)
            known |= dict.fromkeys(authors[:PROVIDERS_MAX])
        for peer in [peer for peer in known if peer != self.us][:PROVIDERS_MAX]:
            listed = await self._reach(peer)
            if listed and len(found) < PROVIDERS_MAX:
                found.append(_answer(peer, listed))
        return found

    async def peer(self, peer: PeerId) -> list[PeerAnswer]:
        """Return where a peer is: one answer, or none when nobody said."""
        listed = self.addresses if peer == self.us else await self._reach(peer)
        return [_answer(peer, listed)] if listed else []

    async def _reach(self, peer: PeerId) -> tuple[str, ...]:
        """Return where a peer says it is, in the forms we can read."""
        found: list[str] = []
        for record in await self.store.records(kind=REACH_KIND, author=peer, limit=1):
            with suppress(RemoteError):  # of whom nothing reads, nothing is told
                said = open_peer_record(record.read(Reach).peer_record)
                for binary in said.addresses:
                    with suppress(RemoteError):  # a form of address we do not know
                        text = addresses.from_bytes(binary).text
                        found.append(text.removesuffix(f"/p2p/{peer}"))
        return tuple(found)


def _answer(peer: PeerId, listed: tuple[str, ...]) -> PeerAnswer:
    return PeerAnswer("peer", peer, listed, (GATEWAY_PROTOCOL,))
