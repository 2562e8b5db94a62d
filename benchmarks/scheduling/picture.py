"""The picture of a plan in docs/SCHEDULING.md, of a small problem, always the same.

`python -m benchmarks.scheduling.picture > docs/img/plan.svg`, and a test compares them.
"""

from __future__ import annotations

from fabnet.content.cid import Cid
from fabnet.designs.requirement import Requirement
from fabnet.node.web import render
from fabnet.node.web.gantt import Lane, Lot, draw
from fabnet.production.capability import Capability
from fabnet.production.offer import CapacityOffer, FreeWindow
from fabnet.production.place import Place, place_at
from fabnet.production.plan import Offered, Placed, Problem, Wanted, Weights
from fabnet.records.ids import CharterId, FacilityId, JobId, MachineId, PeerId
from fabnet.scheduling.plan import plan

NOW_MS = 1_790_150_400_000
"""A Wednesday at eight in the morning, UTC."""
HOUR_MS = 3_600_000
JACKSON = place_at(32.2988, -90.1848)
DETROIT = place_at(42.3314, -83.0458)
WORKSHOPS = {"Jackson": JACKSON, "Detroit": DETROIT}
MACHINES = (
    ("Blue printer", "Jackson", "3d-printing.fdm", ((0, 10), (24, 34))),
    ("Red printer", "Jackson", "3d-printing.fdm", ((2, 10), (24, 34))),
    ("Printer farm", "Detroit", "3d-printing.fdm", ((0, 36),)),
    ("Laser", "Jackson", "cut.laser", ((0, 4), (6, 10), (26, 34))),
    ("Laser", "Detroit", "cut.laser", ((1, 13), (25, 36))),
    ("Sewing room", "Detroit", "sew", ((1, 9), (25, 33))),
)
"""Name, city, process, and when it is open, in hours from now."""
ASKED = (
    ("door pulls", "3d-printing.fdm", 6, 40, 8, 1_000),
    ("hand splints", "3d-printing.fdm", 8, 30, 5, 4_000),
    ("coat hooks", "3d-printing.fdm", 12, 25, 30, 1_000),
    ("lamp shades", "3d-printing.fdm", 4, 75, 34, 1_000),
    ("walking aids", "3d-printing.fdm", 5, 60, 12, 2_500),
    ("seed boxes", "3d-printing.fdm", 9, 50, 36, 1_200),
    ("stools", "cut.laser", 6, 30, 9, 1_000),
    ("shelf", "cut.laser", 3, 45, 30, 1_000),
    ("school kits", "cut.laser", 20, 12, 11, 1_500),
    ("loom parts", "cut.laser", 10, 18, 34, 1_200),
    ("masks", "sew", 40, 6, 8, 4_000),
    ("bags", "sew", 16, 20, 34, 1_000),
)
"""What, process, pieces, minutes each, due in hours, and what the need is worth."""


def example() -> Problem:
    """Return what is wanted and offered in the picture."""
    return Problem(
        tuple(_wanted(*each) for each in ASKED),
        tuple(_offered(at, *each) for at, each in enumerate(MACHINES)),
        NOW_MS,
        Weights(3_000, 20, 1_800, 300),
    )


def picture() -> str:
    """Return the plan of the example as an SVG file."""
    problem = example()
    lots: dict[str, list[Lot]] = {}
    for answer in plan(problem):
        assert isinstance(answer, Placed)
        label = f"{answer.pieces} × {answer.part}"
        start_ms, end_ms = answer.window.start_ms, answer.window.end_ms
        mood = "running" if start_ms == NOW_MS else "planned"
        drawn = Lot(label, start_ms, end_ms, mood)
        lots.setdefault(answer.machine, []).append(drawn)
    lanes = [
        Lane(
            each.machine_name,
            each.facility_name,
            tuple((free.start_ms, free.end_ms) for free in each.offer.windows),
            tuple(lots.get(each.offer.machine, ())),
        )
        for each in problem.offered
    ]
    chart = draw(lanes, NOW_MS + HOUR_MS)
    assert chart is not None
    return render.render(
        "plan.svg", chart=chart, title="A plan of twelve lots", style=_style()
    )


def _style() -> str:
    """Return of the pages' style sheet what a picture by itself needs."""
    sheet = (render.static("fabnet.css") or b"").decode()
    colours = sheet[sheet.index(":root") : sheet.index("* {")]
    gantt = sheet[sheet.index(".gantt .ticks") : sheet.index("/* Why")]
    return f"{colours.strip()}\n.ground {{ fill: var(--card); }}\n{gantt.strip()}"


def _wanted(
    part: str, process: str, pieces: int, minutes: int, due_h: int, need: int
) -> Wanted:
    return Wanted(
        job=JobId(part),
        part=part,
        revision=Cid("revision"),
        pieces=pieces,
        requirement=Requirement(
            process=process,
            materials=(),
            size_x_um=100_000,
            size_y_um=100_000,
            size_z_um=10_000,
            tolerance_um=None,
            thickness_um=None,
            nozzle_um=None,
            skills=(),
            mass_mg=50_000,
            energy_wh=100,
            cut_um=None,
        ),
        reference_s=minutes * 60,
        due_ms=NOW_MS + due_h * HOUR_MS,
        deadline_ms=None,
        need_weight=need,
        radius_m=None,
        place=JACKSON,
        charter=CharterId("Jackson"),
        refused=(),
    )


def _offered(
    at: int, name: str, city: str, process: str, hours: tuple[tuple[int, int], ...]
) -> Offered:
    place: Place = WORKSHOPS[city]
    return Offered(
        peer=PeerId(city),
        version=1,
        offer=CapacityOffer(
            machine=MachineId(f"workshop/{at}"),
            facility=FacilityId("workshop"),
            capability=Capability(
                process=process,
                materials=(),
                size_x_um=300_000,
                size_y_um=300_000,
                size_z_um=300_000,
                tolerance_um=200,
                thickness_um=None,
                nozzles_um=(),
                skills=(),
                power_w=200,
            ),
            pace_permille=1_000,
            setup_s=600,
            energy_w=150,
            windows=tuple(
                FreeWindow(NOW_MS + start * HOUR_MS, NOW_MS + end * HOUR_MS)
                for start, end in hours
            ),
            open_to=("federation",),
            ttl_s=3_600,
        ),
        machine_name=name,
        facility_name=city,
        place=place,
        charter=CharterId(city),
        state="idle",
        grid_g_per_kwh=400,
        permitted=True,
    )


if __name__ == "__main__":
    print(picture(), end="")
