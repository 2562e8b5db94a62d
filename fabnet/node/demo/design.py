"""The design that the demonstration publishes: a forearm pull for a lever handle.

Tied to a door's lever with two cable ties, it lets a door be opened with the forearm:
by someone whose hands are full, weak or not to touch anything. The body is a ribbon of
even height along a path: a plate with two waists for the ties, then half a cradle. A
ribbon is cut into blocks across the path, so its mesh is closed by construction.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from fabnet.errors import StorageError

Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]

PART: Final = "Forearm pull"
MESH: Final = "forearm-pull.stl"
SOURCE: Final = "forearm-pull.scad"
INSTRUCTIONS: Final = "MAKING.md"
MANIFEST: Final = "okh.toml"
STEP_MM: Final = 2.5
"""Length of one block of the ribbon: fine enough for an arc that an arm lies in."""


@dataclass(frozen=True, slots=True)
class Pull:
    """The measures of one forearm pull, in millimetres and degrees."""

    plate_mm: float = 78.0
    """Length of the straight part, which lies on the lever."""
    radius_mm: float = 43.0
    """Of the cradle, to the middle of its wall; a forearm is some 80 mm thick."""
    sweep_deg: float = 165.0
    wall_mm: float = 6.0
    height_mm: float = 24.0
    waist_mm: float = 4.4
    """Wall where a cable tie lies, so that it cannot slip off."""
    tie_mm: float = 6.0
    """Width of a waist; common ties have 4.8."""

    def path(self) -> list[tuple[float, float, float, float]]:
        """Return the ribbon's stations: x, y, heading in radians, wall."""
        steps = max(1, round(self.plate_mm / STEP_MM))
        plate = [self.plate_mm * step / steps for step in range(steps)]
        stations = [(x, 0.0, 0.0, self._wall_at(x)) for x in plate]
        sweep = math.radians(self.sweep_deg)
        steps = max(8, round(sweep * self.radius_mm / STEP_MM))
        for step in range(steps + 1):
            turn = sweep * step / steps
            x = self.plate_mm + self.radius_mm * math.sin(turn)
            y = self.radius_mm * (1 - math.cos(turn))
            stations.append((x, y, turn, self.wall_mm))
        return stations

    def outline(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return the left and the right side of the ribbon, along its path."""
        left, right = [], []
        for x, y, turn, wall in self.path():
            across_x, across_y = -math.sin(turn) * wall / 2, math.cos(turn) * wall / 2
            left.append((x + across_x, y + across_y))
            right.append((x - across_x, y - across_y))
        return left, right

    def triangles(self) -> list[Triangle]:
        """Return the mesh, every triangle turned so that its normal points out."""
        left, right = self.outline()
        low, high = 0.0, self.height_mm
        rings = [
            ((*r, low), (*l, low), (*l, high), (*r, high))
            for l, r in zip(left, right, strict=True)  # noqa: E741  # left and right
        ]
        mesh: list[Triangle] = []
        for here, there in pairwise(rings):
            for side in range(4):
                after = (side + 1) % 4
                mesh += _quad(here[side], here[after], there[after], there[side])
        first, last = rings[0], rings[-1]
        mesh += _quad(first[3], first[2], first[1], first[0])
        mesh += _quad(last[0], last[1], last[2], last[3])
        return mesh

    def _wall_at(self, x: float) -> float:
        ties = (self.plate_mm * 0.2, self.plate_mm * 0.75)
        waist = any(abs(x - tie) <= self.tie_mm / 2 for tie in ties)
        return self.waist_mm if waist else self.wall_mm


def stl(pull: Pull) -> bytes:
    """Return the mesh as binary STL, in millimetres."""
    mesh = pull.triangles()
    header = b"forearm pull, by fabnet; millimetres".ljust(80)
    rows = [
        struct.pack("<12fH", *_normal(triangle), *a, *b, *c, 0)
        for triangle in mesh
        for a, b, c in (triangle,)
    ]
    return header + struct.pack("<I", len(mesh)) + b"".join(rows)


def scad(pull: Pull) -> str:
    """Return the same body as OpenSCAD source, by its measures."""
    return f"""\
// Forearm pull for a lever handle. SPDX-License-Identifier: CERN-OHL-S-2.0
// Change the measures (millimetres, degrees) and export again.
plate = {pull.plate_mm};     // straight part, lies on the lever
radius = {pull.radius_mm};    // of the cradle, to the middle of its wall
sweep = {pull.sweep_deg};
wall = {pull.wall_mm};
height = {pull.height_mm};
waist = {pull.waist_mm};     // wall where a cable tie lies
tie = {pull.tie_mm};       // width of a waist
step = {STEP_MM};

function wall_at(x) =
    min([for (t = [plate * 0.2, plate * 0.75]) abs(x - t) <= tie / 2 ? waist : wall]);
n = max(1, round(plate / step));
m = max(8, round(sweep * PI / 180 * radius / step));
path = concat(
    [for (i = [0 : n - 1]) let (x = plate * i / n) [x, 0, 0, wall_at(x)]],
    [for (i = [0 : m]) let (a = sweep * i / m)
        [plate + radius * sin(a), radius * (1 - cos(a)), a, wall]]);
function side(p, s) =
    [p[0] - s * sin(p[2]) * p[3] / 2, p[1] + s * cos(p[2]) * p[3] / 2];
linear_extrude(height) polygon(concat(
    [for (p = path) side(p, 1)],
    [for (i = [len(path) - 1 : -1 : 0]) side(path[i], -1)]));
"""


_MAKING: Final = """\
# How to make a forearm pull

It lets a door with a lever handle be opened with the forearm.

1. Print `forearm-pull.stl` flat as it lies, in PETG (PLA creeps under the ties):
   0.4 mm nozzle, 0.2 mm layers, 4 walls, 30 % infill, no supports.
2. Look at it: no split between layers in the cradle. Pull at both ends by hand; it
   gives a little and springs back.
3. Break the edges of the cradle with a file, so that no sleeve catches.
4. Lay the plate under the lever with the cradle away from the door. Put a cable tie
   (4.8 × 200 mm) in each waist, pull tight, cut flush.
5. Open and close the door ten times with the forearm. Tighten the ties again.

Parts not made here: two cable ties.
"""

_MANIFEST: Final = """\
okhv = "2.4"
name = "Forearm pull for a lever handle"
repo = "https://example.org/ateneu/forearm-pull"
version = "1.0.0"
license = "CERN-OHL-S-2.0"
licensor = "Ateneu del Poblenou"
function = "Lets a door with a lever handle be opened with the forearm."
documentation-language = "en"
manufacturing-instructions = ["MAKING.md"]

[[part]]
name = "Forearm pull"
tsdc = "3DP"
printing-process = "FDM"
material = "PETG"
infill = 30
source = "forearm-pull.scad"
export = "forearm-pull.stl"

[part.fabnet]
nozzle-um = 400
"""


def write_design(folder: Path) -> Path:
    """Write the whole design into `folder`; return its manifest."""
    pull = Pull()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MESH).write_bytes(stl(pull))
        (folder / SOURCE).write_text(scad(pull), encoding="utf-8")
        (folder / INSTRUCTIONS).write_text(_MAKING, encoding="utf-8")
        (folder / MANIFEST).write_text(_MANIFEST, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error}") from error
    return folder / MANIFEST


def _quad(a: Point, b: Point, c: Point, d: Point) -> tuple[Triangle, Triangle]:
    return (a, b, c), (a, c, d)


def _normal(triangle: Triangle) -> Point:
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle
    u, v = (bx - ax, by - ay, bz - az), (cx - ax, cy - ay, cz - az)
    x = u[1] * v[2] - u[2] * v[1]
    y = u[2] * v[0] - u[0] * v[2]
    z = u[0] * v[1] - u[1] * v[0]
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length
