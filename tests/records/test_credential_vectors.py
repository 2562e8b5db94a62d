"""Documents of others: the W3C's own, and some tampered with that others let pass."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fabnet.content.multibase import from_base58
from fabnet.errors import MalformedError, SignatureError
from fabnet.records import credential
from fabnet.records.credential import (
    Credential,
    Json,
    canonical_json,
    open_credential,
    proof_value,
    quorum_met,
    strict_loads,
    verify_proof,
)
from fabnet.records.keys import PublicKey, SigningKey
from tests.content.shared import vectors


def w3c(name: str) -> Path:
    return vectors("w3c-vc-di-eddsa") / "TestVectors" / name


def read(path: Path) -> dict[str, Json]:
    return strict_loads(path.read_bytes())


def test_the_w3c_vector_comes_out_byte_for_byte() -> None:
    suite = w3c("eddsa-jcs-2022")
    document, options = read(w3c("unsigned.json")), read(suite / "proofConfigJCS.json")
    pair = json.loads(w3c("keyPair.json").read_text())
    key = SigningKey.from_seed(from_base58(pair["privateKeyMultibase"][1:])[2:])

    assert key.public.did == "did:key:" + pair["publicKeyMultibase"]
    canonical = canonical_json(document)
    assert canonical.decode() == (suite / "canonDocJCS.txt").read_text()
    assert (
        hashlib.sha256(canonical).hexdigest() == (suite / "docHashJCS.txt").read_text()
    )
    assert canonical_json(options).decode() == (suite / "proofCanonJCS.txt").read_text()
    value = proof_value(document, options, key)
    assert value == (suite / "sigBTC58JCS.txt").read_text()
    assert from_base58(value[1:]).hex() == (suite / "sigHexJCS.txt").read_text()


def test_what_digital_bazaar_signed_is_what_we_sign() -> None:
    """Made once with @digitalbazaar/eddsa-jcs-2022-cryptosuite 1.0.0; seed of ones."""
    theirs = (
        "zctBSXF89qyt1bkEXB8cgtgKWUApnJ3efTZbrxw65uTPr8EnkLCcJhjqNX7UaRSLN8N3L5RfXpT8j"
        "31d9P7LNBSw"
    )
    ada = SigningKey.from_seed(b"\1" * 32)
    raw = credential.issue(
        "FabnetMembership",
        issuer=ada.public.did,
        subject={"member": "x", "facts": ["a"]},
        valid_from="2026-01-01T00:00:00Z",
        valid_until="2027-01-01T00:00:00Z",
        keys=[ada],
        created="2026-01-01T00:00:00Z",
    )

    proof = strict_loads(raw)["proof"]
    assert isinstance(proof, dict)
    assert proof["proofValue"] == theirs
    assert open_credential(raw).signers == {ada.public}


def test_the_w3c_document_verifies_by_its_suite_and_not_by_our_profile() -> None:
    signed = w3c("eddsa-jcs-2022") / "signedJCS.json"
    document = read(signed)
    proof = document.pop("proof")
    assert isinstance(proof, dict)

    assert verify_proof(document, proof).did in str(proof["verificationMethod"])
    with pytest.raises(SignatureError):
        verify_proof({**document, "name": "another"}, proof)
    with pytest.raises(MalformedError):
        open_credential(signed.read_bytes())


def test_the_other_suites_of_the_w3c_are_not_ours() -> None:
    signed = read(w3c("proof-set-chain/signedProofSet2.json"))
    proofs = signed.pop("proof")
    assert isinstance(proofs, list)

    for proof in proofs:
        assert isinstance(proof, dict)
        with pytest.raises(MalformedError, match="cryptosuite"):
            verify_proof(signed, proof)


REFUSED = {
    "licence upgraded in subject": "did not sign this",
    "append extra @context to document only": "@context",
    "append inline @context redefining licenceExpression": "@context",
    "created changed": "did not sign this",
    "proofPurpose changed": "proofPurpose",
    "verificationMethod swapped to other key": "did not sign this",
    "issuer swapped (proof kept)": "did not sign this",
    "cryptosuite -> eddsa-rdfc-2022": "cryptosuite",
    "2of3: one proof corrupted": "did not sign this",
    "proof set + unknown-suite proof added": "cryptosuite",
    "proof empty array": "proof",
    "extra unsigned top-level field": "evil",
}
"""What happens to each tampered document that other verifiers may accept."""

SIGNERS = {
    "untouched": 1,
    "2of3: same proof twice": 1,
    "2of3: one removed (quorum not checked by VC libs)": 1,
    "third-party proof added (non-issuer)": 2,
}
"""Those that are sound in themselves, and how many signers they have."""


@pytest.fixture
def tampered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Json]:
    """The tampered documents; they were signed under a context made for the trial."""
    cases = json.loads(vectors("fabnet-negative/vc_tamper_cases.json").read_text())
    contexts = tuple(cases["untouched"]["@context"])
    monkeypatch.setattr(credential, "CONTEXTS", contexts)
    assert isinstance(cases, dict)
    return cases


def test_every_tampered_document_is_refused_for_its_own_reason(
    tampered: dict[str, Json],
) -> None:
    assert tampered.keys() == REFUSED.keys() | SIGNERS.keys()
    for name, why in REFUSED.items():
        with pytest.raises((MalformedError, SignatureError), match=why):
            open_credential(canonical_json(tampered[name]))


def rightsholders(opened: Credential) -> list[PublicKey]:
    named = opened.subject["rightsholders"]
    assert isinstance(named, list)
    return [signer for signer in opened.signers if signer.did in named]


def test_a_proof_repeated_or_taken_away_never_makes_a_quorum(
    tampered: dict[str, Json],
) -> None:
    for name, signers in SIGNERS.items():
        opened = open_credential(canonical_json(tampered[name]))
        assert len(opened.signers) == signers, name
        assert quorum_met(opened, rightsholders(opened), 2) is (signers == 2), name


def test_the_document_with_a_key_twice_is_refused(tampered: dict[str, Json]) -> None:
    raw = vectors("fabnet-negative/vc_duplicate_key.json.txt").read_bytes()

    assert json.loads(raw) == tampered["untouched"]  # as other readers take it
    with pytest.raises(MalformedError, match="'licenceExpression' occurs twice"):
        open_credential(raw)
