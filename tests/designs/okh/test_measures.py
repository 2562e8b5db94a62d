"""Sizes and masses in their old forms become millimetres and grams, or stay alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.okh.measures import sized, weighed
from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import Toml
from tests.designs.okh.test_manifest import read, told


@pytest.mark.parametrize(
    ("written", "size_um"),
    [
        ("cube(size = [400,350,150])", (400_000, 350_000, 150_000)),
        ("cube(size = [120, 100, 5.5]", (120_000, 100_000, 5_500)),
        ("cube([1,2,3], center=true)", (1_000, 2_000, 3_000)),
        ("cube(size=7);", (7_000, 7_000, 7_000)),
        ("cylinder(h=30, r=28)", (56_000, 56_000, 30_000)),
        ("cylinder(h=163, d1=22.5, d2=20)", (22_500, 22_500, 163_000)),
        ("sphere(d=10)", (10_000, 10_000, 10_000)),
    ],
)
def test_an_openscad_primitive_tells_the_box_around_it(
    written: str, size_um: tuple[int, int, int]
) -> None:
    old: Toml = {"openSCAD": written, "unit": "mm"}
    found = read(**{"outer-dimensions": old})
    stated = found.manifest.data["outer-dimensions"]

    assert found.manifest.module.size_um == size_um
    assert isinstance(stated, dict)
    assert stated["openSCAD"] == written
    unclosed = [("unclosed-parenthesis", "outer-dimensions")]
    assert told(found) == [
        *(unclosed if written.count("(") > written.count(")") else []),
        ("size-read", "outer-dimensions"),
    ]


def test_a_bare_string_is_read_in_the_unit_of_the_standard_and_says_so() -> None:
    found = read(**{"outer-dimensions": "cube(size = [300,300,300]"})

    assert found.manifest.module.size_um == (300_000,) * 3
    assert [code for code, _ in told(found)] == [
        "unclosed-parenthesis",
        "unit-not-stated",
        "size-read",
    ]


def test_another_unit_is_converted() -> None:
    dimensions: dict[str, Toml] = {"width": 1.5, "depth": 2, "height": 3, "unit": "cm"}
    found = read(**{"outer-dimensions": dimensions})

    assert found.manifest.data["outer-dimensions"] == {
        "width": 15,
        "depth": 20,
        "height": 30,
    }
    assert told(found) == [("unit-converted", "outer-dimensions")]


@pytest.mark.parametrize(
    "stated",
    [
        "about as big as a cat",
        "120 x 80 x 4",
        "cube(size = [a,b,c])",
        "cylinder(r=3)",
        {"openSCAD": "cube(3)", "unit": "furlong"},
        {"width": 1, "depth": 2, "height": 3, "unit": "furlong"},
        {"width": 1, "height": 3},
        [1, 2, 3],
    ],
)
def test_a_size_that_is_not_clear_stays_as_it_is(stated: Toml) -> None:
    found = read(**{"outer-dimensions": stated})

    assert found.manifest.data["outer-dimensions"] == stated
    assert found.manifest.module.size_um is None
    assert told(found) == [("not-read", "outer-dimensions")]


@pytest.mark.parametrize(
    ("stated", "grams"),
    [
        ({"value": 30, "unit": "g"}, 30),
        ({"value": 1.25, "unit": "kg"}, 1_250),
        ("85.5 g", 85.5),
        ("2kg", 2_000),
    ],
)
def test_a_mass_with_its_unit_becomes_grams(stated: Toml, grams: float) -> None:
    found = read(mass=stated)

    assert found.manifest.data["mass"] == grams
    assert told(found) == [("mass-read", "mass")]


@pytest.mark.parametrize(
    "stated", [{"value": 3, "unit": "stone"}, {"value": 3, "by": "Ada"}, "30", "heavy"]
)
def test_a_mass_that_is_not_clear_stays_as_it_is(stated: Toml) -> None:
    found = read(mass=stated)

    assert found.manifest.data["mass"] == stated
    assert told(found) == [("not-read", "mass")]


@given(
    st.text("cubeylindrsph()[]=,. 0123456789hd;", max_size=60)
    | st.tuples(
        st.sampled_from(["cube(", "cylinder(", "sphere("]), st.text("[],=.123hrd)")
    ).map("".join)
)
def test_whatever_is_written_is_read_once_or_not_at_all(written: str) -> None:
    part: dict[str, Toml] = {"outer-dimensions": written, "mass": written}
    sized(part, "", Report())
    weighed(part, "", Report())
    once = dict(part)
    sized(part, "", Report())
    weighed(part, "", Report())

    assert part == once
