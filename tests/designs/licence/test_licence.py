"""What is not known to be allowed is refused, and every answer says why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.licence.eligible import (
    Permitted,
    Review,
    may_make,
    principal_may_replicate,
    source_clause,
    source_duty,
)
from fabnet.designs.licence.expression import Licence, Refused, any_of, parse
from fabnet.designs.licence.terms import ACTORS, ACTS, table
from tests.designs.samples import shared

KNOWN = sorted(table().licences)
FACTS = frozenset(table().predicates)
OPEN = (
    "CERN-OHL-S-2.0",
    "CERN-OHL-W-2.0",
    "CERN-OHL-P-2.0",
    "CERN-OHL-1.2",
    "TAPR-OHL-1.0",
    "CC-BY-SA-4.0",
    "CC-BY-SA-3.0",
    "CC0-1.0",
    "Apache-2.0 WITH SHL-2.1",
    "GPL-3.0-or-later",
)

ids = st.sampled_from(KNOWN)
expressions = st.recursive(
    ids,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
        lambda three: f"({three[0]}) {three[1]} ({three[2]})"
    ),
    max_leaves=5,
)
facts = st.frozensets(st.sampled_from(sorted(FACTS)))


def verdict(
    expression: str, act: str = "sell", actor: str = "worker_coop", *signed: str
) -> Permitted | Refused | Review:
    return may_make(expression, act=act, actor=actor, facts=frozenset(signed))


# ------------------------------------------------------------------ the table


def test_our_table_is_the_shared_one() -> None:
    theirs = json.loads((shared("licences") / "terms.json").read_text())

    for id_, licence in theirs["licences"].items():
        ours = table().licences[id_]
        assert ours.text_sha256 == licence["text_sha256"]
        for actor, row in licence["matrix"].items():
            for act, cell in row.items():
                mine = ours.cell(actor, act)
                assert mine is not None
                assert (mine.d, mine.cite) == (cell["d"], cell["cite"])
                assert list(mine.requires) == cell.get("requires", [])
    assert set(theirs["licences"]) == set(table().licences)


@pytest.mark.parametrize("id_", KNOWN)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("act", ACTS)
def test_every_cell_decides_as_it_says_and_cites_its_clause(
    id_: str, actor: str, act: str
) -> None:
    cell = table().licences[id_].cell(actor, act)
    assert cell is not None
    assert cell.cite

    informed = may_make(id_, act=act, actor=actor, facts=FACTS)
    bare = may_make(id_, act=act, actor=actor, facts=frozenset())
    match cell.d:
        case "allow":
            assert isinstance(informed, Permitted)
            assert isinstance(bare, Refused if cell.requires else Permitted)
        case "review":
            assert isinstance(informed, Review)
            assert dict(informed.args)["clause"] == cell.cite
        case "deny":
            assert isinstance(informed, Refused)
            assert informed.reason == "forbids"
            assert dict(informed.args)["clause"] == cell.cite


def test_every_condition_is_a_fact_that_the_table_explains() -> None:
    for terms in table().licences.values():
        for row in terms.matrix.values():
            for cell in row.values():
                for condition in cell.requires:
                    words = condition.removeprefix("any:").replace("+", "|").split("|")
                    assert set(words) <= FACTS


# ------------------------------------------------------------------ judging


@pytest.mark.parametrize("licence", OPEN)
def test_an_open_licence_asks_nobody_who_they_are(licence: str) -> None:
    for actor in ACTORS:
        for act in ACTS:
            assert isinstance(verdict(licence, act, actor), Permitted)


def test_noncommercial_work_for_a_peer_rests_on_the_peer_and_on_cost() -> None:
    nc, at_cost = "CC-BY-NC-SA-4.0", "make_for_peer_at_cost"
    signed = ("principal_may_replicate", "cost_recovery_only")

    assert isinstance(verdict(nc, "sell"), Refused)
    assert isinstance(verdict(nc, at_cost, "worker_coop", *signed), Permitted)
    assert isinstance(verdict(nc, at_cost, "firm", *signed), Review)
    refused = verdict(nc, at_cost, "worker_coop", signed[0])
    assert isinstance(refused, Refused)
    assert refused.reason == "fact-not-signed"
    assert dict(refused.args)["facts"] == "cost_recovery_only"


def test_peer_production_sells_only_where_all_surplus_goes_to_the_workers() -> None:
    owned, surplus = "worker_owned", "surplus_to_worker_owners"

    assert isinstance(verdict("PPL", "view", "firm"), Refused)
    assert isinstance(verdict("PPL", "sell", "worker_coop", owned), Refused)
    assert isinstance(verdict("PPL", "sell", "worker_coop", owned, surplus), Permitted)
    assert isinstance(verdict("PPL", "sell", "nonprofit", *FACTS), Refused)
    for signed in (("noncommercial_purpose",), (owned, surplus)):
        assert isinstance(
            verdict("PPL", "replicate_own", "worker_coop", *signed), Permitted
        )


def test_of_an_or_the_best_is_elected_and_told() -> None:
    answer = verdict("PPL OR CERN-OHL-S-2.0", "sell", "firm")

    assert isinstance(answer, Permitted)
    assert answer.elected == "CERN-OHL-S-2.0"
    fewer = verdict("CERN-OHL-S-2.0 OR CC0-1.0", "sell", "firm")
    assert isinstance(fewer, Permitted)
    assert fewer.elected == "CC0-1.0"


def test_of_an_and_the_worst_decides_and_the_duties_add() -> None:
    one, other = "CERN-OHL-S-2.0", "CC-BY-4.0"
    both = verdict(f"{one} AND {other}")

    assert isinstance(both, Permitted)
    assert both.elected == f"{one} AND {other}"
    assert {duty.licence for duty in both.duties} == {one, other}
    assert isinstance(verdict(f"{one} AND CC-BY-NC-4.0"), Refused)
    assert isinstance(verdict("MIT AND LicenseRef-unheard-of"), Refused)


def test_an_or_within_an_and_is_elected_too() -> None:
    answer = verdict("MIT AND (PPL OR CC0-1.0)", "sell", "firm")

    assert isinstance(answer, Permitted)
    assert answer.elected == "MIT AND CC0-1.0"


def test_a_fact_that_can_still_be_signed_is_told_before_a_plain_no() -> None:
    answer = verdict("PPL OR CC-BY-NC-4.0", "replicate_own", "nonprofit")

    assert isinstance(answer, Refused)
    assert answer.reason == "fact-not-signed"


def test_a_strong_licence_brings_the_duty_to_say_where_the_source_is() -> None:
    for licence in ("CERN-OHL-S-2.0", "TAPR-OHL-1.0", "CERN-OHL-1.2", "GPL-3.0-only"):
        made = verdict(licence, "make_for_peer_at_cost")
        kept = verdict(licence, "replicate_own")
        assert isinstance(made, Permitted)
        assert isinstance(kept, Permitted)
        assert source_duty(made)
        assert not source_duty(kept)
    free = verdict("CERN-OHL-P-2.0", "make_for_peer_at_cost")
    assert isinstance(free, Permitted)
    assert not source_duty(free)


def test_duties_are_those_of_the_act_and_cite_their_clause() -> None:
    sold = verdict("TAPR-OHL-1.0", "sell")
    seen = verdict("TAPR-OHL-1.0", "view")

    assert isinstance(sold, Permitted)
    assert isinstance(seen, Permitted)
    assert ("PATENT_IMMUNITY_BY_MAKER", "2.2") in {
        (d.code, d.cite) for d in sold.duties
    }
    assert {duty.code for duty in seen.duties} == {"SOFTWARE_NOT_COVERED"}


def test_the_principal_is_asked_about_its_own_use() -> None:
    signed = frozenset({"noncommercial_purpose"})

    own = principal_may_replicate("CC-BY-NC-4.0", "individual", signed)
    assert isinstance(own, Permitted)
    none = principal_may_replicate("CC-BY-NC-4.0", "individual", frozenset())
    assert isinstance(none, Refused)


@pytest.mark.parametrize(
    "licence",
    [
        *("NONE", "NOASSERTION", "LicenseRef-PPL", "LicenseRef-x", "SHL-2.1"),
        *("AdditionRef-x", "CERN-OHL-S-2.0 WITH SHL-2.1", "MIT WITH SHL-2.1"),
        *("CERN-OHL-S-2.0+", "GPL-3.0+", "CERN-OHL-S", "WTFPL"),
    ],
)
def test_no_licence_and_an_unknown_one_allow_nothing(licence: str) -> None:
    for act in ACTS:
        assert isinstance(verdict(licence, act), Refused)


def test_an_act_or_an_actor_that_we_do_not_know_is_refused() -> None:
    assert verdict("MIT", "burn") == Refused("unknown-act", (("act", "burn"),))
    assert verdict("MIT", "sell", "ghost") == Refused(
        "unknown-actor", (("actor", "ghost"),)
    )


def rank(answer: Permitted | Refused | Review) -> int:
    return {Permitted: 0, Review: 1, Refused: 2}[type(answer)]


@given(expressions, expressions, st.sampled_from(ACTS), st.sampled_from(ACTORS), facts)
def test_or_is_the_better_and_and_the_worse_of_two(
    one: str, other: str, act: str, actor: str, signed: frozenset[str]
) -> None:
    def judge(expression: str) -> Permitted | Refused | Review:
        return may_make(expression, act=act, actor=actor, facts=signed)

    ranks = rank(judge(one)), rank(judge(other))

    either, both = judge(f"({one}) OR ({other})"), judge(f"({one}) AND ({other})")
    assert rank(either) == min(ranks)
    assert rank(both) == max(ranks)
    if isinstance(either, Permitted):
        assert "OR" not in either.elected.split()
        again = judge(either.elected)
        assert isinstance(again, Permitted)
        assert set(again.duties) == set(either.duties)


@given(expressions, st.sampled_from(ACTS), st.sampled_from(ACTORS), facts, facts)
def test_another_signed_fact_never_makes_it_worse(
    expression: str, act: str, actor: str, some: frozenset[str], more: frozenset[str]
) -> None:
    before = may_make(expression, act=act, actor=actor, facts=some)
    after = may_make(expression, act=act, actor=actor, facts=some | more)

    assert rank(after) <= rank(before)


# ------------------------------------------------------------------ strings


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        (" ", "malformed"),
        ("MIT AND", "malformed"),
        ("OR MIT", "malformed"),
        ("AND MIT MIT", "malformed"),
        ("MIT MIT", "malformed"),
        ("MIT AND OR MIT", "malformed"),
        ("((((MIT", "malformed"),
        ("MIT)", "malformed"),
        (")MIT(", "malformed"),
        ("()", "malformed"),
        ("() AND MIT", "malformed"),
        ("MIT (AND MIT)", "malformed"),
        ("(MIT) WITH SHL-2.1", "malformed"),
        ("MIT WITH SHL-2.1 WITH SHL-2.1", "malformed"),
        ("WITH", "malformed"),
        ("MIT/Apache-2.0", "odd-letters"),
        ("MIT/X", "odd-letters"),
        ("MIT\u2011X", "odd-letters"),
        ("MIT\u200bX", "odd-letters"),
        ("MIT, Apache-2.0", "odd-letters"),
        ("CC0\u20111.0", "odd-letters"),
        ("SHL-2.1\u200b", "odd-letters"),
        ("\u0421\u04210-1.0", "odd-letters"),
        ("MIT\n", "odd-letters"),
        ("MIT\x00", "odd-letters"),
        ("A" * 600, "too-long"),
        ("(" * 33 + "MIT" + ")" * 33, "too-nested"),
        ("(" * 20_000 + "MIT" + ")" * 20_000, "too-long"),
    ],
)
def test_what_is_no_expression_is_refused_with_a_reason(text: str, reason: str) -> None:
    refused = parse(text)

    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert may_make(text, act="view", actor="individual", facts=FACTS) == refused


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("mit", "MIT"),
        ("cern-ohl-s-2.0 or mit", "CERN-OHL-S-2.0 OR MIT"),
        ("Apache-2.0 with SHL-2.1", "Apache-2.0 WITH SHL-2.1"),
        ("(((MIT)))", "MIT"),
        ("MIT AND (CC0-1.0 OR PPL)", "MIT AND (CC0-1.0 OR PPL)"),
        ("MIT OR CC0-1.0 AND PPL", "MIT OR (CC0-1.0 AND PPL)"),
        ("(MIT OR CC0-1.0) OR PPL", "MIT OR CC0-1.0 OR PPL"),
        ("LicenseRef-our-own", "LicenseRef-our-own"),
    ],
)
def test_an_expression_has_one_spelling(text: str, expression: str) -> None:
    licence = parse(text)

    assert isinstance(licence, Licence)
    assert licence.expression == expression


@given(expressions)
def test_the_one_spelling_parses_to_itself(text: str) -> None:
    licence = parse(text)

    if isinstance(licence, Licence):
        again = parse(licence.expression)
        assert isinstance(again, Licence)
        assert again.expression == licence.expression
        assert set(licence.terms) == {id_ for id_ in KNOWN if id_ in licence.terms}
    else:
        assert licence.reason == "too-long"


@given(
    st.text()
    | st.text("()ADNORWITHMITabc10.-+: ", max_size=60)
    | st.lists(st.sampled_from(["(", ")", "AND", "or", "with", "MIT", "x:y+"])).map(
        " ".join
    )
)
def test_no_string_crashes_the_parser(text: str) -> None:
    parsed = parse(text)

    assert isinstance(parsed, Licence | Refused)
    if isinstance(parsed, Licence):
        assert parse(parsed.expression) == parsed


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\u0421\u04210-1.0", "U+0421 CYRILLIC CAPITAL LETTER ES"),
        ("MIT\u200b", "U+200B ZERO WIDTH SPACE"),
        ("MIT\u2011X", "U+2011 NON-BREAKING HYPHEN"),
        ("MIT\x00", "U+0000"),
        ("MIT/X", "U+002F SOLIDUS"),
    ],
)
def test_an_odd_letter_is_named(text: str, named: str) -> None:
    assert parse(text) == Refused("odd-letters", (("letter", named),))


def test_any_of_joins_what_parses_and_stays_an_expression() -> None:
    assert any_of([]) is None
    assert any_of(["MIT AND"]) is None
    assert any_of(["MIT", "CC0-1.0 OR MIT", "()"]) == "CC0-1.0 OR MIT"
    assert any_of(["PPL AND MIT", "CC0-1.0"]) == "CC0-1.0 OR (PPL AND MIT)"
    many = any_of(f"LicenseRef-{'x' * 30}-{n}" for n in range(100))
    assert many is not None
    assert isinstance(parse(many), Licence)


def test_the_source_clause_is_that_of_the_first_licence_that_has_one() -> None:
    assert source_clause("MIT OR CC-BY-SA-4.0") is None
    assert source_clause("MIT AND CERN-OHL-S-2.0") == (
        ("licence", "CERN-OHL-S-2.0"),
        ("clause", "4 and 1.9"),
    )
