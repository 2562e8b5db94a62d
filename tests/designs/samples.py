"""Small designs and meshes that the tests of this room share."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from fabnet.content.cid import Cid, of_raw
from fabnet.designs.requirement import Requirement
from fabnet.designs.revision import (
    FileEntry,
    Part,
    Revision,
    Rightsholder,
    Role,
    encode,
    revision_cid,
)
from fabnet.records.keys import SigningKey

Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]

ADA, BEN, CAI, EVE = (SigningKey.from_seed(bytes((n,)) * 32) for n in (1, 2, 3, 4))
NOON = "2026-11-24T12:00:00Z"
RIGHTSHOLDERS = (
    Rightsholder(did=ADA.public.did, name="Ada"),
    Rightsholder(did=BEN.public.did, name="Ben"),
    Rightsholder(did=CAI.public.did, name="Cai"),
)

HOOK = """
okhv = "2.4"
name = "Coat hook"
repo = "https://example.org/hook"
version = "1.0.0"
license = "CERN-OHL-S-2.0"
licensor = ["Ada", { name = "Ben", email = "ben@example.org" }]
function = "Holds a coat."
bom = "bom.csv"
image = "images/hook.png"
colour-of-the-day = "green"

[[part]]
name = "Hook"
tsdc = "3DP"
printing-process = "FDM"
material = ["PLA", "PET-G"]
infill = 30
source = "/hook.scad"
export = ["/hook.stl", "https://example.org/elsewhere.stl"]

[part.fabnet]
quantity = 2
nozzle-um = 400

[[part]]
name = "Plate"
tsdc = "LAS"
material = "Plywood"
source = "plate.svg"
mass = 85.5
smallest-tolerance-class = "IT12"
outer-dimensions = { width = 120, depth = 80.5, height = 4 }

[[part]]
name = "Putting together"
tsdc = "ASM"

[part.fabnet]
reference-s = 240
skills = ["screws"]

[[part]]
name = "Screw M4"
tsdc = "STD"
"""


def shared(name: str) -> Path:
    """Return a file or folder that lies beside this project, or skip the test."""
    path = Path(__file__).parents[2].parent / "shared" / name
    if not path.exists():
        pytest.skip(f"shared/{name} is not beside this project")
    return path


def entry(path: str, role: Role, content: bytes = b"content") -> FileEntry:
    return FileEntry(
        path=path,
        cid=of_raw(content),
        bytes=len(content),
        media_type="application/octet-stream",
        role=role,
    )


FILES = (
    entry("hook.scad", "source"),
    entry("hook.stl", "export"),
    entry("plate.svg", "source"),
    entry("README.md", "instructions"),
)


def requirement(**changes: object) -> Requirement:
    fields: dict[str, object] = {
        "process": "3d-printing.fdm",
        "materials": ("pla",),
        "size_x_um": 30_000,
        "size_y_um": 20_000,
        "size_z_um": 10_000,
        "tolerance_um": None,
        "thickness_um": None,
        "cut_um": None,
        "nozzle_um": None,
        "skills": (),
        "mass_mg": 4_200,
        "energy_wh": 30,
    }
    return Requirement(**(fields | changes))  # type: ignore[arg-type]  # by name


def revision(licence: str = "CERN-OHL-S-2.0", *, quorum: int = 2) -> Revision:
    return Revision(
        title="Coat hook",
        version="1.0.0",
        function="Holds a coat.",
        licence=licence,
        source_location="https://example.org/hook",
        rightsholders=RIGHTSHOLDERS,
        quorum=quorum,
        files=FILES,
        parts=(
            Part(
                name="Hook",
                requirement=requirement(),
                reference_s=1_800,
                quantity=1,
                files=("hook.scad", "hook.stl"),
                estimates=("reference_s",),
            ),
        ),
    )


def cid_of(published: Revision) -> Cid:
    return revision_cid(encode(published))


def stl(triangles: Iterable[Triangle], *, header: bytes = b"a test") -> bytes:
    """Return a binary STL."""
    each = list(triangles)
    records = [
        struct.pack(
            "<12fH", 0, 0, 0, *(axis for point in triangle for axis in point), 0
        )
        for triangle in each
    ]
    return header.ljust(80, b"\0") + struct.pack("<I", len(each)) + b"".join(records)


def ascii_stl(triangles: Iterable[Triangle]) -> bytes:
    """Return a text STL."""
    lines = ["solid of a test"]
    for triangle in triangles:
        lines += ["facet normal 0 0 0", " outer loop"]
        lines += [f"  vertex {x!r} {y!r} {z!r}" for x, y, z in triangle]
        lines += [" endloop", "endfacet"]
    return "\n".join([*lines, "endsolid"]).encode()


def tetrahedron(side: float = 10.0) -> list[Triangle]:
    """Return a corner of a cube, faces outward: volume side³/6."""
    o, x, y, z = (0.0, 0.0, 0.0), (side, 0.0, 0.0), (0.0, side, 0.0), (0.0, 0.0, side)
    return [(o, y, x), (o, x, z), (o, z, y), (x, y, z)]


def cuboid(
    width: float, depth: float, height: float, at: Point = (0.0, 0.0, 0.0)
) -> list[Triangle]:
    """Return a block of twelve triangles, faces outward."""
    x, y, z = at
    a, b, c, d = (
        (x, y, z),
        (x + width, y, z),
        (x + width, y + depth, z),
        (x, y + depth, z),
    )
    e, f, g, h = ((px, py, pz + height) for px, py, pz in (a, b, c, d))
    faces = (
        (a, d, c, b),
        (e, f, g, h),
        (a, b, f, e),
        (b, c, g, f),
        (c, d, h, g),
        (d, a, e, h),
    )
    return [face for p, q, r, s in faces for face in ((p, q, r), (p, r, s))]
