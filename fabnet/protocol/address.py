"""Where a peer can be reached. The only door to multiaddr, and never its resolver.

The grammar is ours, and small: what a node can dial over HTTP. The library reads far
more, some of it wrongly (an IPv4 address inside `/ip6zone/eth0`), so it only turns
text we have read ourselves into bytes, and bytes into text that we then read.

    /(ip4|ip6|dns|dns4|dns6)/HOST/tcp/PORT[/tls[/sni/NAME]]/(http|ws)[/p2p/ID]
    /(ip4|ip6|dns|dns4|dns6)/HOST[/tcp/PORT]/https[/p2p/ID]

A node that nobody can dial is behind a hub: HUB/p2p/ID/p2p-circuit/p2p/ID.

Source: libp2p/specs http/transport-component.md; the second form is js-libp2p's.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal

from multiaddr import Multiaddr

from fabnet.content.multibase import base58
from fabnet.errors import LimitError, MalformedError
from fabnet.records import keys
from fabnet.records.ids import PeerId

HostKind = Literal["ip4", "ip6", "dns", "dns4", "dns6"]

ADDRESS_CHARS_MAX: Final = 640
"""Characters: two DNS names of 253, a peer id, and the words between."""
ADDRESS_BYTES_MAX: Final = 640
"""Bytes of the binary form; as many as a peer record carries for one address."""
_HOST_KINDS: Final[dict[str, HostKind]] = {
    "ip4": "ip4",
    "ip6": "ip6",
    "dns": "dns",
    "dns4": "dns4",
    "dns6": "dns6",
}
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
_NAME_CHARS_MAX: Final = 253
"""Characters of a DNS name (RFC 1035 §3.1, without the root)."""
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes resolvers read the whole name as an IPv4 address."""
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_RELAYED: Final = "/p2p-circuit/p2p/"
_PEER_CHARS_MAX: Final = 80
"""Characters of a peer id; as a CID in base32 it has 65."""
_PEER_CID_PREFIX: Final = b"\x01\x72"
"""CIDv1 of a libp2p key; the multihash follows."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address in the one spelling we use. Made only by `parse` and `from_bytes`."""

    host: str
    host_kind: HostKind
    port: int
    secure: bool
    """Whether the connection is TLS."""
    peer: PeerId | None
    """Who must answer there, if the address says so."""
    text: str
    """The whole multiaddr, normalised."""
    sni: str | None
    """The name to ask for in TLS where it is not the host."""


class _Words:
    """The components of a multiaddr, read once from the left."""

    def __init__(self, text: str) -> None:
        head, *self._rest = text.split("/")
        if head or not self._rest:
            raise MalformedError("address: expected a multiaddr, which begins with /")
        self._read: list[str] = []

    def expect(self, *names: str) -> str:
        """Read one of `names`, or raise MalformedError naming what stands there."""
        found = self._rest.pop(0) if self._rest else "the end"
        if found not in names:
            expected = " or ".join(names)
            raise MalformedError(f"address: expected {expected}, found {found[:40]!r}")
        self._read.append(found)
        return found

    def skip(self, name: str) -> bool:
        """Read `name` if it stands next; return whether it did."""
        stands = self._rest[:1] == [name]
        if stands:
            self._read.append(self._rest.pop(0))
        return stands

    def value(self) -> str:
        """Read the value of the component just read."""
        if not self._rest or not self._rest[0]:
            raise MalformedError(f"address: {self._read[-1]}: its value is missing")
        return self._rest.pop(0)

    def say(self, value: str) -> None:
        """Note the normal form of the value just read."""
        self._read.append(value)

    def end(self) -> str:
        """Return the normalised text; raise MalformedError if anything is left."""
        if self._rest:
            raise MalformedError(f"address: cannot dial {self._rest[0][:40]!r}")
        return "/" + "/".join(self._read)


def parse(text: str) -> Address:
    """Return the address in `text`, or raise RemoteError naming the component."""
    if len(text) > ADDRESS_CHARS_MAX:
        raise LimitError(f"address: {len(text)} characters; max {ADDRESS_CHARS_MAX}")
    words = _Words(text)
    kind = _HOST_KINDS[words.expect(*_HOST_KINDS)]
    host = _host(kind, words.value())
    words.say(host)
    port, secure, sni = _transport(words)
    peer = None
    if words.skip("p2p"):
        peer = _peer(words.value())
        words.say(peer)
    plain = words.end()
    _encode(plain)
    return Address(host, kind, port, secure, peer, plain, sni)


def from_bytes(binary: bytes) -> Address:
    """Return the address in a binary multiaddr, or raise RemoteError.

    Only the bytes we would write are accepted: a `/` inside a host, which the text
    form would read as another component, does not survive the way back.
    """
    if len(binary) > ADDRESS_BYTES_MAX:
        raise LimitError(f"address: {len(binary)} bytes; max {ADDRESS_BYTES_MAX}")
    try:
        text = str(Multiaddr(binary))
    except ValueError as error:
        raise MalformedError("address: not a binary multiaddr") from error
    address = parse(text)
    if to_bytes(address) != binary:
        raise MalformedError("address: not the binary form of what it says")
    return address


def to_bytes(address: Address) -> bytes:
    """Return the binary multiaddr, as peer records carry it."""
    return _encode(address.text)


def named(address: Address, peer: PeerId) -> Address:
    """Return an address that says that `peer` must answer there."""
    return address if address.peer else parse(f"{address.text}/p2p/{peer}")


def to_relayed(hub: Address, peer: PeerId) -> bytes:
    """Return the binary multiaddr that says: `peer` is reached by way of `hub`.

    libp2p's own form, `HUB/p2p/ID/p2p-circuit/p2p/PEER`; `hub` names its peer.
    """
    return _encode(f"{hub.text}{_RELAYED}{peer}")


def from_relayed(binary: bytes) -> tuple[Address, PeerId]:
    """Return the hub and the peer of a relayed address, or raise RemoteError."""
    if len(binary) > ADDRESS_BYTES_MAX:
        raise LimitError(f"address: {len(binary)} bytes; max {ADDRESS_BYTES_MAX}")
    try:
        text = str(Multiaddr(binary))
    except ValueError as error:
        raise MalformedError("address: not a binary multiaddr") from error
    way, circuit, name = text.partition(_RELAYED)
    if not circuit:
        raise MalformedError("address: not one by way of a hub")
    hub, peer = parse(way), _peer(name)
    if hub.peer is None or to_relayed(hub, peer) != binary:
        raise MalformedError("address: by way of a hub that has no name")
    return hub, peer


def base_url(address: Address) -> str:
    """Return where to connect, such as `https://[2001:db8::1]:443`."""
    scheme = "https" if address.secure else "http"
    return f"{scheme}://{_bracketed(address.host)}:{address.port}"


def authority(address: Address) -> str:
    """Return the Host header for `address`: the port only where it is not the usual.

    Peer ID authentication signs it, so both ends must spell it alike.
    """
    name = _bracketed(address.sni or address.host)
    usual = _HTTPS_PORT if address.secure else _HTTP_PORT
    return name if address.port == usual else f"{name}:{address.port}"


def peer_in(text: str) -> PeerId:
    """Return the peer id in `text`, in base58 or as a CID, or raise MalformedError."""
    if len(text) > _PEER_CHARS_MAX:
        raise MalformedError("address: p2p: too long for an Ed25519 key")
    return _peer(text)


def _encode(text: str) -> bytes:
    try:
        return Multiaddr(text).to_bytes()
    except ValueError as error:
        raise MalformedError(f"address: not a multiaddr: {text}") from error


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host(kind: HostKind, value: str) -> str:
    if kind not in ("ip4", "ip6"):
        return _name(kind, value)
    if "%" in value:
        raise MalformedError("address: ip6: a zone means nothing on another machine")
    try:
        if kind == "ip4":
            return str(ipaddress.IPv4Address(value))
        return str(ipaddress.IPv6Address(value))
    except ValueError as error:
        raise MalformedError(f"address: {kind}: {error}") from error


def _name(component: str, value: str) -> str:
    """Return a DNS name in lower case; international names come in their xn-- form."""
    name = value.lower() if value.isascii() else ""
    labels = name.split(".")
    if len(name) > _NAME_CHARS_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise MalformedError(f"address: {component}: expected a DNS name in ASCII")
    if _NUMBER.fullmatch(labels[-1]):
        raise MalformedError(f"address: {component}: a name cannot end in a number")
    return name


def _transport(words: _Words) -> tuple[int, bool, str | None]:
    """Read from the port to `http`; return the port, whether TLS, and its name."""
    if words.expect("tcp", "https") == "https":
        return _HTTPS_PORT, True, None
    value = words.value()
    if not _PORT.fullmatch(value) or int(value) > 65_535:
        raise MalformedError("address: tcp: expected a port from 1 to 65535")
    words.say(value)
    if not words.skip("tls"):
        return int(value), words.expect("http", "ws", "https") == "https", None
    sni = None
    if words.skip("sni"):
        sni = _name("sni", words.value())
        words.say(sni)
    words.expect("http", "ws")
    return int(value), True, sni


def _peer(value: str) -> PeerId:
    """Return a peer id in base58; js also writes it as a CID, `bafz…`, go `k51…`."""
    if value.startswith(("b", "k")):
        try:
            binary = _bytes_of(value[0], value[1:])
        except ValueError as error:
            raise MalformedError("address: p2p: not a CID in base32 or 36") from error
        if not binary.startswith(_PEER_CID_PREFIX):
            raise MalformedError("address: p2p: expected the CID of a libp2p key")
        value = base58(binary.removeprefix(_PEER_CID_PREFIX))
    try:
        return keys.from_peer(value).peer
    except MalformedError as error:
        raise MalformedError(f"address: p2p: {error}") from error


def _bytes_of(base: str, text: str) -> bytes:
    """Return the bytes behind a multibase prefix, `b` or `k`, or raise ValueError."""
    if base == "b":
        return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    if not text.isalnum() or len(text) > _PEER_CHARS_MAX:
        raise ValueError(text)
    number = int(text, 36)
    return number.to_bytes((number.bit_length() + 7) // 8)
