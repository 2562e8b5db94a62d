"""A machine and its state, as its facility describes it in a notice."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from fabnet.production.capability import Capability
from fabnet.production.facility import TtlS
from fabnet.records.body import Body
from fabnet.records.ids import FacilityIdText, MachineIdText, Name

KIND: Final = "notice.machine/1"
CAPABILITIES_MAX: Final = 8
"""Processes of one machine: a multi-tool has three or four heads."""

MachineState = Literal["idle", "busy", "offline", "drained", "in-doubt"]
"""`in-doubt`: a piece was begun and nobody knows what lies on the bench."""


class Machine(Body):
    """One piece of equipment (OKW Equipment)."""

    id: MachineIdText
    facility: FacilityIdText
    name: Name
    model: Name
    state: MachineState
    capabilities: Annotated[
        tuple[Capability, ...], msgspec.Meta(max_length=CAPABILITIES_MAX)
    ]
    ttl_s: TtlS
