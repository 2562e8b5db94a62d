"""A drawing measures what a laser would cut, in every version and unit."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fabnet.designs.geometry import drawing as drawings
from fabnet.designs.geometry import dxf_tags, outlines
from fabnet.designs.geometry.drawing import read_dxf
from fabnet.errors import LimitError, MalformedError, RemoteError
from tests.designs.drawings import (
    block,
    circle,
    insert,
    line,
    new,
    plain,
    section,
    spline,
    tags,
    text_of,
)

SQUARE = [(0, 0), (100, 0), (100, 50), (0, 50)]


def test_a_plate_with_two_holes_measures_what_is_left() -> None:
    document = new()
    space = document.modelspace()
    space.add_lwpolyline(SQUARE, close=True)
    space.add_circle((20, 25), 10)
    space.add_circle((70, 25), 5)
    found = read_dxf(text_of(document))

    assert found.size_um == (100_000, 50_000)
    assert found.cut_um == pytest.approx(300_000 + 30_000 * math.pi, rel=1e-4)
    assert found.area_um2 == pytest.approx((5_000 - 125 * math.pi) * 1e6, rel=1e-3)
    assert (found.contours, found.open, found.repeated) == (3, 0, 0)
    assert found.unit == "millimetre"
    assert found.ignored == ()


def test_lines_in_any_order_and_direction_close_where_their_ends_meet() -> None:
    sides = (
        line(0, 0, 10, 0)
        + line(10, 10, 10, 0.0004)
        + line(0, 10, 0, 0)
        + line(0, 10.0004, 10, 10)
    )
    closed = read_dxf(plain(sides))
    opened = read_dxf(plain(sides + line(10, 10, 20, 20)))
    apart = read_dxf(plain(sides.replace(b"10.0004", b"10.4")))

    assert (closed.contours, closed.open) == (1, 0)
    assert closed.area_um2 == pytest.approx(10**8, rel=1e-3)
    assert (opened.contours, opened.open) == (0, 1)
    assert (apart.contours, apart.open, apart.area_um2) == (0, 1, 0)


def test_what_is_drawn_twice_is_cut_once_and_said_so() -> None:
    found = read_dxf(plain(line(0, 0, 10, 0) + line(10, 0, 0, 0) + circle(0, 0, 1) * 3))

    assert found.cut_um == pytest.approx(10_000 + 2_000 * math.pi, rel=1e-4)
    assert (found.contours, found.open, found.repeated) == (1, 1, 3)


def test_every_kind_of_line_has_its_length() -> None:
    document = new()
    space = document.modelspace()
    lengths = {
        "arc": 5 * math.pi,
        "half": 10 * math.pi,
        "ellipse": 4 * 10 * 1.2110560275684594,
        "slot": 2 * 10 + 5 * math.pi,
        "quarter": 5 * math.pi,
        "most": 15 * math.pi,
        "old": 30.0,
        "rise": 10.0,
        "flipped": 10 * math.pi,
    }
    space.add_arc((0, 0), 5, 350, 170, dxfattribs={"layer": "arc"})
    space.add_lwpolyline(
        [(0, 0, 1), (20, 0, 0)], format="xyb", dxfattribs={"layer": "half"}
    )
    space.add_ellipse((0, 0), (10, 0), 0.5, dxfattribs={"layer": "ellipse"})
    space.add_lwpolyline(
        [(0, 0, 0), (10, 0, 1), (10, 5, 0), (0, 5, 1)],
        format="xyb",
        close=True,
        dxfattribs={"layer": "slot"},
    )
    for name, turn in (("quarter", math.pi / 2), ("most", 3 * math.pi / 2)):
        ends = [(10, 0, math.tan(turn / 4)), (0, 10 if name == "quarter" else -10, 0)]
        space.add_lwpolyline(ends, format="xyb", dxfattribs={"layer": name})
    space.add_polyline2d([(0, 0), (10, 0), (10, 20)], dxfattribs={"layer": "old"})
    space.add_polyline3d([(0, 0, 0), (10, 0, 10)], dxfattribs={"layer": "rise"})
    space.add_arc(
        (7, 0), 10, 0, 180, dxfattribs={"layer": "flipped", "extrusion": (0, 0, -1)}
    )
    found = read_dxf(text_of(document))

    got = {layer.name: layer.cut_um / 1_000 for layer in found.layers}
    assert got == pytest.approx(lengths, rel=1e-3)


def test_a_spline_is_followed() -> None:
    document = new()
    document.modelspace().add_open_spline([(0, 0), (10, 20), (20, -20), (30, 0)])
    document.modelspace().add_spline([(0, 50), (10, 50), (20, 50)])
    found = read_dxf(text_of(document))

    # The cubic Bézier curve of these four points, by a fine sum.
    steps = [n / 10_000 for n in range(10_001)]
    x = [30 * t for t in steps]
    y = [60 * t * (1 - t) ** 2 - 60 * t * t * (1 - t) for t in steps]
    curve = sum(
        map(math.dist, zip(x, y, strict=True), list(zip(x, y, strict=True))[1:])
    )
    assert found.cut_um == pytest.approx((curve + 20) * 1_000, rel=2e-3)
    assert found.open == 2


@pytest.mark.parametrize(
    "version", ["R12", "R2000", "R2004", "R2007", "R2013", "R2018"]
)
def test_every_version_says_the_same(version: str) -> None:
    document = new(version)
    document.modelspace().add_polyline2d(SQUARE, close=True)
    found = read_dxf(text_of(document))

    assert (found.size_um, found.contours) == ((100_000, 50_000), 1)
    assert found.unit == (None if version == "R12" else "millimetre")


@pytest.mark.parametrize(
    ("unit", "name", "um"),
    [
        (1, "inch", 25_400),
        (5, "centimetre", 10_000),
        (6, "metre", 10**6),
        (13, "micron", 1),
    ],
)
def test_a_unit_scales_every_figure(unit: int, name: str, um: int) -> None:
    found = read_dxf(plain(line(0, 0, 3, 0) + line(0, 0, 0, 4), unit=unit))

    assert found.unit == name
    assert found.size_um == (3 * um, 4 * um)
    assert found.cut_um == 7 * um


def test_a_block_is_cut_wherever_it_is_inserted() -> None:
    document = new()
    hole = document.blocks.new("hole", base_point=(1, 0))
    hole.add_circle((1, 0), 2)
    hole.add_line((1, 0), (2, 0), dxfattribs={"layer": "mark"})
    pair = document.blocks.new("pair")
    pair.add_blockref("hole", (0, 0))
    pair.add_blockref("hole", (10, 0), dxfattribs={"xscale": 2, "yscale": 2})
    space = document.modelspace()
    space.add_blockref("pair", (0, 0), dxfattribs={"layer": "cut", "rotation": 90})
    found = read_dxf(text_of(document))

    by_name = {layer.name: layer for layer in found.layers}
    assert by_name["cut"].cut_um == pytest.approx(12_000 * math.pi, rel=1e-4)
    assert by_name["cut"].contours == 2
    assert by_name["mark"].cut_um == 3_000
    assert found.size_um == pytest.approx((8_000, 16_000), abs=2)


def test_a_grid_of_inserts_counts_each() -> None:
    grid = insert("hole", (70, 4), (71, 3), (44, 10), (45, 20))
    found = read_dxf(plain(grid, block("hole", circle(0, 0, 1))))

    assert found.contours == 12
    assert found.size_um == (32_000, 42_000)


def test_what_is_hidden_or_not_plotted_is_not_cut() -> None:
    document = new()
    for name in ("off", "frozen", "defpoints"):
        document.layers.add(name) if name != "defpoints" else None
        document.modelspace().add_circle((0, 0), 99, dxfattribs={"layer": name})
    document.layers.get("off").off()
    document.layers.get("frozen").freeze()
    document.modelspace().add_circle((0, 0), 1)
    document.layout("Layout1").add_circle((0, 0), 99)

    assert read_dxf(text_of(document)).size_um == (2_000, 2_000)


def test_what_is_no_line_is_named_as_left_out() -> None:
    document = new()
    space = document.modelspace()
    space.add_text("M4")
    space.add_hatch()
    space.add_circle((0, 0), 1)

    assert read_dxf(text_of(document)).ignored == ("HATCH", "TEXT")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "dxf: "),
        (b"AutoCAD Binary DXF\r\n\x1a\x00", "dxf: the binary form"),
        (b"zero\nSECTION\n", r"dxf\.line 1: expected a group code"),
        (b"0\n", "dxf: ends within a tag"),
        (tags((0, "SECTION"), (0, "ENDSEC")), "dxf: expected the name of a SECTION"),
        (section("ENTITIES", line(0, 0, 1, 1)), "missing EOF"),
        (plain(b""), "dxf: nothing to cut"),
        (plain(line(0, 0, 0, 0)), "dxf: nothing to cut"),
        (plain(line(0, 0, "nan", 1)), "dxf: beyond"),
        (plain(line(0, 0, 1e7, 1)), "dxf: beyond"),
        (plain(circle(0, 0, "inf")), "dxf: "),
        (plain(line(0, 0, "wide", 1)), "dxf: "),
        (plain(line(0, 0, 1, 1), unit=7), r"dxf\.\$INSUNITS: 7; expected"),
        (plain(insert("hole")), r"dxf\.insert: no block 'hole'"),
        (plain(insert("a"), block("a", insert("a"))), "blocks more than 16 deep"),
        (plain(b"0\n" + b"x" * 5_000), r"dxf\.line \d+: more than 4096 bytes"),
    ],
)
def test_a_drawing_that_is_not_in_order_is_refused_by_name(
    data: bytes, reason: str
) -> None:
    with pytest.raises(RemoteError, match=reason):
        read_dxf(data)


def test_a_block_in_another_file_is_refused() -> None:
    document = new()
    document.add_xref_def("elsewhere.dxf", "other")
    document.modelspace().add_blockref("other", (0, 0))

    with pytest.raises(MalformedError, match="'other': lies in another file"):
        read_dxf(text_of(document))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([(71, 30), (10, 0), (20, 0)], "degree 30; the most is 10"),
        ([(71, 3), (40, "nan"), (10, 0), (20, 0)], "expected knots that rise"),
        ([(71, 3), (40, 1), (40, 0), (10, 0), (20, 0)], "expected knots that rise"),
        ([(71, 3), (10, 0), (20, 0)], r"dxf: not sound: "),
    ],
)
def test_a_spline_that_is_none_is_refused(
    fields: list[tuple[int, object]], reason: str
) -> None:
    with pytest.raises(RemoteError, match=reason):
        read_dxf(plain(spline(*fields)))


def test_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    two = plain(
        insert("hole") + insert("hole") + line(0, 0, 9, 9),
        block("hole", circle(0, 0, 1) + circle(5, 5, 1)),
    )
    for module, name, most, reason in (
        (dxf_tags, "DXF_BYTES_MAX", 9, "bytes; the most is 9"),
        (dxf_tags, "TAGS_MAX", 9, "more than 9 tags"),
        (dxf_tags, "ENTITIES_MAX", 6, "more than 6 entities"),
        (drawings, "PLACES_MAX", 1, "more than 1 places"),
        (drawings, "POINTS_MAX", 600, "more than 600 points"),
        (drawings, "LINES_MAX", 4, "more than 4 lines"),
        (drawings, "LAYERS_MAX", 0, "more than 0 layers"),
        (outlines, "SPLINE_POINTS_MAX", 0, "2 points; the most is 0"),
    ):
        curve = spline((71, 1), (10, 0), (20, 0), (10, 1), (20, 0))
        data = plain(curve) if module is outlines else two
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            with pytest.raises(LimitError, match=reason):
                read_dxf(data)
    assert read_dxf(two).contours == 2


@given(
    st.lists(
        st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=3, max_size=8
    )
)
@settings(max_examples=60)
def test_a_polygon_is_as_long_as_its_sides(corners: list[tuple[int, int]]) -> None:
    sides = zip(corners, [*corners[1:], *corners[:1]], strict=True)
    lengths = {frozenset((one, other)): math.dist(one, other) for one, other in sides}
    drawn = b"".join(
        line(*pair) for edge in lengths if len(edge) == 2 for pair in [sum(edge, ())]
    )
    if not drawn:
        return
    found = read_dxf(plain(drawn))

    assert found.cut_um == pytest.approx(sum(lengths.values()) * 1_000, abs=1)
    assert found.repeated == 0


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(RemoteError, match=r"^dxf"):
        read_dxf(data)


CODES = st.sampled_from(
    [
        *(0, 2, 5, 6, 8, 10, 11, 20, 21, 30, 40, 41, 42, 50, 51, 62, 66, 67, 70, 71),
        *(72, 73, 74, 90, 100, 102, 210, 220, 230, 330, 999, 1000, 1071),
    ]
)
WORDS = st.sampled_from(
    [
        *("LINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE", "LWPOLYLINE", "POLYLINE"),
        *("VERTEX", "SEQEND", "INSERT", "BLOCK", "ENDBLK", "SECTION", "ENDSEC"),
        *("ENTITIES", "BLOCKS", "TABLES", "TABLE", "LAYER", "ENDTAB", "EOF", "HEADER"),
        *("a", "cut", "*Model_Space", "AcDbEntity", "AcDbSpline", "{", "}", "{x"),
        *("0", "1", "2", "3", "-1", "0.5", "1e308", "nan", "inf"),
    ]
)


@given(st.lists(st.tuples(CODES, WORDS), max_size=40))
@settings(max_examples=150)
@example([(0, "SPLINE"), (71, "3")])
def test_any_tags_are_measured_or_refused(drawn: list[tuple[int, str]]) -> None:
    with suppress(RemoteError):
        read_dxf(plain(tags(*drawn), block("a", line(0, 0, 1, 1))))
    with suppress(RemoteError):
        read_dxf(plain(insert("a"), block("a", tags(*drawn))))
    with suppress(RemoteError):
        read_dxf(tags(*drawn) + tags((0, "EOF")))


@given(st.data())
@settings(max_examples=100)
def test_a_drawing_with_lines_changed_is_measured_or_refused(
    data: st.DataObject,
) -> None:
    document = new("R2000")
    document.modelspace().add_spline([(0, 0), (1, 2), (3, 4)])
    document.modelspace().add_ellipse((0, 0), (10, 0), 0.5)
    document.modelspace().add_lwpolyline([(0, 0, 1), (9, 9, -1)], format="xyb")
    document.modelspace().add_polyline2d(SQUARE, close=True)
    document.blocks.new("a").add_arc((0, 0), 5, 10, 20)
    document.modelspace().add_blockref("a", (0, 0))
    lines = text_of(document).split(b"\n")
    begin = lines.index(b"BLOCKS")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(begin, len(lines) - 1))
        lines[at] = data.draw(WORDS).encode()
    with suppress(RemoteError):
        read_dxf(b"\n".join(lines))
