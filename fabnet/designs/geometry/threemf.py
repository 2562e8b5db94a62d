"""3MF to what it measures: a zip of XML models, in which objects hold other objects.

An object may be placed many times, and what it is placed in too, so a small file can
mean a whole world: depth, places and points are counted as they are expanded. Source:
3MF Core Specification 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.content.archive import Archive
from fabnet.designs.geometry.mesh import (
    CHUNK,
    COORDINATE_MM_MAX,
    Floats,
    cross,
    measured,
)
from fabnet.designs.geometry.strict_xml import read_xml
from fabnet.designs.geometry.threemf_model import (
    MILLIMETRES,
    MeshObject,
    ModelPart,
    Numbers,
    Placing,
    read_model,
)
from fabnet.designs.requirement import Geometry
from fabnet.errors import LimitError, MalformedError

PACKAGE_PARTS_MAX: Final = 2_000
"""Files in a package; slicers keep a picture and settings for each plate."""
MODEL_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of all models in a package when unpacked: as much as of binary STL."""
COMPONENT_DEPTH_MAX: Final = 16
"""Objects within objects; CAD writes three."""
INSTANCES_MAX: Final = 10_000
"""Places, of objects with all that they hold, that one build comes to."""
PLACED_POINTS_MAX: Final = 20_000_000
"""Corners, each counted as often as it is placed: 2 s of work."""

_RELATIONSHIPS: Final = "_rels/.rels"
_RELATIONSHIPS_BYTES_MAX: Final = 256 * 1024
_ROOT_TYPES: Final = ("http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel",)
_MADE: Final = frozenset({"model", "solidsupport"})
"""Types of objects that are solid in the piece; supports and surfaces are not."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solid:
    """One object of a 3MF file, and what it measures by itself."""

    name: str
    shape: Geometry
    placed: int
    """How often the build has it."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a 3MF file asks to be made at once: its solids, each in its place."""

    shape: Geometry
    """Of all together, as they lie."""
    solids: tuple[Solid, ...]
    unit: str
    told: tuple[tuple[str, str], ...]
    """Metadata as it stands, such as `LicenseTerms`, `Designer`, `Copyright`."""


def read_3mf(data: bytes) -> Build:
    """Return what a 3MF file asks for and measures, or raise RemoteError."""
    archive = Archive(data)
    if len(archive.entries) > PACKAGE_PARTS_MAX:
        raise LimitError(
            f"3mf: {len(archive.entries)} parts; the most is {PACKAGE_PARTS_MAX}"
        )
    package = _Package(archive)
    root = _root_path(archive)
    model = package.part(root)
    if not model.build:
        raise MalformedError("3mf.build: expected an item to make")
    placed = _Placed()
    for path, key, matrix in _expanded(package, root, model.build):
        placed.add(package.solid(path, key), matrix)
    return Build(
        shape=placed.shape(),
        solids=tuple(
            Solid(each.name, each.shape, each.placed)
            for each in package.solids.values()
        ),
        unit=model.unit,
        told=tuple(model.told),
    )


class _RelationshipReader:
    """Finds the part that a package begins with."""

    def __init__(self) -> None:
        self.target: str | None = None

    def start(self, name: str, attributes: Mapping[str, str], depth: int) -> None:
        """Take one relationship."""
        del depth
        if name.endswith("}Relationship") and attributes.get("Type") in _ROOT_TYPES:
            self.target = self.target or attributes.get("Target")

    def end(self, name: str) -> None:
        """Pass by the end of an element."""

    def text(self, text: str) -> None:
        """Pass by text."""

    def prefix(self, prefix: str, namespace: str) -> None:
        """Pass by a prefix."""


def _root_path(archive: Archive) -> str:
    """Return the path of the model that a package begins with."""
    if _RELATIONSHIPS not in archive:
        raise MalformedError(f"3mf: no {_RELATIONSHIPS}")
    reader = _RelationshipReader()
    raw = archive.read(_RELATIONSHIPS, most=_RELATIONSHIPS_BYTES_MAX)
    read_xml([raw], reader, at=f"3mf: {_RELATIONSHIPS}")
    if reader.target is None:
        raise MalformedError(f"3mf: {_RELATIONSHIPS} names no model")
    return reader.target.removeprefix("/")


@dataclass(slots=True)
class _Measured:
    """One object with its own triangles, in millimetres."""

    name: str
    shape: Geometry
    points: Floats
    """(axis, point), of those that triangles use."""
    triangles: Indices
    """(triangle, corner)."""
    placed: int = 0


@dataclass(slots=True)
class _Package:
    """The models of an archive, each read once, when something asks for it."""

    archive: Archive
    parts: dict[str, ModelPart] = field(default_factory=dict)
    solids: dict[tuple[str, str], _Measured] = field(default_factory=dict)
    _bytes: int = 0

    def part(self, path: str) -> ModelPart:
        """Return the model at `path`, or raise RemoteError."""
        known = self.parts.get(path)
        if known is not None:
            return known
        if path not in self.archive:
            raise MalformedError(f"3mf: no part {path[:80]!r}")
        self._bytes += self.archive.size(path)
        if self._bytes > MODEL_BYTES_MAX:
            raise LimitError(
                f"3mf: {self._bytes} bytes of models; the most is {MODEL_BYTES_MAX}"
            )
        read = read_model(self.archive.pieces(path), at="3mf")
        self.parts[path] = read
        return read

    def object(self, path: str, object_id: str) -> MeshObject:
        """Return an object of the model at `path`, or raise RemoteError."""
        found = self.part(path).objects.get(object_id)
        if found is None:
            raise MalformedError(f"3mf.object {object_id[:20]}: not in {path[:80]!r}")
        return found

    def solid(self, path: str, object_id: str) -> _Measured:
        """Return what an object's own triangles measure."""
        key = (path, object_id)
        if key not in self.solids:
            scale = MILLIMETRES[self.part(path).unit]
            self.solids[key] = _measure(self.object(path, object_id), object_id, scale)
        return self.solids[key]


def _measure(mesh: MeshObject, object_id: str, scale: float) -> _Measured:
    at = f"3mf.object {object_id[:20]}"
    vertices = np.array(mesh.vertices, np.float64).reshape(-1, 3) * scale
    triangles = np.array(mesh.triangles, np.int64).reshape(-1, 3)
    if len(triangles) and int(triangles.max()) >= len(vertices):
        raise MalformedError(f"{at}: a triangle's corner is no vertex")
    used, named = np.unique(triangles, return_inverse=True)
    points = np.ascontiguousarray(vertices[used].T)
    named = named.reshape(-1, 3)
    return _Measured(
        name=mesh.name,
        shape=measured(_chunks(points, named), at=at),
        points=points,
        triangles=named,
    )


def _chunks(points: Floats, triangles: Indices) -> Iterator[Floats]:
    for start in range(0, len(triangles), CHUNK):
        yield points[:, triangles[start : start + CHUNK].T]


def _expanded(
    package: _Package, root: str, build: list[Placing]
) -> Iterator[tuple[str, str, Floats]]:
    """Yield every place of an object that has triangles: its part, id and matrix.

    Depth first, in the file's order; the bounds hold for what is expanded, and a cycle
    ends at the depth.
    """
    scale = MILLIMETRES[package.part(root).unit]
    waiting = [(root, each, np.eye(4), 1, scale) for each in reversed(build)]
    places = 0
    while waiting:
        path, placing, around, depth, scale = waiting.pop()
        places += 1
        if places > INSTANCES_MAX:
            raise LimitError(f"3mf.build: more than {INSTANCES_MAX} placed objects")
        if depth > COMPONENT_DEPTH_MAX:
            raise LimitError(f"3mf.build: objects more than {COMPONENT_DEPTH_MAX} deep")
        inside = path if placing.path is None else placing.path.removeprefix("/")
        found = package.object(inside, placing.object_id)
        if found.kind not in _MADE:
            continue
        matrix = _matrix(placing.transform, scale) @ around
        if found.triangles:
            yield inside, placing.object_id, matrix
        inner = MILLIMETRES[package.part(inside).unit]
        waiting += [
            (inside, each, matrix, depth + 1, inner)
            for each in reversed(found.components)
        ]


def _matrix(numbers: Numbers, scale: float) -> Floats:
    """Return the matrix that rows of points are multiplied with, in millimetres."""
    matrix = np.eye(4)
    matrix[:, :3] = np.array(numbers).reshape(4, 3)
    matrix[3, :3] *= scale
    return matrix


@dataclass(slots=True)
class _Placed:
    """What the placed solids add up to."""

    triangles: int = 0
    points: int = 0
    low: Floats = field(default_factory=lambda: np.full(3, np.inf))
    high: Floats = field(default_factory=lambda: np.full(3, -np.inf))
    volume_um3: float = 0.0
    area_um2: float = 0.0
    closed: bool = True

    def add(self, solid: _Measured, matrix: Floats) -> None:
        """Count one solid where `matrix` puts it."""
        solid.placed += 1
        self.points += solid.points.shape[1] + len(solid.triangles)
        if self.points > PLACED_POINTS_MAX:
            raise LimitError(f"3mf.build: more than {PLACED_POINTS_MAX} placed points")
        turned = matrix[:3, :3].T
        points = turned @ solid.points + matrix[3, :3, None]
        if not (np.abs(points) <= COORDINATE_MM_MAX).all():
            raise MalformedError(f"3mf.build: beyond {COORDINATE_MM_MAX} mm")
        self.low = np.minimum(self.low, points.min(axis=1))
        self.high = np.maximum(self.high, points.max(axis=1))
        stretch = abs(float(np.linalg.det(turned)))
        if stretch == 0:
            raise MalformedError("3mf.build: a transform makes an object flat")
        self.triangles += solid.shape.triangles
        self.volume_um3 += solid.shape.volume_um3 * stretch
        self.area_um2 += _area_um2(solid, points, turned)
        self.closed = self.closed and solid.shape.closed

    def shape(self) -> Geometry:
        """Return the figures of all together."""
        if self.triangles == 0:
            raise MalformedError("3mf.build: no object has triangles")
        x, y, z = (round(side * 1_000) for side in (self.high - self.low).tolist())
        return Geometry(
            triangles=self.triangles,
            size_um=(x, y, z),
            volume_um3=round(self.volume_um3),
            area_um2=round(self.area_um2),
            closed=self.closed,
        )


def _area_um2(solid: _Measured, points: Floats, turned: Floats) -> float:
    """Return the area of a placed solid; uneven stretching takes all its triangles."""
    squared = turned @ turned.T
    if np.allclose(squared, squared[0, 0] * np.eye(3), rtol=1e-9, atol=1e-9):
        return solid.shape.area_um2 * float(squared[0, 0])
    area = 0.0
    for chunk in _chunks(points, solid.triangles):
        across = cross(chunk)
        across *= across
        area += float(np.sqrt(across.sum(axis=0)).sum()) / 2
    return area * 1_000_000
