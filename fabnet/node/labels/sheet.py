"""The job sheet of a lot: what the bench needs to make it when no screen is at hand.

It names no person: whom a piece is for is nobody's business at the bench.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fabnet.node.labels.flow import Flow, Paper
from fabnet.node.labels.page import Page, Print, Rule, Style, Text, legible
from fabnet.node.labels.qr import modules
from fabnet.node.labels.ruler import Ruler

A4: Final = Paper(w_mm=210, h_mm=297, margin_mm=14, foot_mm=11)
TALLY_ROWS: Final = 6
"""Lines to count on: one for each shift of three days."""

_QR_MM: Final = 27
_CAPTION: Final = Style(7, ink="grey")
_VALUE: Final = Style(10)
_HEAD: Final = Style(7.5, bold=True, ink="grey")
_KICKER: Final = Style(8, bold=True, ink="grey")
_TITLE: Final = Style(22, bold=True)
_UNDER: Final = Style(11)
_BODY: Final = Style(9)
_STRONG: Final = Style(9, bold=True)
_SMALL: Final = Style(7, ink="grey")
_CODE: Final = Style(12, bold=True)
_ROW_MM: Final = 7.5
_LABEL_GOES_ALONG: Final = (
    "Put the passport’s label on the pieces or their packaging: "
    "it says where the source is."
)


@dataclass(frozen=True, slots=True)
class SheetFile:
    """One file to make it from, or to read."""

    path: str
    role: str
    size: str
    cid: str


@dataclass(frozen=True, slots=True)
class Duty:
    """What the licence asks, and where it says so."""

    sentence: str
    clause: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a job sheet says, in words that are ready to be read."""

    code: str
    """By which people name the lot."""
    job: str
    url: str
    """Of the job's page on this node."""
    pieces: int
    title: str
    version: str
    part: str
    facts: Sequence[tuple[str, str]]
    """Where, when, for whom: captions with their values."""
    needs: Sequence[tuple[str, str]]
    """What making one piece needs."""
    files: Sequence[SheetFile]
    folder: str
    """The CID by which all files of the design are fetched together."""
    licence: str
    duties: Sequence[Duty] | None
    """Nil where our table does not know them."""
    is_labelled: bool
    """Whether the passport's label must go along: it says where the source is."""
    node: str
    printed: str
    """When, for people."""
    moment_ms: int


def sheet(told: Sheet, ruler: Ruler) -> Print:
    """Return the job sheet on as many A4 pages as it needs."""
    flow = Flow(A4, ruler)
    _head(flow, told)
    flow.pairs(told.facts, caption=_CAPTION, value=_VALUE, columns=3)
    _section(flow, "What one piece needs")
    flow.pairs(told.needs, caption=_CAPTION, value=_VALUE, columns=4)
    _files(flow, told)
    _duties(flow, told)
    _tally(flow)
    title = legible(f"Job sheet {told.code} · {told.pieces} × {told.part}")
    return Print(title, told.moment_ms, _footed(flow.pages(), told, ruler))


def _head(flow: Flow, told: Sheet) -> None:
    top, width = flow.y_mm, flow.width_mm
    right = flow.left_mm + width
    flow.code(right - _QR_MM, _QR_MM, modules(told.url))
    flow.column(flow.left_mm, width - _QR_MM - 8)
    flow.text(f"JOB SHEET · {told.code}", _KICKER)
    flow.space(1)
    flow.text(f"{told.pieces} × {told.part}", _TITLE)
    flow.space(0.5)
    flow.text(" · ".join(filter(None, (told.title, told.version))), _UNDER)
    flow.space(0.5)
    flow.text(told.url, _SMALL)
    flow.y_mm = max(flow.y_mm, top + _QR_MM) + 4
    flow.whole()
    flow.rule(width_mm=0.5)
    flow.space(3)


def _section(flow: Flow, name: str, *, then_mm: float = 14) -> None:
    """Begin a section, on the next page if nothing of it would fit on this one."""
    flow.need(9 + then_mm)
    flow.space(3)
    flow.text(name.upper(), _HEAD)
    flow.space(0.6)
    flow.rule(ink="pale")
    flow.space(1.8)


def _files(flow: Flow, told: Sheet) -> None:
    _section(flow, "Files")
    for file in told.files:
        flow.need(_BODY.line_mm + _SMALL.line_mm)
        right, width = flow.left_mm + flow.width_mm, flow.width_mm
        about = f"{file.role}, {file.size}"
        flow.put(about, right, _SMALL, anchor="end", most_mm=40)
        flow.column(flow.left_mm, width - 42)
        flow.text(file.path, _STRONG)
        flow.column(flow.left_mm, width)
        flow.text(file.cid, _SMALL)
        flow.space(1)
    if not told.files:
        flow.text("The design names no file for this part.", _BODY)
    if told.folder:
        flow.text(f"The whole design: {told.folder}", _SMALL)


def _duties(flow: Flow, told: Sheet) -> None:
    _section(flow, f"What {told.licence} asks of us")
    if told.duties is None:
        flow.text(
            "It is not known here what: read the licence before you make it.", _BODY
        )
    elif not told.duties:
        flow.text("Nothing beyond the licence itself.", _BODY)
    for duty in told.duties or ():
        flow.need(_BODY.line_mm * 2)
        left, width = flow.left_mm, flow.width_mm
        flow.box(left + 0.2, 2.6, 2.6)
        flow.column(left + 5, width - 5)
        flow.text(f"{duty.sentence} ({duty.clause})", _BODY)
        flow.column(left, width)
        flow.space(0.8)
    if told.is_labelled:
        flow.text(_LABEL_GOES_ALONG, _STRONG)


def _tally(flow: Flow) -> None:
    """Leave room to count by hand and to sign, together on one page."""
    height = (TALLY_ROWS + 2) * _ROW_MM + 22
    _section(flow, "Counted by hand", then_mm=height)
    shares = (("Date and time", 0.24), ("Good", 0.16), ("Scrap", 0.16), ("", 0.44))
    for row in range(TALLY_ROWS + 1):
        x = flow.left_mm
        for name, share in shares:
            w = share * flow.width_mm
            flow.box(x, w, _ROW_MM, ink="pale")
            if row == 0:
                said = name or "What was seen, and by whom"
                _inside(flow, said, x, w)
            x += w
        flow.space(_ROW_MM)
    flow.space(3)
    for index, name in enumerate(("Good in all", "Scrap in all", "Date", "Signature")):
        w = (0.15, 0.15, 0.2, 0.5)[index] * flow.width_mm
        x = flow.left_mm + sum((0.15, 0.15, 0.2, 0.5)[:index]) * flow.width_mm
        flow.box(x, w, 2 * _ROW_MM)
        _inside(flow, name, x, w)
    flow.space(2 * _ROW_MM)


def _inside(flow: Flow, said: str, x_mm: float, w_mm: float) -> None:
    """Set a caption in the upper left corner of a box that begins at the cursor."""
    top = flow.y_mm
    flow.space(1.2)
    flow.put(said, x_mm + 1.5, _CAPTION, most_mm=w_mm - 3)
    flow.y_mm = top


def _footed(pages: tuple[Page, ...], told: Sheet, ruler: Ruler) -> tuple[Page, ...]:
    """Say at the foot of each page which it is, and of what."""
    left, right = A4.margin_mm, A4.w_mm - A4.margin_mm
    y, most = A4.h_mm - A4.margin_mm, right - left - 20
    whose = ruler.wrap(legible(f"{told.node} · {told.printed}"), _SMALL, most)
    job = ruler.wrap(f"job {told.job}", _SMALL, most)
    lines = [*whose, *job]
    footed: list[Page] = []
    for index, page in enumerate(pages, 1):
        number = _line(f"{index} of {len(pages)}", right, y, 20, ruler)
        over = y - (len(lines) - 1) * _SMALL.line_mm
        foot = [Rule(left, over - 4, right, over - 4, 0.2, "pale")]
        foot_lines = [
            _line(line, left, over + at * _SMALL.line_mm, most, ruler)
            for at, line in enumerate(lines)
        ]
        items = (*page.items, *foot, *foot_lines, replace(number, anchor="end"))
        footed.append(replace(page, items=items))
    return tuple(footed)


def _line(text: str, x_mm: float, y_mm: float, most_mm: float, ruler: Ruler) -> Text:
    width = ruler.width_mm(text, _SMALL)
    return Text(x_mm, y_mm, text, _SMALL, width, most_mm)
