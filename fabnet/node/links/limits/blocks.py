"""Blocks of addresses: as many as one household, customer or seller commonly has."""

from __future__ import annotations

import ipaddress
from typing import Final

CUSTOMER_IP4_BITS: Final = 24
CUSTOMER_IP6_BITS: Final = 64
"""What one customer of a network commonly has; the rest of the address is theirs."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def ip_of(address: str) -> IpAddress | None:
    """Return an IP address, IPv4 within IPv6 as IPv4; nil for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def block_of(
    address: str,
    *,
    ip4_bits: int = CUSTOMER_IP4_BITS,
    ip6_bits: int = CUSTOMER_IP6_BITS,
) -> str:
    """Return the block that an address is in, such as `203.0.113.0/24`.

    What is no IP address, such as a name or a socket file, is a block of its own.
    """
    found = ip_of(address)
    if found is None:
        return address[:80]
    bits = ip4_bits if found.version == 4 else ip6_bits
    return str(ipaddress.ip_network((found, bits), strict=False))
