"""A map without tiles: where the workshops are, and what travels between them.

Equirectangular about the middle of what is shown, cut to it. Everything is worked out
here, so the page needs no script and asks no other host for anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 300
MARGIN: Final = 44
"""Units kept free around the outermost pins, for their labels."""
LINE_HEIGHT: Final = 22
"""Units between two labels, so that they can be read on a phone."""
LABEL_UNITS: Final = 9
"""Units that one letter of a label takes, near enough."""
SPAN_DEG_MIN: Final = 0.5
"""Degrees shown at least: one town with its outskirts."""
PINS_MAX: Final = 200
"""Pins on one map; more are a blur, and the list below the map has them all."""
_STEPS_DEG: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_LINES_MAX: Final = 7


@dataclass(frozen=True, slots=True)
class Point:
    """A place in microdegrees."""

    latitude_udeg: int
    longitude_udeg: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A workshop on the map."""

    at: Point
    label: str
    mood: str
    """Decides the colour: `ours`, `theirs` or `stranger`."""


@dataclass(frozen=True, slots=True)
class Voyage:
    """Something asked for here and made there."""

    asked: Point
    made: Point
    label: str


@dataclass(frozen=True, slots=True)
class Meridian:
    """One line of the graticule, with what it says at its end."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A pin as drawn, and its label beside it."""

    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    label: str
    mood: str


@dataclass(frozen=True, slots=True)
class Arc:
    """A voyage as drawn."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Atlas:
    """A map, ready to be written as SVG."""

    width: int
    height: int
    lines: tuple[Meridian, ...]
    arcs: tuple[Arc, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The part of the Earth that is shown."""

    west: float
    """Degrees; longitudes are counted on from here, past 180 if need be."""
    span: float
    middle: float
    """Latitude in the middle, degrees."""
    scale: float
    """Units for a degree of latitude."""
    squeeze: float
    """What a degree of longitude is, of one of latitude."""

    def x(self, longitude: float) -> float:
        """Return the units from the left edge."""
        east = (longitude - self.west) % 360.0
        return WIDTH / 2 + (east - self.span / 2) * self.scale * self.squeeze

    def y(self, latitude: float) -> float:
        """Return the units from the upper edge."""
        return HEIGHT / 2 - (latitude - self.middle) * self.scale

    def spot(self, point: Point) -> tuple[float, float]:
        """Return where a point is drawn."""
        x = self.x(point.longitude_udeg / 1e6)
        return round(x, 1), round(self.y(point.latitude_udeg / 1e6), 1)


def draw(pins: Sequence[Pin], voyages: Sequence[Voyage]) -> Atlas | None:
    """Return a map that shows all of these, or nil when there is nothing to show."""
    pins = pins[:PINS_MAX]
    voyages = voyages[:PINS_MAX]
    points = [pin.at for pin in pins]
    for voyage in voyages:
        points += (voyage.asked, voyage.made)
    if not points:
        return None
    frame = _frame(points)
    return Atlas(
        WIDTH,
        HEIGHT,
        tuple(_graticule(frame)),
        tuple(_arc(frame, voyage) for voyage in voyages),
        _marks(frame, pins),
    )


def _frame(points: Sequence[Point]) -> _Frame:
    west, span = _narrowest([point.longitude_udeg / 1e6 for point in points])
    latitudes = [point.latitude_udeg / 1e6 for point in points]
    low, high = min(latitudes), max(latitudes)
    middle = (low + high) / 2
    squeeze = max(0.2, math.cos(math.radians(middle)))
    across = max(span * squeeze, SPAN_DEG_MIN)
    tall = max(high - low, SPAN_DEG_MIN)
    scale = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / tall)
    return _Frame(west, span, middle, scale, squeeze)


def _narrowest(longitudes: Sequence[float]) -> tuple[float, float]:
    """Return west edge and span of the shortest arc with every longitude in it."""
    around = sorted(longitude % 360.0 for longitude in set(longitudes))
    gaps = [
        ((after - before) % 360.0 or 360.0, after)
        for before, after in zip(around, [*around[1:], around[0]], strict=True)
    ]
    widest, west = max(gaps)
    return west, 360.0 - widest


def _graticule(frame: _Frame) -> Iterable[Meridian]:
    half_wide = WIDTH / 2 / (frame.scale * frame.squeeze)
    half_tall = HEIGHT / 2 / frame.scale
    centre = frame.west + frame.span / 2
    step = _step(2 * half_wide)
    for count in range(
        math.ceil((centre - half_wide) / step), int((centre + half_wide) // step) + 1
    ):
        x = round(WIDTH / 2 + (count * step - centre) * frame.scale * frame.squeeze, 1)
        yield Meridian(x, 0, x, HEIGHT, _degrees(count * step, "E", "W"))
    step = _step(2 * half_tall)
    for count in range(
        math.ceil((frame.middle - half_tall) / step),
        int((frame.middle + half_tall) // step) + 1,
    ):
        y = round(frame.y(count * step), 1)
        yield Meridian(0, y, WIDTH, y, _degrees(count * step, "N", "S"))


def _step(span: float) -> float:
    return next((step for step in _STEPS_DEG if span / step <= _LINES_MAX), 60.0)


def _degrees(value: float, plus: str, minus: str) -> str:
    value = (value + 180.0) % 360.0 - 180.0
    return f"{abs(value):g}°{plus if value > 0 else minus if value < 0 else ''}"


def _arc(frame: _Frame, voyage: Voyage) -> Arc:
    """Bend a line upwards in its middle, so that there and back would differ."""
    (x1, y1), (x2, y2) = frame.spot(voyage.asked), frame.spot(voyage.made)
    lift = math.hypot(x2 - x1, y2 - y1) * 0.18
    bend_x, bend_y = round((x1 + x2) / 2, 1), round((y1 + y2) / 2 - 2 * lift, 1)
    return Arc(f"M{x1} {y1}Q{bend_x} {max(4.0, bend_y)} {x2} {y2}", voyage.label)


def _marks(frame: _Frame, pins: Sequence[Pin]) -> tuple[Mark, ...]:
    """Place each label beside its pin, lower where another label is in the way."""
    marks: list[Mark] = []
    placed = sorted((*frame.spot(pin.at)[::-1], pin.label, pin.mood) for pin in pins)
    for y, x, label, mood in placed:
        right = x < WIDTH * 0.6
        width = len(label) * LABEL_UNITS
        left = x + 10 if right else x - 10 - width
        label_y = y + 5
        for mark in marks:
            start = mark.label_x
            if mark.anchor == "end":
                start -= len(mark.label) * LABEL_UNITS
            overlaps = start < left + width and left < start + (
                len(mark.label) * LABEL_UNITS
            )
            if overlaps and abs(label_y - mark.label_y) < LINE_HEIGHT:
                label_y = mark.label_y + LINE_HEIGHT
        marks.append(
            Mark(
                x,
                y,
                x + 10 if right else x - 10,
                round(min(label_y, HEIGHT - 6), 1),
                "start" if right else "end",
                label,
                mood,
            )
        )
    return tuple(marks)
