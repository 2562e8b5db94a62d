"""The pen that draws a page as SVG: text stays text, in the viewer's own fonts.

Only presentation attributes, no style and no script, so that it shows under the
listener's own content policy. Lines leave room for wider fonts than ours; one with
letters that we could only guess the width of says how long it may be (`textLength`).
"""

from __future__ import annotations

from html import escape
from typing import Final

from fabnet.node.labels.page import Box, Code, Ink, Item, Page, Rule, Text
from fabnet.node.labels.ruler import FAMILY, Ruler

MEDIA_TYPE: Final = "image/svg+xml"
FONTS: Final = f"{FAMILY}, Fira Sans, Noto Sans, DejaVu Sans, system-ui, sans-serif"
INKS: Final[dict[Ink, str]] = {"black": "#000", "grey": "#5b6560", "pale": "#c9cec9"}


def draw(page: Page, title: str, ruler: Ruler) -> bytes:
    """Return a page as an SVG document of its size in millimetres."""
    w, h = _mm(page.w_mm), _mm(page.h_mm)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" '
        f'viewBox="0 0 {w} {h}" font-family="{FONTS}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{w}" height="{h}" fill="#fff"/>',
        *(_item(item, ruler) for item in page.items),
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _item(item: Item, ruler: Ruler) -> str:
    match item:
        case Text():
            return _text(item, ruler)
        case Rule():
            ends = (item.x1_mm, item.y1_mm, item.x2_mm, item.y2_mm)
            x1, y1, x2, y2 = map(_mm, ends)
            return (
                f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{INKS[item.ink]}" '
                f'stroke-width="{_mm(item.width_mm)}"/>'
            )
        case Box():
            return (
                f'<rect x="{_mm(item.x_mm)}" y="{_mm(item.y_mm)}" '
                f'width="{_mm(item.w_mm)}" height="{_mm(item.h_mm)}" fill="none" '
                f'stroke="{INKS[item.ink]}" stroke-width="{_mm(item.width_mm)}"/>'
            )
        case Code():
            return _code(item)


def _text(item: Text, ruler: Ruler) -> str:
    style = item.style
    more = ' font-weight="bold"' if style.bold else ""
    if item.anchor != "start":
        more += f' text-anchor="{item.anchor}"'
    if ruler.lacking(item.text) and len(item.text) > 1:
        length = _mm(min(item.width_mm, item.most_mm))
        more += f' textLength="{length}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{_mm(item.x_mm)}" y="{_mm(item.y_mm)}" '
        f'font-size="{_mm(style.size_mm)}" fill="{INKS[style.ink]}"{more}>'
        f"{escape(item.text)}</text>"
    )


def _code(item: Code) -> str:
    """Draw the dark modules as runs, in a system of coordinates of one a module."""
    runs: list[str] = []
    for y, row in enumerate(item.rows):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    scale = f"{item.size_mm / len(item.rows):.5f}"
    return (
        f'<path transform="translate({_mm(item.x_mm)} {_mm(item.y_mm)}) '
        f'scale({scale})" shape-rendering="crispEdges" d="{"".join(runs)}"/>'
    )


def _mm(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
