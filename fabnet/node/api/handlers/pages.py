"""The pages: what the API knows, for people, without script and without login."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from fabnet.node.api.answers import FacilityAnswer, JobAnswer, Spot
from fabnet.node.api.handlers.about import node_answer
from fabnet.node.api.handlers.designs import newest_designs
from fabnet.node.api.handlers.jobs import (
    find,
    job_answer,
    lines_of,
    newest_jobs,
    view,
)
from fabnet.node.api.problem import Problem, missing
from fabnet.node.api.table import HTML, Call, Raw
from fabnet.node.shell import Shell
from fabnet.node.web import render
from fabnet.node.web.atlas import Atlas, Pin, Point, Voyage, draw
from fabnet.records.ids import JobId


async def home(call: Call) -> Raw:
    """Show map, machines, designs and jobs."""
    shell = call.shell
    seen = await view(shell)
    jobs = await newest_jobs(seen)
    return _page(
        "home.html",
        node=node_answer(shell),
        facilities=seen.facilities,
        designs=await newest_designs(shell),
        jobs=jobs,
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
    return _page(
        "job.html",
        node=node_answer(shell),
        job=shown,
        story=await lines_of(shell, found, call.language),
        map=_map(shell, seen.facilities, [shown]),
    )


async def static(call: Call) -> Raw | Problem:
    """Return a style sheet or an icon."""
    name = call.params["name"]
    content = render.static(name)
    if content is None:
        return missing("file", name[:80])
    return Raw(content, render.STATIC[name])


def problem_page(shell: Shell, shown: Problem) -> Raw:
    """Return a problem as a page."""
    return _page(
        "problem.html", node=node_answer(shell), problem=shown, status=shown.status
    )


def _page(template: str, *, status: int = HTTPStatus.OK, **shown: object) -> Raw:
    return Raw(render.render(template, **shown).encode(), HTML, status)


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
