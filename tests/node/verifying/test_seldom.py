"""`fabnet verify` of papers that are seldom asked about."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fabnet.cooperation.charter import Charter, open_charter
from fabnet.cooperation.membership import DOCUMENT_KIND as MEMBERSHIP
from fabnet.designs.documents import passport as passports
from fabnet.designs.documents.passport import open_passport, passport_subject
from fabnet.node import founding
from fabnet.records.credential import issue
from tests.node.cooperative import NODE, STEWARD, policy
from tests.node.cooperative import charter as charter_of_ours
from tests.node.publishing.folders import ADA
from tests.node.verifying.papers import MADE, NOW_MS, signed, write_papers
from tests.node.verifying.test_verify import reasons, verified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The papers of a design, in a folder of their own."""
    write_papers(tmp_path / "hook")
    return tmp_path / "hook" / "fabnet"


def holds(path: Path, raw: bytes, *given: Path) -> list[str]:
    path.write_bytes(raw)
    return reasons(verified(path, *given), "ok")


def test_a_kind_that_is_not_known_cannot_be_told(tmp_path: Path) -> None:
    poem = tmp_path / "poem.json"
    poem.write_bytes(signed("FabnetPoem", {"line": "Of hooks I sing."}, ADA))

    assert reasons(verified(poem), "unknown") == ["kind-not-known"]


def test_a_policy_and_a_membership_hold_with_the_charters_they_rest_on(
    tmp_path: Path,
) -> None:
    ours = tmp_path / "charter.json"
    ours.write_bytes(charter_of_ours())
    opened = open_charter(charter_of_ours(), previous=None)
    assert isinstance(opened, Charter)
    region = founding.federation(
        "Region", [(opened.id, STEWARD)], membership_quorum=1, moment_ms=NOW_MS
    )
    federation = tmp_path / "federation.json"
    federation.write_bytes(region)
    member = founding.membership(
        opened.id, founding.id_of(region), actor_type="worker_coop", facts=(),
        stewards=[STEWARD], moment_ms=NOW_MS,
    )  # fmt: skip

    assert "policy-holds" in holds(tmp_path / "policy.json", policy(), ours)
    told = holds(tmp_path / "membership.json", member, federation)
    assert "membership-holds" in told


def test_what_counts_until_a_day_says_so_and_is_over_after_it(tmp_path: Path) -> None:
    member = tmp_path / "membership.json"
    member.write_bytes(
        issue(
            MEMBERSHIP, issuer=STEWARD.public.did, subject={}, valid_from=MADE,
            valid_until="2026-04-01T12:00:00Z", keys=[STEWARD], created=MADE,
        )
    )  # fmt: skip

    assert "valid-now" in reasons(verified(member), "ok")
    later = verified(member, now_ms=NOW_MS + 60 * 86_400_000)
    assert "no-longer-valid" in reasons(later, "no")


def test_a_passport_keeps_to_the_grant_and_to_the_charter_of_its_maker(
    folder: Path,
) -> None:
    raw = (folder / "passport.json").read_bytes()
    said = open_passport(raw)
    notice = msgspec.structs.replace(said.notice, licence="MIT")
    freer = msgspec.structs.replace(said, notice=notice)
    (folder / "passport.json").write_bytes(
        signed(passports.CREDENTIAL, {**passport_subject(freer)}, NODE)
    )
    assert "licence-differs" in reasons(
        verified(folder / "passport.json", folder), "no"
    )

    elsewhere = msgspec.structs.replace(said, made_by=ADA.public.peer)
    (folder / "passport.json").write_bytes(
        signed(passports.CREDENTIAL, {**passport_subject(elsewhere)}, ADA)
    )
    assert "node-not-named" in reasons(verified(folder / "passport.json", folder), "no")
