"""OKW 1.0: what a workshop is to other registries, with nothing made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fabnet.designs.vocabulary import MATERIALS, PROCESSES
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.okw.okw import to_okw
from fabnet.production.okw.vocabulary import (
    WIKI,
    Value,
    material_url,
    process_url,
)
from fabnet.production.place import place_at
from fabnet.records.ids import CharterId, FacilityId, MachineId

BARCELONA = Facility(
    FacilityId("fablab"), "Fab Lab Barcelona", CharterId("sha256:" + "a" * 64),
    place_at(41.3902, 2.154), "Europe/Madrid", "Mo-Fr 10:00-19:00", 180, 3_600,
)  # fmt: skip
FDM = Capability(
    "3d-printing.fdm", ("pla", "petg"), 250_500, 210_000, 220_000, 200, None,
    (400, 600), (), 120,
)  # fmt: skip
LASER = Capability(
    "laser-cutting", ("plywood", "acrylic"), 900_000, 600_000, 5_000, 100, 8_000,
    (), ("laser-safety",), 0,
)  # fmt: skip
SEWING = Capability(
    "assembly", ("textile",), 10**6, 10**6, 10**6, 1_000, None, (), (), 0
)


def machine(*capabilities: Capability, model: str = "MK4") -> Machine:
    return Machine(
        MachineId("fablab/one"), FacilityId("fablab"), "La Azul", model, "idle",
        capabilities, 3_600,
    )  # fmt: skip


def exported(*machines: Machine) -> dict[str, Value]:
    return to_okw(BARCELONA, machines, cooperative="Cooperativa del Besòs")


def equipment(*machines: Machine) -> list[dict[str, Value]]:
    rows = exported(*machines)["equipment"]
    assert isinstance(rows, list)
    return [row for row in rows if isinstance(row, dict)]


def test_a_workshop_is_where_it_is_and_opens_when_it_says() -> None:
    told = exported(machine(FDM), machine(LASER))

    assert told["name"] == "Fab Lab Barcelona"
    assert told["location"] == {"gpsCoordinates": "41.390200, 2.154000"}
    assert told["owner"] == {"name": "Cooperativa del Besòs"}
    assert told["openingHours"] == "Mo-Fr 10:00-19:00"
    assert told["manufacturingProcesses"] == [
        WIKI + "Fused_filament_fabrication",
        WIKI + "Laser_cutting",
    ]


def test_decimals_stand_beside_the_whole_millimetres() -> None:
    [printer] = equipment(machine(FDM))

    assert (printer["xTravel"], printer["xTravelMm"]) == (250, 250.5)
    assert printer["buildVolume"] == 250_500 * 210_000 * 220_000 // 10**9
    assert printer["toleranceMm"] == 0.2


def test_a_nozzle_of_less_than_a_millimetre_never_becomes_none() -> None:
    [printer] = equipment(machine(FDM))
    [coarse] = equipment(machine(replace(FDM, nozzles_um=(1_000,))))

    assert "nozzleSize" not in printer
    assert printer["nozzleSizeMm"] == [0.4, 0.6]
    assert (coarse["nozzleSize"], coarse["nozzleSizeMm"]) == (1, [1.0])


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_no_length_is_zero_and_none_is_longer_than_it_is(
    x: int, y: int, z: int
) -> None:
    [row] = equipment(machine(replace(FDM, size_x_um=x, size_y_um=y, size_z_um=z)))
    for name, size_um in (("xTravel", x), ("yTravel", y), ("zTravel", z)):
        whole = row.get(name)
        assert whole is None or (
            isinstance(whole, int) and 0 < whole * 1_000 <= size_um
        )
        assert row.get(f"{name}Mm") == (size_um / 1_000 or None)


def test_a_sheet_has_a_thickness_and_no_build_volume() -> None:
    [laser] = equipment(machine(LASER))

    assert laser["thicknessMm"] == 8.0
    assert "buildVolume" not in laser
    assert "averagePowerW" not in laser


def test_a_bench_where_hands_work_has_no_size() -> None:
    [bench] = equipment(machine(SEWING))

    assert not [name for name in bench if "Travel" in name or "Volume" in name]


def test_a_machine_of_several_processes_is_not_counted_twice() -> None:
    rows = equipment(machine(FDM, LASER))

    assert len(rows) == 2
    assert not [row for row in rows if "quantity" in row]
    assert equipment(machine(FDM))[0]["quantity"] == 1


def test_what_nobody_told_is_not_there() -> None:
    told = to_okw(BARCELONA, [machine(FDM, model="unnamed")], cooperative="")
    [row] = equipment(machine(FDM, model="unnamed"))

    assert "owner" not in told
    assert "model" not in row
    for name in ("make", "serialNumber", "condition", "powerRating", "toleranceClass"):
        assert name not in row
    for name in ("accessType", "typicalBatchSize", "floorSize", "certifications"):
        assert name not in told


def test_no_material_becomes_a_poison_and_no_plastic_a_painting() -> None:
    assert process_url("pcb-fabrication") == WIKI + "Printed_circuit_board"
    assert material_url("acrylic") == WIKI + "Poly(methyl_methacrylate)"


def test_every_process_of_ours_has_an_article() -> None:
    assert not [
        it.token for it in PROCESSES if not process_url(it.token).startswith(WIKI)
    ]
    assert process_url("3d-printing.new") == WIKI + "3D_printing"
    assert process_url("weaving") == "weaving"


def test_a_material_without_an_article_keeps_our_word() -> None:
    urls = {material_url(it.token) for it in MATERIALS}

    assert material_url("petg") == "petg"
    assert len(urls) == len(MATERIALS)
