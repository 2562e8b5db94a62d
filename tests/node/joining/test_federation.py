"""`fabnet federate` and `fabnet admit`: stewards sign in turn, each at home."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fabnet.cooperation.charter import Charter, lineage_of, open_charter
from fabnet.cooperation.membership import Membership, open_membership
from fabnet.node.cli.main import main
from fabnet.node.founding import MEMBERSHIP_MS
from fabnet.records.credential import open_credential

Capture = pytest.CaptureFixture[str]
TOWNS = ("jackson", "detroit", "barcelona")
PLACE = ("--latitude", "32.3", "--longitude", "-90.2", "--name")


@dataclass(frozen=True)
class Villages:
    """Three cooperatives that sit in a federation, and one that does not."""

    home: Path
    said: Callable[[], str]
    """What was printed since it was last asked for."""

    def key(self, name: str) -> str:
        return str(self.home / name / "keys" / "steward.pem")

    def charter(self, name: str) -> Path:
        return self.home / name / "charter.json"

    def id(self, name: str) -> str:
        found = lineage_of(self.charter(name).read_bytes())
        assert found is not None
        return found

    @property
    def federation(self) -> Path:
        return self.home / "federation.json"

    @property
    def membership(self) -> Path:
        return self.home / "membership.json"

    def federates(self, *who: str, document: Path | None = None, **said: str) -> int:
        words = {"name": "Fab Cities", "quorum": "2", **said}
        seats = [("--seat", str(self.charter(town))) for town in TOWNS]
        return main(
            [
                "federate",
                *(word for pair in seats for word in pair),
                *(f"--{name}={value}" for name, value in words.items()),
                *(f"--key={self.key(each)}" for each in who),
                *([] if document is None else ["--document", str(document)]),
                *("--write", str(self.federation)),
            ]
        )

    def admits(self, *words: str, who: str = "loom", by: tuple[str, ...] = ()) -> int:
        return main(
            [
                *("admit", self.id(who) if who in ("loom", *TOWNS) else who),
                *("--federation", str(self.federation), *words),
                *(f"--key={self.key(each)}" for each in by),
                *("--write", str(self.membership)),
            ]
        )


@pytest.fixture
def villages(tmp_path: Path, capsys: Capture) -> Villages:
    for name in (*TOWNS, "loom"):
        assert main(["init", str(tmp_path / name), *PLACE, name]) == 0

    def said() -> str:
        printed = capsys.readouterr()
        return printed.out + printed.err

    said()
    return Villages(tmp_path, said)


@pytest.fixture
def federated(villages: Villages) -> Villages:
    assert villages.federates(*TOWNS) == 0
    villages.said()
    return villages


def federation_of(villages: Villages) -> Charter:
    found = open_charter(villages.federation.read_bytes(), previous=None)
    assert isinstance(found, Charter)
    return found


def membership_of(villages: Villages) -> Membership:
    raw = villages.membership.read_bytes()
    found = open_membership(raw, federation_of(villages))
    assert isinstance(found, Membership)
    return found


def test_a_federation_stands_when_every_steward_has_signed(villages: Villages) -> None:
    assert villages.federates("jackson") == 0
    assert "2 more of its stewards must sign" in villages.said()
    assert not isinstance(
        open_charter(villages.federation.read_bytes(), previous=None), Charter
    )
    for town in ("detroit", "barcelona"):
        assert villages.federates(town, document=villages.federation) == 0
    told = villages.said()

    federation = federation_of(villages)
    assert f"trusts {federation.id}" in told
    assert federation.name == "Fab Cities"
    assert federation.actor_kind == "federation"
    assert {seat for seat, _ in federation.seats} == {villages.id(it) for it in TOWNS}
    assert (federation.membership_quorum, federation.charter_quorum) == (2, 3)


def test_a_membership_counts_when_enough_stewards_have_signed_in_turn(
    federated: Villages,
) -> None:
    begin = ("--actor-type=worker_coop", "--fact=worker_owned", "--fact=private_only")
    assert federated.admits(*begin, by=("jackson",)) == 0
    assert "1 more of its stewards must sign" in federated.said()
    first = federated.membership.read_bytes()
    again = ("--document", str(federated.membership))
    assert federated.admits(*again, by=("jackson",)) == 0
    assert "1 more of its stewards must sign" in federated.said(), "twice is once"
    assert federated.admits(*again, "--json", by=("detroit",)) == 0

    told = json.loads(federated.said())
    membership = membership_of(federated)
    assert membership.member == told["member"] == federated.id("loom")
    assert membership.actor_type == told["actor_type"] == "worker_coop"
    assert list(membership.facts) == told["facts"] == ["private_only", "worker_owned"]
    assert told["lacks"] == 0
    lasts_ms = membership.valid_until_ms - membership.valid_from_ms
    assert lasts_ms == MEMBERSHIP_MS
    assert open_credential(first).id == membership.document, "the same document"


def test_a_member_may_be_named_by_the_file_of_its_charter(federated: Villages) -> None:
    who = str(federated.charter("loom"))
    begin = ("--actor-type", "nonprofit")
    assert federated.admits(*begin, who=who, by=("jackson", "detroit")) == 0
    assert membership_of(federated).member == federated.id("loom")


WRONG = {
    "no steward's key": (("--actor-type=firm",), "loom", ("loom",), "is no steward's"),
    "no actor": ((), "loom", ("jackson",), "--actor-type"),
    "no such fact": (
        ("--actor-type=firm", "--fact=worker-owned"), "loom", ("jackson",),
        "no licence asks for it; worker_owned?"),
    "no charter": (("--actor-type=firm",), "sha256:12", ("jackson",), "MEMBER"),
    "a document that is none": (
        ("--document=/dev/null",), "loom", ("jackson",), "is no membership"),
    "no such document": (
        ("--document=/nowhere",), "loom", ("jackson",), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "who", "by", "why"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_signed_is_refused_and_nothing_is_written(
    federated: Villages, words: tuple[str, ...], who: str, by: tuple[str, ...], why: str
) -> None:
    assert federated.admits(*words, who=who, by=by) == 1
    assert why in federated.said()
    assert not federated.membership.exists()


OTHERS = {
    "another member": ((), "detroit", "is of another member"),
    "another actor": (("--actor-type=firm",), "loom", "actorType worker_coop"),
    "other facts": (("--fact=private_only",), "loom", "facts"),
}


@pytest.mark.parametrize(("words", "who", "why"), OTHERS.values(), ids=OTHERS)
def test_nobody_signs_by_mistake_what_others_meant_otherwise(
    federated: Villages, words: tuple[str, ...], who: str, why: str
) -> None:
    begin = ("--actor-type=worker_coop", "--fact=worker_owned")
    assert federated.admits(*begin, by=("jackson",)) == 0
    before = federated.membership.read_bytes()
    document = ("--document", str(federated.membership))
    assert federated.admits(*document, *words, who=who, by=("detroit",)) == 1
    assert why in federated.said()
    assert federated.membership.read_bytes() == before


def test_a_cooperative_admits_nobody(federated: Villages) -> None:
    words = ["admit", federated.id("loom"), "--actor-type", "firm"]
    asked = [*words, "--federation", str(federated.charter("jackson"))]
    ends = ["--key", federated.key("jackson"), "--write", str(federated.membership)]
    assert main([*asked, *ends]) == 1
    assert "jackson is no federation" in federated.said()


@pytest.mark.parametrize("quorum", ["0", "4"])
def test_a_federation_that_could_admit_nobody_is_not_founded(
    villages: Villages, quorum: str
) -> None:
    assert villages.federates("jackson", quorum=quorum) == 1
    assert "expected 1 to 3, as there are seats" in villages.said()
    assert not villages.federation.exists()


def test_other_words_than_the_first_steward_signed_are_not_signed(
    villages: Villages,
) -> None:
    assert villages.federates("jackson") == 0
    before = villages.federation.read_bytes()
    document = villages.federation
    assert villages.federates("detroit", document=document, quorum="1") == 1
    assert villages.federates("loom", document=document) == 1
    assert villages.federation.read_bytes() == before
