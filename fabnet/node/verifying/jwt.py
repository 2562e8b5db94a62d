"""A credential said as a JWT (`vc+jwt`): whether its one signature holds.

The form is that of VC-JOSE-COSE: the payload is the document without its proofs, `kid`
the key in the `did:key` of its issuer. Read strictly: one algorithm, one spelling.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from fabnet.errors import MalformedError, SignatureError
from fabnet.records.credential import Json, canonical_json, strict_loads
from fabnet.records.keys import from_did

_COMPACT: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}\n?")
_ALGORITHMS: Final = ("EdDSA", "Ed25519")
"""The name of RFC 8037, and the one that RFC 9864 put in its place."""


@dataclass(frozen=True, slots=True)
class Said:
    """An authentic JWT."""

    issuer: str
    """The `did:key` that says and signed it."""
    kind: str
    subject: dict[str, Json]


def is_jwt(raw: bytes) -> bool:
    """Whether the bytes have the form of a compact JWT; nothing is verified."""
    return raw.count(b".") == 2 and not raw.lstrip().startswith(b"{")


def open_jwt(raw: bytes) -> Said:
    """Return what a JWT says, or raise RemoteError unless its issuer signed it."""
    if _COMPACT.fullmatch(raw) is None:
        raise MalformedError(
            "jwt: expected three parts in base64url, an Ed25519 one last"
        )
    head, payload, signature = raw.rstrip(b"\n").split(b".")
    header, document = _loaded("header", head), _loaded("payload", payload)
    issuer, types = document.get("issuer"), document.get("type")
    if header.get("alg") not in _ALGORITHMS or not isinstance(issuer, str):
        raise MalformedError("jwt: expected alg EdDSA, and a did:key that issues")
    key = from_did(issuer)
    if header.get("kid") != f"{key.did}#{key.did.removeprefix('did:key:')}":
        raise SignatureError("jwt: kid: expected the key of the issuer")
    key.verify(head + b"." + payload, _bytes("signature", signature))
    subject = document.get("credentialSubject")
    if not isinstance(types, list) or len(types) != 2 or not isinstance(subject, dict):
        raise MalformedError("jwt: expected a credential of one type of ours")
    return Said(issuer, str(types[1]), subject)


def _loaded(what: str, part: bytes) -> dict[str, Json]:
    raw = _bytes(what, part)
    found = strict_loads(raw)
    if canonical_json(found) != raw:
        raise MalformedError(f"jwt: {what}: not the canonical form")
    return found


def _bytes(what: str, part: bytes) -> bytes:
    """Return what base64url stands for, if it is the one spelling of it."""
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError as error:
        raise MalformedError(f"jwt: {what}: {error}") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise MalformedError(f"jwt: {what}: not the one spelling of its bytes")
    return raw
