"""A requirement reads back from its JSON, and what is wrong in it is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.requirement import Requirement
from fabnet.errors import MalformedError
from fabnet.records import canonical
from fabnet.records.credential import Json, canonical_json, strict_loads
from fabnet.records.ids import INT_MAX
from tests.designs.samples import requirement

counts = st.integers(0, INT_MAX)
tokens = st.from_regex(r"[a-z0-9_.-]{1,60}", fullmatch=True)


@given(
    counts,
    st.none() | counts,
    st.none() | counts,
    st.lists(tokens, max_size=5),
    st.lists(tokens, max_size=5),
)
def test_what_is_written_reads_back(
    size: int,
    tolerance: int | None,
    nozzle: int | None,
    materials: list[str],
    skills: list[str],
) -> None:
    needed = requirement(
        size_x_um=size,
        tolerance_um=tolerance,
        nozzle_um=nozzle,
        materials=tuple(materials),
        skills=tuple(skills),
    )
    written = strict_loads(canonical_json(needed.to_json()))

    assert Requirement.from_json(written) == needed
    packed = canonical.encode(needed)
    assert canonical.decode(packed, Requirement, bytes_max=10_000) == needed


def test_it_is_an_object_that_people_can_read() -> None:
    assert requirement(nozzle_um=400).to_json() == {
        "process": "3d-printing.fdm",
        "materials": ["pla"],
        "sizeXUm": 30_000,
        "sizeYUm": 20_000,
        "sizeZUm": 10_000,
        "nozzleUm": 400,
        "skills": [],
        "massMg": 4_200,
        "energyWh": 30,
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sizeXUm": "big"}, r"\.sizeXUm: Expected `int`, got `str`"),
        ({"sizeYUm": -1}, r"\.sizeYUm: Expected `int` >= 0"),
        ({"sizeZUm": True}, r"\.sizeZUm: Expected `int`, got `bool`"),
        ({"massMg": None}, r"\.massMg: Expected `int`, got `null`"),
        ({"materials": ["pla", "Not A Token"]}, r"\.materials\[1\]: Expected `str`"),
        ({"materials": ["pla"] * 33}, r"\.materials: Expected `array` of length <= 32"),
        ({"process": ""}, r"\.process: Expected `str` matching"),
        ({"colour": "red"}, r"\.colour: no such field"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Json], named: str) -> None:
    with pytest.raises(MalformedError, match=f"^parts{named}"):
        Requirement.from_json(requirement().to_json() | change, at="parts")


@pytest.mark.parametrize("given_", [None, 3, "text", []])
def test_what_is_no_object_is_refused(given_: Json) -> None:
    with pytest.raises(MalformedError, match=r"^requirement: expected an object"):
        Requirement.from_json(given_)
