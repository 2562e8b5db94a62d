"""A credential as a JWT says what the document says, by the key that issued it."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import InputError, SignatureError
from fabnet.records.credential import Credential, Json, issue, open_credential
from fabnet.records.jose import enveloped
from fabnet.records.keys import SigningKey

ADA, BEN = (SigningKey.from_seed(bytes((n,)) * 32) for n in (1, 2))
NOON = "2026-11-24T12:00:00Z"


def issued(
    subject: dict[str, Json], *keys: SigningKey, issuer: SigningKey = ADA
) -> Credential:
    raw = issue(
        "FabnetProductPassport",
        issuer=issuer.public.did,
        subject=subject,
        valid_from=NOON,
        keys=keys or (ADA,),
        created=NOON,
    )
    return open_credential(raw)


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@given(st.dictionaries(st.text(max_size=8), st.integers(-9, 9) | st.text(max_size=8)))
def test_the_payload_is_the_document_without_its_proof(
    subject: dict[str, Json],
) -> None:
    credential = issued(subject)

    _, payload, _ = enveloped(credential, ADA).split(".")

    document = json.loads(credential.raw)
    del document["proof"]
    assert json.loads(decoded(payload)) == document
    assert "sha256:" + hashlib.sha256(decoded(payload)).hexdigest() == credential.id


def test_the_header_names_the_media_type_and_the_key_and_nothing_more() -> None:
    header, _, _ = enveloped(issued({}), ADA).split(".")

    did = ADA.public.did
    assert json.loads(decoded(header)) == {
        "alg": "EdDSA",
        "cty": "vc",
        "kid": f"{did}#{did.removeprefix('did:key:')}",
        "typ": "vc+jwt",
    }


def test_the_signature_is_over_header_and_payload_as_they_stand() -> None:
    signed, _, signature = enveloped(issued({}), ADA).rpartition(".")

    ADA.public.verify(signed.encode(), decoded(signature))
    with pytest.raises(SignatureError):
        ADA.public.verify(signed.encode() + b"A", decoded(signature))


def test_the_same_credential_gives_the_same_text() -> None:
    assert enveloped(issued({"n": 1}), ADA) == enveloped(issued({"n": 1}), ADA)


def test_only_the_one_who_issued_and_signed_alone_says_it_again() -> None:
    with pytest.raises(InputError, match="key: expected that of did:key"):
        enveloped(issued({}), BEN)
    with pytest.raises(InputError, match="key"):
        enveloped(issued({}, ADA, BEN), ADA)
