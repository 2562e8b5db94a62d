"""A document is what all its signers signed, under our contexts, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.multibase import base58
from fabnet.errors import (
    InputError,
    LimitError,
    MalformedError,
    RemoteError,
    SignatureError,
)
from fabnet.records.civil import moment_of
from fabnet.records.credential import (
    CONTEXTS,
    PROOFS_MAX,
    Json,
    add_proof,
    canonical_json,
    document_id,
    issue,
    open_credential,
    proof_value,
    quorum_met,
    strict_loads,
)
from fabnet.records.keys import PublicKey, SigningKey

ADA, BEN, EVE = (SigningKey.from_seed(bytes((n,)) * 32) for n in (1, 2, 3))
NOON = "2026-11-24T12:00:00Z"
SUBJECT: dict[str, Json] = {"member": "did:key:z6Mk", "facts": ["worker-owned"], "n": 3}


def issued(*signers: SigningKey, issuer: str = ADA.public.did) -> bytes:
    return issue(
        "FabnetMembership",
        issuer=issuer,
        subject=SUBJECT,
        valid_from="2026-01-01T00:00:00Z",
        keys=signers,
        created=NOON,
    )


def method(key: SigningKey) -> str:
    did = key.public.did
    return f"{did}#{did.removeprefix('did:key:')}"


def forged(
    changes: dict[str, Json],
    options: dict[str, Json] | None = None,
    *,
    without: str = "",
) -> bytes:
    """A document against the rules whose proof, made by the suite alone, holds."""
    document = strict_loads(issued(ADA))
    proof = document.pop("proof")
    assert isinstance(proof, dict)
    document = {**document, **changes}
    sound = {"@context": document["@context"], "proofValue": None}
    config = {**proof, **sound, **(options or {})}
    for found in (document, config):
        found.pop(without, None)
    config.pop("proofValue", None)
    value = proof_value(document, config, ADA)
    return canonical_json({**document, "proof": {**config, "proofValue": value}})


def proofs_of(raw: bytes) -> list[Json]:
    proof = strict_loads(raw)["proof"]
    return proof if isinstance(proof, list) else [proof]


def with_proofs(raw: bytes, proof: Json) -> bytes:
    return canonical_json({**strict_loads(raw), "proof": proof})


def test_a_document_says_who_says_what_from_when() -> None:
    opened = open_credential(issued(ADA, BEN), kind="FabnetMembership")

    assert opened.kind == "FabnetMembership"
    assert opened.issuer == ADA.public.did
    assert opened.subject == SUBJECT
    assert opened.valid_from_ms == moment_of("2026-01-01T00:00:00Z")
    assert opened.valid_until_ms is None
    assert opened.signers == {ADA.public, BEN.public}
    assert opened.raw == issued(ADA, BEN)


def test_a_document_may_end() -> None:
    raw = issue(
        "FabnetMembership",
        issuer=ADA.public.did,
        subject={},
        valid_from=NOON,
        valid_until="2027-01-01T00:00:00Z",
        keys=[ADA],
        created=NOON,
    )

    assert open_credential(raw).valid_until_ms == moment_of("2027-01-01T00:00:00Z")


def test_a_document_is_one_that_any_verifier_reads() -> None:
    document = json.loads(issued(ADA))

    assert document["@context"] == [*CONTEXTS]
    assert document["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert document["type"] == ["VerifiableCredential", "FabnetMembership"]
    assert document["proof"].pop("proofValue").startswith("z")
    assert document["proof"] == {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": NOON,
        "verificationMethod": method(ADA),
        "proofPurpose": "assertionMethod",
        "@context": [*CONTEXTS],
    }
    assert isinstance(json.loads(issued(ADA, BEN))["proof"], list)


def test_the_id_of_a_document_is_that_of_its_canonical_form_without_proofs() -> None:
    document = json.loads(issued(ADA))
    del document["proof"]
    plain = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    expected = "sha256:" + hashlib.sha256(plain).hexdigest()
    assert open_credential(issued(ADA)).id == expected
    assert open_credential(issued(BEN, ADA)).id == expected
    assert document_id(strict_loads(issued(ADA))) == expected


def test_the_bytes_of_a_document_are_those_of_every_version_before() -> None:
    assert (
        hashlib.sha256(issued(ADA, BEN)).hexdigest()
        == "de13449aa503431057c3e8974c4ea6d563ec7b5277b4cf006584ce573a230fc2"
    )


def test_another_spelling_of_the_json_changes_neither_id_nor_signers() -> None:
    raw = issued(ADA, BEN)
    spelt = json.dumps(json.loads(raw), indent=2, sort_keys=False).encode()

    assert spelt != raw
    assert open_credential(spelt).id == open_credential(raw).id
    assert open_credential(spelt).signers == open_credential(raw).signers


@given(st.dictionaries(st.text(max_size=8), st.integers(-9, 9) | st.text(max_size=8)))
def test_whatever_is_issued_opens_as_it_was(subject: dict[str, Json]) -> None:
    raw = issue(
        "FabnetPassport",
        issuer="did:web:example.org",
        subject=subject,
        valid_from=NOON,
        keys=[BEN],
        created=NOON,
    )

    assert open_credential(raw).subject == subject


def test_signing_one_after_another_is_signing_together() -> None:
    later = add_proof(add_proof(issued(ADA), BEN, NOON), EVE, NOON)

    assert later == issued(ADA, BEN, EVE)


def test_the_issuer_may_sign_last_and_must_sign() -> None:
    waiting = issued(BEN)

    with pytest.raises(SignatureError, match="the issuer has not signed"):
        open_credential(waiting)
    assert open_credential(add_proof(waiting, ADA, NOON)).signers == {
        ADA.public,
        BEN.public,
    }


def test_nobody_adds_a_signature_to_a_document_that_was_changed() -> None:
    changed = issued(ADA).replace(b"worker-owned", b"worker-owner")

    with pytest.raises(SignatureError):
        add_proof(changed, BEN, NOON)


@pytest.mark.parametrize(
    ("keys", "k", "met"),
    [
        ([ADA, BEN, EVE], 2, True),
        ([ADA, BEN, EVE], 3, False),
        ([ADA, EVE], 2, False),
        ([ADA, ADA, ADA], 2, False),
        ([EVE], 1, False),
        ([], 0, False),
        ([ADA], 0, False),
        ([ADA], -1, False),
    ],
)
def test_a_quorum_counts_distinct_keys_that_may_sign(
    keys: list[SigningKey], k: int, met: bool
) -> None:
    opened = open_credential(issued(ADA, BEN))

    assert quorum_met(opened, [PublicKey(key.public.raw) for key in keys], k) is met


def test_one_signer_with_two_proofs_is_one_signer() -> None:
    early = issue(
        "FabnetMembership",
        issuer=ADA.public.did,
        subject=SUBJECT,
        valid_from="2026-01-01T00:00:00Z",
        keys=[ADA],
        created="2026-11-23T12:00:00Z",
    )
    twice = open_credential(
        with_proofs(early, proofs_of(early) + proofs_of(issued(ADA)))
    )

    assert not quorum_met(twice, [ADA.public, BEN.public], 2)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda did: did,
        lambda did: did + "#" + did,
        lambda did: did + "#key-1",
        lambda did: did.replace("did:key", "did:Key") + "#" + did[8:],
        lambda did: "did:key:u" + did[9:] + "#u" + did[9:],
        lambda did: did[:8] + "z1" + did[9:] + "#z1" + did[9:],
    ],
)
def test_the_same_key_under_two_spellings_is_never_two_signers(
    spelling: Callable[[str], str],
) -> None:
    document = strict_loads(issued(ADA))
    proof = document.pop("proof")
    assert isinstance(proof, dict)
    named = {**proof, "verificationMethod": spelling(ADA.public.did)}
    del named["proofValue"]
    again: Json = {**named, "proofValue": proof_value(document, named, ADA)}

    with pytest.raises(MalformedError, match=r"verificationMethod|did:"):
        open_credential(canonical_json({**document, "proof": [proof, again]}))


def test_every_proof_must_hold_wherever_the_bad_one_stands() -> None:
    raw = issued(ADA, BEN)
    first, second = (dict(p) for p in proofs_of(raw) if isinstance(p, dict))
    bad = {**second, "proofValue": first["proofValue"]}

    for proofs in ([first, bad], [bad, first], [first, second, bad]):
        with pytest.raises(SignatureError):
            open_credential(with_proofs(raw, [*proofs]))


def test_a_document_of_another_kind_than_expected_is_refused() -> None:
    with pytest.raises(MalformedError, match="expected FabnetGrant"):
        open_credential(issued(ADA), kind="FabnetGrant")


W3C, OURS = CONTEXTS
TYPE = "VerifiableCredential"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"@context": [W3C, OURS, "https://example.org/more"]}, "@context"),
        ({"@context": [W3C, OURS, {"member": "https://example.org/x"}]}, "@context"),
        ({"@context": [OURS, W3C]}, "@context"),
        ({"@context": [W3C]}, "@context"),
        ({"@context": W3C}, "@context"),
        ({"type": ["FabnetMembership", TYPE]}, "type"),
        ({"type": [TYPE]}, "type"),
        ({"type": [TYPE, "FabnetMembership", "FabnetGrant"]}, "type"),
        ({"type": "FabnetMembership"}, "type"),
        ({"type": [TYPE, "Membership"]}, "type"),
        ({"type": [TYPE, "FabnetMembership\n"]}, "type"),
        ({"type": [TYPE, 1]}, "type"),
        ({"issuer": {"id": ADA.public.did}}, "issuer"),
        ({"issuer": ""}, "issuer"),
        ({"credentialSubject": [SUBJECT]}, "credentialSubject"),
        ({"credentialSubject": "me"}, "credentialSubject"),
        ({"validFrom": "2026-01-01"}, "validFrom"),
        ({"validFrom": None}, "validFrom"),
        ({"validUntil": "tomorrow"}, "validUntil"),
        ({"validUntil": None}, "validUntil"),
        ({"evil": 1}, "'evil'"),
        ({"credentialStatus": {}}, "'credentialStatus'"),
        ({"id": "urn:uuid:1"}, "'id'"),
    ],
)
def test_a_signed_document_of_another_shape_is_refused(
    changes: dict[str, Json], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        open_credential(forged(changes))


@pytest.mark.parametrize(
    "field", ["@context", "type", "issuer", "validFrom", "credentialSubject"]
)
def test_no_field_of_a_document_may_be_missing(field: str) -> None:
    document = strict_loads(issued(ADA))
    del document[field]

    with pytest.raises(MalformedError, match=f"{field} is missing"):
        open_credential(canonical_json(document))


def test_a_document_without_proof_is_refused() -> None:
    document = strict_loads(issued(ADA))
    del document["proof"]

    with pytest.raises(MalformedError, match="proof is missing"):
        open_credential(canonical_json(document))


@pytest.mark.parametrize("proof", [None, "z", [], [[]], ["z"], [None], 1, {}])
def test_a_proof_is_an_object_or_a_list_of_them(proof: Json) -> None:
    with pytest.raises(MalformedError, match="proof"):
        open_credential(with_proofs(issued(ADA), proof))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"type": "Ed25519Signature2020"}, "type"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "cryptosuite"),
        ({"proofPurpose": "authentication"}, "proofPurpose"),
        ({"created": "2026-11-24"}, "created"),
        ({"created": "2026-11-24T12:00:00+01:00"}, "created"),
        ({"created": 1}, "created"),
        ({"@context": [W3C]}, "@context"),
        ({"@context": [W3C, OURS, OURS]}, "@context"),
        ({"verificationMethod": ADA.public.did}, "verificationMethod"),
        ({"verificationMethod": method(ADA) + "#"}, "verificationMethod"),
        ({"verificationMethod": method(ADA)[:-1]}, "verificationMethod"),
        ({"verificationMethod": method(ADA) + "\n"}, "verificationMethod"),
        ({"verificationMethod": "did:web:example.org#key"}, "did"),
        ({"verificationMethod": "did:webvh:Qm1:example.org#key"}, "did"),
        ({"verificationMethod": {"id": method(ADA)}}, "verificationMethod"),
        ({"expires": NOON}, "'expires'"),
        ({"previousProof": "urn:uuid:1"}, "'previousProof'"),
        ({"domain": "example.org"}, "'domain'"),
        ({"id": "urn:uuid:1"}, "'id'"),
    ],
)
def test_a_signed_proof_of_another_shape_is_refused(
    options: dict[str, Json], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        open_credential(forged({}, options))


@pytest.mark.parametrize(
    "field", ["type", "cryptosuite", "created", "verificationMethod", "proofPurpose"]
)
def test_no_field_of_a_proof_may_be_missing(field: str) -> None:
    (proof,) = proofs_of(issued(ADA))
    assert isinstance(proof, dict)
    left = {name: value for name, value in proof.items() if name != field}

    with pytest.raises(MalformedError, match=f"{field} is missing"):
        open_credential(with_proofs(issued(ADA), left))


def test_a_proof_may_leave_out_its_contexts() -> None:
    document = strict_loads(issued(ADA))
    proof = document.pop("proof")
    assert isinstance(proof, dict)
    options = {k: v for k, v in proof.items() if k not in ("@context", "proofValue")}
    value = proof_value(document, options, ADA)
    raw = canonical_json({**document, "proof": {**options, "proofValue": value}})

    assert open_credential(raw).signers == {ADA.public}


@pytest.mark.parametrize(
    "value", ["", "z", "z1", "m" + "A" * 86, "z" * 129, "z0", None]
)
def test_a_proof_value_that_is_no_signature_is_refused(value: Json) -> None:
    (proof,) = proofs_of(issued(ADA))
    assert isinstance(proof, dict)

    with pytest.raises((MalformedError, SignatureError)):
        open_credential(with_proofs(issued(ADA), {**proof, "proofValue": value}))


def test_a_key_that_signs_anything_is_no_signer() -> None:
    weak = "z" + base58(b"\xed\x01\x01" + bytes(31))
    (proof,) = proofs_of(issued(ADA))
    assert isinstance(proof, dict)
    anything = {
        **proof,
        "verificationMethod": f"did:key:{weak}#{weak}",
        "proofValue": "z" + base58(b"\x01" + bytes(63)),
    }

    with pytest.raises(MalformedError, match="small order"):
        open_credential(with_proofs(issued(ADA), [proof, anything]))


def test_proofs_are_counted_before_any_is_checked() -> None:
    (proof,) = proofs_of(issued(ADA))

    open_credential(with_proofs(issued(ADA), [proof] * PROOFS_MAX))
    with pytest.raises(LimitError, match="the most is 64"):
        open_credential(with_proofs(issued(ADA), [proof] * (PROOFS_MAX + 1)))


def test_a_key_occurring_twice_is_refused_though_the_signature_holds() -> None:
    raw = issued(ADA).replace(b'"n":3', b'"n":9,"n":3')

    assert json.loads(raw) == json.loads(issued(ADA))
    with pytest.raises(MalformedError, match="'n' occurs twice"):
        open_credential(raw)


def test_any_byte_changed_makes_a_document_unopenable() -> None:
    raw = issued(ADA)

    for at in range(len(raw)):
        changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
        with pytest.raises(RemoteError):
            open_credential(changed)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "Membership"}, "document: type"),
        ({"keys": []}, "keys"),
        ({"keys": [ADA, ADA]}, "keys"),
        ({"valid_from": "today"}, "document: validFrom"),
        ({"valid_until": "today"}, "document: validUntil"),
        ({"created": "today"}, "document: created"),
        ({"issuer": ""}, "document: issuer"),
        ({"subject": {"pieces": 0.5}}, "document: json"),
        ({"subject": {"pieces": 2**53}}, "document: json"),
        ({"subject": {"name": "\ud800"}}, "document: json"),
        ({"subject": {"name": "x" * 300_000}}, "document: json"),
    ],
)
def test_what_nobody_could_open_is_never_issued(
    changes: dict[str, object], field: str
) -> None:
    sound: dict[str, object] = {
        "kind": "FabnetMembership",
        "issuer": ADA.public.did,
        "subject": SUBJECT,
        "valid_from": NOON,
        "keys": [ADA],
        "created": NOON,
    }

    with pytest.raises(InputError, match=field):
        issue(**{**sound, **changes})  # type: ignore[arg-type]  # wrong on purpose


def test_nobody_signs_twice() -> None:
    with pytest.raises(InputError, match="each key to sign once"):
        add_proof(issued(ADA), ADA, "2026-11-25T12:00:00Z")
