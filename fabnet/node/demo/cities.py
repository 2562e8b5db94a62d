"""The three cooperatives of the demonstration: real places, made-up workshops.

What each machine lacks is chosen so that the plan has something to explain: Jackson's
own printers are too small or drained, Detroit's first works another plastic, and
Barcelona's could make it but is an ocean away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.cooperation.membership import ActorType
from fabnet.node.founding import Toml

TIME_FACTOR: Final = 4_000
"""Simulated machines run so many times faster: an hour's print takes a second."""
NETWORK: Final = "fabcity-demo"
FEDERATION: Final = "Federation of Three Cities"
MEMBERSHIP_QUORUM: Final = 2
POLICY: Final[dict[str, object]] = {"roundS": 1, "holdS": 30}
"""What the demonstration's cooperatives voted other than the defaults."""


@dataclass(frozen=True, slots=True)
class City:
    """One cooperative and its workshop."""

    id: str
    place: str
    name: str
    latitude: float
    longitude: float
    time_zone: str
    grid_g_per_kwh: int
    actor_type: ActorType
    facts: tuple[str, ...]
    machines: tuple[dict[str, Toml], ...]


def _machine(id_: str, name: str, process: str, **more: Toml) -> dict[str, Toml]:
    machine: dict[str, Toml] = {
        "id": id_,
        "name": name,
        "process": process,
        "driver": "simulated",
        "time_factor": TIME_FACTOR,
        "setup_s": 600,
    }
    return {**machine, **more}


def _bench(id_: str, name: str, process: str, skills: list[Toml]) -> dict[str, Toml]:
    return {
        "id": id_,
        "name": name,
        "process": process,
        "driver": "manual",
        "skills": skills,
        "setup_s": 300,
    }


JACKSON: Final = City(
    id="jackson",
    place="Jackson, Mississippi",
    name="Jackson Community Production",
    latitude=32.2988,
    longitude=-90.1848,
    time_zone="America/Chicago",
    grid_g_per_kwh=420,
    actor_type="worker_coop",
    facts=("worker_owned", "surplus_to_worker_owners"),
    machines=(
        _machine(
            "printer-1",
            "Little printer",
            "3d-printing.fdm",
            model="100 mm desktop printer",
            materials=["pla", "petg"],
            size_mm=[100, 100, 100],
            tolerance_mm=0.2,
            nozzles_mm=[0.4],
            power_w=70,
        ),
        _machine(
            "printer-2",
            "Big printer",
            "3d-printing.fdm",
            model="250 mm printer, waiting for a new fan",
            state="offline",
            materials=["pla", "petg"],
            size_mm=[250, 210, 220],
            tolerance_mm=0.2,
            nozzles_mm=[0.4, 0.6],
            power_w=120,
        ),
        _machine(
            "laser-1",
            "Laser",
            "laser-cutting",
            model="60 W CO2 laser",
            materials=["plywood", "acrylic", "cardboard"],
            size_mm=[600, 400, 8],
            thickness_mm=8,
            tolerance_mm=0.2,
            power_w=600,
        ),
        _bench("bench-1", "Assembly bench", "assembly", ["screws", "soldering"]),
    ),
)

DETROIT: Final = City(
    id="detroit",
    place="Detroit, Michigan",
    name="Eastern Market Makers",
    latitude=42.3314,
    longitude=-83.0458,
    time_zone="America/Detroit",
    grid_g_per_kwh=470,
    actor_type="nonprofit",
    facts=(),
    machines=(
        _machine(
            "printer-1",
            "Corktown printer",
            "3d-printing.fdm",
            model="300 mm printer, open frame",
            materials=["pla", "tpu"],
            size_mm=[300, 300, 340],
            tolerance_mm=0.3,
            nozzles_mm=[0.4],
            power_w=150,
        ),
        _machine(
            "printer-2",
            "Gratiot printer",
            "3d-printing.fdm",
            model="250 mm printer, closed",
            materials=["petg", "asa"],
            size_mm=[250, 250, 250],
            tolerance_mm=0.2,
            nozzles_mm=[0.4],
            power_w=180,
            pace_permille=1_100,
        ),
        _machine(
            "mill-1",
            "Router",
            "cnc-milling",
            model="Three-axis router",
            materials=["plywood", "hardwood", "aluminium"],
            size_mm=[1_200, 800, 90],
            tolerance_mm=0.1,
            power_w=1_100,
        ),
        _bench("table-1", "Sewing table", "finishing", ["sewing"]),
    ),
)

BARCELONA: Final = City(
    id="barcelona",
    place="Barcelona, Catalonia",
    name="Ateneu del Poblenou",
    latitude=41.3874,
    longitude=2.1686,
    time_zone="Europe/Madrid",
    grid_g_per_kwh=150,
    actor_type="public_body",
    facts=(),
    machines=(
        _machine(
            "printer-1",
            "Poblenou printer",
            "3d-printing.fdm",
            model="250 mm printer",
            materials=["pla", "petg"],
            size_mm=[250, 210, 220],
            tolerance_mm=0.2,
            nozzles_mm=[0.4],
            power_w=120,
        ),
        _machine(
            "laser-1",
            "Laser",
            "laser-cutting",
            model="100 W CO2 laser",
            materials=["plywood", "cork", "felt"],
            size_mm=[900, 600, 10],
            thickness_mm=10,
            tolerance_mm=0.15,
            power_w=900,
        ),
        _machine(
            "mill-1",
            "Mill",
            "cnc-milling",
            model="Desktop mill",
            materials=["hardwood", "aluminium", "brass"],
            size_mm=[610, 460, 90],
            tolerance_mm=0.05,
            power_w=750,
        ),
        _bench("bench-1", "Repair bench", "assembly", ["screws", "soldering"]),
    ),
)

CITIES: Final = (JACKSON, DETROIT, BARCELONA)
