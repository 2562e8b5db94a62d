"""A passport said as a JWT holds as the passport does, and no bit of it may turn."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import RemoteError
from fabnet.node.verifying.asking import Asked, verify
from fabnet.node.verifying.check import overall
from fabnet.node.verifying.jwt import open_jwt
from fabnet.records.credential import Json, canonical_json, open_credential
from fabnet.records.keys import SigningKey
from tests.node.cooperative import NODE, STEWARD
from tests.node.verifying.papers import NOW_MS, write_papers


def text_of(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def jwt(raw: bytes, key: SigningKey, **header: Json) -> bytes:
    """Say a document as a JWT, as any library of JOSE would."""
    did = key.public.did
    kid = f"{did}#{did.removeprefix('did:key:')}"
    head: dict[str, Json] = {"alg": "EdDSA", "kid": kid, "typ": "vc+jwt", **header}
    document = open_credential(raw).document
    payload = {name: document[name] for name in document if name != "proof"}
    signed = text_of(canonical_json(head)) + b"." + text_of(canonical_json(payload))
    return signed + b"." + text_of(key.sign(signed))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jwt") / "hook"
    documents = write_papers(folder)
    (folder / "passport.jwt").write_bytes(jwt(documents["passport.json"], NODE))
    return folder


def verdict(path: Path, *given: Path) -> str:
    return overall(verify(Asked(str(path), given, None, None), NOW_MS))


def test_with_what_it_rests_on_it_holds(papers: Path) -> None:
    assert verdict(papers / "passport.jwt", papers / "fabnet") == "ok"
    assert verdict(papers / "passport.jwt") == "unknown"


def test_another_key_or_algorithm_is_a_no(papers: Path, tmp_path: Path) -> None:
    passport = (papers / "fabnet" / "passport.json").read_bytes()
    for forged in (
        jwt(passport, STEWARD),
        jwt(passport, NODE, alg="none"),
        jwt(passport, NODE, kid=STEWARD.public.did),
        jwt(passport, NODE)[:-86],
        jwt(passport, NODE) + b"=",
    ):
        (tmp_path / "forged.jwt").write_bytes(forged)
        assert verdict(tmp_path / "forged.jwt", papers / "fabnet") == "no"


@given(st.integers(0, 100_000), st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_one_bit_anywhere_makes_it_a_no(papers: Path, byte: int, bit: int) -> None:
    raw = (papers / "passport.jwt").read_bytes()
    at = byte % len(raw)
    spoilt = papers / "spoilt.jwt"
    spoilt.write_bytes(raw[:at] + bytes((raw[at] ^ 1 << bit,)) + raw[at + 1 :])

    assert verdict(spoilt) == "no"


@given(
    st.from_regex(rb"[A-Za-z0-9_-]{0,90}(\.[A-Za-z0-9_-]{0,90}){0,3}", fullmatch=True)
)
def test_any_text_is_read_or_refused(raw: bytes) -> None:
    with pytest.raises(RemoteError):
        open_jwt(raw)
