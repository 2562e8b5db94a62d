"""How wide a text is, and where it may break: measured in the font that the PDF embeds.

FiraGO writes Latin, Greek, Cyrillic and Georgian letter by letter. What it does not
hold, or what must be joined, stacked or turned (Arabic, Devanagari, Thai, Hebrew), is
estimated here, left to the viewer's fonts in SVG, and refused in PDF: no letter is
ever replaced by another.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fabnet.node.labels.page import Style

FAMILY: Final = "FiraGO"
REGULAR: Final = "regular.ttf"
BOLD: Final = "bold.ttf"

_WIDE_EM: Final = 1.0
"""A letter of Chinese, Japanese or Korean, and an emoji."""
_OTHER_EM: Final = 0.7
"""Any other letter that the font does not hold: the widest are about that."""
WIDER: Final = 1.21
"""How much wider a line gets in DejaVu Sans, the widest font that an SVG is likely to
be drawn in. Some viewers pass over `textLength`, so lines leave that much room."""
WIDER_BOLD: Final = 1.29
"""The same for bold letters."""
_BREAK_AFTER: Final = frozenset("/-_.:?&=,;+#@·–—")
_JOINER: Final = "\u200d"


@dataclass(frozen=True, slots=True)
class Ruler:
    """Widths of letters, in thousandths of the font size."""

    regular: Mapping[int, float]
    bold: Mapping[int, float]

    def width_mm(self, text: str, style: Style) -> float:
        """Return how wide a text is in one line."""
        widths = self.bold if style.bold else self.regular
        em = sum(_em(letter, widths) for letter in text)
        return em * style.size_mm

    def wrap(self, text: str, style: Style, width_mm: float) -> list[str]:
        """Return a text in lines that fit `width_mm` in any usual font, all of it.

        Breaks at spaces; a word too long for a line breaks after the last `/` or the
        like in its second half, else between any two letters, never before a mark that
        stands on the one before.
        """
        lines: list[str] = []
        line = ""
        width_mm /= WIDER_BOLD if style.bold else WIDER
        for word in text.split():
            joined = f"{line} {word}" if line else word
            if self.width_mm(joined, style) <= width_mm:
                line = joined
                continue
            if line:
                lines.append(line)
            *whole, line = self._pieces(word, style, width_mm)
            lines += whole
        return [*lines, line] if line else lines

    def lacking(self, text: str) -> str:
        """Return the letters of a text that the PDF's font cannot set, each once."""
        found = dict.fromkeys(it for it in text if not self._holds(it))
        return "".join(found)

    def _holds(self, letter: str) -> bool:
        if unicodedata.category(letter).startswith("M") or letter == _JOINER:
            return False
        if unicodedata.bidirectional(letter) in ("R", "AL", "AN"):
            return False
        return ord(letter) in self.regular and ord(letter) in self.bold

    def _pieces(self, word: str, style: Style, width_mm: float) -> list[str]:
        """Return a word in pieces that each fit; at least one letter in each."""
        pieces: list[str] = []
        piece, at = "", 0
        """What stands in the line, and the letters of it up to a good break."""
        for cluster in _clusters(word):
            if piece and self.width_mm(piece + cluster, style) > width_mm:
                is_late = self.width_mm(piece[:at], style) >= width_mm / 2
                cut = at if is_late else len(piece)
                pieces.append(piece[:cut])
                piece, at = piece[cut:], 0
            piece += cluster
            if cluster[-1] in _BREAK_AFTER:
                at = len(piece)
        return [*pieces, piece]


@cache
def ruler() -> Ruler:
    """Return the widths of both weights, read once."""
    from fpdf import FPDF  # noqa: PLC0415  # an idle node prints nothing
    from fpdf.fonts import TTFFont  # noqa: PLC0415  # the same

    with tempfile.TemporaryDirectory() as folder:
        write_fonts(Path(folder))
        pdf = FPDF()
        widths: list[dict[int, float]] = []
        for name in (REGULAR, BOLD):
            pdf.add_font(name, "", Path(folder, name))
            font = pdf.fonts[name]
            assert isinstance(font, TTFFont), "a TrueType file was added"
            widths.append({code: float(font.cw[code]) for code in font.cmap})
            font.ttfont.close()
    return Ruler(*widths)


def write_fonts(folder: Path) -> None:
    """Write both weights into a folder, from which they are embedded."""
    # They come compressed in modules of their own: each is loaded when it is wanted.
    from pymupdf_fonts import FiraGO_Bold, FiraGO_Regular  # noqa: PLC0415  # the same

    Path(folder, REGULAR).write_bytes(FiraGO_Regular.fontbuffer)
    Path(folder, BOLD).write_bytes(FiraGO_Bold.fontbuffer)


def _em(letter: str, widths: Mapping[int, float]) -> float:
    width = widths.get(ord(letter))
    if width is not None:
        return width / 1_000
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    is_wide = unicodedata.east_asian_width(letter) in ("W", "F")
    return _WIDE_EM if is_wide else _OTHER_EM


def _clusters(word: str) -> Iterator[str]:
    """Yield letters, each with the marks that stand on it."""
    cluster = ""
    for letter in word:
        is_mark = unicodedata.category(letter).startswith("M") or letter == _JOINER
        if cluster and not is_mark and not cluster.endswith(_JOINER):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster
