"""A design is found by its words, its making and its terms, the likeliest first."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import Cid
from fabnet.designs import catalogue as catalogues
from fabnet.designs.catalogue import (
    Catalogue,
    Summary,
    announce,
    fold,
    query,
    summarise,
)
from fabnet.designs.lineage import kin_of
from fabnet.designs.revision import Revision
from fabnet.errors import InputError
from fabnet.records.ids import RecordId
from tests.designs.samples import ADA, BEN, EVE, cid_of, requirement, revision

CHANGED = msgspec.structs.replace
PAIR = (ADA.public.did, BEN.public.did)


def design(
    title: str, function: str = "", *, part: str = "Body", **needs: object
) -> Revision:
    drawn = revision()
    (body,) = drawn.parts
    body = CHANGED(body, name=part, requirement=requirement(**needs))
    return CHANGED(drawn, title=title, function=function, parts=(body,))


HOOK = design("Coat hook", "Holds a coat.")
HOOKS = design("Hooks for many", "A row.")
SHELF = design("Shelf", "Has hooks below.", part="Coat board", process="laser-cutting")
PULL = design("Manija de unión", "Abre puertas.", materials=("petg",))


def filled(*designs: Revision) -> Catalogue:
    held = Catalogue()
    for arrival, each in enumerate(designs):
        held.add(summed(arrival, each, *PAIR))
    return held


def heard(arrival: int, design: Revision) -> Summary:
    cid = cid_of(design)
    first = design.lineage or cid
    return announce(cid, arrival, RecordId(cid), title=design.title, first=first)


def summed(arrival: int, design: Revision, *signers: str) -> Summary:
    kin = kin_of(cid_of(design), design, signers)
    return summarise(heard(arrival, design), design, kin)


ALL = filled(HOOK, HOOKS, SHELF, PULL)


def titles(held: Catalogue, **asked: object) -> list[str]:
    found = held.search(query(**asked))  # type: ignore[arg-type]  # by name
    names = {cid_of(each): each.title for each in (HOOK, HOOKS, SHELF, PULL)}
    return [names.get(cid, cid) for cid in found.cids]


def test_a_word_of_the_title_comes_before_its_beginning_and_the_rest() -> None:
    assert titles(ALL, text="hook") == ["Coat hook", "Hooks for many", "Shelf"]


def test_every_word_must_be_found() -> None:
    assert titles(ALL, text="hook coat") == ["Coat hook", "Shelf"]
    assert titles(ALL, text="coat nothing") == []


@pytest.mark.parametrize("text", ["UNION", "unión", "ｕｎｉｏｎ", "  Unión manija "])  # noqa: RUF001  # wide letters are meant
def test_case_accents_and_widths_do_not_count(text: str) -> None:
    assert titles(ALL, text=text) == ["Manija de unión"]


def test_without_words_the_newest_come_first() -> None:
    assert titles(ALL) == ["Manija de unión", "Shelf", "Hooks for many", "Coat hook"]


def test_process_material_and_licence_narrow_it() -> None:
    assert titles(ALL, process="laser-cutting") == ["Shelf"]
    assert len(titles(ALL, process="3D-printing")) == 3
    assert titles(ALL, process="3d") == []
    assert titles(ALL, material="PET-G") == ["Manija de unión"]
    assert len(titles(ALL, licence="cern-ohl-s-2.0")) == 4
    assert titles(ALL, licence="CERN-OHL") == []


def test_a_licence_is_found_within_an_expression_and_in_a_part() -> None:
    dual = CHANGED(HOOK, licence="CERN-OHL-S-2.0 OR MIT")
    (part,) = HOOK.parts
    own = CHANGED(HOOK, parts=(CHANGED(part, licence="CC-BY-4.0"),))
    held = filled(dual, own)

    assert len(held.search(query(licence="MIT")).cids) == 1
    assert held.search(query(licence="CC-BY-4.0")).cids == (cid_of(own),)


def test_what_is_superseded_can_be_left_out() -> None:
    first = cid_of(HOOK)
    second = CHANGED(HOOK, version="2", lineage=first, parents=(first,))
    held = filled(HOOK, second)
    fork = CHANGED(second, version="hers")
    held.add(summed(9, fork, EVE.public.did))

    assert len(held.search(query(lineage=first)).cids) == 3
    newest = held.search(query(newest=True)).cids
    assert set(newest) == {cid_of(second), cid_of(fork)}


def test_a_design_not_fetched_yet_is_found_by_its_title() -> None:
    held = filled(HOOK)
    cid = cid_of(SHELF)
    held.add(heard(9, SHELF))

    assert held.search(query(text="shelf")).cids == (cid,)
    assert held.search(query(process="laser-cutting")).cids == ()
    held.add(summed(9, SHELF))
    assert held.search(query(process="laser-cutting")).cids == (cid,)
    assert len(held) == 2


@given(st.integers(1, 5), st.sampled_from(["", "hook", "o"]))
def test_pages_one_after_another_give_all_and_each_once(size: int, text: str) -> None:
    whole = ALL.search(query(text=text))
    got: list[Cid] = []
    after = ""
    for _ in range(len(whole.cids) + 1):
        page = ALL.search(query(text=text, after=after), size)
        assert page.count == whole.count
        got += page.cids
        after = page.more
        if not after:
            break

    assert tuple(got) == whole.cids


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", "x" * 201), ("text", " ".join(map(str, range(17)))), ("lineage", "x"),
     ("after", "x"), ("after", "1.2.baf"), ("material", "☃"), ("licence", "x" * 201)],
)  # fmt: skip
def test_an_odd_question_is_told_by_its_field(field: str, value: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: expected"):
        query(**{field: value})  # type: ignore[arg-type]  # by name


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_full_catalogue_lets_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "DESIGNS_MAX", 2)
    held = filled(HOOK, HOOKS, SHELF)

    assert held.get(cid_of(HOOK)) is None
    assert held.lineages.get(cid_of(HOOK)) is None
    assert titles(held) == ["Shelf", "Hooks for many"]
