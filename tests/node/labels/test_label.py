"""The passport's label: what it must say, on which paper."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.node.labels.label import COPIES_MAX, ROLL, label, on_a4, qr_of
from fabnet.node.labels.page import Code
from fabnet.node.labels.qr import QR_BYTES_MAX, modules
from fabnet.node.labels.ruler import ruler
from tests.node.labels.papers import (
    DOCUMENT,
    SOURCE,
    labelled,
    letters,
    outside,
    passport,
)

names = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Z")), min_size=1, max_size=120
)


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_label_says_what_the_licence_asks() -> None:
    printed = label(labelled(), ruler())
    said = letters(printed)

    for told in (
        "Wall hook",
        "1.0 · hook · 12 pieces",
        "abcdefgh-1",
        "Cooperation Jackson",
        "Community Workshop",
        "2026-11-24",
        "2029-11-26",
        passport().notice.text,
        f"Source: {SOURCE}",
        passport().design,
        DOCUMENT,
    ):
        assert squeezed(told) in said, told


def test_a_notice_is_printed_as_it_was_signed_and_nothing_twice() -> None:
    said = letters(label(labelled(), ruler()))

    assert said.count("AdaLovelace") == 1
    assert said.count(SOURCE) == 1


def test_names_and_places_that_the_notice_leaves_out_are_added() -> None:
    of = passport(names=("Ada", "Grace"), sources=(SOURCE, "ipfs://b"), text="A hook.")
    said = letters(label(labelled(of), ruler()))

    assert "ByAda,Grace" in said
    assert "Licence:CERN-OHL-S-2.0" in said
    assert squeezed(f"Source: {SOURCE}") in said
    assert "Source:ipfs://b" in said


def test_the_code_holds_the_source_location() -> None:
    [page] = label(labelled(), ruler()).pages
    [code] = [item for item in page.items if isinstance(item, Code)]

    assert code.rows == modules(SOURCE)


def test_a_place_too_long_to_read_from_paper_leaves_the_code_to_the_design() -> None:
    long = "https://example.org/" + "x" * QR_BYTES_MAX
    of = passport(sources=(long,))

    assert qr_of(of) == f"ipfs://{of.design}"
    assert squeezed(long) in letters(label(labelled(of), ruler()))
    assert qr_of(passport(sources=(long, SOURCE))) == SOURCE


def test_an_ordinary_label_is_100_mm_long_and_a_long_text_makes_it_longer() -> None:
    [page] = label(labelled(), ruler()).pages
    [longer] = label(labelled(passport(names=("Ñandú Şahin",) * 40)), ruler()).pages

    assert (page.w_mm, page.h_mm) == (62, 100)
    assert 100 < longer.h_mm <= ROLL.h_mm


def test_a_text_longer_than_a_label_goes_on_to_the_next() -> None:
    sources = tuple(f"https://example.org/{'deep/' * 200}{n}" for n in range(8))
    printed = label(labelled(passport(sources=sources)), ruler())

    assert len(printed.pages) > 1
    assert f"1 of {len(printed.pages)}" in printed.texts
    for place in sources:
        assert place in letters(printed)
    assert not [text for page in printed.pages for text in outside(page)]


@settings(max_examples=60, deadline=None)
@given(names, names, st.lists(names, min_size=1, max_size=8))
def test_whatever_people_are_called_nothing_leaves_the_label_or_is_cut(
    title: str, source: str, holders: list[str]
) -> None:
    of = passport(title=title, names=tuple(holders), sources=(source,))
    printed = label(labelled(of, title), ruler())

    assert not [text for page in printed.pages for text in outside(page)]
    said = letters(printed)
    for name in (title, *holders):
        assert squeezed(name) in said or squeezed(_composed(name)) in said


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\ufffe", "\ufffd")


def test_an_a4_page_holds_six_labels_side_by_side() -> None:
    [page] = on_a4(label(labelled(), ruler()), None).pages

    assert len([item for item in page.items if isinstance(item, Code)]) == 6
    assert (page.w_mm, page.h_mm) == (210, 297)
    assert not outside(page)


@pytest.mark.parametrize("copies", [1, 7, COPIES_MAX])
def test_so_many_copies_are_so_many_labels(copies: int) -> None:
    printed = on_a4(label(labelled(), ruler()), copies)
    codes = [it for page in printed.pages for it in page.items if isinstance(it, Code)]

    assert len(codes) == copies
    assert len(printed.pages) == -(-copies // 6)
