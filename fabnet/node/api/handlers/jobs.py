"""Jobs: who asked for what, what is owed, and the lots it is made in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fabnet.node.api.answers import (
    FacilityAnswer,
    ItemAnswer,
    JobAnswer,
    Jobs,
    Line,
    LotAnswer,
    Makings,
    Story,
)
from fabnet.node.api.handlers.designs import titles
from fabnet.node.api.handlers.known import Books, books, readable, records_of
from fabnet.node.api.handlers.machines import live_facilities, spot
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.store.reading import StoryLine
from fabnet.node.web.sentences import sentence
from fabnet.production import request as requests
from fabnet.production.job import Job, short_code
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.production.receipt import (
    ACCEPTANCE,
    LOT_CLOSED,
    Acceptance,
    LotClosed,
    lot_key,
)
from fabnet.production.request import Item, Request
from fabnet.records.ids import JobId, RecordId

LISTED_MAX: Final = 200
"""Jobs in one answer, the newest."""
LINES_MAX: Final = 1_000
"""Lines of one story."""
_PREFIX: Final = "bafkrei"
"""How every record id begins; a short code leaves it out."""
_PERSONAL: Final = frozenset({"person"})
"""Arguments of a story that name someone, and are not shown."""


@dataclass(frozen=True, slots=True)
class View:
    """All that the pictures of jobs are drawn from, read once."""

    shell: Shell
    known: Books
    titles: Mapping[str, str]
    facilities: list[FacilityAnswer]

    def names(self, machine: str, peer: str) -> tuple[str, str]:
        """Return the names of a machine and its facility, or the machine's id."""
        for facility in self.facilities:
            for each in facility.machines:
                if (each.id, each.peer) == (machine, peer):
                    return each.name, facility.name
        return machine, ""


async def view(shell: Shell) -> View:
    """Read what is needed to show jobs."""
    known = await books(shell)
    return View(shell, known, await titles(shell), await live_facilities(shell, known))


async def list_jobs(call: Call) -> Jobs:
    """Return the newest jobs, filed here or made here for another."""
    return Jobs(await newest_jobs(await view(call.shell)))


async def newest_jobs(seen: View) -> list[JobAnswer]:
    """Return the newest jobs, by when their requests were filed."""
    known = seen.known
    named = known.jobs.keys() | {it.job for it in known.makings.values()}
    named |= {it.job for it in known.remnants.values() if it.state == "lost"}
    records = await records_of(seen.shell, requests.KIND)
    filed_ms = {str(record.id): record.header.moment_ms for record in records}
    newest = sorted(named, key=lambda name: (-filed_ms.get(name, 0), name))
    found = [await job_answer(seen, JobId(name)) for name in newest[:LISTED_MAX]]
    return [job for job in found if job is not None]


async def get_job(call: Call) -> JobAnswer | Problem:
    """Return one job, by its id or the first letters of its id or short code."""
    found = await find(call.shell, call.params["id"], "job")
    if isinstance(found, Problem):
        return found
    return await job_answer(await view(call.shell), JobId(found)) or missing(
        "job", found
    )


async def list_makings(call: Call) -> Makings:
    """Return the lots that are made here."""
    seen = await view(call.shell)
    found = [await making_answer(seen, each) for each in seen.known.makings.values()]
    newest = sorted(found, key=lambda lot: (lot.start_ms, lot.job), reverse=True)
    return Makings(newest[:LISTED_MAX])


async def get_story(call: Call) -> Story | Problem:
    """Return all that happened to one thing: a job, machine, design or peer."""
    name = call.params["id"]
    lines = await lines_of(call.shell, name, call.language)
    if not lines:
        found = await find(call.shell, name, "story")
        if isinstance(found, Problem):
            return found
        name, lines = found, await lines_of(call.shell, found, call.language)
    return Story(name, lines)


async def lines_of(shell: Shell, subject: str, language: str) -> list[Line]:
    """Return the story of one thing, without the names of people."""
    return [_line(it, language) for it in await shell.store.story(subject, LINES_MAX)]


async def find(shell: Shell, name: str, what: str) -> RecordId | Problem:
    """Return the one record that a whole id, its beginning or a short code names."""
    prefix = name.lower().strip()
    if not prefix.startswith(_PREFIX):
        prefix = _PREFIX + prefix
    if len(prefix) < len(_PREFIX) + 3:
        return missing(what, name[:80])
    found = await shell.store.find_prefix(prefix)
    if len(found) == 1:
        return found[0]
    if found:
        return problem(HTTPStatus.CONFLICT, "ambiguous", name=name[:80])
    return missing(what, name[:80])


async def job_answer(seen: View, id_: JobId) -> JobAnswer | None:
    """Return a job as it is shown: filed here, or made here; nil when it is neither."""
    job = seen.known.jobs.get(id_)
    if job is not None:
        asked = [await _lot_answer(seen, lot) for lot in seen.known.lots_of(id_)]
        return _asked_here(seen, job, asked)
    makings = seen.known.makings_of(id_)
    left = [it for it in seen.known.remnants.values() if it.job == id_]
    record = await seen.shell.store.record(RecordId(id_))
    request = None if record is None else readable(record, Request)
    if not makings:
        return _lost_here(seen, id_, left, request)
    made = [await making_answer(seen, making) for making in makings]
    return _made_here(seen, makings, made, request)


def _asked_here(seen: View, job: Job, lots: list[LotAnswer]) -> JobAnswer:
    rows = zip(job.request.items, job.owed, job.good, strict=True)
    return JobAnswer(
        job=job.id,
        short_code=short_code(job.id),
        side="requester",
        state=job.state,
        need=job.request.need,
        due_ms=job.request.due_ms,
        deadline_ms=job.request.deadline_ms,
        place=spot(job.request.place),
        items=[_item(seen, item, owed, good) for item, owed, good in rows],
        unplaced=job.unplaced,
        lots=lots,
    )


def _made_here(
    seen: View, makings: list[Making], lots: list[LotAnswer], request: Request | None
) -> JobAnswer:
    newest = makings[-1]
    made = {(it.revision, it.part): 0 for it in makings}
    for it in makings:
        made[it.revision, it.part] += it.good
    wanted = _items(makings) if request is None else request.items
    return JobAnswer(
        job=newest.job,
        short_code=short_code(newest.job),
        side="facility",
        state=newest.state,
        need=newest.need,
        due_ms=newest.due_ms,
        deadline_ms=None if request is None else request.deadline_ms,
        place=None if request is None else spot(request.place),
        items=[
            _item(seen, it, 0, made.get((it.revision, it.part), 0)) for it in wanted
        ],
        unplaced=None,
        lots=lots,
    )


def _lost_here(
    seen: View, id_: JobId, left: list[Remnant], request: Request | None
) -> JobAnswer | None:
    """Return a job of which only a database that is no more knew, as it was filed.

    Nil where that is not here either, or nothing of it can have been made.
    """
    known = [it for it in left if it.state != "fenced"]
    if request is None or not known:
        return None
    return JobAnswer(
        job=id_,
        short_code=short_code(id_),
        side="facility",
        state=known[-1].state,
        need=request.need,
        due_ms=request.due_ms,
        deadline_ms=request.deadline_ms,
        place=spot(request.place),
        items=[_item(seen, item, 0, 0) for item in request.items],
        unplaced=None,
        lots=[],
    )


def _items(makings: Iterable[Making]) -> tuple[Item, ...]:
    """Return what was asked of us, when the request itself is not here."""
    return tuple(Item(it.revision, it.part, it.pieces) for it in makings)


def _item(seen: View, item: Item, owed: int, good: int) -> ItemAnswer:
    return ItemAnswer(
        revision=item.revision,
        title=seen.titles.get(item.revision, ""),
        part=item.part,
        pieces=item.pieces,
        owed=owed,
        good=good,
    )


async def _lot_answer(seen: View, lot: Lot) -> LotAnswer:
    machine, facility = seen.names(lot.machine, lot.maker)
    return LotAnswer(
        job=lot.job,
        epoch=lot.epoch,
        side="requester",
        revision=lot.revision,
        part=lot.part,
        pieces=lot.pieces,
        good=lot.good,
        scrap=lot.scrap,
        state=lot.state,
        machine=lot.machine,
        machine_name=machine,
        facility_name=facility,
        maker=lot.maker,
        requester=seen.shell.identity.peer,
        start_ms=lot.start_ms,
        end_ms=lot.end_ms,
        progress_permille=1_000 * lot.good // lot.pieces,
        closed=lot.closed,
        accepted=bool(lot.accepted),
        reason="",
    )


async def making_answer(seen: View, making: Making) -> LotAnswer:
    """Return a lot as the facility here holds it."""
    shell = seen.shell
    machine, facility = seen.names(making.machine, shell.identity.peer)
    closed, accepted = await _settled(shell, making)
    done = 1_000 * making.good
    if making.intent is not None:
        done += await _piece_permille(shell, making)
    return LotAnswer(
        job=making.job,
        epoch=making.epoch,
        side="facility",
        revision=making.revision,
        part=making.part,
        pieces=making.pieces,
        good=making.good,
        scrap=making.scrap,
        state=making.state,
        machine=making.machine,
        machine_name=machine,
        facility_name=facility,
        maker=shell.identity.peer,
        requester=making.requester,
        start_ms=making.start_ms,
        end_ms=making.end_ms,
        progress_permille=done // making.pieces,
        closed=closed,
        accepted=accepted,
        reason=making.reason,
    )


async def _settled(shell: Shell, making: Making) -> tuple[RecordId | None, bool]:
    """Return our account of a lot that is over, and whether it was accepted."""
    if making.state != "final":
        return None, False
    key, ours = lot_key(making.job, making.epoch), shell.identity.peer
    accounts = await shell.store.records(kind=LOT_CLOSED, key=key, author=ours)
    closed = next(
        (
            it.id
            for it in accounts
            if it.body is not None
            if it.read(LotClosed).requester == making.requester
        ),
        None,
    )
    said = await shell.store.records(kind=ACCEPTANCE, key=key, author=making.requester)
    accepted = closed is not None and any(
        it.body is not None and it.read(Acceptance).lot_closed == closed for it in said
    )
    return closed, accepted


async def _piece_permille(shell: Shell, making: Making) -> int:
    """Return how far the piece under way is, as its story last told."""
    for line in reversed(await shell.store.story(making.job, 20)):
        args = dict(line.args)
        if line.code == "progress" and args.get("piece") == making.intent:
            permille = args.get("permille", 0)
            return permille if isinstance(permille, int) else 0
    return 0


def _line(line: StoryLine, language: str) -> Line:
    args = {name: value for name, value in line.args if name not in _PERSONAL}
    told = sentence(line.code, args, language)
    return Line(line.moment_ms, line.code, args, told)
