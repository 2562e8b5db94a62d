"""`fabnet verify`: what is altered is a no, what is missing is unknown, never a yes."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.cooperation.charter import Charter, open_charter
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.documents.dispute import Dispute, dispute_subject
from fabnet.designs.documents.withdrawal import Withdrawal
from fabnet.designs.documents.withdrawal import subject_of as withdrawal_subject
from fabnet.errors import InputError
from fabnet.node import founding
from fabnet.node.cli.main import main
from fabnet.node.verifying.asking import Asked, verify
from fabnet.node.verifying.check import Check, overall
from fabnet.node.verifying.terms import check_terms
from fabnet.records.ids import CharterId
from fabnet.records.keys import SigningKey
from tests.node.cooperative import NODE, STEWARD, charter_id
from tests.node.cooperative import charter as charter_of_ours
from tests.node.publishing.folders import ADA, drafted, folder_cid, write_hook
from tests.node.verifying.papers import (
    NOW_MS,
    acceptance_of,
    id_of,
    passport_of,
    signed,
    write_papers,
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design's folder with all its papers."""
    folder = tmp_path_factory.mktemp("whole") / "hook"
    write_papers(folder)
    return folder


def verified(
    subject: Path | str, *given: Path, cid: str | None = None, now_ms: int = NOW_MS
) -> list[Check]:
    return verify(Asked(str(subject), given, None, cid), now_ms)  # type: ignore[arg-type]  # a CID


def verdict(subject: Path | str, *given: Path) -> str:
    return overall(verified(subject, *given))


def reasons(checks: list[Check], worst: str) -> list[str]:
    return [check.why.reason for check in checks if check.verdict == worst]


# ------------------------------------------------------------------ what holds


def test_a_whole_folder_holds_and_its_files_are_all_looked_at(whole: Path) -> None:
    checks = verified(whole)

    assert overall(checks) == "ok", reasons(checks, "no") + reasons(checks, "unknown")
    told = {check.what: check.why.reason for check in checks}
    assert told["files"] == "files-whole"
    assert told["grants"] == "grant-holds"
    assert told["passport.json acceptance"] == "acceptance-holds"
    assert told["passport.json maker"] == "node-named"


@pytest.mark.parametrize("name", ["grant", "passport", "acceptance", "charter"])
def test_a_document_holds_with_what_it_rests_on(whole: Path, name: str) -> None:
    assert verdict(whole / "fabnet" / f"{name}.json", whole / "fabnet") == "ok"


@pytest.mark.parametrize("name", ["grant", "passport", "acceptance"])
def test_alone_it_cannot_be_told(whole: Path, name: str) -> None:
    assert verdict(whole / "fabnet" / f"{name}.json") == "unknown"


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("revision", "design-not-here"),
        ("grant", "grant-not-here"),
        ("acceptance", "acceptance-not-here"),
        ("charter", "charter-not-here"),
    ],
)
def test_a_passport_says_what_it_misses(
    whole: Path, missing: str, says: str, tmp_path: Path
) -> None:
    shutil.copytree(whole / "fabnet", tmp_path / "some")
    (tmp_path / "some" / f"{missing}.json").unlink()

    checks = verified(whole / "fabnet" / "passport.json", tmp_path / "some")

    assert reasons(checks, "no") == []
    assert says in reasons(checks, "unknown")


def test_a_missing_file_is_unknown_and_a_missing_grant_too(
    whole: Path, tmp_path: Path
) -> None:
    at = tmp_path / "hook"
    shutil.copytree(whole, at)
    (at / "hook.scad").unlink()
    assert reasons(verified(at), "unknown") == ["file-not-here"]

    (at / "fabnet" / "grant.json").unlink()
    assert "no-grant-here" in reasons(verified(at), "unknown")


def test_files_beside_the_design_are_nobodys_business(
    whole: Path, tmp_path: Path
) -> None:
    at = tmp_path / "hook"
    shutil.copytree(whole, at)
    (at / "notes.txt").write_text("mine")
    (at / "package.json").write_text("not JSON at all")

    assert verdict(at) == "ok"


def test_documents_may_lie_beside_the_files(whole: Path, tmp_path: Path) -> None:
    at = tmp_path / "hook"
    shutil.copytree(whole, at)
    for each in (at / "fabnet").iterdir():
        each.rename(at / each.name)
    assert verdict(at) == "ok"
    (at / "grant-2.json").write_text("{}")
    assert verdict(at) == "no"


# ------------------------------------------------------------------ what does not


@contextmanager
def flipped(path: Path, byte: int, bit: int) -> Iterator[None]:
    """Hold a file with one bit turned over."""
    raw = path.read_bytes()
    at = byte % len(raw)
    path.write_bytes(raw[:at] + bytes((raw[at] ^ 1 << bit,)) + raw[at + 1 :])
    try:
        yield
    finally:
        path.write_bytes(raw)


SPOILT = st.tuples(st.integers(0, 7), st.integers(0, 100_000), st.integers(0, 7))


@given(SPOILT)
@settings(max_examples=150, deadline=None)
def test_one_bit_anywhere_in_a_folder_makes_it_a_no(
    whole: Path, spoilt: tuple[int, int, int]
) -> None:
    number, byte, bit = spoilt
    named = (*(whole / "fabnet").iterdir(), whole / "hook.scad", whole / "okh.toml")
    files = sorted((*named, whole / "docs" / "how to.md"))
    path = files[number % len(files)]
    with flipped(path, byte, bit):
        assert verdict(whole) == "no", path


@given(SPOILT)
@settings(max_examples=150, deadline=None)
def test_one_bit_anywhere_in_a_document_makes_it_a_no(
    whole: Path, spoilt: tuple[int, int, int]
) -> None:
    number, byte, bit = spoilt
    names = ("grant", "passport", "acceptance", "charter")
    path = whole / "fabnet" / f"{names[number % 4]}.json"
    with flipped(path, byte, bit):
        assert verdict(path) == "no"


@given(SPOILT)
@settings(max_examples=100, deadline=None)
def test_one_bit_anywhere_in_what_it_rests_on_makes_it_a_no(
    whole: Path, spoilt: tuple[int, int, int]
) -> None:
    number, byte, bit = spoilt
    papers = sorted((whole / "fabnet").iterdir())
    with flipped(papers[number % len(papers)], byte, bit):
        assert verdict(whole / "fabnet" / "passport.json", whole / "fabnet") == "no"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_no_and_never_an_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(raw)

    assert verdict(path) == "no"


def test_the_wrong_name_is_a_no(whole: Path) -> None:
    manifest = (whole / "fabnet" / "revision.json").read_bytes()

    def said(cid: str) -> str:
        return overall(verified(whole, cid=cid))

    design_files = write_only_design(whole)
    assert said(of_raw(manifest)) == "ok"
    assert said(design_files) == "ok"
    assert said(of_raw(b"another")) == "no"
    assert said(folder_cid(whole)) == "no"  # with the papers it is another folder


def write_only_design(whole: Path) -> str:
    """Return the name of the folder without papers and what the manifest leaves out."""
    copy = whole.parent / "only"
    shutil.copytree(
        whole,
        copy,
        ignore=shutil.ignore_patterns("fabnet", "ganxo*"),
        dirs_exist_ok=True,
    )
    return folder_cid(copy)


def test_a_link_in_place_of_a_file_is_a_no(whole: Path, tmp_path: Path) -> None:
    at = tmp_path / "hook"
    shutil.copytree(whole, at)
    (at / "hook.scad").rename(tmp_path / "elsewhere")
    (at / "hook.scad").symlink_to(tmp_path / "elsewhere")

    assert reasons(verified(at), "no") == ["not-read"]


def test_a_grant_of_another_design_is_a_no(whole: Path, tmp_path: Path) -> None:
    at = tmp_path / "hook"
    shutil.copytree(whole, at)
    other = write_hook(tmp_path / "other")
    (other / "hook.scad").write_text("cube(1);\n")
    (at / "fabnet" / "grant.json").write_bytes(drafted(other).grant)

    assert "another-design" in reasons(verified(at), "no")


@pytest.mark.parametrize(
    ("part", "pieces", "elected", "says"),
    [
        ("hat", 2, "CERN-OHL-S-2.0", "no-such-part-here"),
        ("hook", 3, "CERN-OHL-S-2.0", "acceptance-differs"),
        ("hook", 2, "MIT", "acceptance-differs"),
    ],
)
def test_a_passport_that_says_more_than_was_accepted_is_a_no(
    whole: Path, tmp_path: Path, part: str, pieces: int, elected: str, says: str
) -> None:
    shutil.copytree(whole / "fabnet", tmp_path / "papers")
    papers = tmp_path / "papers"
    grant = (papers / "grant.json").read_bytes()
    cid = of_raw((papers / "revision.json").read_bytes())
    accepted = acceptance_of(cid, grant, elected=elected)
    (papers / "acceptance.json").write_bytes(accepted)
    passport = passport_of(cid, grant, accepted, part=part, pieces=pieces)
    (papers / "passport.json").write_bytes(passport)

    assert says in reasons(verified(papers / "passport.json", papers), "no")


def test_a_document_of_tomorrow_is_not_valid_yet(whole: Path) -> None:
    path = whole / "fabnet" / "charter.json"

    assert reasons(verified(path, now_ms=0), "no") == ["not-yet-valid"]


def test_an_unknown_licence_cannot_be_told() -> None:
    assert check_terms("CERN-OHL-S-2.0").verdict == "ok"
    assert check_terms("Frameworx-1.0").verdict == "unknown"
    assert check_terms("((").verdict == "no"


# ------------------------------------------------------------------ disputes


def disputed(whole: Path, at: Path, *, by: SigningKey, charter: bool = False) -> Path:
    """Copy the papers with a dispute of the grant; return the copy."""
    shutil.copytree(whole / "fabnet", at)
    manifest = (at / "revision.json").read_bytes()
    dispute = Dispute(
        revision=of_raw(manifest),
        grant=id_of((at / "grant.json").read_bytes()),
        reason="It is our hook.",
        charter=charter_id() if charter else None,
    )
    raw = signed(disputes.CREDENTIAL, {**dispute_subject(dispute)}, by)
    (at / "dispute.json").write_bytes(raw)
    return at


@pytest.mark.parametrize(("by", "charter"), [(ADA, False), (STEWARD, True)])
def test_a_disputed_grant_cannot_be_told(
    whole: Path, tmp_path: Path, by: SigningKey, charter: bool
) -> None:
    at = disputed(whole, tmp_path / "papers", by=by, charter=charter)

    for name in ("grant.json", "passport.json"):
        checks = verified(at / name, at)
        assert reasons(checks, "no") == []
        assert reasons(checks, "unknown") == ["grant-disputed"]
    assert verdict(at / "dispute.json", at) == "ok"
    assert verdict(at / "dispute.json") == "unknown"


def test_a_dispute_by_nobody_with_a_say_changes_nothing(
    whole: Path, tmp_path: Path
) -> None:
    for number, charter in enumerate((False, True)):
        at = disputed(whole, tmp_path / str(number), by=NODE, charter=charter)
        assert verdict(at / "grant.json", at) == "ok"
        assert verdict(at / "dispute.json", at) == "no"


def test_a_design_that_was_called_back_is_a_no(whole: Path, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    shutil.copytree(whole / "fabnet", papers)
    cid = of_raw((papers / "revision.json").read_bytes())
    recall = Withdrawal(revision=cid, severity="recall", reason="It breaks.")
    for key, told in ((NODE, "ok"), (ADA, "no")):
        raw = signed(withdrawals.CREDENTIAL, {**withdrawal_subject(recall)}, key)
        (papers / "withdrawal.json").write_bytes(raw)

        assert verdict(papers / "passport.json", papers) == told
        assert verdict(papers / "withdrawal.json", papers) == (
            "no" if key is NODE else "ok"
        )
    assert reasons(verified(papers / "passport.json", papers), "no") == ["called-back"]


# ------------------------------------------------------------------ the command


def test_the_exit_code_says_it(whole: Path, tmp_path: Path, capsys: Capture) -> None:
    spoilt = tmp_path / "hook"
    shutil.copytree(whole, spoilt)
    (spoilt / "hook.scad").write_text("cube(666);\n")

    assert main(["verify", str(whole)]) == 0
    assert main(["verify", str(spoilt)]) == 1
    assert main(["verify", str(whole / "fabnet" / "grant.json")]) == 2
    assert main(["verify", str(tmp_path / "nothing")]) == 64
    assert main(["verify", str(tmp_path)]) == 64
    assert main(["verify", str(whole), "--cid", "hook"]) == 64
    assert main(["verify", of_raw(b"elsewhere")]) == 2
    for words in ([], ["--colour", "red"], ["one", "two"]):
        with pytest.raises(SystemExit) as left:
            main(["verify", *words])
        assert left.value.code == 64
    told = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert ["no", "hook.scad", "its content is not what the manifest names"] in told


def test_json_has_every_check_with_its_code(whole: Path, capsys: Capture) -> None:
    assert main(["verify", str(whole), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "ok"
    assert told["checks"][0]["code"] == "named"
    manifest = (whole / "fabnet" / "revision.json").read_bytes()
    assert told["checks"][0]["args"] == {"cid": of_raw(manifest)}
    assert of_raw(manifest) in told["checks"][0]["why"]


def test_nobody_is_asked(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    assert verdict(whole) == "ok"


def test_nothing_to_look_at_is_no_verdict() -> None:
    assert overall([]) == "unknown"
    with pytest.raises(InputError):
        verified("no such thing")


def test_who_signs_is_shown(whole: Path) -> None:
    checks = verified(whole / "fabnet" / "grant.json", whole / "fabnet")
    assert dict(checks[0].why.args)["signers"] == ADA.public.did


def test_a_list_of_vouches_needs_its_vouchers_charter(tmp_path: Path) -> None:
    raw = charter_of_ours()
    opened = open_charter(raw, previous=None)
    assert isinstance(opened, Charter)
    other = CharterId("sha256:" + "1" * 64)
    (tmp_path / "charter.json").write_bytes(raw)
    for name, key in (("vouches", STEWARD), ("forged", ADA)):
        document = founding.vouches(
            opened, [("vouch", other)], year=2026, stewards=[key], moment_ms=NOW_MS
        )
        (tmp_path / f"{name}.json").write_bytes(document)

    with_charter = tmp_path / "charter.json"
    assert verdict(tmp_path / "vouches.json") == "unknown"
    assert verdict(tmp_path / "vouches.json", with_charter) == "ok"
    forged = verified(tmp_path / "forged.json", with_charter)
    assert reasons(forged, "no") == ["vouches-quorum-not-met"]
