"""The pages' parts: the map, the sentences, the templates and their packaged files."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.licence.terms import ACTORS, ACTS, table
from fabnet.node.api.licences import licence_answer
from fabnet.node.api.problem import Problem
from fabnet.node.web import render
from fabnet.node.web.atlas import (
    HEIGHT,
    LINE_HEIGHT,
    WIDTH,
    Atlas,
    Pin,
    Point,
    Voyage,
    draw,
)
from fabnet.node.web.sentences import condition, duty, reason, sentence, short, span
from fabnet.node.web.words.duties import ACTORS as ACTORS_IN_WORDS
from fabnet.node.web.words.duties import ACTS as ACTS_IN_WORDS
from fabnet.node.web.words.duties import DUTIES, FACTS
from fabnet.node.web.words.lines import LINES
from fabnet.node.web.words.reasons import REASONS

PACKAGE = Path(render.__file__).parents[2]
JACKSON = Point(42_245_900, -84_401_300)
DETROIT = Point(42_331_400, -83_045_800)
BARCELONA = Point(41_390_200, 2_154_000)

points = st.builds(
    Point,
    st.integers(-90_000_000, 90_000_000),
    st.integers(-180_000_000, 180_000_000),
)


SAID_TO_PROGRAMS = {"bad-header", "unknown-host"}
"""What Peer ID Authentication answers to another node: a status, and no sentence."""


def pins(*places: Point) -> list[Pin]:
    return [Pin(place, f"Workshop {n}", "theirs") for n, place in enumerate(places)]


def drawn(*places: Point) -> Atlas:
    atlas = draw(pins(*places), [])
    assert atlas is not None
    return atlas


# ------------------------------------------------------------------ the map


def test_nothing_to_show_is_no_map() -> None:
    assert draw([], []) is None


@given(st.lists(points, min_size=1, max_size=12))
def test_every_pin_is_on_the_map(places: list[Point]) -> None:
    for mark in drawn(*places).marks:
        assert 0 <= mark.x <= WIDTH
        assert 0 <= mark.y <= HEIGHT


@given(st.lists(points, min_size=1, max_size=12))
def test_the_same_places_give_the_same_map(places: list[Point]) -> None:
    assert drawn(*places) == drawn(*places)


def test_west_is_left_and_north_is_up() -> None:
    marks = {mark.label: mark for mark in drawn(JACKSON, DETROIT, BARCELONA).marks}

    assert marks["Workshop 0"].x < marks["Workshop 1"].x < marks["Workshop 2"].x
    assert marks["Workshop 1"].y < marks["Workshop 0"].y < marks["Workshop 2"].y


def test_neighbours_beside_a_far_city_keep_readable_labels() -> None:
    marks = {mark.label: mark for mark in drawn(JACKSON, DETROIT, BARCELONA).marks}
    near, nearer = marks["Workshop 0"], marks["Workshop 1"]

    assert abs(near.label_y - nearer.label_y) >= LINE_HEIGHT


def test_two_sides_of_the_date_line_are_neighbours() -> None:
    fiji, samoa = Point(-17_800_000, 178_000_000), Point(-13_800_000, -172_100_000)
    marks = {mark.label: mark for mark in drawn(fiji, samoa).marks}

    assert marks["Workshop 0"].x < marks["Workshop 1"].x
    assert drawn(fiji, samoa).lines[0].label.endswith("E")


def test_a_voyage_starts_and_ends_at_its_places() -> None:
    atlas = draw(pins(JACKSON, BARCELONA), [Voyage(JACKSON, BARCELONA, "6 × hook")])

    assert atlas is not None
    here, there = sorted(atlas.marks, key=lambda mark: mark.x)
    assert atlas.arcs[0].path.startswith(f"M{here.x} {here.y}Q")
    assert atlas.arcs[0].path.endswith(f" {there.x} {there.y}")


# ------------------------------------------------------------------ sentences


def test_a_placement_says_where_how_far_and_when() -> None:
    told = sentence(
        "placed",
        {
            "epoch": 1,
            "part": "hook",
            "pieces": 6,
            "machine": "Printer 2",
            "facility": "Fab Lab Barcelona",
            "distance_m": 6_412_345,
            "start_ms": 1_750_000_000_000,
            "end_ms": 1_750_003_600_000,
        },
    )

    assert told == (
        "Placed: 6 × hook on Printer 2 at Fab Lab Barcelona, 6,412 km away, "
        "from 2025-06-15 15:06 UTC to 2025-06-15 16:06 UTC."
    )


def test_a_machine_that_was_not_chosen_is_told_with_the_limit() -> None:
    told = sentence(
        "not-chosen",
        {
            "machine": "Laser",
            "facility": "Detroit",
            "reason": "process",
            "wanted": "3d-printing.fdm",
            "limit": "laser-cutting",
        },
    )

    assert told == (
        "Laser at Detroit was not chosen: it does laser-cutting, "
        "and 3d-printing.fdm is needed."
    )


@pytest.mark.parametrize("detail", ["It breaks.", "why=It breaks."])
def test_a_lot_that_a_recall_ended_says_why(detail: str) -> None:
    counts = {"epoch": 1, "good": 2, "scrap": 0}

    told = sentence("final", {**counts, "reason": "design-withdrawn", "detail": detail})

    assert told == (
        "Lot 1 is over: 2 good, 0 scrap (the design was recalled: “It breaks.”)."
    )


def test_a_code_that_nobody_wrote_a_sentence_for_speaks_as_it_is() -> None:
    assert sentence("never-heard-of", {"pieces": 3}) == "Never heard of (pieces 3)."
    assert reason("never-heard-of", {}) == "never heard of"


def test_a_missing_argument_does_no_harm() -> None:
    assert "[machine]" in sentence("plan-stale", {})


def test_an_argument_is_never_read_as_a_format() -> None:
    told = sentence("design-missing", {"why": "{why.__class__} %s"})

    assert told == "The design could not be fetched yet: {why.__class__} %s."


@pytest.mark.parametrize("text", [*LINES.values(), *REASONS.values()])
def test_every_text_can_be_filled(text: str) -> None:
    assert "{" not in text.format_map(dict.fromkeys(re.findall(r"{(\w+)}", text), "x"))


def test_every_reason_is_a_clause_and_every_line_a_sentence() -> None:
    assert not [code for code, text in REASONS.items() if text.endswith(".")]
    assert not [code for code, text in LINES.items() if not text.endswith(".")]


def test_without_a_catalogue_the_sentences_are_english() -> None:
    assert sentence("cancelled", {}, "qq") == sentence("cancelled", {}, "en")
    assert isinstance(gettext.NullTranslations(), gettext.NullTranslations)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(59, "59 s"), (90, "1 min 30 s"), (7_200, "2 h"), (200_000, "2 d 7 h")],
)
def test_a_length_of_time_has_two_units(seconds: int, told: str) -> None:
    assert span(seconds) == told


def test_an_id_is_shortened_and_a_name_is_not() -> None:
    assert len(short("bafkrei" + "a" * 52)) < 20
    assert short("Jackson Community Workshop and Library") == (
        "Jackson Community Workshop and Library"
    )


def codes_in(call: str) -> set[str]:
    """Every literal first argument of `Refusal(…)`, or second of `.note(…)`."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            place = 1 if name == "note" else 0
            if name != call or len(node.args) <= place:
                continue
            found |= {
                leaf.value
                for leaf in ast.walk(node.args[place])
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
            }
    return found


def test_whatever_a_story_can_say_has_a_sentence() -> None:
    codes = codes_in("note")

    assert "placed" in codes
    assert not sorted(codes - LINES.keys())


def test_whatever_can_be_refused_has_a_reason() -> None:
    said = codes_in("Refusal") | codes_in("Refused") | codes_in("Review")
    codes = {code for code in said if not code.endswith("-")}

    assert "stale-offer" in codes
    assert not sorted(codes - REASONS.keys() - SAID_TO_PROGRAMS)


def test_whatever_a_licence_asks_lets_or_needs_has_words() -> None:
    asked = {row.code for terms in table().licences.values() for row in terms.duties}
    asked |= {"GOES_ON_UNDER", "KEEPS_ITS_LICENCE"}

    assert asked == DUTIES.keys()
    assert table().predicates.keys() == FACTS.keys()
    assert (tuple(ACTS_IN_WORDS), tuple(ACTORS_IN_WORDS)) == (ACTS, ACTORS)
    assert not [text for text in DUTIES.values() if not text.endswith(".")]
    assert duty("GOES_ON_UNDER", "MIT") == "What came under it goes on under MIT."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CERN", "does not say which"),
        ("MIT, CC-BY-NC-4.0", "bar uses that others allow"),
        ("MIT/CC0-1.0", "all hold or one"),
        ("", "grants nothing"),
        ("NONE", "grants nothing"),
        ("ask me", "names no licence"),
        ("MIT\u200b", "U+200B ZERO WIDTH SPACE"),
        ("MIT AND", "cannot be read: MIT AND"),
        ("Unlicense", "not known here: Unlicense"),
        ("A" * 600, "600 characters"),
        ("(" * 40 + "MIT" + ")" * 40, "too deep"),
    ],
)
def test_why_a_licence_cannot_be_read_is_told_in_a_sentence(
    text: str, told: str
) -> None:
    no = licence_answer(text)

    assert isinstance(no, Problem)
    assert told in no.detail


def test_a_condition_with_two_ways_tells_both() -> None:
    told = condition("any:noncommercial_purpose|worker_owned+surplus_to_worker_owners")

    assert "; or else " in told
    assert told.count("a federation signed") == 2


# ------------------------------------------------------------------ templates


def test_what_strangers_write_is_escaped() -> None:
    page = render.render(
        "problem.html",
        node=_Node(),
        problem=_Shown("<script>alert(1)</script>"),
    )

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_packaged_files_are_there_and_no_other_is_served() -> None:
    assert render.static("fabnet.css")
    assert render.static("icon.svg")
    assert render.static("../render.py") is None
    assert render.static("templates/base.html") is None


def test_no_page_asks_another_host_or_runs_a_script() -> None:
    folder = PACKAGE / "node/web"
    for path in [*folder.rglob("*.html"), *folder.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert "<script" not in text, path.name
        assert "style=" not in text, path.name


class _Node:
    name = "Jackson"
    network = "test"
    version = "0"
    peer = "12D3KooW"
    now_ms = 0


class _Shown:
    title = "No"

    def __init__(self, detail: str) -> None:
        self.detail = detail
