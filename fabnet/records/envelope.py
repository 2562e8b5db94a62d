"""libp2p signed envelopes (RFC 0002): a payload, its type, and who signed both.

The signature covers domain, type and payload, each with its length, so nothing signed
for one use counts in another. The protobuf has one spelling here: an envelope that is
not byte for byte what we would write is refused, since a re-encoded twin would
otherwise carry the same signature under other bytes.
"""

from __future__ import annotations

import functools
from typing import Final

from fabnet.content.multibase import read_varint, varint
from fabnet.errors import MalformedError
from fabnet.records import keys
from fabnet.records.keys import PublicKey, SigningKey

HEADS_MAX: Final = 4_096
"""Beginnings of envelopes that are remembered: of all who speak, few do at a time."""
_PUBLIC_KEY: Final = 0x0A
_PAYLOAD_TYPE: Final = 0x12
_PAYLOAD: Final = 0x1A
_SIGNATURE: Final = 0x2A
_KEY_AT: Final = slice(2, 38)
_SIGNATURE_BYTES: Final = 64
_SIGNATURE_HEAD_BYTES: Final = 2


def seal_envelope(
    key: SigningKey, *, domain: str, payload_type: bytes, payload: bytes
) -> bytes:
    """Return the envelope of `payload`, signed by `key`."""
    signature = key.sign(_signed_bytes(domain, payload_type, payload))
    return _encode(key.public, payload_type, payload, signature)


def open_envelope(
    raw: bytes, *, domain: str, payload_type: bytes
) -> tuple[PublicKey, bytes]:
    """Return signer and payload of an authentic envelope, or raise RemoteError."""
    signer, payload, signature = parse_envelope(raw, payload_type=payload_type)
    signer.verify(_signed_bytes(domain, payload_type, payload), signature)
    return signer, payload


def parse_envelope(
    raw: bytes, *, payload_type: bytes
) -> tuple[PublicKey, bytes, bytes]:
    """Return signer, payload and signature without checking the signature.

    For bytes whose signature was checked before, such as our own store's. The fields
    are taken from where they stand in what we would write; what is not that is read
    once more, to name its fault.
    """
    signature, signed = raw[-_SIGNATURE_BYTES:], len(raw) - _SIGNATURE_BYTES
    head = _head(raw[_KEY_AT], payload_type)
    if raw.startswith(head) and len(raw) > len(head) + _SIGNATURE_BYTES:
        _, at = read_varint(raw, len(head))
        payload = raw[at : signed - _SIGNATURE_HEAD_BYTES]
        if head + _tail(payload, signature) == raw:
            return keys.from_protobuf(raw[_KEY_AT]), payload, signature
    return _parse(raw, payload_type)


def signer_of(raw: bytes) -> PublicKey:
    """Return who signed an envelope that was parsed before."""
    return keys.from_protobuf(raw[_KEY_AT])


def _parse(raw: bytes, payload_type: bytes) -> tuple[PublicKey, bytes, bytes]:
    key_bytes, at = _field(raw, 0, _PUBLIC_KEY)
    type_bytes, at = _field(raw, at, _PAYLOAD_TYPE)
    payload, at = _field(raw, at, _PAYLOAD)
    signature, _ = _field(raw, at, _SIGNATURE)
    if type_bytes != payload_type:
        raise MalformedError(f"envelope: payload type {type_bytes[:40]!r} is not ours")
    signer = keys.from_protobuf(key_bytes)
    if _encode(signer, type_bytes, payload, signature) != raw:
        raise MalformedError("envelope: not the one encoding we accept")
    return signer, payload, signature


def _field(raw: bytes, at: int, tag: int) -> tuple[bytes, int]:
    if raw[at : at + 1] != bytes((tag,)):
        raise MalformedError(f"envelope: expected field {tag >> 3} at byte {at}")
    length, start = read_varint(raw, at + 1)
    end = start + length
    if end > len(raw):
        raise MalformedError(f"envelope: truncated in field {tag >> 3}")
    return raw[start:end], end


def _encode(
    signer: PublicKey, payload_type: bytes, payload: bytes, signature: bytes
) -> bytes:
    return _head(signer.protobuf, payload_type) + _tail(payload, signature)


@functools.lru_cache(HEADS_MAX)
def _head(key_bytes: bytes, payload_type: bytes) -> bytes:
    """Return what one signer's envelopes of one type begin with, up to the payload."""
    fields = ((_PUBLIC_KEY, key_bytes), (_PAYLOAD_TYPE, payload_type))
    said = (bytes((tag,)) + varint(len(value)) + value for tag, value in fields)
    return b"".join((*said, bytes((_PAYLOAD,))))


def _tail(payload: bytes, signature: bytes) -> bytes:
    length = varint(len(signature))
    return b"".join(
        (varint(len(payload)), payload, bytes((_SIGNATURE,)), length, signature)
    )


def _signed_bytes(domain: str, payload_type: bytes, payload: bytes) -> bytes:
    head = _signed_head(domain, payload_type)
    return b"".join((head, varint(len(payload)), payload))


@functools.lru_cache(HEADS_MAX)
def _signed_head(domain: str, payload_type: bytes) -> bytes:
    """Return what all that is signed for one use begins with."""
    parts = (domain.encode(), payload_type)
    return b"".join(varint(len(part)) + part for part in parts)
