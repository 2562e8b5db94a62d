"""OKW 1.0, the Open Know-Where standard of the Internet of Production Alliance.

Nothing in it is mandatory and no serialisation is defined, so names are its labels in
camelCase, and what we do not know is not there. Its lengths are whole millimetres: a
limit is rounded down, never to 0, and the decimal stands beside it under the same name
with `Mm` after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.okw.vocabulary import (
    Value,
    is_by_hand,
    material_url,
    process_url,
)
from fabnet.production.place import Place

UNNAMED: Final = ("", "unnamed")
"""Models of machines whose model nobody told."""
_UM_PER_MM: Final = 1_000
_UM3_PER_MM3: Final = 10**9
_UDEG: Final = 1_000_000


def to_okw(
    facility: Facility, machines: Sequence[Machine], *, cooperative: str
) -> dict[str, Value]:
    """Return a workshop as an OKW ManufacturingFacility.

    `cooperative` is its owner's name, empty where it is not known. A notice that counts
    is a workshop that is open for work, so its status is Active.
    """
    capabilities = [can for machine in machines for can in machine.capabilities]
    return _told(
        {
            "name": facility.name,
            "location": {"gpsCoordinates": coordinates(facility.place)},
            "owner": {"name": cooperative} if cooperative else None,
            "facilityStatus": "Active",
            "openingHours": facility.opening_hours,
            "timeZone": facility.time_zone,
            "equipment": [
                _equipment(machine, can)
                for machine in machines
                for can in machine.capabilities
            ],
            "manufacturingProcesses": _each(
                process_url(it.process) for it in capabilities
            ),
            "typicalMaterials": [
                {"materialType": url}
                for url in dict.fromkeys(
                    material_url(token) for it in capabilities for token in it.materials
                )
            ],
        }
    )


def coordinates(place: Place) -> str:
    """Return a place as decimal degrees, latitude first, to a tenth of a metre."""
    return f"{place.latitude_udeg / _UDEG:.6f}, {place.longitude_udeg / _UDEG:.6f}"


def _equipment(machine: Machine, can: Capability) -> dict[str, Value]:
    """Return one process of a machine as OKW Equipment, which has one each."""
    several = len(machine.capabilities) > 1
    return _told(
        {
            "manufacturingProcess": process_url(can.process),
            "model": None if machine.model in UNNAMED else machine.model,
            "quantity": None if several else 1,
            "materialsWorked": [
                {"materialType": material_url(token)} for token in can.materials
            ],
            **({} if is_by_hand(can.process) else _sizes(can)),
            **_nozzles(can.nozzles_um),
            "toleranceMm": can.tolerance_um / _UM_PER_MM,
            "thicknessMm": (
                None if can.thickness_um is None else can.thickness_um / _UM_PER_MM
            ),
            "averagePowerW": can.power_w or None,
            "operatorSkills": _each(can.skills),
            "notes": _notes(machine, several=several),
        }
    )


def _sizes(can: Capability) -> dict[str, Value]:
    """Return the largest piece: a volume alone would not say whether one fits."""
    sizes_um = (can.size_x_um, can.size_y_um, can.size_z_um)
    sizes: dict[str, Value] = {}
    for name, size_um in zip(("xTravel", "yTravel", "zTravel"), sizes_um, strict=True):
        sizes[name] = size_um // _UM_PER_MM or None
        sizes[f"{name}Mm"] = size_um / _UM_PER_MM or None
    if can.process.partition(".")[0] == "3d-printing":
        x, y, z = sizes_um
        sizes["buildVolume"] = x * y * z // _UM3_PER_MM3 or None
    return sizes


def _nozzles(nozzles_um: Sequence[int]) -> dict[str, Value]:
    """Return the nozzles; OKW has place for one, of whole millimetres."""
    whole = [it // _UM_PER_MM for it in nozzles_um if it and it % _UM_PER_MM == 0]
    is_whole = len(nozzles_um) == 1 and len(whole) == 1
    return {
        "nozzleSize": whole[0] if is_whole else None,
        "nozzleSizeMm": [it / _UM_PER_MM for it in nozzles_um],
    }


def _notes(machine: Machine, *, several: bool) -> str:
    name = f"{machine.name} ({machine.id})"
    return f"{name}, a machine of several processes" if several else name


def _each(texts: Iterable[str]) -> list[Value]:
    return [*dict.fromkeys(texts)]


def _told(given: dict[str, Value]) -> dict[str, Value]:
    """Return the fields that say something."""
    return {
        name: value for name, value in given.items() if value not in (None, "", [], {})
    }
