"""A peer record is libp2p's, byte for byte, and nobody speaks for another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.multibase import from_base58
from fabnet.errors import (
    InputError,
    LimitError,
    MalformedError,
    RemoteError,
    SignatureError,
)
from fabnet.records.envelope import seal_envelope
from fabnet.records.keys import SigningKey
from fabnet.records.peer_record import (
    ADDRESS_BYTES_MAX,
    ADDRESSES_MAX,
    DOMAIN,
    PAYLOAD_TYPE,
    PEER_RECORD_BYTES_MAX,
    open_peer_record,
    seal_peer_record,
)

VECTORS = Path(__file__).parents[2].parent / "shared/vectors/libp2p-ipfs-vectors.json"

alice = SigningKey.from_seed(bytes([1]) * 32)
bob = SigningKey.from_seed(bytes([2]) * 32)
ALICE_PEER = from_base58(alice.public.peer)
PLACE = bytes.fromhex("04c633640706002a")


def sealed(payload: bytes, key: SigningKey = alice) -> bytes:
    return seal_envelope(key, domain=DOMAIN, payload_type=PAYLOAD_TYPE, payload=payload)


def payload_of(seq: bytes, *infos: bytes) -> bytes:
    head = b"\x0a\x26" + ALICE_PEER + b"\x10" + seq
    return head + b"".join(b"\x1a" + bytes((len(i),)) + i for i in infos)


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_our_record_is_byte_for_byte_what_js_libp2p_writes() -> None:
    vector = json.loads(VECTORS.read_text())["peer_record"]
    places = [
        bytes.fromhex("360c686f73742e6578616d706c650601bbc003e003"),
        bytes.fromhex("04c633640706002a"),
    ]
    raw = bytes.fromhex(vector["envelope_hex"])

    assert seal_peer_record(alice, vector["seq"], places) == raw
    record = open_peer_record(raw)
    assert (record.peer, record.seq) == (alice.public.peer, vector["seq"])
    assert record.addresses == tuple(places)


def test_the_domain_and_type_are_the_deployed_ones_and_not_those_of_rfc_0003() -> None:
    payload = payload_of(b"\x01")
    of_the_rfc = seal_envelope(
        alice,
        domain="libp2p-routing-state",
        payload_type=b"/libp2p/routing-state-record",
        payload=payload,
    )
    of_another_domain = seal_envelope(
        alice,
        domain="libp2p-routing-state",
        payload_type=PAYLOAD_TYPE,
        payload=payload,
    )

    with pytest.raises(MalformedError, match="payload type"):
        open_peer_record(of_the_rfc)
    with pytest.raises(SignatureError):
        open_peer_record(of_another_domain)


def test_a_peer_cannot_say_where_another_is() -> None:
    with pytest.raises(MalformedError, match="signer"):
        open_peer_record(sealed(payload_of(b"\x01", b"\x0a\x08" + PLACE), bob))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        payload_of(b""),
        payload_of(b"\x00"),
        payload_of(b"\x81\x00"),
        payload_of(b"\x01") + b"\x20\x01",
        payload_of(b"\x01", b""),
        payload_of(b"\x01", b"\x0a\x00"),
        payload_of(b"\x01", b"\x0a\x08" + PLACE + b"\x12\x00"),
        payload_of(b"\x01", b"\x0a\x7f" + PLACE),
        payload_of(b"\x01", b"\x0a\x88\x00" + PLACE),
        b"\x10\x01\x0a\x26" + ALICE_PEER,
        b"\x0a\x26" + ALICE_PEER + b"\x1a\x0a\x0a\x08" + PLACE + b"\x10\x01",
    ],
)
def test_another_spelling_of_a_record_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        open_peer_record(sealed(payload))


def test_a_record_holds_no_more_than_sixteen_addresses() -> None:
    full = seal_peer_record(alice, 1, [PLACE] * ADDRESSES_MAX)
    over = sealed(payload_of(b"\x01", *[b"\x0a\x08" + PLACE] * (ADDRESSES_MAX + 1)))

    assert len(open_peer_record(full).addresses) == ADDRESSES_MAX
    with pytest.raises(LimitError, match="16 addresses"):
        open_peer_record(over)
    with pytest.raises(InputError, match="addresses"):
        seal_peer_record(alice, 1, [PLACE] * (ADDRESSES_MAX + 1))


def test_the_longest_record_we_write_fits_the_limit_we_read_with() -> None:
    place = bytes(ADDRESS_BYTES_MAX)
    raw = seal_peer_record(alice, 2**63 - 1, [place] * ADDRESSES_MAX)

    assert open_peer_record(raw).addresses == (place,) * ADDRESSES_MAX
    with pytest.raises(LimitError, match="bytes"):
        open_peer_record(raw + bytes(PEER_RECORD_BYTES_MAX))


@pytest.mark.parametrize("seq", [0, -1, 2**63])
def test_a_seq_that_does_not_fit_is_our_own_mistake(seq: int) -> None:
    with pytest.raises(InputError, match="seq"):
        seal_peer_record(alice, seq, [])


@pytest.mark.parametrize("place", [b"", bytes(ADDRESS_BYTES_MAX + 1)])
def test_an_address_that_does_not_fit_is_our_own_mistake(place: bytes) -> None:
    with pytest.raises(InputError, match="addresses"):
        seal_peer_record(alice, 1, [place])


@given(
    st.integers(1, 2**63 - 1),
    st.lists(st.binary(min_size=1, max_size=200), max_size=ADDRESSES_MAX),
)
def test_what_is_sealed_opens_to_the_same(seq: int, places: list[bytes]) -> None:
    record = open_peer_record(seal_peer_record(alice, seq, places))

    assert (record.peer, record.seq) == (alice.public.peer, seq)
    assert record.addresses == tuple(places)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_refused(at: int, change: int) -> None:
    raw = bytearray(seal_peer_record(alice, 7, [PLACE, PLACE]))
    raw[at % len(raw)] ^= change

    with pytest.raises(RemoteError):
        open_peer_record(bytes(raw))
