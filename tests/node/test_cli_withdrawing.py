"""Rightsholders sign a withdrawal together or one after the other, and see it told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabnet.content.cid import of_raw
from fabnet.designs.documents.withdrawal import (
    Withdrawal,
    Withdrawn,
    open_withdrawal,
    withdrawal_in,
)
from fabnet.node.api.answers import AffectedJob, Recipient, WithdrawalAnswer
from fabnet.node.cli.commons.withdrawing import _people, _told, sign
from fabnet.node.cli.main import main
from fabnet.node.keyring import write_secret
from fabnet.records.keys import SigningKey
from tests.designs.samples import ADA, BEN, cid_of, revision

Capture = pytest.CaptureFixture[str]
DESIGN = revision()
CID = cid_of(DESIGN)
SAID = Withdrawal(revision=CID, severity="stop", reason="The arm breaks.")
THEN_MS = 1_750_000_000_000


def pem(folder: Path, name: str, key: SigningKey) -> str:
    write_secret(folder / name, key.to_pem())
    return str(folder / name)


def test_rightsholders_in_one_place_sign_at_once() -> None:
    document = sign(None, SAID, [ADA, BEN], THEN_MS)

    found = open_withdrawal(document, DESIGN, CID)
    assert isinstance(found, Withdrawn)
    assert found.withdrawal == SAID


def test_those_in_two_places_pass_a_file_on(tmp_path: Path, capsys: Capture) -> None:
    ada, ben = pem(tmp_path, "ada.pem", ADA), pem(tmp_path, "ben.pem", BEN)
    half, whole = str(tmp_path / "half.json"), str(tmp_path / "whole.json")
    words = ["withdraw", CID, "--reason", "The arm breaks.", "--severity", "stop"]

    assert main([*words, "--key", ada, "--write", half]) == 0
    assert main(["withdraw", CID, "--key", ben, "--document", half, "--write", whole,
                 "--json"]) == 0  # fmt: skip

    raw = Path(whole).read_bytes()
    assert isinstance(open_withdrawal(raw, DESIGN, CID), Withdrawn)
    assert withdrawal_in(raw) == SAID
    told = capsys.readouterr().out
    signed = json.loads(told[told.index("{") :])
    assert signed["signed_by"] == sorted((ADA.public.did, BEN.public.did))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bafk", "--reason", "x"], "CID: cid: expected 59"),
        ([CID], "--reason: expected what is wrong"),
        ([CID, "--reason", "x" * 401], "--reason: expected 1 to 400"),
        ([CID, "--reason", "x", "--replacement", CID], "--replacement: expected an"),
        ([of_raw(b"other"), "--document", "half.json"], "is of another revision"),
        ([CID, "--reason", "y", "--document", "half.json"], "says something else"),
        ([CID, "--document", "nowhere.json"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(
    words: list[str],
    told: str,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "half.json").write_bytes(sign(None, SAID, [ADA], THEN_MS))
    ben = pem(tmp_path, "ben.pem", BEN)

    assert main(["withdraw", *words, "--key", ben, "--write", "out.json"]) == 1

    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_a_recall_is_told_with_its_reason_and_its_jobs() -> None:
    job = AffectedJob(
        "bafkreiabcdefgh", "abcdefgh", "facility", "final", "sha256:1", 3, 2
    )
    told = _told(
        WithdrawalAnswer(
            CID, "Coat hook", True, "recall", "It breaks.", ["Ada", "Ben"],
            of_raw(b"newer"), THEN_MS, [job], 4,
        )
    )  # fmt: skip

    for words in (
        f"Coat hook  {CID}",
        "RECALL: make no more of it, and use no more of what was made",
        "signed by Ada, Ben, 2025-06-15 15:06 UTC",
        f"make instead: {of_raw(b'newer')}",
        "abcdefgh  facility  final  2 of 3  sha256:1",
        "and 4 more",
    ):
        assert words in told


def test_one_that_cannot_be_verified_says_so() -> None:
    told = _told(WithdrawalAnswer(CID, "", False, "", "", [], None, 0, [], 0))

    assert "not verified" in told
    assert "no job here used it" in told


def test_recipients_who_are_not_known_are_asked_of_their_cooperative() -> None:
    one = Recipient(
        "bafk", "abcdefgh", "requester", "sha256:1", 2, "Rosa", "ring twice"
    )
    two = Recipient("bafk", "ijklmnop", "facility", "sha256:2", 1, "", "")

    told = _people([one, two])

    assert "Rosa" in told
    assert "ask sha256:2" in told
