"""Who is vouched for by cooperatives, whatever came first (R12)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest

from fabnet.cooperation.charter import Charter, charter_subject
from fabnet.cooperation.vouches import (
    GRACE_MS,
    VOUCHES_BYTES_MAX,
    VOUCHES_PER_YEAR_MAX,
    Entry,
    Vouches,
    open_vouches,
    vouches_subject,
)
from fabnet.cooperation.vouching import (
    EARLY_MAX,
    VOUCH_HOPS_MAX,
    VOUCHED_MAX,
    Vouching,
)
from fabnet.errors import MalformedError
from fabnet.records.civil import moment_of
from fabnet.records.ids import CharterId
from fabnet.records.keys import SigningKey
from fabnet.records.refusal import Refusal
from tests.cooperation.people import ALICE, BOB, MALLORY, charter_bytes, founded, signed

YEAR = 2026
MIDSUMMER_MS = moment_of("2026-06-21T12:00:00Z")
NEW_YEAR_MS = moment_of("2027-01-01T00:00:00Z")
NOBODY = CharterId("sha256:" + "0" * 64)

Heard = tuple[str, bytes]
"""A charter or a list, as it was heard."""


def town(name: str, *keys: SigningKey, quorum: int = 1) -> tuple[Charter, bytes]:
    stewards = keys or (ALICE,)
    subject = charter_subject(
        name=name,
        stewards=[each.public for each in stewards],
        nodes=[],
        charter_quorum=1,
        membership_quorum=quorum,
    )
    raw = charter_bytes(subject, stewards[0])
    return founded(raw), raw


def renewed(old: Charter, raw_of: SigningKey = ALICE) -> tuple[Charter, bytes]:
    """Return a town's next charter; nothing changes but its version."""
    subject = charter_subject(
        name=old.name, stewards=[ALICE.public], nodes=[], version=old.version + 1,
        lineage=old.id,
    )  # fmt: skip
    raw = charter_bytes(subject, raw_of)
    return founded(raw, old), raw


def listed(
    voucher: Charter, *entries: Entry | Charter, year: int = YEAR,
    keys: tuple[SigningKey, ...] = (ALICE,), version: int = 0,
) -> bytes:  # fmt: skip
    written: list[Entry] = [
        ("vouch", each.id) if isinstance(each, Charter) else each for each in entries
    ]
    subject = vouches_subject(
        voucher=voucher.id,
        charter_version=version or voucher.version,
        year=year,
        entries=written,
    )
    return signed("FabnetVouches", subject, keys)


def back(member: Charter) -> Entry:
    return ("withdraw", member.id)


def towns(count: int) -> list[Charter]:
    return [town(f"Town {number}")[0] for number in range(count)]


def known(*charters: Charter) -> dict[CharterId, Charter]:
    return {each.id: each for each in charters}


def hops(
    vouching: Vouching, *roots: Charter, at_ms: int = MIDSUMMER_MS
) -> dict[CharterId, int]:
    return dict(vouching.hops(frozenset(each.id for each in roots), at_ms))


def heard(*lists: bytes, of: dict[CharterId, Charter]) -> Vouching:
    vouching = Vouching()
    for raw in lists:
        assert vouching.learn(raw, of) is None
    return vouching


def test_two_vouchers_let_one_in_and_one_does_not() -> None:
    mill, loom, forge = towns(3)
    of = known(mill, loom, forge)

    assert not hops(heard(listed(mill, forge), of=of), mill, loom)
    both = heard(listed(mill, forge), listed(loom, forge), of=of)
    assert hops(both, mill, loom) == {forge.id: 1}
    assert not hops(both, mill), "the Loom is nobody here"


def test_one_voucher_in_two_years_is_one_voucher() -> None:
    mill, forge = towns(2)
    twice = heard(
        listed(mill, forge), listed(mill, forge, year=YEAR + 1), of=known(mill)
    )

    assert not hops(twice, mill, at_ms=NEW_YEAR_MS)


def ladder(rungs: int) -> tuple[list[tuple[Charter, Charter]], list[bytes]]:
    """Return pairs of towns, each vouched for by both of the pair before."""
    found = towns(2 * rungs)
    pairs = [(found[at], found[at + 1]) for at in range(0, len(found), 2)]
    lists = [
        listed(voucher, *below) for above, below in pairwise(pairs) for voucher in above
    ]
    return pairs, lists


def test_hops_are_counted_and_bounded() -> None:
    pairs, lists = ladder(VOUCH_HOPS_MAX + 2)
    of = known(*[town for pair in pairs for town in pair])

    found = hops(heard(*lists, of=of), *pairs[0])

    for hop, pair in enumerate(pairs[1 : VOUCH_HOPS_MAX + 1], 1):
        assert {found[each.id] for each in pair} == {hop}
    assert not [each for each in pairs[-1] if each.id in found]


def test_whatever_is_taken_back_counts_no_more_and_its_place_stays_used() -> None:
    mill, loom, forge, *others = towns(3 + VOUCHES_PER_YEAR_MAX)
    of = known(mill, loom)
    vouching = heard(listed(mill, forge), listed(loom, forge), of=of)
    assert forge.id in hops(vouching, mill, loom)

    assert vouching.learn(listed(mill, forge, back(forge)), of) is None
    assert not hops(vouching, mill, loom)
    with pytest.raises(MalformedError, match="more than 8"):
        vouching.learn(listed(mill, forge, back(forge), *others), of)


def test_an_older_copy_changes_nothing() -> None:
    mill, loom, forge = towns(3)
    of = known(mill, loom)
    longer = listed(mill, forge, back(forge))
    vouching = heard(longer, listed(mill, forge), listed(loom, forge), of=of)

    assert not hops(vouching, mill, loom)


def test_who_tells_two_stories_vouches_for_nobody_that_year() -> None:
    mill, loom, forge, kiln = towns(4)
    of = known(mill, loom)
    vouching = heard(listed(mill, forge), listed(loom, forge, kiln), of=of)

    told = vouching.learn(listed(mill, kiln), of)

    assert isinstance(told, Refusal)
    assert told.reason == "vouches-contradict"
    assert not hops(vouching, mill, loom)
    assert vouching.learn(listed(mill, forge, kiln), of) is None
    assert not hops(vouching, mill, loom), "nothing makes it good"
    assert len(vouching.row(f"{mill.id} {YEAR}")) == 2, "the proof is kept"


def test_last_years_list_counts_until_this_years_is_here_and_not_for_ever() -> None:
    mill, loom, forge, kiln = towns(4)
    of = known(mill, loom)
    vouching = heard(listed(mill, forge), listed(loom, forge), of=of)
    assert hops(vouching, mill, loom, at_ms=NEW_YEAR_MS)
    assert not hops(vouching, mill, loom, at_ms=NEW_YEAR_MS + GRACE_MS)

    vouching.learn(listed(mill, kiln, year=YEAR + 1), of)
    assert hops(vouching, mill, loom) == {forge.id: 1}, "signed ahead"
    assert not hops(vouching, mill, loom, at_ms=NEW_YEAR_MS)

    vouching.tend(NEW_YEAR_MS + GRACE_MS)
    assert [year for _, year in vouching.lists] == [YEAR + 1]
    far = vouching.learn(listed(loom, kiln, year=YEAR + 3), of)
    assert far == Refusal("vouches-too-far-ahead", (("year", YEAR + 3),))


def test_a_list_counts_under_the_charter_it_names_and_must_be_signed_again() -> None:
    mill, loom, forge = towns(3)
    of = known(mill, loom)
    vouching = heard(listed(mill, forge), listed(loom, forge), of=of)
    next_mill, _ = renewed(mill)
    of[mill.id] = next_mill

    vouching.charter_changed(next_mill, of)

    assert not hops(vouching, mill, loom)
    again = vouching.learn(listed(mill, forge), of)
    assert isinstance(again, Refusal)
    assert again.reason == "vouches-of-another-version"
    assert vouching.learn(listed(next_mill, forge), of) is None
    assert hops(vouching, mill, loom) == {forge.id: 1}


def test_a_list_may_be_carried_before_its_charter_and_nobody_falls_out() -> None:
    mill, loom, forge = towns(3)
    of = known(mill, loom)
    vouching = heard(listed(mill, forge), listed(loom, forge), of=of)
    next_mill, _ = renewed(mill)
    assert vouching.learn(listed(next_mill, forge), of) is None
    of[mill.id] = next_mill

    vouching.charter_changed(next_mill, of)

    assert hops(vouching, mill, loom) == {forge.id: 1}
    assert not vouching.early


def test_two_roots_that_collude_bring_in_so_many_and_no_more() -> None:
    """Every town of each hop spends all its vouches on the next: 8, 32, 128, 512."""
    above = towns(2)
    roots, made = above, 0
    lists: list[bytes] = []
    of: dict[CharterId, Charter] = {}
    for _ in range(VOUCH_HOPS_MAX + 1):
        of |= known(*above)
        room = len(above) * VOUCHES_PER_YEAR_MAX // 2
        below = [town(f"Sybil {made + number}")[0] for number in range(room)]
        made += room
        for at in range(0, len(above), 2):
            first = at // 2 * VOUCHES_PER_YEAR_MAX
            brought = below[first : first + VOUCHES_PER_YEAR_MAX]
            lists += [listed(each, *brought) for each in above[at : at + 2]]
        above = below
        if len(above) > 200:
            break

    found = hops(heard(*lists, of=of), *roots)

    assert sorted(found.values()).count(1) == 8
    assert sorted(found.values()).count(2) == 32
    assert sorted(found.values()).count(3) == 128
    assert sorted(found.values()).count(4) == 512
    assert len(found) == 680 <= VOUCHED_MAX


# ------------------------------------------------------------------ order


def orders(of: list[Heard], seeds: int) -> Iterator[list[Heard]]:
    """Yield orders in which each version of a charter comes after the one before."""
    for seed in range(seeds):
        shuffled = list(of)
        Random(seed).shuffle(shuffled)
        versions = [at for at, (what, _) in enumerate(shuffled) if "Forge" in what]
        if shuffled[versions[0]][0] == "Forge 2":
            one, other = versions
            shuffled[one], shuffled[other] = shuffled[other], shuffled[one]
        yield shuffled


def test_r12_who_is_vouched_for_does_not_depend_on_what_came_first() -> None:
    (mill, mill_raw), (loom, loom_raw), (forge, forge_raw), (kiln, kiln_raw) = (
        town(name) for name in ("Mill", "Loom", "Forge", "Kiln")
    )
    pier, barn, dock = towns(3)
    _, forge_two = renewed(forge)
    everything: list[Heard] = [
        ("Mill", mill_raw), ("Loom", loom_raw), ("Forge", forge_raw),
        ("Kiln", kiln_raw), ("Forge 2", forge_two),
        ("list", listed(mill, forge, kiln)),
        ("list", listed(mill, forge, kiln, barn)),
        ("list", listed(loom, kiln, forge)),
        ("list", listed(forge, pier)),
        ("list", listed(forge, pier, dock, version=2)),
        ("list", listed(kiln, pier, dock)),
        ("list", listed(loom, kiln, forge, dock, back(dock))),
        ("list", listed(loom, kiln, forge, dock)),
    ]  # fmt: skip
    outcomes = set()
    for order in orders(everything, 300):
        charters: dict[CharterId, Charter] = {}
        vouching = Vouching()
        for what, raw in order:
            if what == "list":
                vouching.learn(raw, charters)
                continue
            previous = charters.get(forge.id) if what == "Forge 2" else None
            charter = founded(raw, previous)
            charters[charter.id] = charter
            vouching.charter_changed(charter, charters)
        outcomes.add(tuple(sorted(hops(vouching, mill, loom).items())))

    expected = {forge.id: 1, kiln.id: 1, pier.id: 2, dock.id: 2}
    assert outcomes == {tuple(sorted(expected.items()))}


def test_r12_a_contradiction_counts_in_whatever_order_it_comes() -> None:
    mill, loom, forge, kiln, pier = towns(5)
    of = known(mill, loom)
    lists = [
        listed(mill, forge), listed(mill, forge, kiln), listed(mill, forge, pier),
        listed(loom, forge, kiln, pier),
    ]  # fmt: skip
    for seed in range(24):
        Random(seed).shuffle(lists)
        vouching = Vouching()
        for raw in lists:
            vouching.learn(raw, of)
        assert not hops(vouching, mill, loom), seed


# ------------------------------------------------------------------ one list


def test_the_stewards_quorum_that_admits_members_signs() -> None:
    both, _ = town("Two sign", ALICE, BOB, quorum=2)
    alone = listed(both, town("Other")[0])

    assert open_vouches(alone, both) == Refusal(
        "vouches-quorum-not-met", (("needed", 2),)
    )
    opened = open_vouches(listed(both, town("Other")[0], keys=(ALICE, BOB)), both)
    assert isinstance(opened, Vouches)
    foreign = open_vouches(listed(both, town("Other")[0], keys=(ALICE, MALLORY)), both)
    assert isinstance(foreign, Refusal)


def test_nonsense_in_a_list_is_refused() -> None:
    mill, loom = towns(2)
    for entries in (
        [back(loom)],
        [loom, loom],
        [loom, back(loom), back(loom)],
        [loom, back(loom), loom],
        [mill],
    ):
        with pytest.raises(MalformedError):
            open_vouches(listed(mill, *entries), mill)


def test_lists_that_come_too_early_are_few() -> None:
    mill, loom = towns(2)
    vouching = Vouching()
    for number in range(EARLY_MAX + 10):
        entry: Entry = ("vouch", CharterId(f"sha256:{number:064x}"))
        assert vouching.learn(listed(mill, entry), {}) is None

    assert len(vouching.early) == EARLY_MAX
    assert not hops(vouching, mill, loom)


def test_the_longest_list_fits_its_bound() -> None:
    stewards = tuple(SigningKey.from_seed(bytes([n]) * 32) for n in range(1, 33))
    many, _ = town("Many", *stewards, quorum=32)
    named = [CharterId(f"sha256:{n:064x}") for n in range(VOUCHES_PER_YEAR_MAX)]
    entries: list[Entry] = [("vouch", each) for each in named]
    entries += [("withdraw", each) for each in named]
    raw = listed(many, *entries, keys=stewards)

    assert isinstance(open_vouches(raw, many), Vouches)
    assert len(raw) <= VOUCHES_BYTES_MAX
