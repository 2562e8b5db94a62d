"""Pictures of plans, from what is known of machines and lots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fabnet.node.api.answers import FacilityAnswer, JobAnswer, LotAnswer, MachineAnswer
from fabnet.node.web.gantt import Chart, Lane, Lot, draw

_MOODS: Final = {
    "asked": "planned",
    "held": "planned",
    "confirmed": "planned",
    "cancelling": "planned",
    "queued": "planned",
    "ready": "planned",
    "running": "running",
    "in-doubt": "running",
}
"""How a lot is coloured, by its state; one that has ended is done."""


def chart(
    facilities: Iterable[FacilityAnswer],
    jobs: Iterable[JobAnswer],
    now_ms: int,
    *,
    with_idle: bool,
) -> Chart | None:
    """Return the picture of these jobs' lots, and of idle machines if they are wanted.

    A lot on a machine that is no longer on offer has a lane by the machine's id.
    """
    lots: dict[tuple[str, str], list[tuple[LotAnswer, Lot]]] = {}
    for job in jobs:
        for lot in job.lots:
            if lot.state != "dropped":
                drawn = _lot(job, lot)
                lots.setdefault((lot.maker, lot.machine), []).append((lot, drawn))
    lanes: list[Lane] = []
    for facility in facilities:
        for machine in facility.machines:
            mine = lots.pop((machine.peer, machine.id), [])
            if mine or with_idle:
                drawn_ = tuple(drawn for _, drawn in mine)
                windows = _windows(machine)
                lanes.append(Lane(machine.name, facility.name, windows, drawn_))
    for gone in lots.values():
        first = gone[0][0]
        drawn_ = tuple(drawn for _, drawn in gone)
        lanes.append(Lane(first.machine_name, first.facility_name, (), drawn_))
    return draw(lanes, now_ms)


def _lot(job: JobAnswer, lot: LotAnswer) -> Lot:
    titles = {item.revision: item.title for item in job.items}
    part = titles.get(lot.revision) or lot.part
    mood = _MOODS.get(lot.state, "done")
    if lot.state == "confirmed" and lot.good:
        mood = "running"
    return Lot(f"{lot.pieces} × {part}", lot.start_ms, lot.end_ms, mood, job.job)


def _windows(machine: MachineAnswer) -> tuple[tuple[int, int], ...]:
    if machine.state in ("offline", "drained", "in-doubt"):
        return ()
    return tuple(
        (window.start_ms, window.end_ms)
        for capability in machine.capabilities
        for window in capability.windows
    )
