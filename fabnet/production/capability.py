"""A capability: what a machine can do, and whether that meets a requirement.

Every limit has a rule of its own and every rule its own reason, so that a refusal
names the limit that failed. Sizes fit in any axis rotation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.designs.requirement import Requirement
from fabnet.records.body import Body
from fabnet.records.ids import INT_MAX, Count, Token

MATERIALS_MAX: Final = 32
"""Materials of one capability; a workshop's whole shelf."""
SKILLS_MAX: Final = 16
"""Skills that the people of one machine have."""
NOZZLES_MAX: Final = 8
"""Nozzles of one machine; sets sold have five or six."""


class Capability(Body):
    """What one machine can do in one process (OKW Equipment)."""

    process: Token
    materials: Annotated[tuple[Token, ...], msgspec.Meta(max_length=MATERIALS_MAX)]
    size_x_um: Count
    size_y_um: Count
    size_z_um: Count
    tolerance_um: Annotated[int, msgspec.Meta(ge=1, le=INT_MAX)]
    """The accuracy it holds; 0 is never honest, so a requirement of 0 fits nowhere."""
    thickness_um: Count | None
    """The thickest sheet it takes; nil where that means nothing."""
    nozzles_um: Annotated[tuple[Count, ...], msgspec.Meta(max_length=NOZZLES_MAX)]
    skills: Annotated[tuple[Token, ...], msgspec.Meta(max_length=SKILLS_MAX)]
    """What the people who run it are trained in."""
    power_w: Count


@dataclass(frozen=True, slots=True)
class Fits:
    """Every limit allows it."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first limit that fails, with what was wanted and what there is."""

    reason: str
    wanted: str
    limit: str


def fit(requirement: Requirement, capability: Capability) -> Fits | Misfit:
    """Return whether `capability` meets `requirement`, or the limit that fails."""
    for rule in (_process, _material, _size, _tolerance, _thickness, _nozzle, _skills):
        misfit = rule(requirement, capability)
        if misfit is not None:
            return misfit
    return Fits()


def does_process(wanted: str, offered: str) -> bool:
    """Whether a machine that offers one process does the other: `a.b` does `a`."""
    return offered == wanted or offered.startswith(wanted + ".")


def _process(need: Requirement, can: Capability) -> Misfit | None:
    if does_process(need.process, can.process):
        return None
    return Misfit("process", need.process, can.process)


def _material(need: Requirement, can: Capability) -> Misfit | None:
    if not need.materials or set(need.materials) & set(can.materials):
        return None
    return Misfit("material", " ".join(need.materials), " ".join(can.materials))


def _size(need: Requirement, can: Capability) -> Misfit | None:
    wanted = sorted((need.size_x_um, need.size_y_um, need.size_z_um))
    limit = sorted((can.size_x_um, can.size_y_um, can.size_z_um))
    if all(part <= bed for part, bed in zip(wanted, limit, strict=True)):
        return None
    return Misfit("size", _millimetres(wanted), _millimetres(limit))


def _tolerance(need: Requirement, can: Capability) -> Misfit | None:
    if need.tolerance_um is None or can.tolerance_um <= need.tolerance_um:
        return None
    return Misfit("tolerance", f"{need.tolerance_um} µm", f"{can.tolerance_um} µm")


def _thickness(need: Requirement, can: Capability) -> Misfit | None:
    if need.thickness_um is None or can.thickness_um is None:
        return None
    if need.thickness_um <= can.thickness_um:
        return None
    return Misfit("thickness", f"{need.thickness_um} µm", f"{can.thickness_um} µm")


def _nozzle(need: Requirement, can: Capability) -> Misfit | None:
    if need.nozzle_um is None or need.nozzle_um in can.nozzles_um:
        return None
    have = " ".join(f"{nozzle} µm" for nozzle in can.nozzles_um)
    return Misfit("nozzle", f"{need.nozzle_um} µm", have or "none")


def _skills(need: Requirement, can: Capability) -> Misfit | None:
    missing = sorted(set(need.skills) - set(can.skills))
    if not missing:
        return None
    return Misfit("skill", " ".join(missing), " ".join(can.skills) or "none")


def _millimetres(sizes_um: list[int]) -> str:
    return " × ".join(f"{size / 1_000:g}" for size in reversed(sizes_um)) + " mm"
