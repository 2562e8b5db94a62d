"""How long, how heavy, how much energy: rough estimates from shape, always said so.

Whole numbers only, so that two nodes estimate alike. Time is at pace 1,000: a machine
of ordinary speed. The figures are those of small workshops; what was measured replaces
them as jobs are finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.designs.requirement import Drawing, Geometry
from fabnet.designs.vocabulary import density_mg_per_cm3

SHELL_UM: Final = 1_200
"""Three lines of a 0.4 mm nozzle: what printers put on every face."""
INFILL_PERCENT: Final = 20
"""The usual filling of a printed body."""
MG_PER_CM3: Final = 1_200
"""The density of a material that we do not know: that of most plastics."""
_UM3_PER_CM3: Final = 10**12
_UM3_PER_MM3: Final = 10**9


@dataclass(frozen=True, slots=True)
class Estimate:
    """What making one piece may take."""

    mass_mg: int
    reference_s: int
    """The making time of one piece at pace 1,000."""
    energy_wh: int


@dataclass(frozen=True, slots=True)
class _Pace:
    handling_s: int
    """Of each piece by people; setting up is the machine's, and once a lot."""
    watts: int


_PACES: Final = {
    "3d-printing": _Pace(60, 120),
    "laser-cutting": _Pace(10, 600),
    "cnc-milling": _Pace(120, 900),
    "cutting": _Pace(60, 500),
}
_BY_HAND: Final = _Pace(1_800, 60)
"""A bench, a lamp and half an hour, where no shape says more."""

_SOLID: Final = frozenset({"3d-printing.sla", "3d-printing.dmls"})
"""Printed without filling."""
_LAYERED_MM3_PER_S: Final = 8
_FDM_MM3_PER_S: Final = {"tpu": 2, "nylon": 4, "polycarbonate": 4}
"""Through a 0.4 mm nozzle; what bends or wants heat goes slower."""
_FDM_USUAL: Final = 5
_LASER_UM_PER_S: Final = {
    "paper": 100_000,
    "cardboard": 60_000,
    "textile": 60_000,
    "felt": 40_000,
    "leather": 25_000,
    "cork": 20_000,
    "plywood": 12_000,
    "softwood": 12_000,
    "hardwood": 9_000,
    "mdf": 9_000,
    "acrylic": 8_000,
}
"""Through 3 mm, by a CO₂ laser of 80 W; a sheet twice as thick takes twice as long."""
_LASER_USUAL: Final = 10_000
_LASER_SHEET_UM: Final = 3_000
_THIN_UM: Final = 1_000
"""A thinner sheet is cut no faster: the carriage is the limit."""
_MILLED_MM3_PER_S: Final = {
    "plywood": 60,
    "softwood": 60,
    "mdf": 60,
    "hardwood": 40,
    "acrylic": 30,
    "aluminium": 15,
    "brass": 10,
    "copper": 8,
    "steel": 3,
    "stainless-steel": 2,
}
"""By a router or mill of 1 kW."""
_MILLED_USUAL: Final = 25
_TOOL_UM: Final = 6_000
"""The width of the tool that follows a drawing."""


def estimate(
    process: str,
    material: str | None,
    shape: Geometry,
    *,
    cut_um: int | None = None,
    infill_percent: int | None = None,
    mass_mg: int | None = None,
) -> Estimate:
    """Return what making one piece of `shape` may take; a stated mass is kept.

    `cut_um` is how long the lines of its drawing are, where it has one.
    """
    family = process.partition(".")[0]
    pace = _PACES.get(family, _BY_HAND)
    filled_um3 = shape.volume_um3
    if family == "3d-printing" and process not in (
        "3d-printing.sla",
        "3d-printing.dmls",
    ):
        filled_um3 = _printed_um3(shape, infill_percent)
    machining_s = 0
    if family == "3d-printing":
        machining_s = _printing_s(process, material, filled_um3)
    elif family == "laser-cutting":
        machining_s = _laser_s(material, shape, cut_um)
    elif family in ("cnc-milling", "cutting"):
        machining_s = _milling_s(material, shape, cut_um)
    reference_s = pace.handling_s + machining_s
    density = (density_mg_per_cm3(material) if material else None) or MG_PER_CM3
    return Estimate(
        mass_mg=filled_um3 * density // _UM3_PER_CM3 if mass_mg is None else mass_mg,
        reference_s=reference_s,
        energy_wh=-(-pace.watts * reference_s // 3_600),
    )


def box(size_um: tuple[int, int, int]) -> Geometry:
    """Return the shape of a solid block: all that outer dimensions tell."""
    x, y, z = size_um
    return Geometry(12, size_um, x * y * z, 2 * (x * y + y * z + z * x), closed=True)


def plate(drawing: Drawing, thickness_um: int) -> Geometry:
    """Return the shape that is left when a drawing is cut out of a sheet."""
    width, depth = drawing.size_um
    return Geometry(
        triangles=0,
        size_um=(width, depth, thickness_um),
        volume_um3=drawing.area_um2 * thickness_um,
        area_um2=2 * drawing.area_um2 + drawing.cut_um * thickness_um,
        closed=drawing.contours > 0,
    )


def _printed_um3(shape: Geometry, infill_percent: int | None) -> int:
    """Return what a hollow print holds: a shell on every face, and some filling."""
    shell = min(shape.volume_um3, shape.area_um2 * SHELL_UM)
    percent = INFILL_PERCENT if infill_percent is None else infill_percent
    return shell + (shape.volume_um3 - shell) * percent // 100


def _printing_s(process: str, material: str | None, filled_um3: int) -> int:
    rate = _LAYERED_MM3_PER_S
    if process == "3d-printing.fdm":
        rate = _FDM_MM3_PER_S.get(material or "", _FDM_USUAL)
    return filled_um3 // (_UM3_PER_MM3 * rate)


def _laser_s(material: str | None, shape: Geometry, cut_um: int | None) -> int:
    speed = _LASER_UM_PER_S.get(material or "", _LASER_USUAL)
    if cut_um is None:
        cut_um, sheet_um = _contour_um(shape), min(shape.size_um)
    else:
        sheet_um = shape.size_um[2]
    return cut_um * max(_THIN_UM, sheet_um) // (speed * _LASER_SHEET_UM)


def _milling_s(material: str | None, shape: Geometry, cut_um: int | None) -> int:
    """Return how long it takes to mill a block down, or to follow a drawing."""
    rate = _MILLED_MM3_PER_S.get(material or "", _MILLED_USUAL)
    x, y, z = shape.size_um
    removed = max(0, x * y * z - shape.volume_um3)
    if cut_um is not None:
        removed = cut_um * z * _TOOL_UM
    return removed // (_UM3_PER_MM3 * rate)


def _contour_um(shape: Geometry) -> int:
    """Return the cut length of a plate: its edge walls over its thickness."""
    thickness = min(shape.size_um)
    if thickness == 0:
        return 2 * (shape.size_um[0] + shape.size_um[1])
    walls = shape.area_um2 - 2 * shape.volume_um3 // thickness
    return max(0, walls) // thickness
