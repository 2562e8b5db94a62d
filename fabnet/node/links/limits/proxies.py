"""Who really sent a request, where a proxy of ours stands before the public port."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from fabnet.errors import InputError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Proxies = Sequence[Network]

FORWARDED: Final = "X-Forwarded-For"
"""The proxy appends whom it heard; what stands before that is the sender's own word."""


def proxies_in(texts: Sequence[str]) -> Proxies:
    """Return the networks named, such as `127.0.0.0/8`, or raise InputError."""
    found: list[Network] = []
    for index, text in enumerate(texts):
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            at = f"listen.proxies[{index}]"
            raise InputError(
                at, f"expected a network such as 127.0.0.0/8: {error}"
            ) from error
    return tuple(found)


def sender(remote: str | None, headers: Mapping[str, str], proxies: Proxies) -> str:
    """Return the address a request came from; of a proxy's, the one it heard."""
    heard = remote or ""
    said = headers.get(FORWARDED)
    if said is None or not _is_in(heard, proxies):
        return heard
    return said.rpartition(",")[2].strip()


def _is_in(address: str, networks: Proxies) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
