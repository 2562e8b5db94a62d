"""A mesh measures what it is, in both forms of STL, and garbage says where it is."""

from __future__ import annotations

import itertools
import math
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.designs.geometry import mesh as meshes
from fabnet.designs.geometry import stl as geometry
from fabnet.designs.geometry.stl import read_stl
from fabnet.errors import LimitError, MalformedError, RemoteError
from tests.designs.samples import Triangle, ascii_stl, cuboid, stl, tetrahedron

sides = st.integers(1, 4_000).map(lambda quarter: quarter / 4)


@pytest.mark.parametrize("form", [stl, ascii_stl], ids=["binary", "ascii"])
def test_a_tetrahedron_measures_a_sixth_of_its_cube(
    form: Callable[[list[Triangle]], bytes],
) -> None:
    shape = read_stl(form(tetrahedron(10)))

    assert shape.triangles == 4
    assert shape.size_um == (10_000, 10_000, 10_000)
    assert shape.volume_um3 == pytest.approx(10**12 / 6, rel=1e-6)
    assert shape.area_um2 == pytest.approx((150 + math.sqrt(3) * 50) * 10**6, rel=1e-6)
    assert shape.closed


@given(width=sides, depth=sides, height=sides, shift=st.integers(-500, 500))
@settings(max_examples=40)
def test_a_block_measures_its_sides_wherever_it_stands(
    width: float, depth: float, height: float, shift: int
) -> None:
    at = (float(shift), 7.0, -3.5)
    shape = read_stl(stl(cuboid(width, depth, height, at)))

    x, y, z = (round(side * 1_000) for side in (width, depth, height))
    assert shape.size_um == (x, y, z)
    assert shape.volume_um3 == pytest.approx(x * y * z, rel=1e-6)
    assert shape.area_um2 == pytest.approx(2 * (x * y + y * z + z * x), rel=1e-6)
    assert shape.closed
    assert read_stl(ascii_stl(cuboid(width, depth, height, at))) == shape


@pytest.mark.parametrize("missing", range(12))
def test_a_block_without_one_triangle_is_open(missing: int) -> None:
    triangles = cuboid(3, 4, 5)
    del triangles[missing]

    assert not read_stl(stl(triangles)).closed


def test_a_block_with_one_triangle_inside_out_is_not_closed() -> None:
    first, second, third = cuboid(3, 4, 5)[0]
    triangles = [(first, third, second), *cuboid(3, 4, 5)[1:]]

    assert not read_stl(stl(triangles)).closed


def test_a_flat_sheet_counted_on_both_sides_encloses_nothing() -> None:
    front = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    back = (front[0], front[2], front[1])

    assert not read_stl(stl([front, back])).closed


def test_minus_zero_is_the_same_point_as_zero() -> None:
    cornered = [
        tuple(tuple(-axis if axis == 0 else axis for axis in point) for point in face)
        if number % 2
        else face
        for number, face in enumerate(tetrahedron())
    ]

    assert read_stl(stl(cornered)).closed  # type: ignore[arg-type]  # still triangles


def test_a_mesh_larger_than_a_chunk_measures_as_the_sum_of_its_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = [cuboid(1, 1, 1, (2.0 * n, 0.0, 0.0)) for n in range(20)]
    mesh = stl(itertools.chain(*row))
    whole = read_stl(mesh)
    monkeypatch.setattr(geometry, "CHUNK", 7)

    assert read_stl(mesh) == whole
    assert whole.volume_um3 == pytest.approx(20 * 10**9)
    monkeypatch.setattr(meshes, "EXACT_TRIANGLES_MAX", 0)
    assert read_stl(mesh).closed
    assert not read_stl(stl([*itertools.chain(*row)][:-1])).closed


@given(st.data())
@settings(max_examples=60)
def test_hash_and_exact_count_agree_about_closedness(data: st.DataObject) -> None:
    triangles = [*cuboid(1, 1, 1), *tetrahedron(3), *cuboid(2, 2, 2, (5.0, 0.0, 0.0))]
    kept = [face for face in triangles if data.draw(st.integers(0, 9)) < 9]
    if not kept:
        return
    with pytest.MonkeyPatch.context() as patch:
        exact = read_stl(stl(kept)).closed
        patch.setattr(meshes, "EXACT_TRIANGLES_MAX", 0)
        assert read_stl(stl(kept)).closed == exact


def test_a_hash_that_collides_does_not_close_a_small_mesh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meshes, "_antisymmetric", lambda start, _: start * 0)

    assert not read_stl(stl(cuboid(3, 4, 5)[1:])).closed
    assert read_stl(stl(cuboid(3, 4, 5))).closed


@pytest.mark.parametrize("trouble", [math.nan, math.inf, -math.inf])
def test_a_coordinate_that_is_no_number_is_named_by_its_triangle(
    trouble: float,
) -> None:
    triangles = cuboid(1, 2, 3)
    triangles[6] = ((trouble, 0.0, 0.0), *triangles[6][1:])

    with pytest.raises(MalformedError, match=r"^stl\.triangle 7: not a finite number$"):
        read_stl(stl(triangles))
    with pytest.raises(MalformedError, match=r"^stl\.triangle 7: not a finite number$"):
        read_stl(ascii_stl(triangles))


def test_a_coordinate_out_of_this_world_is_refused() -> None:
    with pytest.raises(MalformedError, match=r"^stl\.triangle 1: beyond 1000000 mm$"):
        read_stl(stl(tetrahedron(3e38)))


def test_a_header_that_claims_four_billion_triangles_costs_nothing() -> None:
    claim = bytes(80) + struct.pack("<I", 4_000_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match=r"^stl\.size: expected 84 \+ 50·n"):
            read_stl(claim)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("change", [b"x", b"x" * 49, None])
def test_a_size_that_is_not_84_and_50_a_triangle_is_refused(
    change: bytes | None,
) -> None:
    mesh = stl(tetrahedron())
    with pytest.raises(MalformedError, match=r"^stl\.size: .* n = 4 .* got [23]"):
        read_stl(mesh[:-1] if change is None else mesh + change)


def test_a_mesh_without_triangles_is_refused() -> None:
    with pytest.raises(MalformedError, match=r"^stl\.triangles: none$"):
        read_stl(stl([]))
    with pytest.raises(MalformedError, match=r"^stl\.size"):
        read_stl(b"")


def test_more_triangles_than_the_limit_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (geometry, meshes):
        monkeypatch.setattr(module, "TRIANGLES_MAX", 3)
    for form in (stl, ascii_stl):
        with pytest.raises(LimitError, match=r"^stl\.triangles"):
            read_stl(form(tetrahedron()))


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("vertex", "vertx", r"stl\.line 4: expected vertex"),
        ("0.0 0.0 0.0", "0.0 0.0", r"stl\.line 4: expected vertex x y z"),
        ("0.0 0.0 0.0", "0.0 zero 0.0", r"stl\.line 4: expected vertex x y z"),
        ("outer loop", "outer", r"stl\.line 3: expected outer loop"),
        ("endsolid", "", r"stl: ends within a solid"),
        ("endfacet", "", r"stl\.line 9: expected endfacet"),
    ],
)
def test_a_broken_line_of_text_is_named(was: str, now: str, expected: str) -> None:
    text = ascii_stl(tetrahedron()).decode().replace(was, now, 1)

    with pytest.raises(MalformedError, match=f"^{expected}"):
        read_stl(text.encode())


def test_a_line_that_never_ends_is_refused() -> None:
    with pytest.raises(LimitError, match=r"^stl\.line 1: more than 400 bytes"):
        read_stl(b"solid facet " + b"x" * 10_000)


def test_a_binary_mesh_whose_header_begins_with_solid_is_still_binary() -> None:
    assert read_stl(stl(tetrahedron(), header=b"solid facet")).triangles == 4


@given(st.binary(max_size=400), st.sampled_from([b"", b"solid facet\n", bytes(84)]))
def test_garbage_is_refused_and_nothing_else_happens(rest: bytes, start: bytes) -> None:
    with pytest.raises(RemoteError, match=r"^stl"):
        read_stl(start + rest)


def test_nothing_but_the_readers_of_shapes_loads_numpy() -> None:
    script = """
import importlib, pkgutil, sys
import fabnet.designs
room, light = "fabnet.designs.geometry.", ("estimate", "measure")
for module in pkgutil.walk_packages(fabnet.designs.__path__, "fabnet.designs."):
    if not module.name.startswith(room) or module.name.endswith(light):
        importlib.import_module(module.name)
sys.exit(bool({"numpy", "ezdxf", "defusedxml"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
