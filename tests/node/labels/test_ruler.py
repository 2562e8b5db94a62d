"""Where texts break, and which letters the PDF's font holds."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fabnet.node.labels.page import Style, legible
from fabnet.node.labels.ruler import WIDER, ruler

BODY = Style(7)
texts = st.text(st.characters(codec="utf-8"), max_size=200)


@given(texts, st.floats(12, 80))
@example("https://example.org/" * 40, 12)
def test_no_letter_is_lost_where_a_text_breaks(text: str, width_mm: float) -> None:
    shown = legible(text)
    lines = ruler().wrap(shown, BODY, width_mm)

    assert "".join(lines).replace(" ", "") == "".join(shown.split())


@given(texts, st.floats(12, 80))
def test_no_line_is_wider_than_it_may_be(text: str, width_mm: float) -> None:
    for line in ruler().wrap(legible(text), BODY, width_mm):
        assert ruler().width_mm(line, BODY) * WIDER <= width_mm * 1.000_001


def test_a_text_breaks_at_spaces_where_it_can() -> None:
    lines = ruler().wrap("Jackson Community Workshop", BODY, 24)

    assert lines == ["Jackson", "Community", "Workshop"]


def test_a_long_address_breaks_after_a_slash() -> None:
    first, *_ = ruler().wrap("https://example.org/designs/hook/main", BODY, 43)

    assert first == "https://example.org/designs/"


def test_a_mark_stays_on_its_letter() -> None:
    for line in ruler().wrap("कि" * 60, BODY, 20):
        assert not unicodedata.category(line[0]).startswith("M")


@pytest.mark.parametrize(
    "name", ["Жанна Ñandú-Şahin", "Ελένη Παπαδοπούλου", "ნინო", "Nguyễn Văn Ất", "Łódź"]
)
def test_letters_that_stand_beside_each_other_are_held(name: str) -> None:
    assert ruler().lacking(legible(name)) == ""


@pytest.mark.parametrize("name", ["山田", "أحمد", "अदिति", "נועה", "ที่", "🔧"])
def test_letters_that_the_font_cannot_set_are_named(name: str) -> None:
    assert ruler().lacking(name) != ""


def test_a_strangers_text_turns_no_line_around_and_breaks_no_document() -> None:
    assert legible("a\u202eb\x00c\nd\ufffee") == "ab c d\ufffde"


@given(texts)
def test_what_is_legible_holds_no_control(text: str) -> None:
    assert not [it for it in legible(text) if unicodedata.category(it) == "Cc"]
