"""The gateway put together: what it reads from, and the routes it adds to the port."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from fabnet.node.clock import Clock
from fabnet.node.gateway.blocks import Blocks
from fabnet.node.gateway.index import Index
from fabnet.node.gateway.providers import Providers
from fabnet.node.gateway.readers import Readers
from fabnet.node.gateway.routing import Routing
from fabnet.node.gateway.serving import Gateway
from fabnet.node.gateway.sharing import Sharing
from fabnet.node.links.limits.proxies import Proxies
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.protocol.voice import Identity


def add_gateway(
    app: web.Application,
    *,
    identity: Identity,
    store: Store,
    blobs: Blobs,
    clock: Clock,
    addresses: Sequence[str] = (),
    proxies: Proxies = (),
) -> Index:
    """Add `/ipfs/` and `/routing/v1/` to the public port; return what must be kept up.

    `addresses` are the multiaddrs that we announce; `proxies` may stand in front.
    """
    blocks = Blocks(store, blobs, Sharing(identity, store, blobs, clock))
    Gateway(blocks, Readers(clock, proxies)).install(app)
    Routing(Providers(blocks, store, identity.peer, tuple(addresses))).install(app)
    return Index(store, blobs)
