"""What a page is: lines of text, rules, boxes and QR codes at places in millimetres.

A layout makes pages once, and SVG and PDF are two pens that draw the same ones. Origin
is the upper left corner; a text stands on its baseline.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

MM_PER_PT: Final = 25.4 / 72
PAGES_MAX: Final = 40
"""Pages of one print: a thousand files, with their CIDs, need 30."""

Anchor = Literal["start", "middle", "end"]
Ink = Literal["black", "grey", "pale"]
"""A label has black alone, since a label printer has nothing else."""

_FORBIDDEN: Final = frozenset("\ufffe\uffff")
"""What XML 1.0 cannot hold though it is no control."""
_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e")
_ISOLATING: Final = frozenset("\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks."""

    size_pt: float
    bold: bool = False
    ink: Ink = "black"

    @property
    def size_mm(self) -> float:
        """The font size."""
        return self.size_pt * MM_PER_PT

    @property
    def line_mm(self) -> float:
        """From one baseline to the next."""
        return self.size_mm * 1.28


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, already short enough."""

    x_mm: float
    y_mm: float
    text: str
    style: Style
    width_mm: float
    """As measured in the font that the PDF embeds."""
    most_mm: float
    """What it may take, whatever font a viewer draws it in."""
    anchor: Anchor = "start"


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float
    width_mm: float = 0.2
    ink: Ink = "black"


@dataclass(frozen=True, slots=True)
class Box:
    """An empty rectangle to write in, or to cut along."""

    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    width_mm: float = 0.2
    ink: Ink = "black"


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code; the white around it is the layout's to leave."""

    x_mm: float
    y_mm: float
    size_mm: float
    rows: tuple[bytes, ...]
    """One byte a module, 1 is dark."""


Item = Text | Rule | Box | Code


@dataclass(frozen=True, slots=True)
class Page:
    """One piece of paper."""

    w_mm: float
    h_mm: float
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Print:
    """All pages of one label or sheet."""

    title: str
    moment_ms: int
    """When it was made: of the passport, or of the printing."""
    pages: tuple[Page, ...]

    @property
    def texts(self) -> str:
        """All that can be read on it, a line each."""
        items = (item for page in self.pages for item in page.items)
        return "\n".join(item.text for item in items if isinstance(item, Text))


def legible(text: str) -> str:
    """Return a stranger's text as it may be set: no letter is lost.

    Controls become spaces; marks that turn the direction of what follows go, so that
    no title can reorder the line it stands in.
    """
    kept = [
        " " if unicodedata.category(letter) == "Cc" else letter
        for letter in unicodedata.normalize("NFC", text)
        if letter not in _TURNING and letter not in _ISOLATING
    ]
    spaced = "".join("\ufffd" if it in _FORBIDDEN else it for it in kept)
    return " ".join(spaced.split())
