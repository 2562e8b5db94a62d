"""Where things are: whole Earth-centred metres to reckon with, microdegrees for people.

Distance is the integer chord through the Earth, so no trigonometry can differ between
two processors. A place is worked out once, by the node that signs it.
"""

from __future__ import annotations

import math
from typing import Annotated, Final

import msgspec

from fabnet.errors import InputError
from fabnet.records.body import Body

EARTH_RADIUS_M: Final = 6_371_009
"""IUGG mean radius; a sphere is near enough to rank workshops by distance."""

_Metres = Annotated[int, msgspec.Meta(ge=-7_000_000, le=7_000_000)]


class Place(Body):
    """A point on the Earth's surface."""

    x_m: _Metres
    y_m: _Metres
    z_m: _Metres
    latitude_udeg: Annotated[int, msgspec.Meta(ge=-90_000_000, le=90_000_000)]
    longitude_udeg: Annotated[int, msgspec.Meta(ge=-180_000_000, le=180_000_000)]


def place_at(latitude: float, longitude: float) -> Place:
    """Return the place at decimal degrees, or raise InputError."""
    if not -90 <= latitude <= 90:
        raise InputError("latitude", f"expected -90 to 90 degrees, got {latitude}")
    if not -180 <= longitude <= 180:
        raise InputError("longitude", f"expected -180 to 180 degrees, got {longitude}")
    north, east = math.radians(latitude), math.radians(longitude)
    return Place(
        round(EARTH_RADIUS_M * math.cos(north) * math.cos(east)),
        round(EARTH_RADIUS_M * math.cos(north) * math.sin(east)),
        round(EARTH_RADIUS_M * math.sin(north)),
        round(latitude * 1_000_000),
        round(longitude * 1_000_000),
    )


def distance_m(here: Place, there: Place) -> int:
    """Return the chord between two places, in whole metres, rounded down."""
    x, y, z = here.x_m - there.x_m, here.y_m - there.y_m, here.z_m - there.z_m
    return math.isqrt(x * x + y * y + z * z)
