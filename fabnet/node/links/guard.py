"""The only way out to other peers: HTTP sessions that cannot be aimed at our own LAN.

Every connection that the node opens because somebody else named an address goes
through here: a hub or a neighbour in a peer record, who has a file, who was told of.
A name is looked up once for each connection, and what came back is what is checked and
what is dialled, so a second answer has nobody to deceive.

Whoever publishes an address chooses what we connect to, by a name, by a literal, by a
redirect, or by a name that answers differently the second time. So the check stands
where none of this matters any more: on the socket address itself, just before the
socket is made. aiohttp asks a resolver only about names, never about literals, and
reads `①②⑦.⓪.⓪.①` as one; it asks the socket factory about everything.

The list is our own. `ipaddress.is_global` says yes to multicast, NAT64, 6to4 and more.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

from fabnet.errors import MalformedError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

CONNECTIONS_MAX: Final = 128
"""Open sockets: a hub's links, and the blobs under way; others wait their turn."""
CONNECTIONS_PER_HOST_MAX: Final = 8
"""Open sockets to one host: a link, and a few blobs beside it."""
CONNECT_S_MAX: Final = 10
"""Seconds to connect: a slow radio link needs three; a dead host needs an end."""
SILENCE_S_MAX: Final = 20
"""Seconds without a byte before a reply is given up."""
REPLY_S_MAX: Final = 60
"""Seconds for a whole reply; who fetches a long blob passes a longer `timeout`."""
HEADER_LINE_BYTES_MAX: Final = 4_096
"""Bytes of one header line: twice the longest that Peer ID authentication allows."""
HEADERS_MAX: Final = 64
"""Header lines in one reply: browsers' favourites send thirty."""
PORT_MIN: Final = 1_024
"""Below it stand the services of an operating system, as 22 and 25 do; peers are at
the web's two ports, or up here."""
_WEB_PORTS: Final = frozenset({80, 443})
_SERVICE_PORTS: Final = frozenset(
    # What browsers refuse too, since it obeys a line in the middle of a request:
    # https://fetch.spec.whatwg.org/#port-blocking
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566}
    | {6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    # Databases, caches and orchestrators, which often ask nobody on a LAN who it is:
    | {2375, 2376, 2379, 2380, 3306, 5432, 5984, 6379, 6443, 8500, 9200, 9300}
    | {10250, 10255, 11211, 27017}
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PLAIN: Final = frozenset({"", "identity"})

_HOME: Final = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "carrier-grade NAT": ("100.64.0.0/10",),
}
"""Where no stranger may send us, and where a LAN's own peers are."""

_NOWHERE: Final = {
    "this network": ("0.0.0.0/8",),
    "cloud metadata": (
        "169.254.169.254/32",
        "169.254.170.2/32",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    ),
    "protocol assignment": ("192.0.0.0/24", "2001::/23", "100::/64", "5f00::/16"),
    "documentation": (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
        "3fff::/20",
    ),
    "benchmark": ("198.18.0.0/15", "2001:2::/48"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4",),
    "6to4": ("192.88.99.0/24", "2002::/16"),
    "Teredo": ("2001::/32",),
    "NAT64": ("64:ff9b::/96", "64:ff9b:1::/48"),
    "IPv4-mapped": ("::ffff:0:0/96",),
    "IPv4-compatible": ("::/96",),
    "site-local": ("fec0::/10",),
    "unassigned": ("::/3", "4000::/2", "8000::/1"),
}
"""Where no peer is: many wrap an IPv4 address, and would carry us home by a detour."""


@dataclass(frozen=True, slots=True)
class _Range:
    network: IpNetwork
    name: str
    is_home: bool


def _ranges() -> tuple[_Range, ...]:
    """Return every range, the narrowest first, so that the first match is the rule."""
    found = [
        _Range(ipaddress.ip_network(text), name, is_home)
        for table, is_home in ((_HOME, True), (_NOWHERE, False))
        for name, texts in table.items()
        for text in texts
    ]
    return tuple(sorted(found, key=lambda r: r.network.prefixlen, reverse=True))


_RANGES: Final = _ranges()


class AddressForbiddenError(MalformedError):
    """An address that leads where a stranger must not send us."""


class _NotDialledError(OSError):
    """How the refusal travels through aiohttp; `_peer_rules` unwraps it.

    It must be an OSError: the racing of addresses beneath aiohttp drops every other
    error, and then fails with an IndexError when it looks for one to raise. And it
    must not be what callers see, since aiohttp wraps every OSError in its own.
    """

    def __init__(self, why: AddressForbiddenError) -> None:
        super().__init__(0, str(why))
        self.why = why


def check(host: str, *, allow_private: bool) -> None:
    """Raise AddressForbiddenError unless a peer may be at the IP address `host`.

    `allow_private` opens loopback, private, link-local and carrier-grade NAT ranges.
    """
    address = _ip_address(host)
    for known in _RANGES:
        if address in known.network:
            break
    else:
        return
    if not known.is_home:
        raise AddressForbiddenError(
            f"address: {host} is in a range no peer has ({known.name})"
        )
    if not allow_private:
        raise AddressForbiddenError(
            f"address: {host} is in a private range ({known.name})"
            " and allow_private is off"
        )


def check_port(port: int) -> None:
    """Raise AddressForbiddenError unless a peer may listen at `port`, LAN or not."""
    if port in _WEB_PORTS:
        return
    if port < PORT_MIN or port in _SERVICE_PORTS:
        raise AddressForbiddenError(f"address: port {port} belongs to no peer")


def _ip_address(host: str) -> IpAddress:
    try:
        return ipaddress.ip_address(host)
    except ValueError as error:
        raise AddressForbiddenError(
            f"address: {host[:80]!r} is not an IP address"
        ) from error


def guarded_connector(
    allow_private: bool,
    resolver: AbstractResolver | None = None,
    trusted: ssl.SSLContext | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that checks every socket address it is about to dial.

    Names are looked up by `resolver`, or else by this machine's own; no answer is
    kept, so that each is checked in the moment when it is used. Certificates are
    checked against `trusted`, or else this machine's own roots.
    """
    return aiohttp.TCPConnector(
        resolver=resolver,
        use_dns_cache=False,
        limit=CONNECTIONS_MAX,
        limit_per_host=CONNECTIONS_PER_HOST_MAX,
        ssl=True if trusted is None else trusted,
        socket_factory=_socket_factory(allow_private),
    )


def _socket_factory(
    allow_private: bool,
) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    def make(addr_info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = addr_info
        try:
            check(str(sockaddr[0]), allow_private=allow_private)
            check_port(int(sockaddr[1]))
        except AddressForbiddenError as why:
            raise _NotDialledError(why) from why
        return socket.socket(family, kind, protocol)

    return make


def client_session(
    allow_private: bool,
    resolver: AbstractResolver | None = None,
    trusted: ssl.SSLContext | None = None,
) -> aiohttp.ClientSession:
    """Return a session for talking to peers; its owner closes it.

    Requests raise AddressForbiddenError, and refuse redirects and compressed replies:
    nothing we ask a peer for needs either.
    """
    return aiohttp.ClientSession(
        connector=guarded_connector(allow_private, resolver, trusted),
        middlewares=(_peer_rules,),
        headers={"Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(
            total=REPLY_S_MAX, connect=CONNECT_S_MAX, sock_read=SILENCE_S_MAX
        ),
        auto_decompress=False,
        trust_env=False,
        max_line_size=HEADER_LINE_BYTES_MAX,
        max_field_size=HEADER_LINE_BYTES_MAX,
        max_headers=HEADERS_MAX,
    )


async def _peer_rules(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Hold every reply to the rules, WebSocket upgrades too: aiohttp follows theirs."""
    try:
        response = await handler(request)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, _NotDialledError):
            raise error.os_error.why from error
        raise
    if response.status in _REDIRECTS:
        response.close()
        raise MalformedError(f"{request.url.host}: a peer does not redirect")
    encoding = response.headers.get("Content-Encoding", "")
    if encoding.lower() not in _PLAIN:
        response.close()
        raise MalformedError(f"{request.url.host}: compressed; we asked for identity")
    return response
