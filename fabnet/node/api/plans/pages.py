"""The pages with pictures of plans: all that is known here, and one job.

What the API knows, for people, without script and without login.
"""

from __future__ import annotations

from collections.abc import Iterable

from fabnet.node.api.answers import FacilityAnswer, JobAnswer, Spot
from fabnet.node.api.doubts.listing import SHOWN_MAX, told_doubts
from fabnet.node.api.handlers.about import node_answer
from fabnet.node.api.handlers.designs import newest_designs
from fabnet.node.api.handlers.jobs import (
    find,
    job_answer,
    lines_of,
    newest_jobs,
    view,
)
from fabnet.node.api.handlers.pages import page
from fabnet.node.api.plans.pictures import chart
from fabnet.node.api.plans.why import why
from fabnet.node.api.problem import Problem, missing
from fabnet.node.api.table import Call, Raw
from fabnet.node.shell import Shell
from fabnet.node.web.atlas import Atlas, Pin, Point, Voyage, draw
from fabnet.records.ids import JobId


async def home(call: Call) -> Raw:
    """Show map, machines, designs and jobs."""
    shell = call.shell
    seen = await view(shell)
    jobs = await newest_jobs(seen)
    return page(
        "home.html",
        node=node_answer(shell),
        facilities=seen.facilities,
        designs=await newest_designs(shell),
        jobs=jobs,
        doubts=await told_doubts(seen, SHOWN_MAX, call.language),
        chart=chart(seen.facilities, jobs, shell.clock.now().moment_ms, with_idle=True),
        map=_map(shell, seen.facilities, jobs),
    )


async def job(call: Call) -> Raw | Problem:
    """Show one job: its lots, how far they are, and its story."""
    shell = call.shell
    found = await find(shell, call.params["id"], "job")
    if isinstance(found, Problem):
        return found
    seen = await view(shell)
    shown = await job_answer(seen, JobId(found))
    if shown is None:
        return missing("job", found)
    return page(
        "job.html",
        node=node_answer(shell),
        job=shown,
        doubts=await told_doubts(seen, SHOWN_MAX, call.language, job=found),
        story=await lines_of(shell, found, call.language),
        why=await why(shell, JobId(found), call.language),
        chart=chart(
            seen.facilities, [shown], shell.clock.now().moment_ms, with_idle=False
        ),
        map=_map(shell, seen.facilities, [shown]),
    )


def _map(
    shell: Shell, facilities: Iterable[FacilityAnswer], jobs: Iterable[JobAnswer]
) -> Atlas | None:
    places = {(each.peer, each.id): each for each in facilities}
    pins = [
        Pin(_point(each.place), each.name, _mood(shell, each)) for each in facilities
    ]
    voyages: list[Voyage] = []
    for job_ in jobs:
        for lot in job_.lots:
            made = places.get((lot.maker, lot.machine.partition("/")[0]))
            if made is None or job_.place is None or lot.state == "dropped":
                continue
            label = f"{lot.pieces} × {lot.part}"
            voyages.append(Voyage(_point(job_.place), _point(made.place), label))
    return draw(pins, voyages)


def _mood(shell: Shell, facility: FacilityAnswer) -> str:
    if facility.peer == shell.identity.peer:
        return "ours"
    return "theirs" if facility.is_vouched else "stranger"


def _point(spot: Spot) -> Point:
    return Point(spot.latitude_udeg, spot.longitude_udeg)
