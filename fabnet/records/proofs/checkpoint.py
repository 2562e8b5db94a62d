"""A checkpoint: what of a log is live up to one place, in one hash."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from fabnet.records.body import Body
from fabnet.records.ids import INT_MAX, Count

KIND: Final = "checkpoint/1"


class CheckpointBody(Body):
    """The Merkle root of the ids that are live, and what their bodies weigh."""

    upto: Annotated[int, msgspec.Meta(ge=1, le=INT_MAX)]
    """The last place that it speaks of."""
    live: Count
    """How many records."""
    live_bytes: Count
    """Of their bodies."""
    root: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
