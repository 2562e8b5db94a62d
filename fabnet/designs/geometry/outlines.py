"""One line of a drawing as points: arcs and curves become many short straight ones.

How many is fixed by the turn that a curve makes or the spans that it has, never by how
close it must come, so a wild figure costs no more than a tame one. Source: the DXF
reference for group codes; ezdxf for the planes in which entities lie.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import numpy as np
from ezdxf.entities.arc import Arc
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.ellipse import Ellipse
from ezdxf.entities.line import Line
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.polyline import Polyline
from ezdxf.entities.spline import Spline
from ezdxf.math import OCS, BSpline, Vec3
from numpy.typing import NDArray

from fabnet.errors import LimitError, MalformedError

Points = NDArray[np.float64]
"""(point, axis), in the drawing's unit."""

TURN_STEPS: Final = 160
"""Straight lines of a full turn: 0.006 % shorter than the circle."""
SPAN_STEPS: Final = 16
"""Straight lines of each span of a spline."""
SPLINE_POINTS_MAX: Final = 5_000
"""Control or fit points of one spline; traced pictures reach some hundreds."""
SPLINE_DEGREE_MAX: Final = 10
"""CAD writes 3, seldom 5; the work grows with its square."""

_SPLINE_FRAME: Final = 16
"""The flag of a vertex that only guides a smoothed polyline."""


def outline(entity: DXFGraphic) -> Points | None:
    """Return the points of what is cut along `entity`; nil for what is not cut.

    Raises RemoteError for a spline that is none, or too long.
    """
    points: Points | None = None
    match entity:
        case Line():
            points = _array((entity.dxf.start, entity.dxf.end))
        case Arc():
            points = _arc(entity, entity.dxf.start_angle, entity.dxf.end_angle)
        case Circle():
            points = _arc(entity, 0.0, 360.0)
        case Ellipse():
            points = _ellipse(entity)
        case LWPolyline():
            corners = [tuple(point) for point in entity.get_points("xyb")]
            height = entity.dxf.elevation
            points = _polyline(corners, entity.closed, entity.ocs(), height)
        case Polyline():
            points = _old_polyline(entity)
        case Spline():
            points = _spline(entity)
        case _:
            pass
    return points


def _array(points: Iterable[Vec3]) -> Points:
    return np.array([each.xyz for each in points], np.float64).reshape(-1, 3)


def _steps(start: float, turn: float) -> list[float]:
    """Return radians from `start` over `turn`, a step for each straight line."""
    count = max(2, math.ceil(abs(turn) / math.tau * TURN_STEPS))
    return [start + turn * step / count for step in range(count + 1)]


def _arc(entity: Circle, start: float, end: float) -> Points:
    turn = (end - start) % 360.0 or 360.0
    angles = np.array(_steps(math.radians(start), math.radians(turn)))
    centre, radius = entity.dxf.center, entity.dxf.radius
    x, y = centre.x + radius * np.cos(angles), centre.y + radius * np.sin(angles)
    return _in_world(np.column_stack([x, y, np.full_like(x, centre.z)]), entity.ocs())


def _in_world(points: Points, ocs: OCS) -> Points:
    """Return points of an entity's own plane as points of the drawing."""
    if not ocs.transform:
        return points
    turned: Points = points @ np.array([ocs.ux.xyz, ocs.uy.xyz, ocs.uz.xyz])
    return turned


def _ellipse(entity: Ellipse) -> Points:
    start, end = entity.dxf.start_param, entity.dxf.end_param
    return _array(entity.vertices(_steps(start, (end - start) % math.tau or math.tau)))


def _old_polyline(entity: Polyline) -> Points | None:
    """Return the points of the form of before 1997; nil for a mesh in that form."""
    if entity.is_3d_polyline:
        points = [each.dxf.location for each in entity.vertices]
        return _array([*points, *points[:1]] if entity.is_closed else points)
    if not entity.is_2d_polyline:
        return None
    corners: list[tuple[float, ...]] = [
        (each.dxf.location.x, each.dxf.location.y, each.dxf.get("bulge", 0.0))
        for each in entity.vertices
        if not each.dxf.flags & _SPLINE_FRAME
    ]
    return _polyline(corners, entity.is_closed, entity.ocs(), entity.dxf.elevation.z)


def _polyline(
    corners: list[tuple[float, ...]], closed: bool, ocs: OCS, height: float
) -> Points:
    """Return corners joined by lines, or by arcs where a corner has a bulge."""
    if closed:
        corners = [*corners, *corners[:1]]
    flat = [corner[:2] for corner in corners[:1]]
    for (x, y, bulge), (to_x, to_y, _) in pairwise(corners):
        if abs(bulge) > 1e-9:
            flat += _bulged((x, y), (to_x, to_y), bulge)
        flat.append((to_x, to_y))
    points = np.array([(x, y, height) for x, y in flat], np.float64).reshape(-1, 3)
    return _in_world(points, ocs)


def _bulged(
    start: tuple[float, float], end: tuple[float, float], bulge: float
) -> list[tuple[float, ...]]:
    """Return the points between two corners, on an arc with bulge tan(turn / 4)."""
    turn = 4 * math.atan(bulge)
    chord_x, chord_y = end[0] - start[0], end[1] - start[1]
    reach = (1 - bulge * bulge) / (4 * bulge)  # half the cotangent of half the turn
    centre_x = start[0] + chord_x / 2 - chord_y * reach
    centre_y = start[1] + chord_y / 2 + chord_x * reach
    from_x, from_y = start[0] - centre_x, start[1] - centre_y
    return [
        (
            centre_x + from_x * math.cos(angle) - from_y * math.sin(angle),
            centre_y + from_x * math.sin(angle) + from_y * math.cos(angle),
        )
        for angle in _steps(0.0, turn)[1:-1]
    ]


def _spline(entity: Spline) -> Points:
    count = max(len(entity.control_points), len(entity.fit_points))
    if count > SPLINE_POINTS_MAX:
        raise LimitError(f"dxf.spline: {count} points; the most is {SPLINE_POINTS_MAX}")
    if not 1 <= entity.dxf.degree <= SPLINE_DEGREE_MAX:
        raise LimitError(
            f"dxf.spline: degree {entity.dxf.degree}; the most is {SPLINE_DEGREE_MAX}"
        )
    knots = list(entity.knots)
    rising = all(one <= other for one, other in pairwise(knots))
    if not rising or not all(map(math.isfinite, knots)):
        raise MalformedError("dxf.spline: expected knots that rise")
    curve = entity.construction_tool()
    return _array(curve.points(_parameters(curve)))


def _parameters(curve: BSpline) -> list[float]:
    """Return parameters from a curve's begin to its end, some for each span."""
    knots = curve.knots()
    first, last = knots[curve.order - 1], knots[-curve.order]
    turns = sorted({first, last, *(each for each in knots if first < each < last)})
    inner = [
        one + (other - one) * step / SPAN_STEPS
        for one, other in pairwise(turns)
        for step in range(SPAN_STEPS)
    ]
    return [*inner, last]
