"""Who really sent a request, where a proxy of ours stands before the public port.

Every proxy on the way appends whom it heard. So the chain is read from its end, and
believed for as long as those who speak are ours: the first who is not is the sender.
What stands before that is the sender's own word, and counts for nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from fabnet.errors import InputError
from fabnet.node.links.limits.blocks import IpAddress, ip_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Proxies = Sequence[Network]

FORWARDED: Final = "X-Forwarded-For"
"""What Caddy, nginx, HAProxy and Traefik say; a line of its own, or one for all."""
HOPS_MAX: Final = 8
"""Proxies of ours in a row: a cloud's, a site's, a container's, and room."""
PROXY_IP4_BITS_MIN: Final = 8
PROXY_IP6_BITS_MIN: Final = 7
"""The widest private ranges, 10.0.0.0/8 and fc00::/7; whoever believes more than that
believes strangers."""


def proxies_in(texts: Sequence[str]) -> Proxies:
    """Return the networks named, such as `127.0.0.0/8`, or raise InputError."""
    found: list[Network] = []
    for index, text in enumerate(texts):
        at = f"listen.proxies[{index}]"
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            expected = f"expected a network such as 127.0.0.0/8: {error}"
            raise InputError(at, expected) from error
        least = PROXY_IP4_BITS_MIN if network.version == 4 else PROXY_IP6_BITS_MIN
        if network.prefixlen < least:
            raise InputError(at, f"{text} would believe strangers; at least /{least}")
        found.append(network)
    return tuple(found)


def sender_of(request: web.BaseRequest, proxies: Proxies) -> str:
    """Return the address that a request came from, as `sender` does."""
    return sender(request.remote, request.headers.getall(FORWARDED, ()), proxies)


def sender(remote: str | None, said: Sequence[str], proxies: Proxies) -> str:
    """Return the address a request came from; of a proxy's, the one it heard.

    `said` are the lines of X-Forwarded-For, in order. A proxy that says what is no
    address, or more than `HOPS_MAX` of ours in a row, stands for whoever is behind.
    """
    heard = remote or ""
    if not said or not _is_in(ip_of(heard), proxies):
        return heard
    for text in reversed(",".join(said).split(",")[-HOPS_MAX:]):
        found = _address_in(text)
        if found is None:
            return heard
        heard = str(found)
        if not _is_in(found, proxies):
            return heard
    return heard


def _address_in(text: str) -> IpAddress | None:
    """Return the address in one entry; some proxies write its port too."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    return ip_of(bare)


def _is_in(address: IpAddress | None, networks: Proxies) -> bool:
    return address is not None and any(address in network for network in networks)
