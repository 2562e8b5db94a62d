"""A QR code alone: in a terminal, and as a picture."""

from __future__ import annotations

from typing import Final

from fabnet.node.labels.qr import modules

MARGIN: Final = 4
"""Modules of quiet around it, as ISO/IEC 18004 asks for."""
_HALVES: Final = ("█", "▀", "▄", " ")
"""Two rows in one line of text, the light part drawn: terminals are mostly dark."""


def as_text(content: str) -> str:
    """Return the code as lines of half blocks, light on dark."""
    rows = _framed(content)
    if len(rows) % 2:
        rows.append(bytes(len(rows[0])))
    return "\n".join(
        "".join(
            _HALVES[2 * upper + lower]
            for upper, lower in zip(*rows[at : at + 2], strict=True)
        )
        for at in range(0, len(rows), 2)
    )


def as_svg(content: str) -> str:
    """Return the code as a picture of one path, a unit to each module."""
    rows = _framed(content)
    size = len(rows)
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{path}"/></svg>\n'
    )


def _framed(content: str) -> list[bytes]:
    code = modules(content)
    side = bytes(MARGIN)
    edge = [bytes(len(code) + 2 * MARGIN)] * MARGIN
    return [*edge, *(side + row + side for row in code), *edge]
