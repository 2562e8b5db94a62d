"""A key is admitted strictly, goes by three names, signs and seals."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.multibase import base58
from fabnet.errors import MalformedError, RemoteError, SignatureError
from fabnet.records.keys import (
    PublicKey,
    SealingKey,
    SigningKey,
    from_did,
    from_peer,
    from_protobuf,
    seal,
)
from tests.content.shared import vectors

SEEDS = st.binary(min_size=32, max_size=32)
ADA = SigningKey.from_seed(b"\1" * 32)
BEN = SigningKey.from_seed(b"\2" * 32)
PRIME = 2**255 - 19
ORDER_EIGHT = bytes.fromhex(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
)
OTHER_EIGHT = bytes.fromhex(
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
)


def with_sign(y: int) -> list[bytes]:
    """The two encodings of a y: one for each sign of x."""
    return [(y | sign << 255).to_bytes(32, "little") for sign in (0, 1)]


SMALL_ORDER = [
    encoding
    for y in (
        0,
        1,
        PRIME - 1,
        PRIME,
        PRIME + 1,
        int.from_bytes(ORDER_EIGHT, "little"),
        int.from_bytes(OTHER_EIGHT, "little"),
    )
    for encoding in with_sign(y)
]


def test_one_key_has_the_names_that_libp2p_and_the_w3c_give_it() -> None:
    # Two well-known keys: that of 32 ones in libp2p's Peer ID Auth, and W3C's example.
    assert ADA.public.peer == "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
    assert BEN.public.peer == "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq"
    did = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    assert from_did(did).did == did


@given(SEEDS)
def test_every_name_of_a_key_leads_back_to_it(seed: bytes) -> None:
    key = SigningKey.from_seed(seed).public

    assert from_peer(key.peer) == from_did(key.did) == key
    assert from_protobuf(key.protobuf) == key


def test_the_peer_ids_of_the_libp2p_vectors_agree() -> None:
    known = json.loads(vectors("libp2p-ipfs-vectors.json").read_text())["peer_id"]
    public = from_protobuf(bytes.fromhex(known["ed25519_public_pb"]))
    private = bytes.fromhex(known["ed25519_private_pb"])

    assert SigningKey.from_seed(private[4:36]).public == public
    assert ADA.public.peer == known["seed_0101"]
    assert BEN.public.peer == known["seed_0202"]
    for peer in known["text_forms"]:
        if peer.startswith("12D3Koo"):
            assert from_peer(peer).peer == peer


@pytest.mark.parametrize(
    "peer",
    [
        "",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        ADA.public.peer[:-1],
        ADA.public.peer + "1",
        "1" + ADA.public.peer,
        ADA.public.peer + "\n",
        base58(b"\x00\x24\x08\x01\x12\x20" + SMALL_ORDER[0]),
        base58(b"\x00\x24\x08\x02\x12\x20" + ADA.public.raw),  # secp256k1
    ],
)
def test_a_peer_id_that_is_no_ed25519_key_is_refused(peer: str) -> None:
    with pytest.raises(MalformedError):
        from_peer(peer)


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:key:",
        ADA.public.did.upper(),
        ADA.public.did + "#" + ADA.public.did[8:],
        "did:web:example.org",
        "did:key:z" + base58(b"\xed\x01" + SMALL_ORDER[5]),
        "did:key:z" + base58(b"\xe7\x01" + ADA.public.raw),  # secp256k1
        "did:key:z" + base58(b"\xed\x01" + ADA.public.raw + b"\0"),
        "did:key:u7QEB",
    ],
)
def test_a_did_that_is_no_ed25519_key_is_refused(did: str) -> None:
    with pytest.raises(MalformedError):
        from_did(did)


@pytest.mark.parametrize("raw", SMALL_ORDER, ids=bytes.hex)
def test_a_key_of_small_order_is_never_admitted(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="public key"):
        PublicKey(raw)


def test_there_are_fourteen_encodings_of_small_order() -> None:
    assert len(set(SMALL_ORDER)) == 14


@pytest.mark.parametrize("y", [*range(PRIME, 2**255)])
def test_a_y_beyond_the_field_is_never_admitted(y: int) -> None:
    for raw in with_sign(y):
        with pytest.raises(MalformedError, match="public key"):
            PublicKey(raw)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedError, match="expected 32 bytes"):
        PublicKey((ADA.public.raw * 2)[:length])


def accepts(key: str, message: bytes, signature: str) -> bool:
    try:
        PublicKey(bytes.fromhex(key)).verify(message, bytes.fromhex(signature))
    except RemoteError:
        return False
    return True


def test_every_wycheproof_signature_is_judged_as_wycheproof_does() -> None:
    path = vectors("wycheproof/testvectors_v1/ed25519_test.json")
    groups = json.loads(path.read_text())["testGroups"]
    judged = {
        case["tcId"]: (
            accepts(group["publicKey"]["pk"], bytes.fromhex(case["msg"]), case["sig"]),
            case["result"] == "valid",
        )
        for group in groups
        for case in group["tests"]
    }

    assert len(judged) == 151
    assert not {number for number, (ours, theirs) in judged.items() if ours != theirs}


REFUSED_CLASSES = {
    "low_order_A": "of small order|not the canonical",
    "non_canonical_A": "of small order|not the canonical",
    "non_canonical_R": "of small order|not the canonical|did not sign",
    "low_order_residue": "of small order|not the canonical|did not sign",
}
"""Classes of CCTV's edge cases that our profile refuses, and for what reasons."""


def why_not(key: str, message: bytes, signature: str) -> str:
    """Return why a signature does not hold; empty when it does."""
    try:
        PublicKey(bytes.fromhex(key)).verify(message, bytes.fromhex(signature))
    except RemoteError as error:
        return str(error)
    return ""


def test_the_cctv_edge_cases_are_refused_by_class_and_all_others_hold() -> None:
    cases = json.loads(vectors("cctv-ed25519/ed25519/ed25519vectors.json").read_text())
    judged = [
        (
            set(case["flags"] or ()),
            why_not(case["key"], case["msg"].encode(), case["sig"]),
        )
        for case in cases
    ]

    assert len(judged) == 914
    assert len([flags for flags, why in judged if not why]) == 86
    for flags, why in judged:
        named = flags & REFUSED_CLASSES.keys()
        assert bool(named) == bool(why), flags
        for name in named:
            assert re.search(REFUSED_CLASSES[name], why), (name, why)


def test_the_classes_of_cctv_fall_to_three_rules() -> None:
    cases = json.loads(vectors("cctv-ed25519/ed25519/ed25519vectors.json").read_text())
    whys = [why_not(case["key"], case["msg"].encode(), case["sig"]) for case in cases]

    assert sum("small order" in why for why in whys) == 370
    assert sum("not the canonical" in why for why in whys) == 156
    assert sum("did not sign" in why for why in whys) == 302


RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)
"""Tests 1 and 2 of RFC 8032, section 7.1: seed, public key, message, signature."""


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_the_examples_of_rfc_8032_come_out(
    seed: str, public: str, message: str, signature: str
) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))

    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert accepts(public, bytes.fromhex(message), signature)


def test_every_weak_key_of_the_cctv_edge_cases_is_refused_when_read() -> None:
    cases = json.loads(vectors("cctv-ed25519/ed25519/ed25519vectors.json").read_text())
    weak = {
        case["key"]
        for case in cases
        if {"low_order_A", "non_canonical_A"} & set(case["flags"] or ())
    }

    assert {raw.hex() for raw in SMALL_ORDER} <= weak
    for key in weak:
        with pytest.raises(MalformedError):
            PublicKey(bytes.fromhex(key))


@given(SEEDS, st.binary(max_size=200))
def test_a_signature_holds_for_its_key_and_its_bytes_alone(
    seed: bytes, payload: bytes
) -> None:
    key = SigningKey.from_seed(seed)
    signature = key.sign(payload)

    key.public.verify(payload, signature)
    with pytest.raises(SignatureError):
        key.public.verify(payload + b"\0", signature)
    with pytest.raises(SignatureError, match=r"12D3Koo\w+ did not sign this"):
        ADA.public.verify(b"x" + payload, signature)


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_signature_of_another_length_does_not_hold(length: int) -> None:
    with pytest.raises(SignatureError):
        ADA.public.verify(b"", (ADA.sign(b"") * 2)[:length])


def test_a_key_file_comes_back() -> None:
    assert SigningKey.from_pem(ADA.to_pem()).public == ADA.public


def other_curve() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def locked() -> bytes:
    return ADA.secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


@pytest.mark.parametrize("pem", [b"", ADA.to_pem()[:60], other_curve(), locked()])
def test_a_key_file_that_holds_no_plain_ed25519_key_is_refused(pem: bytes) -> None:
    with pytest.raises(MalformedError, match="key file"):
        SigningKey.from_pem(pem)


def test_a_secret_is_never_printed() -> None:
    printed = f"{ADA!r} {SealingKey.from_seed(b'seed' * 8)!r}"

    assert (b"\1" * 32).hex() not in printed
    assert "seed" not in printed
    assert "secret" not in printed


@given(SEEDS, SEEDS, st.binary(max_size=200), st.binary(max_size=20))
def test_what_is_sealed_opens_for_its_key_and_context_alone(
    mine: bytes, once: bytes, payload: bytes, context: bytes
) -> None:
    key = SealingKey.from_seed(mine)
    sealed = seal(payload, to=key.public, context=context, seed=once)

    assert key.open(sealed, context=context) == payload
    with pytest.raises(SignatureError):
        key.open(sealed, context=context + b"\0")
    with pytest.raises(SignatureError):
        SealingKey.from_seed(once).open(b"\0" + sealed[1:], context=context)


def test_a_seal_with_any_byte_changed_or_gone_does_not_open() -> None:
    key = SealingKey.from_seed(b"\3" * 32)
    sealed = seal(b"Calle Mayor 1", to=key.public, context=b"job", seed=b"\4" * 32)

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SignatureError):
            key.open(bytes(changed), context=b"job")
        with pytest.raises(RemoteError):
            key.open(sealed[:at], context=b"job")


def test_nothing_is_sealed_to_a_key_that_everybody_can_open() -> None:
    for weak in (bytes(32), b"\1" + bytes(31), b"short"):
        with pytest.raises(MalformedError, match="sealing key"):
            seal(b"", to=weak, context=b"", seed=b"\4" * 32)
