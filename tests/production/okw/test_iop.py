"""The tables of the Internet of Production, held to its own schema."""

from __future__ import annotations

import json

from msgspec.structs import replace

from fabnet.production.okw.iop import to_iop
from fabnet.production.okw.vocabulary import Value
from tests.designs.samples import shared
from tests.production.okw.test_okw import BARCELONA, FDM, LASER, SEWING, machine

TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
}
MACHINES = (machine(FDM, LASER), machine(SEWING, model="unnamed"))


def rows(table: str) -> list[dict[str, Value]]:
    told = to_iop(BARCELONA, MACHINES, source="Besòs node")[table]
    assert isinstance(told, list)
    return [row for row in told if isinstance(row, dict)]


def test_every_row_is_as_the_schema_says() -> None:
    schema = shared("data/okw_iop_db_schema_v1.json")
    defined = json.loads(schema.read_text(encoding="utf-8"))["definitions"]
    for table in to_iop(BARCELONA, MACHINES, source="Besòs node"):
        known = defined[table]["properties"]
        for row in rows(table):
            for name, value in row.items():
                assert name in known, (table, name)
                assert isinstance(value, TYPES[known[name]["type"]]), (table, name)
        for name, rule in known.items():
            if rule.get("unique"):
                numbers = [row[name] for row in rows(table)]
                assert len(set(map(str, numbers))) == len(numbers), (table, name)


def test_every_number_leads_to_a_row() -> None:
    resources = {row["resource_id"] for row in rows("DistributedResource")}
    used = [
        row["resource_id"]
        for table in ("ManufacturingFacility", "ManufacturingEquipment")
        for row in rows(table)
    ]

    assert len(used) == len(set(map(str, used))) == 1 + len(MACHINES)
    assert set(used) == resources
    [address] = rows("Address")
    for row in rows("DistributedResource"):
        assert row["address_id"] == address["address_id"]


def test_a_place_has_its_decimals_and_no_address_is_made_up() -> None:
    [address] = rows("Address")

    assert (address["latitude"], address["longitude"]) == (41.3902, 2.154)
    assert not {"postcode", "street", "country"} & address.keys()


def test_machines_say_what_they_do_and_only_the_model_that_is_known() -> None:
    both, bench = rows("ManufacturingEquipment")

    assert (both["model"], both["type"]) == ("MK4", "3d-printing.fdm, laser-cutting")
    assert "model" not in bench
    assert "brand" not in both


def test_skills_are_told_without_a_name() -> None:
    [skill] = rows("ManufacturingSkill")
    unskilled = to_iop(BARCELONA, [machine(replace(LASER, skills=()))], source="n")

    assert skill["skills"] == "laser-safety"
    assert "name" not in skill
    assert unskilled["ManufacturingSkill"] == []
