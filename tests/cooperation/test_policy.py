"""What members voted, whole, and refused by name where it makes no sense."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.policy import (
    DEFAULTS,
    charter_of,
    open_policy,
    policy_subject,
)
from fabnet.errors import InputError, MalformedError
from fabnet.production.plan import Weights
from fabnet.production.request import NEED_CODES
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.cooperation.people import (
    ALICE,
    BOB,
    MALLORY,
    enacted,
    federation,
    mill,
    policy_bytes,
)

FILE = """
roundS = 1
openTo = ["members", "federation", "strangers"]

[needWeights]
life-and-health = 9000

[weights]
ownFirstS = 0

[minutes]
setUp = 12

[ceilings]
energyWhPerMonth = 400000
"""


def test_a_file_names_only_what_it_changes() -> None:
    policy = enacted(tomllib.loads(FILE))

    assert (policy.version, policy.charter) == (1, mill().id)
    assert policy.round_s == 1
    assert policy.hold_s == DEFAULTS["holdS"]
    assert policy.open_to == ("members", "federation", "strangers")
    assert policy.need_weight("life-and-health") == 9_000
    assert policy.need_weight("other") == 1_000
    assert policy.weights == Weights(3_000, 60, 1_800, 0)
    assert (policy.set_up_minutes, policy.quality_minutes_per_piece) == (12, 1)
    assert (policy.energy_wh_per_month, policy.mass_mg_per_month) == (400_000, None)


def test_what_is_signed_is_whole() -> None:
    subject = policy_subject({}, mill().id, 3)

    assert set(subject) == {*DEFAULTS, "charter", "version"}
    assert subject == {**DEFAULTS, "charter": mill().id, "version": 3}


def test_every_need_has_a_weight_by_default_in_their_order() -> None:
    policy = enacted({})

    weights = [policy.need_weight(code) for code in NEED_CODES]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(NEED_CODES)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"rounds": 5}, "rounds: no such key; the nearest is roundS"),
        (
            {"weights": {"distance": 5}},
            "weights.distance: .* nearest is distanceSPerKm",
        ),
        ({"needWeights": {"health": 1}}, "needWeights.health: .* is life-and-health"),
        ({"zzz": 1}, "zzz: no such key; the nearest is "),
        ({"version": 7}, "version: no such key"),
        ({"roundS": 0}, "roundS: expected int >= 1"),
        ({"roundS": 121}, "roundS: expected int <= 120"),
        ({"roundS": True}, "roundS: expected int, got bool"),
        ({"holdS": 1.5}, "holdS: expected int, got float"),
        ({"holdS": "600"}, "holdS: expected int, got str"),
        ({"piecesPerRequestMax": 10**9}, "piecesPerRequestMax: expected int <= 10000"),
        ({"weights": 5}, "weights: expected a table of keys"),
        ({"weights": {"ownFirstS": -1}}, "weights.ownFirstS: expected int >= 0"),
        ({"openTo": ["everybody"]}, "openTo: expected some of members, federation"),
        ({"openTo": "members"}, "openTo: expected some of"),
        ({"ceilings": {"massMgPerMonth": -1}}, "ceilings.massMgPerMonth: expected int"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key_and_what_was_expected(
    fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        policy_subject(fields, mill().id, 1)


def test_no_key_of_a_policy_is_about_money() -> None:
    words = json.dumps(DEFAULTS).lower()

    assert not [word for word in ("price", "pay", "money", "fee") if word in words]


@pytest.mark.parametrize("signers", [[ALICE], [ALICE, MALLORY]])
def test_a_policy_needs_the_quorum_of_its_stewards(signers: list[SigningKey]) -> None:
    charter = mill()
    raw = policy_bytes(policy_subject({}, charter.id, 1), *signers)

    refusal = open_policy(raw, charter)

    assert refusal == Refusal("policy-quorum-not-met", (("needed", 2),))
    assert charter_of(raw) == charter.id


def test_the_policy_of_another_charter_binds_nobody_here() -> None:
    raw = policy_bytes(policy_subject({}, federation().id, 1), ALICE, BOB)

    refusal = open_policy(raw, mill())

    assert isinstance(refusal, Refusal)
    assert refusal.reason == "another-charter"


@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_a_signed_policy_that_is_not_whole_is_malformed(key: str) -> None:
    charter = mill()
    subject = policy_subject({}, charter.id, 1)
    del subject[key]

    with pytest.raises(MalformedError, match=f"policy: .*{key}"):
        open_policy(policy_bytes(subject, ALICE, BOB), charter)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "roundS": st.integers(1, 120),
            "holdS": st.integers(1, 86_400),
            "openTo": st.lists(st.sampled_from(["members", "strangers"]), max_size=3),
            "ceilings": st.fixed_dictionaries(
                {}, optional={"energyWhPerMonth": st.none() | st.integers(0, 10**9)}
            ),
        },
    )
)
def test_what_a_person_wrote_within_bounds_is_what_is_enacted(
    fields: dict[str, object],
) -> None:
    policy = enacted(fields)

    assert policy.round_s == fields.get("roundS", DEFAULTS["roundS"])
    assert policy.hold_s == fields.get("holdS", DEFAULTS["holdS"])
    assert list(policy.open_to) == fields.get("openTo", DEFAULTS["openTo"])
