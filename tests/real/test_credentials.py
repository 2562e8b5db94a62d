"""Our documents and other people's verifiers: @digitalbazaar/* both ways, and jose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from fabnet.cooperation.charter import charter_subject
from fabnet.cooperation.policy import policy_subject
from fabnet.designs.documents import acceptance, grant, passport
from fabnet.errors import SignatureError
from fabnet.records.credential import (
    Json,
    canonical_json,
    document_id,
    issue,
    open_credential,
    strict_loads,
)
from fabnet.records.ids import CharterId
from fabnet.records.jose import enveloped
from fabnet.records.keys import SigningKey
from tests.cooperation.people import federation, membership_bytes
from tests.designs.documents.test_passport import ACCEPTANCE, PASSPORT
from tests.designs.samples import ADA, BEN, NOON, cid_of, revision
from tests.house.tree import ROOT
from tests.real.conftest import Npm

pytestmark = pytest.mark.real

MILL = CharterId("sha256:" + "3" * 64)
PAGE = ROOT / "docs/CREDENTIALS.md"


def _signed(
    kind: str, subject: Mapping[str, Json], *keys: SigningKey, at: str = NOON
) -> bytes:
    return issue(
        kind,
        issuer=keys[0].public.did,
        subject=subject,
        valid_from=at,
        keys=keys,
        created=at,
    )


def _grant() -> bytes:
    made = grant.grant_of(revision(), cid_of(revision()))
    assert isinstance(made, grant.Grant)
    return _signed(grant.CREDENTIAL, grant.subject_of(made), ADA, BEN)


def _charter() -> bytes:
    subject = charter_subject(name="The Mill", stewards=[ADA.public], nodes=[])
    return _signed("FabnetCharter", subject, ADA)


DOCUMENTS: dict[str, bytes] = {
    "charter": _charter(),
    "membership": membership_bytes(
        federation().id, MILL, SigningKey.from_seed(bytes([11]) * 32)
    ),
    "policy": _signed("FabnetPolicy", policy_subject({}, MILL, 1), ADA, BEN),
    "grant": _grant(),
    "acceptance": _signed(
        acceptance.CREDENTIAL, acceptance.acceptance_subject(ACCEPTANCE), ADA
    ),
    "passport": _signed(passport.CREDENTIAL, passport.passport_subject(PASSPORT), ADA),
}
"""One of each kind, as our own code makes it."""

SEEDS = {SigningKey.from_seed(bytes([n]) * 32).public.did: n for n in range(1, 15)}
"""The byte that each signer's seed is made of, by its DID."""


def _proofs(document: Mapping[str, Json]) -> list[dict[str, Json]]:
    found = document["proof"]
    proofs = found if isinstance(found, list) else [found]
    return [proof for proof in proofs if isinstance(proof, dict)]


def _written(folder: Path, raw: bytes) -> Path:
    path = folder / "document.json"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_digital_bazaar_verifies_every_proof_of_ours(
    npm: Npm, name: str, tmp_path: Path
) -> None:
    raw = DOCUMENTS[name]

    told = json.loads(npm.run("verify.mjs", "--at", NOON, _written(tmp_path, raw)))

    assert told["verified"] is True
    assert told["proofs"] == [True] * len(_proofs(strict_loads(raw)))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_digital_bazaar_refuses_ours_when_it_was_changed(
    npm: Npm, name: str, tmp_path: Path
) -> None:
    document = strict_loads(DOCUMENTS[name])
    subject = document["credentialSubject"]
    assert isinstance(subject, dict)
    changed = canonical_json({**document, "credentialSubject": {**subject, "n": 1}})

    done = npm.ask("verify.mjs", "--at", NOON, _written(tmp_path, changed))

    assert done.returncode == 1
    assert json.loads(done.stdout)["verified"] is False


@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_sign_the_same_document_to_the_same_bytes(npm: Npm, name: str) -> None:
    ours = strict_loads(DOCUMENTS[name])
    unsigned = {key: value for key, value in ours.items() if key != "proof"}
    theirs: list[dict[str, Json]] = []
    for proof in _proofs(ours):
        did, _, _ = str(proof["verificationMethod"]).partition("#")
        asked = {
            "document": unsigned,
            "seed": (bytes([SEEDS[did]]) * 32).hex(),
            "created": proof["created"],
        }
        signed = strict_loads(npm.run("sign.mjs", stdin=json.dumps(asked)).encode())
        theirs += _proofs(signed)

    assert theirs == _proofs(ours)
    together: Json = theirs[0] if len(theirs) == 1 else [*theirs]
    opened = open_credential(canonical_json({**unsigned, "proof": together}))
    assert opened.signers == open_credential(DOCUMENTS[name]).signers
    assert opened.raw == DOCUMENTS[name]


def test_what_digital_bazaar_alone_signs_opens_here(npm: Npm) -> None:
    unsigned = strict_loads(DOCUMENTS["passport"])
    del unsigned["proof"]
    asked = {"document": unsigned, "seed": (b"\1" * 32).hex(), "created": NOON}

    theirs = npm.run("sign.mjs", stdin=json.dumps(asked)).encode()

    assert passport.open_passport(theirs) == PASSPORT
    assert document_id(strict_loads(theirs)) == document_id(unsigned)


def test_jose_verifies_the_passport_as_a_jwt(npm: Npm, tmp_path: Path) -> None:
    credential = open_credential(DOCUMENTS["passport"])
    file = tmp_path / "passport.jwt"
    file.write_text(enveloped(credential, ADA) + "\n")

    told = json.loads(npm.run("verify-jwt.mjs", file))

    assert (told["header"]["alg"], told["header"]["typ"]) == ("EdDSA", "vc+jwt")
    assert told["header"]["kid"].startswith(ADA.public.did + "#")
    assert told["credential"] == {
        key: value for key, value in credential.document.items() if key != "proof"
    }


@pytest.mark.parametrize("part", [0, 1, 2])
def test_jose_refuses_a_jwt_of_which_any_part_was_changed(
    npm: Npm, part: int, tmp_path: Path
) -> None:
    parts = enveloped(open_credential(DOCUMENTS["passport"]), ADA).split(".")
    middle = len(parts[part]) // 2
    other = "B" if parts[part][middle] == "A" else "A"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    file = tmp_path / "passport.jwt"
    file.write_text(".".join(parts))

    assert npm.ask("verify-jwt.mjs", file).returncode == 1


def test_the_commands_on_the_page_verify_a_passport(npm: Npm) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(npm ci .*?)```", page, re.DOTALL)
    subject = passport.passport_subject(PASSPORT)
    raw = _signed(passport.CREDENTIAL, subject, ADA, at="2025-11-24T12:00:00Z")
    (npm.folder / "passport.json").write_bytes(raw)
    jwt = enveloped(open_credential(raw), ADA)
    (npm.folder / "passport.jwt").write_text(jwt)

    told = npm.shell(block)

    verified, said_again = told.strip().splitlines()[-2:]
    assert json.loads(verified)["proofs"] == [True]
    assert json.loads(said_again)["header"]["typ"] == "vc+jwt"


def test_others_count_any_proof_and_we_count_every_one(
    npm: Npm, tmp_path: Path
) -> None:
    document = strict_loads(DOCUMENTS["grant"])
    first, second = _proofs(document)
    spoilt = {**second, "proofValue": first["proofValue"]}
    raw = canonical_json({**document, "proof": [first, spoilt]})

    done = npm.ask("verify.mjs", "--at", NOON, _written(tmp_path, raw))

    told = json.loads(done.stdout)
    assert told["verified"] is True, "any-of: why the page bids readers count proofs"
    assert told["proofs"] == [True, False]
    with pytest.raises(SignatureError, match="did not sign this"):
        open_credential(raw)
