"""Where things are, in whole metres."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import InputError, MalformedError
from fabnet.production.place import EARTH_RADIUS_M, Place, distance_m, place_at
from fabnet.records import canonical

PLACES = st.builds(
    place_at,
    st.floats(-90, 90, allow_nan=False),
    st.floats(-180, 180, allow_nan=False),
)


def test_barcelona_and_lyon_are_a_known_way_apart() -> None:
    barcelona, lyon = place_at(41.3874, 2.1686), place_at(45.764, 4.8357)

    assert distance_m(barcelona, lyon) == pytest.approx(532_000, rel=0.01)


def test_the_poles_are_a_diameter_apart() -> None:
    assert distance_m(place_at(90, 0), place_at(-90, 0)) == 2 * EARTH_RADIUS_M


@pytest.mark.parametrize(
    ("latitude", "longitude", "field"),
    [
        (90.001, 0, "latitude"),
        (-91, 0, "latitude"),
        (math.nan, 0, "latitude"),
        (0, 180.5, "longitude"),
        (0, math.inf, "longitude"),
    ],
)
def test_a_place_off_the_globe_is_refused_by_name(
    latitude: float, longitude: float, field: str
) -> None:
    with pytest.raises(InputError, match=f"{field}: expected -"):
        place_at(latitude, longitude)


def test_a_signed_place_cannot_lie_in_outer_space() -> None:
    with pytest.raises(MalformedError, match="Place"):
        canonical.decode(
            canonical.encode([7_000_001, 0, 0, 0, 0]), Place, bytes_max=1_024
        )


@given(PLACES, PLACES)
def test_distance_is_whole_and_the_same_both_ways(here: Place, there: Place) -> None:
    assert distance_m(here, there) == distance_m(there, here)
    assert distance_m(here, here) == 0
    assert 0 <= distance_m(here, there) <= 2 * EARTH_RADIUS_M + 4


@given(PLACES)
def test_a_place_can_be_signed(place: Place) -> None:
    packed = canonical.encode(place)

    assert canonical.decode(packed, Place, bytes_max=1_024) == place
