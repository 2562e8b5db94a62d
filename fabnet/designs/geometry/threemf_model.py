"""One model part of a 3MF package, from XML to arrays; nothing is measured here.

Source: 3MF Core Specification 1.3, and its Production Extension, by which slicers keep
each object in a part of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from fabnet.designs.geometry.strict_xml import read_xml
from fabnet.errors import LimitError, MalformedError

OBJECTS_MAX: Final = 10_000
"""Of one part; a plate full of letters has a few hundred."""
PLACINGS_MAX: Final = 100_000
"""Components and build items of one part; what they multiply to is bounded later."""
TOLD_MAX: Final = 64
"""Entries of metadata; the standard names nine. More are left out."""
TOLD_CHARS_MAX: Final = 4_096
"""Of one entry; whole licence texts are longer, and are cut here."""
NUMBER_MAX: Final = 1e9
"""Of a coordinate in any unit, or of a transform: beyond it nothing is measured."""

Numbers = tuple[float, ...]
"""Twelve of them: three rows that turn and stretch, and one that moves."""

IDENTITY: Final[Numbers] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
MILLIMETRES: Final = {
    "micron": 0.001,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "inch": 25.4,
    "foot": 304.8,
    "meter": 1_000.0,
}
"""Of each unit that the standard knows."""

_BASE: Final = "http://schemas.microsoft.com/3dmanufacturing/"
_CORES: Final = (f"{{{_BASE}core/2015/02}}", f"{{{_BASE}2013/01}}")
_PATH: Final = f"{{{_BASE}production/2015/06}}path"
_HARMLESS: Final = frozenset(
    {
        *(f"{_BASE}{rest}" for rest in ("core/2015/02", "2013/01")),
        f"{_BASE}production/2015/06",
        f"{_BASE}material/2015/02",
        "http://schemas.slic3r.org/3mf/2017/06",
        "http://schemas.bambulab.com/package/2021",
    }
)
"""Namespaces that change no shape, or that we read."""


@dataclass(frozen=True, slots=True)
class Placing:
    """An object put somewhere: a component of another, or an item of the build."""

    path: str | None
    """Of the part that holds the object; nil for the same part."""
    object_id: str
    transform: Numbers


@dataclass(slots=True)
class MeshObject:
    """One object: triangles, or other objects put together."""

    name: str
    kind: str
    vertices: array[float] = field(default_factory=lambda: array("d"))
    """x, y, z of each, in the part's unit."""
    triangles: array[int] = field(default_factory=lambda: array("I"))
    """Three numbers of vertices for each."""
    components: list[Placing] = field(default_factory=list)


@dataclass(slots=True)
class ModelPart:
    """All that one part tells."""

    unit: str = "millimeter"
    objects: dict[str, MeshObject] = field(default_factory=dict)
    build: list[Placing] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    """Metadata, as it stands: title, designer, copyright, licence terms and others."""


def read_model(pieces: Iterable[bytes], *, at: str) -> ModelPart:
    """Return what a model part tells, or raise RemoteError beginning with `at`."""
    reader = _ModelReader(at)
    read_xml(pieces, reader, at=at)
    if not reader.rooted:
        raise MalformedError(f"{at}: expected a model of 3MF's core namespace")
    return reader.part


class _ModelReader:
    """Takes the elements that we know by name, and passes by all others."""

    def __init__(self, at: str) -> None:
        self.part = ModelPart()
        self.rooted = False
        self._at = at
        self._object: MeshObject | None = None
        self._object_id = ""
        self._told: list[str] | None = None
        self._placings = 0
        self._prefixes: dict[str, str] = {}

    def prefix(self, prefix: str, namespace: str) -> None:
        """Keep what a prefix stands for."""
        self._prefixes[prefix] = namespace

    def start(self, name: str, attributes: Mapping[str, str], depth: int) -> None:
        """Take an element of the core namespace."""
        core = next((each for each in _CORES if name.startswith(each)), None)
        if core is None:
            return
        local = name[len(core) :]
        if local == "vertex" and self._object is not None:
            self._vertex(self._object, attributes)
        elif local == "triangle" and self._object is not None:
            self._triangle(self._object, attributes)
        elif local == "model" and depth == 1:
            self._model(attributes)
        elif local == "metadata" and depth == 2:
            self._metadata(attributes)
        elif local == "object":
            self._begin_object(attributes)
        elif local == "component" and self._object is not None:
            self._object.components.append(self._placing(attributes))
        elif local == "item" and attributes.get("printable") != "0":
            self.part.build.append(self._placing(attributes))

    def end(self, name: str) -> None:
        """Take the end of an element."""
        local = name.rpartition("}")[2]
        if local == "object":
            self._object = None
        elif local == "metadata" and self._told is not None:
            key, value = self._told[0], "".join(self._told[1:]).strip()
            if len(self.part.told) < TOLD_MAX:
                self.part.told.append((key, value[:TOLD_CHARS_MAX]))
            self._told = None

    def text(self, text: str) -> None:
        """Take the text of metadata; there is no other."""
        if self._told is not None and sum(map(len, self._told)) < 2 * TOLD_CHARS_MAX:
            self._told.append(text[:TOLD_CHARS_MAX])

    def _model(self, attributes: Mapping[str, str]) -> None:
        self.rooted = True
        self.part.unit = attributes.get("unit", "millimeter")
        if self.part.unit not in MILLIMETRES:
            raise MalformedError(f"{self._at}.unit: {self.part.unit[:40]!r} is none")
        for prefix in attributes.get("requiredextensions", "").split():
            namespace = self._prefixes.get(prefix, prefix)
            if namespace not in _HARMLESS:
                raise MalformedError(
                    f"{self._at}: needs the extension {namespace[:80]!r}, which is not "
                    "read"
                )

    def _metadata(self, attributes: Mapping[str, str]) -> None:
        self._told = [attributes.get("name", "")[:200]]

    def _begin_object(self, attributes: Mapping[str, str]) -> None:
        object_id = self._needed(attributes, "object", "id")
        if object_id in self.part.objects:
            raise MalformedError(f"{self._at}.object {object_id[:20]}: occurs twice")
        if len(self.part.objects) == OBJECTS_MAX:
            raise LimitError(f"{self._at}: more than {OBJECTS_MAX} objects")
        name = attributes.get("name", "")[:120]
        self._object = MeshObject(name, attributes.get("type", "model"))
        self._object_id = object_id
        self.part.objects[object_id] = self._object

    def _vertex(self, mesh: MeshObject, attributes: Mapping[str, str]) -> None:
        try:
            x, y, z = (
                float(attributes["x"]),
                float(attributes["y"]),
                float(attributes["z"]),
            )
        except (KeyError, ValueError):
            self._refuse(f"vertex {len(mesh.vertices) // 3}: expected x, y and z")
        if not abs(x) + abs(y) + abs(z) <= NUMBER_MAX:
            self._refuse(f"vertex {len(mesh.vertices) // 3}: out of this world")
        mesh.vertices.extend((x, y, z))

    def _triangle(self, mesh: MeshObject, attributes: Mapping[str, str]) -> None:
        try:
            mesh.triangles.extend(
                (int(attributes["v1"]), int(attributes["v2"]), int(attributes["v3"]))
            )
        except (KeyError, ValueError, OverflowError):
            number = len(mesh.triangles) // 3
            self._refuse(f"triangle {number}: expected v1, v2 and v3")

    def _placing(self, attributes: Mapping[str, str]) -> Placing:
        self._placings += 1
        if self._placings > PLACINGS_MAX:
            raise LimitError(
                f"{self._at}: more than {PLACINGS_MAX} components and items"
            )
        object_id = self._needed(attributes, "component or item", "objectid")
        transform = attributes.get("transform")
        numbers = IDENTITY if transform is None else self._numbers(transform)
        return Placing(attributes.get(_PATH), object_id, numbers)

    def _numbers(self, transform: str) -> Numbers:
        try:
            numbers = tuple(map(float, transform.split(maxsplit=12)))
        except ValueError:
            numbers = ()
        if len(numbers) != 12 or not all(abs(it) <= NUMBER_MAX for it in numbers):
            raise MalformedError(f"{self._at}.transform: expected twelve fair numbers")
        return numbers

    def _needed(self, attributes: Mapping[str, str], of: str, name: str) -> str:
        value = attributes.get(name)
        if value is None:
            raise MalformedError(f"{self._at}.{of}: expected {name}")
        return value

    def _refuse(self, trouble: str) -> NoReturn:
        raise MalformedError(f"{self._at}.object {self._object_id[:20]}: {trouble}")
