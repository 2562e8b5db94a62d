"""Who follows whom: only the word of those entitled makes a revision old."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import Cid, of_raw
from fabnet.designs import lineage as lineages
from fabnet.designs.lineage import (
    Follows,
    Kin,
    Lineages,
    follow,
    is_entitled,
    kin_of,
    read_origin,
)
from fabnet.designs.revision import Origin
from fabnet.errors import InputError
from fabnet.records.refusal import Refusal
from tests.designs.samples import ADA, BEN, EVE, RIGHTSHOLDERS, cid_of, revision

TEAM = tuple(holder.did for holder in RIGHTSHOLDERS)
PAIR = (ADA.public.did, BEN.public.did)
STRANGER = (EVE.public.did,)


def named(name: str) -> Cid:
    return of_raw(name.encode())


def kin(
    name: str,
    *parents: str,
    lineage: str = "one",
    signers: tuple[str, ...] = PAIR,
    holders: tuple[str, ...] = TEAM,
) -> Kin:
    return Kin(
        named(name),
        named(lineage) if parents else None,
        tuple(map(named, parents)),
        (),
        frozenset(holders),
        min(2, len(holders)),
        frozenset(signers),
    )


def of_eve(name: str, *parents: str) -> Kin:
    return kin(name, *parents, signers=STRANGER, holders=(*TEAM, *STRANGER))


def test_a_later_version_by_a_quorum_supersedes() -> None:
    held = Lineages([kin("one"), kin("two", "one"), kin("three", "two")])

    assert held.successors(named("one")) == (named("two"),)
    assert held.newest(named("one")) == (named("three"),)
    assert not held.forks(named("one"))


def test_the_claim_of_another_is_a_fork_and_makes_nothing_old() -> None:
    held = Lineages([kin("one"), of_eve("hers", "one"), kin("more", "hers")])

    assert not held.successors(named("one"))
    assert held.forks(named("one")) == (named("hers"),)
    assert held.newest(named("one")) == (named("one"),)
    standing = held.members(named("one"))
    assert standing[named("hers")] == standing[named("more")] == "fork"


def test_naming_the_rightsholders_is_not_their_signature() -> None:
    assert is_entitled(PAIR, kin("one"))
    assert not is_entitled((ADA.public.did, EVE.public.did), kin("one"))
    unsigned = kin("two", "one", signers=())

    assert not Lineages([kin("one"), unsigned]).successors(named("one"))


def test_a_signature_that_comes_later_counts_from_then_on() -> None:
    held = Lineages([kin("one"), kin("two", "one", signers=())])
    held.add(kin("two", "one"))

    assert held.successors(named("one")) == (named("two"),)
    assert held.newest(named("one")) == (named("two"),)


def test_a_merge_ends_two_branches_and_takes_in_a_fork() -> None:
    held = Lineages(
        [
            kin("one"),
            kin("left", "one"),
            kin("right", "one"),
            of_eve("hers", "one"),
            kin("both", "left", "right", "hers"),
        ]
    )

    assert held.newest(named("one")) == (named("both"),)
    assert held.ancestry(named("both")).is_whole
    near = {step.cid: step.depth for step in held.ancestry(named("both")).steps}
    assert near == {
        named("left"): 1, named("right"): 1, named("hers"): 1, named("one"): 2
    }  # fmt: skip
    # Only Eve's own word would make her version old.
    assert held.forks(named("hers")) == ()
    assert held.successors(named("hers")) == (named("both"),)


def test_two_branches_that_were_not_merged_are_both_newest() -> None:
    held = Lineages([kin("one"), kin("left", "one"), kin("right", "one")])

    assert set(held.newest(named("one"))) == {named("left"), named("right")}


def test_a_parent_that_is_not_held_is_unknown() -> None:
    held = Lineages([kin("one"), kin("three", "two")])

    [step] = held.ancestry(named("three")).steps
    assert (step.cid, step.standing) == (named("two"), "unknown")
    assert held.members(named("one"))[named("three")] == "unknown"
    assert held.newest(named("one")) == (named("one"),)


def test_a_parent_of_another_lineage_is_no_parent() -> None:
    liar = kin("liar", "one", lineage="elsewhere")
    held = Lineages([kin("one"), kin("elsewhere"), liar])

    assert not held.successors(named("one"))
    [step] = held.ancestry(named("liar")).steps
    assert step.standing == "another-lineage"
    assert held.members(named("elsewhere"))[named("liar")] == "unknown"


def test_a_lineage_that_begins_in_the_middle_of_another_is_unknown() -> None:
    middle = kin("two", "one")
    liar = kin("liar", "two", lineage="two")
    held = Lineages([kin("one"), middle, liar])

    assert held.members(named("two")) == {named("liar"): "unknown"}
    assert held.newest(named("one")) == (named("two"),)


def test_without_the_first_revision_nothing_is_newest_but_pairs_are_judged() -> None:
    held = Lineages([kin("two", "one"), kin("three", "two")])

    assert held.successors(named("two")) == (named("three"),)
    assert held.newest(named("one")) == ()


@given(st.lists(st.tuples(st.integers(0, 8), st.sets(st.integers(0, 8), max_size=4))))
def test_every_walk_ends_whatever_is_claimed(
    claims: list[tuple[int, set[int]]],
) -> None:
    # Hashes forbid cycles; were one there, the walks would end all the same.
    held = Lineages(
        kin(str(name), *map(str, parents), lineage="0") for name, parents in claims
    )

    for name in range(9):
        cid = named(str(name))
        steps = held.ancestry(cid).steps
        assert len({step.cid for step in steps} - {cid}) == len(steps)
        assert set(held.newest(cid)) <= set(held.members(cid))


def test_a_long_walk_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineages, "WALK_MAX", 3)
    names = [str(number) for number in range(6)]
    later = [
        kin(name, before, lineage="0") for before, name in itertools.pairwise(names)
    ]
    held = Lineages([kin("0"), *later])

    assert not held.ancestry(named("5")).is_whole
    assert len(held.ancestry(named("5")).steps) == 3
    assert held.ancestry(named("3")).is_whole


def test_what_is_dropped_leaves_no_trace() -> None:
    held = Lineages([kin("one"), kin("two", "one")])
    held.drop(named("two"))

    assert held.get(named("two")) is None
    assert held.newest(named("one")) == (named("one"),)


def test_who_draws_on_a_design_is_found() -> None:
    drawn = revision()
    from_it = Kin(
        named("remix"), None, (), (Origin(cid=cid_of(drawn), relation="remix"),),
        frozenset(), 1, frozenset(),
    )  # fmt: skip

    assert Lineages([from_it]).drawing_on(cid_of(drawn)) == (named("remix"),)


# ------------------------------------------------------------------ publishing


def test_what_follows_takes_the_lineage_of_its_parents() -> None:
    first = kin_of(cid_of(revision()), revision())
    second = kin("two", "one")

    assert follow([]) == Follows(None, ())
    assert follow([first]) == Follows(first.cid, (first.cid,))
    assert follow([second, second]) == Follows(named("one"), (named("two"),))


def test_parents_of_two_lineages_are_no_merge() -> None:
    no = follow([kin("one"), kin("other")])

    assert isinstance(no, Refusal)
    assert no.reason == "parents-of-two-lineages"
    many = follow([kin(f"n{number}", "one") for number in range(17)])
    assert isinstance(many, Refusal)
    assert many.reason == "too-many-parents"


def test_an_origin_is_read_as_people_type_it() -> None:
    cid = named("one")

    assert read_origin(f"remix:{cid}", "--derived-from").relation == "remix"
    assert read_origin(f"part:{cid}*4", "--derived-from").quantity == 4


@pytest.mark.parametrize(
    "text",
    ["", "remix", "remix:", "copy:{}", "remix:{}*2", "part:{}*", "part:{}*0",
     "part:{}*10001", "part:{}*²", "part:{}x"],
)  # fmt: skip
def test_an_odd_origin_is_told_by_its_field(text: str) -> None:
    with pytest.raises(InputError, match=r"^--derived-from: expected"):
        read_origin(text.format(named("one")), "--derived-from")
