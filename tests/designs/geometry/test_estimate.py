"""Estimates are whole numbers that grow with the piece; words have one spelling."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.geometry.estimate import box, estimate, plate
from fabnet.designs.requirement import Drawing
from fabnet.designs.vocabulary import (
    MATERIALS,
    PROCESSES,
    density_mg_per_cm3,
    is_known_code,
    material_of,
    media_type_of,
    process_of,
)

TOKEN = re.compile(r"[a-z0-9_.-]{1,60}")
sizes = st.tuples(*[st.integers(1_000, 1_000_000)] * 3)


@given(sizes, st.sampled_from([process.token for process in PROCESSES]))
def test_a_bigger_block_never_takes_less(
    size: tuple[int, int, int], process: str
) -> None:
    x, y, z = size
    small, large = box(size), box((2 * x, 2 * y, 2 * z))
    less, more = estimate(process, "pla", small), estimate(process, "pla", large)

    assert less.mass_mg <= more.mass_mg
    assert 0 < less.reference_s <= more.reference_s
    assert 0 < less.energy_wh <= more.energy_wh


def test_a_printed_cube_is_a_shell_with_some_filling() -> None:
    cube = box((20_000, 20_000, 20_000))

    full = estimate("3d-printing.fdm", "pla", cube, infill_percent=100)
    usual = estimate("3d-printing.fdm", "pla", cube)
    assert full.mass_mg == 8 * 1_240
    # 2,400 mm² of shell, 1.2 mm thick, and a fifth of the other 5,120 mm³.
    assert usual.mass_mg == (2_880 + 1_024) * 1_240 // 1_000
    assert usual.reference_s == 60 + (2_880 + 1_024) // 5
    assert estimate("3d-printing.sla", "pla", cube).mass_mg == full.mass_mg


def test_a_laser_is_paid_by_its_contour_and_by_what_it_cuts() -> None:
    board = box((300_000, 200_000, 3_000))
    thick = box((300_000, 200_000, 6_000))
    plywood = estimate("laser-cutting", "plywood", board)

    assert plywood.reference_s == 10 + 1_000 // 12
    assert plywood.mass_mg == 180 * 680
    assert estimate("laser-cutting", "acrylic", board).reference_s == 10 + 1_000 // 8
    assert estimate("laser-cutting", None, board).reference_s == 10 + 1_000 // 10
    assert estimate("laser-cutting", "plywood", thick).reference_s == 10 + 2_000 // 12


def test_a_drawing_is_paid_by_its_lines_whatever_its_size() -> None:
    ring = Drawing((100_000, 2_000), 900_000, 10**8, 2, 0, 0, (), None, ())
    shape = plate(ring, 3_000)

    assert shape.size_um == (100_000, 2_000, 3_000)
    assert shape.volume_um3 == 3 * 10**11
    assert shape.area_um2 == 2 * 10**8 + 900_000 * 3_000
    cut = estimate("laser-cutting", "plywood", shape, cut_um=900_000)
    assert cut.reference_s == 10 + 900 // 12
    milled = estimate("cnc-milling", "plywood", shape, cut_um=900_000)
    assert milled.reference_s == 120 + 900 * 3 * 6 // 60


def test_what_is_harder_to_make_takes_longer() -> None:
    cube = box((40_000, 40_000, 40_000))
    tube = replace(cube, volume_um3=cube.volume_um3 // 2)

    soft, hard = (estimate("3d-printing.fdm", it, cube) for it in ("pla", "tpu"))
    assert soft.reference_s < hard.reference_s
    wood, steel = (estimate("cnc-milling", it, tube) for it in ("plywood", "steel"))
    assert wood.reference_s < steel.reference_s


def test_a_stated_mass_is_kept_and_an_unknown_material_weighs_as_plastic() -> None:
    cube = box((10_000, 10_000, 10_000))

    assert estimate("cnc-milling", "unobtainium", cube).mass_mg == 1_200
    assert estimate("cnc-milling", None, cube).mass_mg == 1_200
    assert estimate("cnc-milling", "steel", cube, mass_mg=7).mass_mg == 7


def test_work_by_hand_takes_half_an_hour_whatever_the_size() -> None:
    assert estimate("assembly", None, box((0, 0, 0))).reference_s == 1_800


@pytest.mark.parametrize(
    ("codes", "printing", "token"),
    [
        (["3DP"], "FDM", "3d-printing.fdm"),
        (["3dp"], "sls", "3d-printing.sls"),
        (["3DP"], None, "3d-printing"),
        (["3DP"], "spaghetti", "3d-printing"),
        (["LAS"], "FDM", "laser-cutting"),
        (["CNC"], None, "cnc-milling"),
        (["ASM"], None, "assembly"),
        (["MEC"], None, "assembly.mechanical"),
        (["STD"], None, None),
        (["XYZ"], None, None),
        (["CNC", "LAS"], None, None),
        ([], None, None),
    ],
)
def test_a_code_means_one_process_or_none(
    codes: list[str], printing: str | None, token: str | None
) -> None:
    process = process_of(codes, printing)

    assert (process.token if process else None) == token


def test_a_part_to_buy_is_known_and_made_by_nothing() -> None:
    assert is_known_code("STD")
    assert not is_known_code("XYZ")


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("PLA", "pla"),
        ("PET-G", "petg"),
        ("Aluminum", "aluminium"),
        ("Birch plywood 4 mm", "birch-plywood-4-mm"),
        ("Contraplacado de álamo", "contraplacado-de-alamo"),
        ("竹", None),
        ("", None),
    ],
)
def test_a_material_has_one_token(text: str, token: str | None) -> None:
    assert material_of(text) == token


@given(st.text())
def test_any_text_makes_a_token_or_none(text: str) -> None:
    token = material_of(text)

    assert token is None or TOKEN.fullmatch(token)


def test_our_own_words_are_tokens_that_mean_themselves() -> None:
    for material in MATERIALS:
        assert TOKEN.fullmatch(material.token)
        assert material_of(material.token) == material.token
        assert density_mg_per_cm3(material.token) == material.mg_per_cm3
    assert all(TOKEN.fullmatch(process.token) for process in PROCESSES)
    assert len({process.token for process in PROCESSES}) == len(PROCESSES)


def test_a_file_name_suggests_a_media_type() -> None:
    assert media_type_of("parts/Hook.STL") == "model/stl"
    assert media_type_of("README") == "application/octet-stream"
