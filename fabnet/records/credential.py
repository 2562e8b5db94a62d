"""Documents with legal weight: W3C Verifiable Credentials that several people sign.

Suite `eddsa-jcs-2022` of Data Integrity: a proof signs the hash of its own options and
the hash of the document, both as canonical JSON (RFC 8785, JCS). The only door to
rfc8785. Any verifier of the suite can check a document of ours; ours is stricter, for
each of these has fooled another: the contexts are two and exact, since one more would
redefine a term under a signature that still holds; no key occurs twice; numbers are
whole; every proof must hold, not any; and a signer counts once, by the key's bytes.

Nothing is fetched: contexts are compared, keys stand in the `did:key` that names them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Never

import rfc8785

from fabnet.content.multibase import base58, from_base58
from fabnet.errors import (
    InputError,
    LimitError,
    MalformedError,
    RemoteError,
    SignatureError,
)
from fabnet.records.civil import moment_of
from fabnet.records.ids import INT_MAX, DocumentId
from fabnet.records.keys import PublicKey, SigningKey, from_did

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What a document of ours may hold: JSON without fractions."""

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://fabnet.org/ns/v1",
)
"""The `@context` of every document of ours; nothing else is read."""

DOCUMENT_BYTES_MAX: Final = 256 * 1_024
"""Bytes of one document; a grant of twenty signers has 10 KiB."""
DEPTH_MAX: Final = 32
"""Arrays and objects within one another; ours nest six deep."""
OPENED_MAX: Final = 128
"""Documents remembered as verified: each is read some times over when it comes."""
PROOFS_MAX: Final = 64
"""Proofs of one document; each costs a signature check."""
_spell: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":")
).encode
_TEXTS: Final = frozenset({str})
_SURROGATES: Final = "\ud800"
"""Letters below it are in one order, whether one counts them or their UTF-16."""
_DIGITS_MAX: Final = 17
"""Letters of a whole number: a sign, and the 16 digits of INT_MAX."""

_BASE_TYPE: Final = "VerifiableCredential"
_KIND: Final = re.compile("Fabnet[A-Z][A-Za-z]{0,60}")
_REQUIRED: Final = {
    "@context",
    "type",
    "issuer",
    "validFrom",
    "credentialSubject",
    "proof",
}
_OPTIONAL: Final = {"validUntil"}
_SUITE: Final = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
}
_PROOF_FIELDS: Final = {*_SUITE, "created", "verificationMethod", "proofValue"}


@dataclass(frozen=True, slots=True)
class Credential:
    """One authentic document. Made only by `open_credential`."""

    document: dict[str, Json]
    """As it was read, proofs included."""
    raw: bytes
    kind: str
    """Its own type, such as `FabnetMembership`."""
    id: DocumentId
    issuer: str
    """Who says it; a `did:key` issuer is among the signers."""
    subject: dict[str, Json]
    valid_from_ms: int
    valid_until_ms: int | None
    signers: frozenset[PublicKey]
    """The keys whose proofs hold."""


def issue(
    kind: str,
    *,
    issuer: str,
    subject: Mapping[str, Json],
    valid_from: str,
    keys: Sequence[SigningKey],
    created: str,
    valid_until: str | None = None,
) -> bytes:
    """Return the JCS bytes of a document signed by each of `keys`.

    Times are RFC 3339 to the second, as `civil.rfc3339` writes them.
    """
    if not keys:
        raise InputError("keys", "expected at least one")
    document: dict[str, Json] = {
        "@context": [*CONTEXTS],
        "type": [_BASE_TYPE, kind],
        "issuer": issuer,
        "validFrom": valid_from,
        "credentialSubject": dict(subject),
    }
    if valid_until is not None:
        document["validUntil"] = valid_until
    return _add_proofs(document, [], keys, created)


def add_proof(raw: bytes, key: SigningKey, created: str) -> bytes:
    """Return the document in `raw` with a proof by `key` beside those it has.

    Raises RemoteError unless `raw` is authentic; only its issuer may be missing yet.
    """
    held = _open(raw)
    return _add_proofs(
        _unsecured(held.document), _proofs(held.document), [key], created
    )


def open_credential(raw: bytes, *, kind: str | None = None) -> Credential:
    """Return the authentic document in `raw`, or raise RemoteError.

    Every proof must hold. `kind`, if given, is the one kind that is expected.
    """
    credential = _open(raw)
    if kind is not None and credential.kind != kind:
        raise MalformedError(f"type: expected {kind}, not {credential.kind}")
    signed_by = {signer.did for signer in credential.signers}
    if credential.issuer.startswith("did:key:") and credential.issuer not in signed_by:
        raise SignatureError("proof: the issuer has not signed")
    return credential


def quorum_met(credential: Credential, keys: Iterable[PublicKey], k: int) -> bool:
    """Whether at least `k` of `keys` signed, each counted once; never for k below 1."""
    return 1 <= k <= len(credential.signers.intersection(keys))


def document_id(document: Mapping[str, Json]) -> DocumentId:
    """Return the id of a document, which its proofs do not change."""
    return DocumentId("sha256:" + _hash(_unsecured(document)).hex())


def canonical_json(value: Json) -> bytes:
    """Return the one JSON text of `value` (RFC 8785), or raise MalformedError.

    Without fractions, and letters that UTF-16 writes in two, Python's own text is that
    text, in half the time. Whatever else there is, rfc8785 writes or refuses.
    """
    try:
        if _is_plain(value):
            text = _spell(value)
            if text.isascii() or max(text) < _SURROGATES:
                return text.encode()
        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"json: {error}") from error


def strict_loads(raw: bytes) -> dict[str, Json]:
    """Return the one object that `raw` can only mean, or raise RemoteError."""
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise LimitError(f"json: {len(raw)} bytes; the most is {DOCUMENT_BYTES_MAX}")
    try:
        value: object = json.loads(
            raw.decode(),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except RecursionError as error:
        raise LimitError(f"json: nests at most {DEPTH_MAX} deep") from error
    except ValueError as error:
        raise MalformedError(f"json: {error}") from error
    _check_depth(value, 0)
    if b"\\u" in raw:
        _check_unicode(value)
    if not isinstance(value, dict):
        raise MalformedError("json: expected an object")
    return value


def proof_value(
    document: Mapping[str, Json], options: Mapping[str, Json], key: SigningKey
) -> str:
    """Return the `proofValue` by `key` of a document without proof, in base58."""
    signature = key.sign(_hash(options) + _hash(document))
    return "z" + base58(signature)


def verify_proof(document: Mapping[str, Json], proof: Mapping[str, Json]) -> PublicKey:
    """Return the key that signed a document without proof, or raise RemoteError.

    Checks suite, key and signature, and that the proof means the document's contexts.
    """
    return _verify(_hash(document), document.get("@context"), proof)


def _verify(digest: bytes, contexts: Json, proof: Mapping[str, Json]) -> PublicKey:
    for field in ("type", "cryptosuite"):
        if proof.get(field) != _SUITE[field]:
            raise MalformedError(f"proof: {field}: expected {_SUITE[field]}")
    if "@context" in proof and proof["@context"] != contexts:
        raise MalformedError("proof: @context: not that of the document")
    key = _signer(_text(proof, "verificationMethod"))
    value = _text(proof, "proofValue")
    if not value.startswith("z"):
        raise MalformedError("proof: proofValue: expected base58, which begins with z")
    options = {name: proof[name] for name in proof if name != "proofValue"}
    key.verify(_hash(options) + digest, from_base58(value[1:]))
    return key


def _signer(method: str) -> PublicKey:
    """Return the key of `did:key:z6Mk…#z6Mk…`, spelled in the one way there is."""
    key = from_did(method.partition("#")[0])
    if method != _method(key):
        raise MalformedError("proof: verificationMethod: expected did:key:z6Mk…#z6Mk…")
    return key


def _method(key: PublicKey) -> str:
    return f"{key.did}#{key.did.removeprefix('did:key:')}"


def _hash(value: Mapping[str, Json]) -> bytes:
    return hashlib.sha256(canonical_json(dict(value))).digest()


def _unsecured(document: Mapping[str, Json]) -> dict[str, Json]:
    return {name: document[name] for name in document if name != "proof"}


def _add_proofs(
    document: dict[str, Json],
    proofs: list[dict[str, Json]],
    signing: Sequence[SigningKey],
    created: str,
) -> bytes:
    """Return the JCS bytes with one proof more by each key, if we could open them."""
    options: dict[str, Json] = {
        **_SUITE,
        "@context": document["@context"],
        "created": created,
    }
    try:
        for key in signing:
            mine = {**options, "verificationMethod": _method(key.public)}
            value = proof_value(document, mine, key)
            proofs = [*proofs, {**mine, "proofValue": value}]
        proof: Json = proofs[0] if len(proofs) == 1 else [*proofs]
        raw = canonical_json({**document, "proof": proof})
        _check_profile(strict_loads(raw))
    except RemoteError as error:
        raise InputError("document", str(error)) from error
    if len({_text(proof, "verificationMethod") for proof in proofs}) < len(proofs):
        raise InputError("keys", "expected each key to sign once")
    return raw


@functools.lru_cache(maxsize=OPENED_MAX)
def _open(raw: bytes) -> Credential:
    """Return the document in `raw` if every proof holds, whoever its issuer is."""
    document = strict_loads(raw)
    _check_profile(document)
    digest = _hash(_unsecured(document))
    until = document.get("validUntil")
    return Credential(
        document,
        raw,
        _kind(document),
        DocumentId("sha256:" + digest.hex()),
        _text(document, "issuer"),
        _object(document, "credentialSubject"),
        _moment(document, "validFrom"),
        None if until is None else _moment(document, "validUntil"),
        frozenset(
            _verify(digest, document["@context"], proof) for proof in _proofs(document)
        ),
    )


def _check_profile(document: dict[str, Json]) -> None:
    """Raise RemoteError unless the document, proofs included, has our one shape."""
    _check_fields("document", document, _REQUIRED, _OPTIONAL)
    if document["@context"] != [*CONTEXTS]:
        raise MalformedError(f"@context: expected {' and '.join(CONTEXTS)}, in order")
    _kind(document)
    _text(document, "issuer")
    _object(document, "credentialSubject")
    _moment(document, "validFrom")
    if "validUntil" in document:
        _moment(document, "validUntil")
    for proof in _proofs(document):
        _check_fields("proof", proof, _PROOF_FIELDS, {"@context"})
        if proof["proofPurpose"] != _SUITE["proofPurpose"]:
            raise MalformedError("proof: proofPurpose: expected assertionMethod")
        _moment(proof, "created")


def _check_fields(
    where: str, found: dict[str, Json], required: set[str], optional: set[str]
) -> None:
    for name in sorted(required - found.keys()):
        raise MalformedError(f"{where}: {name} is missing")
    for name in sorted(found.keys() - required - optional):
        raise MalformedError(f"{where}: {name[:40]!r} is not a field we know")


def _kind(document: dict[str, Json]) -> str:
    match document["type"]:
        case [base, str(kind)] if base == _BASE_TYPE and _KIND.fullmatch(kind):
            return kind
    raise MalformedError(f"type: expected {_BASE_TYPE} and one Fabnet type")


def _proofs(document: dict[str, Json]) -> list[dict[str, Json]]:
    found = document["proof"]
    proofs = found if isinstance(found, list) else [found]
    if len(proofs) > PROOFS_MAX:
        raise LimitError(f"proof: {len(proofs)} of them; the most is {PROOFS_MAX}")
    objects = [proof for proof in proofs if isinstance(proof, dict)]
    if not proofs or len(objects) < len(proofs):
        raise MalformedError("proof: expected an object, or a list of them")
    return objects


def _object(found: Mapping[str, Json], field: str) -> dict[str, Json]:
    value = found.get(field)
    if not isinstance(value, dict):
        raise MalformedError(f"{field}: expected an object")
    return value


def _text(found: Mapping[str, Json], field: str) -> str:
    value = found.get(field)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{field}: expected text")
    return value


def _moment(found: Mapping[str, Json], field: str) -> int:
    try:
        return moment_of(_text(found, field))
    except MalformedError as error:
        raise MalformedError(f"{field}: {error}") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object of `pairs`; readers differ on which of two twins counts."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedError(f"json: the key {name[:40]!r} occurs twice")
        found[name] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS_MAX or abs(int(digits)) > INT_MAX:
        raise MalformedError(f"json: {digits[:20]}: expected at most 2**53 - 1")
    return int(digits)


def _no_fraction(digits: str) -> Never:
    raise MalformedError(f"json: {digits[:20]}: expected a whole number")


def _check_depth(value: object, depth: int) -> None:
    """Raise LimitError for arrays and objects within too many others."""
    inside = _inside(value)
    if inside and depth == DEPTH_MAX:
        raise LimitError(f"json: nests at most {DEPTH_MAX} deep")
    for item in inside:
        if isinstance(item, dict | list):
            _check_depth(item, depth + 1)


def _check_unicode(value: object) -> None:
    """Raise MalformedError if half of a surrogate pair stands alone in a text."""
    try:
        _spell(value).encode()
    except UnicodeEncodeError as error:
        raise MalformedError("json: half a surrogate pair stands alone") from error


def _is_plain(value: object) -> bool:
    """Whether all in it is text, true, false, nil or a number that all read alike."""
    if isinstance(value, str) or value is None:
        return True
    if isinstance(value, int):
        return -INT_MAX <= value <= INT_MAX
    if isinstance(value, dict):
        return _TEXTS.issuperset(map(type, value)) and all(
            map(_is_plain, value.values())
        )
    return isinstance(value, list) and all(map(_is_plain, value))


def _inside(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
