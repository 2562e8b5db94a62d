"""Requests: filed by a steward for anyone, cancelled, and their pieces taken."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.bom import UnitPart, designs_in, unit_parts
from fabnet.designs.revision import Revision
from fabnet.errors import InputError, RemoteError
from fabnet.node.api.answers import Created, Filed
from fabnet.node.api.asks import (
    BenchCount,
    Cancellation,
    NewAcceptance,
    NewItem,
    NewPerson,
    NewPlace,
    NewRequest,
    NewUnits,
)
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.designs import find_revision, revision_of
from fabnet.node.api.handlers.jobs import find
from fabnet.node.api.problem import Problem, missing, problem, refused
from fabnet.node.api.strict import nearest
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.withdrawn import withdrawn_of
from fabnet.production.job import short_code
from fabnet.production.place import Place, place_at
from fabnet.production.receipt import Minutes
from fabnet.production.request import (
    ITEMS_MAX,
    NEED_CODES,
    PIECES_MAX,
    Item,
    NeedCode,
    Request,
)
from fabnet.protocol.events import AcceptLot, CancelRequest, CountBench, FileRequest
from fabnet.records.ids import INT_MAX, JobId
from fabnet.records.refusal import Refusal

SEED_BYTES: Final = 32
DESIGNS_MAX: Final = 64
"""Designs looked at for one unit of a whole; what lies beyond counts as not here."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = re.compile("[1-9][0-9]{0,5}")


async def file_request(call: Call, new: NewRequest) -> Filed | Problem:
    """File a request, after every field of it was looked at."""
    shell = call.shell
    items = await _items(shell, new)
    if isinstance(items, Problem):
        return items
    request = _request(shell, new, items)
    personal = msgspec.json.encode(new.person)
    seed = shell.clock.token(SEED_BYTES)
    said = await ask(shell, lambda number: FileRequest(number, request, personal, seed))
    return said if isinstance(said, Problem) else Filed(said, short_code(said))


async def cancel(call: Call, _: Cancellation) -> Created | Problem:
    """Cancel what a job still lacks."""
    job = await find(call.shell, call.params["id"], "job")
    if isinstance(job, Problem):
        return job
    said = await ask(call.shell, lambda number: CancelRequest(number, JobId(job)))
    return said if isinstance(said, Problem) else Created(said)


async def accept_lot(call: Call, new: NewAcceptance) -> Created | Problem:
    """Take a lot's pieces, granting minutes."""
    lot = await _lot(call)
    if isinstance(lot, Problem):
        return lot
    minutes = tuple(each.signed() for each in new.minutes or ())
    if new.minutes == ():
        # For the peer, no minutes at all means all that is claimed.
        minutes = (Minutes("machine", 0),)
    said = await ask(call.shell, lambda number: AcceptLot(number, *lot, minutes))
    return said if isinstance(said, Problem) else Created(said)


async def count_bench(call: Call, found: BenchCount) -> Created | Problem:
    """Say what lies on the bench: the piece in doubt is good, or it is scrap."""
    lot = await _lot(call)
    if isinstance(lot, Problem):
        return lot
    said = await ask(
        call.shell, lambda number: CountBench(number, *lot, found.good, found.person)
    )
    return said if isinstance(said, Problem) else Created(said)


async def _lot(call: Call) -> tuple[JobId, int] | Problem:
    epoch = call.params["epoch"]
    if not _DIGITS.fullmatch(epoch):
        return missing("lot", epoch[:20])
    job = await find(call.shell, call.params["job"], "job")
    return job if isinstance(job, Problem) else (JobId(job), int(epoch))


async def _items(shell: Shell, new: NewRequest) -> tuple[Item, ...] | Problem:
    """Return what is asked for, part by part, or the first reason why it cannot be."""
    if not new.items and not new.units:
        raise InputError("items", "expected at least one, or units of a design")
    wanted: dict[tuple[Cid, str], int] = {}
    for index, item in enumerate(new.items):
        wrong = await _wrong_item(shell, f"items[{index}]", item)
        if wrong is not None:
            return wrong
        name = (item.revision, item.part)
        wanted[name] = wanted.get(name, 0) + item.pieces
    for index, whole in enumerate(new.units):
        parts = await _unit_parts(shell, f"units[{index}]", whole)
        if isinstance(parts, Problem):
            return parts
        for part in parts:
            name = (part.revision, part.part)
            wanted[name] = wanted.get(name, 0) + part.pieces
    refusal = _too_much(wanted)
    if refusal is not None:
        return refused(refusal)
    return tuple(Item(*name, pieces) for name, pieces in wanted.items())


def _too_much(wanted: Mapping[tuple[Cid, str], int]) -> Refusal | None:
    """Return why so much cannot stand in one request."""
    if len(wanted) > ITEMS_MAX:
        return Refusal("too-many-parts", (("most", ITEMS_MAX),))
    for (_, part), pieces in wanted.items():
        if pieces > PIECES_MAX:
            counts = (("part", part), ("pieces", pieces), ("most", PIECES_MAX))
            return Refusal("too-many-of-a-part", counts)
    return None


async def _unit_parts(
    shell: Shell, at: str, whole: NewUnits
) -> tuple[UnitPart, ...] | Problem:
    """Return every part that is made for units of a design and of those in it."""
    cid = _cid(f"{at}.revision", whole.revision)
    held: dict[Cid, Revision] = {}
    ahead = [cid]
    while ahead and len(held) < DESIGNS_MAX:
        each = ahead.pop()
        revision = None if each in held else await revision_of(shell, each)
        if revision is not None:
            held[each] = revision
            ahead += designs_in(revision)
    if cid not in held:
        known = await find_revision(shell, cid)
        reason = "no-such-design" if known is None else "not-fetched"
        field = f"{at}.revision"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, reason, field, revision=cid)
    parts = unit_parts(cid, whole.units, held)
    return refused(parts) if isinstance(parts, Refusal) else parts


def _cid(field: str, text: str) -> Cid:
    try:
        return cids.parse(text)
    except RemoteError as error:
        raise InputError(field, str(error)) from error


async def _wrong_item(shell: Shell, at: str, item: NewItem) -> Problem | None:
    """Return why an item cannot be asked for; nil when it can, as far as is known."""
    cid = _cid(f"{at}.revision", item.revision)
    if await find_revision(shell, cid) is None:
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "no-such-design",
            f"{at}.revision",
            revision=cid,
        )
    revision = await revision_of(shell, cid)
    if revision is not None and revision.part(item.part) is None:
        parts = tuple(part.name for part in revision.parts)
        raise InputError(f"{at}.part", nearest(item.part, parts))
    withdrawn = None
    if revision is not None:
        withdrawn = await withdrawn_of(shell.store, revision, cid)
    if withdrawn is not None:
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "design-withdrawn",
            f"{at}.revision",
            why=withdrawn.reason,
        )
    return None


def _request(shell: Shell, new: NewRequest, items: tuple[Item, ...]) -> Request:
    now_ms = shell.clock.now().moment_ms
    due_ms = _moment("due", new.due, now_ms)
    deadline_ms = None
    if new.deadline is not None:
        deadline_ms = _moment("deadline", new.deadline, now_ms)
        if deadline_ms < due_ms:
            raise InputError("deadline", "expected a time after due")
    return Request(
        items,
        due_ms,
        deadline_ms,
        _need(new.need),
        new.act,
        new.facts,
        new.materials,
        None if new.radius_km is None else new.radius_km * 1_000,
        _coarse(shell, new.place),
        shell.identity.charter,
        _person(shell.person_secret, new.person),
    )


def _moment(field: str, given: datetime, now_ms: int) -> int:
    moment_ms = (given - _EPOCH) // timedelta(milliseconds=1)
    if moment_ms <= now_ms:
        raise InputError(field, f"expected a time to come; {given.isoformat()} is past")
    if moment_ms > INT_MAX:
        raise InputError(field, "expected a time that is not so far away")
    return moment_ms


def _need(given: str) -> NeedCode:
    for code in NEED_CODES:
        if given == code:
            return code
    raise InputError("need", nearest(given, NEED_CODES))


def _coarse(shell: Shell, given: NewPlace | None) -> Place:
    """Return the town: a tenth of a degree, some ten kilometres, never a door."""
    if given is None:
        place = shell.place
        return place_at(
            round(place.latitude_udeg / 1e6, 1), round(place.longitude_udeg / 1e6, 1)
        )
    return place_at(round(given.latitude, 1), round(given.longitude, 1))


def _person(secret: bytes, person: NewPerson) -> str:
    """Return the same word for the same person here, and for nobody elsewhere."""
    told = msgspec.json.encode([person.name, person.contact])
    return hmac.new(secret, told, hashlib.sha256).hexdigest()
