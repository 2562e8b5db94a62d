"""What the demonstration claims, each claim checked from the nodes' own APIs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fabnet.content import cid as cids
from fabnet.designs.documents.passport import open_passport
from fabnet.errors import RemoteError
from fabnet.node.api.answers import Created, Credit, LotAnswer
from fabnet.node.api.asks import NewAcceptance
from fabnet.node.api.commons.answers import DesignDetail
from fabnet.node.client import Client, ProblemError
from fabnet.node.demo.walk import PIECES, Walk

LICENCE: Final = "CERN-OHL-S-2.0"
REASONS: Final = frozenset({"size", "offline", "material", "costlier"})
"""Why not the other printers: each of these must be told of one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, and whether it held."""

    claim: str
    why: str | None
    """What is wrong; nil when it held."""


class _WrongError(RemoteError):
    """A claim does not hold."""


async def check_all(walk: Walk) -> list[Check]:
    """Check every claim; one that fails does not hide the others."""
    found: list[Check] = []
    for claim, holds in CLAIMS:
        try:
            await holds(walk)
        except RemoteError as error:
            found.append(Check(claim, str(error) or type(error).__name__))
        else:
            found.append(Check(claim, None))
    return found


async def _files(walk: Walk) -> None:
    """Fetch every file from the maker and the requester, and hash it again."""
    ours = await walk.design_at(walk.barcelona)
    _expect(len(ours.files) >= 4, f"{len(ours.files)} files were published")
    for place in (walk.jackson, walk.detroit):
        theirs = await walk.design_at(place)
        _expect(theirs.files == ours.files, f"{place.name} lists other files")
        for file in theirs.files:
            path = f"/v1/designs/{walk.revision}/files/{file.path}"
            content = await place.client.get_bytes(path)
            named = cids.of_raw(content) == file.cid
            _expect(named, f"{file.path} from {place.name} is not what its CID names")


async def _terms(walk: Walk) -> None:
    for place in walk.places:
        design = await walk.design_at(place)
        _expect(design.granted == LICENCE, f"{place.name}: granted {design.granted}")
        _expect(len(design.grants) == 1, f"{place.name}: {len(design.grants)} grants")


async def _elsewhere(walk: Walk) -> None:
    for lot in await _lots(walk):
        home = lot.maker == walk.detroit.site.peer
        _expect(home, f"lot {lot.epoch} went to {lot.machine} of {lot.facility_name}")


async def _why(walk: Walk) -> None:
    lines = await walk.lines_at(walk.jackson)
    _expect(any(line.code == "placed" for line in lines), "no line says why there")
    told = {line.args.get("reason") for line in lines if line.code == "not-chosen"}
    missing = sorted(REASONS.difference(map(str, told)))
    _expect(not missing, f"nobody was passed over as {', '.join(missing)}")


async def _judged(walk: Walk) -> None:
    lines = await walk.lines_at(walk.detroit)
    held = [line for line in lines if line.code == "lease-held"]
    _expect(bool(held), "the facility tells of no lease")
    under = held[0].args.get("licence")
    _expect(under == LICENCE, f"the facility leased under {under}")
    shown = any(line.code == "progress" for line in lines)
    _expect(shown, "no progress of the machine was visible")


async def _book(walk: Walk) -> None:
    job = await walk.job_at(walk.jackson)
    (item,) = job.items
    counted = (item.pieces, item.good, item.owed)
    _expect(counted == (PIECES, PIECES, 0), f"pieces, good, owed are {counted}")
    _expect(all(lot.accepted for lot in job.lots if lot.good), "a lot is not accepted")
    bench = await walk.job_at(walk.detroit)
    made = sum(lot.good for lot in bench.lots)
    _expect(made == item.good, f"the bench has {made}, the book {item.good}")


async def _passport(walk: Walk) -> None:
    lots = await _lots(walk)
    for lot in lots:
        path = f"/v1/passports/{walk.job}/{lot.epoch}"
        raw = await walk.jackson.client.get_bytes(path)
        same = raw == await walk.detroit.client.get_bytes(path)
        _expect(same, "the two sides hold different passports")
        passport = open_passport(raw)
        said = (passport.design, passport.job, passport.made_by, passport.quantity)
        meant = (walk.revision, walk.job, walk.detroit.site.peer, lot.good)
        _expect(said == meant, f"it says {said}, not {meant}")
        _expect(passport.notice.licence == LICENCE, passport.notice.licence)
        _expect(bool(passport.notice.source_location), "it names no source location")


async def _made(walk: Walk) -> None:
    for place in walk.places:
        path = f"/v1/designs/{walk.revision}"
        design = await place.client.get(path, DesignDetail)
        made = sum(maker.pieces for maker in design.made_by)
        _expect(made == PIECES, f"{place.name} counts {made} pieces")
        by = design.made_independently_by
        _expect(by == 1, f"{place.name} counts {by} cooperatives")
        seen = [maker.witnessed_lots == maker.lots for maker in design.made_by]
        _expect(all(seen), f"{place.name} knows nobody else who took the pieces")


async def _credit(walk: Walk) -> None:
    books = [await it.client.get("/v1/credit", Credit) for it in walk.places]
    first = books[0]
    minutes = sum(posting.total_minutes for posting in first.postings)
    owed = {it.cooperative: it.minutes for it in first.balances}
    maker, requester = walk.detroit.site.charter, walk.jackson.site.charter
    _expect(minutes > 0, "no minutes were posted")
    _expect(owed == {maker: minutes, requester: -minutes}, f"the balances are {owed}")
    for place, book in zip(walk.places, books, strict=True):
        same = (book.balances, book.postings) == (first.balances, first.postings)
        _expect(same, f"{place.name} has other minutes than {walk.jackson.name}")
        total = sum(it.minutes for it in book.balances)
        _expect(total == book.sum_minutes == 0, f"{place.name}: the sum is {total}")


async def _doors(walk: Walk) -> None:
    """Try to accept a lot without a token."""
    path = f"/v1/lots/{walk.job}/1/acceptance"
    for place in walk.places:
        async with Client(place.site.operator) as stranger:
            try:
                await stranger.post(path, NewAcceptance(), Created)
            except ProblemError as error:
                status = error.problem.status
                _expect(status == 401, f"{place.name} answered {status}")
            else:
                raise _WrongError(f"{place.name} let a stranger write")


async def _page(walk: Walk) -> None:
    for place in walk.places:
        page = (await place.client.get_bytes("/")).decode()
        for name in (it.site.city.name for it in walk.places):
            _expect(name in page, f"the page of {place.name} does not show {name}")


CLAIMS: Final[tuple[tuple[str, Callable[[Walk], Awaitable[None]]], ...]] = (
    ("every file was fetched by CID, and is what its CID names", _files),
    ("one valid grant under CERN-OHL-S-2.0 is known to all three", _terms),
    ("the job crossed cities: Detroit made what Jackson asked for", _elsewhere),
    ("the story says why there, and why not the other printers", _why),
    ("the facility checked licence and policy, and showed its progress", _judged),
    ("six were asked for, six are good, none is owed, on both sides", _book),
    ("the product passport verifies, and both sides hold the same", _passport),
    ("each node counts one cooperative that made it independently", _made),
    ("the minutes are equal on all three nodes, and sum to zero", _credit),
    ("nobody can write without a token", _doors),
    ("the page shows all three workshops", _page),
)


async def _lots(walk: Walk) -> list[LotAnswer]:
    job = await walk.job_at(walk.jackson)
    made = [lot for lot in job.lots if lot.good]
    _expect(bool(made), "no lot was made")
    return made


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _WrongError(otherwise)
