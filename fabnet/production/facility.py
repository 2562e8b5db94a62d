"""A facility: a workshop at a place, as its node describes it in a notice."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.production.place import Place
from fabnet.records.body import Body
from fabnet.records.ids import CharterIdText, FacilityIdText, Name, Text

KIND: Final = "notice.facility/1"

TtlS = Annotated[int, msgspec.Meta(ge=10, le=14 * 86_400)]
"""How long a notice counts after it arrived, in seconds of the receiver's clock."""


class Facility(Body):
    """A workshop (OKW ManufacturingFacility)."""

    id: FacilityIdText
    name: Name
    charter: CharterIdText
    """The cooperative that runs it."""
    place: Place
    time_zone: Name
    """IANA name, for people; windows are already in UTC."""
    opening_hours: Text
    """As people write them, such as `Mo-Fr 09:00-18:00`."""
    grid_g_per_kwh: Annotated[int, msgspec.Meta(ge=0, le=5_000)]
    """Grams of CO₂ for each kWh of the local grid."""
    ttl_s: TtlS
