"""A cursor that goes down a page and on to the next: text wraps, and is never cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fabnet.errors import LimitError
from fabnet.node.labels.page import (
    PAGES_MAX,
    Anchor,
    Box,
    Code,
    Ink,
    Item,
    Page,
    Rule,
    Style,
    Text,
    legible,
)
from fabnet.node.labels.ruler import Ruler

ASCENT: Final = 0.8
"""Of the font size: from the top of a line to its baseline, about."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page's size and the white around what is on it."""

    w_mm: float
    h_mm: float
    margin_mm: float
    foot_mm: float = 0.0
    """Kept free at the bottom for what stands on every page."""
    least_mm: float | None = None
    """Paper from a roll ends where its text does, though not before this."""


@dataclass(slots=True)
class Flow:
    """Pages as they fill."""

    paper: Paper
    ruler: Ruler
    left_mm: float = 0.0
    width_mm: float = 0.0
    """The column that text goes into."""
    y_mm: float = 0.0
    """The top of what comes next."""
    done: list[Page] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.whole()
        self.y_mm = self.paper.margin_mm

    @property
    def bottom_mm(self) -> float:
        """Where the page ends for what flows."""
        return self.paper.h_mm - self.paper.margin_mm - self.paper.foot_mm

    def whole(self) -> None:
        """Go back to the one column between the margins."""
        self.column(self.paper.margin_mm, self.paper.w_mm - 2 * self.paper.margin_mm)

    def column(self, left_mm: float, width_mm: float) -> None:
        """Let what comes next go into a column."""
        self.left_mm, self.width_mm = left_mm, width_mm

    def text(self, text: str, style: Style, *, anchor: Anchor = "start") -> None:
        """Set a text under what is there, over as many lines and pages as it needs."""
        for line in self.ruler.wrap(legible(text), style, self.width_mm):
            self.need(style.line_mm)
            at = {"start": 0.0, "middle": self.width_mm / 2, "end": self.width_mm}
            self.put(line, self.left_mm + at[anchor], style, anchor=anchor)
            self.y_mm += style.line_mm

    def put(
        self,
        line: str,
        x_mm: float,
        style: Style,
        *,
        anchor: Anchor = "start",
        most_mm: float | None = None,
    ) -> None:
        """Set one line at `x_mm` with its top at the cursor, which stays."""
        baseline = self.y_mm + style.size_mm * ASCENT + (style.line_mm * 0.05)
        width = self.ruler.width_mm(line, style)
        most = self.width_mm if most_mm is None else most_mm
        self.items.append(Text(x_mm, baseline, line, style, width, most, anchor))

    def height_mm(self, text: str, style: Style, width_mm: float) -> float:
        """Return how much a text would take in a column."""
        lines = self.ruler.wrap(legible(text), style, width_mm)
        return len(lines) * style.line_mm

    def space(self, mm: float) -> None:
        """Leave white."""
        self.y_mm += mm

    def rule(self, *, ink: Ink = "black", width_mm: float = 0.2) -> None:
        """Draw a line across the column."""
        right = self.left_mm + self.width_mm
        self.items.append(
            Rule(self.left_mm, self.y_mm, right, self.y_mm, width_mm, ink)
        )

    def box(self, x_mm: float, w_mm: float, h_mm: float, *, ink: Ink = "grey") -> None:
        """Draw an empty box with its top at the cursor, which stays."""
        self.items.append(Box(x_mm, self.y_mm, w_mm, h_mm, 0.2, ink))

    def code(self, x_mm: float, size_mm: float, rows: tuple[bytes, ...]) -> None:
        """Draw a QR code with its top at the cursor, which stays."""
        self.items.append(Code(x_mm, self.y_mm, size_mm, rows))

    def need(self, mm: float) -> None:
        """Go on to the next page unless so much is left of this one."""
        if self.y_mm + mm > self.bottom_mm + 1e-6 and self.items:
            self.turn()

    def turn(self) -> None:
        """End the page; raise LimitError when there are too many."""
        if len(self.done) == PAGES_MAX:
            raise LimitError(f"print: more than {PAGES_MAX} pages")
        self.done.append(Page(self.paper.w_mm, self._height(), tuple(self.items)))
        self.items = []
        self.y_mm = self.paper.margin_mm

    def pages(self) -> tuple[Page, ...]:
        """Return all pages; the flow is at its end."""
        if self.items:
            self.turn()
        return tuple(self.done)

    def pairs(
        self,
        rows: Iterable[tuple[str, str]],
        *,
        caption: Style,
        value: Style,
        columns: int,
        gap_mm: float = 5.0,
    ) -> None:
        """Set captions with their values below them, so many beside each other.

        Those beside each other stay on one page: no value may be taller than that.
        """
        left, width = self.left_mm, self.width_mm
        each = (width - gap_mm * (columns - 1)) / columns
        shown = [row for row in rows if row[1]]
        for row in _by(shown, columns):
            heights = [
                self.height_mm(name, caption, each) + self.height_mm(told, value, each)
                for name, told in row
            ]
            self.need(max(heights))
            top = lowest = self.y_mm
            for index, (name, told) in enumerate(row):
                self.y_mm = top
                self.column(left + index * (each + gap_mm), each)
                self.text(name, caption)
                self.text(told, value)
                lowest = max(lowest, self.y_mm)
            self.y_mm = lowest + 1.2
        self.column(left, width)

    def _height(self) -> float:
        if self.paper.least_mm is None:
            return self.paper.h_mm
        needed = self.y_mm + self.paper.margin_mm + self.paper.foot_mm
        return min(self.paper.h_mm, max(self.paper.least_mm, needed))


def _by(
    rows: Sequence[tuple[str, str]], columns: int
) -> Iterable[Sequence[tuple[str, str]]]:
    return (rows[at : at + columns] for at in range(0, len(rows), columns))
