"""A capacity offer: when a machine is free, standing in advance and expiring by itself.

Its version is the notice's own `seq`: a lease-request cites it, and the facility
refuses one that is no longer current.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.production.capability import Capability
from fabnet.production.facility import TtlS
from fabnet.records.body import Body
from fabnet.records.ids import Count, FacilityIdText, MachineIdText, Moment, Token

KIND: Final = "notice.capacity-offer/1"
WINDOWS_MAX: Final = 64
"""Free windows in one offer: two weeks of days, each cut up four times."""
HORIZON_S: Final = 14 * 86_400
"""How far ahead a facility promises capacity."""


class FreeWindow(Body):
    """A stretch of UTC time that nobody has leased."""

    start_ms: Moment
    end_ms: Moment


class CapacityOffer(Body):
    """A facility's standing promise of one machine's capacity in one capability."""

    machine: MachineIdText
    facility: FacilityIdText
    capability: Capability
    pace_permille: Annotated[int, msgspec.Meta(ge=50, le=20_000)]
    """1,000 makes a piece in its reference time, 500 takes twice as long."""
    setup_s: Count
    """Getting ready, once for each lot."""
    energy_w: Count
    """Average power while making."""
    windows: Annotated[tuple[FreeWindow, ...], msgspec.Meta(max_length=WINDOWS_MAX)]
    open_to: Annotated[tuple[Token, ...], msgspec.Meta(max_length=4)]
    """Who may use it: `members`, `federation`, `strangers`; policy decides."""
    ttl_s: TtlS

    def making_s(self, pieces: int, reference_s: int) -> int:
        """Return how long `pieces` take, set-up included, in whole seconds.

        The planner's arrays say the same (`scheduling/feasible.py` `making_ms`).
        """
        return self.setup_s - (-pieces * reference_s * 1_000 // self.pace_permille)


def offer_key(machine: str, process: str) -> str:
    """Return the key of the offer's notice: machine and capability."""
    return f"{machine}:{process}"
