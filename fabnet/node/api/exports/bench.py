"""What the job sheet of a lot says: the lot, the design and the licence, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from fabnet.designs.documents.acceptance import open_acceptance
from fabnet.designs.licence.eligible import (
    Permitted,
    Review,
    may_make,
    source_duty,
)
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import FileEntry, Part, Revision
from fabnet.node.api.handlers.designs import find_revision, revision_of
from fabnet.node.api.handlers.jobs import View, find, view
from fabnet.node.api.handlers.known import readable
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.config import Endpoint
from fabnet.node.drivers.hours import zone
from fabnet.node.labels.sheet import Duty, Sheet, SheetFile
from fabnet.node.web.sentences import duty, span
from fabnet.production.job import short_code
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.production.request import Request
from fabnet.records.ids import JobId, RecordId

_FIRST = ("instructions", "bom")
"""Roles of files that the bench reads, whatever part it makes."""


async def told_sheet(call: Call) -> Sheet | Problem:
    """Return what the job sheet of a lot that is made here says."""
    job = await find(call.shell, call.params["job"], "job")
    if isinstance(job, Problem):
        return job
    epoch = call.params["epoch"]
    seen = await view(call.shell)
    key = lot_key(JobId(job), int(epoch)) if epoch.isdecimal() else ""
    making = seen.known.makings.get(key)
    if making is None:
        return missing("lot made here", f"{short_code(job)}-{epoch[:8]}")
    if making.acceptance is None:
        return problem(HTTPStatus.CONFLICT, "not-leased", epoch=making.epoch)
    revision = await revision_of(call.shell, making.revision)
    part = None if revision is None else revision.part(making.part)
    if revision is None or part is None:
        return problem(HTTPStatus.CONFLICT, "not-fetched", revision=making.revision)
    published = await find_revision(call.shell, making.revision)
    folder = "" if published is None else published[1].folder
    record = await call.shell.store.record(RecordId(job))
    request = None if record is None else readable(record, Request)
    return _sheet(
        seen,
        making,
        acceptance=making.acceptance,
        revision=revision,
        part=part,
        folder=folder,
        request=request,
    )


def _sheet(
    seen: View,
    making: Making,
    *,
    acceptance: bytes,
    revision: Revision,
    part: Part,
    folder: str,
    request: Request | None,
) -> Sheet:
    config, now = seen.shell.config, seen.shell.clock.now()
    local = zone(config.facility.time_zone)
    code, verdict = short_code(making.job), _verdict(acceptance)
    return Sheet(
        code=f"{code}-{making.epoch}",
        job=making.job,
        url=f"http://{_host(config.listen.operator)}/jobs/{code}",
        pieces=making.pieces,
        title=revision.title,
        version=revision.version,
        part=part.name,
        facts=tuple(_facts(seen, making, local)),
        needs=tuple(_needs(part, request)),
        files=tuple(_files(revision, part)),
        folder=folder,
        licence=making.licence,
        duties=tuple(_duties(verdict)) if isinstance(verdict, Permitted) else None,
        is_labelled=isinstance(verdict, Permitted) and source_duty(verdict),
        node=config.node.name,
        printed=f"printed {_moment(now.moment_ms, local)}",
        moment_ms=now.moment_ms,
    )


def _facts(seen: View, making: Making, local: ZoneInfo) -> Iterator[tuple[str, str]]:
    machine, facility = seen.names(making.machine, seen.shell.identity.peer)
    yield (
        "Machine",
        machine if machine == making.machine else f"{machine} ({making.machine})",
    )
    yield "Workshop", facility or seen.shell.config.facility.name
    yield "Asked for by", seen.known.names.get(making.charter, making.charter)
    start, end = _moment(making.start_ms, local), _moment(making.end_ms, local)
    until = end[11:] if end[:10] == start[:10] else end
    yield "Window", f"{start} – {until} ({local.key})"
    yield "Wanted by", _moment(making.due_ms, local)
    yield "Need", making.need.replace("-", " ").capitalize()


def _needs(part: Part, request: Request | None) -> Iterator[tuple[str, str]]:
    needs, guessed = part.requirement, part.estimates
    accepted = set(needs.materials if request is None else request.materials)
    wanted = [it for it in needs.materials if it in accepted] or needs.materials
    yield "Process", needs.process
    yield "Material", " or ".join(wanted)
    sizes = (needs.size_x_um, needs.size_y_um, needs.size_z_um)
    yield "Size", f"{' × '.join(map(_mm, sizes))} mm" if any(sizes) else ""
    for name, limit_um in (
        ("Accuracy, at least", needs.tolerance_um),
        ("Sheet", needs.thickness_um),
        ("Nozzle", needs.nozzle_um),
    ):
        yield name, "" if limit_um is None else f"{_mm(limit_um)} mm"
    yield "Skills", ", ".join(needs.skills)
    for name, field, value, said in (
        ("Mass", "mass_mg", needs.mass_mg, f"{needs.mass_mg / 1_000:,.1f} g"),
        ("Energy", "energy_wh", needs.energy_wh, f"{needs.energy_wh:,} Wh"),
        ("Time", "reference_s", part.reference_s, span(part.reference_s)),
    ):
        about = ", estimated" if field in guessed else ""
        yield name, said + about if value else ""


def _files(revision: Revision, part: Part) -> Iterator[SheetFile]:
    """Yield what the bench reads, then what the part is made from.

    A part that names no file may be made from any of the design's.
    """
    wanted = set(part.files)
    for file in sorted(revision.files, key=lambda it: it.role not in _FIRST):
        if file.role in _FIRST or file.path in wanted or not wanted:
            yield SheetFile(file.path, file.role, _size(file), file.cid)


def _verdict(acceptance: bytes) -> Permitted | Refused | Review:
    """Return what the licence says of this making, by the terms that were accepted."""
    accepted, _ = open_acceptance(acceptance)
    return may_make(
        accepted.elected,
        act=accepted.act,
        actor=accepted.actor,
        facts=frozenset(accepted.facts),
    )


def _duties(permitted: Permitted) -> Iterator[Duty]:
    for it in permitted.duties:
        yield Duty(duty(it.code), f"{it.licence}, {it.cite}")


def _host(listener: Endpoint) -> str:
    host, port = listener
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _moment(moment_ms: int, local: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(moment_ms // 1_000, local):%Y-%m-%d %H:%M}"


def _mm(size_um: int) -> str:
    return f"{size_um / 1_000:g}"


def _size(file: FileEntry) -> str:
    if file.bytes < 1_000:
        return f"{file.bytes} B"
    if file.bytes < 999_500:
        return f"{file.bytes / 1_000:.3g} kB"
    return f"{file.bytes / 1_000_000:,.1f} MB"
