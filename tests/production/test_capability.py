"""What a machine can do: every limit refuses by its own name."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.requirement import Requirement
from fabnet.errors import MalformedError
from fabnet.production.capability import (
    Capability,
    Fits,
    Misfit,
    does_process,
    fit,
)
from fabnet.records import canonical

PRINTER = Capability(
    process="3d-printing.fdm",
    materials=("pla", "petg"),
    size_x_um=250_000,
    size_y_um=210_000,
    size_z_um=200_000,
    tolerance_um=200,
    thickness_um=3_000,
    nozzles_um=(400, 600),
    skills=("slicing",),
    power_w=120,
)
BRACKET = Requirement(
    process="3d-printing.fdm",
    materials=("pla",),
    size_x_um=60_000,
    size_y_um=40_000,
    size_z_um=20_000,
    tolerance_um=300,
    thickness_um=3_000,
    cut_um=None,
    nozzle_um=400,
    skills=("slicing",),
    mass_mg=30_000,
    energy_wh=100,
)


def bracket(**changes: object) -> Requirement:
    return msgspec.structs.replace(BRACKET, **changes)


def test_a_requirement_within_every_limit_fits() -> None:
    assert fit(BRACKET, PRINTER) == Fits()


@pytest.mark.parametrize(
    ("changes", "misfit"),
    [
        (
            {"process": "laser-cutting"},
            Misfit("process", "laser-cutting", "3d-printing.fdm"),
        ),
        ({"materials": ("abs", "asa")}, Misfit("material", "abs asa", "pla petg")),
        (
            {"size_z_um": 250_001},
            Misfit("size", "250.001 × 60 × 40 mm", "250 × 210 × 200 mm"),
        ),
        ({"tolerance_um": 199}, Misfit("tolerance", "199 µm", "200 µm")),
        ({"thickness_um": 3_001}, Misfit("thickness", "3001 µm", "3000 µm")),
        ({"nozzle_um": 250}, Misfit("nozzle", "250 µm", "400 µm 600 µm")),
        ({"skills": ("welding", "slicing")}, Misfit("skill", "welding", "slicing")),
    ],
    ids=lambda value: value.reason if isinstance(value, Misfit) else None,
)
def test_the_limit_that_fails_is_named_with_both_sides(
    changes: dict[str, object], misfit: Misfit
) -> None:
    assert fit(bracket(**changes), PRINTER) == misfit


@pytest.mark.parametrize(
    "changes",
    [
        {"materials": ()},
        {"materials": ("asa", "petg")},
        {"tolerance_um": None},
        {"tolerance_um": 200},
        {"thickness_um": None},
        {"nozzle_um": None},
        {"skills": ()},
        {"process": "3d-printing"},
        {"size_x_um": 200_000, "size_y_um": 250_000, "size_z_um": 210_000},
    ],
    ids=str,
)
def test_what_does_not_matter_or_just_fits_is_no_limit(
    changes: dict[str, object],
) -> None:
    assert fit(bracket(**changes), PRINTER) == Fits()


def test_a_process_is_not_done_by_another_that_begins_alike() -> None:
    assert does_process("laser", "laser.co2")
    assert not does_process("laser", "laser-sintering")
    assert not does_process("laser.co2", "laser")


def test_a_perfect_machine_is_refused() -> None:
    perfect = canonical.encode(msgspec.structs.replace(PRINTER, tolerance_um=0))

    with pytest.raises(MalformedError, match="Capability"):
        canonical.decode(perfect, Capability, bytes_max=4_096)


SIZES = st.tuples(*[st.integers(1, 300_000)] * 3)


@given(SIZES, st.permutations([0, 1, 2]))
def test_how_a_part_lies_on_the_table_does_not_matter(
    size: tuple[int, int, int], order: list[int]
) -> None:
    turned = [size[axis] for axis in order]
    first = fit(bracket(**dict(zip(AXES, size, strict=True))), PRINTER)

    assert fit(bracket(**dict(zip(AXES, turned, strict=True))), PRINTER) == first


AXES = ("size_x_um", "size_y_um", "size_z_um")
