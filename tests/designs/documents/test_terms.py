"""Grants only add; one under dispute is set apart, and a person decides."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.documents.acceptance import GRANTS_MAX
from fabnet.designs.documents.dispute import Disputed
from fabnet.designs.documents.grant import Grant, grant_of
from fabnet.designs.documents.terms import NO_TERMS, Terms, judged, terms_of
from fabnet.designs.licence.eligible import Permitted, Review, Verdict, may_make
from fabnet.designs.licence.expression import Refused
from fabnet.designs.licence.terms import ACTORS, ACTS, table
from fabnet.records.ids import DocumentId
from tests.designs.samples import cid_of, revision

LICENCES = sorted(table().licences)
EXPRESSIONS = st.one_of(
    st.sampled_from(LICENCES),
    st.lists(st.sampled_from(LICENCES), min_size=2, max_size=9).map(" OR ".join),
    st.lists(st.sampled_from(LICENCES), min_size=2, max_size=9).map(" AND ".join),
)


def id_of(number: int) -> DocumentId:
    return DocumentId(f"sha256:{number:064x}")


def grant(expression: str) -> Grant:
    made = grant_of(revision(), cid_of(revision()))
    assert isinstance(made, Grant)
    return msgspec.structs.replace(made, expression=expression)


def granted(*expressions: str, disputes: tuple[int, ...] = ()) -> Terms:
    """Terms of grants numbered from 0; these are under dispute."""
    grants = [(id_of(n), grant(text)) for n, text in enumerate(expressions)]
    against = [
        Disputed(id_of(100 + n), id_of(n), "The Mill", "It is ours.") for n in disputes
    ]
    return terms_of(grants, against)


def making(terms: Terms, actor: str = "firm", act: str = "sell") -> Verdict:
    return judged(
        terms, lambda each: may_make(each, act=act, actor=actor, facts=frozenset())
    )


def rank(verdict: Verdict) -> int:
    """How much a verdict allows: yes, ask a person, sign a fact, no."""
    match verdict:
        case Permitted():
            return 3
        case Review():
            return 2
        case Refused(reason="fact-not-signed"):
            return 1
        case Refused():
            return 0


@given(
    st.lists(EXPRESSIONS, max_size=12),
    st.lists(EXPRESSIONS, max_size=12),
    st.sampled_from(ACTORS),
    st.sampled_from(ACTS),
)
def test_nothing_a_later_grant_says_narrows_an_earlier_one(
    earlier: list[str], later: list[str], actor: str, act: str
) -> None:
    before = making(granted(*earlier), actor=actor, act=act)
    after = making(granted(*earlier, *later), actor=actor, act=act)

    assert rank(after) >= rank(before)


def test_the_effective_licence_is_any_of_the_grants() -> None:
    terms = granted("CERN-OHL-S-2.0", "CC0-1.0")

    assert terms.expression == "CC0-1.0 OR CERN-OHL-S-2.0"
    assert terms.grants == (id_of(0), id_of(1))
    assert making(granted("CC-BY-NC-4.0", "CC0-1.0")) == making(granted("CC0-1.0"))


def test_so_many_grants_that_no_one_could_read_them_together_still_add() -> None:
    """What they come to together is too long to say; each is judged by itself."""
    long = [" AND ".join(["CC-BY-NC-SA-4.0", *LICENCES[n : n + 9]]) for n in range(9)]

    assert isinstance(making(granted("MIT", *long)), Permitted)


def test_without_a_grant_nothing_is_allowed() -> None:
    assert making(NO_TERMS) == Refused("no-valid-grant")
    assert granted() == NO_TERMS


def test_a_disputed_grant_is_no_yes_by_itself() -> None:
    terms = granted("CC0-1.0", disputes=(0,))

    assert (terms.expression, terms.grants) == (None, ())
    assert making(terms) == Review(
        "disputed", (("by", "The Mill"), ("why", "It is ours."))
    )


def test_what_another_grant_allows_goes_on_in_spite_of_a_dispute() -> None:
    terms = granted("CC0-1.0", "MIT", disputes=(0,))

    verdict = making(terms)

    assert terms.expression == "MIT"
    assert isinstance(verdict, Permitted)
    assert verdict.elected == "MIT"


def test_what_even_the_disputed_grant_forbids_is_no_question_for_a_person() -> None:
    verdict = making(granted("CC-BY-NC-4.0", disputes=(0,)))

    assert isinstance(verdict, Refused)
    standing = making(granted("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", disputes=(0,)))
    assert isinstance(standing, Refused)
    assert standing.reason == "forbids"


def test_a_dispute_of_a_grant_that_is_not_there_touches_nothing() -> None:
    assert granted("MIT", disputes=(7,)) == granted("MIT")


@pytest.mark.parametrize("elected", ["MIT", "CC0-1.0"])
def test_an_acceptance_cites_the_grants_in_which_the_licence_can_be_chosen(
    elected: str,
) -> None:
    terms = granted("MIT", "CC0-1.0", "CC0-1.0 OR MIT")
    mine = 0 if elected == "MIT" else 1

    assert terms.resting_on(elected) == (id_of(mine), id_of(2))


def test_no_more_grants_are_cited_than_an_acceptance_holds() -> None:
    terms = granted(*["MIT"] * (GRANTS_MAX + 9))

    assert len(terms.resting_on("MIT")) == GRANTS_MAX
    assert len(terms.resting_on("CC-BY-4.0")) == GRANTS_MAX, "that of a part"
