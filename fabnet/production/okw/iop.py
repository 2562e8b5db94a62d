"""The Internet of Production Alliance's tables of 2024: flat rows, joined by number.

Source: its `okw_v1_schema.json`, which is another model than OKW 1.0 and shares its
name only. Numbers are unique within one export and mean nothing outside it. A postcode
is a whole number there, which none is; we hold no address, so none is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.okw.okw import UNNAMED
from fabnet.production.okw.vocabulary import Value

_UDEG = 1_000_000
_FACILITY, _ADDRESS, _SOURCE = 1, 1, 1


def to_iop(
    facility: Facility, machines: Sequence[Machine], *, source: str
) -> dict[str, Value]:
    """Return a workshop as rows by table; `source` is the name of the node that tells.

    The workshop is the first resource, and each machine one more at the same address.
    """
    processes = [can.process for machine in machines for can in machine.capabilities]
    place = facility.place
    resources = range(_FACILITY, _FACILITY + 1 + len(machines))
    return {
        "Address": [
            {
                "address_id": _ADDRESS,
                "latitude": place.latitude_udeg / _UDEG,
                "longitude": place.longitude_udeg / _UDEG,
            }
        ],
        "DatabaseSourceMetadata": [
            {"source_id": _SOURCE, "name": source, "source_type": "fabnet node"}
        ],
        "DistributedResource": [
            {"resource_id": it, "address_id": _ADDRESS, "source_id": _SOURCE}
            for it in resources
        ],
        "ManufacturingFacility": [
            {
                "facility_id": 1,
                "resource_id": _FACILITY,
                "name": facility.name,
                "capabilities": ", ".join(dict.fromkeys(processes)),
                "source_id": _SOURCE,
            }
        ],
        "ManufacturingEquipment": [
            _equipment(number, resource, machine)
            for number, (resource, machine) in enumerate(
                zip(resources[1:], machines, strict=True), 1
            )
        ],
        "ManufacturingSkill": _skills(machines),
    }


def _equipment(number: int, resource: int, machine: Machine) -> dict[str, Value]:
    row: dict[str, Value] = {"equipment_id": number, "resource_id": resource}
    if machine.model not in UNNAMED:
        row["model"] = machine.model
    processes = dict.fromkeys(can.process for can in machine.capabilities)
    return {
        **row,
        "type": ", ".join(processes),
        "description": f"{machine.name} ({machine.id})",
        "source_id": _SOURCE,
    }


def _skills(machines: Sequence[Machine]) -> list[Value]:
    """Return what people here are trained in, as one row without anybody's name."""
    told = (
        skill
        for machine in machines
        for it in machine.capabilities
        for skill in it.skills
    )
    skills = ", ".join(dict.fromkeys(told))
    if not skills:
        return []
    return [
        {
            "skill_id": 1,
            "resource_id": _FACILITY,
            "skills": skills,
            "source_id": _SOURCE,
        }
    ]
