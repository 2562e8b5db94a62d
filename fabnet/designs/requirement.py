"""What one part needs of a machine, and how big it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.credential import Json
from fabnet.records.ids import Count, Token

MATERIALS_MAX: Final = 32
"""Materials any of which will do; a workshop's whole shelf."""
SKILLS_MAX: Final = 16
"""Skills that one process can ask of people."""

_PLACE = re.compile(r"\$\[(\d+)\](.*?)`?$")


class Requirement(Body):
    """What making one piece needs: the first facts that a machine is matched with."""

    process: Token
    """Such as `3d-printing.fdm`; `3d-printing` asks for any kind of it."""
    materials: Annotated[tuple[Token, ...], msgspec.Meta(max_length=MATERIALS_MAX)]
    """Any of these will do; none means that it does not matter."""
    size_x_um: Count
    size_y_um: Count
    size_z_um: Count
    tolerance_um: Count | None
    """The accuracy needed; nil means any."""
    thickness_um: Count | None
    """Of the sheet; nil where there is none."""
    cut_um: Count | None
    """How long the lines to cut are; nil where no drawing says."""
    nozzle_um: Count | None
    skills: Annotated[tuple[Token, ...], msgspec.Meta(max_length=SKILLS_MAX)]
    mass_mg: Count
    """Of one piece, an estimate unless the part says otherwise."""
    energy_wh: Count
    """To make one piece, an estimate."""

    def to_json(self) -> dict[str, Json]:
        """Return the JSON object that a manifest holds; what is nil is left out."""
        return {
            in_json: list(value) if isinstance(value, tuple) else value
            for in_json, name in _NAMES.items()
            if (value := getattr(self, name)) is not None
        }

    @classmethod
    def from_json(cls, given: Json, *, at: str = "requirement") -> Requirement:
        """Return the requirement in a JSON object, or raise MalformedError."""
        if not isinstance(given, dict):
            raise MalformedError(f"{at}: expected an object")
        for name in given:
            if name not in _NAMES:
                raise MalformedError(f"{at}.{name}: no such field")
        values = [given.get(name) for name in _NAMES]
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise MalformedError(f"{at}{_named(str(error))}") from error


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_NAMES: Final = {_camel(name): name for name in Requirement.__struct_fields__}
"""The JSON spelling of each field, in the order of the fields."""


def _named(message: str) -> str:
    """Say which field a message of msgspec's, which knows only its index, is about."""
    sentence, _, place = message.partition(" - at `")
    found = _PLACE.match(place)
    if found is None:
        return f": {message}"
    return f".{list(_NAMES)[int(found[1])]}{found[2]}: {sentence}"


@dataclass(frozen=True, slots=True)
class Geometry:
    """What a mesh measures. Taken in millimetres, since STL names no unit."""

    triangles: int
    size_um: tuple[int, int, int]
    """The bounding box along x, y and z."""
    volume_um3: int
    """Of the body that the mesh encloses; without meaning unless `closed`."""
    area_um2: int
    closed: bool
    """Whether every edge of a triangle is met by one that runs the other way."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a drawing, and what is to be cut on it."""

    name: str
    cut_um: int
    contours: int
    """Lines that come back to where they began, by themselves or joined."""
    open: int
    """Lines that do not, or that fork."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a flat drawing measures: outlines to cut, seen from above."""

    size_um: tuple[int, int]
    """The bounding box along x and y."""
    cut_um: int
    """The length of all lines; what is drawn twice counts once."""
    area_um2: int
    """Within the contours, holes taken away; to about a thousandth."""
    contours: int
    open: int
    repeated: int
    """Lines that were drawn again in the same place."""
    layers: tuple[Layer, ...]
    unit: str | None
    """As the file states it; nil where it states none and millimetres were taken."""
    ignored: tuple[str, ...]
    """Kinds of things in the drawing that are not cut, such as `TEXT`."""


Shape = Geometry | Drawing
"""What a file of a part measures."""
