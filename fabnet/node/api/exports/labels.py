"""The label of a passport and the job sheet of a lot, as SVG or PDF."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Final, Literal

import msgspec

from fabnet.designs.documents.passport import open_passport
from fabnet.errors import RemoteError
from fabnet.node.api.asks import Ask
from fabnet.node.api.exports.bench import told_sheet
from fabnet.node.api.handlers.credit import get_passport
from fabnet.node.api.handlers.designs import revision_of
from fabnet.node.api.handlers.jobs import view
from fabnet.node.api.handlers.known import readable, records_of
from fabnet.node.api.problem import Problem, missing, refused
from fabnet.node.api.table import Call, Raw
from fabnet.node.labels import svg
from fabnet.node.labels.label import COPIES_MAX, Labelled, label, on_a4
from fabnet.node.labels.page import PAGES_MAX, Print
from fabnet.node.labels.ruler import Ruler, ruler
from fabnet.node.labels.sheet import sheet
from fabnet.production import receipt
from fabnet.production.receipt import LotClosed
from fabnet.records.credential import document_id, strict_loads
from fabnet.records.refusal import Refusal

SVG: Final = svg.MEDIA_TYPE
PDF: Final = "application/pdf"

Paper = Literal["roll", "a4"]
Copies = Annotated[int, msgspec.Meta(ge=1, le=COPIES_MAX)]
PageNumber = Annotated[int, msgspec.Meta(ge=1, le=PAGES_MAX * COPIES_MAX)]


class LabelAsk(Ask):
    """How to lay out a label."""

    paper: Paper = "roll"
    copies: Copies | None = None
    """Nil: one on a roll, a page of them on A4."""


class LabelPageAsk(Ask):
    """How to lay out a label, and which page of it to draw."""

    paper: Paper = "roll"
    copies: Copies | None = None
    page: PageNumber = 1


class SheetPageAsk(Ask):
    """Which page of a job sheet to draw."""

    page: PageNumber = 1


async def label_svg(call: Call, asked: LabelPageAsk) -> Raw | Problem:
    """Return one page of a passport's label as SVG."""
    told = await _labelled(call)
    if isinstance(told, Problem):
        return told
    how = LabelAsk(paper=asked.paper, copies=asked.copies)
    return await asyncio.to_thread(_svg, _label(told, how), asked.page)


async def label_pdf(call: Call, asked: LabelAsk) -> Raw | Problem:
    """Return all pages of a passport's label as PDF."""
    told = await _labelled(call)
    if isinstance(told, Problem):
        return told
    return await asyncio.to_thread(_pdf, _label(told, asked))


async def sheet_svg(call: Call, asked: SheetPageAsk) -> Raw | Problem:
    """Return one page of a lot's job sheet as SVG."""
    told = await told_sheet(call)
    if isinstance(told, Problem):
        return told
    return await asyncio.to_thread(_svg, lambda by: sheet(told, by), asked.page)


async def sheet_pdf(call: Call) -> Raw | Problem:
    """Return a lot's job sheet as PDF."""
    told = await told_sheet(call)
    if isinstance(told, Problem):
        return told
    return await asyncio.to_thread(_pdf, lambda by: sheet(told, by))


Layout = Callable[[Ruler], Print]


def _label(told: Labelled, asked: LabelAsk) -> Layout:
    def laid_out(by: Ruler) -> Print:
        printed = label(told, by)
        if asked.paper == "a4":
            return on_a4(printed, asked.copies)
        return replace(printed, pages=printed.pages * (asked.copies or 1))

    return laid_out


def _svg(layout: Layout, number: int) -> Raw | Problem:
    by = ruler()
    printed = layout(by)
    if number > len(printed.pages):
        return missing("page", str(number))
    return Raw(svg.draw(printed.pages[number - 1], printed.title, by), SVG)


def _pdf(layout: Layout) -> Raw | Problem:
    from fabnet.node.labels import pdf  # noqa: PLC0415  # an idle node prints nothing

    by = ruler()
    drawn = pdf.draw(layout(by), by)
    return refused(drawn) if isinstance(drawn, Refusal) else Raw(drawn, PDF)


async def _labelled(call: Call) -> Labelled | Problem:
    """Return what the label of a passport says; raise RemoteError for a false one."""
    raw = await _passport(call, call.params["id"])
    if isinstance(raw, Problem):
        return raw
    passport = open_passport(raw)
    seen = await view(call.shell)
    revision = await revision_of(call.shell, passport.design)
    places = [it for it in seen.facilities if it.id == passport.facility]
    named = [it.name for it in places if it.peer == passport.made_by]
    return Labelled(
        passport=passport,
        document=document_id(strict_loads(raw)),
        title=seen.titles.get(passport.design, "") or passport.part,
        version="" if revision is None else revision.version,
        cooperative=seen.known.names.get(passport.charter, passport.charter),
        facility=named[0] if named else passport.facility,
    )


async def _passport(call: Call, name: str) -> bytes | Problem:
    """Return the passport that a label's code, or its own id, names.

    The code is a job and an epoch, such as `k3xq7m2a-1`; where it leads to none, the
    newest passports are looked through for one that bears this serial or id.
    """
    job, _, epoch = name.rpartition("-")
    if job:
        params: Mapping[str, str] = {"job": job, "epoch": epoch}
        found = await get_passport(replace(call, params=params))
        if isinstance(found, Raw) and isinstance(found.content, bytes):
            return found.content
    for record in await records_of(call.shell, receipt.LOT_CLOSED):
        claim = readable(record, LotClosed)
        if claim is None or claim.passport is None:
            continue
        if await asyncio.to_thread(_is_called, claim.passport, name):
            return claim.passport
    return missing("passport", name[:80])


def _is_called(raw: bytes, name: str) -> bool:
    """Whether a passport bears this serial or id; what is no document bears none."""
    try:
        document = strict_loads(raw)
    except RemoteError:
        return False
    subject = document.get("credentialSubject")
    serial = subject.get("serial") if isinstance(subject, dict) else None
    return name in (serial, document_id(document))
