"""Signatures that cost a hash, for mass seeds: Ed25519 in form, keyed BLAKE2b in fact.

Only keys made here are checked so: any other, such as a designer's in the samples, is
checked as ever, and nothing of the product knows. The check needs the secret, which
nobody in the simulation looks up, so that a signature is as hard to forge as before.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fabnet.node.links import frames
from fabnet.records import canonical, keys
from fabnet.records.keys import SigningKey
from fabnet.records.message import open_message
from fabnet.records.record import open_record

SIGNATURE_BYTES: Final = 64
REMEMBERED_MAX: Final = 1_024
"""Frames put in bytes; they may be long."""
OPENED_MAX: Final = 8_192
"""Records, messages and bodies read; they are short."""
SENT_MAX: Final = 20_000
_TOP_BITS: Final = 0x3F
"""Of the last byte: a number below 2^254 is a canonical encoding."""


@dataclass(frozen=True, slots=True, eq=False)
class StubPublicKey(Ed25519PublicKey):
    """Looks like a public key, and checks what its secret signed."""

    secret: bytes
    count: Callable[[], None]
    """Told of every check."""

    def public_bytes_raw(self) -> bytes:
        raw = bytearray(hashlib.blake2b(self.secret, digest_size=32).digest())
        raw[-1] &= _TOP_BITS
        return bytes(raw)

    def verify(self, signature: object, data: object) -> None:
        assert isinstance(signature, bytes)
        assert isinstance(data, bytes)
        self.count()
        if not hmac.compare_digest(signature, _signed(self.secret, data)):
            raise InvalidSignature

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StubPublicKey) and other.secret == self.secret

    def __hash__(self) -> int:
        return hash(self.secret)

    def public_bytes(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError

    def __copy__(self) -> StubPublicKey:
        return self

    def __deepcopy__(self, memo: object) -> StubPublicKey:
        return self


@dataclass(frozen=True, slots=True)
class StubPrivateKey(Ed25519PrivateKey):
    """Looks like a private key; leaves the simulation in no form."""

    secret: bytes
    count: Callable[[], None]

    def public_key(self) -> StubPublicKey:
        return StubPublicKey(self.secret, self.count)

    def sign(self, data: object) -> bytes:
        assert isinstance(data, bytes)
        return _signed(self.secret, data)

    def private_bytes_raw(self) -> NoReturn:
        raise NotImplementedError

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError

    def __copy__(self) -> StubPrivateKey:
        return self

    def __deepcopy__(self, memo: object) -> StubPrivateKey:
        return self


@dataclass(slots=True)
class Signatures:
    """The keys of one seed."""

    stubs: dict[bytes, Ed25519PublicKey] = field(default_factory=dict)
    verifies: int = 0
    """How often a signature was checked."""

    def from_seed(self, seed: bytes) -> SigningKey:
        """Return the stub key that 32 bytes of seed stand for."""
        secret = StubPrivateKey(seed, self._count)
        key = SigningKey(secret)
        self.stubs[key.public.raw] = secret.public_key()
        return key

    def _count(self) -> None:
        self.verifies += 1


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Do once what every site would do again with the same bytes, to the same end.

    Only functions whose outcome is told by their arguments alone. And a frame that was
    put in bytes here is not read out of them again: seeds with Ed25519 do that.
    """
    sent: dict[bytes, frames.Frame] = {}
    pure_encode, pure_decode = frames.encode, frames.decode

    @functools.lru_cache(REMEMBERED_MAX)
    def encode(frame: frames.Frame) -> bytes:
        raw = pure_encode(frame)
        if len(sent) >= SENT_MAX:
            sent.clear()
        sent[raw] = frame
        return raw

    def decode(raw: bytes) -> frames.Frame:
        frame = sent.get(raw)
        return pure_decode(raw) if frame is None else frame

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "encode", encode)
        patch.setattr(frames, "decode", decode)
        for room, pure in (
            (frames, open_record),
            (frames, open_message),
            (canonical, canonical.decode),
        ):
            once = functools.lru_cache(OPENED_MAX)(pure)
            patch.setattr(room, pure.__name__, once)
        yield


@contextlib.contextmanager
def signatures() -> Iterator[Signatures]:
    """Let keys made meanwhile be checked by their stub, and all others as ever."""
    made, real = Signatures(), keys._verifier

    @functools.wraps(real)
    def verifier(raw: bytes) -> Ed25519PublicKey:
        stub = made.stubs.get(raw)
        return real(raw) if stub is None else stub

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_verifier", verifier)
        yield made


def _signed(secret: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=secret, digest_size=SIGNATURE_BYTES).digest()
