"""An envelope has one encoding, one use, and one signer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.multibase import from_base58, varint
from fabnet.errors import MalformedError, RemoteError, SignatureError
from fabnet.records.envelope import open_envelope, parse_envelope, seal_envelope
from fabnet.records.keys import SigningKey
from tests.content.shared import vectors

ADA = SigningKey.from_seed(b"\1" * 32)
BEN = SigningKey.from_seed(b"\2" * 32)
DOMAIN = "fabnet:test"
TYPE = b"/fabnet/test/1"
PAYLOAD = b"arm.stl, twice"
SEALED = seal_envelope(ADA, domain=DOMAIN, payload_type=TYPE, payload=PAYLOAD)


def field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value


KEY = field(0x0A, ADA.public.protobuf)
KIND = field(0x12, TYPE)
CONTENT = field(0x1A, PAYLOAD)
SIGNATURE = SEALED[len(KEY + KIND + CONTENT) :]


def padded(encoded: bytes) -> bytes:
    """The field with its length in one varint byte more than it needs."""
    return encoded[:1] + bytes((encoded[1] | 0x80, 0)) + encoded[2:]


@given(st.binary(max_size=300), st.text(max_size=20), st.binary(max_size=20))
def test_what_is_sealed_opens_as_it_was(
    payload: bytes, domain: str, payload_type: bytes
) -> None:
    raw = seal_envelope(ADA, domain=domain, payload_type=payload_type, payload=payload)

    opened = open_envelope(raw, domain=domain, payload_type=payload_type)
    assert opened == (ADA.public, payload)


def test_an_envelope_is_spelt_as_the_libp2p_protobuf() -> None:
    assert SEALED == KEY + KIND + CONTENT + SIGNATURE
    assert SIGNATURE[:2] == b"\x2a\x40"
    assert len(SIGNATURE) == 2 + 64


@pytest.mark.parametrize(
    "raw",
    [
        padded(KEY) + KIND + CONTENT + SIGNATURE,
        KEY + padded(KIND) + CONTENT + SIGNATURE,
        KEY + KIND + padded(CONTENT) + SIGNATURE,
        KEY + KIND + CONTENT + padded(SIGNATURE),
        KIND + KEY + CONTENT + SIGNATURE,
        KEY + CONTENT + KIND + SIGNATURE,
        KEY + KIND + SIGNATURE + CONTENT,
        KEY + KIND + CONTENT + SIGNATURE + SIGNATURE,
        KEY + KEY + KIND + CONTENT + SIGNATURE,
        KEY + KIND + CONTENT + SIGNATURE + field(0x32, b""),
        KEY + KIND + CONTENT + SIGNATURE + b"\0",
        b"\0" + SEALED,
        KIND + CONTENT + SIGNATURE,
        KEY + CONTENT + SIGNATURE,
        KEY + KIND + SIGNATURE,
        KEY + KIND + CONTENT,
        b"",
    ],
)
def test_an_envelope_encoded_in_another_way_is_refused(raw: bytes) -> None:
    assert open_envelope(SEALED, domain=DOMAIN, payload_type=TYPE)
    with pytest.raises(MalformedError):
        open_envelope(raw, domain=DOMAIN, payload_type=TYPE)
    with pytest.raises(MalformedError):
        parse_envelope(raw, payload_type=TYPE)


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_an_envelope_cut_short_is_refused(length: int) -> None:
    with pytest.raises(MalformedError):
        open_envelope(SEALED[:length], domain=DOMAIN, payload_type=TYPE)


def test_what_is_said_on_one_network_is_unsaid_on_another() -> None:
    with pytest.raises(SignatureError):
        open_envelope(SEALED, domain="fabnet:real", payload_type=TYPE)


def test_what_is_said_as_one_type_is_not_read_as_another() -> None:
    with pytest.raises(MalformedError, match="payload type"):
        open_envelope(SEALED, domain=DOMAIN, payload_type=b"/fabnet/other/1")

    other = field(0x12, b"/fabnet/tes/11")
    with pytest.raises(SignatureError):
        open_envelope(
            KEY + other + CONTENT + SIGNATURE,
            domain=DOMAIN,
            payload_type=b"/fabnet/tes/11",
        )


def test_no_byte_moves_between_domain_type_and_payload_unseen() -> None:
    for domain, kind, payload in (
        (DOMAIN + "/", TYPE[1:], PAYLOAD),
        (DOMAIN[:-1], b"t" + TYPE, PAYLOAD),
        (DOMAIN, TYPE + b"a", PAYLOAD[1:]),
    ):
        raw = KEY + field(0x12, kind) + field(0x1A, payload) + SIGNATURE
        with pytest.raises(SignatureError):
            open_envelope(raw, domain=domain, payload_type=kind)


def test_nobody_takes_over_what_another_signed() -> None:
    raw = field(0x0A, BEN.public.protobuf) + KIND + CONTENT + SIGNATURE

    with pytest.raises(SignatureError):
        open_envelope(raw, domain=DOMAIN, payload_type=TYPE)


def test_a_key_that_signs_anything_signs_nothing_here() -> None:
    # The point of order one with this signature holds for every message there is.
    key = field(0x0A, b"\x08\x01\x12\x20\x01" + bytes(31))
    forged = field(0x2A, b"\x01" + bytes(63))

    with pytest.raises(MalformedError, match="small order"):
        open_envelope(key + KIND + CONTENT + forged, domain=DOMAIN, payload_type=TYPE)


def test_any_bit_turned_makes_an_envelope_unopenable() -> None:
    for at in range(len(SEALED)):
        for bit in range(8):
            turned = bytearray(SEALED)
            turned[at] ^= 1 << bit
            with pytest.raises(RemoteError):
                open_envelope(bytes(turned), domain=DOMAIN, payload_type=TYPE)


def test_a_stored_envelope_is_read_without_its_signature_being_checked() -> None:
    forged = KEY + KIND + CONTENT + field(0x2A, bytes(64))

    signer, payload, signature = parse_envelope(forged, payload_type=TYPE)
    assert (signer, payload, signature) == (ADA.public, PAYLOAD, bytes(64))


def test_a_peer_record_sealed_by_js_libp2p_opens() -> None:
    known = json.loads(vectors("libp2p-ipfs-vectors.json").read_text())["peer_record"]
    raw = bytes.fromhex(known["envelope_hex"])

    signer, payload = open_envelope(
        raw, domain="libp2p-peer-record", payload_type=b"\x03\x01"
    )
    assert signer == ADA.public
    assert from_base58(signer.peer) in payload
    assert raw == seal_envelope(
        ADA, domain="libp2p-peer-record", payload_type=b"\x03\x01", payload=payload
    )
