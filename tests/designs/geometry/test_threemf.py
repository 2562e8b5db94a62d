"""A 3MF file measures what its build comes to, and each object by itself."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fabnet.designs.geometry import threemf, threemf_model
from fabnet.designs.geometry.stl import read_stl
from fabnet.designs.geometry.threemf import read_3mf
from fabnet.errors import LimitError, MalformedError, RemoteError
from tests.content.zips import Packed, zipped
from tests.designs.packages import (
    MOVED,
    RELATIONSHIPS,
    component,
    components,
    item,
    mesh,
    model,
    package,
    thing,
)
from tests.designs.samples import cuboid, stl, tetrahedron

BLOCK = thing(1, mesh(cuboid(3, 4, 5)), 'name="Block"')
PLAIN = package(model(BLOCK, item(1)))


def test_a_block_measures_what_its_stl_does() -> None:
    build = read_3mf(PLAIN)

    assert build.shape == read_stl(stl(cuboid(3, 4, 5)))
    assert [(each.name, each.placed) for each in build.solids] == [("Block", 1)]
    assert build.solids[0].shape == build.shape
    assert build.unit == "millimeter"


def test_metadata_is_kept_as_it_stands() -> None:
    assert read_3mf(PLAIN).told == (
        ("Title", "A hook"),
        ("LicenseTerms", "CC-BY-4.0, Ada & Ben"),
    )


@pytest.mark.parametrize(
    ("unit", "um"),
    [
        ("micron", 1),
        ("millimeter", 1_000),
        ("centimeter", 10_000),
        ("inch", 25_400),
        ("foot", 304_800),
        ("meter", 1_000_000),
    ],
)
def test_a_unit_scales_every_figure(unit: str, um: int) -> None:
    moved = item(1, MOVED.format(7, 8, 9))
    shape = read_3mf(package(model(BLOCK, moved, unit=unit))).shape

    assert shape.size_um == (3 * um, 4 * um, 5 * um)
    assert shape.volume_um3 == pytest.approx(60 * um**3, abs=1_000)
    assert shape.area_um2 == pytest.approx(94 * um**2, abs=1)


def test_what_is_placed_twice_counts_twice_and_lies_apart() -> None:
    items = item(1) + item(1, MOVED.format(10, 0, 0))
    build = read_3mf(package(model(BLOCK, items)))

    assert build.shape.size_um == (13_000, 4_000, 5_000)
    assert build.shape.volume_um3 == 120 * 10**9
    assert build.shape.triangles == 24
    assert build.solids[0].placed == 2


def test_transforms_are_applied_from_the_inside_out() -> None:
    # Turned about z by 90°, then moved along x; then all of it doubled.
    turned = "0 1 0 -1 0 0 0 0 1 100 0 0"
    group = thing(2, components(component(1, turned), component(1)))
    shape = read_3mf(
        package(model(BLOCK + group, item(2, "2 0 0 0 2 0 0 0 2 0 0 0")))
    ).shape

    assert shape.size_um == (200_000, 8_000, 10_000)
    assert shape.volume_um3 == 2 * 8 * 60 * 10**9
    assert shape.area_um2 == 2 * 4 * 94 * 10**6


def test_uneven_stretching_measures_every_triangle_again() -> None:
    shape = read_3mf(package(model(BLOCK, item(1, "2 0 0 0 1 0 0 0 1 0 0 0")))).shape

    assert shape.size_um == (6_000, 4_000, 5_000)
    assert shape.area_um2 == 2 * (24 + 20 + 30) * 10**6


def test_an_object_in_another_part_is_found_there() -> None:
    away = component(7, None, 'p:path="/3D/Objects/block.model"')
    build = read_3mf(
        package(
            model(thing(1, components(away)), item(1)),
            {
                "3D/Objects/block.model": model(
                    thing(7, mesh(cuboid(1, 1, 1))), unit="inch"
                )
            },
        )
    )

    assert build.shape.size_um == (25_400, 25_400, 25_400)


def test_an_open_object_opens_the_build() -> None:
    open_one = thing(2, mesh(tetrahedron()[1:]))
    build = read_3mf(package(model(BLOCK + open_one, item(1) + item(2))))

    assert not build.shape.closed
    assert [solid.shape.closed for solid in build.solids] == [True, False]


def test_what_is_no_part_of_the_piece_is_not_measured() -> None:
    support = thing(2, mesh(cuboid(99, 99, 99)), 'type="support"')
    unprinted = item(1, MOVED.format(500, 0, 0), 'printable="0"')
    build = read_3mf(package(model(BLOCK + support, item(1) + item(2) + unprinted)))

    assert build.shape.size_um == (3_000, 4_000, 5_000)


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (model(BLOCK), r"3mf\.build: expected an item"),
        (model(BLOCK, item(2)), r"3mf\.object 2: not in"),
        (model(BLOCK + BLOCK, item(1)), r"3mf\.object 1: occurs twice"),
        (model(BLOCK, item(1), unit="league"), r"3mf\.unit: 'league'"),
        (model(BLOCK, "<item/>"), r"3mf\.component or item: expected objectid"),
        (model(BLOCK, item(1, "1 2 3")), r"3mf\.transform: expected twelve"),
        (model(BLOCK, item(1, "nan" + " 1" * 11)), r"3mf\.transform"),
        (model(BLOCK, item(1, "0 " * 9 + "0 0 0")), "makes an object flat"),
        (model(BLOCK, item(1, MOVED.format(2e6, 0, 0))), r"3mf\.build: beyond"),
        (model(thing(1, mesh(cuboid(1, 1, 1e8))), item(1)), r"3mf\.object 1\.tri.*bey"),
        (model(thing(1, mesh([])), item(1)), "no object has triangles"),
        (model(thing(1, components()), item(1)), "no object has triangles"),
        (model(BLOCK.replace('v1="0"', 'v1="99"'), item(1)), "corner is no vertex"),
        (model(BLOCK.replace('v1="0"', 'v1="-1"'), item(1)), "triangle 0: expected v1"),
        (model(BLOCK.replace('v1="0"', ""), item(1)), "triangle 0: expected v1"),
        (model(BLOCK.replace('x="0.0"', 'x="wide"'), item(1)), "vertex 0: expected x"),
        (model(BLOCK.replace('x="0.0"', 'x="nan"'), item(1)), "vertex 0: out of this"),
        (
            model(BLOCK, item(1), more='requiredextensions="b" xmlns:b="urn:lattice"'),
            "needs the extension 'urn:lattice'",
        ),
        ("<model/>", "expected a model of 3MF's core namespace"),
        ("<model", "not well-formed XML"),
        ("", "not well-formed XML"),
        (b"\xff\xfe<\x00", "not well-formed XML"),
        (model(BLOCK, "&hook;"), "not well-formed XML|DTD or entity"),
        (
            model(BLOCK, item(1), head='<!DOCTYPE model SYSTEM "file:///etc/passwd">'),
            "a DTD or entity, which is never read",
        ),
    ],
)
def test_a_model_that_is_not_in_order_is_refused_by_name(
    root: str | bytes, reason: str
) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_3mf(package(root))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, r"3mf: no _rels/\.rels"),
        ({"_rels/.rels": "<Relationships/>"}, "names no model"),
        ({"_rels/.rels": RELATIONSHIPS}, "no part '3D/3dmodel.model'"),
        ({"../3D": ""}, "archive"),
    ],
)
def test_a_package_that_is_not_in_order_is_refused_by_name(
    parts: dict[str, str], reason: str
) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_3mf(
            zipped(Packed(path.encode(), it.encode()) for path, it in parts.items())
        )


def test_a_cycle_of_components_ends_at_the_depth() -> None:
    loop = thing(1, components(component(1)))
    with pytest.raises(LimitError, match="more than 16 deep"):
        read_3mf(package(model(loop, item(1))))


def test_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    two = package(model(BLOCK + thing(2, components(component(1))), item(2) + item(2)))
    for module, name, most, reason in (
        (threemf, "PACKAGE_PARTS_MAX", 2, "3 parts; the most is 2"),
        (threemf, "MODEL_BYTES_MAX", 9, "bytes of models; the most is 9"),
        (threemf, "COMPONENT_DEPTH_MAX", 1, "more than 1 deep"),
        (threemf, "INSTANCES_MAX", 3, "more than 3 placed objects"),
        (threemf, "PLACED_POINTS_MAX", 39, "more than 39 placed points"),
        (threemf_model, "OBJECTS_MAX", 1, "more than 1 objects"),
        (threemf_model, "PLACINGS_MAX", 2, "more than 2 components and items"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            with pytest.raises(LimitError, match=reason):
                read_3mf(two)
    assert read_3mf(two).solids[0].placed == 2


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(RemoteError, match=r"^3mf|^archive"):
        read_3mf(data)
    with pytest.raises(RemoteError, match=r"^3mf"):
        read_3mf(package(data))


@given(st.data())
@settings(max_examples=200)
def test_a_model_with_letters_changed_is_measured_or_refused(
    data: st.DataObject,
) -> None:
    group = thing(2, components(component(1, MOVED.format(1, 2, 3))))
    root = bytearray(model(thing(1, mesh(tetrahedron())) + group, item(2)).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(root) - 1))
        root[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"0", b"9", b"-", b"e", b"1e9", b"<", b'"', b"\xff"])
        )
    with suppress(RemoteError):
        read_3mf(package(bytes(root)))


@given(st.text(max_size=40))
@example("1e308 " * 12)
@example("1_0 " * 12)
def test_any_transform_is_twelve_fair_numbers_or_refused(text: str) -> None:
    plain = "".join(each for each in text if each.isprintable() and each not in "<&\"'")
    with suppress(RemoteError):
        read_3mf(package(model(BLOCK, item(1, plain))))
