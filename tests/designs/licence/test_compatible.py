"""What may be merged, what may stand side by side, and by which clause."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.licence.compatible import (
    ELECTIONS_MAX,
    assembly_ok,
    derivative_ok,
)
from fabnet.designs.licence.eligible import Permitted, Review, rank
from fabnet.designs.licence.expression import Refused
from fabnet.designs.licence.terms import table
from tests.designs.samples import shared

S, W, P = "CERN-OHL-S-2.0", "CERN-OHL-W-2.0", "CERN-OHL-P-2.0"
SHL = "Apache-2.0 WITH SHL-2.1"
BY_SA, BY_SA_3 = "CC-BY-SA-4.0", "CC-BY-SA-3.0"
GPL, GPL_LATER = "GPL-3.0-only", "GPL-3.0-or-later"
ACSL = "LicenseRef-scancode-anti-capitalist-1.4"
KNOWN = sorted(table().licences)
GRANTING = [id_ for id_ in KNOWN if id_ not in ("NONE", "NOASSERTION")]
NEVER_SHARED = ["CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"]

ids = st.sampled_from(KNOWN)
sources = st.lists(ids, min_size=1, max_size=3)

MERGES: list[tuple[str, dict[str, str]]] = [
    # What came under the first may go on under these, by the clause; `?` is review.
    (BY_SA_3, {BY_SA_3: "4(b)(i)", BY_SA: "4(b)(ii)"}),
    (BY_SA, {BY_SA: "3(b)(1)", "LAL-1.3": "3(b)(1)", GPL: "3(b)(1)"}),
    ("LAL-1.3", {"LAL-1.3": "2.3(3)", BY_SA: "5"}),
    ("CC-BY-NC-SA-4.0", {"CC-BY-NC-SA-4.0": "3(b)(1)"}),
    ("CC-BY-NC-4.0", {"CC-BY-NC-4.0": "3(a)(4)", "CC-BY-NC-SA-4.0": "3(a)(4)"}),
    ("CC-BY-ND-4.0", {}),
    ("CC-BY-NC-ND-4.0", {}),
    (S, {S: "3.3(d)"}),
    (W, {W: "3.3(d)", S: "?8.3"}),
    ("CERN-OHL-1.2", {"CERN-OHL-1.2": "3.4(e)", S: "?3.4(e)"}),
    ("TAPR-OHL-1.0", {"TAPR-OHL-1.0": "4.2"}),
    (GPL, {GPL: "5(c)"}),
    (GPL_LATER, {GPL_LATER: "5(c)", GPL: "5(c)", "AGPL-3.0-or-later": "?13"}),
    ("AGPL-3.0-or-later", {"AGPL-3.0-or-later": "5(c)"}),
    ("PPL", {"PPL": "4(a)"}),
    ("Hippocratic-2.1", {"Hippocratic-2.1": "Notice"}),
    (ACSL, {ACSL: "1"}),
    ("NONE", {}),
    ("NOASSERTION", {}),
]
FREE = ["CC0-1.0", "MIT", "Apache-2.0", P, SHL, "Apache-2.0 WITH SHL-2.0"]
FREE += ["CC-BY-4.0", "CC-BY-3.0"]


def clause(verdict: Permitted | Refused | Review) -> str:
    """The clause that a verdict cites first."""
    if isinstance(verdict, Permitted):
        return verdict.duties[0].cite
    return str(dict(verdict.args)["clause"])


# ------------------------------------------------------------------ merged in one work


@pytest.mark.parametrize(("source", "into"), MERGES, ids=[it[0] for it in MERGES])
def test_a_source_goes_on_under_these_licences_and_no_others(
    source: str, into: dict[str, str]
) -> None:
    for out in GRANTING:
        verdict = derivative_ok([source], out)
        cite = into.get(out)
        expected = Refused if cite is None else Review if cite[0] == "?" else Permitted
        assert type(verdict) is expected, (source, out, verdict)
        assert (cite or "").lstrip("?") in clause(verdict)
        assert clause(verdict)


@pytest.mark.parametrize("source", FREE)
def test_what_asks_only_for_its_notices_goes_on_under_anything_that_keeps_them(
    source: str,
) -> None:
    for out in GRANTING:
        verdict = derivative_ok([source], out)
        if out == "CC0-1.0" and source != out:
            assert isinstance(verdict, Review)  # a dedication keeps no notices
        else:
            assert isinstance(verdict, Permitted)
        assert clause(verdict)


def test_every_licence_of_the_table_is_in_one_of_the_two_lists() -> None:
    assert sorted([*FREE, *(source for source, _ in MERGES)]) == KNOWN


def test_share_alike_documents_and_hardware_cannot_be_one_file() -> None:
    for out in (BY_SA, S):
        refused = derivative_ok([BY_SA, S], out)
        assert isinstance(refused, Refused)
        assert refused.reason == "derivative-forbidden"
    assert clause(derivative_ok([BY_SA, S], S)) == "3(b)(1)"
    assert clause(derivative_ok([BY_SA, S], BY_SA)) == "3.3(d)"


def test_all_sources_must_agree_and_all_are_told() -> None:
    verdict = derivative_ok(["CC0-1.0", P, "CC-BY-4.0"], S)

    assert isinstance(verdict, Permitted)
    assert [duty.licence for duty in verdict.duties] == ["CC0-1.0", P, "CC-BY-4.0"]
    assert {duty.note for duty in verdict.duties} == {S}
    assert isinstance(derivative_ok(["CC0-1.0", W], S), Review)
    assert isinstance(derivative_ok([W, BY_SA], S), Refused)


def test_of_a_source_with_or_the_best_is_elected() -> None:
    verdict = derivative_ok(["CC-BY-ND-4.0 OR CERN-OHL-S-2.0"], S)

    assert isinstance(verdict, Permitted)
    assert verdict.elected == S
    assert isinstance(derivative_ok(["LicenseRef-ours OR MIT"], S), Permitted)


def test_of_a_source_with_and_both_must_agree() -> None:
    assert isinstance(derivative_ok([f"{S} AND MIT"], S), Permitted)
    assert isinstance(derivative_ok([f"{S} AND {BY_SA}"], S), Refused)


def test_who_offers_a_choice_must_be_free_to_offer_each_way() -> None:
    assert isinstance(derivative_ok([S], f"{S} OR MIT"), Refused)
    assert isinstance(derivative_ok(["MIT"], f"{S} OR MIT"), Permitted)
    assert isinstance(derivative_ok([f"{S} OR MIT"], f"{S} OR MIT"), Permitted)


def test_a_second_licence_may_stand_beside_only_if_it_adds_no_terms() -> None:
    assert isinstance(derivative_ok([S], f"{S} AND MIT"), Permitted)
    assert isinstance(derivative_ok([S], f"{S} AND {BY_SA}"), Refused)
    assert isinstance(derivative_ok([BY_SA], f"{BY_SA} AND CC-BY-NC-4.0"), Refused)
    both = f"{S} AND {BY_SA}"
    assert isinstance(derivative_ok([both], both), Permitted)


@pytest.mark.parametrize(
    ("given_", "out", "reason"),
    [
        ("LicenseRef-ours", S, "unknown"),
        (S, "LicenseRef-ours", "unknown"),
        ("MIT", "NONE", "grants-nothing"),
        ("MIT AND", S, "malformed"),
        (S, "\u0421\u04210-1.0", "odd-letters"),
        ("MIT", "CERN-OHL-S-2.0 WITH SHL-2.1", "unknown"),
    ],
)
def test_what_is_not_known_is_refused(given_: str, out: str, reason: str) -> None:
    for judge in (derivative_ok, assembly_ok):
        verdict = judge([given_], out)
        assert isinstance(verdict, Refused)
        assert verdict.reason == reason


def test_too_many_ways_to_elect_are_for_a_person() -> None:
    pair = "(MIT OR PPL)"
    wide = " AND ".join([pair] * 6)
    assert isinstance(derivative_ok([wide], "PPL"), Permitted)

    many = derivative_ok([" AND ".join([pair] * 30)], "PPL")
    assert many == Review("too-many-elections", (("most", ELECTIONS_MAX),))
    assert derivative_ok(["MIT"], " AND ".join([pair] * 30)) == many


def test_the_table_agrees_with_the_trial_but_for_what_is_dedicated() -> None:
    trial = json.loads((shared("licences") / "terms.json").read_text())

    for source, may_be in trial["derivative_may_be"].items():
        for out in GRANTING:
            if out == "CC0-1.0" != source and "*" in may_be:
                continue  # ours asks a person: the notices must stay
            marks = [it for it in may_be if it.split("?")[0] in ("*", out)]
            expected = (Review if "?" in marks[0] else Permitted) if marks else Refused
            assert type(derivative_ok([source], out)) is expected, (source, out)


# ------------------------------------------------------------------ parts of a whole


@pytest.mark.parametrize("part", GRANTING)
def test_a_part_keeps_its_licence_beside_any_other(part: str) -> None:
    verdict = assembly_ok([part], BY_SA)

    if part in (S, "TAPR-OHL-1.0"):
        assert isinstance(verdict, Review)
        assert verdict.reason == "assembly-unclear"
    else:
        assert isinstance(verdict, Permitted)
        assert verdict.duties[0].code == "KEEPS_ITS_LICENCE"
    assert clause(verdict)


def test_share_alike_documents_and_hardware_may_be_parts_of_one_whole() -> None:
    verdict = assembly_ok([BY_SA, S], S)

    assert isinstance(verdict, Permitted)
    assert [duty.code for duty in verdict.duties] == [
        "KEEPS_ITS_LICENCE",
        "GOES_ON_UNDER",
    ]


def test_a_strong_whole_asks_of_its_parts_that_anyone_may_make_them() -> None:
    for part in ("MIT", W, "TAPR-OHL-1.0"):
        assert isinstance(assembly_ok([part], f"{S}"), Permitted | Review)
    asked = assembly_ok(["CC-BY-NC-4.0"], S)
    assert isinstance(asked, Review)
    assert (asked.reason, clause(asked)) == ("component-unclear", "1.7(b)(i)")
    assert isinstance(assembly_ok(["CC-BY-NC-4.0"], W), Permitted)


@pytest.mark.parametrize("part", ["NONE", "NOASSERTION"])
def test_a_part_without_a_licence_is_in_no_whole(part: str) -> None:
    refused = assembly_ok([part], "MIT")

    assert isinstance(refused, Refused)
    assert refused.reason == "assembly-forbidden"


# ------------------------------------------------------------------ for all


@given(sources, sources, ids)
def test_one_more_source_never_makes_it_better(
    some: list[str], more: list[str], out: str
) -> None:
    for judge in (derivative_ok, assembly_ok):
        assert rank(judge([*some, *more], out))[0] >= rank(judge(some, out))[0]


@given(ids, ids, ids)
def test_a_choice_helps_who_takes_it_and_binds_who_offers_it(
    one: str, other: str, third: str
) -> None:
    for judge in (derivative_ok, assembly_ok):
        taken = [rank(judge([it], third))[0] for it in (one, other)]
        assert rank(judge([f"{one} OR {other}"], third))[0] == min(taken)
        offered = [rank(judge([third], it))[0] for it in (one, other)]
        assert rank(judge([third], f"{one} OR {other}"))[0] == max(offered)


@given(ids, ids)
def test_what_may_be_merged_may_stand_side_by_side_or_be_asked(
    source: str, out: str
) -> None:
    if isinstance(derivative_ok([source], out), Permitted):
        assert not isinstance(assembly_ok([source], out), Refused)


@given(st.sampled_from([it for it in GRANTING if it not in NEVER_SHARED]))
def test_what_may_be_changed_and_shared_may_stay_what_it_is(source: str) -> None:
    assert isinstance(derivative_ok([source], source), Permitted)
