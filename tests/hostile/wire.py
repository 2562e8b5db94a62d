"""Tables of what is signed on the wire: envelopes, records, messages, peer records."""

from __future__ import annotations

import hashlib
from functools import partial

from fabnet.content.multibase import from_base58, varint
from fabnet.node.links import frames
from fabnet.production.request import RequestClosed
from fabnet.protocol import address as addresses
from fabnet.records.body import Body
from fabnet.records.canonical import decode_plain, encode
from fabnet.records.envelope import open_envelope, seal_envelope
from fabnet.records.keys import SigningKey
from fabnet.records.message import PAYLOAD_TYPE as MESSAGE_TYPE
from fabnet.records.message import open_message
from fabnet.records.peer_record import DOMAIN as PEER_DOMAIN
from fabnet.records.peer_record import PAYLOAD_TYPE as PEER_TYPE
from fabnet.records.peer_record import open_peer_record, seal_peer_record
from fabnet.records.record import PAYLOAD_TYPE, domain_of, open_record
from tests.hostile import bodies
from tests.hostile.rows import Table, bent, packed, rows
from tests.production.samples import MAKER, STRANGER, key

ALICE, BEN = key(1), key(2)
HERE = domain_of("test")


def _sealed(
    payload: bytes, kind: bytes = PAYLOAD_TYPE, domain: str = HERE, signer: int = 1
) -> bytes:
    return seal_envelope(key(signer), domain=domain, payload_type=kind, payload=payload)


def field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value


def _with_byte(raw: bytes, at: int, value: int) -> bytes:
    return raw[:at] + bytes((value,)) + raw[at + 1 :]


# ------------------------------------------------------------------ envelopes

_WHOLE = _sealed(b"payload")
_KEY = field(0x0A, ALICE.public.protobuf)
_TYPE, _PAYLOAD = field(0x12, PAYLOAD_TYPE), field(0x1A, b"payload")
_SIGNATURE = _WHOLE[len(_KEY + _TYPE + _PAYLOAD) :]
_FIELDS = {"key": _KEY, "type": _TYPE, "payload": _PAYLOAD, "signature": _SIGNATURE}
_ORDER_8 = bytes.fromhex(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
)
_FIELD_PRIME = (2**255 - 19).to_bytes(32, "little")
_L = 2**252 + 27742317777372353535851937790883648493


def _cut() -> list[tuple[str, object, str]]:
    """An envelope that ends within each of its fields, and before each."""
    found: list[tuple[str, object, str]] = []
    at = 0
    for number, (name, each) in zip((1, 2, 3, 5), _FIELDS.items(), strict=True):
        before, within = _WHOLE[:at], _WHOLE[: at + len(each) - 1]
        found += [
            (f"ends before the {name}", before, f"expected field {number} at byte"),
            (f"ends after the tag of the {name}", _WHOLE[: at + 1],
             "varint: truncated"),
            (f"ends within the {name}", within, f"truncated in field {number}"),
            (f"the {name} twice", before + each + _WHOLE[at:], "envelope:"),
            (f"the {name} left out", before + _WHOLE[at + len(each) :], "envelope:"),
            (
                f"the length of the {name} in one byte too many",
                before + each[:1] + bytes((each[1] | 0x80, 0)) + each[2:]
                + _WHOLE[at + len(each) :],
                "varint: not minimal",
            ),
        ]  # fmt: skip
        at += len(each)
    return found


def _keyed(raw: bytes) -> bytes:
    return field(0x0A, b"\x08\x01\x12\x20" + raw) + _WHOLE[len(_KEY) :]


def _signed_by(signature: bytes) -> bytes:
    return _KEY + _TYPE + _PAYLOAD + field(0x2A, signature)


_S = int.from_bytes(_SIGNATURE[-32:], "little")
_NOT_SIGNED = "did not sign this"
ENVELOPES = Table(
    "envelope",
    partial(open_envelope, domain=HERE, payload_type=PAYLOAD_TYPE),
    _WHOLE,
    rows(
        *_cut(),
        ("a byte after the end", _WHOLE + b"\0", "not the one encoding we accept"),
        ("a byte before", b"\0" + _WHOLE, "expected field 1 at byte 0"),
        ("an unknown field after", _WHOLE + field(0x32, b"x"), "not the one encoding"),
        ("a length without end", b"\x0a" + b"\xff" * 10, "longer than 9 bytes"),
        ("a length beyond all memory", b"\x0a" + b"\xff" * 8 + b"\x7f", "truncated in"),
        ("an RSA key", field(0x0A, b"\x08\x00\x12\x20" + bytes(32)) + _TYPE + _PAYLOAD
         + _SIGNATURE, "expected a libp2p Ed25519 PublicKey"),
        ("a key of 31 bytes", _keyed(ALICE.public.raw[:31]),
         "expected 32 bytes, got 31"),
        ("a key of 33 bytes", _keyed(ALICE.public.raw + b"\0"), "expected 32 bytes"),
        ("the key of order 1", _keyed(b"\1" + bytes(31)), "a point of small order"),
        ("the key of order 4", _keyed(bytes(32)), "a point of small order"),
        ("a key of order 8", _keyed(_ORDER_8), "a point of small order"),
        ("a key of order 8, the other sign", _keyed(_with_byte(_ORDER_8, 31, 0x85)),
         "a point of small order"),
        ("a key of p", _keyed(_FIELD_PRIME), "not the canonical encoding of a point"),
        ("a key of all ones", _keyed(b"\xff" * 32), "not the canonical encoding"),
        ("the key of another", _keyed(BEN.public.raw), _NOT_SIGNED),
        ("another's signature", _signed_by(BEN.sign(b"payload")), _NOT_SIGNED),
        ("the payload alone signed", _signed_by(ALICE.sign(b"payload")), _NOT_SIGNED),
        ("no signature", _signed_by(b""), _NOT_SIGNED),
        ("a signature of zeros", _signed_by(bytes(64)), _NOT_SIGNED),
        ("half a signature", _signed_by(_SIGNATURE[2:34]), _NOT_SIGNED),
        ("a signature with a byte more", _signed_by(_SIGNATURE[2:] + b"\0"),
         _NOT_SIGNED),
        ("S increased by the group's order",
         _signed_by(_SIGNATURE[2:34] + (_S + _L).to_bytes(32, "little")), _NOT_SIGNED),
        ("one bit of S", _with_byte(_WHOLE, len(_WHOLE) - 1, _WHOLE[-1] ^ 1),
         _NOT_SIGNED),
        ("one bit of R", _with_byte(_WHOLE, len(_WHOLE) - 64, _WHOLE[-64] ^ 1),
         _NOT_SIGNED),
        ("another payload", _KEY + _TYPE + field(0x1A, b"pay!oad") + _SIGNATURE,
         _NOT_SIGNED),
        ("of another network", _sealed(b"payload", domain=domain_of("real")),
         _NOT_SIGNED),
        ("of no network", _sealed(b"payload", domain=""), _NOT_SIGNED),
        ("of a peer record", _sealed(b"payload", domain=PEER_DOMAIN), _NOT_SIGNED),
        ("a message, not a record", _sealed(b"payload", MESSAGE_TYPE),
         "payload type b'/fabnet/message/1' is not ours"),
        ("no type", _sealed(b"payload", b""), "payload type b'' is not ours"),
        ("the next version", _sealed(b"payload", b"/fabnet/record/2"), "is not ours"),
    ),
)  # fmt: skip


def _named(who: SigningKey) -> bytes:
    """Return the part of a multiaddr that names a peer."""
    name = from_base58(who.public.peer)
    return b"\xa5\x03" + varint(len(name)) + name


# ------------------------------------------------------------------ canonical bytes

_DEEP = b"\x91" * 9 + b"\xc0"
CANONICAL = Table(
    "canonical value",
    partial(decode_plain, bytes_max=100),
    packed([1, "a", b"b", None, [2]]),
    rows(
        ("nothing", b"", "not msgpack: ValueError"),
        ("two values", b"\x01\x02", "not msgpack: ExtraData"),
        ("an array cut short", b"\x92\x01", "not msgpack: ValueError"),
        ("a byte that means nothing", b"\xc1", "not msgpack: FormatError"),
        ("text that is not UTF-8", b"\xa2\xff\xfe", "not msgpack: UnicodeDecodeError"),
        ("half a surrogate", b"\xa3\xed\xa0\x80", "not msgpack: UnicodeDecodeError"),
        ("an array of 2**32 - 1", b"\xdd\xff\xff\xff\xff", "not msgpack:"),
        ("bytes of 2**32 - 1", b"\xc6\xff\xff\xff\xff", "not msgpack:"),
        ("true", b"\xc3", "a signed value cannot hold a bool"),
        ("false", b"\xc2", "a signed value cannot hold a bool"),
        ("a float", b"\xcb" + bytes(8), "a signed value cannot hold a float"),
        ("a short float", b"\xca" + bytes(4), "a signed value cannot hold a float"),
        ("a map", b"\x80", "a signed value cannot hold a dict"),
        ("a map in arrays", b"\x91\x91\x81\xa1a\x02", "cannot hold a dict"),
        ("an extension", b"\xd4\x05\x00", "a signed value cannot hold a ExtType"),
        ("a timestamp", b"\xd6\xff" + bytes(4), "a signed value cannot hold a"),
        ("nine arrays deep", _DEEP, "nests at most 8 deep"),
        ("ninety arrays deep", b"\x91" * 90 + b"\xc0", "nests at most 8 deep"),
        ("one byte too many", bytes(101), "101 bytes; the most is 100"),
        ("a number in two bytes", b"\xcc\x01", "not the canonical encoding"),
        ("a number in nine bytes", b"\xcf" + bytes(7) + b"\x01", "not the canonical"),
        ("a positive as a signed", b"\xd0\x01", "not the canonical encoding"),
        ("a negative in two bytes", b"\xd0\xff", "not the canonical encoding"),
        ("text with a long length", b"\xd9\x01a", "not the canonical encoding"),
        ("bytes with a long length", b"\xc5\x00\x01a", "not the canonical encoding"),
        ("an array with a long length", b"\xdc\x00\x01\x01", "not the canonical"),
    ),
)


def _endless() -> Table:
    return Table(
        "canonical depth",
        partial(decode_plain, bytes_max=65_536),
        b"\xc0",
        rows(("arrays without end", b"\x91" * 65_536, "not msgpack: ")),
    )


# ------------------------------------------------------------------ records

_BODY = encode(RequestClosed(bodies.MESSAGES["cancel/1"].job, "expired", ""))  # type: ignore[attr-defined]  # a Cancel names its job
_HEADER = bodies.HEADERS["header"]


def _header(**changes: object) -> bytes:
    """A signed header that says what `changes` say, true to the body otherwise."""
    said: dict[str, object] = {
        "body_hash": hashlib.sha256(_BODY).digest(),
        "body_len": len(_BODY),
    }
    value: Body = _HEADER
    array = bent(value, "kind", "request-closed/1")
    for name, new in (said | changes).items():
        array[type(value).__struct_fields__.index(name)] = new
    return packed(array)


def _opened(both: tuple[bytes, bytes | None]) -> object:
    return open_record(both[0], both[1], network="test")


def _record(payload: bytes, body: bytes | None = _BODY, **how: object) -> object:
    return _sealed(payload, **how), body  # type: ignore[arg-type]  # by name


_PREV = "prev is nil in the first record, and only there"
RECORDS = Table(
    "record",
    _opened,
    _record(_header()),
    rows(
        ("an author who did not sign", _record(_header(author=STRANGER)),
         "author is not the signer"),
        ("signed by another", _record(_header(), signer=2), "author is not the signer"),
        ("the first with a record before it", _record(_header(seq=1)), _PREV),
        ("the second with none", _record(_header(prev=None)), _PREV),
        ("a notice in the chain", _record(_header(kind="notice.node/1")),
         "a notice has no prev"),
        ("a notice of nothing",
         _record(_header(kind="notice.node/1", prev=None, key=None)),
         "a notice has a key"),
        ("a body one byte shorter", _record(_header(), _BODY[:-1]), "but the body has"),
        ("a body one byte longer", _record(_header(), _BODY + b"\0"),
         "but the body has"),
        ("an empty body", _record(_header(), b""), "but the body has 0"),
        ("another body of that length", _record(_header(), _BODY[:-1] + b"\1"),
         "body_hash: the body is another"),
        ("the hash of another body", _record(_header(body_hash=bytes(32))),
         "body_hash: the body is another"),
        ("a length that is not the body's", _record(_header(body_len=0)),
         "body_len: 0, but the body has"),
        ("kind without a version", _record(_header(kind="request")), "matching regex"),
        ("version 0", _record(_header(kind="request/0")), "matching regex"),
        ("a kind of capitals", _record(_header(kind="Request/1")), "matching regex"),
        ("seq 0", _record(_header(seq=0)), "Expected `int` >= 1"),
        ("seq beyond what JSON holds", _record(_header(seq=2**53)),
         "Expected `int` <="),
        ("a moment before 1970", _record(_header(moment_ms=-1)), "Expected `int` >= 0"),
        ("a prev that is no CID", _record(_header(prev="latest")), "matching regex"),
        ("a header of 513 bytes", _record(b"\xc5\x01\xfe" + bytes(510)),
         "513 bytes; the most is 512"),
        ("a header that is no array", _record(packed("hello")), "Expected `array`"),
        ("an envelope too long", _record(bytes(900)), "the most is 768"),
        ("a header with a byte after it", _record(_header() + b"\0"), "not msgpack"),
        ("a message", _record(_header(), kind=MESSAGE_TYPE), "is not ours"),
        ("of another network", _record(_header(), domain=domain_of("t")), _NOT_SIGNED),
    ),
)  # fmt: skip

# ------------------------------------------------------------------ messages


def _message(payload: bytes | None = None, **how: object) -> object:
    if payload is None:
        payload = encode(bodies.HEADERS["message header"])
    return _sealed(payload, **{"kind": MESSAGE_TYPE, **how})  # type: ignore[arg-type]  # by name


def _said(name: str, value: object) -> object:
    return _message(packed(bent(bodies.HEADERS["message header"], name, value)))


MESSAGES = Table(
    "message",
    partial(open_message, network="test"),
    _message(),
    rows(
        ("signed by another", _message(signer=2), "author is not the signer"),
        ("an author who did not sign", _said("author", STRANGER), "is not the signer"),
        ("of another network", _message(domain=domain_of("other")), _NOT_SIGNED),
        ("a record, not a message", _message(kind=PAYLOAD_TYPE), "is not ours"),
        ("to nobody", _said("recipient", ""), "matching regex"),
        ("seq -1", _said("seq", -1), "Expected `int` >= 0"),
        ("a body that is text", _said("body", "text"), "Expected `bytes`, got `str`"),
        ("a body too long", _said("body", bytes(49_153)), "of length <= 49152"),
        ("too long by far", _message(bytes(60_000)), "the most is 50176"),
        ("a header of a record", _message(_header()), "Expected `str`, got `array`"),
        ("an array too many", _said("+", []), "of at most length 8, got 9"),
        ("cut short", _message(packed(["talk/1"])), "of at least length 8, got 1"),
    ),
)

# ------------------------------------------------------------------ peer records

_PEER = from_base58(MAKER)
_PLACE = addresses.to_bytes(addresses.parse("/ip4/192.0.2.1/tcp/80/http"))


def _infos(*places: bytes) -> bytes:
    return b"".join(field(0x1A, field(0x0A, place)) for place in places)


def _at(rest: bytes, peer: bytes = _PEER, **how: object) -> object:
    payload = field(0x0A, peer) + rest
    return _sealed(payload, **{"kind": PEER_TYPE, "domain": PEER_DOMAIN, **how})  # type: ignore[arg-type]  # by name


PEER_RECORDS = Table(
    "peer record",
    open_peer_record,
    seal_peer_record(ALICE, 7, [_PLACE]),
    rows(
        ("of another peer", _at(b"\x10\x07", from_base58(STRANGER)),
         "not the signer's"),
        ("signed by another", _at(b"\x10\x07", signer=2), "not the signer's"),
        ("in the domain of records", _at(b"\x10\x07", domain=HERE), _NOT_SIGNED),
        ("of the type of records", _at(b"\x10\x07", kind=PAYLOAD_TYPE), "is not ours"),
        ("no peer", _sealed(b"", PEER_TYPE, PEER_DOMAIN), "expected field 1 at byte 0"),
        ("half a peer", _sealed(b"\x0a\x26\0", PEER_TYPE, PEER_DOMAIN), "truncated in"),
        ("no seq", _at(b""), "expected seq at byte"),
        ("seq in another tag", _at(b"\x18\x07"), "expected seq at byte"),
        ("seq cut short", _at(b"\x10"), "varint: truncated"),
        ("seq 0", _at(b"\x10\x00"), "not the one encoding we accept"),
        ("seq in two bytes", _at(b"\x10\x87\x00"), "varint: not minimal"),
        ("seq of ten bytes", _at(b"\x10" + b"\xff" * 9 + b"\x01"),
         "longer than 9 bytes"),
        ("an address of no bytes", _at(b"\x10\x07" + _infos(b"")), "expected 1 to 640"),
        ("an address too long", _at(b"\x10\x07" + _infos(bytes(641))),
         "expected 1 to 640"),
        ("an info of no bytes", _at(b"\x10\x07\x1a\x00"), "expected field 1 at byte 0"),
        ("an address cut short", _at(b"\x10\x07\x1a\x02\x0a\x05"),
         "truncated in field 1"),
        ("an info cut short", _at(b"\x10\x07\x1a\x7f"), "truncated in field 3"),
        ("a field we do not know", _at(b"\x10\x07\x20\x01"),
         "expected field 3 at byte"),
        ("an info with more in it",
         _at(b"\x10\x07" + field(0x1A, field(0x0A, _PLACE) + b"\x12\0")),
         "not the one encoding we accept"),
        ("17 addresses", _at(b"\x10\x07" + _infos(*[_PLACE] * 17)),
         "more than 16 addresses"),
        ("20 KiB of them", _at(b"\x10\x07" + _infos(*[bytes(640)] * 32)),
         "the most is 10592"),
    ),
)  # fmt: skip

_HUB = addresses.parse(f"/dns4/hub.example/tcp/443/tls/http/p2p/{BEN.public.peer}")
_BY_HUB = addresses.to_relayed(_HUB, ALICE.public.peer)
_CIRCUIT = b"\xa2\x02"
RELAYED = Table(
    "relayed address",
    addresses.from_relayed,
    _BY_HUB,
    rows(
        ("nothing", b"", "not one by way of a hub"),
        ("no multiaddr", b"\x01\x02", "not a binary multiaddr"),
        ("one that is dialled", addresses.to_bytes(_HUB), "not one by way of a hub"),
        ("cut short", _BY_HUB[:-1], "not a binary multiaddr"),
        ("641 bytes", bytes(641), "641 bytes; max 640"),
        ("by a hub without a name", b"".join(_BY_HUB.split(_named(BEN))),
         "by way of a hub that has no name"),
        ("by two hubs", _BY_HUB + _CIRCUIT + _named(ALICE), "p2p: "),
    ),
)  # fmt: skip

OTHER_FRAMES = Table(
    "any frame",
    frames.decode,
    packed(["got", 1, []]),
    rows(
        ("text", packed("got"), "an array that begins with its name"),
        ("no name", packed([]), "an array that begins with its name"),
        ("a number first", packed([1, "got"]), "an array that begins with its name"),
        ("a name of yesterday", packed(["ping"]), "'ping' is not one we know"),
        ("a line feed in its name", packed(["got\n", 1]), "is not one we know"),
        ("64 KiB and one byte", b"\xc6\0\0\xff\xfc" + bytes(65_532), "most is 65536"),
        ("two frames", packed(["got", 1, []]) * 2, "not msgpack: ExtraData"),
    ),
)

TABLES: tuple[Table, ...] = (
    ENVELOPES, CANONICAL, _endless(), RECORDS, MESSAGES, PEER_RECORDS, RELAYED,
    OTHER_FRAMES,
)  # fmt: skip
