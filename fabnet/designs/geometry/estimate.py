"""How long, how heavy, how much energy: rough estimates from shape, always said so.

Whole numbers only, so that two nodes estimate alike. Time is at pace 1,000: a machine
of ordinary speed. The figures are those of small workshops; what was measured replaces
them as jobs are finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.designs.requirement import Geometry
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
_FDM_MM3_PER_S: Final = 5
_LAYERED_MM3_PER_S: Final = 8
_CUT_UM_PER_S: Final = 10_000
_MILLED_MM3_PER_S: Final = 25


def estimate(
    process: str,
    material: str | None,
    shape: Geometry,
    *,
    infill_percent: int | None = None,
    mass_mg: int | None = None,
) -> Estimate:
    """Return what making one piece of `shape` may take; a stated mass is kept."""
    family = process.partition(".")[0]
    pace = _PACES.get(family, _BY_HAND)
    filled_um3 = shape.volume_um3
    if family == "3d-printing" and process not in (
        "3d-printing.sla",
        "3d-printing.dmls",
    ):
        filled_um3 = _printed_um3(shape, infill_percent)
    reference_s = pace.handling_s + _machining_s(process, family, shape, filled_um3)
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


def _printed_um3(shape: Geometry, infill_percent: int | None) -> int:
    """Return what a hollow print holds: a shell on every face, and some filling."""
    shell = min(shape.volume_um3, shape.area_um2 * SHELL_UM)
    percent = INFILL_PERCENT if infill_percent is None else infill_percent
    return shell + (shape.volume_um3 - shell) * percent // 100


def _machining_s(process: str, family: str, shape: Geometry, filled_um3: int) -> int:
    if family == "3d-printing":
        rate = _FDM_MM3_PER_S if process == "3d-printing.fdm" else _LAYERED_MM3_PER_S
        return filled_um3 // (_UM3_PER_MM3 * rate)
    if family == "laser-cutting":
        return _contour_um(shape) // _CUT_UM_PER_S
    if family in ("cnc-milling", "cutting"):
        x, y, z = shape.size_um
        removed = max(0, x * y * z - shape.volume_um3)
        return removed // (_UM3_PER_MM3 * _MILLED_MM3_PER_S)
    return 0


def _contour_um(shape: Geometry) -> int:
    """Return the cut length of a plate: its edge walls over its thickness."""
    thickness = min(shape.size_um)
    if thickness == 0:
        return 2 * (shape.size_um[0] + shape.size_um[1])
    walls = shape.area_um2 - 2 * shape.volume_um3 // thickness
    return max(0, walls) // thickness
