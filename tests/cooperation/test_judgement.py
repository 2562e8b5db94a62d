"""What may be asked for: each rule has one reason, and the first that fails is told."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import of_raw
from fabnet.cooperation.judgement import accepted_materials, may_request
from fabnet.designs.revision import Part, Revision
from fabnet.production.place import place_at
from fabnet.production.request import Item, Request
from fabnet.records.ids import CharterId
from fabnet.records.refusal import Refusal
from tests.sim.cities import hook

DESIGN = hook()
PART = DESIGN.parts[0]
CID = of_raw(b"hook")


def wanting(*materials: str, part: str = PART.name) -> Request:
    return Request(
        (Item(CID, part, 6),), 1_000, None, "other", "make_for_peer_at_cost", (),
        materials, None, place_at(0, 0), CharterId("sha256:" + "0" * 64), "0" * 64,
    )  # fmt: skip


def judged(
    request: Request,
    *,
    revision: Revision = DESIGN,
    expression: str | None = "CERN-OHL-S-2.0",
    withdrawn: str | None = None,
) -> Refusal | None:
    return may_request(
        request, revision=revision, cid=request.items[0].revision,
        expression=expression, withdrawn=withdrawn, actor="nonprofit",
        facts=frozenset(),
    )  # fmt: skip


def of_material(*materials: str) -> Part:
    requirement = msgspec.structs.replace(PART.requirement, materials=materials)
    return msgspec.structs.replace(PART, requirement=requirement)


def test_what_nothing_forbids_may_be_asked_for() -> None:
    assert judged(wanting()) is None
    assert judged(wanting(*PART.requirement.materials)) is None


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (judged(wanting(), withdrawn="it breaks"), "design-withdrawn"),
        (judged(wanting(), expression=None), "no-valid-grant"),
        (judged(wanting(part="Handle")), "no-such-part"),
        (judged(wanting("granite")), "no-accepted-material"),
    ],
)
def test_the_first_rule_that_fails_is_told(
    refusal: Refusal | None, reason: str
) -> None:
    assert refusal is not None
    assert refusal.reason == reason


def test_only_what_both_allow_is_planned_with() -> None:
    assert accepted_materials(wanting("pla", "petg"), of_material("petg", "abs")) == (
        "petg",
    )
    assert accepted_materials(wanting("pla"), of_material()) == ("pla",)
    assert accepted_materials(wanting("granite"), of_material("pla")) == ()
