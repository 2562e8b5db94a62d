"""Where a peer says it can be reached: libp2p's own peer record, as deployed.

RFC 0003 of libp2p names another signing domain and payload type than every
implementation uses; ours are the deployed ones. The protobuf has one spelling here,
as its envelope has: a record unlike our own encoding of it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.content.multibase import from_base58, read_varint, varint
from fabnet.errors import InputError, LimitError, MalformedError
from fabnet.records.envelope import open_envelope, seal_envelope
from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

DOMAIN: Final = "libp2p-peer-record"
PAYLOAD_TYPE: Final = b"\x03\x01"
"""The multicodec 0x0301, as a varint."""

ADDRESSES_MAX: Final = 16
"""Addresses in one record: a node has a few, and a reader dials them in turn."""
ADDRESS_BYTES_MAX: Final = 640
"""Bytes of one multiaddr: two DNS names, a peer id, and what stands between."""
SEQ_MAX: Final = 2**63 - 1
"""The largest seq: nine bytes of varint."""
PEER_RECORD_BYTES_MAX: Final = 256 + ADDRESSES_MAX * (ADDRESS_BYTES_MAX + 6)
"""Bytes of the envelope: key, type, peer id, seq and signature, and the addresses."""

_PEER: Final = 0x0A
_SEQ: Final = 0x10
_INFO: Final = 0x1A
_ADDRESS: Final = 0x0A


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """What one peer last said of where it is; the greatest `seq` wins."""

    peer: PeerId
    seq: int
    addresses: tuple[bytes, ...]
    """Binary multiaddrs, not yet read: `protocol.address.from_bytes` does."""


def seal_peer_record(key: SigningKey, seq: int, addresses: Sequence[bytes]) -> bytes:
    """Return the envelope that says `key`'s peer is at `addresses`."""
    if not 1 <= seq <= SEQ_MAX:
        raise InputError("seq", f"expected 1 to {SEQ_MAX}")
    if len(addresses) > ADDRESSES_MAX:
        raise InputError("addresses", f"expected at most {ADDRESSES_MAX}")
    if not all(1 <= len(address) <= ADDRESS_BYTES_MAX for address in addresses):
        raise InputError("addresses", f"expected 1 to {ADDRESS_BYTES_MAX} bytes each")
    payload = _encode(PeerRecord(key.public.peer, seq, tuple(addresses)))
    return seal_envelope(key, domain=DOMAIN, payload_type=PAYLOAD_TYPE, payload=payload)


def open_peer_record(raw: bytes) -> PeerRecord:
    """Return what an authentic envelope says; raise RemoteError otherwise."""
    if len(raw) > PEER_RECORD_BYTES_MAX:
        raise LimitError(
            f"peer record of {len(raw)} bytes; the most is {PEER_RECORD_BYTES_MAX}"
        )
    signer, payload = open_envelope(raw, domain=DOMAIN, payload_type=PAYLOAD_TYPE)
    peer, at = _bytes(payload, 0, _PEER)
    if peer != from_base58(signer.peer):
        raise MalformedError("peer record: peer id is not the signer's")
    if payload[at : at + 1] != bytes((_SEQ,)):
        raise MalformedError(f"peer record: expected seq at byte {at}")
    seq, at = read_varint(payload, at + 1)
    addresses: list[bytes] = []
    while at < len(payload):
        if len(addresses) == ADDRESSES_MAX:
            raise LimitError(f"peer record: more than {ADDRESSES_MAX} addresses")
        info, at = _bytes(payload, at, _INFO)
        address, _ = _bytes(info, 0, _ADDRESS)
        if not 1 <= len(address) <= ADDRESS_BYTES_MAX:
            raise MalformedError(
                f"peer record: expected 1 to {ADDRESS_BYTES_MAX} bytes of address"
            )
        addresses.append(address)
    record = PeerRecord(signer.peer, seq, tuple(addresses))
    if seq < 1 or _encode(record) != payload:
        raise MalformedError("peer record: not the one encoding we accept")
    return record


def _encode(record: PeerRecord) -> bytes:
    infos = (_field(_ADDRESS, address) for address in record.addresses)
    return b"".join(
        (
            _field(_PEER, from_base58(record.peer)),
            bytes((_SEQ,)) + varint(record.seq),
            *(_field(_INFO, info) for info in infos),
        )
    )


def _field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value


def _bytes(message: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """Return the value of the field `tag` at `at` and where it ends."""
    if message[at : at + 1] != bytes((tag,)):
        raise MalformedError(f"peer record: expected field {tag >> 3} at byte {at}")
    length, start = read_varint(message, at + 1)
    end = start + length
    if end > len(message):
        raise MalformedError(f"peer record: truncated in field {tag >> 3}")
    return message[start:end], end
