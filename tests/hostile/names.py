"""Tables of names on the wire: CIDs, peer ids, addresses, logins."""

from __future__ import annotations

from fabnet.content import cid as cids
from fabnet.content.multibase import base58, read_varint
from fabnet.node.links import auth_header
from fabnet.protocol import address as addresses
from fabnet.records import keys
from tests.hostile.rows import Table, rows
from tests.production.samples import MAKER, key, record_id

ALICE = key(1)

_CID = record_id("good")
CIDS = Table(
    "cid",
    cids.parse,
    _CID,
    rows(
        ("nothing", "", "expected 59 characters"),
        ("one letter short", _CID[:-1], "expected 59 characters"),
        ("one letter more", _CID + "a", "expected 59 characters"),
        ("a line feed at the end", _CID[:-1] + "\n", "cid: not base32"),
        ("capitals", _CID.upper(), "not the canonical base32 form"),
        ("one capital", _CID[:-1] + _CID[-1].upper(), "not the canonical base32 form"),
        ("the digit 1", _CID[:20] + "1" + _CID[21:], "cid: not base32"),
        ("padding", _CID[:-1] + "=", "cid: not base32"),
        ("a letter of another script", _CID[:-1] + "а", "expected 59 characters"),  # noqa: RUF001  # a Cyrillic a, on purpose
        ("spare bits that are set", _CID[:-1] + "b", "not the canonical base32 form"),
        ("version 0", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "expected 59"),
        ("base58btc", "z" + _CID[1:], "not the canonical base32 form"),
        ("version 2", "bajkrei" + _CID[7:], "expected CIDv1, raw or dag-pb, sha2-256"),
        ("dag-cbor", "bafyrei" + _CID[7:], "expected CIDv1, raw or dag-pb, sha2-256"),
        ("blake3", "bafkr4i" + _CID[7:], "expected CIDv1, raw or dag-pb, sha2-256"),
    ),
)

KEYS = Table(
    "peer id",
    keys.from_peer,
    MAKER,
    rows(
        ("nothing", "", "expected the base58 form of an Ed25519 key"),
        ("a zero, which base58 lacks", "0" + MAKER[1:], "no such digit '0'"),
        ("a line feed", MAKER + "\n", "no such digit"),
        ("a letter short", MAKER[:-1], "expected the base58 form"),
        ("a leading 1", "1" + MAKER, "expected the base58 form"),
        ("without end", "1" * 129, "at most 128 characters"),
        ("an RSA key", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
         "expected the"),
        ("secp256k1", base58(b"\0\x24\x08\x02\x12\x20" + ALICE.public.raw),
         "expected the"),
        ("small order", base58(b"\0\x24\x08\x01\x12\x20" + bytes(32)),
         "of small order"),
        ("31 bytes", base58(b"\0\x24\x08\x01\x12\x20" + bytes(31)),
         "expected 32 bytes"),
    ),
)  # fmt: skip

DIDS = Table(
    "did",
    keys.from_did,
    ALICE.public.did,
    rows(
        ("nothing", "", "expected did:key:z6Mk…"),
        ("did:web", "did:web:example.org", "expected did:key:z6Mk…"),
        ("capitals", ALICE.public.did.upper(), "expected did:key:z6Mk…"),
        ("base64url", "did:key:u7QE", "expected did:key:z6Mk…"),
        (
            "a P-256 key",
            "did:key:z" + base58(b"\x80\x24" + bytes(33)),
            "an Ed25519 key",
        ),
        (
            "an X25519 key",
            "did:key:z" + base58(b"\xec\x01" + bytes(32)),
            "an Ed25519 key",
        ),
        ("small order", "did:key:z" + base58(b"\xed\x01" + bytes(32)), "small order"),
        ("a fragment", ALICE.public.did + "#key", "no such digit '#'"),
        (
            "31 bytes",
            "did:key:z" + base58(b"\xed\x01" + b"\2" * 31),
            "expected 32 bytes",
        ),
    ),
)

_DIAL = "/ip4/192.0.2.1/tcp/80/http"
ADDRESSES = Table(
    "address",
    addresses.parse,
    _DIAL,
    rows(
        ("no slash", _DIAL[1:], "begins with /"),
        ("too long", "/" * 2_000, "characters; max"),
        ("QUIC", "/ip4/192.0.2.1/udp/443/quic-v1", "found 'udp'"),
        ("a socket file", "/unix/run/x.sock", "found 'unix'"),
        ("no transport", "/ip4/192.0.2.1", "found 'the end'"),
        ("no value", "/ip4//tcp/80/http", "ip4: its value is missing"),
        ("more at the end", _DIAL + "/p2p-circuit", "cannot dial 'p2p-circuit'"),
        ("port 0", "/ip4/192.0.2.1/tcp/0/http", "a port from 1 to 65535"),
        ("port 65536", "/ip4/192.0.2.1/tcp/65536/http", "a port from 1 to 65535"),
        ("a zone", "/ip6/fe80::1%eth0/tcp/80/http", "a zone means nothing"),
        ("octal", "/ip4/0177.0.0.1/tcp/80/http", "address: ip4: "),
        ("a short IPv6", "/ip6/:::/tcp/80/http", "address: ip6: "),
        ("a name in Unicode", "/dns4/münchen.example/tcp/80/http", "name in ASCII"),
        ("a number as a name", "/dns4/2130706433/tcp/80/http", "end in a number"),
        ("punycode of nothing", "/dns4/xn--0.example/tcp/80/http", "not a multiaddr"),
        ("a CID that is none", _DIAL + "/p2p/b1", "p2p: not a CID in base32"),
        ("the CID of no key", _DIAL + "/p2p/bafkqaaa",
         "expected the CID of a libp2p key"),
        ("no peer id", _DIAL + "/p2p/me", "address: p2p: "),
    ),
)  # fmt: skip

_DIALLED = addresses.to_bytes(addresses.parse(_DIAL))
BINARY_ADDRESSES = Table(
    "binary address",
    addresses.from_bytes,
    _DIALLED,
    rows(
        ("nothing", b"", "address: "),
        ("a code that nobody knows", b"\xff\xff\x7f\x00", "not a binary multiaddr"),
        ("cut short", _DIALLED[:3], "address: "),
        ("too long", bytes(2_000), "bytes; max"),
        ("a slash in a host", b"\x36\x05" + b"h/tcp", "address: "),
        ("a port in capitals of a name", b"\x36\x01H\x06\0\x50\xe0\x03", "binary form"),
    ),
)


def _asks(**params: str) -> str:
    return auth_header.write_params(params)


AUTHORIZATIONS = Table(
    "authorization",
    auth_header.read_params,
    _asks(opaque="abc", sig="def"),
    rows(
        ("too long", "libp2p-PeerID " + "a" * 2_048, "more than 2048 bytes"),
        ("Basic", "Basic dXNlcjpwYXNz", "expected the scheme libp2p-PeerID"),
        ("nothing", "", "expected the scheme"),
        ("no value", "libp2p-PeerID opaque", "expected name=value"),
        ("a quote left open", 'libp2p-PeerID opaque="abc', "expected name=value"),
        ("a line feed", 'libp2p-PeerID opaque="a\nb"', "expected name=value"),
        ("a name in capitals", 'libp2p-PeerID OPAQUE="a"', "expected name=value"),
        ("one name twice", 'libp2p-PeerID sig="a", sig="b"', "sig stands twice"),
        ("nothing between", 'libp2p-PeerID sig="a"opaque="b"', "expected a comma"),
    ),
)


def _of(read: object, name: str, good: str, *bad: tuple[str, str, str]) -> Table:
    def ask(value: str) -> object:
        return read({name: value}, name)  # type: ignore[operator]  # one of three readers

    return Table(f"authorization {name}", ask, good, rows(*bad))


PARAMETERS = (
    _of(auth_header.challenge_in, "challenge-client", "a" * 32,
        ("31 letters", "a" * 31, "expected 32 characters or more"),
        ("none", "", "challenge-client is missing")),
    _of(auth_header.from_base64, "sig", "YWJj",
        ("padding within", "YW=j", "sig: expected base64url"),
        ("base64, not base64url", "YW+/", "sig: expected base64url"),
        ("one letter over", "YWJjZ", "sig: expected base64url"),
        ("none", "", "sig is missing")),
)  # fmt: skip

VARINTS = Table(
    "varint",
    lambda data: read_varint(data, 0),
    b"\x80\x01",
    rows(
        ("nothing", b"", "truncated"),
        ("a byte that announces more", b"\x80", "truncated"),
        ("a zero more", b"\x81\x00", "not minimal"),
        ("ten bytes", b"\xff" * 9 + b"\x01", "longer than 9 bytes"),
    ),
)

TABLES: tuple[Table, ...] = (
    CIDS, KEYS, DIDS, ADDRESSES, BINARY_ADDRESSES, AUTHORIZATIONS, *PARAMETERS, VARINTS,
)  # fmt: skip
