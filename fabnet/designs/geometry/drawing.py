"""DXF to what it measures: extents, cut length, contours, layer by layer.

A block is drawn once and placed as often as it is inserted; depth, places and points
are counted before it is done. What has a height is seen from above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from ezdxf.document import Drawing as Document
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.insert import Insert
from ezdxf.lldxf.const import DXFError
from ezdxf.math import Vec3

from fabnet.designs.geometry.contours import Line, area_um2, contours_of
from fabnet.designs.geometry.dxf_tags import TagReader
from fabnet.designs.geometry.outlines import Points, outline
from fabnet.designs.requirement import Drawing, Layer
from fabnet.errors import LimitError, MalformedError

DEPTH_MAX: Final = 16
"""Blocks within blocks; CAD libraries reach five."""
PLACES_MAX: Final = 20_000
"""Places of blocks that a drawing comes to, grids counted place by place."""
POINTS_MAX: Final = 2_000_000
"""Points of all lines, each counted as often as it is placed: 100 MB at work."""
LINES_MAX: Final = 50_000
"""Lines, each counted as often as it is placed: 5 s of work."""
LAYERS_MAX: Final = 256
"""Layers that have lines."""
COORDINATE_UM_MAX: Final = 1e9
"""A kilometre."""

_UNITS: Final = {
    1: ("inch", 25_400.0),
    2: ("foot", 304_800.0),
    4: ("millimetre", 1_000.0),
    5: ("centimetre", 10_000.0),
    6: ("metre", 1_000_000.0),
    8: ("microinch", 0.0254),
    9: ("mil", 25.4),
    10: ("yard", 914_400.0),
    13: ("micron", 1.0),
    14: ("decimetre", 100_000.0),
}
"""$INSUNITS: the name and the µm of each unit that a workshop could mean."""
_UNSTATED: Final = (None, 1_000.0)
_NOT_PLOTTED: Final = "defpoints"
_FROM_BLOCK: Final = "0"
"""What lies on this layer in a block lies on that of the insert."""


def read_dxf(data: bytes) -> Drawing:
    """Return what a text DXF measures, or raise RemoteError."""
    tags = TagReader(data)
    document = _load(tags)
    unit, scale = _unit(document)
    lines: dict[str, list[Line]] = {}
    ignored = set(tags.ignored)
    # What is no number any more is refused by the line that it is in.
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, points in _Expansion(document, ignored).lines():
            flat = points[:, :2] * scale
            if not (np.abs(flat) <= COORDINATE_UM_MAX).all():
                raise MalformedError(f"dxf: beyond {COORDINATE_UM_MAX:.0f} µm")
            lines.setdefault(layer, []).append(flat)
            if len(lines) > LAYERS_MAX:
                raise LimitError(f"dxf: more than {LAYERS_MAX} layers with lines")
    drawing = _drawing(lines, unit, tuple(sorted(ignored))) if lines else None
    if drawing is None or not drawing.cut_um:
        raise MalformedError("dxf: nothing to cut")
    return drawing


@contextmanager
def _theirs() -> Iterator[None]:
    """Turn what ezdxf raises over wrong tags into MalformedError.

    It has errors of its own for some, and meets others with whatever breaks first.
    """
    try:
        yield
    except (
        DXFError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise MalformedError(f"dxf: not sound: {error}") from error


def _load(tags: TagReader) -> Document:
    with _theirs():
        return Document.load(iter(tags))


def _unit(document: Document) -> tuple[str | None, float]:
    number = document.header.get("$INSUNITS", 0)
    if number == 0:
        return _UNSTATED
    if number not in _UNITS:
        raise MalformedError(f"dxf.$INSUNITS: {number}; expected a unit of a workshop")
    return _UNITS[number]


def _drawing(
    lines: dict[str, list[Line]], unit: str | None, ignored: tuple[str, ...]
) -> Drawing:
    layers: list[Layer] = []
    closed: list[Line] = []
    repeated = 0
    for name in sorted(lines):
        found = contours_of(lines[name])
        closed += found.closed
        repeated += found.repeated
        layers.append(Layer(name, round(found.cut_um), found.contours, found.open))
    every = [line for each in lines.values() for line in each]
    low = np.min([line.min(axis=0) for line in every], axis=0)
    high = np.max([line.max(axis=0) for line in every], axis=0)
    width, depth = (round(side) for side in (high - low).tolist())
    return Drawing(
        size_um=(width, depth),
        cut_um=sum(layer.cut_um for layer in layers),
        area_um2=round(area_um2(closed)),
        contours=sum(layer.contours for layer in layers),
        open=sum(layer.open for layer in layers),
        repeated=repeated,
        layers=tuple(layers),
        unit=unit,
        ignored=ignored,
    )


@dataclass(slots=True)
class _Drawn:
    """What a block or the drawing itself holds, before it is placed."""

    lines: list[tuple[str, Points]] = field(default_factory=list)
    inserts: list[Insert] = field(default_factory=list)


class _Expansion:
    """A drawing with every insert replaced by the lines of its block."""

    def __init__(self, document: Document, ignored: set[str]) -> None:
        self._document = document
        self._ignored = ignored
        self._blocks: dict[str, _Drawn] = {}
        self._hidden = {
            layer.dxf.name.lower()
            for layer in document.layers
            if layer.is_off() or layer.is_frozen()
        } | {_NOT_PLOTTED}
        self._places = 0
        self._points = 0
        self._lines = 0

    def lines(self) -> Iterator[tuple[str, Points]]:
        """Yield each line with the layer that it is on, or raise LimitError."""
        waiting = [(self._drawn(self._document.modelspace()), np.eye(4), "", 0)]
        while waiting:
            drawn, matrix, around, depth = waiting.pop()
            for own, points in drawn.lines:
                layer = around if own == _FROM_BLOCK and around else own
                if layer.lower() not in self._hidden:
                    self._count(points)
                    yield layer, points @ matrix[:3, :3] + matrix[3, :3]
            for insert in drawn.inserts:
                own = insert.dxf.layer
                layer = around if own == _FROM_BLOCK and around else own
                if layer.lower() in self._hidden:
                    continue
                if depth == DEPTH_MAX:
                    raise LimitError(f"dxf: blocks more than {DEPTH_MAX} deep")
                block = self._block(insert.dxf.name)
                waiting += [
                    (block, each @ matrix, layer, depth + 1)
                    for each in self._places_of(insert)
                ]

    def _count(self, points: Points) -> None:
        self._lines += 1
        self._points += len(points)
        if self._lines > LINES_MAX:
            raise LimitError(f"dxf: more than {LINES_MAX} lines")
        if self._points > POINTS_MAX:
            raise LimitError(f"dxf: more than {POINTS_MAX} points")

    def _block(self, name: str) -> _Drawn:
        known = self._blocks.get(name.lower())
        if known is not None:
            return known
        block = self._document.blocks.get(name)
        if block is None:
            raise MalformedError(f"dxf.insert: no block {name[:40]!r}")
        if block.block is not None and block.block.is_xref:
            raise MalformedError(f"dxf.block {name[:40]!r}: lies in another file")
        self._blocks[name.lower()] = drawn = self._drawn(block)
        return drawn

    def _drawn(self, entities: Iterable[DXFEntity]) -> _Drawn:
        drawn = _Drawn()
        for entity in entities:
            if not isinstance(entity, DXFGraphic) or entity.dxf.get("invisible", 0):
                continue
            if isinstance(entity, Insert):
                drawn.inserts.append(entity)
                continue
            with _theirs():
                points = outline(entity)
            if points is None:
                self._ignored.add(entity.dxftype())
            elif len(points) > 1:
                drawn.lines.append((entity.dxf.layer, points))
        return drawn

    def _places_of(self, insert: Insert) -> Iterator[Points]:
        """Yield the matrix of every place in an insert's grid; most have one."""
        rows = max(1, insert.dxf.row_count)
        columns = max(1, insert.dxf.column_count)
        self._places += rows * columns
        if self._places > PLACES_MAX:
            raise LimitError(f"dxf: more than {PLACES_MAX} places of blocks")
        matrix = np.array(list(insert.matrix44())).reshape(4, 4)
        ocs, turn = insert.ocs(), math.radians(insert.dxf.rotation)
        for row in range(rows):
            for column in range(columns):
                along = column * insert.dxf.column_spacing
                up = row * insert.dxf.row_spacing
                place = matrix.copy()
                place[3, :3] += ocs.to_wcs(Vec3(along, up).rotate(turn)).xyz
                yield place
