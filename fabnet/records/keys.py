"""Keys: Ed25519 to sign, X25519 to seal. The only door to cryptography.

One key has three names: `PublicKey` when verifying, a libp2p `PeerId` when it speaks
on the network, and `did:key:z6Mk…` when it signs a document.

The verification profile is strict: keys that are not canonical, or of small order, are
refused when they are read, since OpenSSL would accept them (with some, one signature is
valid for every message). Signatures are checked one by one, never in batches.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fabnet.content.multibase import base58, from_base58
from fabnet.errors import MalformedError, SignatureError
from fabnet.records.ids import PeerId

_FIELD: Final = 2**255 - 19
_SMALL_ORDER_Y: Final = frozenset(
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)
"""The y of every point of small order; the sign bit is masked before the test."""

_PROTOBUF_PREFIX: Final = bytes.fromhex("08011220")
"""libp2p PublicKey{Type: Ed25519, Data: 32 bytes}; deterministic by its spec."""
_IDENTITY_MULTIHASH: Final = b"\x00\x24"
_DID_PREFIX: Final = "did:key:"
_MULTICODEC_ED25519: Final = b"\xed\x01"
NAMES_MAX: Final = 4_096
"""Keys whose names are remembered; base58 is slow, and few speak at a time."""
_SEAL_INFO: Final = b"fabnet seal/1"


@dataclass(frozen=True, slots=True, order=True)
class PublicKey:
    """32 bytes of Ed25519 public key, admitted by the strict profile."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise MalformedError(f"public key: expected 32 bytes, got {len(self.raw)}")
        y = int.from_bytes(self.raw, "little") & (2**255 - 1)
        if y >= _FIELD:
            raise MalformedError("public key: not the canonical encoding of a point")
        if y in _SMALL_ORDER_Y:
            raise MalformedError("public key: a point of small order signs anything")

    @property
    def peer(self) -> PeerId:
        """The key's libp2p peer id."""
        return _peer_of(self.raw)

    @property
    def did(self) -> str:
        """The key as `did:key:z6Mk…`."""
        return _did_of(self.raw)

    @property
    def protobuf(self) -> bytes:
        """The key as a libp2p PublicKey message."""
        return _PROTOBUF_PREFIX + self.raw

    def verify(self, payload: bytes, signature: bytes) -> None:
        """Raise SignatureError unless this key signed `payload`."""
        try:
            _verifier(self.raw).verify(signature, payload)
        except InvalidSignature:
            raise SignatureError(f"{self.peer} did not sign this") from None


@functools.lru_cache(maxsize=NAMES_MAX)
def _verifier(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@functools.lru_cache(maxsize=NAMES_MAX)
def _peer_of(raw: bytes) -> PeerId:
    return PeerId(base58(_IDENTITY_MULTIHASH + _PROTOBUF_PREFIX + raw))


@functools.lru_cache(maxsize=NAMES_MAX)
def from_peer(peer: str) -> PublicKey:
    """Return the key that a peer id is, or raise MalformedError."""
    binary = from_base58(peer)
    prefix = _IDENTITY_MULTIHASH + _PROTOBUF_PREFIX
    if not binary.startswith(prefix):
        raise MalformedError("peer id: expected the base58 form of an Ed25519 key")
    return PublicKey(binary.removeprefix(prefix))


@functools.lru_cache(maxsize=NAMES_MAX)
def _did_of(raw: bytes) -> str:
    return _DID_PREFIX + "z" + base58(_MULTICODEC_ED25519 + raw)


@functools.lru_cache(maxsize=NAMES_MAX)
def from_protobuf(message: bytes) -> PublicKey:
    """Return the key in a libp2p PublicKey message, or raise MalformedError."""
    if not message.startswith(_PROTOBUF_PREFIX):
        raise MalformedError("public key: expected a libp2p Ed25519 PublicKey")
    return PublicKey(message.removeprefix(_PROTOBUF_PREFIX))


@functools.lru_cache(maxsize=NAMES_MAX)
def from_did(did: str) -> PublicKey:
    """Return the key in `did:key:z6Mk…`, or raise MalformedError."""
    if not did.startswith(_DID_PREFIX + "z"):
        raise MalformedError("did: expected did:key:z6Mk…")
    binary = from_base58(did.removeprefix(_DID_PREFIX + "z"))
    if not binary.startswith(_MULTICODEC_ED25519):
        raise MalformedError("did: expected an Ed25519 key")
    return PublicKey(binary.removeprefix(_MULTICODEC_ED25519))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SigningKey:
    """A secret that signs. Never printed, never compared."""

    secret: Ed25519PrivateKey
    public: PublicKey = field(init=False)
    """The public half; worked out once, since it stands in all that is signed."""

    def __post_init__(self) -> None:
        public = PublicKey(self.secret.public_key().public_bytes_raw())
        object.__setattr__(self, "public", public)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Return the key that 32 bytes of seed stand for."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Return the key in an unencrypted PKCS#8 PEM file, or raise MalformedError."""
        try:
            secret = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise MalformedError(
                f"key file: not an unencrypted PEM key: {error}"
            ) from error
        if not isinstance(secret, Ed25519PrivateKey):
            raise MalformedError("key file: expected an Ed25519 key")
        return cls(secret)

    def to_pem(self) -> bytes:
        """Return the key as unencrypted PKCS#8 PEM."""
        return self.secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, payload: bytes) -> bytes:
        """Return the signature over `payload`, 64 bytes."""
        return self.secret.sign(payload)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SealingKey:
    """A secret that opens what was sealed to its public half. Never printed."""

    secret: X25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> SealingKey:
        """Return the key that 32 bytes of seed stand for."""
        return cls(X25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes of X25519."""
        return self.secret.public_key().public_bytes_raw()

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return what was sealed to us under `context`, or raise SignatureError."""
        if len(sealed) < 48:
            raise MalformedError("sealed: expected a 32-byte key and a 16-byte tag")
        theirs, box = sealed[:32], sealed[32:]
        try:
            shared = self.secret.exchange(X25519PublicKey.from_public_bytes(theirs))
            key = _seal_key(shared, theirs, self.public)
            return ChaCha20Poly1305(key).decrypt(bytes(12), box, context)
        except (InvalidTag, ValueError):
            raise SignatureError("sealed: not sealed to this key and context") from None


def seal(payload: bytes, *, to: bytes, context: bytes, seed: bytes) -> bytes:
    """Seal `payload` to an X25519 public key: 32 bytes of one-use key, then the box.

    `seed` is 32 secret bytes used for this one seal, so the nonce may be zero; the
    caller brings it because this room rolls no dice. `context` must match to open.
    """
    once = X25519PrivateKey.from_private_bytes(seed)
    ours = once.public_key().public_bytes_raw()
    try:
        shared = once.exchange(X25519PublicKey.from_public_bytes(to))
    except ValueError:
        raise MalformedError(
            "sealing key: expected 32 bytes, not of small order"
        ) from None
    key = _seal_key(shared, ours, to)
    return ours + ChaCha20Poly1305(key).encrypt(bytes(12), payload, context)


def _seal_key(shared: bytes, ours: bytes, theirs: bytes) -> bytes:
    derive = HKDF(hashes.SHA256(), 32, salt=ours + theirs, info=_SEAL_INFO)
    return derive.derive(shared)
