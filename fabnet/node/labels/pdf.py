"""The pen that draws pages as PDF, with the letters it uses embedded."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.fonts import TTFFont

from fabnet.node.labels.page import Box, Code, Ink, Item, Print, Rule, Text
from fabnet.node.labels.ruler import BOLD, FAMILY, REGULAR, Ruler, write_fonts
from fabnet.records.refusal import Refusal

MEDIA_TYPE: Final = "application/pdf"
LETTERS_TOLD_MAX: Final = 24
"""Letters named in a refusal; a whole page of them tells no more."""
INKS: Final[dict[Ink, int]] = {"black": 0, "grey": 95, "pale": 200}
_OVERLAP_MM: Final = 0.01
"""Of neighbouring rows of a QR code, so that no viewer shows white between them."""


def draw(printed: Print, ruler: Ruler) -> bytes | Refusal:
    """Return the pages as one PDF, or refuse letters that its font cannot set.

    The same print gives the same bytes.
    """
    lacking = ruler.lacking(printed.texts.replace("\n", ""))
    if lacking:
        shown = " ".join(lacking[:LETTERS_TOLD_MAX])
        return Refusal("letters-not-in-font", (("letters", shown),))
    with tempfile.TemporaryDirectory() as folder:
        write_fonts(Path(folder))
        pdf = FPDF(unit="mm")
        pdf.set_auto_page_break(False)
        pdf.add_font(FAMILY, "", Path(folder, REGULAR))
        pdf.add_font(FAMILY, "B", Path(folder, BOLD))
        pdf.set_title(printed.title)
        pdf.set_creator("fabnet")
        pdf.set_creation_date(datetime.fromtimestamp(printed.moment_ms // 1_000, UTC))
        for page in printed.pages:
            pdf.add_page(format=(page.w_mm, page.h_mm))
            for item in page.items:
                _draw(pdf, item)
        content = bytes(pdf.output())
        for font in pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()
        return content


def _draw(pdf: FPDF, item: Item) -> None:
    match item:
        case Text():
            pdf.set_font(FAMILY, "B" if item.style.bold else "", item.style.size_pt)
            pdf.set_text_color(INKS[item.style.ink])
            part = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor]
            pdf.text(item.x_mm - part * item.width_mm, item.y_mm, item.text)
        case Rule():
            pdf.set_draw_color(INKS[item.ink])
            pdf.set_line_width(item.width_mm)
            pdf.line(item.x1_mm, item.y1_mm, item.x2_mm, item.y2_mm)
        case Box():
            pdf.set_draw_color(INKS[item.ink])
            pdf.set_line_width(item.width_mm)
            pdf.rect(item.x_mm, item.y_mm, item.w_mm, item.h_mm)
        case Code():
            _code(pdf, item)


def _code(pdf: FPDF, item: Code) -> None:
    pdf.set_fill_color(0)
    module = item.size_mm / len(item.rows)
    for y, row in enumerate(item.rows):
        for x, dark in enumerate(row):
            if dark:
                side = module + _OVERLAP_MM
                left, top = item.x_mm + x * module, item.y_mm + y * module
                pdf.rect(left, top, side, side, style="F")
