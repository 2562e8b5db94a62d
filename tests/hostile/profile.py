"""Tables of the one shape of signed documents, and of the JSON they are written in."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fabnet.content.multibase import base58
from fabnet.records.civil import moment_of
from fabnet.records.credential import (
    Json,
    canonical_json,
    open_credential,
    proof_value,
    strict_loads,
)
from fabnet.records.keys import SigningKey
from tests.designs.samples import ADA, BEN
from tests.hostile.papers import PAPERS, edited
from tests.hostile.rows import Table, rows

_PAPER = PAPERS["dispute"]
_RAW = _PAPER.signed(_PAPER.subject, ADA)
_DOCUMENT = strict_loads(_RAW)
_PROOF = _DOCUMENT["proof"]
assert isinstance(_PROOF, dict)


def _bare(path: str, value: object = None) -> bytes:
    """The document with one field changed under the old signature."""
    return json.dumps(edited(_DOCUMENT, path, value)).encode()


def _resigned(path: str, value: object = None, key: SigningKey = ADA) -> bytes:
    """The document with one field changed and a new signature over it."""
    document = edited(_DOCUMENT, path, value)
    proof = document.pop("proof")
    assert isinstance(proof, dict)
    options = {name: proof[name] for name in proof if name != "proofValue"}
    whole = {
        **document,
        "proof": {**options, "proofValue": proof_value(document, options, key)},
    }
    return canonical_json(whole)


def _proofs(*each: Mapping[str, Json]) -> bytes:
    return json.dumps({**_DOCUMENT, "proof": [*each]}).encode()


_PROFILE: tuple[tuple[str, object, str], ...] = (
    *(
        (f"without {name}", _bare(f"-{name}"), f"document: {name} is missing")
        for name in sorted({"@context", "type", "issuer", "validFrom",
                            "credentialSubject", "proof"})
    ),
    *(
        (f"a proof without {name}", _bare(f"-proof.{name}"),
         f"proof: {name} is missing")
        for name in sorted({"type", "cryptosuite", "proofPurpose", "created",
                            "verificationMethod", "proofValue"})
    ),
    *(
        (f"with {name}", _resigned(name, "x"), f"'{name}' is not a field we know")
        for name in ("id", "name", "credentialStatus", "evidence", "termsOfUse")
    ),
    ("a proof with a nonce", _bare("proof.nonce", "x"),
     "'nonce' is not a field we know"),
    ("another context", _resigned("@context.1", "https://example.org"), "in order"),
    ("contexts in another order", _resigned("@context", [*_DOCUMENT["@context"]][::-1]),  # type: ignore[misc]  # a list
     "@context: expected"),
    ("a context more", _resigned("@context", [*_DOCUMENT["@context"], "https://x.y"]),  # type: ignore[misc]  # a list
     "@context: expected"),
    ("one type", _resigned("type", ["VerifiableCredential"]), "one Fabnet type"),
    ("a type that is text", _resigned("type", "VerifiableCredential"),
     "one Fabnet type"),
    ("three types", _resigned("type", ["VerifiableCredential", "FabnetA", "FabnetB"]),
     "one Fabnet type"),
    ("a type of others", _resigned("type.1", "Diploma"), "one Fabnet type"),
    ("a type in small letters", _resigned("type.1", "fabnetCharter"),
     "one Fabnet type"),
    ("another of our types", _resigned("type.1", "FabnetCharter"),
     "type: expected Fab"),
    ("no issuer", _resigned("issuer", ""), "issuer: expected text"),
    ("an issuer that is an object", _resigned("issuer", {"id": ADA.public.did}),
     "issuer: expected text"),
    ("an issuer who did not sign", _resigned("issuer", BEN.public.did),
     "the issuer has not signed"),
    ("a subject that is a list", _resigned("credentialSubject", []),
     "expected an object"),
    ("validFrom with a fraction", _resigned("validFrom", "2026-11-24T12:00:00.0Z"),
     "validFrom: "),
    ("validFrom elsewhere", _resigned("validFrom", "2026-11-24T12:00:00+01:00"),
     "validFrom: "),
    ("a leap second", _resigned("validFrom", "2026-12-31T23:59:60Z"), "validFrom: "),
    ("the 30th of February", _resigned("validFrom", "2026-02-30T12:00:00Z"),
     "validFrom:"),
    ("a year of five digits", _resigned("validFrom", "12026-02-03T12:00:00Z"),
     "validFr"),
    ("before 1970", _resigned("validFrom", "1969-12-31T23:59:59Z"), "validFrom: "),
    ("a number as validUntil", _resigned("validUntil", 5), "validUntil: expected text"),
    ("created never", _resigned("proof.created", "never"), "created: "),
    ("for another purpose", _resigned("proof.proofPurpose", "authentication"),
     "proofPurpose: expected assertionMethod"),
    ("another suite", _resigned("proof.cryptosuite", "eddsa-rdfc-2022"),
     "cryptosuite: expected eddsa-jcs-2022"),
    ("another proof type", _resigned("proof.type", "Ed25519Signature2020"),
     "type: expected DataIntegrityProof"),
    ("a proof of other contexts", _resigned("proof.@context", ["https://x.y"]),
     "@context: not that of the document"),
    ("a key on the web", _resigned("proof.verificationMethod", "https://x.y#key"),
     "did: expected did:key"),
    ("a key with another fragment",
     _resigned("proof.verificationMethod", ADA.public.did + "#key"),
     "verificationMethod: expected"),
    ("a key without a fragment", _resigned("proof.verificationMethod", ADA.public.did),
     "verificationMethod: expected"),
    ("signed with another key", _resigned("proof.created", "2026-11-24T12:00:00Z", BEN),
     "did not sign this"),
    ("a proof in base64", _bare("proof.proofValue", "uAAAA"), "which begins with z"),
    ("a proof of nothing", _bare("proof.proofValue", "z"), "did not sign this"),
    ("a proof that is a number", _bare("proof.proofValue", 5),
     "proofValue: expected text"),
    ("a proof with letters beyond base58", _bare("proof.proofValue", "z0OIl"),
     "no such digit '0'"),
    ("a proof without end", _bare("proof.proofValue", "z" + "1" * 200), "at most 128"),
    ("a proof one byte short", _bare("proof.proofValue", "z" + base58(b"\1" * 63)),
     "did not sign this"),
    ("the subject changed", _bare("credentialSubject.reason", "Other."),
     "did not sign"),
    ("validFrom changed", _bare("validFrom", "2026-11-24T12:00:01Z"), "did not sign"),
    ("created changed", _bare("proof.created", "2026-11-24T12:00:01Z"), "did not sign"),
    ("a proof that is text", _bare("proof", "signed"), "an object, or a list of them"),
    ("no proofs", _proofs(), "an object, or a list of them"),
    ("a list with text in it",
     json.dumps({**_DOCUMENT, "proof": [_PROOF, "x"]}).encode(),
     "an object, or a list of them"),
    ("65 proofs", _proofs(*[_PROOF] * 65), "65 of them; the most is 64"),
    ("one good proof and one bad", _proofs(_PROOF, {**_PROOF, "proofValue": "z2"}),
     "did not sign this"),
)  # fmt: skip

CREDENTIALS = Table(
    "credential",
    lambda raw: open_credential(raw, kind="FabnetGrantDispute"),
    _RAW,
    rows(*_PROFILE),
)

_BAD_JSON: tuple[tuple[str, object, str], ...] = (
    ("nothing", b"", "json: Expecting value"),
    ("half an object", b'{"a":', "json: Expecting value"),
    ("an object and more", b"{}{}", "json: Extra data"),
    ("bytes that are not UTF-8", b'{"a":"\xff"}', "json: 'utf-8' codec"),
    ("UTF-16", '{"a":1}'.encode("utf-16"), "json: 'utf-8' codec"),
    ("a byte order mark", b"\xef\xbb\xbf{}", "json: Unexpected UTF-8 BOM"),
    ("a list", b"[]", "json: expected an object"),
    ("text", b'"a"', "json: expected an object"),
    ("null", b"null", "json: expected an object"),
    ("one key twice", b'{"a":1,"a":1}', "the key 'a' occurs twice"),
    ("one key twice, deep down", b'{"b":[{"a":1,"a":2}]}', "the key 'a' occurs twice"),
    ("one key twice, once escaped", b'{"a":1,"\\u0061":1}', "the key 'a' occurs twice"),
    ("a fraction", b'{"a":1.5}', "1.5: expected a whole number"),
    ("a fraction of zero", b'{"a":1.0}', "1.0: expected a whole number"),
    ("an exponent", b'{"a":1e3}', "1e3: expected a whole number"),
    ("not a number", b'{"a":NaN}', "NaN: expected a whole number"),
    ("infinity", b'{"a":-Infinity}', "-Infinity: expected a whole number"),
    ("2**53", b'{"a":9007199254740992}', "expected at most 2**53 - 1"),
    ("minus 2**53", b'{"a":-9007199254740992}', "expected at most 2**53 - 1"),
    (
        "five thousand digits",
        b'{"a":' + b"9" * 5_000 + b"}",
        "expected at most 2**53 - 1",
    ),
    ("half a surrogate pair", b'{"a":"\\ud800"}', "half a surrogate pair"),
    ("half a pair in a key", b'{"\\udc00":1}', "half a surrogate pair"),
    (
        "33 arrays deep",
        b'{"a":' + b"[" * 33 + b"]" * 33 + b"}",
        "nests at most 32 deep",
    ),
    ("without an end", b'{"a":' + b"[" * 100_000, "nests at most 32 deep"),
    ("too long", b" " * 262_145, "262145 bytes; the most is 262144"),
    ("a comment", b"{/**/}", "json: Expecting property name"),
    ("single quotes", b"{'a':1}", "json: Expecting property name"),
    ("a comma at the end", b'{"a":1,}', "json: "),
    ("a line feed in text", b'{"a":"\n"}', "json: Invalid control character"),
)
JSONS = Table("json", strict_loads, b'{"a":[1,"b",null,true]}', rows(*_BAD_JSON))

MOMENTS = Table(
    "moment",
    moment_of,
    "2026-11-24T12:00:00Z",
    rows(
        *(
            (text or "nothing", text, "expected a time such as")
            for text in (
                "", "now", "2026-11-24", "2026-11-24T12:00Z", "2026-11-24t12:00:00z",
                "2026-11-24 12:00:00Z", "2026-11-24T12:00:00", "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-24T24:00:00Z",
                "2026-11-24T12:60:00Z", "2100-02-29T00:00:00Z", "٢٠٢٦-11-24T12:00:00Z",
                "2026-11-24T12:00:00Z\n", "+2026-11-24T12:00:00Z",
            )
        )
    ),
)  # fmt: skip

TABLES: tuple[Table, ...] = (CREDENTIALS, JSONS, MOMENTS)
