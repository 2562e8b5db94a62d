"""The label of a passport: what it is, who made it, on which terms, and its source.

It travels with the pieces, and by it whoever holds one can find the source: the notice
as it was signed, the source location in letters and as a QR code (CERN-OHL-S-2.0 4 and
1.9, CERN-OHL-W-2.0 4.1 and 1.10, TAPR-OHL-1.0 5.2). Black alone, on a roll 62 mm wide
that ends where the text does, or many on one A4 page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fabnet.designs.documents.passport import Passport
from fabnet.node.labels.flow import Flow, Paper
from fabnet.node.labels.page import (
    Box,
    Code,
    Item,
    Page,
    Print,
    Rule,
    Style,
    Text,
    legible,
)
from fabnet.node.labels.qr import fits_qr, modules
from fabnet.node.labels.ruler import Ruler
from fabnet.records.civil import moment_of

ROLL: Final = Paper(w_mm=62, h_mm=280, margin_mm=3.5, least_mm=100)
"""The widest roll of common label printers; a longer text goes on to the next label."""
A4_W_MM: Final = 210
A4_H_MM: Final = 297
A4_MARGIN_MM: Final = 6
"""What no office printer prints on."""
COPIES_MAX: Final = 200
"""Labels of one print: a lot of more pieces is printed in several goes."""

_QR_MM: Final = 23
_GUTTER_MM: Final = 3.5
_SMALL: Final = Style(6.2)
_CAPTION: Final = Style(5.6)
_NAME: Final = Style(8, bold=True)
_BODY: Final = Style(7)
_TITLE: Final = Style(13, bold=True)
_CODE: Final = Style(9, bold=True)


@dataclass(frozen=True, slots=True)
class Labelled:
    """All that a passport's label says."""

    passport: Passport
    document: str
    """The passport's id."""
    title: str
    version: str
    """Of the design; empty where its manifest is not here."""
    cooperative: str
    facility: str
    """Names, or ids where no name is known."""


def label(told: Labelled, ruler: Ruler) -> Print:
    """Return the label on a roll: one page, or more where its text is very long."""
    flow = Flow(ROLL, ruler)
    _head(flow, told)
    _middle(flow, told)
    _notice(flow, told)
    title = f"{told.title} · passport {told.passport.serial}"
    moment_ms = moment_of(told.passport.made_at)
    return Print(legible(title), moment_ms, _numbered(flow.pages(), ruler))


def on_a4(printed: Print, copies: int | None) -> Print:
    """Return so many copies of a label on A4 pages, with lines to cut along.

    Nil fills one page, or as many as one copy needs.
    """
    w, h = ROLL.w_mm, max(page.h_mm for page in printed.pages)
    across = int((A4_W_MM - 2 * A4_MARGIN_MM) // w)
    down = int((A4_H_MM - 2 * A4_MARGIN_MM) // h)
    room = across * down
    if copies is None:
        copies = max(1, room // len(printed.pages))
    assert 1 <= copies <= COPIES_MAX, "the caller checked"
    queue = [page for _ in range(copies) for page in printed.pages]
    left = (A4_W_MM - across * w) / 2
    pages: list[Page] = []
    for at in range(0, len(queue), room):
        items: list[Item] = []
        for index, page in enumerate(queue[at : at + room]):
            x = left + index % across * w
            y = A4_MARGIN_MM + index // across * h
            items.append(Box(x, y, w, h, 0.1, "pale"))
            items += (_moved(item, x, y) for item in page.items)
        pages.append(Page(A4_W_MM, A4_H_MM, tuple(items)))
    return replace(printed, pages=tuple(pages))


def qr_of(passport: Passport) -> str:
    """Return what the QR code holds: a source location, or else the design itself.

    One that is too long to be read from paper stands there in letters only.
    """
    short = (place for place in passport.notice.source_location if fits_qr(place))
    return next(short, f"ipfs://{passport.design}")


def _head(flow: Flow, told: Labelled) -> None:
    passport = told.passport
    flow.put("PRODUCT PASSPORT", flow.left_mm, _CAPTION)
    flow.space(0.1)
    right = flow.left_mm + flow.width_mm
    flow.put(passport.serial, right, _CODE, anchor="end", most_mm=flow.width_mm * 0.6)
    flow.space(4.4)
    flow.rule(width_mm=0.5)
    flow.space(1.6)
    flow.text(told.title or passport.part, _TITLE)
    pieces = "1 piece" if passport.quantity == 1 else f"{passport.quantity} pieces"
    part = passport.part if passport.part != told.title else ""
    flow.text(" · ".join(filter(None, (told.version, part, pieces))), _BODY)
    flow.space(2.4)


def _middle(flow: Flow, told: Labelled) -> None:
    """Set the QR code with who made it, and when, beside it."""
    passport, top = told.passport, flow.y_mm
    flow.space(0.6)
    flow.code(flow.left_mm, _QR_MM, modules(qr_of(passport)))
    bottom = top + _QR_MM + 3.2
    flow.y_mm = top
    beside = _QR_MM + _GUTTER_MM
    flow.column(flow.left_mm + beside, flow.width_mm - beside)
    for name, value in (
        ("Made by", told.cooperative),
        ("at", told.facility if told.facility != told.cooperative else ""),
        ("on", passport.made_at[:10]),
        ("Source until, at least", passport.source_until[:10]),
    ):
        if value:
            flow.text(name, _CAPTION)
            flow.text(value, _NAME)
            flow.space(0.8)
    flow.y_mm = max(flow.y_mm, bottom)
    flow.whole()


def _notice(flow: Flow, told: Labelled) -> None:
    """Set the notice as it was signed, and what of names and places it leaves out."""
    passport, notice = told.passport, told.passport.notice
    flow.rule()
    flow.space(1.4)
    flow.text(notice.text, _BODY)
    if notice.licence not in notice.text:
        flow.text(f"Licence: {notice.licence}", _BODY)
    unnamed = [name for name in notice.attribution if name not in notice.text]
    if unnamed:
        flow.text(f"By {', '.join(unnamed)}", _BODY)
    for place in notice.source_location:
        if f"Source: {place}" not in notice.text:
            flow.text(f"Source: {place}", _BODY)
    flow.space(1.6)
    for name, value in (("Design", passport.design), ("Passport", told.document)):
        flow.text(name, _CAPTION)
        flow.text(value, _SMALL)
        flow.space(0.4)


def _numbered(pages: tuple[Page, ...], ruler: Ruler) -> tuple[Page, ...]:
    """Say on each of several pages which it is."""
    if len(pages) == 1:
        return pages
    return tuple(
        replace(page, items=(*page.items, _number(page, index, len(pages), ruler)))
        for index, page in enumerate(pages, 1)
    )


def _number(page: Page, index: int, of: int, ruler: Ruler) -> Text:
    said = f"{index} of {of}"
    width = ruler.width_mm(said, _CAPTION)
    return Text(
        page.w_mm / 2, page.h_mm - 1.2, said, _CAPTION, width, page.w_mm, "middle"
    )


def _moved(item: Item, x_mm: float, y_mm: float) -> Item:
    match item:
        case Rule():
            return replace(
                item,
                x1_mm=item.x1_mm + x_mm,
                y1_mm=item.y1_mm + y_mm,
                x2_mm=item.x2_mm + x_mm,
                y2_mm=item.y2_mm + y_mm,
            )
        case Text() | Box() | Code():
            return replace(item, x_mm=item.x_mm + x_mm, y_mm=item.y_mm + y_mm)
