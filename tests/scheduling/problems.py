"""Small problems, in which everything that can collide does."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from fabnet.content.cid import Cid
from fabnet.designs.requirement import Requirement
from fabnet.production.capability import Capability
from fabnet.production.offer import CapacityOffer, FreeWindow
from fabnet.production.place import Place, place_at
from fabnet.production.plan import Offered, Problem, Wanted, Weights
from fabnet.records.ids import CharterId, FacilityId, JobId, MachineId, PeerId

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
JACKSON = place_at(32.2988, -90.1848)
DETROIT = place_at(42.3314, -83.0458)
BARCELONA = place_at(41.3874, 2.1686)
T = TypeVar("T")
WEIGHTS = Weights(
    late_permille=2_000, distance_s_per_km=10, co2_s_per_kg=3_600, own_first_s=1_800
)


def requirement(**changes: object) -> Requirement:
    plain = Requirement(
        process="3d-printing.fdm",
        materials=("pla",),
        size_x_um=100_000,
        size_y_um=50_000,
        size_z_um=20_000,
        tolerance_um=None,
        thickness_um=None,
        cut_um=None,
        nozzle_um=None,
        skills=(),
        mass_mg=40_000,
        energy_wh=100,
    )
    return msgspec.structs.replace(plain, **changes)


def capability(**changes: object) -> Capability:
    plain = Capability(
        process="3d-printing.fdm",
        materials=("pla", "petg"),
        size_x_um=200_000,
        size_y_um=200_000,
        size_z_um=200_000,
        tolerance_um=200,
        thickness_um=None,
        nozzles_um=(400,),
        skills=("slicing",),
        power_w=200,
    )
    return msgspec.structs.replace(plain, **changes)


def wanted(job: str = "job-1", /, **changes: object) -> Wanted:
    fields: dict[str, object] = {
        "job": JobId(job),
        "part": "body",
        "revision": Cid("revision"),
        "pieces": 6,
        "requirement": requirement(),
        "reference_s": 1_200,
        "due_ms": NOW_MS + 24 * HOUR_MS,
        "deadline_ms": None,
        "need_weight": 1_000,
        "radius_m": None,
        "place": JACKSON,
        "charter": CharterId("jackson"),
        "refused": (),
    }
    return Wanted(**(fields | changes))  # type: ignore[arg-type]  # by name


def window(start_h: float, end_h: float) -> FreeWindow:
    """A free window, in hours from now."""
    return FreeWindow(
        round(NOW_MS + start_h * HOUR_MS), round(NOW_MS + end_h * HOUR_MS)
    )


def offered(machine: str = "shop/printer", /, **changes: object) -> Offered:
    """An offer with changes, of itself or of its CapacityOffer, by the field's name."""
    offer: dict[str, object] = {
        "machine": MachineId(machine),
        "facility": FacilityId("shop"),
        "capability": capability(),
        "pace_permille": 1_000,
        "setup_s": 600,
        "energy_w": 150,
        "windows": (window(0, 48),),
        "open_to": ("federation",),
        "ttl_s": 3_600,
    }
    beside: dict[str, object] = {
        "peer": PeerId("peer-1"),
        "version": 7,
        "machine_name": f"Machine {machine}",
        "facility_name": "Workshop",
        "place": JACKSON,
        "charter": CharterId("jackson"),
        "state": "idle",
        "grid_g_per_kwh": 400,
        "permitted": True,
    }
    offer |= {name: value for name, value in changes.items() if name in offer}
    beside |= {name: value for name, value in changes.items() if name not in offer}
    return Offered(offer=CapacityOffer(**offer), **beside)  # type: ignore[arg-type]  # by name


def problem(
    rows: list[Wanted], offers: list[Offered], weights: Weights = WEIGHTS
) -> Problem:
    return Problem(tuple(rows), tuple(offers), NOW_MS, weights)


# ------------------------------------------------------------------ hypothesis


def mostly(common: T, *rare: T) -> st.SearchStrategy[T]:
    """Seldom something rare: else no offer would get past all of the rules."""
    return st.sampled_from((common,) * 9 + rare)


_processes = mostly("cut.laser", "cut", "cut.laser.co2", "cutter", "sew")
_sizes = mostly(20, 10, 30)
_charters = st.sampled_from((CharterId("east"), CharterId("west")))
_places = st.sampled_from(
    (JACKSON, DETROIT, BARCELONA, Place(0, 0, 0, 0, 0), Place(3, 4, 0, 0, 0))
)
_moments = st.integers(-3, 12).map(lambda hours: NOW_MS + hours * HOUR_MS)
_peers = st.sampled_from((PeerId("p"), PeerId("q")))
_machines = st.sampled_from(tuple(map(MachineId, ("a/1", "a/2", "b/1"))))

_requirements = st.builds(
    Requirement,
    process=mostly("cut", "cut.laser", "cutter", "sew"),
    materials=mostly((), ("ash",), ("ash", "oak")),
    size_x_um=_sizes,
    size_y_um=_sizes,
    size_z_um=_sizes,
    tolerance_um=mostly(None, 0, 100),
    thickness_um=mostly(None, 0, 3_000),
    cut_um=st.none(),
    nozzle_um=mostly(None, 400, 600),
    skills=mostly((), ("aim",), ("aim", "care")),
    mass_mg=st.sampled_from((0, 1, 250_000, 10**12)),
    energy_wh=st.just(0),
)
_capabilities = st.builds(
    Capability,
    process=_processes,
    materials=mostly(("ash",), ("oak", "pla"), ()),
    size_x_um=mostly(30, 20),
    size_y_um=mostly(30, 20),
    size_z_um=mostly(30, 20),
    tolerance_um=st.sampled_from((50, 100, 200)),
    thickness_um=mostly(None, 2_000),
    nozzles_um=mostly((400,), (), (400, 600)),
    skills=mostly(("aim",), (), ("care", "aim")),
    power_w=st.just(100),
)
_windows = st.lists(
    st.builds(
        lambda start_h, hours: window(start_h, start_h + hours),
        st.integers(-3, 8),
        mostly(6, 2, 1, 0, -1, 400),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
_refusals = st.tuples(_peers, _machines, st.sampled_from((0, 1, 2, 2**53 - 1)))
_rows = st.builds(
    Wanted,
    job=st.sampled_from(tuple(map(JobId, "jkl"))),
    part=st.sampled_from("xy"),
    revision=st.just(Cid("revision")),
    pieces=st.sampled_from((1, 2, 3)),
    requirement=_requirements,
    reference_s=mostly(1_800, 0, 1, 3_601),
    due_ms=_moments,
    deadline_ms=st.none() | _moments,
    need_weight=st.sampled_from((0, 999, 1_000, 5_000)),
    radius_m=mostly(None, 4, 5, 1_300_000),
    place=_places,
    charter=_charters,
    refused=st.lists(_refusals, max_size=1).map(tuple),
)
_offers = st.builds(
    Offered,
    peer=_peers,
    version=st.sampled_from((1, 2)),
    offer=st.builds(
        CapacityOffer,
        machine=_machines,
        facility=st.just(FacilityId("a")),
        capability=_capabilities,
        pace_permille=mostly(1_000, 50, 999, 20_000),
        setup_s=mostly(60, 0, 7_200),
        energy_w=st.sampled_from((0, 40, 2**53 - 1)),
        windows=_windows,
        open_to=mostly(("federation",), ("members",), ("strangers",), ()),
        ttl_s=st.just(60),
    ),
    machine_name=st.just("machine"),
    facility_name=st.just("facility"),
    place=_places,
    charter=_charters,
    state=mostly("idle", "busy", "busy", "busy", "offline", "drained", "in-doubt"),
    grid_g_per_kwh=st.sampled_from((0, 37, 5_000)),
    permitted=mostly(True, False),
)
problems = st.builds(
    Problem,
    wanted=st.lists(
        _rows, min_size=3, max_size=6, unique_by=lambda row: (row.job, row.part)
    ).map(tuple),
    offered=st.lists(
        _offers,
        min_size=3,
        max_size=8,
        unique_by=lambda each: (
            each.peer,
            each.offer.machine,
            each.offer.capability.process,
        ),
    ).map(tuple),
    moment_ms=st.just(NOW_MS),
    weights=st.builds(
        Weights,
        late_permille=st.sampled_from((0, 1, 3_000)),
        distance_s_per_km=st.sampled_from((0, 2)),
        co2_s_per_kg=st.sampled_from((0, 3_600)),
        own_first_s=st.sampled_from((0, 900)),
    ),
)
"""A few rows and offers, with every rule failed by some."""

_crowd = st.builds(
    lambda job, pieces, due_h, deadline_h, process: wanted(
        job,
        pieces=pieces,
        reference_s=1_800,
        requirement=requirement(process=process),
        due_ms=NOW_MS + due_h * HOUR_MS,
        deadline_ms=None if deadline_h is None else NOW_MS + deadline_h * HOUR_MS,
    ),
    st.sampled_from("jklmnopq"),
    st.integers(1, 4),
    st.integers(0, 9),
    st.none() | st.integers(4, 12),
    st.sampled_from(("cut", "cut.laser", "cut.plasma")),
)
_booths = st.builds(
    lambda machine, process, windows, setup_s: offered(
        machine,
        capability=capability(process=process),
        windows=windows,
        setup_s=setup_s,
    ),
    st.sampled_from(("a/1", "a/2")),
    st.sampled_from(("cut.laser", "cut.plasma", "cut.water")),
    _windows,
    st.sampled_from((0, 600)),
)
crowded = st.builds(
    problem,
    st.lists(_crowd, min_size=4, max_size=8, unique_by=lambda row: row.job),
    st.lists(
        _booths,
        min_size=1,
        max_size=5,
        unique_by=lambda each: (each.offer.machine, each.offer.capability.process),
    ),
)
"""Many rows for two machines, each of which offers its time in several processes."""
