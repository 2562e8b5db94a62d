"""Files that attack end in our error, within little memory and time."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.confined import confined
from tests.content.zips import crowded, overlapping
from tests.designs.drawings import Tag, block, circle, insert, line, plain, spline, tags
from tests.designs.packages import (
    component,
    components,
    item,
    mesh,
    model,
    package,
    thing,
)
from tests.designs.samples import cuboid

BLOCK = thing(1, mesh(cuboid(1, 1, 1)))


@dataclass(frozen=True, slots=True)
class Attack:
    """A file, and how reading it must end."""

    suffix: str
    make: Callable[[], bytes]
    reason: str
    megabytes: int = 64
    seconds: int = 3


def doubling(levels: int, of: Callable[[int], str]) -> str:
    return "".join(of(level) for level in range(2, levels + 2))


def components_of_components() -> bytes:
    twice = doubling(
        14, lambda n: thing(n, components(component(n - 1), component(n - 1)))
    )
    return package(model(BLOCK + twice, item(15)))


def nothing_of_nothing() -> bytes:
    twice = doubling(
        14, lambda n: thing(n, components(component(n - 1), component(n - 1)))
    )
    return package(model(thing(1, components()) + twice, item(15)))


def a_fine_mesh_placed_everywhere() -> bytes:
    row = [face for n in range(300) for face in cuboid(1, 1, 1, (2.0 * n, 0, 0))]
    return package(model(thing(1, mesh(row)), item(1) * 9_000))


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE model [<!ENTITY x0 "ha">{entities}]>'
    return package(model("<object id='1'>&x11;</object>", item(1), head=head))


def one_long_token(begin: str) -> Callable[[], bytes]:
    def make() -> bytes:
        filling = "".join(f" a{n}='{n}'" for n in range(200_000))
        return package(model(begin + filling))

    return make


def inserts(levels: int, *more: Tag, of: bytes = circle(0, 0, 1) * 3) -> bytes:
    blocks = block("b0", of) + b"".join(
        block(f"b{n}", insert(f"b{n - 1}", *more) * 2) for n in range(1, levels + 1)
    )
    return plain(insert(f"b{levels}"), blocks)


ATTACKS = {
    "STL of 4·10⁹ triangles": Attack(
        "stl",
        lambda: bytes(80) + struct.pack("<I", 4_000_000_000),
        "expected 84 + 50·n",
        megabytes=16,
        seconds=1,
    ),
    "STL of one line": Attack(
        "stl", lambda: b"solid facet " + b"x" * 9_000_000, "more than 400 bytes"
    ),
    "3MF of 10⁶ entries": Attack("3mf", lambda: crowded(1_000_000), "a directory of"),
    "3MF by overlap": Attack(
        "3mf", lambda: overlapping(1_000, b"<model/>" * 9_999), "shares its bytes"
    ),
    "3MF by ratio": Attack(
        "3mf", lambda: package(model(" " * 20_000_000)), "the most is 200 for each"
    ),
    "3MF of entities": Attack("3mf", laughs, "a DTD or entity"),
    "3MF of open tags": Attack(
        "3mf", lambda: package(model("<a>" * 100_000)), "more than 64 deep"
    ),
    "3MF of attributes": Attack("3mf", one_long_token("<a "), "bytes in one token"),
    "3MF of names": Attack(
        "3mf",
        lambda: package(model("".join(f"<a{n}/>" for n in range(9_000)))),
        "different names",
    ),
    "3MF of components": Attack("3mf", components_of_components, "placed objects"),
    "3MF of nothing, often": Attack("3mf", nothing_of_nothing, "placed objects"),
    "3MF of a fine mesh, often": Attack(
        "3mf", a_fine_mesh_placed_everywhere, "placed points", seconds=8
    ),
    "DXF of inserts": Attack(
        "dxf", lambda: inserts(15), "more than 2000000 points", megabytes=128
    ),
    "DXF of nothing, often": Attack(
        "dxf", lambda: inserts(15, of=b""), "more than 20000 places"
    ),
    "DXF of deep inserts": Attack("dxf", lambda: inserts(17), "more than 16 deep"),
    "DXF of grids": Attack(
        "dxf", lambda: inserts(2, (70, 32_000), (71, 32_000)), "more than 20000 places"
    ),
    "DXF of grids that weigh": Attack(
        "dxf",
        lambda: inserts(1, (70, 90), (71, 90), (44, 1), (45, 1)),
        "more than 2000000 points",
        megabytes=256,
        seconds=10,
    ),
    "DXF of lines": Attack(
        "dxf",
        lambda: plain(line(0, 0, 1, 1) * 50_001),
        "more than 50000 entities",
        megabytes=256,
        seconds=10,
    ),
    "DXF of tags": Attack(
        "dxf",
        lambda: plain(tags((0, "LWPOLYLINE"), *[(10, 0), (20, 0)] * 310_000)),
        "more than 600000 tags",
        megabytes=256,
        seconds=10,
    ),
    "DXF of one spline": Attack(
        "dxf",
        lambda: plain(spline((71, 3), *[(10, 0), (20, 0), (30, 0)] * 100_000)),
        "dxf",
        megabytes=256,
        seconds=10,
    ),
    "DXF of one line": Attack(
        "dxf", lambda: b"0\n" + b"x" * 9_000_000, "more than 4096 bytes"
    ),
    "DXF of 65 MiB": Attack("dxf", lambda: b"0\n" * 34_000_000, "the most is 67108864"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_our_error_and_costs_little(
    name: str, tmp_path: Path
) -> None:
    attack = ATTACKS[name]
    outcome = confined(
        f"measure('a.{attack.suffix}', data)",
        attack.make(),
        tmp_path,
        imports="from fabnet.designs.geometry.measure import measure\n"
        "from fabnet.designs.geometry import drawing, stl, threemf",
        megabytes=attack.megabytes,
        seconds=attack.seconds,
    )

    assert outcome.kind in ("MalformedError", "LimitError"), outcome
    assert attack.reason in outcome.said
    assert outcome.megabytes <= attack.megabytes
