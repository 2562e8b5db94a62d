"""What may be asked for: each rule has one reason, and the first that fails is told."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.content.cid import of_raw
from fabnet.cooperation.judgement import (
    Party,
    Station,
    accepted_materials,
    is_dispute,
    may_lease,
    may_request,
    may_start,
)
from fabnet.designs.documents.dispute import Disputed
from fabnet.designs.documents.terms import NO_TERMS, Terms
from fabnet.designs.revision import Part, Revision
from fabnet.production.capability import Capability
from fabnet.production.lots.making import Making
from fabnet.production.offer import CapacityOffer
from fabnet.production.place import place_at
from fabnet.production.request import Item, Request
from fabnet.records.ids import CharterId, DocumentId, FacilityId, Window
from fabnet.records.refusal import Refusal
from tests.cooperation.people import enacted
from tests.production.samples import MACHINE, changed, queued
from tests.sim.cities import hook

DESIGN = hook()
PART = DESIGN.parts[0]
CID = of_raw(b"hook")
GRANT = DocumentId("sha256:" + "1" * 64)
GRANTED = Terms(((GRANT, "CERN-OHL-S-2.0"),), (), "CERN-OHL-S-2.0")


def wanting(*materials: str, part: str = PART.name) -> Request:
    return Request(
        (Item(CID, part, 6),), 1_000, None, "other", "make_for_peer_at_cost", (),
        materials, None, place_at(0, 0), CharterId("sha256:" + "0" * 64), "0" * 64,
    )  # fmt: skip


def judged(
    request: Request,
    *,
    revision: Revision = DESIGN,
    terms: Terms = GRANTED,
    withdrawn: str | None = None,
) -> Refusal | None:
    return may_request(
        request, revision=revision, cid=request.items[0].revision,
        terms=terms, withdrawn=withdrawn, actor="nonprofit",
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
        (judged(wanting(), terms=NO_TERMS), "no-valid-grant"),
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


# ------------------------------------------------------------------ when it is begun


def started(
    licence: str,
    *,
    terms: Terms | None = None,
    withdrawn: str | None = None,
    maker: str = "worker_coop",
    design: Revision = DESIGN,
) -> str | None:
    """Why a lot that was leased under `licence` may not be begun."""
    making = changed(
        queued(), part=PART.name, act="make_for_peer_at_cost", licence=licence,
        facts=("cost_recovery_only", "noncommercial_purpose"),
    )  # fmt: skip
    refusal = may_start(
        making,
        revision=design,
        terms=granting("CC-BY-NC-SA-4.0 OR MIT") if terms is None else terms,
        withdrawn=withdrawn,
        maker=Party(maker, frozenset(), "members"),
        requester=Party("individual", frozenset(), "federation"),
    )
    return None if refusal is None else refusal.reason


def granting(expression: str) -> Terms:
    return Terms(((GRANT, expression),), (), expression)


def test_what_was_leased_may_be_begun_while_its_terms_hold() -> None:
    assert started("MIT") is None
    assert started("CC-BY-NC-SA-4.0") is None
    assert started("MIT", maker="firm") is None


def test_the_terms_that_were_elected_and_signed_must_still_be_enough() -> None:
    assert started("CC-BY-NC-SA-4.0", maker="firm") == "licence-review-unclear"


def test_a_recall_or_a_lost_grant_stops_what_was_leased() -> None:
    assert started("MIT", withdrawn="it breaks") == "design-withdrawn"
    assert started("MIT", terms=NO_TERMS) == "no-valid-grant"
    assert started("MIT", terms=granting("CC-BY-NC-4.0"), maker="firm") == (
        "licence-review-unclear"
    )


def test_a_licence_that_wants_the_source_to_be_had_needs_a_place_for_it() -> None:
    nowhere = msgspec.structs.replace(DESIGN, source_location="")

    assert started("CERN-OHL-S-2.0", terms=GRANTED, design=nowhere) == (
        "no-source-location"
    )


# ------------------------------------------------------------------ when it is leased


def test_a_window_is_long_enough_for_what_is_asked_in_it() -> None:
    capable = Capability(
        "3d-printing.fdm", ("pla", "petg"), 300_000, 300_000, 300_000, 200, None,
        (400,), (), 120,
    )  # fmt: skip
    offer = CapacityOffer(
        MACHINE, FacilityId("mill"), capable, 1_000, 60, 120, (), ("members",), 3_600
    )
    making = changed(queued(), part=PART.name)
    station = Station("idle", ((offer, 1),), (Window(making.start_ms, making.end_ms),))
    member = Party("worker_coop", frozenset(), "members")
    refusal = may_lease(
        changed(making, end_ms=making.start_ms + 1_000), revision=DESIGN,
        terms=GRANTED, withdrawn=None, station=station, policy=enacted({}),
        maker=member, requester=member,
    )  # fmt: skip
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "window-too-short"


# ------------------------------------------------------------------ under dispute

DISPUTE = Disputed(DocumentId("sha256:" + "2" * 64), GRANT, "The Mill", "It is ours.")
CONTESTED = Terms((), (("CERN-OHL-S-2.0", DISPUTE),))
NC_LEFT = Terms(
    ((GRANT, "CC-BY-NC-4.0"),), (("CERN-OHL-S-2.0", DISPUTE),), "CC-BY-NC-4.0"
)
FIRM = Party("firm", frozenset(), "federation")


def confirmed(part: str = PART.name) -> Making:
    return changed(
        queued(), revision=CID, part=part, state="ready", licence="CERN-OHL-S-2.0"
    )


def starting(terms: Terms) -> Refusal | None:
    return may_start(
        confirmed(), revision=DESIGN, terms=terms, withdrawn=None, maker=FIRM,
        requester=FIRM,
    )  # fmt: skip


def test_what_only_a_disputed_grant_allows_is_for_a_person_to_decide() -> None:
    refusal = judged(wanting(), terms=CONTESTED)

    assert refusal == Refusal(
        "licence-review-disputed", (("by", "The Mill"), ("why", "It is ours."))
    )


def test_a_confirmed_lot_waits_while_its_only_ground_is_disputed() -> None:
    assert starting(GRANTED) is None
    for terms in (CONTESTED, NC_LEFT):
        waits = starting(terms)
        assert waits == judged(wanting(), terms=CONTESTED)
        assert waits is not None
        assert is_dispute(waits)


def test_a_dispute_does_not_hold_what_another_grant_allows() -> None:
    both = Terms(GRANTED.granted, CONTESTED.disputed, GRANTED.expression)

    assert starting(both) is None
    assert judged(wanting(), terms=both) is None


def test_a_licence_that_came_to_forbid_it_is_no_dispute() -> None:
    refusal = starting(granting("CC-BY-NC-4.0"))

    assert refusal is not None
    assert not is_dispute(refusal)
